// A name service that the harness plays: peers.md section 4, but for the checks, which a case makes itself.
//
// What a node registers is an address in its own view. It is kept as the seat that it means, and told to everyone else as
// the address of that seat in their eyes; one that means no seat is told as it is.
import {
  type Address,
  errorNames,
  nameServiceMethods,
  type PeersArguments,
} from '../../spec/peers/messages.ts'
import type { Answer, PlayedNameService, PlayedPeer } from '../verdict/peers-bench.ts'
import type { AddressBook } from './address-book.ts'
import type { Frame } from './capture.ts'
import type { Surroundings } from './participant.ts'
import { failure, PlayedParticipant } from './played.ts'
import { checkSchema } from './published-schemas.ts'
import type { Random } from './random.ts'

interface Registration {
  readonly seat: number
  readonly id: number
  readonly type: string
  readonly hash: string
  /** As it was registered, and by which node; absent for a played peer that was entered. */
  readonly registered?: { readonly by: number; readonly address: Address }
}

export class RealPlayedNameService extends PlayedParticipant implements PlayedNameService {
  nextId = 0
  private readonly random: Random
  /** In the order of ids. Bound: what the nodes of one case register. */
  private registrations: Registration[] = []

  constructor(seat: number, surroundings: Surroundings, addresses: AddressBook, random: Random) {
    super(seat, surroundings, addresses)
    this.random = random
  }

  get registered(): readonly Registration[] {
    return this.registrations
  }

  enter(peer: PlayedPeer): void {
    peer.id = this.add(peer.seat, peer.type).id
  }

  drop(id: number): void {
    this.registrations = this.registrations.filter((registration) => registration.id !== id)
  }

  protected override respond(method: string, args: readonly unknown[], request: Frame): Answer {
    if (!Object.hasOwn(nameServiceMethods, method))
      return failure(errorNames.unknownMethod, `a name service has no method '${method}'`)
    const fault = checkSchema(`peers.${method}`, { method, args })
    if (fault !== undefined) return failure(errorNames.wrongArguments, fault.text)
    switch (method as keyof typeof nameServiceMethods) {
      case 'register':
        return this.register(args as PeersArguments<'register'>, request.from)
      case 'unregister':
        return this.unregister(args as PeersArguments<'unregister'>)
      case 'require_all': {
        const [type] = args as PeersArguments<'require_all'>
        return { result: this.of(type).map((one) => [one.id, this.addressOf(one, request.from)]) }
      }
      case 'require_any': {
        const peers = this.of((args as PeersArguments<'require_any'>)[0])
        return this.addressAnswer(peers[Math.floor(this.random() * peers.length)], request.from)
      }
      case 'require_object': {
        const [type, id] = args as PeersArguments<'require_object'>
        return this.addressAnswer(
          this.of(type).find((one) => one.id === id),
          request.from,
        )
      }
    }
  }

  private register([type, address]: PeersArguments<'register'>, by: number): Answer {
    const seat = this.addresses.placeOf(by, address)
    const isAgain = (one: Registration) =>
      one.type === type &&
      (seat === undefined ? String(one.registered?.address) === String(address) : one.seat === seat)
    this.registrations = this.registrations.filter((one) => !isAgain(one))
    const { id, hash } = this.add(seat ?? by, type, { by, address })
    return { result: [id, hash] }
  }

  private unregister([id, type, hash]: PeersArguments<'unregister'>): Answer {
    const known = this.of(type).find((one) => one.id === id && one.hash === hash)
    if (known === undefined) return failure(errorNames.wrongValue, 'no such registration')
    this.drop(id)
    return { result: null }
  }

  private add(seat: number, type: string, registered?: Registration['registered']): Registration {
    const hash = Math.floor(this.random() * 2 ** 48).toString(16)
    const registration = { seat, id: this.nextId++, type, hash, ...(registered && { registered }) }
    this.registrations = [...this.registrations, registration].sort((a, b) => a.id - b.id)
    return registration
  }

  private of(type: string): readonly Registration[] {
    return this.registrations.filter((one) => one.type === type)
  }

  private addressAnswer(registration: Registration | undefined, asker: number): Answer {
    return registration === undefined
      ? failure(errorNames.nobody, 'nobody of that kind is registered')
      : { result: this.addressOf(registration, asker) }
  }

  private addressOf({ seat, registered }: Registration, asker: number): Address {
    if (registered === undefined) return this.addresses.addressIn(asker, seat)
    const { by, address } = registered
    return by === asker ? address : this.addresses.translate(address, by, asker)
  }
}
