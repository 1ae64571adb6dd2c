// Finding a second successor again (ring.md section 6).
//
// When peer 4 loses 5, it takes 8 for its first successor and asks it who comes next. The query names 5, because 8 may not
// have noticed the death of a peer that is its own successor too. The answer counts only while 8 is still the first
// successor and the second is still unknown; until then the question is repeated every ping interval.
import type { RingMessageOf } from '../../spec/ring/messages.ts'
import type { ConnectionNumber } from '../core/machine.ts'
import { QUERIES_MAX } from './limits.ts'
import type { Membership } from './membership.ts'
import type { Peer } from './peer.ts'
import { isSecondUnknown } from './successors.ts'
import type { PeerId } from './vocabulary.ts'

export class Repair {
  readonly #peer: Peer
  readonly #membership: Membership
  /** The peer that was lost last. */
  #lost: PeerId | undefined
  #asked: PeerId | undefined
  /** Queries without an answer, the oldest first. Bound: QUERIES_MAX. */
  readonly #queries: ConnectionNumber[] = []
  #refreshConnection: ConnectionNumber | undefined
  #isRefreshing = false

  constructor(peer: Peer, membership: Membership) {
    this.#peer = peer
    this.#membership = membership
    membership.onSuccessors.push(() => this.#follow())
  }

  /** ring.dead.first, ring.dead.two-peers, ring.dead.both, ring.control.peer-dead */
  onDead(dead: PeerId): void {
    this.#peer.report({ event: 'peer-dead', peer: dead })
    this.lose(dead)
  }

  /** Goes on without that successor. */
  lose(lost: PeerId): void {
    const { successors } = this.#membership
    if (successors === null) return
    this.#lost = lost
    this.#membership.adopt(this.#peer.rules.afterDeath(this.#peer.id, successors, lost), 'dead')
  }

  /** ring.leave.first, ring.leave.second */
  onDepart(departing: PeerId, theirs: RingMessageOf<'ring.depart'>['successors']): void {
    const { successors } = this.#membership
    if (successors === null || !this.#membership.isSuccessor(departing)) return
    this.#peer.report({ event: 'peer-departed', peer: departing })
    this.#lost = departing
    this.#membership.adopt(
      this.#peer.rules.afterDepart(this.#peer.id, successors, departing, theirs),
      'depart',
    )
  }

  #follow(): void {
    const { successors } = this.#membership
    if (successors === null) return
    this.#beginRefreshing()
    if (!isSecondUnknown(this.#peer.id, successors)) {
      this.#rest()
      return
    }
    if (this.#asked !== successors[0]) this.#ask()
  }

  #rest(): void {
    this.#asked = undefined
    this.#dropQueries(0)
    this.#peer.clearTimer('repair')
  }

  #dropQueries(kept: number): void {
    while (this.#queries.length > kept) {
      const oldest = this.#queries.shift()
      if (oldest !== undefined) this.#peer.abort(oldest)
    }
  }

  #ask(): void {
    const { successors } = this.#membership
    if (successors === null) return
    const [asked] = successors
    const dead = this.#lost
    // An answer that takes longer than an interval is an answer all the same, unless it was another peer that was asked.
    this.#dropQueries(this.#asked === asked ? QUERIES_MAX - 1 : 0)
    this.#asked = asked
    const query = dead === undefined ? {} : { dead }
    const connection = this.#peer.ask(
      asked,
      { type: 'ring.successor-query', from: this.#peer.id, ...query },
      {
        onAnswer: (message) => {
          this.#peer.finish(connection)
          if (message.type === 'ring.successor-answer') this.#onAnswer(asked, dead, message.successor)
        },
      },
    )
    this.#queries.push(connection)
    this.#peer.setTimer('repair', this.#peer.settings.pingIntervalMs, () => this.#ask())
  }

  /** ring.dead.answer. An answer that names the asked peer itself leaves the second successor as unknown as it was. */
  #onAnswer(asked: PeerId, dead: PeerId | undefined, answer: PeerId | null): void {
    const { successors } = this.#membership
    if (successors === null || this.#asked !== asked || answer === null || answer === dead) return
    this.#membership.adopt([asked, answer], 'repair')
  }

  /** ring.dead.refresh */
  #beginRefreshing(): void {
    const { refreshIntervalMs } = this.#peer.settings
    if (refreshIntervalMs === 0 || this.#isRefreshing) return
    this.#isRefreshing = true
    this.#peer.setTimer('refresh', refreshIntervalMs, () => this.#refresh())
  }

  #refresh(): void {
    this.#peer.setTimer('refresh', this.#peer.settings.refreshIntervalMs, () => this.#refresh())
    if (this.#refreshConnection !== undefined) this.#peer.abort(this.#refreshConnection)
    this.#refreshConnection = undefined
    const asked = this.#membership.first
    if (asked === null || this.#membership.isAlone || this.#asked !== undefined) return
    const connection = this.#peer.ask(
      asked,
      { type: 'ring.successor-query', from: this.#peer.id },
      {
        onAnswer: (message) => {
          this.#peer.finish(connection)
          if (message.type !== 'ring.successor-answer' || message.successor === null) return
          // While a death is being repaired, only the answer to the query that names the dead peer counts.
          if (this.#asked !== undefined || this.#membership.first !== asked || message.successor === asked)
            return
          this.#membership.adopt([asked, message.successor], 'repair')
        },
      },
    )
    this.#refreshConnection = connection
  }
}
