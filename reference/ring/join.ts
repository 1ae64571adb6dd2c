// Joining (ring.md section 7), from all three sides.
//
// Newcomer 15 knows peer 4. It opens a connection to 4, sends `join` and keeps the connection open. The join runs along first
// successors to the peer in whose gap 15 belongs, 14. That peer accepts: it writes to 15 at 15's own address. A peer that
// declines must not do that, because when 14 asks for id 14 a second time, the one that answers there is the first 14. So a
// decline goes back to 4, which writes it to the connection that the newcomer holds open.
//
// Bound: NEWCOMERS_MAX newcomers wait here, HELD_MAX messages wait for this peer's own join.
import type { RingMessageOf, RingTcpMessage } from '../../spec/ring/messages.ts'
import type { ConnectionNumber } from '../core/machine.ts'
import { HELD_MAX, NEWCOMERS_MAX } from './limits.ts'
import type { Membership } from './membership.ts'
import type { Peer } from './peer.ts'
import type { Repair } from './repair.ts'
import type { Routing } from './routing.ts'
import type { PeerId } from './vocabulary.ts'

type Join = RingMessageOf<'ring.join'>
type DeclineReason = RingMessageOf<'ring.decline'>['reason']

/** A newcomer that asked this peer. */
interface Newcomer {
  readonly connection: ConnectionNumber
  /** It has shut down its sending side. It may have given up, or may still read the answer. */
  hasEnded: boolean
}

/** This peer's own join. */
interface OwnJoin {
  readonly handle: number
  readonly connection: ConnectionNumber
  /** Messages that came too early: the acceptor counts on this peer before `accept` has arrived. */
  early: { readonly connection: ConnectionNumber; readonly message: RingTcpMessage }[]
}

export class Joining {
  readonly #peer: Peer
  readonly #membership: Membership
  readonly #repair: Repair
  readonly #routing: Routing
  readonly #redeliver: (connection: ConnectionNumber, message: RingTcpMessage) => void
  readonly #newcomers = new Map<PeerId, Newcomer>()
  #own: OwnJoin | undefined

  constructor(
    peer: Peer,
    membership: Membership,
    repair: Repair,
    routing: Routing,
    redeliver: (connection: ConnectionNumber, message: RingTcpMessage) => void,
  ) {
    this.#peer = peer
    this.#membership = membership
    this.#repair = repair
    this.#routing = routing
    this.#redeliver = redeliver
  }

  // The newcomer

  get isJoining(): boolean {
    return this.#own !== undefined
  }

