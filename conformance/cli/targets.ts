// What `peerspec test` is asked to judge: systems (`ring`) or roles (`ring.peer`); without any, everything.
import { type SystemName, systems } from '../../spec/registry.ts'
import { suites } from '../suites/index.ts'
import type { Case } from '../verdict/case.ts'
import { suggestion, UsageError } from '../verdict/selection.ts'

const names = Object.keys(systems) as SystemName[]
const known = names.flatMap((system) => [
  { word: system as string, system, roles: systems[system].roles as readonly string[] },
  ...systems[system].roles.map((role) => ({
    word: role as string,
    system,
    roles: [role] as readonly string[],
  })),
])

function chosenBy(words: readonly string[]): ReadonlyArray<(typeof known)[number]> {
  const all = words.length === 0 ? names : words
  return all.map((word) => {
    const target = known.find((one) => one.word === word)
    if (target !== undefined) return target
    const knownWords = known.map((one) => one.word)
    throw new UsageError(
      `no system or role is called ${word}${suggestion(word, knownWords) || `; there are ${knownWords.join(', ')}`}`,
    )
  })
}

/** The systems that the words name, themselves or by a role. */
export const systemsOf = (words: readonly string[]): readonly SystemName[] => [
  ...new Set(chosenBy(words).map(({ system }) => system)),
]

/** The roles that the words name: a system stands for all of its own. */
export const rolesOf = (words: readonly string[]): readonly string[] => [
  ...new Set(chosenBy(words).flatMap(({ roles }) => roles)),
]

/** The cases of these roles. */
export function casesOf(words: readonly string[]): readonly Case[] {
  const roles = rolesOf(words)
  return systemsOf(words)
    .flatMap((system) => suites[system].cases)
    .filter(({ role }) => roles.includes(role))
}

/** The word for what a case judges: its system, or its role where the system has several. */
export const targetOf = ({ system, role }: Case): string =>
  systems[system].roles.length === 1 ? system : role
