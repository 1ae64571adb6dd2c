// The mutants by name: peers with one known mistake each, against which a conformance kit is tested.

import type { Mutant } from './mutant.ts'
import { peersMutants } from './peers.ts'
import { ringMutants } from './ring.ts'

export type { Mutant } from './mutant.ts'

export const mutants: ReadonlyMap<string, Mutant> = new Map(
  [...ringMutants, ...peersMutants].map((mutant) => [mutant.name, mutant]),
)
