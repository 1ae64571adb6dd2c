// The kill matrix as it is kept: kill-matrix.json for machines, kill-matrix.md for people.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../cli/package-files.ts'
import { killMatrixTable } from './kill-matrix-table.ts'

export interface KillMatrixEntry {
  readonly mutant: string
  readonly requirement: string
  readonly bug: string
  /** Cases that fail because of this very requirement; the quickest first, because tests run it again. */
  readonly killedBy: readonly string[]
  /** Other cases that do not pass, among those that were run. */
  readonly alsoFailing: readonly string[]
  /** What the program did that makes judging it impossible: that kills it too. */
  readonly notReady?: string
}

const fileOf = (extension: string): string =>
  join(packageRoot, 'conformance', 'selftest', `kill-matrix.${extension}`)

/** What was generated last; nothing if there is nothing. */
export const readKillMatrix = (): readonly KillMatrixEntry[] =>
  !existsSync(fileOf('json'))
    ? []
    : (JSON.parse(readFileSync(fileOf('json'), 'utf8')) as readonly KillMatrixEntry[])

export const readKillMatrixTable = (): string => readFileSync(fileOf('md'), 'utf8')

export function writeKillMatrix(entries: readonly KillMatrixEntry[]): void {
  writeFileSync(fileOf('json'), `${JSON.stringify(entries, null, 2)}\n`)
  writeFileSync(fileOf('md'), killMatrixTable(entries))
}
