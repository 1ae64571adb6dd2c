// What a peer believes about its place: two successors (null while it is in no ring) and two predecessors, learnt from
// pings. Every change of the successors goes through `adopt`, which reports it and lets the parts that depend on it follow:
// pings, repair, and the predecessor that still has to hear about a newcomer.
import type { SuccessorsCause } from '../../spec/ring/control.ts'
import type { RingMessageOf } from '../../spec/ring/messages.ts'
import type { Peer } from './peer.ts'
import { isAlone } from './successors.ts'
import type { PeerId, Successors } from './vocabulary.ts'

export class Membership {
  readonly #peer: Peer
  successors: Successors | null = null
  predecessors: [PeerId | null, PeerId | null] = [null, null]
  /** A newcomer was accepted before the first predecessor was known (ring.join.tell-predecessor). */
  #owesPredecessor = false
  /** Called after each change of the successors. */
  readonly onSuccessors: (() => void)[] = []
  /** Called after each change of the predecessors. */
  readonly onPredecessors: (() => void)[] = []

  constructor(peer: Peer) {
    this.#peer = peer
  }

  get isMember(): boolean {
    return this.successors !== null
  }

  get isAlone(): boolean {
    return this.successors !== null && isAlone(this.#peer.id, this.successors)
  }

  /** The first successor, which is null in no ring and the peer itself in a ring of one. */
  get first(): PeerId | null {
    return this.successors?.[0] ?? null
  }

  isSuccessor(peer: PeerId): boolean {
    return this.successors?.includes(peer) ?? false
  }

  adopt(successors: Successors, cause: SuccessorsCause): void {
    const former = this.successors
    if (former !== null && former[0] === successors[0] && former[1] === successors[1]) return
    this.successors = [successors[0], successors[1]]
    // ring.ping.predecessors: whoever pinged a peer that is alone now has died or gone; it must not be taken for an owner's
    // border any more. In a ring of two nobody pings this peer as a second successor.
    if (former !== null && this.isAlone) this.predecessors = [null, null]
    else if (former !== null && successors[1] === this.#peer.id) this.predecessors[1] = null
    this.#peer.report({ event: 'successors', successors: [successors[0], successors[1]], cause })
    for (const follow of this.onSuccessors) follow()
  }

  /** ring.ping.predecessors, and ring.ping.displaced for the peer that is replaced. */
  learnPredecessor(from: PeerId, slot: 1 | 2): void {
    if (from === this.#peer.id) return
    const [former] = this.predecessors
    this.predecessors[slot - 1] = from
    if (slot === 1) {
      if (former !== null && this.isMember && this.#peer.rules.isDisplaced(former, from, this.#peer.id)) {
        this.#tellChange(former, [from, this.#peer.id])
      }
      if (this.#owesPredecessor) this.tellPredecessor()
    }
    for (const follow of this.onPredecessors) follow()
  }

  /** Tells the first predecessor which peer follows this one now, or as soon as it is known. */
  tellPredecessor(): void {
    const [predecessor] = this.predecessors
    this.#owesPredecessor = predecessor === null
    if (predecessor === null || this.first === null) return
    this.#tellChange(predecessor, this.#peer.rules.changeForPredecessor(this.#peer.id, this.first))
  }

  #tellChange(to: PeerId, successors: Successors): void {
    if (this.#peer.isCrowded) return
    this.#peer.tell(to, { type: 'ring.successor-change', from: this.#peer.id, successors })
  }

  /** ring.join.successor-change, ring.join.pass-on */
  onSuccessorChange(message: RingMessageOf<'ring.successor-change'>): void {
    if (this.successors === null) return
    const outcome = this.#peer.rules.afterSuccessorChange(
      this.#peer.id,
      this.successors,
      message.from,
      message.successors,
    )
    if (outcome.kind === 'adopt') this.adopt(outcome.successors, 'successor-change')
    if (outcome.kind === 'pass-on' && !this.#peer.isCrowded) this.#peer.tell(this.successors[0], message)
  }
}
