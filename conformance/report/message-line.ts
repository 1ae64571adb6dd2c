// One message on one line, with the place that is wrong marked beneath it:
//
//   {"type": "ring.pong", "from": 8, "seq": 0}
//                                    ^^^^^^^^
//
// A frame that is no JSON object is shown as its bytes, with the byte at fault marked.
import type { Frame } from '../wire/capture.ts'

export interface MarkedLine {
  readonly text: string
  /** Where the mark stands; undefined when nothing in particular is wrong. */
  readonly mark?: { readonly column: number; readonly length: number; readonly note?: string }
}

/** Strings and arrays longer than this are cut: 5,000 bytes of base64 explain nothing. */
const VALUE_CHARACTERS_MAX = 48
/** Raw bytes shown around the one at fault. */
const BYTES_SHOWN = 60

export const count = (n: number): string => n.toLocaleString('en')

/** Levels that are shown: what lies deeper explains nothing, and a hostile message may have thousands. */
const LEVELS_MAX = 4

export function shortValue(value: unknown, levels = LEVELS_MAX): string {
  if (typeof value === 'string' && value.length > VALUE_CHARACTERS_MAX)
    return `${JSON.stringify(value.slice(0, 16)).slice(0, -1)}…" (${count(value.length)} characters)`
  if (typeof value === 'object' && value !== null && levels === 0) return Array.isArray(value) ? '[…]' : '{…}'
  if (Array.isArray(value)) {
    const shown = value.map((element) => shortValue(element, levels - 1))
    const all = `[${shown.join(', ')}]`
    return all.length <= VALUE_CHARACTERS_MAX
      ? all
      : `[${shown.slice(0, 6).join(', ')}${shown.length > 6 ? ', …' : ''}] (${count(value.length)} elements)`
  }
  const text = jsonOf(value)
  return text.length > VALUE_CHARACTERS_MAX * 2 ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text
}

/** Its JSON; of an object that nests too deep for that, a sign. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch {
    return '{…}'
  }
}

const unescape_ = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~')

// Only the first step of the pointer is followed: messages are flat, and a mark under a whole route is clear enough.
function fieldOf(at: string): string | undefined {
  const [, first] = at.split('/')
  return first === undefined || first === '' ? undefined : unescape_(first)
}

function jsonLine(message: Readonly<Record<string, unknown>>, at: string | undefined): MarkedLine {
  const wanted = at === undefined ? undefined : fieldOf(at)
  let text = '{'
  let mark: MarkedLine['mark']
  for (const [key, value] of Object.entries(message)) {
    if (text.length > 1) text += ', '
    const entry = `${JSON.stringify(key)}: ${shortValue(value)}`
    if (key === wanted) mark = { column: text.length, length: entry.length }
    text += entry
  }
  text += '}'
  if (at === undefined || mark) return mark ? { text, mark } : { text }
  if (wanted === undefined) return { text, mark: { column: 0, length: text.length } }
  return { text, mark: { column: text.length - 1, length: 1, note: `${wanted} is missing` } }
}

const printable = (byte: number): string => {
  if (byte === 0x5c) return '\\\\'
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte)
  const named = { 9: '\\t', 10: '\\n', 13: '\\r' }[byte]
  return named ?? `\\x${byte.toString(16).padStart(2, '0')}`
}

function bytesLine(bytes: Uint8Array, at: number | undefined): MarkedLine {
  const middle = at ?? 0
  const start = Math.max(0, Math.min(middle - BYTES_SHOWN / 2, bytes.length - BYTES_SHOWN))
  const shown = [...bytes.subarray(start, start + BYTES_SHOWN)].map(printable)
  const left = start > 0 ? `(${count(start)} bytes) … ` : ''
  const rest = bytes.length - start - shown.length
  const right = rest > 0 ? ` … (${count(rest)} bytes)` : ''
  const text = `${left}${shown.join('')}${right}` || '(no bytes)'
  if (at === undefined) return { text }
  const column = left.length + shown.slice(0, at - start).join('').length
  if (at >= bytes.length) return { text, mark: { column, length: 1, note: 'it ends here' } }
  return { text, mark: { column, length: shown[at - start]?.length ?? 1 } }
}

/** The line for a frame; `at` says what to mark, a JSON pointer or an offset into the bytes. */
export function messageLine(frame: Frame, at?: string | number): MarkedLine {
  if (frame.message && typeof at !== 'number') return jsonLine(frame.message, at)
  return bytesLine(frame.bytes, typeof at === 'number' ? at : undefined)
}

/** The line of marks that stands beneath. */
export function markLine(mark: NonNullable<MarkedLine['mark']>): string {
  return `${' '.repeat(mark.column)}${'^'.repeat(Math.max(1, mark.length))}${mark.note ? ` ${mark.note}` : ''}`
}
