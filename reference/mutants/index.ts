// The mutants by name: peers with one known mistake each, against which a conformance kit is tested.

import type { Mutant } from './mutant.ts'
import { peersMutants } from './peers.ts'
import { ringMutants } from './ring.ts'

export type { Mutant } from './mutant.ts'

const all = [...ringMutants, ...peersMutants]

export const mutants: ReadonlyMap<string, Mutant> = new Map(all.map((mutant) => [mutant.name, mutant]))

// Of two with one name the later would hide the earlier, in whatever system that is.
if (mutants.size < all.length) {
  const names = all.map(({ name }) => name)
  throw new Error(`two mutants are named ${names.find((name, i) => names.indexOf(name) !== i)}`)
}
