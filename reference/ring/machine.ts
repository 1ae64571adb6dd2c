// The ring peer as one machine: which part takes which input.
//
// circle.ts is the arithmetic and rules.ts the decisions; membership.ts knows the neighbours; ping.ts, repair.ts, join.ts and
// departure.ts keep the circle; routing.ts, commands.ts, store.ts, request.ts and the two transfer files carry the content.
// All share one `Peer` (peer.ts), which collects the effects of the step.
import type { RingConfig } from '../../spec/ring/control.ts'
import type { RingTcpMessage, RingUdpMessage } from '../../spec/ring/messages.ts'
import type { ConnectionNumber } from '../core/machine.ts'
import { Commands } from './commands.ts'
import { Departure } from './departure.ts'
import { Joining } from './join.ts'
import { Lookups } from './lookup.ts'
import { Membership } from './membership.ts'
import { Peer } from './peer.ts'
import { Pinging } from './ping.ts'
import { Repair } from './repair.ts'
import { Requesting } from './request.ts'
import { type Routed, Routing } from './routing.ts'
import { type RingRules, ringRules } from './rules.ts'
import { SegmentLog } from './segment-log.ts'
import { settingsOf } from './settings.ts'
import { Storage } from './storage.ts'
import { Storing } from './store.ts'
import { TransferOwner } from './transfer-owner.ts'
import { TransferRequester } from './transfer-requester.ts'
import type { RingCommand, RingEffect, RingInput, RingMachine } from './vocabulary.ts'

/** A ring peer. `rules` are its decisions; a mutant replaces one of them. */
export function createRingMachine(config: RingConfig, rules: RingRules = ringRules): RingMachine {
  return new RingPeerMachine(new Peer(settingsOf(config), rules))
}

class RingPeerMachine implements RingMachine {
  readonly #peer: Peer
  readonly #membership: Membership
  readonly #pinging: Pinging
  readonly #repair: Repair
  readonly #routing: Routing
  readonly #joining: Joining
  readonly #departure: Departure
  readonly #commands: Commands
  readonly #storage: Storage
  readonly #storing: Storing
  readonly #requesting: Requesting
  readonly #transferOwner: TransferOwner
  readonly #transferRequester: TransferRequester
  readonly #lookups: Lookups
  #isHalted = false

