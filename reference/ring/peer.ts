// What the parts of a ring machine share: who this peer is, the step's effects, and the tables that bring an input back to
// the part that waits for it (timers, connections, blobs).
//
// Rule of this file: parts never keep effects or numbers of their own. A part asks for a timer, a connection or a blob and
// gives what is to be done when it comes back; an input for something that has been given up finds no entry and does nothing.
import type { ErrorCode } from '../../spec/common/messages.ts'
import type { ControlErrorCode } from '../../spec/control/messages.ts'
import type { RingCommandName, RingEvent, RingResult } from '../../spec/ring/control.ts'
import type { RingTcpMessage, RingUdpMessage } from '../../spec/ring/messages.ts'
import type { BlobNumber, ConnectionNumber } from '../core/machine.ts'
import { type Random, seededRandom } from '../core/random.ts'
import { CONNECTIONS_OPEN_MAX } from './limits.ts'
import type { RingRules } from './rules.ts'
import type { PeerId, RingEffect, RingSettings } from './vocabulary.ts'

/** A connection that this peer has opened, from the view of the part that opened it. */
export interface Exchange {
  /** A message came back. */
  onAnswer?(message: RingTcpMessage): void
  /** The connection never came up, or ended before the exchange was finished. */
  onFailed?(reason: 'unreachable' | 'closed'): void
  /** Bytes of a body moved. */
  onProgress?(): void
}

/** A blob from the view of the part that asked for it. */
export interface BlobUse {
  onContent?(size: number, digest: string): void
  onCommitted?(path: string): void
  onChunk?(data: string): void
  onFailed(detail: string): void
}

export class Peer {
  readonly settings: RingSettings
  readonly rules: RingRules
  readonly random: Random
  at = 0
  #startedAt = 0
  #nextNumber = 1
  #nextConnection = 1
  #nextBlob = 1
  #effects: RingEffect[] = []
  readonly #timers = new Map<string, () => void>()
  /**
   * Undefined once finished: the connection is not closed yet, and still counts. Bound: CONNECTIONS_OPEN_MAX for what others
   * cause (`isCrowded`) and one for each of this peer's own commands.
   */
  readonly #exchanges = new Map<ConnectionNumber, Exchange | undefined>()
  readonly #blobs = new Map<BlobNumber, BlobUse>()
  /** Inbound connections on which a body is arriving. */
  readonly #arriving = new Map<ConnectionNumber, () => void>()

  constructor(settings: RingSettings, rules: RingRules) {
    this.settings = settings
    this.rules = rules
    this.random = seededRandom(settings.seed)
  }

  get id(): PeerId {
    return this.settings.id
  }

  get sinceStartMs(): number {
    return this.at - this.#startedAt
  }

  begin(firstNumber: number): void {
    this.#startedAt = this.at
    this.#nextNumber = firstNumber
  }

  /** A number that this peer has not used before, for a request or a transfer. */
  nextNumber(): number {
    this.#nextNumber += 1
    return this.#nextNumber - 1
  }

  takeEffects(): readonly RingEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  halt(): void {
    this.#effects.push({ kind: 'halt' })
  }

  // Commands and events

  succeed(handle: number, result: RingResult<RingCommandName>): void {
    this.#effects.push({ kind: 'reply', handle, reply: { ok: true, result } })
  }

  fail(handle: number, code: ControlErrorCode, message: string): void {
    this.#effects.push({ kind: 'reply', handle, reply: { ok: false, error: { code, message } } })
  }

  report(event: RingEvent): void {
    this.#effects.push({ kind: 'event', event })
  }

  // Timers

  setTimer(name: string, delayMs: number, onFired: () => void): void {
    this.#timers.set(name, onFired)
    this.#effects.push({ kind: 'set-timer', name, delayMs })
  }

