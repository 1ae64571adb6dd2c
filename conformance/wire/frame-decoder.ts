// Cuts one direction of a TCP connection into lines and bodies, whatever pieces it arrives in.
//
// The decoder is the harness's own: it must see what a program really wrote, so it never refuses anything. A line that
// is too long is reported once and skipped up to its LF; a body is hashed as it streams by, and its content kept only
// on request and up to a bound, so that a file of any size passes through constant memory.
import { createHash, type Hash } from 'node:crypto'
import type { Decoded, LineRules } from './wire.ts'

/** Bodies up to this size are kept for the probe that received them; longer ones only as length and digest. */
export const BODY_KEPT_BYTES_MAX = 1_048_576

/** A line with its body, or what was left over when the stream ended. */
export interface Piece extends Decoded {
  /** The line without LF and CR, or the raw rest. */
  readonly bytes: Uint8Array
  readonly body?: { readonly length: number; readonly digest: string; readonly content?: Uint8Array }
  /** Offset in the stream of the first byte of the piece, and just behind it, its LF and its body. */
  readonly startOffset: number
  readonly endOffset: number
  /** False for what the end of the stream cut off: bytes without an LF, or a body that is too short. */
  readonly complete: boolean
}

interface OpenBody {
  readonly startOffset: number
  readonly line: Uint8Array
  readonly decoded: Decoded
  readonly hash: Hash
  readonly kept: Uint8Array[] | undefined
  readonly declared: number
  received: number
}

const LF = 0x0a
const CR = 0x0d

export class FrameDecoder {
  private readonly rules: LineRules
  private readonly onPiece: (piece: Piece) => void
  private readonly keepBodies: boolean
  private offset = 0
  /** Where the present line began. */
  private lineOffset = 0
  private pending: Uint8Array[] = []
  private pendingLength = 0
  /** Inside a line that is too long: everything up to its LF is thrown away. */
  private skipping = false
  private body: OpenBody | undefined

  constructor(
    rules: LineRules,
    onPiece: (piece: Piece) => void,
    options: { readonly keepBodies?: boolean } = {},
  ) {
    this.rules = rules
    this.onPiece = onPiece
    this.keepBodies = options.keepBodies ?? false
  }

  feed(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.length > 0) {
      rest = this.body === undefined ? this.takeLine(rest) : this.takeBody(this.body, rest)
    }
  }

  /** Inside a line that was reported as too long, whose end has not come yet. */
  get isSkipping(): boolean {
    return this.skipping
  }

  /** The stream is over, by a FIN or otherwise: reports what is left over. */
  end(inOrder: boolean): void {
    if (this.body !== undefined) this.finishBody(this.body, false)
    else if (this.pendingLength > 0) {
      const bytes = Buffer.concat(this.pending)
      this.clearPending()
      this.onPiece({
        ...this.rules.decodeRest(bytes, inOrder),
        bytes,
        startOffset: this.lineOffset,
        endOffset: this.offset,
        complete: false,
      })
    }
  }

  private takeLine(chunk: Uint8Array): Uint8Array {
    if (this.pendingLength === 0 && !this.skipping) this.lineOffset = this.offset
    const lf = chunk.indexOf(LF)
    const part = lf < 0 ? chunk : chunk.subarray(0, lf)
    this.offset += part.length + (lf < 0 ? 0 : 1)
    if (!this.skipping) {
      this.pending.push(part)
      this.pendingLength += part.length
      // One byte more than a line may have is let through: it could be the CR before the LF, which does not count.
      if (this.pendingLength > this.rules.bytesMax + 1) this.reportTooLong()
    }
    if (lf < 0) return chunk.subarray(chunk.length)
    if (this.skipping) this.skipping = false
    else this.finishLine()
    return chunk.subarray(lf + 1)
  }

  private finishLine(): void {
    let line: Uint8Array =
      this.pending.length === 1 ? (this.pending[0] ?? Buffer.alloc(0)) : Buffer.concat(this.pending)
    if (line.at(-1) === CR) line = line.subarray(0, line.length - 1)
    if (line.length > this.rules.bytesMax) {
      this.reportTooLong()
      this.skipping = false
      return
    }
    this.clearPending()
    const decoded = this.rules.decode(line)
    const startOffset = this.lineOffset
    const declared = this.rules.bodyLength(decoded)
    if (declared !== undefined) {
      const kept = this.keepBodies && declared <= BODY_KEPT_BYTES_MAX ? [] : undefined
      this.body = { startOffset, line, decoded, hash: createHash('sha256'), kept, declared, received: 0 }
      if (declared === 0) this.finishBody(this.body, true)
      return
    }
    this.onPiece({ ...decoded, bytes: line, startOffset, endOffset: this.offset, complete: true })
  }

  private reportTooLong(): void {
    const bytes = Buffer.concat(this.pending)
    this.clearPending()
    this.skipping = true
    this.onPiece({
      ...this.rules.decodeTooLong(),
      bytes,
      startOffset: this.lineOffset,
      endOffset: this.offset,
      complete: true,
    })
  }

  private takeBody(body: OpenBody, chunk: Uint8Array): Uint8Array {
    const part = chunk.subarray(0, body.declared - body.received)
    body.hash.update(part)
    body.kept?.push(Uint8Array.from(part))
    body.received += part.length
    this.offset += part.length
    if (body.received === body.declared) this.finishBody(body, true)
    return chunk.subarray(part.length)
  }

  private finishBody(body: OpenBody, complete: boolean): void {
    this.body = undefined
    this.onPiece({
      ...body.decoded,
      bytes: body.line,
      startOffset: body.startOffset,
      body: {
        length: body.received,
        digest: body.hash.digest('hex'),
        ...(body.kept === undefined ? {} : { content: Buffer.concat(body.kept) }),
      },
      endOffset: this.offset,
      complete,
    })
  }

  private clearPending(): void {
    this.pending = []
    this.pendingLength = 0
  }
}
