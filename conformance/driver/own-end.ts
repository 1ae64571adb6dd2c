// What must happen however the harness ends, short of SIGKILL: Ctrl-C must not leave a classroom of programs behind.

const actions = new Set<() => void>()

const runAll = () => {
  for (const action of actions) action()
}

// A caller that handles the signal itself decides when the harness ends; its exit then runs the actions again.
const onSignal = (signal: NodeJS.Signals) => {
  runAll()
  if (process.listenerCount(signal) > 1) return
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
}

/** Runs `action` when the harness ends; it must be synchronous, and harmless when it is run twice. */
export function atOwnEnd(action: () => void): void {
  if (actions.size === 0) {
    process.on('exit', runAll)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  }
  actions.add(action)
}
