// `peerspec explain <id>`: what a requirement, a case or a message means.
import { Command } from 'commander'
import { explanation } from './explanation.ts'
import { colorsFor, type Output } from './output.ts'

export function explainCommand({ stdout }: Output): Command {
  return new Command('explain')
    .summary('explain a requirement, a case or a message')
    .description(
      'Prints what a requirement, a case or a message type means: the rule, its source, examples, usual mistakes.',
    )
    .argument('<id>', 'ring.ping.answer, a case id, or ring.ping')
    .addHelpText(
      'after',
      `
Examples:
  peerspec explain ring.ping.answer
  peerspec explain ring.successor-change
  peerspec explain peers.register_peer`,
    )
    .action((id: string) => {
      stdout.write(`${explanation(id, colorsFor(stdout)).join('\n')}\n`)
    })
}
