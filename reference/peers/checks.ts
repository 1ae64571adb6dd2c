// Rounds of `check` (peers.unregister.check): after an `unregister` each peer that remains is asked who it is, and one that does
// not say so in time is dropped. A dead peer is found out that way, when nobody else would tell.
//
// One round per type at a time. Peers that unregister meanwhile cause one more round after it, for those that were there by
// then: a peer that has registered later may not be ready to answer.
import { findById, removeById } from './by-id.ts'
import type { Calls, Outcome } from './calls.ts'
import { CHECKS_AT_ONCE } from './limits.ts'
import type { NameServiceState } from './name-service-machine.ts'
import { maybeForget, type Namespace, namespaceOf } from './namespaces.ts'
import type { PeersRules, RegisteredPeer } from './rules.ts'

export interface CheckPurpose {
  readonly type: string
  readonly id: number
}

export class Checks {
  readonly #state: NameServiceState
  readonly #rules: PeersRules
  readonly #calls: Calls<CheckPurpose>
  readonly #onDropped: (type: string, peer: RegisteredPeer) => void

  constructor(
    state: NameServiceState,
    rules: PeersRules,
    calls: Calls<CheckPurpose>,
    onDropped: (type: string, peer: RegisteredPeer) => void,
  ) {
    this.#state = state
    this.#rules = rules
    this.#calls = calls
    this.#onDropped = onDropped
  }

  /** A peer of this namespace has unregistered. */
  plan(namespace: Namespace): void {
    const { round } = namespace
    if (round === null) this.#plan(namespace, this.#state.nextId)
    else if (this.#rules.isOneRoundAtATime) round.again = this.#state.nextId
    else round.unchecked.push(...this.#rules.checkedAfterUnregister(namespace.registered, this.#state.nextId))
  }

  #plan(namespace: Namespace, idsEnd: number): void {
    const unchecked = this.#rules.checkedAfterUnregister(namespace.registered, idsEnd)
    namespace.round = unchecked.length === 0 ? null : { unchecked, again: null }
    maybeForget(this.#state.namespaces, namespace)
  }

  /** Begins as many checks as there is room for. */
  begin(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const id = next.round?.unchecked.shift()
      const peer = id === undefined ? undefined : findById(next.registered, id)
      if (peer === undefined) this.#maybeEndRound(next)
      else this.#calls.begin(peer.address, 'check', [], { type: next.type, id: peer.id })
    }
  }

  /** The type with the fewest checks under way, so that slow peers of one type hold up none of another. */
  #next(): Namespace | undefined {
    if (this.#calls.count(() => true) >= CHECKS_AT_ONCE) return undefined
    let fewest = this.#rules.checksOfTypeAtOnce
    let next: Namespace | undefined
    for (const namespace of this.#state.namespaces) {
      if (namespace.round === null || namespace.round.unchecked.length === 0) continue
      const count = this.#underWay(namespace)
      if (count >= fewest) continue
      fewest = count
      next = namespace
    }
    return next
  }

  #underWay({ type }: Namespace): number {
    return this.#calls.count((purpose) => purpose.type === type)
  }

  onOutcome({ type, id }: CheckPurpose, outcome: Outcome): void {
    const namespace = namespaceOf(this.#state.namespaces, type)
    if (namespace === undefined) return
    const peer = findById(namespace.registered, id)
    if (peer !== undefined && !this.#rules.isAnswerOf(outcome, id, type)) {
      removeById(namespace.registered, id)
      this.#onDropped(type, peer)
    }
    this.#maybeEndRound(namespace)
    this.begin()
  }

  #maybeEndRound(namespace: Namespace): void {
    const { round } = namespace
    if (round === null || round.unchecked.length > 0 || this.#underWay(namespace) > 0) return
    namespace.round = null
    if (round.again === null) maybeForget(this.#state.namespaces, namespace)
    else this.#plan(namespace, round.again)
  }
}
