// Mistakes on the control channel (control.md), and about file names, which come in by it (ring.circle.name).

import { ringCommands } from '../../../spec/ring/control.ts'
import { parseObject } from '../../core/codec.ts'
import { hideEndOfInput, tapCommands, tapOutput } from '../ground.ts'
import type { RingMutant } from './mutant.ts'

/** Changes the commands of one name before they are checked. */
const changeCommand = (
  name: string,
  change: (command: Record<string, unknown>) => Record<string, unknown>,
): void =>
  tapCommands((line, deliver) => {
    const command = parseObject(line)
    deliver(command?.command === name ? JSON.stringify(change(command)) : line)
  })

const changeName = (change: (name: string) => string): void =>
  tapCommands((line, deliver) => {
    const command = parseObject(line)
    const name = command?.name
    deliver(typeof name === 'string' ? JSON.stringify({ ...command, name: change(name) }) : line)
  })

const isKnown = (line: string): boolean => {
  const name = String(parseObject(line)?.command)
  return name === 'start' || name in ringCommands
}

const errorCode = (line: string): unknown =>
  (parseObject(line)?.error as { code?: unknown } | undefined)?.code

export const controlMutants: readonly RingMutant[] = [
  {
    name: 'debug-lines-on-standard-output',
    requirement: 'control.lines',
    bug: 'A print statement from debugging is left in, and its text lies between the lines of the protocol.',
    sabotage: () =>
      tapOutput((line, deliver) => {
        deliver(line)
        if (parseObject(line)?.ok === true) deliver('DEBUG command done\n')
      }),
  },
  {
    name: 'hello-without-its-features',
    requirement: 'control.hello',
    bug: 'The hello names the program and leaves out what it can do.',
    sabotage: () =>
      tapOutput((line, deliver) => {
        const { features: _, ...rest } = parseObject(line) ?? {}
        deliver(rest.event === 'hello' ? `${JSON.stringify(rest)}\n` : line)
      }),
  },
  {
    name: 'reply-twice',
    requirement: 'control.reply',
    bug: 'A success is replied to by the code that did it and by the loop that called it.',
    sabotage: () =>
      tapOutput((line, deliver) => {
        deliver(line)
        if (parseObject(line)?.ok === true) deliver(line)
      }),
  },
  {
    name: 'replies-numbered-by-the-program',
    requirement: 'control.reply',
    bug: 'Replies carry a number of the program’s own instead of the `seq` of their command.',
    sabotage: () => {
      let next = 0
      tapOutput((line, deliver) => {
        const reply = parseObject(line)
        if (reply?.seq === undefined) return deliver(line)
        next += 1
        deliver(`${JSON.stringify({ ...reply, seq: 1_000_000 + next })}\n`)
      })
    },
  },
  {
    name: 'unknown-command-ignored',
    requirement: 'control.unsupported',
    bug: 'A command that the program does not know gets no reply.',
    sabotage: () =>
      tapCommands((line, deliver) => {
        if (isKnown(line)) deliver(line)
      }),
  },
  {
    name: 'unknown-command-ends-the-program',
    requirement: 'control.unsupported',
    bug: 'A command is looked up in a map, and the exception for one that is not there ends the program.',
    sabotage: () =>
      tapCommands((line, deliver) => {
        if (!isKnown(line)) throw new Error('KeyError')
        deliver(line)
      }),
  },
  {
    name: 'bad-argument-called-internal',
    requirement: 'control.bad-argument',
    bug: 'Every exception becomes the error `internal`, those about wrong arguments too.',
    sabotage: () =>
      tapOutput((line, deliver) => {
        const isBad = errorCode(line) === 'bad-argument' || errorCode(line) === 'bad-config'
        deliver(isBad ? line.replace(/"code":"bad-\w+"/, '"code":"internal"') : line)
      }),
  },
  {
    name: 'out-of-range-ids-wrapped',
    requirement: 'control.bad-argument',
    bug: 'Ids are reduced modulo 256 instead of being checked.',
    sabotage: () =>
      changeCommand('init', (command) => {
        const successors = command.successors
        if (!Array.isArray(successors)) return command
        return {
          ...command,
          successors: successors.map((id) => (typeof id === 'number' ? ((id % 256) + 256) % 256 : id)),
        }
      }),
  },
  {
    name: 'bad-configuration-replaced-by-defaults',
    requirement: 'control.bad-argument',
    bug: 'A value of the configuration that makes no sense is silently replaced by the default.',
    sabotage: () =>
      changeCommand('start', (command) => {
        const { id, host, basePort, listenPort, folder, ...rest } = (command.config ?? {}) as Record<
          string,
          unknown
        >
        const sound = Object.entries(rest).filter(
          ([, value]) =>
            typeof value === 'boolean' || (typeof value === 'number' && value >= 1 && value <= 600_000),
        )
        const known = Object.entries({ id, host, basePort, listenPort, folder }).filter(
          ([, value]) => value !== undefined,
        )
        return { ...command, config: Object.fromEntries([...known, ...sound]) }
      }),
  },
  {
    name: 'start-replies-before-it-listens',
    requirement: 'control.start.listening',
    bug: 'The reply to `start` is sent first and the sockets are opened after it, so that a taken port goes unnoticed.',
    sabotage: () => {
      const started = new Set<unknown>()
      tapCommands((line, deliver) => {
        const command = parseObject(line)
        if (command?.command !== 'start') return deliver(line)
        process.stdout.write(`${JSON.stringify({ seq: command.seq, ok: true, result: {} })}\n`)
        started.add(command.seq)
        setTimeout(() => deliver(line), 300)
      })
      tapOutput((line, deliver) => {
        if (!started.delete(parseObject(line)?.seq)) deliver(line)
      })
    },
  },
  {
    name: 'taken-address-ends-the-program',
    requirement: 'control.start.listening',
    bug: 'An address that is taken is an exception that nobody catches.',
    sabotage: () =>
      tapOutput((line, deliver) => {
        if (errorCode(line) === 'address-in-use')
          throw new Error('OSError: [Errno 98] Address already in use')
        deliver(line)
      }),
  },
  {
    name: 'does-not-end-after-stop',
    requirement: 'control.stop',
    bug: 'A thread that is no daemon keeps the process alive after `stop`.',
    sabotage: () => {
      const exit = process.exit.bind(process)
      setTimeout(() => exit(0), 30_000)
      let isStopped = false
      tapCommands((line, deliver) => {
        isStopped ||= parseObject(line)?.command === 'stop'
        deliver(line)
      })
      Object.assign(process, { exit: (code: number) => (isStopped ? undefined : exit(code)) })
    },
  },
  {
    name: 'stop-ends-with-an-exit-code',
    requirement: 'control.stop',
    bug: 'After `stop` the program ends by an exception, with exit code 1.',
    sabotage: () => {
      const exit = process.exit.bind(process)
      Object.assign(process, { exit: () => exit(1) })
    },
  },
  {
    name: 'end-of-input-ignored',
    requirement: 'control.eof',
    bug: 'The program reads its commands in a thread of its own, and goes on when there are no more.',
    sabotage: () => {
      hideEndOfInput()
      setTimeout(() => process.exit(0), 60_000)
    },
  },
  {
    name: 'short-names-filled-up',
    requirement: 'ring.circle.name',
    bug: 'A name with fewer digits is taken and filled up with zeros.',
    sabotage: () => changeName((name) => (/^\d+$/.test(name) ? name.padStart(4, '0') : name)),
  },
  {
    name: 'long-names-cut',
    requirement: 'ring.circle.name',
    bug: 'Of a name with more than four digits the first four are taken.',
    sabotage: () => changeName((name) => name.slice(0, 4)),
  },
  {
    name: 'letters-in-names-skipped',
    requirement: 'ring.circle.name',
    bug: 'The digits of a name are taken and everything else is skipped.',
    sabotage: () => changeName((name) => (/^\w{4}$/.test(name) ? name.replaceAll(/\D/g, '0') : name)),
  },
]
