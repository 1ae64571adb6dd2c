// Looking for messages of the program under test among the captured frames, and judging their fields.
import { isDeepStrictEqual } from 'node:util'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'

export type FramePredicate = (frame: Frame) => boolean
type Fields = Readonly<Record<string, unknown>>

const hasFields = (frame: Frame, fields: Fields): boolean =>
  Object.entries(fields).every(([name, value]) => isDeepStrictEqual(frame.message?.[name], value))

/** Frames of the program with this type and these fields, whoever they go to. */
export const sent =
  (type: string, fields: Fields = {}): FramePredicate =>
  (frame) =>
    frame.sender === 'program' && frame.message?.type === type && hasFields(frame, fields)

/** Frames of the program to peer `to` with this type and these fields. */
export const sentTo = (to: number, type: string, fields: Fields = {}): FramePredicate => {
  const matches = sent(type, fields)
  return (frame) => frame.to === to && matches(frame)
}

/** Any frame of the program over TCP. */
export const anyTcp: FramePredicate = (frame) => frame.sender === 'program' && frame.transport === 'tcp'

export const framesOf = (bench: RingBench, matches: FramePredicate): readonly Frame[] =>
  bench.frames.filter(matches)

/** Waits for the first frame that matches, and fails the requirement without it. */
export async function requireSent(
  bench: RingBench,
  matches: FramePredicate,
  details: { readonly requirement: string; readonly expected: string; readonly actual?: string },
): Promise<Frame> {
  return bench.requireFrame(await bench.seen(matches), details)
}

/** The `count`-th frame, past or future, that matches. */
export function nthSeen(
  bench: RingBench,
  matches: FramePredicate,
  count: number,
): Promise<Frame | undefined> {
  let left = count
  return bench.seen((frame) => {
    if (matches(frame)) left -= 1
    return left <= 0
  })
}

/** Waits until at least `count` frames match and gives them; fails the requirement when fewer come. */
export async function requireCount(
  bench: RingBench,
  count: number,
  matches: FramePredicate,
  details: { readonly requirement: string; readonly expected: string },
): Promise<readonly Frame[]> {
  // One deadline for each frame: a hundred frames may take long on a busy machine, as long as they keep coming.
  for (let i = 0, next = 0; i < count; i += 1) {
    const frame = await bench.seen((candidate) => candidate.n >= next && matches(candidate))
    if (frame === undefined) break
    next = frame.n + 1
  }
  const found = framesOf(bench, matches)
  bench.require(found.length >= count, {
    ...details,
    actual: `${found.length} of ${count}`,
    exhibits: found.slice(-3).map((frame) => ({ frame: frame.n })),
  })
  return found
}

/** The fields of a frame are exactly these values. */
export function requireFields(bench: RingBench, frame: Frame, requirement: string, fields: Fields): void {
  for (const [name, value] of Object.entries(fields)) {
    bench.require(isDeepStrictEqual(frame.message?.[name], value), {
      requirement,
      expected: `${frame.message?.type} with ${name} ${JSON.stringify(value)}`,
      actual: `${name} ${JSON.stringify(frame.message?.[name])}`,
      exhibits: [{ frame: frame.n, at: `/${name}` }],
    })
  }
}

/** No frame so far matches. */
export function requireNone(
  bench: RingBench,
  matches: FramePredicate,
  details: { readonly requirement: string; readonly expected: string },
): void {
  const found = bench.frames.find(matches)
  bench.require(found === undefined, {
    ...details,
    actual: `${found?.message?.type ?? 'bytes'} to peer ${found?.to}: ${JSON.stringify(found?.message)}`,
    exhibits: found === undefined ? [] : [{ frame: found.n }],
  })
}

/** An integer field of a message that the capture found to be valid. */
export const integerField = (frame: Frame, name: string): number => {
  const value = frame.message?.[name]
  return typeof value === 'number' ? value : Number.NaN
}

export const stringField = (frame: Frame, name: string): string => {
  const value = frame.message?.[name]
  return typeof value === 'string' ? value : ''
}
