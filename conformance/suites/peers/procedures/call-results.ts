// Calls in words, and answers of which not everything is laid down: a result that the case has to read, an error whose name
// alone is settled.
import type { Bench } from '../../../verdict/bench.ts'
import type { Frame } from '../../../wire/capture.ts'

const shortened = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 3)}...` : text

/** A call as a reader of the report would write it, long arguments cut. */
export const callText = (method: string, args: readonly unknown[]): string =>
  shortened(`${method}(${JSON.stringify(args).slice(1, -1)})`, 120)

/** What was answered, for a report. */
export const answerText = (frame: Frame): string =>
  frame.message === undefined
    ? `bytes that are no JSON object: ${JSON.stringify(Buffer.from(frame.bytes.subarray(0, 200)).toString())}`
    : shortened(JSON.stringify(frame.message), 400)

// Own keys only, and presence decides: `null` is a result.
const has = (frame: Frame, key: string): boolean =>
  frame.message !== undefined && Object.hasOwn(frame.message, key)

interface Details {
  readonly requirement: string
  /** What was called. */
  readonly to: string
}

/** The node answered with a result; gives its value. */
export function resultOf(bench: Bench, answer: Frame | undefined, { requirement, to }: Details): unknown {
  const expected = `a result as the answer to ${to}`
  const frame = bench.requireFrame(answer, { requirement, expected })
  bench.require(has(frame, 'result') && !has(frame, 'error'), {
    requirement,
    expected,
    actual: answerText(frame),
    exhibits: [{ frame: frame.n }],
  })
  return frame.message?.result
}

/** The node answered with an error that has one of these names, whatever its arguments. */
export function requireRefused(
  bench: Bench,
  answer: Frame | undefined,
  names: string | readonly string[],
  { requirement, to }: Details,
): Frame {
  const allowed = typeof names === 'string' ? [names] : names
  const expected = `an error named ${allowed.join(' or ')} as the answer to ${to}`
  const frame = bench.requireFrame(answer, { requirement, expected })
  const error = has(frame, 'error') && !has(frame, 'result') ? frame.message?.error : undefined
  const { name, args } = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly name?: unknown
    readonly args?: unknown
  }
  bench.require(typeof name === 'string' && allowed.includes(name) && Array.isArray(args), {
    requirement,
    expected,
    actual: answerText(frame),
    exhibits: [{ frame: frame.n, at: '/error' }],
  })
  return frame
}
