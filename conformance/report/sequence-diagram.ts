// The frames of a failure as a sequence diagram in text: one lane for each participant, time downwards.
//
//            probe 5                        node 8
//     #12      │── ping seq=7 slot=1 ────────▶│   12 ms  udp
//     #13      │◀━━━━━━━━━━━━━━━ pong seq=0 ━━│   14 ms  udp  ✗
//
// The arrow that proves the violation is thick and ends in a cross. With more than six participants there is no room for lanes,
// and the frames become a plain list.
import type { Frame } from '../wire/capture.ts'
import { messageLabel } from './message-label.ts'
import { plural } from './text.ts'

export interface DiagramLine {
  readonly text: string
  /** The line shows a frame that proves the violation. */
  readonly offending: boolean
}

const LANES_MAX = 6
/** Between two lanes: room for the name of the left one. */
const GAP_MIN = 12
const GAP_MAX = 40
/** What an arrow needs beside its label: dashes, spaces, head. */
const ARROW_WIDTH = 7
/** Room for `#1234` on the left, and for `12,345 ms  tcp 12  ✗` on the right. */
const LEFT_WIDTH = 8
const RIGHT_WIDTH = 24

const timeOf = (frame: Frame): string => `${Math.round(frame.atMs)} ms`

function remarks(frame: Frame, offending: boolean): string {
  const words = [
    timeOf(frame).padStart(8),
    frame.transport === 'udp' ? 'udp' : `tcp ${frame.connection ?? ''}`.trim(),
  ]
  if (offending) words.push('✗')
  if (frame.body) words.push(`+ body of ${frame.body.length.toLocaleString('en')} bytes`)
  if (frame.fate !== 'passed') words.push(`${frame.fate} by the harness`)
  return words.join('  ')
}

const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`

interface Lanes {
  /** Ids from left to right. */
  readonly ids: readonly number[]
  /** Columns from each lane to the next. */
  readonly gaps: readonly number[]
}

/** The gaps that an arrow crosses: the first, and the one after the last. */
function spanOf(frame: Frame, ids: readonly number[]): readonly [left: number, right: number] {
  const ends = [ids.indexOf(frame.from), ids.indexOf(frame.to)]
  return [Math.min(...ends), Math.max(...ends)]
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

// Each gap gets what its labels need; when that is more than there is, the widest give way.
function layOut(frames: readonly Frame[], width: number, nameOf: (id: number) => string): Lanes {
  const ids = [...new Set(frames.flatMap((frame) => [frame.from, frame.to]))].toSorted((a, b) => a - b)
  const gaps = ids.slice(1).map((_, left) => Math.max(GAP_MIN, nameOf(ids[left] ?? 0).length + 2))
  const leastGap = Math.max(GAP_MIN, ...gaps)
  for (const frame of frames) {
    const [left, right] = spanOf(frame, ids)
    const needed = Math.min(GAP_MAX, messageLabel(frame).length + ARROW_WIDTH)
    const share = Math.ceil((needed - sum(gaps.slice(left, right))) / (right - left))
    for (let gap = left; gap < right && share > 0; gap += 1) gaps[gap] = (gaps[gap] ?? 0) + share
  }
  const room = width - LEFT_WIDTH - RIGHT_WIDTH
  while (sum(gaps) > room && Math.max(...gaps) > leastGap) {
    const widest = gaps.indexOf(Math.max(...gaps))
    gaps[widest] = (gaps[widest] ?? GAP_MIN) - 1
  }
  return { ids, gaps }
}

function arrow(label: string, width: number, rightwards: boolean, offending: boolean): string {
  const line = offending ? '━' : '─'
  const text = ` ${cut(label, width - 6)} `
  const rest = Math.max(0, width - 1 - text.length)
  const before = rightwards ? 2 : rest - 2
  const dashes = line.repeat(Math.max(0, before)) + text + line.repeat(Math.max(0, rest - before))
  return rightwards ? `${dashes}▶` : `◀${dashes}`
}

function laneLine(frame: Frame, { ids, gaps }: Lanes, offending: boolean): string {
  const [left, right] = spanOf(frame, ids)
  const label = messageLabel(frame)
  const width = sum(gaps.slice(left, right)) - 1
  const empty = gaps.map((gap) => `│${' '.repeat(gap - 1)}`)
  const drawn =
    left === right
      ? `${empty.slice(0, left).join('')}↺${empty.slice(left).join('').slice(1)}`
      : `${empty.slice(0, left).join('')}│${arrow(label, width, ids[left] === frame.from, offending)}${empty.slice(right).join('')}`
  const rest = label.length > width - 6 ? `  ${cut(label, GAP_MAX * 2)}` : ''
  return `#${String(frame.n).padEnd(LEFT_WIDTH - 1)}${drawn}│${remarks(frame, offending)}${rest}`
}

function listLine(frame: Frame, nameOf: (id: number) => string, offending: boolean): string {
  const who = `${nameOf(frame.from)} → ${nameOf(frame.to)}`.padEnd(20)
  const label = cut(messageLabel(frame), GAP_MAX).padEnd(GAP_MAX)
  return `#${String(frame.n).padEnd(LEFT_WIDTH - 1)}${who}  ${label}${remarks(frame, offending)}`
}

/** The diagram, at most `width` columns wide where that is possible. */
export function sequenceDiagram(
  frames: readonly Frame[],
  offending: ReadonlySet<number>,
  width: number,
  participants: Readonly<Record<string, string>> = {},
): readonly DiagramLine[] {
  const nameOf = (id: number) => participants[id] ?? `peer ${id}`
  const lanes = layOut(frames, width, nameOf)
  const asList = lanes.ids.length > LANES_MAX
  const lines: DiagramLine[] = []
  if (!asList) {
    const heads = lanes.ids.map((id, lane) => nameOf(id).padEnd(lanes.gaps[lane] ?? 0)).join('')
    lines.push({ text: `${' '.repeat(LEFT_WIDTH - 1)}${heads}`, offending: false })
  }
  let previous = -1
  for (const frame of frames) {
    if (previous >= 0 && frame.n > previous + 1) {
      const text = `${' '.repeat(LEFT_WIDTH)}⋮ ${plural(frame.n - previous - 1, 'frame')} left out`
      lines.push({ text, offending: false })
    }
    const isOffending = offending.has(frame.n)
    const text = asList ? listLine(frame, nameOf, isOffending) : laneLine(frame, lanes, isOffending)
    lines.push({ text, offending: isOffending })
    previous = frame.n
  }
  return lines
}
