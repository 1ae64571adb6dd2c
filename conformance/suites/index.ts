// The registry of suites: which cases judge which system, and the stages that order them.
// The runner, `peerspec list` and `peerspec explain` read this and nothing else.
import type { SystemName } from '../../spec/registry.ts'
import { type Case, ringStages } from '../verdict/case.ts'
import { ringCases } from './ring/index.ts'

export interface Suite {
  readonly system: SystemName
  /** Titles of the stages; the index is the number that a case names. */
  readonly stages: readonly string[]
  readonly cases: readonly Case[]
}

export const suites: Readonly<Record<SystemName, Suite>> = {
  ring: { system: 'ring', stages: ringStages, cases: ringCases },
}

/** Every case of every system. */
export const allCases: readonly Case[] = Object.values(suites).flatMap((suite) => suite.cases)
