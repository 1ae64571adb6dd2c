// Frames that must be seen, and how to say what was seen instead.
import type { RingBench } from '../../../verdict/ring-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { type FramePredicate, requireFields } from '../frames.ts'

/** Every one of these predicates holds. */
export const allOf =
  (...predicates: readonly FramePredicate[]): FramePredicate =>
  (frame) =>
    predicates.every((holds) => holds(frame))

/** The frame came at or after position `n` of the capture. */
export const since =
  (n: number): FramePredicate =>
  (frame) =>
    frame.n >= n

export const from =
  (peer: number): FramePredicate =>
  (frame) =>
    frame.from === peer

/** On another TCP connection than this one. */
export const notOn =
  (connection: { readonly number: number }): FramePredicate =>
  (frame) =>
    frame.connection !== connection.number

export interface Expected {
  readonly requirement: string
  readonly expected: string
  /** Fields that the message must have. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** What the program said over TCP since a frame, in words: the `actual` of a message that did not come. */
export const saidOverTcp = (bench: RingBench, start = 0): string => {
  const said = bench.frames
    .filter((frame) => frame.n >= start && frame.transport === 'tcp' && frame.sender === 'program')
    .slice(-5)
    .map(
      (frame) =>
        `${frame.from} to ${frame.to}: ${JSON.stringify(frame.message) ?? 'bytes that are no message'}`,
    )
  return said.length === 0 ? 'no message over TCP' : `only ${said.join('; ')}`
}

/** Judges a frame that should have come; it becomes evidence when it is there with the right fields. */
export const requireEvidence = (
  bench: RingBench,
  found: Frame | undefined,
  { requirement, expected, fields = {} }: Expected,
): Frame => {
  const frame = bench.requireFrame(found, { requirement, expected, actual: saidOverTcp(bench) })
  requireFields(bench, frame, requirement, fields)
  bench.evidence(expected, frame)
  return frame
}

/** Waits for a frame, past or future, and judges it. */
export const requireSeen = async (
  bench: RingBench,
  matches: FramePredicate,
  expected: Expected,
): Promise<Frame> => requireEvidence(bench, await bench.seen(matches), expected)
