// Joining (peers.join.*): an id from the name service, who else is there, and a call to each older peer. Younger ones call here.
//
// With the lock, a `register_peer` that comes meanwhile waits until this peer knows whether it makes the token
// (peers.lock.hold-joiners). Waiting goes from higher to lower ids only: peer 7 may wait for peer 5, which waits for peer 3,
// which waits for nobody that waits for it. Younger peers are told apart from dead ones by a `check`, which nobody holds back.
import { answerSchema, errorNames } from '../../spec/peers/messages.ts'
import { checkArguments } from '../core/arguments.ts'
import { findById, putById, removeById } from './by-id.ts'
import type { Outcome } from './calls.ts'
import { failureOf } from './failure.ts'
import { LEFT_MAX, NEWCOMERS_MAX } from './limits.ts'
import type { Peer } from './peer.ts'
import { errorAnswer } from './skeleton.ts'
import type { Address, ListedPeer, PeerId } from './vocabulary.ts'

/** A peer that is being told, and how often it has been. */
export interface ToldPeer extends ListedPeer {
  attempts: number
}

export interface JoinState {
  readonly handle: number
  phase: 'registering' | 'asking' | 'telling' | 'catching-up'
  /** Peers that are told and are not in the list yet. Bound: what one answer of the name service holds. */
  lower: ToldPeer[]
  /** Those of them whose `register_peer` has not begun. */
  untold: PeerId[]
  /** Peers that have left before the name service has said who is there, in the order of ids. Bound: LEFT_MAX. */
  readonly left: { readonly id: PeerId }[]
  hasTold: boolean
  hasSeenToken: boolean
}

/** A `register_peer` that waits. */
export interface Newcomer {
  readonly connection: number
  readonly id: PeerId
  readonly address: Address
}

export const notReady = errorAnswer(errorNames.notReady, 'this peer has not joined')

const registered = answerSchema('register')
const everybody = answerSchema('require_all')

/** Who is registered, as the name service says; undefined if that is no such answer. */
export function peersIn(outcome: Outcome): ListedPeer[] | undefined {
  if (outcome.kind !== 'result' || checkArguments(everybody, outcome) !== undefined) return undefined
  const pairs = outcome.result as [PeerId, Address][]
  const known = new Map(pairs.map(([id, address]) => [id, { id, address }]))
  return [...known.values()].sort((a, b) => a.id - b.id)
}

export class Joining {
  readonly #peer: Peer

  constructor(peer: Peer) {
    this.#peer = peer
  }