  clearTimer(name: string): void {
    if (this.#timers.delete(name)) this.#effects.push({ kind: 'clear-timer', name })
  }

  onTimer(name: string): void {
    const onFired = this.#timers.get(name)
    this.#timers.delete(name)
    onFired?.()
  }

  // Messages

  sendDatagram(to: PeerId, message: RingUdpMessage): void {
    this.#effects.push({ kind: 'send-datagram', to, message })
  }

  /** True if what others send must not make this peer open more connections now. */
  get isCrowded(): boolean {
    return this.#exchanges.size >= CONNECTIONS_OPEN_MAX
  }

  /** Opens a connection for a message that has an answer; it stays open until `finish`. */
  ask(to: PeerId, message: RingTcpMessage, exchange: Exchange, body?: BlobNumber): ConnectionNumber {
    const connection = this.#nextConnection
    this.#nextConnection += 1
    this.#exchanges.set(connection, exchange)
    this.#effects.push({ kind: 'open', connection, to })
    this.#effects.push({ kind: 'send', connection, message, ...(body === undefined ? {} : { body }) })
    return connection
  }

  /** Opens a connection for a message that has no answer but perhaps an error, and ends it behind the message. */
  tell(to: PeerId, message: RingTcpMessage, exchange: Exchange = {}, body?: BlobNumber): ConnectionNumber {
    const connection = this.ask(to, message, exchange, body)
    this.#effects.push({ kind: 'close', connection })
    return connection
  }

  /** The exchange is over: what still arrives on its connection means nothing. */
  finish(connection: ConnectionNumber): void {
    if (this.#exchanges.get(connection) === undefined) return
    this.#exchanges.set(connection, undefined)
    this.#effects.push({ kind: 'close', connection })
  }

  /** The exchange is given up, whatever is still queued. One that is finished ends by itself. */
  abort(connection: ConnectionNumber): void {
    if (this.#exchanges.get(connection) === undefined) return
    this.#exchanges.delete(connection)
    this.#effects.push({ kind: 'abort', connection })
  }

  /** Writes on a connection that somebody else opened. */
  answer(connection: ConnectionNumber, message: RingTcpMessage): void {
    this.#effects.push({ kind: 'send', connection, message })
  }

  refuse(connection: ConnectionNumber, code: ErrorCode, message: string): void {
    this.answer(connection, { type: 'error', code, message })
  }

  close(connection: ConnectionNumber): void {
    this.#effects.push({ kind: 'close', connection })
  }

  /** Drops a connection that somebody else opened, with what is still arriving on it. */
  cut(connection: ConnectionNumber): void {
    this.#effects.push({ kind: 'abort', connection })
  }

  isOwnConnection(connection: ConnectionNumber): boolean {
    return connection > 0
  }

  onAnswer(connection: ConnectionNumber, message: RingTcpMessage): void {
    this.#exchanges.get(connection)?.onAnswer?.(message)
  }

  onProgress(connection: ConnectionNumber): void {
    this.#exchanges.get(connection)?.onProgress?.()
    this.#arriving.get(connection)?.()
  }

  /** The other side of an own connection sends no more: an answer that has not come will not come. */
  onOwnEnded(connection: ConnectionNumber): void {
    const exchange = this.#exchanges.get(connection)
    this.finish(connection)
    exchange?.onFailed?.('closed')
  }

  onConnectionGone(connection: ConnectionNumber, reason: 'unreachable' | 'closed'): void {
    const exchange = this.#exchanges.get(connection)
    this.#exchanges.delete(connection)
    exchange?.onFailed?.(reason)
  }

  // Content

  #newBlob(use: BlobUse): BlobNumber {
    const blob = this.#nextBlob
    this.#nextBlob += 1
    this.#blobs.set(blob, use)
    return blob
  }

  measure(path: string, use: BlobUse): BlobNumber {
    const blob = this.#newBlob(use)
    this.#effects.push({ kind: 'measure', blob, path })
    return blob
  }

  copy(path: string, use: BlobUse): BlobNumber {
    const blob = this.#newBlob(use)
    this.#effects.push({ kind: 'copy', blob, path })
    return blob
  }

  openBlob(file: string, use: BlobUse): BlobNumber {
    const blob = this.#newBlob(use)
    this.#effects.push({ kind: 'open-blob', blob, file })
    return blob
  }

  createBlob(use: BlobUse): BlobNumber {
    const blob = this.#newBlob(use)
    this.#effects.push({ kind: 'create-blob', blob })
    return blob
  }

  receiveBody(connection: ConnectionNumber, use: BlobUse, onProgress: () => void): BlobNumber {
    this.#arriving.set(connection, onProgress)
    const blob = this.#newBlob({
      ...use,
      onContent: (size, digest) => {
        this.#arriving.delete(connection)
        use.onContent?.(size, digest)
      },
      onFailed: (detail) => {
        this.#arriving.delete(connection)
        use.onFailed(detail)
      },
    })
    this.#effects.push({ kind: 'receive-body', connection, blob })
    return blob
  }

  append(blob: BlobNumber, data: string): void {
    this.#effects.push({ kind: 'append', blob, data })
  }

  finishBlob(blob: BlobNumber): void {
    this.#effects.push({ kind: 'finish', blob })
  }

  read(blob: BlobNumber, offset: number, length: number): void {
    this.#effects.push({ kind: 'read', blob, offset, length })
  }

  commit(blob: BlobNumber, file: string): void {
    this.#effects.push({ kind: 'commit', blob, file })
  }

  discard(blob: BlobNumber): void {
    if (this.#blobs.delete(blob)) this.#effects.push({ kind: 'discard', blob })
  }

  onContent(blob: BlobNumber, size: number, digest: string): void {
    this.#blobs.get(blob)?.onContent?.(size, digest)
  }

  onChunk(blob: BlobNumber, data: string): void {
    this.#blobs.get(blob)?.onChunk?.(data)
  }

  onCommitted(blob: BlobNumber, path: string): void {
    const use = this.#blobs.get(blob)
    this.#blobs.delete(blob)
    use?.onCommitted?.(path)
  }

  onBlobFailed(blob: BlobNumber, detail: string): void {
    const use = this.#blobs.get(blob)
    this.#blobs.delete(blob)
    use?.onFailed(detail)
  }
}
