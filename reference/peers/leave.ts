// Leaving (peers.leave.*, peers.lock.leave): first the token goes to somebody who stays, then the name service learns it, then
// everybody in the list. So no newcomer can find neither this peer nor the token.
//
// A join that fails when others know this peer already takes the same way back, only that the peer goes on.
import { NO_ID } from '../../spec/peers/messages.ts'
import type { Outcome } from './calls.ts'
import { type Failure, stopped } from './failure.ts'
import { peersIn } from './join.ts'
import type { Peer } from './peer.ts'
import type { ListedPeer, PeerId } from './vocabulary.ts'

/** The commands that are answered at the end. */
export interface LeaveState {
  readonly stops: number[]
  join: { readonly handle: number; readonly failure: Failure } | null
  /** `settling`: what is under way must end first, because it decides who knows this peer and who has the token. */
  phase: 'settling' | 'asking' | 'handing-over' | 'unregistering' | 'unregistered' | 'telling'
  /** Registered peers, some of which are joining and not in the list. */
  registered: ListedPeer[]
  /** Peers that could not take the token. */
  tried: PeerId[]
  /** The name service has been asked again since the last of them was tried. */
  hasAskedAgain: boolean
  untold: PeerId[]
}

export class Leaving {
  readonly #peer: Peer

  constructor(peer: Peer) {
    this.#peer = peer
  }