  get #state(): JoinState | null {
    return this.#peer.state.join
  }

  /** peers.join.order */
  begin(handle: number): void {
    const { state, settings, calls } = this.#peer
    if (state.isJoined || state.join !== null || state.leave !== null) {
      this.#peer.fail(handle, { code: 'already-joined', message: 'this peer has joined or is joining' })
      return
    }
    state.join = {
      handle,
      phase: 'registering',
      lower: [],
      untold: [],
      left: [],
      hasTold: false,
      hasSeenToken: false,
    }
    calls.begin(settings.nameService, 'register', [settings.type, settings.advertise], { kind: 'register' })
  }

  onRegistered(outcome: Outcome): void {
    const { state, settings, calls } = this.#peer
    if (outcome.kind === 'result' && checkArguments(registered, outcome) === undefined) {
      const [id, hash] = outcome.result as [PeerId, string]
      state.id = id
      state.hash = hash
      this.#refuseLower()
    } else if (state.leave === null) {
      this.#endWith(outcome)
      return
    }
    if (state.leave !== null) {
      this.#peer.leave.goOn()
      return
    }
    if (this.#state === null) return
    this.#state.phase = 'asking'
    calls.begin(settings.nameService, 'require_all', [settings.type], { kind: 'require-all' })
  }

  /** peers.join.refused. There is nothing to take back yet. */
  #endWith(outcome: Outcome): void {
    const { state } = this.#peer
    const { handle } = state.join ?? {}
    state.join = null
    this.#peer.lock?.reset()
    if (handle === undefined) return
    this.#peer.fail(
      handle,
      failureOf(outcome) ?? { code: 'bad-answer', message: 'register gave no id and hash' },
    )
  }

  /** peers.join.lower */
  onWhoIsThere(outcome: Outcome): void {
    const join = this.#state
    if (join === null || this.#peer.state.leave !== null) return
    const peers = peersIn(outcome)
    if (peers === undefined) {
      const noList = { code: 'bad-answer', message: 'require_all gave no list of peers' } as const
      this.#peer.leave.afterJoin(failureOf(outcome) ?? noList)
      return
    }
    join.phase = 'telling'
    const present = peers.filter(({ id }) => findById(join.left, id) === undefined)
    const told = this.#peer.rules.toldOnJoin(present, this.#peer.id)
    join.lower = told.map(({ id, address }) => ({ id, address, attempts: 0 }))
    join.untold = join.lower.map(({ id }) => id)
    this.#tellMore()
  }

  #tellMore(): void {
    const join = this.#state
    if (join === null || join.phase !== 'telling') return
    const { id, settings } = this.#peer
    const addressOf = (lower: PeerId) => findById(join.lower, lower)?.address
    const args = [id, settings.advertise]
    const isDone = this.#peer.callEach(join.untold, 'register-peer', 'register_peer', args, addressOf)
    if (isDone && this.#peer.underWay('check-whether-alive') === 0) this.#onTold(join)
  }

  /** peers.join.lower, peers.join.dead, peers.join.left-meanwhile */
  onTold(id: PeerId, outcome: Outcome): void {
    const join = this.#state
    const lower = join === null ? undefined : findById(join.lower, id)
    // Also if it has left since: it has handed the token to somebody, and not to a peer that would make another.
    if (join !== null && this.#peer.rules.isListedAfter(outcome)) join.hasTold = true
    if (join !== null && lower !== undefined) {
      const { lock, rules, calls, state } = this.#peer
      lower.attempts += 1
      const mayWait = outcome.kind === 'timeout' && lock !== undefined && state.leave === null
      if (mayWait && rules.asksWhetherAlive(lower.attempts)) {
        calls.begin(lower.address, 'check', [], { kind: 'check-whether-alive', id })
        return
      }
      if (rules.isListedAfter(outcome)) {
        this.#peer.list.add(id, lower.address)
      }
      removeById(join.lower, id)
    }
    this.#goOn()
  }

  /** peers.lock.hold-joiners */
  onWhetherAlive(id: PeerId, outcome: Outcome): void {
    const join = this.#state
    if (join !== null && findById(join.lower, id) !== undefined) {
      if (outcome.kind === 'result' || outcome.kind === 'error') join.untold.push(id)
      else removeById(join.lower, id)
    }
    this.#goOn()
  }

  #goOn(): void {
    if (this.#peer.state.leave === null) this.#tellMore()
    else this.#peer.leave.goOn()
  }

  /** peers.join.left-meanwhile: it is not taken into the list when its answer comes. */
  onUnregistered(id: PeerId): void {
    const join = this.#state
    if (join === null || !this.#peer.rules.remembersDepartures) return
    const isAnybody = join.phase === 'registering' || join.phase === 'asking'
    if (isAnybody && join.left.length < LEFT_MAX) putById(join.left, { id })
    if (!removeById(join.lower, id)) return
    join.untold = join.untold.filter((untold) => untold !== id)
  }

  /** True for a peer that is being told and will be in the list. */
  isTelling(id: PeerId): boolean {
    return this.#state !== null && findById(this.#state.lower, id) !== undefined
  }

  /** The list is complete: peers.lock.create, then the newcomers, then peers.database.catch-up. */
  #onTold(join: JoinState): void {
    join.phase = 'catching-up'
    this.#peer.lock?.maybeCreate(join)
    this.admit()
    if (this.#peer.database === undefined) this.finish()
    else this.#peer.database.catchUp()
  }

  /** peers.join.done */
  finish(): void {
    const join = this.#state
    if (join === null) return
    this.#peer.state.join = null
    this.#peer.state.isJoined = true
    this.#peer.succeed(join.handle, { id: this.#peer.id, peers: this.#peer.list.copy })
  }

  // Newcomers

  onRegisterPeer(connection: number, id: PeerId, address: Address): void {
    const { state, lock, rules, leave } = this.#peer
    if (lock !== undefined && !this.hasBegun) {
      this.#peer.answer(connection, notReady)
      return
    }
    const isHeld =
      lock !== undefined &&
      rules.holdsNewcomers &&
      (state.leave === null ? this.#isUndecided : !leave.hasUnregistered)
    if (isHeld && rules.meansEarlierLife(id, this.#peer.id)) {
      this.#peer.answer(connection, notReady)
    } else if (!isHeld) {
      this.#admit({ connection, id, address })
    } else if (state.newcomers.length < NEWCOMERS_MAX) {
      state.newcomers.push({ connection, id, address })
    } else {
      this.#peer.answer(connection, errorAnswer(errorNames.full, 'too many peers wait here'))
    }
  }

  /** This peer has joined, is joining or is leaving. peers.lock.not-ready */
  get hasBegun(): boolean {
    const { isJoined, join, leave } = this.#peer.state
    return isJoined || join !== null || leave !== null
  }

  get #isUndecided(): boolean {
    return this.#state !== null && this.#state.phase !== 'catching-up'
  }

  /** The own id is known: those that mean an earlier life of this peer have waited in vain. */
  #refuseLower(): void {
    const { state, rules, id } = this.#peer
    const { newcomers } = state
    state.newcomers = newcomers.filter((newcomer) => !rules.meansEarlierLife(newcomer.id, id))
    for (const newcomer of newcomers) {
      if (rules.meansEarlierLife(newcomer.id, id)) this.#peer.answer(newcomer.connection, notReady)
    }
  }

  /** Answers those that have waited. */
  admit(): void {
    const { newcomers } = this.#peer.state
    this.#peer.state.newcomers = []
    for (const newcomer of newcomers) this.#admit(newcomer)
  }

  /** peers.list.register, peers.leave.joiners */
  #admit({ connection, id, address }: Newcomer): void {
    if (this.#peer.state.leave !== null && this.#peer.rules.refusesNewcomersOnLeave) {
      this.#peer.answer(connection, errorAnswer(errorNames.leaving, 'this peer is leaving'))
      return
    }
    const { answer, isNew } = this.#peer.list.register(id, address)
    this.#peer.answer(connection, answer)
    if (!isNew) return
    this.#peer.report({ event: 'joined', id })
    this.#peer.lock?.onListed(id)
  }
}
