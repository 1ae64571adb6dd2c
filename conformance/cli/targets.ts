// What `peerspec test` is asked to judge: systems (`ring`) or roles (`ring.peer`); without any, everything.
import { type SystemName, systems } from '../../spec/registry.ts'
import { suggestion, UsageError } from '../verdict/selection.ts'

const names = Object.keys(systems) as SystemName[]
const roles = names.flatMap((name) => systems[name].roles.map((role) => ({ role: role as string, name })))

/** The systems that the words name. */
export function systemsOf(words: readonly string[]): readonly SystemName[] {
  if (words.length === 0) return names
  const known = [...names, ...roles.map(({ role }) => role)]
  const chosen = words.map((word) => {
    const system = names.find((name) => name === word) ?? roles.find(({ role }) => role === word)?.name
    if (system !== undefined) return system
    throw new UsageError(
      `no system or role is called ${word}${suggestion(word, known) || `; there are ${known.join(', ')}`}`,
    )
  })
  return [...new Set(chosen)]
}
