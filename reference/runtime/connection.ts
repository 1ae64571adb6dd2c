// One TCP connection, either way: bytes in, messages and bodies out, and the queue of what is to be sent.
//
// What keeps a stranger from hurting the node is here: a line has a bound (core/frame-decoder.ts), a body goes to disk at the
// disk's pace, and a stranger that sends questions and never reads the answers is not read any more. A refused message is
// answered as the system's codec says and the connection goes on, unless nobody can tell where the next message begins
// (common.tcp.malformed). Where each line is answered by one line, the next is not read before (peers.call.several), nor before
// the other connections have had their turn: a stranger that sends a thousand requests in one piece waits among the others.
import type { Socket } from 'node:net'
import { FrameDecoder } from '../core/frame-decoder.ts'
import type { BlobNumber } from '../core/machine.ts'
import type { DecodedLine, StreamCodec } from '../core/stream-codec.ts'
import { type BodySink, type Files, STREAM_BUFFER_BYTES } from './files.ts'

/** Bytes that may wait to be sent before the connection is not read any further. */
const UNSENT_BYTES_MAX = 262_144
/** How long an ended connection waits for the other side to end too. */
const LINGER_MS = 5000

export interface ConnectionEvents<M> {
  /** The sink for the message's body, if it has one and it is wanted. */
  onMessage(message: M): BodySink | undefined
  onProgress(): void
  /** More has come than may be handled at once: `goOn` is due when others have had their turn. */
  onYield(goOn: () => void): void
  onEnded(): void
  /** Comes once, when the connection is gone. */
  onClosed(): void
}

type Queued =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'body'; readonly blob: BlobNumber; readonly length: number }

export class Connection<M extends object> {
  readonly #socket: Socket
  readonly #codec: StreamCodec<M>
  readonly #files: Files | undefined
  readonly #events: ConnectionEvents<M>
  readonly #decoder: FrameDecoder
  #sink: BodySink | undefined
  /** A body waits for the disk: no frame may be taken before it is through. */
  #isWaitingForSink = false
  /** The machine has a message that it has not answered yet. */
  #owesAnswer = false
  #isDraining = false
  #hasEnded = false
  #isRefusing = false
  readonly #queue: Queued[] = []
  #isSendingBody = false
  #isClosing = false
  /** The next frame is taken when the other connections have had their turn. */
  #isYielding = false
  #lingerTimer: NodeJS.Timeout | undefined
  lastActiveAt = performance.now()

  constructor(socket: Socket, codec: StreamCodec<M>, files: Files | undefined, events: ConnectionEvents<M>) {
    this.#socket = socket
    this.#codec = codec
    this.#decoder = new FrameDecoder(codec.lineBytesMax)
    this.#files = files
    this.#events = events
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#onData(bytes))
    socket.on('end', () => this.#onEnd())
    socket.on('drain', () => this.#readOn())
    // A reset is followed by `close`, which is all that matters.
    socket.on('error', () => {})
    socket.on('close', () => this.#onClose())
  }

  /** Silent because it waits for this node. */
  get isWaitingForAnswer(): boolean {
    return this.#owesAnswer
  }

  // Receiving

  #onData(bytes: Buffer): void {
    this.lastActiveAt = performance.now()
    if (this.#isRefusing) return
    this.#decoder.push(bytes)
    this.#takeFrames()
  }

  #takeFrames(): void {
    // A sink or a send may call back from within; the loop that runs goes on.
    if (this.#isDraining || this.#isYielding) return
    this.#isDraining = true
    while (!this.#isWaitingForSink && !this.#isRefusing && !this.#socket.destroyed) {
      if (this.#owesAnswer || this.#socket.writableLength > UNSENT_BYTES_MAX) {
        this.#socket.pause()
        break
      }
      const frame = this.#decoder.next()
      if (frame === undefined) break
      if (frame.kind === 'too-long') this.#onTooLong()
      else if (frame.kind === 'line') this.#onLine(this.#codec.decode(frame.bytes))
      else this.#onBody(frame.bytes, frame.isLast)
      if (this.#codec.isEachAnswered && this.#decoder.hasUnread) {
        this.#yield()
        break
      }
    }
    this.#isDraining = false
    this.#maybeEnd()
  }

  #yield(): void {
    this.#isYielding = true
    this.#socket.pause()
    this.#events.onYield(() => {
      this.#isYielding = false
      this.#takeFrames()
      if (!this.#isYielding) this.#readOn()
    })
  }

  #readOn(): void {
    if (this.#isWaitingForSink || this.#owesAnswer || this.#isYielding || this.#socket.destroyed) return
    this.#socket.resume()
    this.#takeFrames()
  }

  #onTooLong(): void {
    const decoded = this.#codec.tooLong()
    this.#isRefusing = true
    this.#onLine(decoded)
  }