  /** ring.join.listen-first */
  begin(handle: number, via: PeerId): void {
    if (this.#membership.isMember) {
      this.#peer.fail(handle, 'already-in-ring', 'this peer is in a ring')
      return
    }
    if (this.#own !== undefined) {
      this.#peer.fail(handle, 'already-in-ring', 'this peer is joining a ring')
      return
    }
    if (via === this.#peer.id) {
      this.#peer.fail(handle, 'bad-argument', 'via: is the id of the peer itself')
      return
    }
    const { id } = this.#peer
    const connection = this.#peer.ask(
      via,
      { type: 'ring.join', from: id, id, route: [] },
      {
        onAnswer: (message) => {
          if (message.type === 'ring.decline')
            this.#fail(message.reason, `peer ${message.from} declined: ${message.reason}`)
          if (message.type === 'error')
            this.#fail('unreachable', `peer ${via} refused: ${message.code}, ${message.message}`)
        },
        onFailed: (reason) => {
          // A connection that has been up and ends is no answer: `accept` comes from elsewhere and may be on its way.
          if (reason === 'unreachable') this.#fail('unreachable', `peer ${via} cannot be reached`)
        },
      },
    )
    this.#own = { handle, connection, early: [] }
    this.#peer.setTimer('join', this.#peer.settings.joinTimeoutMs, () =>
      this.#fail('timeout', 'no answer to the join'),
    )
  }

  #fail(code: 'unreachable' | 'timeout' | DeclineReason, message: string): void {
    const own = this.#endOwn()
    if (own === undefined) return
    this.#peer.fail(own.handle, code, message)
    for (const { connection } of own.early)
      this.#peer.refuse(connection, 'not-in-ring', 'this peer is in no ring')
  }

  #endOwn(): OwnJoin | undefined {
    const own = this.#own
    if (own === undefined) return undefined
    this.#own = undefined
    this.#peer.clearTimer('join')
    this.#peer.finish(own.connection)
    return own
  }

  /** Keeps a message that needs a member until this peer is one (ring.join.not-member). False if there is no room. */
  hold(connection: ConnectionNumber, message: RingTcpMessage): boolean {
    if (this.#own === undefined || this.#own.early.length >= HELD_MAX) return false
    this.#own.early.push({ connection, message })
    return true
  }

  /** ring.join.adopt */
  onAccept(connection: ConnectionNumber, message: RingMessageOf<'ring.accept'>): void {
    if (this.#own === undefined || message.successors[0] === this.#peer.id) {
      this.#peer.refuse(connection, 'unexpected', 'no join is waiting for this')
      return
    }
    const own = this.#endOwn()
    if (own === undefined) return
    this.#membership.adopt(message.successors, 'join')
    this.#peer.succeed(own.handle, { successors: message.successors, route: message.route })
    for (const early of own.early) this.#redeliver(early.connection, early.message)
  }

  // The peers on the way, and the acceptor

  /** ring.join.place, ring.join.forward, ring.join.duplicate, ring.join.no-place. Called for members only. */
  onJoin(connection: ConnectionNumber, message: Join): void {
    const { id: self, rules } = this.#peer
    const { successors } = this.#membership
    if (successors === null) return
    const isKnownPeer = message.route.length === 0
    if (rules.isDuplicate(message.id, self, successors[0]) || (isKnownPeer && this.#isWaiting(message.id))) {
      this.#decline(connection, message, 'duplicate-id')
      return
    }
    if (this.#peer.isCrowded) {
      this.#peer.refuse(connection, 'busy', 'too many connections')
      return
    }
    if (rules.isPlace(message.id, self, successors[0])) {
      this.#accept(message)
      return
    }
    if (message.route.includes(self)) {
      this.#decline(connection, message, 'no-place')
      return
    }
    if (isKnownPeer && !this.#await(message.id, connection)) {
      this.#peer.refuse(connection, 'busy', `${NEWCOMERS_MAX} newcomers are waiting`)
      return
    }
    this.#routing.forward({ ...message, from: self, route: [...message.route, self] }, connection)
  }

  /** A join that was kept for a first successor which has died: this peer is alone now. */
  acceptHere(message: Join): void {
    if (message.id !== this.#peer.id && !this.#peer.isCrowded) this.#accept(message)
  }

  /** ring.join.accept and ring.join.tell-predecessor */
  #accept(message: Join): void {
    const { id: self, rules } = this.#peer
    const { successors } = this.#membership
    if (successors === null) return
    const newcomer = message.id
    const wasAlone = this.#membership.isAlone
    const connection = this.#peer.tell(
      newcomer,
      {
        type: 'ring.accept',
        from: self,
        successors: rules.acceptedSuccessors(self, successors, newcomer),
        route: [...message.route, self],
      },
      {
        onAnswer: (answer) => {
          this.#peer.finish(connection)
          if (answer.type === 'error') this.#onAcceptRefused(newcomer)
        },
      },
    )
    this.#membership.adopt(rules.afterAccept(self, successors, newcomer), 'join')
    if (!wasAlone) this.#membership.tellPredecessor()
  }

  /** ring.join.refused. The newcomer had given up just before: it answers pings, but is in no ring, and would cut the circle for good. */
  #onAcceptRefused(newcomer: PeerId): void {
    if (this.#membership.first !== newcomer || !this.#peer.rules.takesRefusedNewcomerOut) return
    this.#repair.lose(newcomer)
    if (!this.#membership.isAlone) this.#membership.tellPredecessor()
  }

  /** ring.join.decline-path */
  #decline(connection: ConnectionNumber, message: Join, reason: DeclineReason): void {
    const decline = { type: 'ring.decline', from: this.#peer.id, id: message.id, reason } as const
    const known = message.route[0]
    if (known === undefined) {
      this.#peer.answer(connection, decline)
      return
    }
    if (known === this.#peer.id) this.#passDecline(decline)
    else if (!this.#peer.isCrowded) this.#peer.tell(known, decline)
  }

  // The known peer

  #isWaiting(id: PeerId): boolean {
    return this.#newcomers.get(id)?.hasEnded === false
  }

  /** Remembers where an answer for that newcomer goes. False if there is no room. */
  #await(id: PeerId, connection: ConnectionNumber): boolean {
    this.#drop(id)
    if (this.#newcomers.size >= NEWCOMERS_MAX) {
      // One that has ended its side has most likely been accepted and gone.
      const gone = [...this.#newcomers].find(([, newcomer]) => newcomer.hasEnded)
      if (gone === undefined) return false
      this.#drop(gone[0])
    }
    this.#newcomers.set(id, { connection, hasEnded: false })
    return true
  }

  #drop(id: PeerId): void {
    const newcomer = this.#newcomers.get(id)
    if (newcomer === undefined) return
    this.#newcomers.delete(id)
    if (newcomer.hasEnded) this.#peer.close(newcomer.connection)
  }

  onDecline(connection: ConnectionNumber, message: RingMessageOf<'ring.decline'>): void {
    if (!this.#passDecline(message))
      this.#peer.refuse(connection, 'unexpected', 'no newcomer of that id is waiting')
  }

  #passDecline(message: RingMessageOf<'ring.decline'>): boolean {
    const newcomer = this.#newcomers.get(message.id)
    if (newcomer === undefined) return false
    this.#peer.answer(newcomer.connection, message)
    this.#drop(message.id)
    return true
  }

  /** True if an answer may still go out on this connection although the other side sends no more (common.tcp.half-close). */
  keepsOpen(connection: ConnectionNumber): boolean {
    let isKept = false
    for (const newcomer of this.#newcomers.values()) {
      if (newcomer.connection !== connection) continue
      newcomer.hasEnded = true
      isKept = true
    }
    return isKept
  }

  /** The wait for an answer ends with the newcomer's connection. */
  onClosed(connection: ConnectionNumber): void {
    if (this.#own !== undefined) {
      this.#own.early = this.#own.early.filter(
        (early) => early.connection !== connection || early.message.type !== 'ring.join',
      )
    }
    for (const [id, newcomer] of this.#newcomers) {
      if (newcomer.connection === connection) this.#newcomers.delete(id)
    }
  }

  /** A peer that stops leaves no command without a reply. */
  endAll(code: 'not-started', message: string): void {
    const own = this.#endOwn()
    if (own !== undefined) this.#peer.fail(own.handle, code, message)
  }
}
