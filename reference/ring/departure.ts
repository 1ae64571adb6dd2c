// Leaving in order (ring.md section 8).
//
// The two peers that ping this one must get other successors, so it tells both and waits until both have changed. One that
// it does not know yet pings it within an interval; one that never answers is waited for no longer than `departTimeoutMs`.
import type { Membership } from './membership.ts'
import type { Peer } from './peer.ts'
import type { PeerId } from './vocabulary.ts'

export class Departure {
  readonly #peer: Peer
  readonly #membership: Membership
  readonly #onFirstTold: () => void
  readonly #onDone: (handles: readonly number[]) => void
  /** Commands that wait for the end. */
  readonly #handles: number[] = []
  /** Predecessors that were told, and whether they have acknowledged or failed. */
  readonly #told = new Map<PeerId, 'waiting' | 'done'>()

  constructor(
    peer: Peer,
    membership: Membership,
    onFirstTold: () => void,
    onDone: (handles: readonly number[]) => void,
  ) {
    this.#peer = peer
    this.#membership = membership
    this.#onFirstTold = onFirstTold
    this.#onDone = onDone
    membership.onPredecessors.push(() => this.#continue())
    membership.onSuccessors.push(() => this.#continue())
  }

  get isDeparting(): boolean {
    return this.#handles.length > 0
  }

  /** ring.leave.tell, ring.leave.unknown */
  begin(handle: number): void {
    this.#handles.push(handle)
    if (this.#handles.length > 1) return
    this.#peer.setTimer('depart', this.#peer.settings.departTimeoutMs, () => this.#onDone(this.#handles))
    this.#continue()
  }

  #continue(): void {
    if (!this.isDeparting) return
    const { successors, predecessors } = this.#membership
    if (successors === null || this.#membership.isAlone) {
      this.#onDone(this.#handles)
      return
    }
    // In a ring of two nobody pings this peer as a second successor; whoever did has gone.
    const isTwoPeers = successors[1] === this.#peer.id
    const expected = isTwoPeers ? [predecessors[0]] : predecessors
    for (const predecessor of this.#peer.rules.toldOnDeparture(expected)) this.#tell(predecessor)
    const isAwaiting = expected.includes(null)
    const isUnanswered = [...this.#told.values()].includes('waiting')
    if (!isAwaiting && !isUnanswered) this.#onDone(this.#handles)
  }

  #tell(predecessor: PeerId): void {
    if (this.#told.has(predecessor) || this.#membership.successors === null) return
    this.#told.set(predecessor, 'waiting')
    const done = () => {
      this.#peer.finish(connection)
      this.#told.set(predecessor, 'done')
      if (predecessor === this.#membership.predecessors[0] && this.#peer.rules.isQuietOnceTold)
        this.#onFirstTold()
      this.#continue()
    }
    const connection = this.#peer.ask(
      predecessor,
      { type: 'ring.depart', from: this.#peer.id, successors: this.#membership.successors },
      { onAnswer: done, onFailed: done },
    )
  }
}
