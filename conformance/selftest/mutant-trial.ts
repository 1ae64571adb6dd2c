// Puts a mutant before the cases, and says which of them notice its mistake.
//
// Rule of this file: a mutant is killed only by a case that fails for the right reason. A case about pings that fails
// because the mutant does not even start proves nothing about pings.
import { NotReady } from '../driver/host.ts'
import { createHost } from '../driver/real-host.ts'
import type { Case } from '../verdict/case.ts'
import type { CaseResult } from '../verdict/result.ts'
import { runCases } from '../verdict/runner.ts'
import { timingAt } from '../verdict/timing.ts'

/** Random numbers of every trial: a verdict must not depend on the day. */
const SEED = 1
/** Shorter than in a run for a person: what a mutant never does is waited for again and again. */
const DEADLINE_MS = 2000

const timing = (timeFactor: number) => ({ ...timingAt(timeFactor), deadlineMs: DEADLINE_MS * timeFactor })

export interface Trial {
  readonly results: readonly CaseResult[]
  /** Why the program could not be judged at all. */
  readonly notReady?: string
}

export async function tryProgram(
  argv: readonly [string, ...string[]],
  cases: readonly Case[],
  jobs: number,
): Promise<Trial> {
  try {
    const { results } = await runCases({
      cases,
      programKind: 'command',
      standard: { profile: 'extended', roles: [...new Set(cases.map(({ role }) => role))] },
      seed: SEED,
      jobs,
      repeat: 1,
      isolated: false,
      timing,
      openHost: (variant) =>
        createHost({
          program: { kind: 'command', argv },
          timing: timing(variant.timeFactor),
          isolated: variant.isolated,
        }),
      reproduce: () => '',
    })
    return { results }
  } catch (error) {
    if (error instanceof NotReady) return { results: [], notReady: error.message }
    throw error
  }
}

/**
 * The case saw the program break this very requirement. When a program ends or stands still, nobody can say which sentence
 * it was about to break; then the case counts for the requirement that it is named after.
 */
export function kills(result: CaseResult, requirement: string): boolean {
  const { status, reason, requirements } = result
  if (status === 'fail' || status === 'warn')
    return reason?.requirement === requirement && requirements.includes(requirement)
  return (status === 'crash' || status === 'hang') && requirements[0] === requirement
}

export const isNoPass = (result: CaseResult): boolean =>
  result.status !== 'pass' && result.status !== 'not-applicable'
