// What becomes of a peer's two successors when something happens (ring.md sections 6 to 8), as pure functions. Whatever has
// happened, a ring comes to rest with what ring.circle.successors says.
//
// Rule of this file: a pair (x, x) with x other than the peer itself means "the second successor is not known". It arises
// when peer 4 of 4, 8, 12, 15 loses 8: it holds (12, 12) until 12 has told it about 15. A pair (self, self) is a ring of one,
// a pair (x, self) a ring of two.
import { inOpen } from './circle.ts'
import type { PeerId, Successors } from './vocabulary.ts'

export function isAlone(self: PeerId, successors: Successors): boolean {
  return successors[0] === self
}

/** True if the peer has to ask its first successor for the second. */
export function isSecondUnknown(self: PeerId, [first, second]: Successors): boolean {
  return first === second && first !== self
}

/** ring.dead.first, ring.dead.two-peers, ring.dead.both */
export function afterDeath(self: PeerId, [first, second]: Successors, dead: PeerId): Successors {
  if (dead === first) return second === self || second === dead ? [self, self] : [second, second]
  return dead === second ? [first, first] : [first, second]
}

/** ring.leave.first, ring.leave.second; the same pair if the departing peer is no successor. */
export function afterDepart(
  self: PeerId,
  own: Successors,
  departing: PeerId,
  [next, nextButOne]: Successors,
): Successors {
  // A peer that says that it was alone, or names itself as second, names nobody that is left.
  if (next === departing) return afterDeath(self, own, departing)
  if (departing === own[0]) {
    if (next === self) return [self, self]
    return nextButOne === departing ? [next, next] : [next, nextButOne]
  }
  return departing === own[1] ? [own[0], next] : own
}

export type SuccessorChangeOutcome =
  | { readonly kind: 'adopt'; readonly successors: Successors }
  | { readonly kind: 'pass-on' }
  | { readonly kind: 'ignore' }

/** ring.join.successor-change: two cases change something. ring.join.pass-on: in one the message is for a peer further on. */
export function afterSuccessorChange(
  self: PeerId,
  [first]: Successors,
  from: PeerId,
  [a, b]: Successors,
): SuccessorChangeOutcome {
  if (a === b) return { kind: 'ignore' }
  // The first successor has a new first successor: 4 holds (9, 14), and 9 says that 11 now follows it.
  if (from === a && from === first) return { kind: 'adopt', successors: [first, b] }
  // Somebody stands before the first successor: 4 holds (9, 14), and 9 says that 6 pings it as its first successor.
  if (from === b && from === first && inOpen(a, self, from)) return { kind: 'adopt', successors: [a, b] }
  return from === a && inOpen(from, first, self) ? { kind: 'pass-on' } : { kind: 'ignore' }
}

/** ring.join.accept: what the newcomer is given. */
export function acceptedSuccessors(self: PeerId, own: Successors, newcomer: PeerId): Successors {
  return isAlone(self, own) ? [self, newcomer] : own
}

/** ring.dead.query: the first of the two that is not the dead peer. */
export function answerToQuery(own: Successors | null, dead: PeerId | undefined): PeerId | null {
  return own?.find((successor) => successor !== dead) ?? null
}
