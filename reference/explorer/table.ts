// The results of an exploration as a table, for a person and for a test that asks whether it still says so.
import type { Exploration } from './explore.ts'

export interface Row {
  readonly name: string
  readonly exploration: Exploration
  readonly seconds: number
}

const numberOf = (value: number): string => value.toLocaleString('en-US')

/** All but the time, which is another one each time. */
export function rowStart({ name, exploration }: Omit<Row, 'seconds'>): string {
  const { states, transitions, longestPath, isComplete, violation } = exploration
  const verdict = violation?.problem ?? (isComplete ? 'holds' : 'holds as far as it was walked')
  return `| ${name} | ${numberOf(states)} | ${numberOf(transitions)} | ${longestPath} | ${verdict} |`
}

export const rowOf = (row: Row): string => `${rowStart(row)} ${row.seconds.toFixed(1)} |`

export const headOf = (first: string): string =>
  `| ${first} | situations | moves | longest run | verdict | seconds |\n| --- | --: | --: | --: | --- | --: |`