  get #state(): LeaveState | null {
    return this.#peer.state.leave
  }

  /** The user has stopped the peer; otherwise it only takes back a join. */
  get isForGood(): boolean {
    return this.#state !== null && this.#state.stops.length > 0
  }

  /** Others learn, one after the other, that this peer is gone. */
  get isTelling(): boolean {
    return this.#state?.phase === 'telling' && this.#peer.rules.closesCopyOnLeave
  }

  get hasUnregistered(): boolean {
    return this.#state?.phase === 'unregistered' || this.#state?.phase === 'telling'
  }

  /** `stop` */
  begin(handle: number): void {
    const { state } = this.#peer
    const join = state.join
    if (state.leave !== null) {
      state.leave.stops.push(handle)
      return
    }
    state.leave = this.#newState([handle], null)
    if (join !== null) {
      this.#peer.fail(join.handle, stopped)
      join.untold = []
    }
    this.#peer.lock?.onLeave()
    this.#peer.database?.onLeave()
    this.goOn()
  }

  /** A join has failed after the name service has given an id. */
  afterJoin(failure: Failure): void {
    const { state } = this.#peer
    if (state.join === null) return
    state.leave = this.#newState([], { handle: state.join.handle, failure })
    this.#peer.lock?.onLeave()
    this.goOn()
  }

  #newState(stops: number[], join: LeaveState['join']): LeaveState {
    return { stops, join, phase: 'settling', registered: [], tried: [], hasAskedAgain: false, untold: [] }
  }

  /** Something that was waited for has ended. */
  goOn(): void {
    const leave = this.#state
    if (leave === null) return
    if (leave.phase === 'settling' && !this.#isUnsettled) this.#begin(leave)
    else if (leave.phase === 'handing-over') this.#handOver(leave)
    else if (leave.phase === 'unregistered') this.#maybeBeginTelling(leave)
    else if (leave.phase === 'telling') this.#tellMore(leave)
  }

  get #isUnsettled(): boolean {
    const { lock, database } = this.#peer
    return this.#peer.underWay('register') > 0 || lock?.isPassing === true || database?.isWriting === true
  }

  #begin(leave: LeaveState): void {
    const { lock, rules } = this.#peer
    if (lock !== undefined && rules.handsOver(lock.token)) this.#ask(leave)
    else this.#unregister(leave)
  }

  #ask(leave: LeaveState): void {
    const { settings, calls } = this.#peer
    leave.phase = 'asking'
    calls.begin(settings.nameService, 'require_all', [settings.type], { kind: 'require-all-on-leave' })
  }

  onWhoIsThere(outcome: Outcome): void {
    const leave = this.#state
    if (leave === null) return
    leave.phase = 'handing-over'
    // If the name service does not say, the peers of the list have to do.
    leave.registered = peersIn(outcome) ?? []
    this.#handOver(leave)
  }

  /** peers.lock.leave: to a joining peer, else to one that waits for it, else to anyone. */
  #handOver(leave: LeaveState): void {
    const { lock, list, rules, id } = this.#peer
    if (lock === undefined || lock.isPassing) return
    if (lock.token === 'none') {
      this.#unregister(leave)
      return
    }
    const order = rules.inOrder(
      id,
      list.peers.map((peer) => peer.id),
    )
    const waiting = order.filter((peer) => lock.isWaitingFor(peer))
    const candidates: readonly ListedPeer[] = [
      ...rules.joiningPeers(leave.registered, list.peers, id),
      ...waiting.flatMap((peer) => list.peers.filter((listed) => listed.id === peer)),
      ...list.peers,
    ]
    const next = candidates.find((candidate) => !leave.tried.includes(candidate.id))
    if (next === undefined) {
      this.#onNobody(leave)
      return
    }
    leave.hasAskedAgain = false
    leave.tried.push(next.id)
    lock.passTo(next.id, next.address)
  }

  /** All have been tried. Somebody may have registered meanwhile, and must not be left without a token that was here. */
  #onNobody(leave: LeaveState): void {
    if (!leave.hasAskedAgain && this.#peer.rules.asksAgainOnLeave) {
      leave.hasAskedAgain = true
      this.#ask(leave)
    } else {
      this.#peer.lock?.reset()
      this.#unregister(leave)
    }
  }

  /** peers.leave.order */
  #unregister(leave: LeaveState): void {
    const { id, state, settings, calls } = this.#peer
    leave.phase = 'unregistering'
    if (id === NO_ID) this.onUnregistered()
    else
      calls.begin(settings.nameService, 'unregister', [id, settings.type, state.hash], { kind: 'unregister' })
  }

  onUnregistered(): void {
    const leave = this.#state
    if (leave === null) return
    leave.phase = 'unregistered'
    // peers.lock.leave-order
    this.#peer.join.admit()
    this.goOn()
  }

  /** Whom this peer's own `register_peer` reaches must be in the list first. */
  #maybeBeginTelling(leave: LeaveState): void {
    if (this.#peer.underWay('register-peer', 'check-whether-alive') > 0) return
    const { state, id, rules, list } = this.#peer
    leave.phase = 'telling'
    state.join = null
    // A peer without an id has told nobody that it is there.
    leave.untold = id === NO_ID ? [] : rules.toldOnLeave(list.peers).map((peer) => peer.id)
    this.#tellMore(leave)
  }

  /** peers.leave.dead */
  #tellMore(leave: LeaveState): void {
    const isDone = this.#peer.callEach(leave.untold, 'unregister-peer', 'unregister_peer', [this.#peer.id])
    if (isDone) this.#end(leave)
  }

  #end({ stops, join }: LeaveState): void {
    if (stops.length === 0) {
      this.#beginAnew()
      if (join !== null) this.#peer.fail(join.handle, join.failure)
      return
    }
    const { state } = this.#peer
    if (join !== null) this.#peer.fail(join.handle, stopped)
    for (const { isOver, purpose } of state.calls) {
      if (!isOver && 'handle' in purpose) this.#peer.fail(purpose.handle, stopped)
    }
    state.isHalted = true
    this.#peer.emit({ kind: 'halt' })
    for (const handle of stops) this.#peer.succeed(handle, {})
  }

  /** peers.join.refused: the peer is as before its join. */
  #beginAnew(): void {
    const { state, list, lock } = this.#peer
    state.leave = null
    state.id = NO_ID
    state.hash = ''
    for (const { id } of list.copy) list.remove(id)
    lock?.reset()
  }
}
