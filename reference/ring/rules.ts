// The decisions of a ring peer, one function each, without state. The machine asks them through a `RingRules` object, so
// that a mutant, a peer with one known mistake, is the machine with one rule replaced.
import { inHalfOpen, inOpen, keyOf } from './circle.ts'
import {
  acceptedSuccessors,
  afterDeath,
  afterDepart,
  afterSuccessorChange,
  answerToQuery,
} from './successors.ts'
import type { PeerId, Successors } from './vocabulary.ts'

/** What a peer knows when it decides whether a key is its own. */
export interface OwnershipView {
  readonly self: PeerId
  /** First predecessor as learnt from pings; null while unknown. */
  readonly predecessor: PeerId | null
  readonly isAlone: boolean
}

/** ring.route.owner. `from` is the last hop, or null when the peer itself begins the lookup. */
export function owns(view: OwnershipView, key: number, from: PeerId | null): boolean {
  if (view.isAlone || key === view.self) return true
  if (view.predecessor !== null && inHalfOpen(key, view.predecessor, view.self)) return true
  // Peer 8 has died between 4 and 12. When 4 sends key 6 to 12, 12 may not have had a ping from 4 yet and still take 8 for
  // its predecessor. Without this the lookup would go round for nothing.
  return from !== null && from !== view.self && inHalfOpen(key, from, view.self)
}

/** ring.ping.displaced: the new predecessor stands between the old one and this peer, so the old one should know it. */
export function isDisplaced(former: PeerId | null, present: PeerId, self: PeerId): boolean {
  return former !== null && former !== present && inOpen(present, former, self)
}

/** ring.dead.threshold: more than three in a row. */
export function isDead(unansweredPings: number): boolean {
  return unansweredPings > 3
}

/** ring.leave.tell: both predecessors, each once. */
export function toldOnDeparture(predecessors: readonly (PeerId | null)[]): readonly PeerId[] {
  return [...new Set(predecessors)].filter((peer) => peer !== null)
}

/** ring.udp.segment and ring.udp.sequence. */
export function segmentLength(size: number, offset: number, mss: number): number {
  return Math.min(mss, size - offset)
}

export const ringRules = {
  keyOf,
  owns,
  /** ring.join.place */
  isPlace: (newcomer: PeerId, self: PeerId, first: PeerId): boolean => inOpen(newcomer, self, first),
  /** ring.join.duplicate */
  isDuplicate: (newcomer: PeerId, self: PeerId, first: PeerId): boolean =>
    newcomer === self || newcomer === first,
  acceptedSuccessors,
  /** ring.join.accept: the acceptor's own successors afterwards. */
  afterAccept: (_self: PeerId, own: Successors, newcomer: PeerId): Successors => [newcomer, own[0]],
  /** ring.join.tell-predecessor */
  changeForPredecessor: (self: PeerId, newcomer: PeerId): Successors => [self, newcomer],
  afterSuccessorChange,
  isDisplaced,
  isDead,
  afterDeath,
  afterDepart,
  answerToQuery,
  toldOnDeparture,
  /** ring.leave.quiet */
  isQuietOnceTold: true as boolean,
  /** ring.join.refused */
  takesRefusedNewcomerOut: true as boolean,
  segmentLength,
  /** ring.udp.sequence */
  sequenceOf: (offset: number): number => offset + 1,
  /** ring.udp.sequence: the number of the next byte. */
  ackOf: (seq: number, bytes: number): number => seq + bytes,
  /** ring.udp.end: the end takes one number. */
  ackOfEnd: (seq: number): number => seq + 1,
  /** ring.udp.drop: a retransmission is as likely to be dropped as the first transmission. */
  drops: (random: number, dropProbability: number, _retransmissions: number): boolean =>
    random < dropProbability,
}
export type RingRules = typeof ringRules
