// Results by the stages of their system: the steps in which a student climbs, and the first thing that a report shows.
import type { SystemName } from '../../spec/registry.ts'
import { suites } from '../suites/index.ts'
import type { CaseResult, RunResult } from '../verdict/result.ts'

export interface StageResults {
  readonly system: SystemName
  readonly stage: number
  readonly title: string
  readonly results: readonly CaseResult[]
}

/** The stages that have results. */
export function resultsByStage(run: RunResult): readonly StageResults[] {
  return run.systems
    .flatMap((system) =>
      suites[system].stages.map((title, stage) => ({
        system,
        stage,
        title,
        results: run.cases.filter((result) => result.system === system && result.stage === stage),
      })),
    )
    .filter(({ results }) => results.length > 0)
}