  constructor(peer: Peer) {
    this.#peer = peer
    this.#membership = new Membership(peer)
    this.#repair = new Repair(peer, this.#membership)
    this.#pinging = new Pinging(peer, this.#membership, (dead) => this.#repair.onDead(dead))
    this.#routing = new Routing(
      peer,
      this.#membership,
      (message) => this.#handleHere(message),
      (message) => this.#lookups.giveUp(message),
    )
    this.#joining = new Joining(peer, this.#membership, this.#repair, this.#routing, (connection, message) =>
      this.#onMessage(connection, message),
    )
    this.#departure = new Departure(
      peer,
      this.#membership,
      () => this.#pinging.fallSilent(),
      (handles) => this.#halt(handles),
    )
    this.#commands = new Commands(peer)
    this.#storage = new Storage(peer)
    this.#storing = new Storing(peer, this.#commands, this.#storage)
    const log = new SegmentLog(peer)
    this.#transferOwner = new TransferOwner(peer, log)
    this.#requesting = new Requesting(peer, this.#commands, this.#storage, this.#transferOwner)
    this.#transferRequester = new TransferRequester(peer, this.#commands, this.#requesting, log)
    this.#lookups = new Lookups(
      peer,
      this.#membership,
      this.#routing,
      this.#commands,
      this.#storing,
      this.#requesting,
    )
  }

  step(input: RingInput): readonly RingEffect[] {
    this.#peer.at = input.at
    if (!this.#isHalted) this.#handle(input)
    return this.#peer.takeEffects()
  }

  #handle(input: RingInput): void {
    const peer = this.#peer
    switch (input.kind) {
      case 'start':
        peer.begin(input.firstNumber)
        break
      case 'command':
        this.#onCommand(input.handle, input.command)
        break
      case 'datagram':
        this.#onDatagram(input.message)
        break
      case 'message':
        this.#onMessage(input.connection, input.message)
        break
      case 'timer':
        peer.onTimer(input.name)
        break
      case 'opened':
        return
      case 'progress':
        peer.onProgress(input.connection)
        break
      case 'ended':
        this.#onEnded(input.connection)
        break
      case 'unreachable':
      case 'closed':
        this.#joining.onClosed(input.connection)
        peer.onConnectionGone(input.connection, input.kind)
        break
      case 'content':
        peer.onContent(input.blob, input.size, input.digest)
        break
      case 'chunk':
        peer.onChunk(input.blob, input.data)
        break
      case 'committed':
        peer.onCommitted(input.blob, input.path)
        break
      case 'blob-failed':
        peer.onBlobFailed(input.blob, input.detail)
        break
    }
  }

  #onCommand(handle: number, command: RingCommand): void {
    switch (command.command) {
      case 'init':
        this.#init(handle, command.successors)
        break
      case 'join':
        this.#joining.begin(handle, command.via)
        break
      case 'store':
        if (!this.#membership.isMember) {
          this.#failNotInRing(handle)
          return
        }
        this.#storing.begin(handle, command.name, command.path, (message) => this.#lookups.begin(message))
        break
      case 'request':
        if (!this.#membership.isMember) {
          this.#failNotInRing(handle)
          return
        }
        this.#requesting.begin(handle, command.name, command.transport, (message) =>
          this.#lookups.begin(message),
        )
        break
      case 'state':
        this.#tellState(handle)
        break
      case 'stop':
        this.#departure.begin(handle)
        break
    }
  }

  #failNotInRing(handle: number): void {
    this.#peer.fail(handle, 'not-in-ring', 'this peer is in no ring')
  }

  /** ring.control.init */
  #init(handle: number, [first, second]: [number, number]): void {
    const { id } = this.#peer
    if (this.#membership.isMember || this.#joining.isJoining) {
      this.#peer.fail(handle, 'already-in-ring', 'this peer is in a ring or joining one')
      return
    }
    const isAlone = first === id && second === id
    if (!isAlone && (first === id || first === second)) {
      this.#peer.fail(handle, 'bad-argument', `successors: ${first}, ${second} are no successors of ${id}`)
      return
    }
    this.#membership.adopt([first, second], 'init')
    this.#peer.succeed(handle, {})
  }

  /** ring.control.state */
  #tellState(handle: number): void {
    const { successors, predecessors, isMember } = this.#membership
    this.#peer.succeed(handle, {
      id: this.#peer.id,
      inRing: isMember,
      successors: successors === null ? null : [successors[0], successors[1]],
      predecessors: [predecessors[0], predecessors[1]],
      files: this.#storage.names,
    })
  }

  #halt(handles: readonly number[]): void {
    if (this.#isHalted) return
    this.#isHalted = true
    this.#commands.endAll('not-started', 'the peer was stopped')
    this.#joining.endAll('not-started', 'the peer was stopped')
    this.#peer.halt()
    for (const handle of handles) this.#peer.succeed(handle, {})
  }

  #onDatagram(message: RingUdpMessage): void {
    switch (message.type) {
      case 'ring.ping':
        this.#pinging.onPing(message)
        break
      case 'ring.pong':
        this.#pinging.onPong(message)
        break
      case 'ring.offer':
        this.#transferRequester.onOffer(message)
        break
      case 'ring.ready':
        this.#transferOwner.onReady(message)
        break
      case 'ring.data':
        this.#transferRequester.onData(message)
        break
      case 'ring.ack':
        this.#transferOwner.onAck(message)
        break
      case 'ring.end':
        this.#transferRequester.onEnd(message)
        break
    }
  }

  #onMessage(connection: ConnectionNumber, message: RingTcpMessage): void {
    const peer = this.#peer
    switch (message.type) {
      case 'ring.join':
        if (this.#refusesStranger(connection, message)) return
        this.#joining.onJoin(connection, message)
        break
      case 'ring.store':
      case 'ring.request':
        if (this.#refusesStranger(connection, message)) return
        this.#lookups.onLookup(message, connection)
        break
      case 'ring.put':
        if (this.#membership.isMember) {
          this.#storing.onPut(connection, message)
          return
        }
        peer.refuse(connection, 'not-in-ring', 'this peer is in no ring')
        peer.close(connection)
        break
      case 'ring.accept':
        this.#joining.onAccept(connection, message)
        break
      case 'ring.successor-change':
        this.#membership.onSuccessorChange(message)
        break
      case 'ring.successor-query':
        peer.answer(connection, {
          type: 'ring.successor-answer',
          from: peer.id,
          successor: peer.rules.answerToQuery(this.#membership.successors, message.dead),
        })
        break
      case 'ring.depart':
        // ring.leave.ack: the acknowledgement comes after the change, and also when nothing changes.
        this.#repair.onDepart(message.from, message.successors)
        peer.answer(connection, { type: 'ring.depart-ack', from: peer.id })
        break
      case 'ring.store-accept':
        this.#storing.onStoreAccept(connection, message)
        break
      case 'ring.file':
        this.#requesting.onFile(connection, message)
        break
      case 'ring.not-found':
        this.#requesting.onNotFound(connection, message)
        break
      case 'ring.decline':
        if (peer.isOwnConnection(connection)) {
          peer.onAnswer(connection, message)
          return
        }
        this.#joining.onDecline(connection, message)
        break
      case 'ring.successor-answer':
      case 'ring.depart-ack':
      case 'ring.stored':
        if (peer.isOwnConnection(connection)) {
          peer.onAnswer(connection, message)
          return
        }
        peer.refuse(connection, 'unexpected', 'nobody asked for this')
        break
      case 'error':
        peer.onAnswer(connection, message)
        break
    }
  }

  /** ring.join.not-member: true if the message was refused, or kept until this peer has joined. */
  #refusesStranger(connection: ConnectionNumber, message: Routed): boolean {
    if (this.#membership.isMember) return false
    if (!this.#joining.hold(connection, message)) {
      this.#peer.refuse(connection, 'not-in-ring', 'this peer is in no ring')
    }
    return true
  }

  #onEnded(connection: ConnectionNumber): void {
    if (this.#peer.isOwnConnection(connection)) {
      this.#peer.onOwnEnded(connection)
      return
    }
    if (!this.#joining.keepsOpen(connection)) this.#peer.close(connection)
  }

  /** A message that was kept for a first successor which is gone: this peer is alone now. */
  #handleHere(message: Routed): void {
    const route = message.route.slice(0, -1)
    if (message.type === 'ring.join') this.#joining.acceptHere({ ...message, route })
    else this.#lookups.handleOwned({ ...message, route }, undefined)
  }
}
