// What the parts of a peer share: its memory, its settings and rules, the effects of the step, and the calls under way.
//
// Rule of this file: everything that a peer remembers lies in `PeerState`, plain data that can be copied and compared. The
// parts are functions around it and keep nothing of their own, so a peer can be continued from a copy of its state.
import type { PeerEvent } from '../../spec/peers/control.ts'
import { NO_ID } from '../../spec/peers/messages.ts'
import { type Call, Calls, type Outcome } from './calls.ts'
import { Database, type DatabaseState, emptyDatabase } from './database.ts'
import { type Failure, failureOf } from './failure.ts'
import { Joining, type JoinState, type Newcomer } from './join.ts'
import { type LeaveState, Leaving } from './leave.ts'
import { PeerList } from './list.ts'
import { freeLock, Lock, type LockState } from './lock.ts'
import type { PeersRules } from './rules.ts'
import type {
  Address,
  ListedPeer,
  PeerEffect,
  PeerId,
  PeerSettings,
  PeersLine,
  PeerVocabulary,
} from './vocabulary.ts'

/** What a call of a peer is for. Those with an `id` go to a peer, most often to one of the list. */
export type Purpose =
  /** The command `call`. */
  | { readonly kind: 'call'; readonly handle: number }
  | { readonly kind: 'send'; readonly id: PeerId; readonly handle: number }
  // join.ts
  | { readonly kind: 'register' }
  | { readonly kind: 'require-all' }
  | { readonly kind: 'register-peer'; readonly id: PeerId }
  | { readonly kind: 'check-whether-alive'; readonly id: PeerId }
  // leave.ts
  | { readonly kind: 'require-all-on-leave' }
  | { readonly kind: 'unregister' }
  | { readonly kind: 'unregister-peer'; readonly id: PeerId }
  // lock.ts
  | { readonly kind: 'request-token'; readonly id: PeerId }
  | { readonly kind: 'obtain-token'; readonly id: PeerId }
  // database.ts
  | { readonly kind: 'write-local'; readonly id: PeerId }
  | { readonly kind: 'read-all'; readonly id: PeerId }

export interface PeerState {
  /** -1 until the name service has given one. */
  id: PeerId
  hash: string
  /** `join` has succeeded. */
  isJoined: boolean
  isHalted: boolean
  /** In the order of ids, without this peer itself. Bound: LIST_MAX. */
  readonly list: ListedPeer[]
  /** Bound: CALLS_AT_ONCE for each operation, and one for each of the user's own commands. */
  readonly calls: Call<Purpose>[]
  join: JoinState | null
  leave: LeaveState | null
  /** Those whose `register_peer` waits until this peer has joined, or has unregistered. Bound: NEWCOMERS_MAX. */
  newcomers: Newcomer[]
  readonly lock: LockState | null
  readonly database: DatabaseState | null
}

export function initialState({ lock, fortunes, seed }: PeerSettings): PeerState {
  return {
    id: NO_ID,
    hash: '',
    isJoined: false,
    isHalted: false,
    list: [],
    calls: [],
    join: null,
    leave: null,
    newcomers: [],
    lock: lock ? freeLock() : null,
    database: fortunes === undefined ? null : emptyDatabase(fortunes, seed),
  }
}

export class Peer {
  readonly settings: PeerSettings
  readonly rules: PeersRules
  readonly state: PeerState
  readonly calls: Calls<Purpose>
  readonly list: PeerList
  readonly join: Joining
  readonly leave: Leaving
  /** Undefined without `lock`. */
  readonly lock: Lock | undefined
  /** Undefined without `fortunes`. */
  readonly database: Database | undefined
  #effects: PeerEffect[] = []

  constructor(settings: PeerSettings, state: PeerState, rules: PeersRules) {
    this.settings = settings
    this.state = state
    this.rules = rules
    this.calls = new Calls<Purpose>({
      calls: state.calls,
      timeoutMs: settings.callTimeoutMs,
      rules,
      emit: (effect) => this.emit(effect),
      onOutcome: (call, outcome) => this.#onOutcome(call, outcome),
    })
    this.list = new PeerList(this)
    this.join = new Joining(this)
    this.leave = new Leaving(this)
    if (state.lock !== null) this.lock = new Lock(this, state.lock)
    if (state.database !== null) this.database = new Database(this, state.database)
  }

