// The registry of suites: which cases judge which system, and the stages that order them.
// The runner, `peerspec list` and `peerspec explain` read this and nothing else.
import type { SystemName } from '../../spec/registry.ts'
import type { Case } from '../verdict/case.ts'
import { peersStages } from './peers/define.ts'
import { peersCases } from './peers/index.ts'
import { ringStages } from './ring/define.ts'
import { ringCases } from './ring/index.ts'

export interface Suite {
  readonly system: SystemName
  /** Titles of the stages; the index is the number that a case names. */
  readonly stages: readonly string[]
  readonly cases: readonly Case[]
}

export const suites: Readonly<Record<SystemName, Suite>> = {
  ring: { system: 'ring', stages: ringStages, cases: ringCases },
  peers: { system: 'peers', stages: peersStages, cases: peersCases },
}

/** Every case of every system. */
export const allCases: readonly Case[] = Object.values(suites).flatMap((suite) => suite.cases)
