// Which cases a run consists of. Every word that selects nothing is an error, not an empty selection: a misspelt
// `--only ring.pnig` that ran zero cases and ended green would be the worst report of all.
import { closest, distance } from 'fastest-levenshtein'
import type { Level } from '../../spec/requirement.ts'
import type { Case } from './case.ts'
import { caseLevel, levels } from './requirement-level.ts'

/** The user asked for something that does not exist or makes no sense; the message says what and what is near. */
export class UsageError extends Error {}

export interface Selection {
  /** Patterns over case ids and requirement ids; none means all. */
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  /** The least binding level that is still taken: SHOULD takes MUST and SHOULD. */
  readonly level?: Level
  /** First and last stage, both included. */
  readonly stages?: readonly [first: number, last: number]
}

/** The known word that is closest to a wrong one, if it is close enough to be meant. */
export function nearMatch(wrong: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const beginning = known.find((word) => wrong.length > 2 && word.startsWith(wrong))
  if (beginning) return beginning
  const best = closest(wrong, [...known])
  return distance(wrong, best) <= Math.max(2, Math.floor(best.length / 3)) ? best : undefined
}

/** `; did you mean x?`, or nothing. */
export function suggestion(wrong: string, known: readonly string[]): string {
  const near = nearMatch(wrong, known)
  return near === undefined ? '' : `; did you mean ${near}?`
}

// `*` is any characters, `?` one. A pattern also matches everything below what it names: `ring.ping` takes the case
// `ring.ping.answer/repeats-seq`.
export function matcher(pattern: string): (id: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\/]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  const regex = new RegExp(`^${source}(?:[./].*)?$`)
  return (id) => regex.test(id)
}

const idsOf = (definition: Case): readonly string[] => [definition.id, ...definition.requirements]

// Words that a pattern could have meant: ids, and their beginnings up to a dot (`ring.ping`).
function namesOf(cases: readonly Case[]): string[] {
  const names = new Set<string>()
  for (const id of cases.flatMap(idsOf)) {
    names.add(id)
    const parts = id.split('/')[0]?.split('.') ?? []
    for (let length = 2; length < parts.length; length += 1) names.add(parts.slice(0, length).join('.'))
  }
  return [...names]
}

/** Cases that a pattern of `--only` or `--skip` names. Throws when there are none. */
export function matching(option: string, pattern: string, cases: readonly Case[]): readonly Case[] {
  const matches = matcher(pattern)
  const found = cases.filter((definition) => idsOf(definition).some(matches))
  if (found.length > 0) return found
  const near = suggestion(pattern.replace(/[*?]/g, ''), namesOf(cases))
  throw new UsageError(`${option} ${pattern}: no case or requirement with a case matches${near}`)
}

/** The cases of a run, by stage and then in the order of the suite. Throws `UsageError` when nothing is left. */
export function select(cases: readonly Case[], selection: Selection): readonly Case[] {
  const { only = [], skip = [], level = 'MAY', stages } = selection
  const wanted = new Set(only.flatMap((pattern) => matching('--only', pattern, cases)))
  const unwanted = new Set(skip.flatMap((pattern) => matching('--skip', pattern, cases)))
  const binding = levels.slice(0, levels.indexOf(level) + 1)
  const selected = cases
    .filter((definition) => only.length === 0 || wanted.has(definition))
    .filter((definition) => !unwanted.has(definition))
    .filter((definition) => !stages || (definition.stage >= stages[0] && definition.stage <= stages[1]))
    .filter((definition) => binding.includes(caseLevel(definition)))
  if (selected.length === 0)
    throw new UsageError('no case is left: each option selects something, but no case satisfies all of them')
  return selected.toSorted((a, b) => a.stage - b.stage)
}
