// Cuts the bytes of a TCP connection into lines and bodies (common.tcp.lines, common.tcp.framing, common.tcp.body).
//
// TCP is a stream: one `data` event may hold half a message, or five. The decoder keeps what is incomplete and gives out
// what is complete. It does not know which line announces a body; its caller decodes the line and says so with
// `expectBody` before it asks for the next frame. Body bytes are given out as they come, never collected.
//
// Bound: at most `lineBytesMax` + 1 bytes are kept (the one more is a CR), beside the piece that was pushed last.

export type Frame =
  | { readonly kind: 'line'; readonly bytes: Uint8Array }
  | { readonly kind: 'body'; readonly bytes: Uint8Array; readonly isLast: boolean }
  /** The line has no end within the bound. Nothing after it can be understood: the decoder gives out no more frames. */
  | { readonly kind: 'too-long' }

const LF = 0x0a
const CR = 0x0d
const nothing = new Uint8Array(0)

export class FrameDecoder {
  readonly #lineBytesMax: number
  /** Pieces of the line under way that hold no LF. */
  #held: Uint8Array[] = []
  #heldBytes = 0
  #unread: Uint8Array = nothing
  #bodyLeft = 0
  #isBodyDue = false
  #isBroken = false

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  /** Adds bytes. All frames of the bytes before must have been taken. */
  push(bytes: Uint8Array): void {
    this.#unread = this.#unread.length === 0 ? bytes : join([this.#unread, bytes])
  }

  /** There are bytes that no frame has been made of: perhaps the next one. */
  get hasUnread(): boolean {
    return this.#unread.length > 0
  }

  /** The next `length` bytes are the body of the line that was given out last. */
  expectBody(length: number): void {
    this.#bodyLeft = length
    this.#isBodyDue = true
  }

  /** The next frame, or undefined until more bytes are pushed. A body of length 0 is one empty, last frame. */
  next(): Frame | undefined {
    if (this.#isBroken) return undefined
    return this.#isBodyDue ? this.#nextBody() : this.#nextLine()
  }

  #nextBody(): Frame | undefined {
    if (this.#bodyLeft > 0 && this.#unread.length === 0) return undefined
    const bytes = this.#take(Math.min(this.#bodyLeft, this.#unread.length))
    this.#bodyLeft -= bytes.length
    this.#isBodyDue = this.#bodyLeft > 0
    return { kind: 'body', bytes, isLast: !this.#isBodyDue }
  }

  #nextLine(): Frame | undefined {
    const end = this.#unread.indexOf(LF)
    const piece = this.#take(end === -1 ? this.#unread.length : end)
    if (piece.length > 0) {
      this.#held.push(piece)
      this.#heldBytes += piece.length
    }
    // A CR before the LF does not count, so one byte more than the bound may still be a line.
    if (this.#heldBytes > this.#lineBytesMax + 1) return this.#break()
    if (end === -1) return undefined
    this.#take(1)
    const line = this.#held.length === 1 ? (this.#held[0] ?? nothing) : join(this.#held)
    this.#held = []
    this.#heldBytes = 0
    const bytes = line.at(-1) === CR ? line.subarray(0, -1) : line
    return bytes.length > this.#lineBytesMax ? this.#break() : { kind: 'line', bytes }
  }

  #break(): Frame {
    this.#isBroken = true
    this.#held = []
    this.#unread = nothing
    return { kind: 'too-long' }
  }

  #take(length: number): Uint8Array {
    const taken = this.#unread.subarray(0, length)
    this.#unread = this.#unread.subarray(length)
    return taken
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}
