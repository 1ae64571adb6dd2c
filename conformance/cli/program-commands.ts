// `peerspec name-service` and `peerspec chat`: programs of the bundled reference that people use. This package meets the
// reference as child processes only, so they are started like any other program; their options and their help are their own.
import { spawn } from 'node:child_process'
import { Command } from 'commander'
import { type ExitCode, exitCodes } from '../verdict/exit-codes.ts'
import type { Output } from './output.ts'
import { programCommand } from './package-files.ts'

const programs = [
  ['name-service', 'run a name service of peers for a class'],
  ['chat', 'join a chat of peers at the terminal'],
] as const

export const programCommands = (output: Output, done: (code: ExitCode) => void): Command[] =>
  programs.map(([name, summary]) =>
    new Command(name)
      .summary(summary)
      // The program explains itself: `peerspec chat --help` is its own help.
      .helpOption(false)
      .allowUnknownOption()
      .argument('[options...]')
      .action(async (words: string[]) => done(await run(name, words, output))),
  )

/**
 * The program has this process's terminal and standard streams. A signal is passed on as a message: Ctrl-C on a terminal
 * reaches the program anyway, and must not count twice. If this process is killed the channel closes, and the program ends.
 */
function run(name: string, words: readonly string[], { stderr }: Output): Promise<ExitCode> {
  const [node, ...args] = programCommand(name)
  const child = spawn(node, [...args, ...words], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  const passOn = (signal: NodeJS.Signals) => {
    if (child.connected) child.send(signal, () => {})
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, passOn)
  return new Promise<ExitCode>((resolve) => {
    const fail = (reason: string) => {
      stderr.write(`peerspec ${name}: ${reason}\n`)
      resolve(exitCodes.harnessError)
    }
    child.on('error', (error) => fail(`cannot be started: ${error.message}`))
    child.on('exit', (code, signal) => {
      const known = Object.values(exitCodes).find((exitCode) => exitCode === code)
      if (known !== undefined) resolve(known)
      else fail(`ended with ${signal ?? `the code ${code}`}`)
    })
  }).finally(() => {
    for (const signal of signals) process.removeListener(signal, passOn)
  })
}
