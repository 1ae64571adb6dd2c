// The usual beginnings of a case: a peer of the program that has not joined yet, and played participants around it.
import type { PeerResult } from '../../../../spec/peers/control.ts'
import type {
  PeerNode,
  PeersBench,
  PeersNodeOptions,
  PlayedNameService,
  PlayedPeer,
} from '../../../verdict/peers-bench.ts'
import { type Begun, begun } from '../../outcome.ts'

export interface Outside {
  readonly peer: PeerNode
  readonly nameService: PlayedNameService
  /** Peers that are registered already. */
  readonly lower: readonly PlayedPeer[]
  /** A peer that is not registered. */
  readonly stranger: PlayedPeer
}

/** A peer that has started and not joined, at a played name service whose first id is `firstId`. */
export async function outside(
  bench: PeersBench,
  options: PeersNodeOptions & { readonly lower?: number; readonly firstId?: number } = {},
): Promise<Outside> {
  const { lower: count = 0, firstId = 10, ...nodeOptions } = options
  const nameService = await bench.playNameService({ seats: Math.max(16, count + 8) })
  nameService.nextId = firstId
  const lower: PlayedPeer[] = []
  for (let i = 0; i < count; i += 1) {
    const peer = await bench.playPeer()
    nameService.enter(peer)
    lower.push(peer)
  }
  const stranger = await bench.playPeer()
  const peer = await bench.peer(nodeOptions)
  return { peer, nameService, lower, stranger }
}

/** Begins to join. */
export const join = (peer: PeerNode, withinMs?: number): Begun<PeerResult<'join'>> =>
  begun(peer.command('join', {}, withinMs))

/** Begins to leave. */
export const leave = (peer: PeerNode, withinMs?: number): Begun<void> => begun(peer.stop(withinMs))
