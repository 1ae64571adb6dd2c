// Storing a file (ring.md section 9). The owner is found first; then the origin sends it the content, once the owner has
// asked for it. So nobody can fill a peer that it did not ask, and content travels one hop only.
//
// Bound: PUTS_MAX puts allowed or arriving; one that makes no progress for `requestTimeoutMs` is forgotten.
import type { RingMessageOf } from '../../spec/ring/messages.ts'
import type { ConnectionNumber } from '../core/machine.ts'
import type { Commands, OwnCommand } from './commands.ts'
import { PUTS_MAX } from './limits.ts'
import type { Peer } from './peer.ts'
import type { Storage } from './storage.ts'
import type { PeerId } from './vocabulary.ts'

type Store = RingMessageOf<'ring.store'>
type Put = RingMessageOf<'ring.put'>

/** A put that this peer, as owner, has asked for. */
interface AllowedPut {
  readonly size: number
  progressAt: number
  /** Set while its body arrives. */
  connection: ConnectionNumber | undefined
}

export class Storing {
  readonly #peer: Peer
  readonly #commands: Commands
  readonly #storage: Storage
  readonly #allowed = new Map<string, AllowedPut>()
  /** What the origin has measured, by request; forgotten with the command. */
  readonly #measured = new Map<number, { blob: number; size: number; digest: string; path: string }>()

  constructor(peer: Peer, commands: Commands, storage: Storage) {
    this.#peer = peer
    this.#commands = commands
    this.#storage = storage
  }

  // The origin

