// Puts other lines in the place of some, in a stream that otherwise stays as it is, byte by byte: a line is held until its
// LF has come, and goes on as it was unless there is a translation of it. What ends without an LF goes on as it was too.
import type { Piece } from './frame-decoder.ts'
import type { Message } from './wire.ts'

export class LineExchange {
  private readonly translate: (piece: Piece) => Message | undefined
  /** Bytes of the stream from `heldOffset` on; bound: one line, which the decoder says when it is too long. */
  private held: Uint8Array[] = []
  private heldOffset = 0
  private released: Uint8Array[] = []
  private grown = 0

  constructor(translate: (piece: Piece) => Message | undefined) {
    this.translate = translate
  }

  /** By how many bytes what is released is longer than what came in. */
  get grownBytes(): number {
    return this.grown
  }

  /** Takes the next bytes of the stream, before the decoder sees them. */
  hold(chunk: Uint8Array): void {
    this.held.push(chunk)
  }

  /** The decoder has found the next piece in what is held. */
  takePiece(piece: Piece): void {
    const stream = Buffer.concat(this.held)
    const end = piece.endOffset - this.heldOffset
    const translated = piece.complete ? this.translate(piece) : undefined
    if (translated === undefined) this.released.push(stream.subarray(0, end))
    else {
      const line = Buffer.from(`${JSON.stringify(translated)}\n`)
      this.released.push(stream.subarray(0, piece.startOffset - this.heldOffset), line)
      this.grown += line.length - (piece.endOffset - piece.startOffset)
    }
    this.held = [stream.subarray(end)]
    this.heldOffset = piece.endOffset
  }

  /** What may go on now: whole lines, and with `all` what comes after the last of them too. */
  release(all: boolean): Uint8Array {
    if (all) {
      const rest = Buffer.concat(this.held)
      this.released.push(rest)
      this.heldOffset += rest.length
      this.held = []
    }
    const released = Buffer.concat(this.released)
    this.released = []
    return released
  }
}
