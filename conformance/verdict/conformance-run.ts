// A whole run: calibrate, start the program, run the cases, put the result together. The command line and the public
// entry of the package both end here.
import { arch, cpus, platform } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Program } from '../driver/host.ts'
import { createHost } from '../driver/real-host.ts'
import { calibrate } from './calibration.ts'
import type { Case } from './case.ts'
import type { CaseResult, ChosenProfile, ProgramDescription, RunResult } from './result.ts'
import { runCases } from './runner.ts'
import { timingAt } from './timing.ts'

export interface ConformanceRunOptions {
  readonly peerspecVersion: string
  readonly cases: readonly Case[]
  readonly program: Program
  /** Plays every second node of cluster cases. */
  readonly second?: Program
  readonly profile: ChosenProfile
  /** Roles that the program must have; by default those of the cases. */
  readonly roles?: readonly string[]
  readonly seed: number
  readonly timeScale: number
  readonly jobs: number
  readonly repeat: number
  readonly isolated: boolean
  /** Run the other stages even if nothing in the first one passed. */
  readonly keepGoing?: boolean
  readonly signal?: AbortSignal
  reproduce(definition: Case, seed: number): string
  onHello?(program: ProgramDescription, second: ProgramDescription | undefined): void
  onStart?(definition: Case): void
  onResult?(result: CaseResult): void
}

/** Runs the cases against the program. Rejects with `NotReady` when the program does not come up. */
export async function runConformance(options: ConformanceRunOptions): Promise<RunResult> {
  const { cases, program, second, profile, seed, timeScale, repeat, isolated } = options
  const startedAt = new Date()
  const startMs = performance.now()
  const calibration = await calibrate()
  const timing = (timeFactor: number) => timingAt(timeScale * calibration.factor * timeFactor)
  const outcome = await runCases({
    cases,
    programKind: program.kind,
    standard: { profile, roles: options.roles ?? [...new Set(cases.map(({ role }) => role))] },
    seed,
    jobs: options.jobs,
    repeat,
    isolated,
    keepGoing: options.keepGoing ?? false,
    timing,
    openHost: (variant) =>
      createHost({
        program,
        ...(second && { second }),
        timing: timing(variant.timeFactor),
        isolated: variant.isolated,
      }),
    reproduce: options.reproduce,
    ...(options.signal && { signal: options.signal }),
    ...(options.onHello && { onHello: options.onHello }),
    ...(options.onStart && { onStart: options.onStart }),
    ...(options.onResult && { onResult: options.onResult }),
  })
  return {
    peerspecVersion: options.peerspecVersion,
    systems: [...new Set(cases.map((definition) => definition.system))],
    profile,
    seed,
    timeScale,
    jobs: options.jobs,
    isolated,
    repeat,
    calibration,
    machine: { platform: platform(), arch: arch(), cpus: cpus().length, node: process.version },
    program: outcome.program,
    ...(outcome.second && { second: outcome.second }),
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(performance.now() - startMs),
    interrupted: options.signal?.aborted === true,
    cases: outcome.results,
  }
}
