// Pings (ring.md section 5) and the verdict "dead" (section 6).
//
// A peer pings each of its successors every interval and counts the pings that stay unanswered. The count is of pings in a
// row: one pong clears it, so that four losses spread over an hour mean nothing and four in a row mean that peer is gone.
// Bound: one series of pings per successor, that is two.
import type { RingMessageOf } from '../../spec/ring/messages.ts'
import type { Membership } from './membership.ts'
import type { Peer } from './peer.ts'
import type { PeerId } from './vocabulary.ts'

interface Series {
  /** Sequence number of the next ping. */
  next: number
  /** The latest ping that was answered; -1 before any. */
  answered: number
  /** Pings in a row without an answer, the one under way included. */
  unanswered: number
}

export class Pinging {
  readonly #peer: Peer
  readonly #membership: Membership
  readonly #onDead: (dead: PeerId) => void
  readonly #series = new Map<PeerId, Series>()
  #isSilent = false

  constructor(peer: Peer, membership: Membership, onDead: (dead: PeerId) => void) {
    this.#peer = peer
    this.#membership = membership
    this.#onDead = onDead
    membership.onSuccessors.push(() => this.#follow())
  }

  /** ring.ping.interval and ring.ping.sequence: a series begins and ends with the peer's being a successor. */
  #follow(): void {
    for (const pinged of [...this.#series.keys()]) {
      if (this.#membership.isSuccessor(pinged)) continue
      this.#series.delete(pinged)
      this.#peer.clearTimer(`ping:${pinged}`)
    }
    for (const successor of this.#membership.successors ?? []) {
      if (this.#isSilent || successor === this.#peer.id || this.#series.has(successor)) continue
      this.#series.set(successor, { next: 0, answered: -1, unanswered: 0 })
      this.#ping(successor)
    }
  }

  #ping(to: PeerId): void {
    const series = this.#series.get(to)
    if (series === undefined) return
    // The latest ping has been under way for a whole interval by now, so it counts as unanswered too (ring.dead.threshold).
    if (this.#peer.rules.isDead(series.unanswered)) {
      this.#onDead(to)
      return
    }
    const slot = to === this.#membership.first ? 1 : 2
    this.#peer.sendDatagram(to, { type: 'ring.ping', from: this.#peer.id, seq: series.next, slot })
    series.next += 1
    series.unanswered += 1
    this.#peer.setTimer(`ping:${to}`, this.#peer.settings.pingIntervalMs, () => this.#ping(to))
  }

  /** ring.ping.answer: also by a peer that is in no ring. The answer goes to the peer in `from` (ring.address.pong). */
  onPing(message: RingMessageOf<'ring.ping'>): void {
    this.#peer.sendDatagram(message.from, { type: 'ring.pong', from: this.#peer.id, seq: message.seq })
    this.#membership.learnPredecessor(message.from, message.slot)
  }

  /** ring.dead.patience */
  onPong(message: RingMessageOf<'ring.pong'>): void {
    const series = this.#series.get(message.from)
    if (series === undefined || message.seq <= series.answered || message.seq >= series.next) return
    series.answered = message.seq
    // With ping 7 answered late, 8 and 9 are still open and stay in the count; 6, which was lost, does not.
    series.unanswered = series.next - 1 - message.seq
  }

  /** ring.leave.quiet: no ping goes out any more, not even to successors that come later. */
  fallSilent(): void {
    this.#isSilent = true
    for (const pinged of this.#series.keys()) this.#peer.clearTimer(`ping:${pinged}`)
    this.#series.clear()
  }
}
