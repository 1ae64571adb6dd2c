// Passing a message on to the first successor, and what to do when that peer cannot be reached (ring.route.retry).
//
// Peer 8 dies. For a few ping intervals 4 still takes it for its first successor and every lookup that 4 passes on fails to
// connect. 4 keeps them and tries again each interval, to whoever is its first successor by then: after the repair, 12.
// Bound: HELD_MAX messages, each for at most `requestTimeoutMs` (a join: `joinTimeoutMs`).
import type { RingMessageOf } from '../../spec/ring/messages.ts'
import type { ConnectionNumber } from '../core/machine.ts'
import { HELD_MAX } from './limits.ts'
import type { Membership } from './membership.ts'
import type { Peer } from './peer.ts'

export type Routed = RingMessageOf<'ring.join'> | RingMessageOf<'ring.store'> | RingMessageOf<'ring.request'>

interface Held {
  readonly message: Routed
  readonly until: number
}

export class Routing {
  readonly #peer: Peer
  readonly #membership: Membership
  readonly #onBackHere: (message: Routed) => void
  readonly #onGivenUp: (message: Routed) => void
  #held: Held[] = []

  /**
   * `onBackHere` takes a message that this peer, alone by now, has to handle itself; `onGivenUp` hears of one that could not
   * be sent in time.
   */
  constructor(
    peer: Peer,
    membership: Membership,
    onBackHere: (message: Routed) => void,
    onGivenUp: (message: Routed) => void,
  ) {
    this.#peer = peer
    this.#membership = membership
    this.#onBackHere = onBackHere
    this.#onGivenUp = onGivenUp
  }

  /** Sends a message, already marked with this hop, to the first successor. `origin` is where it came from, if from outside. */
  forward(message: Routed, origin?: ConnectionNumber): void {
    if (this.#peer.isCrowded && origin !== undefined) {
      this.#peer.refuse(origin, 'busy', 'too many connections')
      return
    }
    const { joinTimeoutMs, requestTimeoutMs } = this.#peer.settings
    this.#send(message, this.#peer.at + (message.type === 'ring.join' ? joinTimeoutMs : requestTimeoutMs))
  }

  #send(message: Routed, until: number): void {
    const { first } = this.#membership
    if (first === null || first === this.#peer.id) {
      this.#onBackHere(message)
      return
    }
    const connection = this.#peer.tell(first, message, {
      onAnswer: (answer) => {
        this.#peer.finish(connection)
        // The next peer lives but cannot take it now: it has joined and does not know it yet, or is full.
        if (answer.type === 'error' && (answer.code === 'not-in-ring' || answer.code === 'busy'))
          this.#hold(message, until)
      },
      onFailed: (reason) => {
        if (reason === 'unreachable') this.#hold(message, until)
      },
    })
  }

  #hold(message: Routed, until: number): void {
    if (this.#held.length >= HELD_MAX) {
      this.#onGivenUp(message)
      return
    }
    this.#held.push({ message, until })
    if (this.#held.length === 1) this.#wait()
  }

  #wait(): void {
    this.#peer.setTimer('held', this.#peer.settings.pingIntervalMs, () => this.#retry())
  }

  #retry(): void {
    const held = this.#held
    this.#held = []
    for (const { message, until } of held) {
      if (this.#peer.at >= until) this.#onGivenUp(message)
      else this.#send(message, until)
    }
  }
}
