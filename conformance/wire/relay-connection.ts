// One TCP connection between two nodes, seen from the middle: two pipes, each with the faults of its direction.
//
// The bytes are passed on as they come, never gathered into messages first, so a file of any size streams through; a
// sender is paused while the receiver is slow. A FIN is passed on as a FIN of that direction only, an RST as an RST. Only
// where messages carry addresses a line is held until it is whole, because an address in it may have to be exchanged.
import type { Socket } from 'node:net'
import type { AddressBook } from './address-book.ts'
import type { Capture, Fate } from './capture.ts'
import { FrameDecoder, type Piece } from './frame-decoder.ts'
import { LineExchange } from './line-exchange.ts'
import type { RelayLink } from './relay.ts'
import { capturePiece, reset } from './tcp-stream.ts'
import type { LineRules, Wire } from './wire.ts'

export interface RelayConnectionOptions {
  readonly number: number
  readonly capture: Capture
  readonly wire: Wire
  readonly addresses: AddressBook
  /** The accepted socket of the node that connected, and the one to the node that it wants. */
  readonly opener: Socket
  readonly acceptor: Socket
  /** The link from opener to acceptor, and the one back. */
  readonly forth: RelayLink
  readonly back: RelayLink
}

export function relayConnection(options: RelayConnectionOptions): void {
  const { wire, opener, acceptor, forth, back } = options
  const sides = wire.converse()
  new Pipe(options, { source: opener, sink: acceptor, link: forth, rules: sides.opener }).start()
  new Pipe(options, { source: acceptor, sink: opener, link: back, rules: sides.acceptor }).start()
}

interface Direction {
  readonly source: Socket
  readonly sink: Socket
  readonly link: RelayLink
  readonly rules: LineRules
}

class Pipe {
  private readonly number: number
  private readonly capture: Capture
  private readonly source: Socket
  private readonly sink: Socket
  private readonly link: RelayLink
  private readonly decoder: FrameDecoder
  private readonly exchange: LineExchange | undefined
  private passedBytes = 0
  /** Bytes of this direction that the receiver will ever get, and why not more. */
  private cut: { readonly atBytes: number; readonly fate: Fate } | undefined
  private isCut = false
  private ended = false
  private slowPass: Promise<void> = Promise.resolve()

  constructor(options: RelayConnectionOptions, { source, sink, link, rules }: Direction) {
    const { number, capture, wire, addresses } = options
    this.number = number
    this.capture = capture
    this.source = source
    this.sink = sink
    this.link = link
    this.decoder = new FrameDecoder(rules, (piece) => this.onPiece(piece))
    const { exchangeAddresses } = wire
    if (exchangeAddresses !== undefined) {
      const { from, to } = link
      this.exchange = new LineExchange((piece) =>
        exchangeAddresses(piece, (address) => addresses.translate(address, from, to)),
      )
    }
  }

  start(): void {
    this.source.on('data', (chunk) => this.onData(chunk))
    this.source.on('end', () => this.onEnd())
    // What kind of error it was does not matter: 'close' follows, and the other side gets an RST as well.
    this.source.on('error', () => {})
    this.source.on('close', (hadError) => {
      if (!this.ended) this.decoder.end(false)
      if (hadError || !this.ended) reset(this.sink)
    })
  }

  private onPiece(piece: Piece): void {
    this.exchange?.takePiece(piece)
    const { from, to } = this.link
    const endOffset = piece.endOffset + (this.exchange?.grownBytes ?? 0)
    const beyondCut = this.cut !== undefined && endOffset > this.cut.atBytes
    const unhurt: Fate = this.link.faults.only === undefined && this.delays() ? 'delayed' : 'passed'
    const fate = beyondCut ? (this.cut?.fate ?? unhurt) : unhurt
    capturePiece(this.capture, piece, { from, to, connection: this.number, sender: 'program', fate })
  }

  private delays(): boolean {
    const { delayMs = 0, jitterMs = 0 } = this.link.faults
    return delayMs > 0 || jitterMs > 0
  }

  /** Takes over what the faults of the link say now, unless this direction is cut already. */
  private updateCut(): void {
    if (this.isCut) return
    const { tcpBlackhole, tcpResetAfterBytes, tcpTruncateAfterBytes } = this.link.faults
    if (tcpBlackhole === true) this.cut = { atBytes: this.passedBytes, fate: 'dropped' }
    else if (tcpResetAfterBytes !== undefined) this.cut = { atBytes: tcpResetAfterBytes, fate: 'reset' }
    else if (tcpTruncateAfterBytes !== undefined) {
      this.cut = { atBytes: tcpTruncateAfterBytes, fate: 'truncated' }
    } else this.cut = undefined
  }

  private onData(chunk: Buffer): void {
    this.updateCut()
    this.exchange?.hold(chunk)
    this.decoder.feed(chunk)
    this.pass(this.exchange?.release(this.decoder.isSkipping) ?? chunk)
  }

  private pass(chunk: Uint8Array): void {
    const { cut } = this
    const passing = cut === undefined ? chunk : chunk.subarray(0, Math.max(0, cut.atBytes - this.passedBytes))
    this.passedBytes += passing.length
    const cutsNow = cut !== undefined && !this.isCut && this.passedBytes >= cut.atBytes
    if (cutsNow) this.isCut = true
    if (!this.delays() && this.link.faults.tcpChunkBytes === undefined && !cutsNow) {
      // The usual way, without a detour over promises.
      if (passing.length > 0 && !this.sink.write(passing)) this.waitForDrain()
      return
    }
    this.source.pause()
    this.slowPass = this.passSlowly(passing).then(() => {
      if (cutsNow) this.performCut(cut.fate)
      this.source.resume()
    })
  }

  private waitForDrain(): void {
    this.source.pause()
    const resume = () => {
      this.sink.off('drain', resume)
      this.sink.off('close', resume)
      this.source.resume()
    }
    this.sink.on('drain', resume)
    this.sink.on('close', resume)
  }

  /** Passes a chunk with the delay of the link and in pieces; resolves when the kernel has all of it. */
  private async passSlowly(chunk: Uint8Array): Promise<void> {
    const { only, tcpChunkBytes = chunk.length } = this.link.faults
    const delayMs = only === undefined ? this.link.drawTcpDelayMs() : 0
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    for (let at = 0; at < chunk.length && !this.sink.destroyed; at += tcpChunkBytes) {
      await new Promise<void>((resolve) =>
        this.sink.write(chunk.subarray(at, at + tcpChunkBytes), () => resolve()),
      )
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  private performCut(fate: Fate): void {
    if (fate === 'reset') {
      reset(this.sink)
      reset(this.source)
    } else if (fate === 'truncated') this.sink.end()
  }

  private onEnd(): void {
    this.ended = true
    this.updateCut()
    this.decoder.end(true)
    const rest = this.exchange?.release(true)
    // The end is reported even while the socket is paused, so it must not overtake what is still being passed.
    void this.slowPass.then(() => this.passEnd(rest))
  }

  private passEnd(rest: Uint8Array | undefined): void {
    if (rest !== undefined && rest.length > 0) this.pass(rest)
    // A FIN that comes into a black hole is lost like everything else.
    if (this.cut?.fate === 'dropped') return
    void this.slowPass.then(() => this.sink.end())
  }
}
