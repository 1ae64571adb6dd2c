// For tests: what a person sees. A screen of some rows and columns that understands what Node's readline writes, and nothing
// else: an unknown sequence is an error, because the picture would be wrong without a word.

const ESC = '\x1b'
const SEQUENCE = /^\[([0-9;]*)([A-Za-z])/

export class Screen {
  readonly #rows: number
  readonly #columns: number
  readonly #cells: string[][] = [[]]
  /** The beginning of a sequence. */
  #unread = ''
  #row = 0
  #column = 0

  constructor(rows: number, columns: number) {
    this.#rows = rows
    this.#columns = columns
  }

  /** Rows from the top to the last one with text, without blanks at their ends. */
  get text(): string {
    const lines = this.#cells.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    )
    return lines.join('\n').trimEnd()
  }

  write(output: string): void {
    this.#unread += output
    while (this.#unread !== '') {
      let length = 1
      if (this.#unread.startsWith(ESC)) {
        const [sequence, digits = '', command = ''] = SEQUENCE.exec(this.#unread.slice(1)) ?? []
        // The rest of it is in the next piece.
        if (sequence === undefined) return
        this.#control(command, digits === '' ? undefined : Number(digits))
        length += sequence.length
      } else {
        this.#put(this.#unread.charAt(0))
      }
      this.#unread = this.#unread.slice(length)
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0
    else if (character === '\n') this.#down()
    else if (character < ' ' || character === '\x7f') throw new Error(`unknown: ${JSON.stringify(character)}`)
    else {
      // A terminal wraps when there is something to write in the next row, not before.
      if (this.#column === this.#columns) {
        this.#column = 0
        this.#down()
      }
      this.#line(this.#row)[this.#column] = character
      this.#column += 1
    }
  }

  #down(): void {
    if (this.#row < this.#rows - 1) this.#row += 1
    else this.#cells.shift()
    this.#line(this.#row)
  }

  #line(row: number): string[] {
    while (this.#cells.length <= row) this.#cells.push([])
    return this.#cells[row] ?? []
  }

  #control(command: string, number: number | undefined): void {
    const count = number ?? 1
    if (command === 'A') this.#row = Math.max(0, this.#row - count)
    else if (command === 'B') this.#row = Math.min(this.#rows - 1, this.#row + count)
    else if (command === 'C') this.#column = Math.min(this.#columns - 1, this.#column + count)
    else if (command === 'D') this.#column = Math.max(0, this.#column - count)
    else if (command === 'G') this.#column = count - 1
    else if (command === 'J' && !number) {
      this.#line(this.#row).length = Math.min(this.#line(this.#row).length, this.#column)
      this.#cells.length = this.#row + 1
    } else throw new Error(`unknown: ESC [ ${number ?? ''} ${command}`)
  }
}
