// From bytes to one JSON object, and where exactly they are none.
import type { Message } from './wire.ts'

/** The bytes are not one JSON object. */
export interface Unreadable {
  readonly text: string
  readonly at: number
  /** They begin with one, and something follows it. */
  readonly hasMore: boolean
}

// A byte order mark stays in the text and makes JSON.parse fail: RFC 8259 section 8.1 forbids to send one.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Offset of the first byte that is not part of valid UTF-8. */
function offsetOfBadByte(bytes: Uint8Array): number {
  // U+FFFD stands for the first bad byte; what comes before it is as long as its own encoding.
  const text = new TextDecoder().decode(bytes)
  return Buffer.byteLength(text.slice(0, text.indexOf('\ufffd')))
}

/** What JSON.parse says is wrong. It tells the place only in words, and not for every mistake. */
function syntaxProblem(text: string, complaint: string): Unreadable {
  const position = /at position (\d+)/.exec(complaint)?.[1]
  const isCutShort = complaint.includes('end of JSON')
  const parsed = isCutShort ? text : text.slice(0, Number(position ?? 0))
  const at = Buffer.byteLength(parsed)
  return complaint.includes('after JSON')
    ? { text: 'more than one object', at, hasMore: true }
    : { text: `not JSON: ${complaint}`, at, hasMore: false }
}

/**
 * Levels of a message that are kept. JSON.parse takes any number, but whoever writes the message into a report or compares it
 * with another one goes down level by level, and a program may send more levels than the stack has room for.
 */
export const LEVELS_KEPT_MAX = 1000

const isNested = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Empties what lies on the deepest level that is kept, if the message is as deep as that. */
function cut(message: Record<string, unknown>): void {
  let level: Record<string, unknown>[] = [message]
  for (let depth = 1; depth < LEVELS_KEPT_MAX && level.length > 0; depth++)
    level = level.flatMap((value) => Object.values(value).filter(isNested))
  for (const value of level) for (const key of Object.keys(value)) if (isNested(value[key])) value[key] = null
}

/** The object that the bytes are, with their text; deeper levels than `LEVELS_KEPT_MAX` are left out. */
export function readObject(
  bytes: Uint8Array,
): { readonly message: Message; readonly text: string } | { readonly problem: Unreadable } {
  let text: string
  try {
    text = strictUtf8.decode(bytes)
  } catch {
    return { problem: { text: 'the bytes are not UTF-8', at: offsetOfBadByte(bytes), hasMore: false } }
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { problem: syntaxProblem(text, error instanceof Error ? error.message : String(error)) }
  }
  // A level takes two characters at least.
  if (isObject(value) && text.length > 2 * LEVELS_KEPT_MAX) cut(value)
  return isObject(value)
    ? { message: value, text }
    : { problem: { text: 'not a JSON object', at: 0, hasMore: false } }
}