  /** `onMeasured` sends the lookup on its way. */
  begin(handle: number, name: string, path: string, onMeasured: (message: Store) => void): void {
    const command = this.#commands.begin(handle, name, 'store')
    if (command === undefined) return
    const { request } = command
    const blob = this.#peer.measure(path, {
      onContent: (size, digest) => {
        this.#measured.set(request, { blob, size, digest, path })
        command.phase = { kind: 'looking-up' }
        this.#commands.watch(command)
        const { id } = this.#peer
        onMeasured({ type: 'ring.store', from: id, origin: id, name, request, size, route: [] })
      },
      onFailed: (detail) => this.#commands.fail(command, 'bad-argument', `path: ${detail}`),
    })
    command.release = () => {
      this.#measured.delete(request)
      this.#peer.discard(blob)
    }
  }

  /** ring.store.self: the origin is the owner. */
  storeHere(message: Store): void {
    const command = this.#commands.waiting(message.request, message.name, 'store', 'looking-up')
    const measured = this.#measured.get(message.request)
    if (command === undefined || measured === undefined) return
    const { name } = message
    const owner = this.#peer.id
    const route = [...message.route, owner]
    command.phase = { kind: 'transferring', owner, route }
    const failed = (detail: string) => this.#commands.fail(command, 'transfer-failed', detail)
    let content = { size: 0, digest: '' }
    const blob = this.#peer.copy(measured.path, {
      onContent: (size, digest) => {
        content = { size, digest }
        this.#peer.commit(blob, name)
      },
      onCommitted: (path) => {
        this.#storage.put(name, { ...content, path })
        this.#commands.succeed(command, { owner, route })
      },
      onFailed: failed,
    })
    const releaseMeasured = command.release
    command.release = () => {
      releaseMeasured()
      this.#peer.discard(blob)
    }
  }

  /** ring.store.place; ring.request.unasked for one that no command waits for. */
  onStoreAccept(connection: ConnectionNumber, message: RingMessageOf<'ring.store-accept'>): void {
    const { name, request, route, from: owner } = message
    const command = this.#commands.waiting(request, name, 'store', 'looking-up')
    const measured = this.#measured.get(request)
    if (command === undefined || measured === undefined) {
      this.#peer.refuse(connection, 'unexpected', 'no store waits for this')
      return
    }
    command.phase = { kind: 'transferring', owner, route }
    this.#commands.progress(command)
    this.#sendPut(command, owner, route, measured)
  }

  #sendPut(
    command: OwnCommand,
    owner: PeerId,
    route: number[],
    measured: { blob: number; size: number; digest: string },
  ): void {
    const { name, request } = command
    const { blob, size, digest } = measured
    const put: Put = {
      type: 'ring.put',
      from: this.#peer.id,
      name,
      request,
      digest,
      bodyLength: size,
    }
    const exchange = this.#peer.ask(
      owner,
      put,
      {
        onAnswer: (answer) => {
          if (answer.type === 'ring.stored' && answer.request === request && answer.name === name) {
            this.#peer.finish(exchange)
            this.#commands.succeed(command, { owner, route })
          }
          if (answer.type === 'error')
            this.#commands.fail(
              command,
              'transfer-failed',
              `peer ${owner}: ${answer.code}, ${answer.message}`,
            )
        },
        onFailed: (reason) => {
          if (reason === 'unreachable')
            this.#commands.fail(command, 'unreachable', `peer ${owner} cannot be reached`)
          else this.#commands.fail(command, 'transfer-failed', `peer ${owner} ended the connection`)
        },
        onProgress: () => this.#commands.progress(command),
      },
      blob,
    )
    const releaseMeasured = command.release
    command.release = () => {
      releaseMeasured()
      // Whatever is left of the body is not wanted any more.
      this.#peer.abort(exchange)
    }
  }

  // The owner

  /** ring.store.place */
  accept(connection: ConnectionNumber | undefined, message: Store): void {
    const { origin, name, request, size } = message
    const key = putKey(origin, name, request)
    const isFull = this.#allowed.size >= PUTS_MAX && !this.#allowed.has(key)
    if (isFull || this.#peer.isCrowded) {
      if (connection !== undefined)
        this.#peer.refuse(connection, 'busy', `${PUTS_MAX} puts are allowed already`)
      return
    }
    if (this.#allowed.get(key)?.connection === undefined) {
      this.#allowed.set(key, { size, progressAt: this.#peer.at, connection: undefined })
      this.#watch(key, this.#peer.settings.requestTimeoutMs)
    }
    this.#peer.tell(
      origin,
      {
        type: 'ring.store-accept',
        from: this.#peer.id,
        name,
        request,
        route: [...message.route, this.#peer.id],
      },
      {
        onFailed: (reason) => {
          if (reason === 'unreachable') this.#forget(key)
        },
      },
    )
  }

  #watch(key: string, delayMs: number): void {
    this.#peer.setTimer(`put:${key}`, delayMs, () => {
      const put = this.#allowed.get(key)
      if (put === undefined) return
      const leftMs = put.progressAt + this.#peer.settings.requestTimeoutMs - this.#peer.at
      if (leftMs > 0) return this.#watch(key, leftMs)
      this.#allowed.delete(key)
      if (put.connection !== undefined) this.#peer.cut(put.connection)
    })
  }

  #forget(key: string): void {
    this.#allowed.delete(key)
    this.#peer.clearTimer(`put:${key}`)
  }

  /** ring.store.place, ring.store.unasked. A body that was cut short leaves nothing behind (common.tcp.cut). */
  onPut(connection: ConnectionNumber, message: Put): void {
    const { name, request } = message
    const key = putKey(message.from, name, request)
    const put = this.#allowed.get(key)
    if (put === undefined || put.size !== message.bodyLength || put.connection !== undefined) {
      this.#peer.refuse(connection, 'unexpected', 'no such put was asked for')
      this.#peer.close(connection)
      return
    }
    put.connection = connection
    put.progressAt = this.#peer.at
    const blob = this.#peer.receiveBody(
      connection,
      {
        onContent: (_size, digest) => {
          this.#forget(key)
          if (digest === message.digest) return this.#peer.commit(blob, name)
          this.#peer.discard(blob)
          this.#peer.refuse(connection, 'unexpected', 'the content does not match its digest')
        },
        onCommitted: (path) => {
          this.#storage.put(name, { size: put.size, digest: message.digest, path })
          this.#peer.answer(connection, { type: 'ring.stored', from: this.#peer.id, name, request })
        },
        onFailed: (detail) => {
          this.#forget(key)
          this.#peer.refuse(connection, 'internal', detail)
          this.#peer.close(connection)
        },
      },
      () => {
        put.progressAt = this.#peer.at
      },
    )
  }
}

function putKey(origin: PeerId, name: string, request: number): string {
  return `${origin}:${name}:${request}`
}
