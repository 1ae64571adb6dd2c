// One TCP connection between a participant that the harness plays and a node, whoever opened it.
//
// What the harness sends goes through a decoder as well: so the capture shows a line that was sent byte by byte as the one
// line that the node has to read, and half a line as the half that it was.
import type { Socket } from 'node:net'
import type { Capture, Frame } from './capture.ts'
import { FrameDecoder, type Piece } from './frame-decoder.ts'
import type { ProbeConnection } from './probe.ts'
import { capturePiece, reset } from './tcp-stream.ts'
import type { Message, Wire } from './wire.ts'

export interface ProbeConnectionOptions {
  readonly number: number
  readonly socket: Socket
  readonly capture: Capture
  readonly wire: Wire
  readonly probe: number
  readonly node: number
  readonly openedBy: 'probe' | 'node'
  /** How long to wait when the case does not say. */
  readonly deadlineMs: number
  /** True when this frame was not taken by another `receive` of the probe; takes it. */
  take(frame: Frame): boolean
  /** What to wait for before the node is made to act. */
  settling(): Promise<unknown> | undefined
  /** Told of each whole line that the node sends. */
  onFrame?(frame: Frame): void
}

/** The reason of an abort. Without one each connection would make an exception, with a stack that nobody reads. */
const OVER = 'over'

export class PeerConnection implements ProbeConnection {
  readonly number: number
  private readonly options: ProbeConnectionOptions
  private readonly socket: Socket
  private readonly outgoing: FrameDecoder
  /** Where its first frame will be in the capture, at the earliest. */
  private readonly firstFrame: number
  private readonly bodies = new Map<number, Uint8Array>()
  private sent: Frame | undefined
  private readonly endedByNode = new AbortController()
  /** Nothing more can be read, whoever ended it. */
  private readonly over = new AbortController()

  constructor(options: ProbeConnectionOptions) {
    const { number, socket, capture, wire, probe, node, openedBy } = options
    this.number = number
    this.options = options
    this.socket = socket
    this.firstFrame = capture.frames.length
    const { opener, acceptor } = wire.converse()
    const [own, other] = openedBy === 'probe' ? [opener, acceptor] : [acceptor, opener]
    this.outgoing = new FrameDecoder(own, (piece) => {
      const ends = { from: probe, to: node, connection: number }
      this.sent = capturePiece(capture, piece, { ...ends, sender: 'probe', fate: 'passed' })
    })
    const incoming = new FrameDecoder(other, (piece) => this.onPiece(piece), { keepBodies: true })
    socket.on('data', (chunk) => incoming.feed(chunk))
    socket.on('end', () => {
      incoming.end(true)
      this.endedByNode.abort(OVER)
      this.over.abort(OVER)
    })
    socket.on('error', () => this.endedByNode.abort(OVER))
    socket.on('close', () => {
      incoming.end(false)
      this.outgoing.end(false)
      this.over.abort(OVER)
    })
  }

  async send(message: Message, body?: Uint8Array): Promise<void> {
    const line = Buffer.from(JSON.stringify(message))
    const fault = this.options.wire.faultOf(message)
    if (fault !== undefined) throw new Error(`a probe must not send this by 'send': ${fault.text}`)
    if ((message.bodyLength ?? 0) !== (body?.length ?? 0)) {
      throw new Error(`bodyLength is ${String(message.bodyLength)}, the body has ${body?.length ?? 0} bytes`)
    }
    await this.sendBytes(Buffer.concat([line, Buffer.from('\n'), body ?? Buffer.alloc(0)]))
  }

  /** The last whole frame that went out on it. */
  get lastSent(): Frame | undefined {
    return this.sent
  }

  /** What is sent now has a chance to arrive. */
  get isWritable(): boolean {
    return this.socket.writable
  }

  async sendBytes(bytes: Uint8Array | string): Promise<void> {
    await this.options.settling()
    const sent = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    this.outgoing.feed(sent)
    // That the node closed early is a result, which `closedByNode` tells, and no reason to throw here.
    await new Promise<void>((resolve) => {
      if (this.socket.writable) this.socket.write(sent, () => resolve())
      else resolve()
    })
  }

  receive(
    predicate: (frame: Frame) => boolean = () => true,
    withinMs = this.options.deadlineMs,
  ): Promise<Frame | undefined> {
    const { capture, take } = this.options
    const isWanted = (frame: Frame) =>
      frame.connection === this.number && frame.sender === 'program' && predicate(frame) && take(frame)
    return capture.wait(isWanted, withinMs, { over: this.over.signal, fromIndex: this.firstFrame })
  }

  body(frame: Frame): Uint8Array | undefined {
    return this.bodies.get(frame.n)
  }

  end(): void {
    this.outgoing.end(true)
    this.socket.end()
  }

  reset(): void {
    reset(this.socket)
  }

  close(): void {
    this.socket.destroy()
  }

  closedByNode(withinMs = this.options.deadlineMs): Promise<boolean> {
    const { signal } = this.endedByNode
    if (signal.aborted) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), withinMs)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  private onPiece(piece: Piece): void {
    const { capture, probe, node } = this.options
    // Kept before the frame is in the capture: who waits for the frame asks for its body at once.
    const content = piece.body?.content
    if (content !== undefined) this.bodies.set(capture.frames.length, content)
    const ends = { from: node, to: probe, connection: this.number }
    const frame = capturePiece(capture, piece, { ...ends, sender: 'program', fate: 'passed' })
    if (piece.complete) this.options.onFrame?.(frame)
  }
}
