// The end of the terminal report: passes by stage, results by status, and one sentence that says what it comes to.
import type { Colors } from 'picocolors/types.js'
import { exitCodeOf, exitCodes, failing } from '../verdict/exit-codes.ts'
import { type CaseResult, type RunResult, type Status, statuses, statusMeaning } from '../verdict/result.ts'
import { paint } from './failure.ts'
import { resultsByStage } from './stages.ts'
import { plural, seconds } from './text.ts'

/** Passes in a second run that are told of in the summary. */
const SECOND_RUNS_SHOWN_MAX = 5

const quiet: ReadonlySet<Status> = new Set(['pass', 'not-applicable', 'xfail', 'info'])

function countByStatus(results: readonly CaseResult[]): ReadonlyMap<Status, number> {
  const counts = new Map<Status, number>()
  for (const status of statuses) {
    const count = results.filter((result) => result.status === status).length
    if (count > 0) counts.set(status, count)
  }
  return counts
}

function stageRow(number: number, title: string, results: readonly CaseResult[], colors: Colors): string {
  const passed = results.filter((result) => result.status === 'pass').length
  const others = [...countByStatus(results)].filter(([status]) => status !== 'pass')
  const remarks = others.map(([status, count]) => paint(colors, status, `${count} ${status}`)).join(', ')
  const score = `${passed}/${results.length}`.padStart(7)
  const worst = results.some((result) => failing.has(result.status) || result.status === 'harness-error')
  const painted =
    passed === results.length ? colors.green(score) : worst ? colors.red(score) : colors.yellow(score)
  return `  ${String(number).padStart(2)}  ${title.padEnd(44)}${painted}   ${remarks}`.trimEnd()
}

/** One sentence: what the run says about the program. */
export function conclusion(run: RunResult): string {
  const what = `${run.systems.join(', ')}, profile ${run.profile}`
  if (run.interrupted)
    return `interrupted: ${plural(run.cases.length, 'result')} so far, no conclusion (${what})`
  const bad = run.cases.filter((result) => failing.has(result.status)).length
  switch (exitCodeOf(run.cases)) {
    case exitCodes.conformant:
      return `conformant in what was tested (${what})`
    case exitCodes.failures:
      return `not conformant: ${plural(bad, 'case')} of ${run.cases.length} failed (${what})`
    case exitCodes.harnessError:
      return `no conclusion: peerspec itself failed (${what})`
    case exitCodes.staleBaseline:
      return `the baseline is stale: something passes that it expects to fail (${what})`
    default:
      return run.cases.some((result) => result.status === 'pass')
        ? `no conclusion: nothing failed, but not everything was shown (${what})`
        : `no conclusion: no case passed, so nothing was shown (${what})`
  }
}

// A pass that came about by a second run is a pass, but nobody should have to guess that there was a first one.
function secondRuns(run: RunResult, colors: Colors): readonly string[] {
  const passed = run.cases.filter(({ status, notes }) => status === 'pass' && notes)
  if (passed.length === 0) return []
  const shown = passed
    .slice(0, SECOND_RUNS_SHOWN_MAX)
    .map(({ id, notes }) => `    ${id}: ${notes?.join('; ')}`)
  const rest = passed.length - shown.length
  return [
    colors.yellow(`  ${plural(passed.length, 'case')} passed in a second run:`),
    ...shown,
    ...(rest > 0 ? [`    and ${rest} more (--json has them all)`] : []),
  ]
}

export function summary(run: RunResult, colors: Colors): readonly string[] {
  const lines = [colors.bold('stage'.padEnd(48) + 'passed'.padStart(7))]
  for (const { system, stage, title, results } of resultsByStage(run))
    lines.push(stageRow(stage, run.systems.length === 1 ? title : `${system}: ${title}`, results, colors))
  lines.push('')
  for (const [status, count] of countByStatus(run.cases))
    lines.push(
      `  ${paint(colors, status, `${String(count).padStart(4)}  ${status.padEnd(15)}`)}${colors.dim(statusMeaning[status])}`,
    )
  lines.push('')
  lines.push(
    colors.dim(
      `  ${plural(run.cases.length, 'case')} in ${seconds(run.durationMs)}, ${plural(run.jobs, 'job')}, seed ${run.seed}, time scale ${run.timeScale}` +
        (run.calibration.factor === 1
          ? ''
          : ` (times ${run.calibration.factor}: this machine is slow or busy)`),
    ),
  )
  lines.push(...secondRuns(run, colors))
  const ok = !run.interrupted && exitCodeOf(run.cases) === exitCodes.conformant
  const text = conclusion(run)
  lines.push(`  ${colors.bold(ok ? colors.green(text) : colors.red(text))}`)
  return lines
}

/** Failures that a reader takes for one: the first in full, the others by name. */
export interface FailureGroup {
  readonly first: CaseResult
  readonly alike: readonly CaseResult[]
}

// A program that answers nothing fails a hundred cases in the same words, but for ids, ports and folders.
function wording({ status, reason }: CaseResult): string {
  const text = reason?.actual ?? reason?.message ?? ''
  const general = text
    .split('\n')[0]
    ?.replace(/"(?:[^"\\]|\\.)*"?/g, '""')
    .replace(/[\d,]+/g, '0')
  return [status, reason?.requirement, reason?.expected?.replace(/[\d,]+/g, '0'), general].join(' | ')
}

/** What did not pass, in the order in which it should be worked on. */
export function failureGroups(results: readonly CaseResult[]): readonly FailureGroup[] {
  const weight = (result: CaseResult) =>
    failing.has(result.status) || result.status === 'harness-error' ? 0 : 1
  const groups = new Map<string, [CaseResult, ...CaseResult[]]>()
  for (const result of results
    .filter(({ status }) => !quiet.has(status))
    .toSorted((a, b) => weight(a) - weight(b) || a.stage - b.stage)) {
    const group = groups.get(wording(result))
    if (group) group.push(result)
    else groups.set(wording(result), [result])
  }
  return [...groups.values()].map(([first, ...alike]) => ({ first, alike }))
}
