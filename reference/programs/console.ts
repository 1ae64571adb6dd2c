// Where the chat meets its user: a terminal with a line that is being typed, or plain lines from a pipe or a file.
//
// On a terminal, what happens meanwhile is written above the line that is being typed, and the line stays as it is. From a
// pipe, each command is repeated behind the prompt when its turn comes, so that the output reads as it would on a terminal.
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'

export interface ChatConsole {
  print(text: string): void
  /** The next line that the user has entered; undefined at the end of the input. */
  next(prompt: string): Promise<string | undefined>
  /** Ctrl-C as a key. */
  readonly interrupted: Promise<void>
  close(): void
}

export function openConsole({ stdin, stdout }: NodeJS.Process): ChatConsole {
  const isTerminal = stdin.isTTY && stdout.isTTY && process.env.TERM !== 'dumb'
  return isTerminal ? new TerminalConsole(stdin, stdout) : new LineConsole(stdin, stdout)
}

/** Lines that have been entered and wait for their turn. */
class EnteredLines {
  readonly #lines: string[] = []
  #isOver = false
  #onNext: ((line: string | undefined) => void) | undefined

  constructor(reader: Interface, input: NodeJS.ReadableStream) {
    reader.on('line', (line) => {
      this.#lines.push(line)
      this.#give()
    })
    const end = () => {
      this.#isOver = true
      this.#give()
    }
    reader.on('close', end)
    // The terminal is gone.
    input.on('error', end)
  }

  get isWaiting(): boolean {
    return this.#lines.length > 0 || this.#isOver
  }

  next(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#onNext = resolve
      this.#give()
    })
  }

  #give(): void {
    if (this.#onNext === undefined || !this.isWaiting) return
    const give = this.#onNext
    this.#onNext = undefined
    give(this.#lines.shift())
  }
}

/** Node keeps the row of the cursor there, undocumented. */
type TerminalReader = Interface & { readonly prevRows?: number }

class TerminalConsole implements ChatConsole {
  readonly interrupted: Promise<void>
  readonly #output: WriteStream
  readonly #reader: TerminalReader
  readonly #entered: EnteredLines
  #isClosed = false

  constructor(input: ReadStream, output: WriteStream) {
    this.#output = output
    const reader = createInterface({ input, output, terminal: true, prompt: '' })
    this.#reader = reader
    this.#entered = new EnteredLines(reader, input)
    this.interrupted = new Promise((resolve) => reader.on('SIGINT', resolve))
    reader.on('close', () => {
      this.#isClosed = true
      output.write('\n')
    })
    reader.on('SIGTSTP', () => suspend(reader, input))
  }

  print(text: string): void {
    if (this.#isClosed) this.#output.write(`${text}\n`)
    else this.#repaint(`${text}\n`)
  }

  async next(prompt: string): Promise<string | undefined> {
    if (!this.#entered.isWaiting) this.#repaint('', prompt)
    const line = await this.#entered.next()
    // Until the command is done, what is typed ahead stands without a prompt.
    this.#reader.setPrompt('')
    return line
  }

  /** Puts a text in the place of the line that is being typed, and the line below it. Each may take several rows. */
  #repaint(text: string, prompt?: string): void {
    const output = this.#output
    const { rows, cols } = this.#reader.getCursorPos()
    // Behind a full row the cursor is in the next one only when something has been written there.
    if (rows > 0 && cols === 0) output.write(' \r')
    moveCursor(output, 0, -rows)
    cursorTo(output, 0)
    clearScreenDown(output)
    // `prompt` first goes up by as many rows as it believes to be below the first. After a paste these are too few.
    const { prevRows = rows } = this.#reader
    output.write(text + '\n'.repeat(prevRows))
    if (prompt !== undefined) this.#reader.setPrompt(prompt)
    this.#reader.prompt(true)
  }

  close(): void {
    if (!this.#isClosed) this.#reader.close()
  }
}

/** Ctrl-Z suspends the whole process group, as a terminal does: `peerspec`, which has started this program, is in it. */
function suspend(reader: Interface, input: ReadStream): void {
  input.setRawMode(false)
  process.once('SIGCONT', () => {
    input.setRawMode(true)
    reader.prompt(true)
  })
  process.kill(0, 'SIGTSTP')
}

class LineConsole implements ChatConsole {
  /** No key is one here: a terminal would send the signal. */
  readonly interrupted = new Promise<void>(() => {})
  readonly #output: NodeJS.WritableStream
  readonly #reader: Interface
  readonly #entered: EnteredLines
  readonly #isEchoed: boolean

  constructor(input: ReadStream, output: NodeJS.WritableStream) {
    this.#output = output
    this.#reader = createInterface({ input, terminal: false })
    this.#entered = new EnteredLines(this.#reader, input)
    // A terminal shows by itself what is typed.
    this.#isEchoed = !input.isTTY
  }

  print(text: string): void {
    this.#output.write(`${text}\n`)
  }

  async next(prompt: string): Promise<string | undefined> {
    if (!this.#isEchoed) this.#output.write(prompt)
    const line = await this.#entered.next()
    if (this.#isEchoed && line !== undefined) this.print(`${prompt}${line}`)
    return line
  }

  close(): void {
    this.#reader.close()
  }
}
