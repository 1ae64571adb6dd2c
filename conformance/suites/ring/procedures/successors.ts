// A node's successors, judged twice: by what it claims in `state`, and by whom it pings with which slot. A program that
// claims the right state without doing the work pings the wrong peers; one that works but claims nonsense misleads its user.
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { type FramePredicate, framesOf, integerField, sent } from '../frames.ts'
import { allOf, from, since } from './evidence.ts'

export type Pair = readonly [number, number]

/** Pings of a node; `to` and `slot` narrow them. */
export const pingOf = (self: number, to?: number, slot?: 1 | 2): FramePredicate =>
  allOf(
    from(self),
    sent('ring.ping', slot === undefined ? {} : { slot }),
    (frame) => to === undefined || frame.to === to,
  )

/** Pings that do not go to these successors with their slots; a ping to itself always is one. */
export const strayPingOf = (self: number, [first, second]: Pair): FramePredicate =>
  allOf(
    pingOf(self),
    (frame) => frame.to === self || frame.to !== (integerField(frame, 'slot') === 1 ? first : second),
  )

const latestPing = (bench: RingBench, self: number, slot: 1 | 2, start: number): Frame | undefined =>
  bench.frames.findLast(allOf(since(start), pingOf(self, undefined, slot)))

/** The latest pings since a frame go to these successors. A successor that is the node itself gets none and is not looked at. */
export const pingsGoTo = (bench: RingBench, self: number, [first, second]: Pair, start: number): boolean =>
  (first === self || latestPing(bench, self, 1, start)?.to === first) &&
  (second === self || latestPing(bench, self, 2, start)?.to === second)

/** Whom a node pings, in words. */
export const pingsInWords = (bench: RingBench, self: number, start: number): string =>
  ([1, 2] as const)
    .map((slot) => `${latestPing(bench, self, slot, start)?.to ?? 'nobody'} with slot ${slot}`)
    .join(' and ')

const claims = async (node: RingNode, [first, second]: Pair): Promise<boolean> => {
  const { successors } = await node.state()
  return successors?.[0] === first && successors[1] === second
}

/** Waits until a node holds these successors in `state` and on the wire, where its pings since a frame count. */
export const requireSuccessors = async (
  bench: RingBench,
  node: RingNode,
  pair: Pair,
  requirement: string,
  because: string,
  start = bench.frames.length,
): Promise<void> => {
  await bench.until(() => claims(node, pair))
  const claimed = (await node.state()).successors
  bench.require(claimed?.[0] === pair[0] && claimed[1] === pair[1], {
    requirement,
    expected: `peer ${node.id} to hold the successors ${pair.join(' and ')} ${because}`,
    actual: `state says ${JSON.stringify(claimed)}`,
  })
  await bench.until(() => pingsGoTo(bench, node.id, pair, start))
  bench.require(pingsGoTo(bench, node.id, pair, start), {
    requirement,
    expected: `peer ${node.id} to ping ${pair[0]} with slot 1 and ${pair[1]} with slot 2 ${because}`,
    actual: `it pings ${pingsInWords(bench, node.id, start)}, although state says ${JSON.stringify(claimed)}`,
    exhibits: framesOf(bench, allOf(since(start), strayPingOf(node.id, pair)))
      .slice(-2)
      .map((frame) => ({ frame: frame.n, at: '/slot' })),
  })
  // Whoever has itself for a successor pings nobody in that place: only a watch can tell.
  if (pair.includes(node.id)) await requireUnchanged(bench, node, pair, requirement, because)
  bench.evidence(
    `peer ${node.id} holds the successors ${pair.join(' and ')} ${because}`,
    latestPing(bench, node.id, 1, start),
  )
}

/** Watches for a while that a node keeps its successors, in `state` and on the wire. */
export const requireUnchanged = async (
  bench: RingBench,
  node: RingNode,
  pair: Pair,
  requirement: string,
  because: string,
): Promise<void> => {
  // The reply to `state` comes after any ping that was still on its way when the watch began.
  await node.state()
  const start = bench.frames.length
  const stray = await bench.quiet(allOf(since(start), strayPingOf(node.id, pair)), bench.timing.quietMs / 3)
  const claimed = (await node.state()).successors
  bench.require(claimed?.[0] === pair[0] && claimed[1] === pair[1] && stray === undefined, {
    requirement,
    expected: `peer ${node.id} to keep the successors ${pair.join(' and ')} ${because}`,
    actual:
      stray === undefined
        ? `state says ${JSON.stringify(claimed)}`
        : `a ping to ${stray.to} with slot ${integerField(stray, 'slot')}`,
    exhibits: stray === undefined ? [] : [{ frame: stray.n, at: '/slot' }],
  })
}