  get id(): PeerId {
    return this.state.id
  }

  emit(effect: PeerEffect): void {
    this.#effects.push(effect)
  }

  takeEffects(): readonly PeerEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  // Commands, events and answers

  succeed(handle: number, result: PeerVocabulary['result']): void {
    this.emit({ kind: 'reply', handle, reply: { ok: true, result } })
  }

  fail(handle: number, failure: Failure): void {
    this.emit({ kind: 'reply', handle, reply: { ok: false, error: failure } })
  }

  report(event: PeerEvent): void {
    this.emit({ kind: 'event', event })
  }

  answer(connection: number, line: PeersLine): void {
    this.emit({ kind: 'send', connection, message: line })
  }

  // Calls

  /** Calls of that kind under way. */
  underWay(...kinds: Purpose['kind'][]): number {
    return this.calls.count(({ kind }) => kinds.includes(kind))
  }

  /**
   * Makes the same call at each of these peers, in their order and not all at once, and takes those begun from the array. Peers
   * without an address any more are passed over. True when none is left and none is under way.
   */
  callEach(
    waiting: PeerId[],
    kind: Extract<Purpose, { id: PeerId }>['kind'] &
      ('register-peer' | 'unregister-peer' | 'request-token' | 'write-local'),
    method: string,
    args: readonly unknown[],
    addressOf: (id: PeerId) => Address | undefined = (id) => this.list.addressOf(id),
  ): boolean {
    while (waiting.length > 0 && this.underWay(kind) < this.rules.callsAtOnce) {
      const id = waiting.shift()
      const address = id === undefined ? undefined : addressOf(id)
      if (id !== undefined && address !== undefined) this.calls.begin(address, method, args, { kind, id })
    }
    return waiting.length === 0 && this.underWay(kind) === 0
  }

  #onOutcome({ connection, to, purpose }: Call<Purpose>, outcome: Outcome): void {
    if ('id' in purpose && this.rules.isDead(outcome)) this.list.onDead(purpose.id, to)
    switch (purpose.kind) {
      case 'call':
        this.#onCalled(purpose.handle, outcome)
        break
      case 'send':
        this.#onSent(purpose.handle, outcome)
        break
      case 'register':
        this.join.onRegistered(outcome)
        break
      case 'require-all':
        this.join.onWhoIsThere(outcome)
        break
      case 'register-peer':
        this.join.onTold(purpose.id, outcome)
        break
      case 'check-whether-alive':
        this.join.onWhetherAlive(purpose.id, outcome)
        break
      case 'require-all-on-leave':
        this.leave.onWhoIsThere(outcome)
        break
      case 'unregister':
        this.leave.onUnregistered()
        break
      case 'unregister-peer':
        this.leave.goOn()
        break
      case 'request-token':
        this.lock?.askMore()
        break
      case 'obtain-token':
        this.lock?.onPassed(connection, outcome)
        break
      case 'write-local':
        this.database?.tellMore()
        break
      case 'read-all':
        this.database?.onCopy(outcome)
        break
    }
  }

  /** peers.control.call: an error that the other side raised is an answer. */
  #onCalled(handle: number, outcome: Outcome): void {
    if (outcome.kind === 'result') {
      this.succeed(handle, { result: outcome.result })
    } else if (outcome.kind === 'error') {
      this.succeed(handle, { error: { name: outcome.name, args: [...outcome.args] } })
    } else {
      const failure = failureOf(outcome)
      if (failure !== undefined) this.fail(handle, failure)
    }
  }

  #onSent(handle: number, outcome: Outcome): void {
    const failure = failureOf(outcome)
    if (failure === undefined) this.succeed(handle, {})
    else this.fail(handle, failure)
  }
}
