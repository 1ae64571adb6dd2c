// How a program is asked to end: by a signal, or by `peerspec`, which has started it, over a channel between the two.
//
// Ctrl-C on a terminal is a signal to both of them. What `peerspec` passes on must not count as a second one: it is a message.
// If `peerspec` is gone, whatever ended it, the channel closes, and that asks too.
import { exitCodes } from './command-line.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Resolves when the program is asked to end. A second signal is from somebody who will not wait. */
export function askedToEnd(): Promise<void> {
  return new Promise((resolve) => {
    let isSecond = false
    for (const signal of signals) {
      process.on(signal, () => {
        if (isSecond) process.exit(exitCodes.interrupted)
        isSecond = true
        resolve()
      })
    }
    process.on('message', () => resolve())
    process.on('disconnect', () => resolve())
  })
}
