// Which mutants there are, asked of the program that is them: the harness never imports the reference.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { SystemName } from '../../spec/registry.ts'
import { packageRoot } from '../cli/package-files.ts'

export interface MutantDescription {
  readonly name: string
  readonly system: SystemName
  /** The requirement that it breaks. */
  readonly requirement: string
  /** The real mistake, in a sentence. */
  readonly bug: string
  /** Each node needs a process of its own. */
  readonly isOfProcess: boolean
}

/** The reference as it is built: hundreds of processes are started from it, and sources would take ten times as long. */
function referenceProgram(): string {
  const file = join(packageRoot, 'dist', 'reference-main.js')
  if (!existsSync(file)) throw new Error('dist is missing: run `npm run build` first')
  return file
}

export const referenceArgv = (): readonly [string, ...string[]] => [process.execPath, referenceProgram()]

export const mutantArgv = ({ name, isOfProcess }: MutantDescription): readonly [string, ...string[]] => [
  ...referenceArgv(),
  '--mutant',
  name,
  ...(isOfProcess ? ['--single'] : []),
]

export function listMutants(): readonly MutantDescription[] {
  const [command, ...args] = referenceArgv()
  const output = execFileSync(command, [...args, '--mutants'], { encoding: 'utf8', timeout: 20_000 })
  return JSON.parse(output) as readonly MutantDescription[]
}
