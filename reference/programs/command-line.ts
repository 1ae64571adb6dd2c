// What the programs for people have in common on their command lines: values of options, messages, exit codes.
//
// A wrong value ends the program with a message that names the option and the value, before anything is opened.
import { type Command, CommanderError, InvalidArgumentError } from 'commander'

export const exitCodes = {
  ended: 0,
  usage: 2,
  /** A fault of the program itself. */
  fault: 3,
  /** It cannot listen where it should, or lacks the name service. */
  notReady: 4,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Ends the program with a message for its user. */
export class Refusal extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Runs `work` with the options of this process's command line, and ends the process with its exit code. */
export async function runProgram<O extends object>(
  command: Command,
  work: (options: O) => Promise<ExitCode>,
): Promise<never> {
  const { stdout, stderr } = process
  const name = command.name()
  // Whoever read the output may be gone (`| head`): that alone ends nothing.
  for (const stream of [stdout, stderr]) stream.on('error', () => {})
  command.exitOverride().configureOutput({
    outputError: (text) => stderr.write(`${name}: ${text.replace(/^error: /, '')}`),
  })
  let code: ExitCode
  try {
    code = await work(command.parse().opts<O>())
  } catch (error) {
    code = exitCodeFor(error, (text) => stderr.write(`${name}: ${text}\n`))
  }
  // Not before what was written has reached a pipe.
  await new Promise<void>((resolve) => stdout.write('', () => stderr.write('', () => resolve())))
  return process.exit(code)
}

function exitCodeFor(error: unknown, say: (text: string) => void): ExitCode {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ended : exitCodes.usage
  if (error instanceof Refusal) {
    say(error.message)
    return error.exitCode
  }
  say(`a fault of this program: ${error instanceof Error ? error.stack : String(error)}`)
  return exitCodes.fault
}

/** A parser for an option that takes an integer. */
export const integer =
  (minimum: number, maximum: number) =>
  (value: string): number => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
    if (number >= minimum && number <= maximum) return number
    throw new InvalidArgumentError(`It is not an integer from ${minimum} to ${maximum}.`)
  }

export const PORT_MAX = 65_535
export const port = integer(1, PORT_MAX)

/** A parser for an option that takes `127.0.0.1:4242` or `[::1]:4242`. */
export function hostAndPort(value: string): readonly [host: string, port: number] {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(value) ?? []
  const host = bracketed ?? plain
  const number = Number(digits)
  if (host !== undefined && number >= 1 && number <= PORT_MAX) return [host, number]
  throw new InvalidArgumentError('It is not a host and a port such as 127.0.0.1:4242.')
}

/** Why a socket could not be opened there, for people. */
export function cannotListen(host: string, listenPort: number, error: unknown): Refusal {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken',
    EADDRNOTAVAIL: 'this machine does not have that address',
    EACCES: 'this user may not use that port',
    ENOTFOUND: 'no such host is known',
  }
  const reason = reasons[String(code)] ?? (error instanceof Error ? error.message : String(error))
  return new Refusal(exitCodes.notReady, `cannot listen on ${host}, port ${listenPort}: ${reason}`)
}