  #onLine(decoded: DecodedLine<M>): void {
    if (decoded.isRefused) {
      this.#refuse(decoded.answer, decoded.isLast)
      return
    }
    const { message } = decoded
    this.#owesAnswer = this.#codec.isEachAnswered
    const length = 'bodyLength' in message ? Number(message.bodyLength) : undefined
    if (length !== undefined) this.#decoder.expectBody(length)
    this.#sink = this.#events.onMessage(message)
    if (length === undefined || this.#sink !== undefined) return
    // The machine has answered; the body that follows is not read.
    this.#isRefusing = true
    this.close()
  }

  #onBody(bytes: Uint8Array, isLast: boolean): void {
    const sink = this.#sink
    if (sink === undefined) return
    this.#events.onProgress()
    const hasRoom = bytes.length === 0 || sink.write(bytes)
    if (isLast) {
      this.#sink = undefined
      this.#waitForSink()
      sink.end(() => this.#onSinkReady())
    } else if (!hasRoom) {
      this.#waitForSink()
      sink.onRoom = () => {
        sink.onRoom = () => {}
        this.#onSinkReady()
      }
    }
  }

  #waitForSink(): void {
    this.#isWaitingForSink = true
    this.#socket.pause()
  }

  #onSinkReady(): void {
    this.#isWaitingForSink = false
    this.#readOn()
  }

  /** An error is never answered with an error; the codec refuses none that is well formed. */
  #refuse(answer: M, isLast: boolean): void {
    this.#enqueue({ kind: 'line', line: `${JSON.stringify(answer)}\n` })
    if (!isLast) return
    this.#isRefusing = true
    this.close()
  }

  #onEnd(): void {
    this.#hasEnded = true
    this.#maybeEnd()
  }

  /** The end counts after everything that came before it, a body on its way to disk included. */
  #maybeEnd(): void {
    if (!this.#hasEnded || this.#isWaitingForSink || this.#owesAnswer) return
    if (this.#isDraining || this.#isYielding) return
    this.#hasEnded = false
    this.#sink?.cut()
    this.#sink = undefined
    this.#events.onEnded()
    if (this.#isClosing) this.#maybeFinish()
  }

  #onClose(): void {
    clearTimeout(this.#lingerTimer)
    this.#sink?.cut()
    this.#sink = undefined
    this.#events.onClosed()
  }

  // Sending

  send(message: M, body: BlobNumber | undefined): void {
    if (this.#isClosing) return
    this.#enqueue({ kind: 'line', line: `${JSON.stringify(message)}\n` })
    if (body !== undefined && 'bodyLength' in message) {
      this.#enqueue({ kind: 'body', blob: body, length: Number(message.bodyLength) })
    }
    if (!this.#owesAnswer) return
    this.#owesAnswer = false
    this.#readOn()
  }

  #enqueue(item: Queued): void {
    this.#queue.push(item)
    this.#sendNext()
  }

  #sendNext(): void {
    while (!this.#isSendingBody) {
      const item = this.#queue.shift()
      if (item === undefined) break
      if (item.kind === 'line') this.#socket.write(item.line)
      else if (item.length > 0) this.#sendBody(item.blob, item.length)
    }
    if (this.#isClosing) this.#maybeFinish()
  }

  /** Reads one buffer while the other is on its way: at most two are held, however long the body is. */
  #sendBody(blob: BlobNumber, length: number): void {
    this.#isSendingBody = true
    let buffer = Buffer.allocUnsafe(Math.min(STREAM_BUFFER_BYTES, length))
    let spare = Buffer.allocUnsafe(buffer.length)
    let offset = 0
    let isSent = true
    let ready = 0
    const read = () => {
      const room = buffer.subarray(0, Math.min(buffer.length, length - offset))
      this.#files?.readInto(blob, room, offset, (bytes) => {
        if (this.#socket.destroyed) return
        // The file became shorter than its header says: only cutting the connection tells the receiver.
        if (bytes === undefined || bytes === 0) {
          this.#socket.destroy()
          return
        }
        offset += bytes
        ready = bytes
        write()
      })
    }
    const write = () => {
      if (!isSent || ready === 0) return
      const bytes = buffer.subarray(0, ready)
      ready = 0
      isSent = false
      const isLast = offset >= length
      ;[buffer, spare] = [spare, buffer]
      this.#socket.write(bytes, (error) => {
        isSent = true
        if (error != null) return
        this.lastActiveAt = performance.now()
        this.#events.onProgress()
        if (isLast) {
          this.#isSendingBody = false
          this.#sendNext()
        } else {
          write()
        }
      })
      if (!isLast) read()
    }
    read()
  }

  /** Ends after what is queued, and waits a while for the other side to end. */
  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#maybeFinish()
  }

  #maybeFinish(): void {
    if (this.#isSendingBody || this.#queue.length > 0 || this.#socket.writableEnded) return
    this.#socket.end()
    // What a refused sender still sends is thrown away, so that the answer is not lost to a reset.
    this.#lingerTimer = setTimeout(() => this.#socket.destroy(), LINGER_MS)
  }

  abort(): void {
    this.#socket.destroy()
  }

  /** For the end of the node: what was handed to the socket goes out, nothing more comes in. */
  destroySoon(): void {
    this.#socket.destroySoon()
  }
}
