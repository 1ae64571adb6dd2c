// The command line from its words to its exit code. Whatever happens, the code is one of the closed list, and nobody who
// mistypes an option sees a stack trace.
import { Command, CommanderError } from 'commander'
import { type ExitCode, exitCodes, exitCodeTable } from '../verdict/exit-codes.ts'
import { UsageError } from '../verdict/selection.ts'
import { doctorCommand } from './doctor-command.ts'
import { explainCommand } from './explain-command.ts'
import { listCommand } from './list-command.ts'
import type { Output } from './output.ts'
import { packageVersion } from './package-files.ts'
import { programCommands } from './program-commands.ts'
import { schemaCommand } from './schema-command.ts'
import { splitCommand } from './split-command.ts'
import { testCommand } from './test-command.ts'

const topHelp = `
Examples:
  peerspec test ring -- python3 my_node.py     judge a program
  peerspec list                                the cases, by stage
  peerspec explain ring.ping.answer            what a requirement means, with examples
  peerspec doctor                              is this machine fit for it?
  peerspec name-service --port 4242            a name service for a class
  peerspec chat --name-service 127.0.0.1:4242 -t ivan

${exitCodeTable}`

/** Runs the command that the words after `peerspec` say. Never throws. */
export async function runCli(argv: readonly string[], output: Output): Promise<ExitCode> {
  const { own, command } = splitCommand(argv)
  let code: ExitCode = exitCodes.conformant
  const done = (result: ExitCode) => {
    code = result
  }
  const program = new Command('peerspec')
    .description('Conformance kit for peer-to-peer protocols: is this program a correct peer?')
    .version(packageVersion)
    .addHelpText('after', topHelp)
    .addCommand(testCommand(output, command, done))
    .addCommand(listCommand(output))
    .addCommand(explainCommand(output))
    .addCommand(schemaCommand(output))
    .addCommand(doctorCommand(output, done))
  for (const command of programCommands(output, done)) program.addCommand(command)
  for (const each of [program, ...program.commands])
    each.exitOverride().configureOutput({
      writeOut: (text) => output.stdout.write(text),
      writeErr: (text) => output.stderr.write(text),
      outputError: (text) => output.stderr.write(`peerspec: ${text.replace(/^error: /, '')}`),
    })
  try {
    if (own.length === 0 && command === undefined) program.outputHelp()
    else await program.parseAsync([...own], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.conformant : exitCodes.usage
    if (error instanceof UsageError) {
      output.stderr.write(`peerspec: ${error.message}\n`)
      return exitCodes.usage
    }
    const text = error instanceof Error ? error.stack : String(error)
    output.stderr.write(`peerspec: a fault of peerspec itself: ${text}\n`)
    return exitCodes.harnessError
  }
}
