// `npm run explore`: walks through all small worlds, says what it has found, and with `--write` writes it down in results.md.
//
//   npm run explore -- --only leaves --limit 100000
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Vocabulary } from '../core/machine.ts'
import { explore, shortestViolation } from './explore.ts'
import { largeSketches, peersConfiguration, smallSketches } from './peers/configurations.ts'
import { wrongConfiguration, wrongRules } from './peers/wrong-rules.ts'
import { headOf, type Row, rowOf } from './table.ts'
import { tell } from './trace.ts'
import type { Configuration } from './world.ts'

const { values } = parseArgs({
  options: { only: { type: 'string' }, limit: { type: 'string' }, write: { type: 'boolean' } },
})
const statesMax = Number(values.limit ?? 2_000_000)
const only = values.only ?? ''
if (!Number.isInteger(statesMax) || statesMax < 1) {
  process.stderr.write('explore: --limit takes a number of situations\n')
  process.exit(2)
}

function rowFor<V extends Vocabulary>(configuration: Configuration<V>, isWrong: boolean): Row {
  const begin = performance.now()
  const exploration = explore(configuration, { statesMax })
  const seconds = (performance.now() - begin) / 1000
  const row = { name: configuration.name, exploration, seconds }
  process.stdout.write(`${rowOf(row)}\n`)
  const { violation } = exploration
  if (violation !== undefined && (!isWrong || values.only !== undefined)) {
    const shortest = shortestViolation(configuration, { statesMax: Math.min(statesMax, 200_000) })
    process.stdout.write(`${tell(configuration, shortest ?? violation)}\n`)
  }
  return row
}

const isChosen = ({ name }: { readonly name: string }): boolean => name.includes(only)
const sketches = [...Object.values(smallSketches), ...Object.values(largeSketches)].filter(isChosen)
const rows = sketches.map((sketch) => rowFor(peersConfiguration(sketch), false))
const wrongRows = wrongRules.filter(isChosen).map((wrong) => rowFor(wrongConfiguration(wrong), true))
if (rows.length + wrongRows.length === 0) {
  process.stderr.write(`explore: nothing is called ${only}\n`)
  process.exit(2)
}

if (values.write) {
  const text = `# What the explorer has found

Written by \`npm run explore -- --write\`; the times are those of one machine on one day.

Every row is a small world of one name service and two to four peers, in which each message may take as long as it likes. The
explorer walks through every order of moves: a message arrives, a peer cannot be reached, a user gives the next command, a peer
dies, an \`acquire\` gives up. In every situation there is at most one token and at most one holder (\`peers.lock.one\`); no run goes on
for ever; and when nothing is under way, every command has ended but an \`acquire\` behind a holder, no call waits, the lists of
all living peers are complete and name nobody who has left, the name service knows all of them, and somebody has the token.
A peer that dies does not have the token, and no \`obtain_token\` from it or to it is under way.

${headOf('peers')}
${rows.map(rowOf).join('\n')}

The same with peers that have one mistake each. The walk ends at the first error.

${headOf('mistake')}
${wrongRows.map(rowOf).join('\n')}
`
  writeFileSync(new URL('results.md', import.meta.url), text)
}
process.exitCode = rows.some(({ exploration }) => exploration.violation !== undefined) ? 1 : 0
