// How binding a case is: the level of the requirement that its id begins with.
import { findRequirement } from '../../spec/registry.ts'
import type { Level } from '../../spec/requirement.ts'
import type { Case } from './case.ts'

/** From the most to the least binding. */
export const levels = ['MUST', 'SHOULD', 'MAY'] as const satisfies readonly Level[]

/** The level of the case's first requirement. A case of an unknown requirement is a fault of the suite. */
export function caseLevel(definition: Case): Level {
  const [first] = definition.requirements
  const requirement = findRequirement(first)
  if (!requirement) throw new Error(`${definition.id}: no requirement ${first} in the specification`)
  return requirement.level
}
