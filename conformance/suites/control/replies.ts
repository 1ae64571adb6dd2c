// Error codes of replies, for commands that a case sends raw.
import type { Bench } from '../../verdict/bench.ts'

/** The error code of a raw reply, or a word for what it is instead. */
export function codeOf(reply: Readonly<Record<string, unknown>>): string {
  if (reply.ok === true) return 'success'
  const error = reply.error
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'a reply without error code'
  return String(error.code)
}

export function requireCode(
  bench: Bench,
  actual: string,
  expected: string,
  requirement: string,
  what: string,
): void {
  bench.require(actual === expected, { requirement, expected: `${expected} for ${what}`, actual })
}
