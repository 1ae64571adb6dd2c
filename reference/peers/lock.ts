// The lock: one token per type, the second algorithm of Ricart and Agrawala (peers.lock.*).
//
// Who wants the token says so to everybody once. Who has it and needs it no longer passes it to the next in the circle of ids
// that has asked since it was last served; request times and the times in the token tell who that is. So nobody is served
// twice before everybody that waits is served once.
//
// Rule of this file: the token is here, or it is on its way and nobody has it. While `obtain_token` is under way the times
// stay here too, because it comes back when the call fails.
import type { TokenState } from '../../spec/peers/control.ts'
import { errorNames, type Token } from '../../spec/peers/messages.ts'
import { findById, putById, removeById } from './by-id.ts'
import type { Outcome } from './calls.ts'
import { stopped } from './failure.ts'
import { type JoinState, notReady } from './join.ts'
import { REQUESTS_MAX } from './limits.ts'
import type { Peer } from './peer.ts'
import { errorAnswer } from './skeleton.ts'
import type { Address, PeerId, PeersAnswer } from './vocabulary.ts'

/** Who in this peer has the lock or waits for it. */
export type LockUser =
  | { readonly kind: 'acquire'; readonly handle: number }
  | { readonly kind: 'write' }
  | { readonly kind: 'catch-up' }

interface Moment {
  readonly id: PeerId
  readonly time: number
}

export interface LockState {
  clock: number
  token: TokenState
  /** Of each peer the time of its latest request, also of some that are not in the list yet. Bound: REQUESTS_MAX beside the list. */
  readonly requests: Moment[]
  /** The times in the token, while it is here or on its way from here. */
  releases: Moment[]
  /** The user holds the lock if the token is held, and else waits for it. */
  user: LockUser | null
  /** Peers of the list that have still to be asked for the token. */
  unasked: PeerId[]
  /** The token is on its way: by which connection, and to whom. */
  passing: { readonly connection: number; readonly to: PeerId } | null
}

export function freeLock(): LockState {
  return { clock: 0, token: 'none', requests: [], releases: [], user: null, unasked: [], passing: null }
}

const ACQUIRE_TIMER = 'acquire'

export class Lock {
  readonly #peer: Peer
  readonly #state: LockState

  constructor(peer: Peer, state: LockState) {
    this.#peer = peer
    this.#state = state
  }

  get token(): TokenState {
    return this.#state.token
  }

  get isPassing(): boolean {
    return this.#state.passing !== null
  }

  get isFree(): boolean {
    return this.#state.user === null
  }

  get isHeldByCommand(): boolean {
    return this.#state.token === 'held' && this.#state.user?.kind === 'acquire'
  }

  /** For `state`: the requests of the peers in the list. */
  get requests(): [PeerId, number][] {
    return this.#state.requests
      .filter(({ id }) => this.#peer.list.has(id))
      .map(({ id, time }): [PeerId, number] => [id, time])
  }

  /** True if that peer has asked since it was last served. */
  isWaitingFor(id: PeerId): boolean {
    const { requests, releases } = this.#state
    const request = findById(requests, id)?.time ?? 0
    return this.#peer.rules.isUnserved(request, findById(releases, id)?.time ?? 0)
  }

  #setToken(token: TokenState): void {
    if (this.#state.token === token) return
    this.#state.token = token
    this.#peer.report({ event: 'token', token })
  }

  /** peers.lock.create */
  maybeCreate({ hasTold, hasSeenToken }: JoinState): void {
    const { rules, id, list } = this.#peer
    if (!rules.createsToken({ self: id, list: list.peers, hasTold, hasSeenToken })) return
    this.#state.releases = []
    this.#setToken('present')
  }

  // Wanting it

  /** The lock must be free. peers.lock.request, peers.lock.present */
  acquire(user: LockUser): void {
    const { rules, settings, list } = this.#peer
    this.#state.clock = rules.clockAfter(this.#state.clock)
    this.#state.user = user
    if (this.#state.token === 'present') {
      this.#hold()
      return
    }
    this.#peer.emit({ kind: 'set-timer', name: ACQUIRE_TIMER, delayMs: settings.acquireTimeoutMs })
    this.#state.unasked = rules.asked(list.peers).map(({ id }) => id)
    this.askMore()
  }

  get #isWaiting(): boolean {
    return this.#state.user !== null && this.#state.token !== 'held'
  }

  askMore(): void {
    const { unasked, clock } = this.#state
    this.#peer.callEach(unasked, 'request-token', 'request_token', [clock, this.#peer.id])
  }

