// Requesting a file (ring.md section 9): what the origin does with the answers that come over TCP, and how an owner answers.
// Transport `udp` goes on in transfer-owner.ts and transfer-requester.ts.
import type { RingMessageOf } from '../../spec/ring/messages.ts'
import type { ConnectionNumber } from '../core/machine.ts'
import type { Commands, OwnCommand } from './commands.ts'
import type { Peer } from './peer.ts'
import type { Storage } from './storage.ts'
import type { TransferOwner } from './transfer-owner.ts'
import type { PeerId } from './vocabulary.ts'

type Request = RingMessageOf<'ring.request'>

export class Requesting {
  readonly #peer: Peer
  readonly #commands: Commands
  readonly #storage: Storage
  readonly #transfers: TransferOwner

  constructor(peer: Peer, commands: Commands, storage: Storage, transfers: TransferOwner) {
    this.#peer = peer
    this.#commands = commands
    this.#storage = storage
    this.#transfers = transfers
  }

  // The origin

  begin(handle: number, name: string, transport: 'tcp' | 'udp', lookUp: (message: Request) => void): void {
    const command = this.#commands.begin(handle, name, transport)
    if (command === undefined) return
    const { request } = command
    command.phase = { kind: 'looking-up' }
    this.#commands.watch(command)
    const { id } = this.#peer
    lookUp({ type: 'ring.request', from: id, origin: id, name, request, transport, route: [] })
  }

  /** ring.request.self: the origin is the owner. */
  answerHere(message: Request): void {
    const command = this.#commands.waiting(message.request, message.name, message.transport, 'looking-up')
    if (command === undefined) return
    const file = this.#storage.get(message.name)
    if (file === undefined) {
      this.#commands.fail(command, 'not-found', 'this peer does not have it')
      return
    }
    const owner = this.#peer.id
    this.#commands.succeed(command, { owner, route: [...message.route, owner], ...file })
  }

  /** ring.request.not-found, ring.request.unasked */
  onNotFound(connection: ConnectionNumber, message: RingMessageOf<'ring.not-found'>): void {
    const command = this.#commands.waiting(message.request, message.name, 'any', 'looking-up')
    if (command === undefined || command.what === 'store') {
      this.#peer.refuse(connection, 'unexpected', 'no request waits for this')
      return
    }
    this.#commands.fail(command, 'not-found', `peer ${message.from} owns the key and does not have the file`)
  }

  /** ring.request.found, ring.request.verify, ring.request.unasked */
  onFile(connection: ConnectionNumber, message: RingMessageOf<'ring.file'>): void {
    const command = this.#commands.waiting(message.request, message.name, 'tcp', 'looking-up')
    if (command === undefined) {
      this.#peer.refuse(connection, 'unexpected', 'no request waits for this')
      this.#peer.close(connection)
      return
    }
    command.phase = { kind: 'transferring', owner: message.from, route: message.route }
    this.#commands.progress(command)
    let isArriving = true
    const blob = this.#peer.receiveBody(
      connection,
      {
        onContent: (size, digest) => {
          isArriving = false
          this.finish(command, blob, { size, digest }, { size: message.bodyLength, digest: message.digest })
        },
        onCommitted: (path) => this.committed(command, message.bodyLength, message.digest, path),
        onFailed: (detail) => this.#commands.fail(command, 'transfer-failed', detail),
      },
      () => this.#commands.progress(command),
    )
    command.release = () => {
      this.#peer.discard(blob)
      if (isArriving) this.#peer.cut(connection)
    }
  }

  /** The content is complete: what arrived must be what was announced before it becomes a file. */
  finish(
    command: OwnCommand,
    blob: number,
    arrived: { size: number; digest: string },
    announced: { size: number; digest: string },
  ): void {
    if (arrived.size === announced.size && arrived.digest === announced.digest) {
      this.#peer.commit(blob, `${command.name}.request-${command.request}`)
      return
    }
    this.#commands.fail(
      command,
      'digest-mismatch',
      `${arrived.size} bytes with digest ${arrived.digest} arrived, ${announced.size} with ${announced.digest} were announced`,
    )
  }

  committed(command: OwnCommand, size: number, digest: string, path: string): void {
    if (command.phase.kind !== 'transferring') return
    const { owner, route } = command.phase
    this.#commands.succeed(command, { owner, route, size, digest, path })
  }

  // The owner

  answer(connection: ConnectionNumber | undefined, message: Request): void {
    const { origin, name, request } = message
    const file = this.#storage.get(name)
    const route = [...message.route, this.#peer.id]
    if (this.#peer.isCrowded) {
      if (connection !== undefined) this.#peer.refuse(connection, 'busy', 'too many connections')
    } else if (file === undefined) {
      this.#peer.tell(origin, { type: 'ring.not-found', from: this.#peer.id, name, request, route })
    } else if (message.transport === 'udp') {
      if (!this.#transfers.serve({ origin, name, request, route, file }) && connection !== undefined)
        this.#peer.refuse(connection, 'busy', 'too many transfers are waiting')
    } else {
      this.#sendFile(origin, name, request, route, file)
    }
  }

  #sendFile(
    origin: PeerId,
    name: string,
    request: number,
    route: number[],
    file: { size: number; digest: string },
  ): void {
    const { size: bodyLength, digest } = file
    const blob = this.#peer.openBlob(name, { onFailed: () => {} })
    const done = () => this.#peer.discard(blob)
    this.#peer.tell(
      origin,
      { type: 'ring.file', from: this.#peer.id, name, request, digest, route, bodyLength },
      { onFailed: done },
      blob,
    )
  }
}
