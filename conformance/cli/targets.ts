// What `peerspec test` is asked to judge: systems (`ring`) or roles (`ring.peer`); without any, everything.
import { type SystemName, systems } from '../../spec/registry.ts'
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
