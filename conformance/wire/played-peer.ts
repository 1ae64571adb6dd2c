// A peer that the harness plays.
import { errorNames, NO_ID, peerMethods } from '../../spec/peers/messages.ts'
import type { Answer, PlayedPeer } from '../verdict/peers-bench.ts'
import type { AddressBook } from './address-book.ts'
import type { Surroundings } from './participant.ts'
import { failure, PlayedParticipant } from './played.ts'

export class RealPlayedPeer extends PlayedParticipant implements PlayedPeer {
  id = NO_ID
  type: string

  constructor(seat: number, surroundings: Surroundings, addresses: AddressBook, type: string) {
    super(seat, surroundings, addresses)
    this.type = type
  }

  protected override respond(method: string): Answer {
    if (method === 'check') return { result: [this.id, this.type] }
    if (method === 'read_all') return { result: [] }
    return Object.hasOwn(peerMethods, method)
      ? { result: null }
      : failure(errorNames.unknownMethod, `a peer has no method '${method}'`)
  }
}