  #hold(): void {
    const { user } = this.#state
    this.#state.unasked = []
    this.#peer.emit({ kind: 'clear-timer', name: ACQUIRE_TIMER })
    this.#setToken('held')
    if (user?.kind === 'acquire') this.#peer.succeed(user.handle, {})
    if (user?.kind === 'write') this.#peer.database?.onLocked()
    if (user?.kind === 'catch-up') this.#peer.database?.onLockedToCatchUp()
  }

  /** peers.lock.timeout. False if the timer is another one's. */
  onTimer(name: string): boolean {
    if (name !== ACQUIRE_TIMER) return false
    const { user } = this.#state
    if (user === null || !this.#isWaiting) return true
    const failure = { code: 'timeout', message: 'the token has not come in time' } as const
    this.#giveUp()
    if (user.kind === 'acquire') this.#peer.fail(user.handle, failure)
    if (user.kind === 'write') this.#peer.database?.onLockTimeout()
    if (user.kind === 'catch-up') this.#peer.leave.afterJoin(failure)
    this.#peer.database?.goOn()
    return true
  }

  #giveUp(): void {
    this.#state.user = null
    this.#state.unasked = []
  }

  // Passing it

  /** peers.lock.release */
  release(): void {
    const { rules, state, id } = this.#peer
    this.#state.user = null
    putById(this.#state.releases, { id, time: rules.releasedAt(this.#state.clock) })
    // A peer that leaves looks for a successor itself.
    if (state.leave === null) this.#passOn()
    else this.#setToken('present')
  }

  /** peers.lock.order: to the next that waits for it, or it stays here. */
  #passOn(): void {
    const { rules, list, id } = this.#peer
    const order = rules.inOrder(
      id,
      list.peers.map((peer) => peer.id),
    )
    const next = order.find((candidate) => this.isWaitingFor(candidate))
    const address = next === undefined ? undefined : list.addressOf(next)
    if (next !== undefined && address !== undefined) this.passTo(next, address)
    else if (this.#isWaiting) this.#hold()
    else this.#setToken('present')
  }

  /** peers.lock.token. A peer that leaves passes it to anyone, who need not have asked. */
  passTo(to: PeerId, address: Address): void {
    const { calls, list, id } = this.#peer
    const timeOf = (peer: PeerId) => findById(this.#state.releases, peer)?.time ?? 0
    const pairs = [id, ...list.peers.map((peer) => peer.id)].map((peer) => [peer, timeOf(peer)])
    const connection = calls.begin(address, 'obtain_token', [pairs], { kind: 'obtain-token', id: to })
    this.#state.passing = { connection, to }
    this.#setToken('none')
  }

  /** peers.lock.pass-once */
  onPassed(connection: number, outcome: Outcome): void {
    const { passing } = this.#state
    // Otherwise the token has come back before the answer did: it must have arrived.
    if (passing?.connection !== connection) return
    this.#state.passing = null
    const { state, leave, rules } = this.#peer
    if (rules.dropsRequestAfter(outcome)) removeById(this.#state.requests, passing.to)
    if (!rules.keepsAfter(outcome)) this.#state.releases = []
    else if (state.leave === null) this.#passOn()
    else this.#setToken('present')
    leave.goOn()
  }

  // What others call

  /** peers.lock.record, peers.lock.idle */
  onRequest(time: number, from: PeerId): void {
    const { requests, token } = this.#state
    const { rules, list, state, id } = this.#peer
    if (from === id) return
    const known = findById(requests, from)
    const isListed = list.has(from)
    if (known === undefined && !isListed && requests.length >= REQUESTS_MAX) return
    const latest = rules.recorded(known?.time ?? 0, time)
    if (latest > 0) putById(requests, { id: from, time: latest })
    if (!isListed || state.leave !== null) return
    if (rules.passesOnRequest(token) && this.isWaitingFor(from)) this.#passOn()
  }

  /** The answer to `obtain_token` (peers.lock.leave-order, peers.lock.not-ready); `onObtained` follows if it is no error. */
  answerToToken(): PeersAnswer {
    const { state, rules, join } = this.#peer
    if (state.leave !== null && rules.refusesTokenOnLeave) {
      return errorAnswer(errorNames.leaving, 'this peer is leaving')
    }
    // Who is only joining must take it: peer 9 has an id at the name service before it knows it.
    return join.hasBegun ? { result: null } : notReady
  }

  /** peers.lock.unwanted, if nobody here waits for it. */
  onObtained(pairs: Token): void {
    const { state, rules, list, join, id } = this.#peer
    if (state.join !== null) state.join.hasSeenToken = true
    const isHere = this.#state.token !== 'none'
    if (!isHere) this.#state.releases = []
    this.#state.passing = null
    const isKnown = (peer: PeerId) => peer === id || list.has(peer) || join.isTelling(peer)
    for (const [peer, time] of rules.taken(pairs, isKnown)) {
      const older = findById(this.#state.releases, peer)?.time ?? 0
      if (time > older) putById(this.#state.releases, { id: peer, time })
    }
    if (isHere) return
    if (this.#isWaiting) {
      this.#hold()
    } else {
      if (rules.releasesUnwanted) putById(this.#state.releases, { id, time: this.#state.clock })
      this.#passOn()
    }
  }

  // The list

  /** peers.lock.request-newcomer, and a request that has come before its peer. */
  onListed(id: PeerId): void {
    const { rules, state } = this.#peer
    if (state.leave !== null) return
    if (this.#isWaiting && rules.asksNewcomers) {
      this.#state.unasked.push(id)
      this.askMore()
    } else if (this.#state.token === 'present' && this.isWaitingFor(id)) {
      this.#passOn()
    }
  }

  /** peers.lock.dead */
  forget(id: PeerId): void {
    if (!this.#peer.rules.forgetsTimes) return
    removeById(this.#state.requests, id)
    removeById(this.#state.releases, id)
    this.#state.unasked = this.#state.unasked.filter((unasked) => unasked !== id)
  }

  // The end

  /** `stop`: nobody here gets the lock any more. A write that has it ends first. */
  onLeave(): void {
    const { user } = this.#state
    if (user === null || this.#peer.database?.isWriting) return
    if (this.#isWaiting) {
      this.#peer.emit({ kind: 'clear-timer', name: ACQUIRE_TIMER })
      if (user.kind === 'acquire') this.#peer.fail(user.handle, stopped)
    }
    this.#giveUp()
  }

  /** The token, if it is here, ends with the peer; what the peer knew of it ends too. */
  reset(): void {
    this.#state.requests.length = 0
    this.#state.releases = []
    this.#state.passing = null
    this.#giveUp()
    this.#setToken('none')
  }
}
