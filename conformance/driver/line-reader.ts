// Cuts the output of a program into lines, within limits. A program may print without end and without a line break, as
// fast as the pipe takes it; neither may fill the harness's memory or keep it from its other work.
import { CONTROL_LINE_BYTES_MAX } from '../../spec/common/limits.ts'

/** What a program may print at once, and how fast that allowance comes back. */
const BURST_BYTES_MAX = 16 * 1_048_576
const REFILL_BYTES_PER_MS = 4096
/** A line costs more than its bytes: a segment log at full speed has a few thousand a second. */
const BURST_LINES_MAX = 50_000
const REFILL_LINES_PER_MS = 20

const FLOOD = 'it floods standard output: far more lines or bytes than any test asks for'

const LF = 0x0a

export interface LineListener {
  onLine(line: string): void
  /** A limit is exceeded, or the bytes are no text; nothing is read after that. */
  onTrouble(text: string): void
}

export class LineReader {
  private readonly listener: LineListener
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  private pending: Uint8Array[] = []
  private pendingLength = 0
  private bytesAllowed = BURST_BYTES_MAX
  private linesAllowed = BURST_LINES_MAX
  private lastFedAtMs = performance.now()
  private inTrouble = false

  constructor(listener: LineListener) {
    this.listener = listener
  }

  feed(chunk: Uint8Array): void {
    this.refill()
    this.bytesAllowed -= chunk.length
    if (this.bytesAllowed < 0) this.fail(FLOOD)
    let rest = chunk
    while (!this.inTrouble) {
      const lf = rest.indexOf(LF)
      this.append(lf < 0 ? rest : rest.subarray(0, lf))
      if (lf < 0) return
      this.finishLine()
      rest = rest.subarray(lf + 1)
    }
  }

  /** The beginning of a line that has no end yet, for a message to a person. */
  get unfinished(): string {
    return Buffer.concat(this.pending).toString('utf8')
  }

  private refill(): void {
    const nowMs = performance.now()
    const sinceMs = nowMs - this.lastFedAtMs
    this.lastFedAtMs = nowMs
    this.bytesAllowed = Math.min(BURST_BYTES_MAX, this.bytesAllowed + sinceMs * REFILL_BYTES_PER_MS)
    this.linesAllowed = Math.min(BURST_LINES_MAX, this.linesAllowed + sinceMs * REFILL_LINES_PER_MS)
  }

  private append(part: Uint8Array): void {
    this.pending.push(part)
    this.pendingLength += part.length
    if (this.pendingLength > CONTROL_LINE_BYTES_MAX) {
      this.fail(
        `a line on standard output is longer than ${CONTROL_LINE_BYTES_MAX} bytes: ${quote(this.unfinished)}`,
      )
    }
  }

  private finishLine(): void {
    if (--this.linesAllowed < 0) this.fail(FLOOD)
    if (this.inTrouble) return
    const bytes = Buffer.concat(this.pending)
    this.pending = []
    this.pendingLength = 0
    let line: string
    try {
      line = this.decoder.decode(bytes)
    } catch {
      this.fail(`a line on standard output is not UTF-8: ${quote(bytes.toString('latin1'))}`)
      return
    }
    this.listener.onLine(line)
  }

  private fail(text: string): void {
    if (this.inTrouble) return
    this.inTrouble = true
    this.listener.onTrouble(text)
    this.pending = []
  }
}

/** The line for a message to a person: visible, and not longer than a line of a terminal or two. */
export function quote(line: string): string {
  const cut = line.length > 160 ? `${line.slice(0, 160)}…` : line
  return JSON.stringify(cut)
}
