// The list of the other peers of this type (peers.list.*).
import { errorNames } from '../../spec/peers/messages.ts'
import { findById, putById, removeById } from './by-id.ts'
import type { Peer } from './peer.ts'
import { errorAnswer } from './skeleton.ts'
import type { Address, ListedPeer, PeerId, PeersAnswer } from './vocabulary.ts'

export class PeerList {
  readonly #peer: Peer

  constructor(peer: Peer) {
    this.#peer = peer
  }

  get peers(): readonly ListedPeer[] {
    return this.#peer.state.list
  }

  /** For replies and events, which must not change with the list. */
  get copy(): ListedPeer[] {
    return this.peers.map(({ id, address }) => ({ id, address }))
  }

  has(id: PeerId): boolean {
    return findById(this.peers, id) !== undefined
  }

  addressOf(id: PeerId): Address | undefined {
    return findById(this.peers, id)?.address
  }

  /** peers.list.register, peers.list.self, peers.list.address, peers.list.bounds: the answer, and what follows from it only after that. */
  register(id: PeerId, address: Address): { answer: PeersAnswer; isNew: boolean } {
    if (this.#peer.rules.isOwn(id, this.#peer.id)) {
      return { answer: errorAnswer(errorNames.wrongValue, `${id} is the id of this peer`), isNew: false }
    }
    const other = this.#peer.rules.atAddress(this.peers, id, address)
    if (other !== undefined && other > id) {
      const text = `${other} is at this address, and has come after ${id}`
      return { answer: errorAnswer(errorNames.wrongValue, text), isNew: false }
    }
    if (other !== undefined) this.remove(other)
    const isNew = !this.has(id)
    if (isNew && !this.#peer.rules.hasRoomInList(this.peers.length)) {
      return { answer: errorAnswer(errorNames.full, 'the list is full'), isNew: false }
    }
    putById(this.#peer.state.list, { id, address })
    return { answer: { result: null }, isNew }
  }

  /** peers.join.lower: this peer has registered there. */
  add(id: PeerId, address: Address): void {
    if (!this.has(id) && !this.#peer.rules.hasRoomInList(this.peers.length)) return
    putById(this.#peer.state.list, { id, address })
    this.#peer.lock?.onListed(id)
  }

  /** peers.list.unregister */
  unregister(id: PeerId): PeersAnswer {
    if (this.remove(id)) return { result: null }
    return errorAnswer(errorNames.noSuchPeer, `No peer with id: '${id}'`)
  }

  /** peers.list.dead. Not if it has come back with another address since. */
  onDead(id: PeerId, address: Address): void {
    const known = this.addressOf(id)
    if (known !== undefined && known[0] === address[0] && known[1] === address[1]) this.remove(id)
  }

  /** True if it was there. */
  remove(id: PeerId): boolean {
    if (!removeById(this.#peer.state.list, id)) return false
    this.#peer.report({ event: 'left', id })
    this.#peer.lock?.forget(id)
    return true
  }
}
