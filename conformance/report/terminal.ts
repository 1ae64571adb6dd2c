// The report that people read. On a terminal a counter shows that something happens and failures appear as they come;
// without one (CI, a pipe) each case is one plain line. Failures follow in full, then the summary, because the end of
// the output is what is on the screen.
import pc from 'picocolors'
import type { Case } from '../verdict/case.ts'
import type { CaseResult, ProgramDescription, RunResult } from '../verdict/result.ts'
import { failureBlock, failureLine, paint, statusWord } from './failure.ts'
import { columnsOf, StatusLine, type Stream } from './status-line.ts'
import { failureGroups, summary } from './summary.ts'
import { harmless, plural, seconds, wrap } from './text.ts'

export interface TerminalOptions {
  readonly stream: Stream
  readonly color: boolean
  readonly verbose: boolean
  readonly failuresShownMax: number
  readonly invocation: string
}

export interface TerminalReport {
  begin(heading: string, cases: number): void
  hello(program: ProgramDescription, second: ProgramDescription | undefined): void
  started(definition: Case): void
  finished(result: CaseResult): void
  end(run: RunResult): void
  /** Takes the counter away, when the run ends without a result. */
  stop(): void
}

const WIDTH_MAX = 120
const WIDTH_WITHOUT_TERMINAL = 100
const LABEL_WIDTH = 9

const describe = (program: ProgramDescription): string =>
  harmless(
    `${program.name} ${program.version} (${program.language}), features: ${program.features.join(' ') || 'none'}`,
  )

/** A paragraph beside its label, the further lines below the first. */
const labelled = (label: string, text: string, width: number): string =>
  label.padEnd(LABEL_WIDTH) + wrap(text, width - LABEL_WIDTH).join(`\n${' '.repeat(LABEL_WIDTH)}`)

export function terminalReport(options: TerminalOptions): TerminalReport {
  const { stream, verbose, failuresShownMax } = options
  const colors = pc.createColors(options.color)
  const columns = columnsOf(stream)
  const width = Math.min(WIDTH_MAX, columns ?? WIDTH_WITHOUT_TERMINAL)
  const status = new StatusLine(stream)
  const counts = { total: 0, done: 0, notPassed: 0 }

  const print = (line = '') => status.print(line)
  const progress = (current: string) => {
    const failed = counts.notPassed === 0 ? '' : `, ${counts.notPassed} not passed`
    status.show(`${counts.done}/${counts.total}${failed}  ${current}`)
  }

  return {
    begin(heading, cases) {
      counts.total = cases
      print(heading)
      status.show('starting the program')
    },
    hello(program, second) {
      print(labelled('program', describe(program), width))
      if (second) print(labelled('with', describe(second), width))
      print()
    },
    started(definition) {
      progress(definition.id)
    },
    finished(result) {
      counts.done += 1
      const isNews = result.status !== 'pass' && result.status !== 'not-applicable'
      if (isNews) counts.notPassed += 1
      if (verbose || columns === undefined || isNews) {
        const word = paint(colors, result.status, statusWord[result.status].padEnd(5))
        print(`${word} ${result.id}  ${colors.dim(seconds(result.durationMs))}`)
      }
      if (verbose) for (const seen of result.evidence) print(colors.dim(`        saw ${harmless(seen)}`))
      progress(result.id)
    },
    end(run) {
      status.stop()
      const groups = failureGroups(run.cases)
      for (const { first, alike } of groups.slice(0, failuresShownMax))
        print(`\n${failureBlock(first, alike, width, colors).join('\n')}`)
      const rest = groups.slice(failuresShownMax)
      if (rest.length > 0) {
        print(
          `\n${plural(rest.length, 'more failure')} (--max-failures-shown ${groups.length} shows all in full):`,
        )
        for (const { first, alike } of rest) print(`  ${failureLine(first, alike.length, width - 2, colors)}`)
      }
      print()
      for (const line of summary(run, colors)) print(line)
      const [next] = groups
      if (next && !run.interrupted)
        print(
          `  ${colors.dim('begin with')}  ${options.invocation} explain ${next.first.reason?.requirement ?? next.first.id}`,
        )
    },
    stop() {
      status.stop()
    },
  }
}
