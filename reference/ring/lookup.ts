// Finding the owner of a file (ring.md section 9). A lookup, `store` or `request`, runs along first successors until a peer
// finds that the key lies between its predecessor and itself. What the owner then does is in store.ts and request.ts.
//
// In the ring 4, 8, 12, 19, peer 8 looks up 0015: 8 and 12 pass it on, and 19, whose predecessor is 12, owns key 15. When 19
// has died and nobody has noticed, no peer takes the key; the lookup comes back to 8, which finds itself in `route`.
import type { ConnectionNumber } from '../core/machine.ts'
import type { Commands } from './commands.ts'
import type { Membership } from './membership.ts'
import type { Peer } from './peer.ts'
import type { Requesting } from './request.ts'
import type { Routed, Routing } from './routing.ts'
import type { Storing } from './store.ts'
import type { PeerId } from './vocabulary.ts'

type Lookup = Exclude<Routed, { type: 'ring.join' }>

export class Lookups {
  readonly #peer: Peer
  readonly #membership: Membership
  readonly #routing: Routing
  readonly #commands: Commands
  readonly #storing: Storing
  readonly #requesting: Requesting

  constructor(
    peer: Peer,
    membership: Membership,
    routing: Routing,
    commands: Commands,
    storing: Storing,
    requesting: Requesting,
  ) {
    this.#peer = peer
    this.#membership = membership
    this.#routing = routing
    this.#commands = commands
    this.#storing = storing
    this.#requesting = requesting
  }

  /** A lookup of this peer's own. */
  begin(message: Lookup): void {
    if (this.#owns(message.name, null)) this.handleOwned(message, undefined)
    else this.#forward(message, undefined)
  }

  /** ring.route.owner, ring.route.loop */
  onLookup(message: Lookup, connection: ConnectionNumber): void {
    if (this.#owns(message.name, message.from)) {
      this.handleOwned(message, connection)
    } else if (!message.route.includes(this.#peer.id)) {
      this.#forward(message, connection)
    } else if (message.origin === this.#peer.id) {
      this.#fail(message, 'no-owner', 'the lookup came back: nobody took it')
    }
  }

  #owns(name: string, from: PeerId | null): boolean {
    const view = {
      self: this.#peer.id,
      predecessor: this.#membership.predecessors[0],
      isAlone: this.#membership.isAlone,
    }
    return this.#peer.rules.owns(view, this.#peer.rules.keyOf(name), from)
  }

  /** ring.route.forward */
  #forward(message: Lookup, connection: ConnectionNumber | undefined): void {
    const { id } = this.#peer
    this.#routing.forward({ ...message, from: id, route: [...message.route, id] }, connection)
  }

  /** This peer owns the key. `connection` is where the lookup came in, if it came from outside. */
  handleOwned(message: Lookup, connection: ConnectionNumber | undefined): void {
    const isOwn = message.origin === this.#peer.id
    if (message.type === 'ring.store') {
      if (isOwn) this.#storing.storeHere(message)
      else this.#storing.accept(connection, message)
    } else if (isOwn) {
      this.#requesting.answerHere(message)
    } else {
      this.#requesting.answer(connection, message)
    }
  }

  /** A message that could not be passed on in time. */
  giveUp(message: Routed): void {
    if (message.type !== 'ring.join' && message.origin === this.#peer.id) {
      this.#fail(message, 'unreachable', 'the first successor cannot be reached')
    }
  }

  #fail(message: Lookup, code: 'no-owner' | 'unreachable', text: string): void {
    const what = message.type === 'ring.store' ? 'store' : message.transport
    const command = this.#commands.waiting(message.request, message.name, what, 'looking-up')
    if (command !== undefined) this.#commands.fail(command, code, text)
  }
}
