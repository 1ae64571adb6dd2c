// Everything about one case that did not pass, on paper: which rule, what was expected, what came instead, the messages
// that show it, what to look at, and the command that runs it again. Written for someone who sees this rule for the
// first time.
import type { Colors } from 'picocolors/types.js'
import { findRequirement } from '../../spec/registry.ts'
import type { CaseResult, Status } from '../verdict/result.ts'
import { markLine, messageLine } from './message-line.ts'
import { sequenceDiagram } from './sequence-diagram.ts'
import { harmless, plainProse, plural, wrap } from './text.ts'

const LABEL_WIDTH = 10
const INDENT = 2
/** Frames in the diagram; the JSON report has up to twenty. */
const DIAGRAM_FRAMES_MAX = 12
const STDERR_LINES_MAX = 8
/** Other cases that failed in the same way, by name. */
const ALIKE_SHOWN_MAX = 8

export const statusWord: Readonly<Record<Status, string>> = {
  pass: 'pass',
  fail: 'FAIL',
  warn: 'WARN',
  info: 'info',
  'not-applicable': 'n/a',
  untestable: 'UNTESTABLE',
  inconclusive: 'INCONCLUSIVE',
  xfail: 'xfail',
  xpass: 'XPASS',
  flaky: 'FLAKY',
  crash: 'CRASH',
  hang: 'HANG',
  'harness-error': 'HARNESS ERROR',
}

/** The colour of a status. */
export function paint(colors: Colors, status: Status, text: string): string {
  switch (status) {
    case 'pass':
      return colors.green(text)
    case 'warn':
    case 'flaky':
    case 'inconclusive':
    case 'xpass':
      return colors.yellow(text)
    case 'info':
    case 'xfail':
    case 'not-applicable':
      return colors.dim(text)
    default:
      return colors.red(text)
  }
}

class Sheet {
  readonly lines: string[] = []
  readonly #width: number
  readonly #colors: Colors

  constructor(width: number, colors: Colors) {
    this.#width = width
    this.#colors = colors
  }

  /** A label and a paragraph beside it. */
  item(label: string, text: string, color: (text: string) => string = (plain) => plain): void {
    const indent = ' '.repeat(INDENT + LABEL_WIDTH)
    const paragraphs = harmless(text)
      .split('\n')
      .flatMap((line) => wrap(line, this.#width - indent.length))
    paragraphs.forEach((line, index) => {
      const head =
        index === 0 ? `${' '.repeat(INDENT)}${this.#colors.dim(label.padEnd(LABEL_WIDTH))}` : indent
      this.lines.push(`${head}${color(line)}`)
    })
  }

  /** A line that is never wrapped, because it is copied or lines up with others. */
  raw(text: string): void {
    this.lines.push(text === '' ? '' : `${' '.repeat(INDENT)}${text}`)
  }
}

function addMessages(sheet: Sheet, result: CaseResult, width: number, colors: Colors): void {
  const exhibits = result.reason?.exhibits ?? []
  const { frames = [], participants = {} } = result
  const nameOf = (place: number) => participants[place] ?? `${place}`
  if (frames.length === 0) return
  const offending = new Set(exhibits.map((exhibit) => exhibit.frame))
  const last = frames.findLastIndex((frame) => offending.has(frame.n))
  const end = last < 0 ? frames.length : Math.min(frames.length, last + 3)
  const shown = frames.slice(Math.max(0, end - DIAGRAM_FRAMES_MAX), end)
  sheet.raw('')
  for (const line of sequenceDiagram(shown, offending, width - INDENT, participants))
    sheet.raw(line.offending ? colors.red(line.text) : line.text)
  for (const exhibit of exhibits) {
    const frame = frames.find((one) => one.n === exhibit.frame)
    if (!frame) continue
    const { text, mark } = messageLine(frame, exhibit.at ?? frame.fault?.at)
    sheet.raw('')
    sheet.raw(
      colors.dim(
        `#${frame.n}, from ${nameOf(frame.from)} to ${nameOf(frame.to)}${frame.fault ? `: ${frame.fault.text}` : ''}`,
      ),
    )
    sheet.raw(text)
    if (mark) sheet.raw(colors.red(markLine(mark)))
  }
  sheet.raw('')
}

// The hint is about what the case judges; it would mislead when something else broke.
const hintFits = ({ reason, requirements, status }: CaseResult): boolean =>
  status !== 'harness-error' &&
  status !== 'untestable' &&
  (reason?.requirement === undefined || requirements.includes(reason.requirement))

/** The block for one result, and for others that failed in the same way. `width` is that of the terminal. */
export function failureBlock(
  result: CaseResult,
  alike: readonly CaseResult[],
  width: number,
  colors: Colors,
): readonly string[] {
  const sheet = new Sheet(width, colors)
  const { reason, status } = result
  const word =
    result.repeated && status === 'flaky'
      ? `FLAKY ${result.repeated.passed}/${result.repeated.runs}`
      : statusWord[status]
  sheet.lines.push(`${colors.bold(paint(colors, status, word))}  ${colors.bold(result.id)}`)
  sheet.item('case', result.title)
  const requirement = findRequirement(reason?.requirement ?? result.requirements[0] ?? '')
  if (requirement && status !== 'harness-error')
    sheet.item(
      'rule',
      `${plainProse(requirement.text)} (${requirement.level}, ${requirement.id}; ${requirement.file} section ${requirement.section.number}, source ${requirement.source})`,
    )
  if (reason?.expected !== undefined && reason.actual !== undefined) {
    sheet.item('expected', reason.expected, colors.green)
    sheet.item('actual', reason.actual, colors.red)
    if (status === 'flaky') sheet.item('why', reason.message)
  } else if (reason) sheet.item(status === 'harness-error' ? 'error' : 'why', reason.message, colors.red)
  for (const note of result.notes ?? []) sheet.item('note', note)
  addMessages(sheet, result, width, colors)
  if (result.hint && hintFits(result)) sheet.item('hint', result.hint, colors.cyan)
  const stderr = result.stderrTail?.trimEnd().split('\n') ?? []
  if (stderr.some((line) => line !== ''))
    sheet.item('stderr', stderr.slice(-STDERR_LINES_MAX).join('\n'), colors.dim)
  if (status === 'harness-error')
    sheet.item(
      'note',
      'This is a fault of peerspec, not of your program. Please report it with the command below.',
    )
  sheet.raw(`${colors.dim('again'.padEnd(LABEL_WIDTH))}${result.reproduce}`)
  if (alike.length > 0)
    sheet.item(
      'likewise',
      `${alike
        .slice(0, ALIKE_SHOWN_MAX)
        .map(({ id }) => id)
        .join(
          ', ',
        )}${alike.length > ALIKE_SHOWN_MAX ? `, and ${plural(alike.length - ALIKE_SHOWN_MAX, 'more case')}` : ''}`,
    )
  return sheet.lines
}

/** The same in one line, cut to the width. */
export function failureLine(result: CaseResult, alike: number, width: number, colors: Colors): string {
  const word = statusWord[result.status]
  const others = alike === 0 ? '' : ` (and ${alike} alike)`
  const text = harmless(`${result.id}${others}  ${result.reason?.message.split('\n')[0] ?? ''}`)
  const room = Math.max(20, width - word.length - 2)
  return `${paint(colors, result.status, word)}  ${text.length > room ? `${text.slice(0, room - 1)}…` : text}`
}
