// Joins step by step: what the newcomer calls, and name services that answer by a script.
import type { ListedPeer, PeerResult } from '../../../../spec/peers/control.ts'
import type { Address } from '../../../../spec/peers/messages.ts'
import type { Bench } from '../../../verdict/bench.ts'
import type { PeerNode, PlayedNameService, PlayedPeer } from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { type Begun, requireSuccess } from '../../outcome.ts'
import { requireCall } from './calls.ts'
import { requireListNow } from './standstill.ts'

/** What a peer gives as its own address: what the bench told it to advertise. */
export const ownAddress = (peer: PeerNode): Address => peer.addressFor(peer.seat)

/** From now on the name service gives everyone this id and hash, and this answer to `require_all`. */
export function script(
  nameService: PlayedNameService,
  answers: {
    readonly id: number
    readonly hash?: string
    readonly all: readonly (readonly [number, Address])[]
  },
): void {
  const { id, hash = 'scripted', all } = answers
  nameService.on('register', () => ({ result: [id, hash] }))
  nameService.on('require_all', () => ({ result: all }))
}

/** The newcomer calls `register_peer` here, with its id and address. Takes the request. */
export const requireIntroduction = (
  bench: Bench,
  peer: PeerNode,
  played: PlayedPeer,
  id: number,
  requirement = 'peers.join.lower',
): Promise<Frame> =>
  requireCall(bench, played, 'register_peer', {
    requirement,
    expected: `register_peer from ${id} at the lower peer ${played.id}`,
    args: [id, ownAddress(peer)],
  })

/** The join succeeds with this id and this list, and `state` says the same. */
export async function requireJoined(
  bench: Bench,
  peer: PeerNode,
  join: Begun<PeerResult<'join'>>,
  expected: { readonly id: number; readonly peers: readonly ListedPeer[] },
  requirement: string,
): Promise<void> {
  const result = await requireSuccess(bench, join, requirement, 'join to succeed')
  bench.require(JSON.stringify(result) === JSON.stringify({ id: result.id, peers: result.peers }), {
    requirement: 'peers.join.done',
    expected: 'id and peers',
    actual: JSON.stringify(result),
  })
  bench.require(
    result.id === expected.id && JSON.stringify(result.peers) === JSON.stringify(expected.peers),
    {
      requirement,
      expected: `join to end with ${JSON.stringify(expected)}`,
      actual: JSON.stringify(result),
    },
  )
  await requireListNow(bench, peer, expected.peers, requirement, 'after join')
  const { id } = await peer.state()
  bench.require(id === expected.id, {
    requirement: 'peers.control.state',
    expected: `the id ${expected.id} in state`,
    actual: String(id),
  })
}
