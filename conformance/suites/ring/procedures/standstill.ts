// Showing that something did not happen. A quiet window alone proves little: the node may be slow, or dead. So after the
// window comes a fence, a message that the node must answer, and only then does the case look: at the frames, at `state`
// and at the files in the node's folder.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { RingResult } from '../../../../spec/ring/control.ts'
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import type { Probe } from '../../../wire/probe.ts'
import { type FramePredicate, requireNone, sentTo } from '../frames.ts'

const fencesOfBench = new WeakMap<RingBench, number>()

async function pingAndAwait(
  bench: RingBench,
  node: RingNode,
  probe: Probe,
  slot: 1 | 2,
  requirement: string,
): Promise<Frame> {
  const seq = (fencesOfBench.get(bench) ?? 1_000_000) + 1
  fencesOfBench.set(bench, seq)
  await probe.ping(node, slot, seq)
  return bench.requireFrame(await bench.seen(sentTo(probe.id, 'ring.pong', { seq })), {
    requirement,
    expected: `a pong with seq ${seq} to peer ${probe.id}: the node serves`,
  })
}

/** A ping with a `seq` of its own, answered: everything that was sent to the node before over UDP has been handled. */
export const fence = (
  bench: RingBench,
  node: RingNode,
  firstPredecessor: Probe,
  requirement = 'ring.ping.answer',
): Promise<Frame> => pingAndAwait(bench, node, firstPredecessor, 1, requirement)

/** A sign of life on the wire from a node whose first predecessor is not to change: words alone are no evidence. */
export const greet = (
  bench: RingBench,
  node: RingNode,
  probe: Probe,
  requirement = 'ring.ping.answer',
): Promise<Frame> => pingAndAwait(bench, node, probe, 2, requirement)

/**
 * No frame matches, neither during a quiet window nor up to a fence after it. `fenceWith` does something that the node
 * must answer. The window is for reactions that come at once; what a timer could send needs the bench's longer one.
 */
export async function requireNever(
  bench: RingBench,
  matches: FramePredicate,
  details: { readonly requirement: string; readonly expected: string },
  fenceWith: () => Promise<unknown>,
  forMs: number = bench.timing.quietMs / 3,
): Promise<void> {
  await bench.quiet(matches, forMs)
  await fenceWith()
  requireNone(bench, matches, details)
}

/** The node's `state` is still what it was. */
export async function requireSameState(
  bench: RingBench,
  node: RingNode,
  before: RingResult<'state'>,
  requirement: string,
  after: string,
): Promise<void> {
  const state = await node.state()
  bench.require(isDeepStrictEqual(state, before), {
    requirement,
    expected: `the same state after ${after}: ${JSON.stringify(before)}`,
    actual: JSON.stringify(state),
  })
}

/** The files below a folder that hold the beginning of `content`. A program may keep logs there; it may not keep this. */
async function filesHolding(folder: string, content: Uint8Array): Promise<readonly string[]> {
  const mark = Buffer.from(content.subarray(0, 64))
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const holding: string[] = []
  for (const path of paths) {
    // A file that vanishes while we look is on its way out, which is what we want to see.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0))
    if (bytes.includes(mark)) holding.push(path)
  }
  return holding
}

/** Discarded content is gone from the node's folder, at the latest when the time is over. */
export async function requireDiscarded(
  bench: RingBench,
  node: RingNode,
  content: Uint8Array,
  requirement: string,
  what: string,
): Promise<void> {
  const gone = await bench.until(async () => (await filesHolding(node.folder, content)).length === 0)
  bench.require(gone, {
    requirement,
    expected: `nothing of ${what} in the node's folder`,
    actual: `the bytes are in ${(await filesHolding(node.folder, content)).join(', ')}`,
  })
}
