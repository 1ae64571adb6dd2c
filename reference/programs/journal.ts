// What a name service tells whoever runs it: one line for each thing that becomes of a registration.
//
// Bound: LINES_PER_SECOND_MAX. Writing to a terminal takes the time of everybody whom the name service serves, and anybody can
// register and unregister as fast as the network goes; what is beyond is counted, and the count is a line.
import type { RegistrationEvent } from '../peers/vocabulary.ts'
import { printable, printableAddress } from './printable.ts'

/** A class that arrives at once is told in full. */
const LINES_PER_SECOND_MAX = 1000
const SECOND_MS = 1000

export class Journal {
  readonly #write: (line: string) => void
  readonly #clock: () => Date
  #lines = 0
  #untold = 0
  #timer: NodeJS.Timeout | undefined

  constructor(write: (line: string) => void, clock: () => Date = () => new Date()) {
    this.#write = write
    this.#clock = clock
  }

  note({ event, type, id, address }: RegistrationEvent): void {
    this.#timer ??= setTimeout(() => this.endSecond(), SECOND_MS)
    this.#lines += 1
    if (this.#lines > LINES_PER_SECOND_MAX) this.#untold += 1
    else this.#tell(`${event.padEnd(12)} ${printable(type)}(${id}) ${printableAddress(address)}`)
  }

  /** Says how many lines of this second are missing; a new one begins. */
  endSecond(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#untold > 0) this.#tell(`and ${this.#untold} more in the same second`)
    this.#lines = 0
    this.#untold = 0
  }

  #tell(text: string): void {
    this.#write(`${timeOf(this.#clock())} ${text}`)
  }
}

/** 2026-11-21 16:05:09, where this machine is. */
function timeOf(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}
