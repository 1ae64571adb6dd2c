// What the process exit code says: a closed list, never a count. (256 failures would be a 0.)
import type { CaseResult, Status } from './result.ts'

export const exitCodes = {
  conformant: 0,
  failures: 1,
  usage: 2,
  harnessError: 3,
  programNotReady: 4,
  inconclusive: 5,
  /** Reserved for baseline files with entries that no longer hold. */
  staleBaseline: 6,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** One line for each code, for help texts. */
export const exitCodeTable = `Exit codes:
  0  conformant: something passed and nothing failed
  1  failures (fail, crash, hang, flaky, untestable)
  2  wrong use; also when no case is selected
  3  a fault of peerspec itself
  4  the program did not start or said no valid hello
  5  inconclusive: nothing failed, but something (or everything) was not shown
  6  stale baseline
  130  interrupted`

/** Statuses that make a program not conformant. */
export const failing: ReadonlySet<Status> = new Set(['fail', 'crash', 'hang', 'flaky', 'untestable'])

/**
 * The exit code of a run that ended. A fault of the harness comes first: it means that the rest cannot be relied on.
 * Without a single pass nothing is conformant, whatever the reason.
 */
export function exitCodeOf(results: readonly Pick<CaseResult, 'status'>[]): ExitCode {
  const has = (wanted: (status: Status) => boolean) => results.some((result) => wanted(result.status))
  if (has((status) => status === 'harness-error')) return exitCodes.harnessError
  if (has((status) => failing.has(status))) return exitCodes.failures
  if (has((status) => status === 'xpass')) return exitCodes.staleBaseline
  if (has((status) => status === 'inconclusive')) return exitCodes.inconclusive
  return has((status) => status === 'pass') ? exitCodes.conformant : exitCodes.inconclusive
}
