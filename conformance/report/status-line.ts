// The one line at the bottom of a terminal that is written again and again: how far the run is. Other lines go above it.

export type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

/** Pseudo-terminals without a size (containers, CI) say 0 columns. */
const COLUMNS_UNKNOWN = 80
const REFRESH_MS = 1000
const CLEAR = '\r\u001b[2K'

/** Columns of a terminal; undefined when the stream is none. */
export const columnsOf = (stream: Stream): number | undefined =>
  stream.isTTY === true ? stream.columns || COLUMNS_UNKNOWN : undefined

export class StatusLine {
  readonly #stream: Stream
  readonly #columns: number | undefined
  readonly #startedAt = performance.now()
  #text = ''
  #timer: NodeJS.Timeout | undefined

  constructor(stream: Stream) {
    this.#stream = stream
    this.#columns = columnsOf(stream)
  }

  /** Shows the text from now on, with the seconds since the start before it, cut to one line. */
  show(text: string): void {
    if (this.#columns === undefined) return
    this.#text = text
    // Shows that the run is alive while cases wait.
    this.#timer ??= setInterval(() => this.#draw(), REFRESH_MS).unref()
    this.#draw()
  }

  /** Writes a line above. */
  print(line: string): void {
    this.#stream.write(this.#timer ? `${CLEAR}${line}\n` : `${line}\n`)
    if (this.#timer) this.#draw()
  }

  /** Takes the line away. */
  stop(): void {
    if (!this.#timer) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#stream.write(CLEAR)
  }

  #draw(): void {
    const seconds = Math.floor((performance.now() - this.#startedAt) / 1000)
    const line = `${String(seconds).padStart(3)} s  ${this.#text}`
    this.#stream.write(`${CLEAR}${line.slice(0, Math.max(1, (this.#columns ?? COLUMNS_UNKNOWN) - 1))}`)
  }
}
