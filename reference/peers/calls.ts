// The caller's side of a call, the stub: a connection, one request, one answer, and the end (peers.call.one).
//
// Rule of this file: what a call is for is data, a purpose, not a function. So a machine's memory stays one plain object, and
// whoever made the call finds out from its purpose how to go on when the outcome is there.
import type { Effect } from '../core/machine.ts'
import type { PeersRules } from './rules.ts'
import type { Address, PeersLine, PeerVocabulary } from './vocabulary.ts'

/** How a call ended. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: unknown }
  /** The other side raised it. */
  | { readonly kind: 'error'; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: 'bad-answer'; readonly detail: string }
  /** It cannot be reached, or has closed without an answer. */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'timeout' }

/** A call under way, or over while its connection is not gone yet. */
export interface Call<P> {
  readonly connection: number
  readonly to: Address
  readonly purpose: P
  isOver: boolean
}

type CallEffect = Extract<
  Effect<PeerVocabulary>,
  { kind: 'open' | 'send' | 'abort' | 'set-timer' | 'clear-timer' }
>

export interface Caller<P> {
  readonly calls: Call<P>[]
  readonly timeoutMs: number
  readonly rules: Pick<PeersRules, 'outcomeOf'>
  emit(effect: CallEffect): void
  onOutcome(call: Call<P>, outcome: Outcome): void
}

const timerOf = (connection: number): string => `call ${connection}`

export class Calls<P> {
  readonly #caller: Caller<P>

  constructor(caller: Caller<P>) {
    this.#caller = caller
  }

  /** Gives the connection. */
  begin(to: Address, method: string, args: readonly unknown[], purpose: P): number {
    const { calls, timeoutMs } = this.#caller
    // The lowest free number, so that the memory of a node does not tell how many calls it has made.
    let place = 0
    while (calls[place]?.connection === place + 1) place += 1
    const connection = place + 1
    calls.splice(place, 0, { connection, to, purpose, isOver: false })
    this.#caller.emit({ kind: 'open', connection, to })
    this.#caller.emit({ kind: 'send', connection, message: { method, args: [...args] } })
    this.#caller.emit({ kind: 'set-timer', name: timerOf(connection), delayMs: timeoutMs })
    return connection
  }

  /** Calls under way whose purpose is like that. */
  count(isLike: (purpose: P) => boolean): number {
    let count = 0
    for (const call of this.#caller.calls) if (!call.isOver && isLike(call.purpose)) count += 1
    return count
  }

  onLine(connection: number, line: PeersLine): void {
    if ('method' in line) return
    this.#finish(connection, this.#caller.rules.outcomeOf(line))
  }

  /** The other side sends no more. */
  onEnded(connection: number): void {
    this.#finish(connection, { kind: 'unreachable' })
  }

  onGone(connection: number): void {
    this.#finish(connection, { kind: 'unreachable' })
    const { calls } = this.#caller
    const place = calls.findIndex((call) => call.connection === connection)
    if (place !== -1) calls.splice(place, 1)
  }

  /** False if the timer is not one of a call. */
  onTimer(name: string): boolean {
    const call = this.#caller.calls.find(({ connection }) => timerOf(connection) === name)
    if (call !== undefined) this.#finish(call.connection, { kind: 'timeout' })
    return call !== undefined
  }

  #finish(connection: number, outcome: Outcome): void {
    const call = this.#caller.calls.find((known) => known.connection === connection)
    if (call === undefined || call.isOver) return
    call.isOver = true
    this.#caller.emit({ kind: 'clear-timer', name: timerOf(connection) })
    this.#caller.emit({ kind: 'abort', connection })
    this.#caller.onOutcome(call, outcome)
  }
}
