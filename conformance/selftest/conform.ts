// The main job, `npm run conform`: the kit judges its own two implementations, each system and both profiles.
//
// Where an interpreter is missing, what needs it is named as skipped and never counted as passed; with CI=true, where it
// has to be there, that is a failure.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../cli/package-files.ts'
import { exitCodes } from '../verdict/exit-codes.ts'

interface Judgement {
  readonly title: string
  /** Arguments of `peerspec test`. */
  readonly args: readonly string[]
  /** What must be installed for it. */
  readonly needs?: string
}

const python = (title: string, system: string, file: string): Judgement => ({
  title,
  args: [system, '--profile', 'extended', '--', 'python3', join('reference', 'python', file)],
  needs: 'python3',
})

const judgements: readonly Judgement[] = [
  { title: 'ring, the reference in TypeScript', args: ['ring', '--profile', 'extended'] },
  { title: 'peers, the reference in TypeScript', args: ['peers', '--profile', 'extended'] },
  python('ring, the peer in Python', 'ring', 'ring_peer.py'),
  python('peers, both roles in Python', 'peers', 'peers_node.py'),
]

const isInstalled = (command: string): boolean => spawnSync(command, ['--version']).status === 0

/** The exit code of the run, or undefined when what it needs is missing. */
function run({ title, args, needs }: Judgement): number | undefined {
  if (needs !== undefined && !isInstalled(needs)) return undefined
  console.log(`\n${title}\n`)
  const cli = join(packageRoot, 'dist', 'cli.js')
  const { status } = spawnSync(process.execPath, [cli, 'test', ...args], {
    cwd: packageRoot,
    stdio: 'inherit',
  })
  return status ?? exitCodes.harnessError
}

const outcomes = judgements.map((judgement) => ({ ...judgement, exitCode: run(judgement) }))

console.log()
for (const { title, needs, exitCode } of outcomes) {
  const outcome = exitCode === undefined ? `skipped: ${needs} is not installed` : `exit code ${exitCode}`
  console.log(`  ${title}: ${exitCode === exitCodes.conformant ? 'conformant' : outcome}`)
}
const isSkipFailure = process.env.CI === 'true' && outcomes.some(({ exitCode }) => exitCode === undefined)
process.exitCode = outcomes.find(({ exitCode }) => exitCode !== undefined && exitCode !== 0)?.exitCode ?? 0
if (process.exitCode === 0 && isSkipFailure) process.exitCode = exitCodes.failures
