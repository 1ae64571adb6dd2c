// Several runs of one case (`--repeat`) as one result. Some passes among failures are neither: the case is flaky.
import { failing } from './exit-codes.ts'
import type { CaseResult } from './result.ts'

const worstOf = (results: readonly CaseResult[]): CaseResult | undefined =>
  // A fault of the harness is never hidden behind another word.
  results.find((result) => result.status === 'harness-error') ??
  results.find((result) => failing.has(result.status)) ??
  results.find((result) => result.status !== 'pass')

/** The result that stands for all; there is at least one. */
export function combineRepetitions(results: readonly [CaseResult, ...CaseResult[]]): CaseResult {
  const [first, ...others] = results
  if (others.length === 0) return first
  const passed = results.filter((result) => result.status === 'pass').length
  const durationMs = results.reduce((sum, result) => sum + result.durationMs, 0)
  const shown = { ...(worstOf(results) ?? first), durationMs, repeated: { runs: results.length, passed } }
  if (passed === 0 || passed === results.length || shown.status === 'harness-error') return shown
  const why = shown.reason?.message ?? 'no reason given'
  const message = `passed ${passed} of ${results.length} runs; ${shown.status} with seed ${shown.seed}: ${why}`
  return { ...shown, status: 'flaky', reason: { exhibits: [], ...shown.reason, message } }
}
