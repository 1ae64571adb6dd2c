// The mutants by name: peers with one known mistake each, against which a conformance kit is tested.

import type { Mutant } from './mutant.ts'
import { ringMutants } from './ring.ts'

export type { Mutant } from './mutant.ts'

export const mutants: ReadonlyMap<string, Mutant> = new Map(
  ringMutants.map((mutant) => [mutant.name, mutant]),
)
