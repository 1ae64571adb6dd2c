// What a node holds and reports: its list, its events, and that neither has changed.
//
// Events and the reply to `state` come by the same channel in order. So after a `state` all events are there of whatever the
// node had done before it.
import { isDeepStrictEqual } from 'node:util'
import type { ListedPeer, PeerEvent, PeerEventName, PeerResult } from '../../../../spec/peers/control.ts'
import type { Bench } from '../../../verdict/bench.ts'
import type { PeerNode, Played, PlayedPeer } from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { requireResult } from './answers.ts'

/** The entries that this node must have for these played peers, in the order of ids. */
export const entriesFor = (node: PeerNode, peers: readonly PlayedPeer[]): readonly ListedPeer[] =>
  peers.map((peer) => ({ id: peer.id, address: peer.addressFor(node) })).toSorted((a, b) => a.id - b.id)

/** The node's list is this one, at the latest when the time is over. */
export async function requireList(
  bench: Bench,
  node: PeerNode,
  expected: readonly ListedPeer[],
  requirement: string,
  because: string,
): Promise<void> {
  let held: readonly ListedPeer[] = []
  await bench.until(async () => {
    held = (await node.state()).peers
    return isDeepStrictEqual(held, expected)
  })
  bench.require(isDeepStrictEqual(held, expected), {
    requirement,
    expected: `the list ${JSON.stringify(expected)} ${because}`,
    actual: JSON.stringify(held),
  })
}

/** `requireList` for a list that has to be right at this moment. */
export async function requireListNow(
  bench: Bench,
  node: PeerNode,
  expected: readonly ListedPeer[],
  requirement: string,
  because: string,
): Promise<void> {
  const held = (await node.state()).peers
  bench.require(isDeepStrictEqual(held, expected), {
    requirement,
    expected: `the list ${JSON.stringify(expected)} ${because}`,
    actual: JSON.stringify(held),
  })
}

/** The node's `state` is still what it was. */
export async function requireSameState(
  bench: Bench,
  node: PeerNode,
  before: PeerResult<'state'>,
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

type EventNamed<E extends PeerEventName> = Extract<PeerEvent, { readonly event: E }>

/** Events of this name so far. */
export const eventsOf = <E extends PeerEventName>(node: PeerNode, name: E): readonly EventNamed<E>[] =>
  node.events.filter((event): event is EventNamed<E> & { readonly atMs: number } => event.event === name)

/** The ids of the events `joined` or `left`, in their order, once the node has said all that it had to say. */
export async function idsOf(node: PeerNode, name: 'joined' | 'left'): Promise<readonly number[]> {
  await node.state()
  return eventsOf(node, name).map(({ id }) => id)
}

/** The events `joined` or `left` so far are about exactly these ids, in this order. */
export async function requireIds(
  bench: Bench,
  node: PeerNode,
  name: 'joined' | 'left',
  expected: readonly number[],
  requirement: string,
): Promise<void> {
  await bench.until(() => eventsOf(node, name).length >= expected.length)
  const ids = await idsOf(node, name)
  bench.require(isDeepStrictEqual(ids, expected), {
    requirement,
    expected: `the events ${name} of ${JSON.stringify(expected)} and no others`,
    actual: JSON.stringify(ids),
  })
}

/** The node serves: it answers `check`. */
export async function requireServes(
  bench: Bench,
  played: Played,
  node: PeerNode,
  requirement: string,
): Promise<Frame> {
  const { id, type } = await node.state()
  const { answer } = await played.call(node, 'check', [])
  return requireResult(bench, answer, [id, type], { requirement, to: 'check: the node serves' })
}
