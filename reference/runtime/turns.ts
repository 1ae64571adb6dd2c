// Who has more to ask waits for a turn, so that nobody with a thousand requests in one piece keeps others waiting.
//
// One turn of the event loop accepts one connection and reads each socket once. What is done beside that is kept short: when
// 1,000 connections send without end, a new one is still accepted and answered within a fraction of a second.

/** How long work that has waited may keep the event loop before new connections and data are looked at again. */
const TURN_MS = 1

export class Turns {
  /** Bound: one entry for each connection. */
  readonly #waiting: (() => void)[] = []

  /** In the order in which they have come. */
  wait(goOn: () => void): void {
    this.#waiting.push(goOn)
    if (this.#waiting.length === 1) setImmediate(() => this.#run())
  }

  #run(): void {
    const end = performance.now() + TURN_MS
    const due = this.#waiting.length
    let done = 0
    // At least one, however slow the machine is; each no more than once.
    while (done < due && (done === 0 || performance.now() < end)) {
      this.#waiting[done]?.()
      done += 1
    }
    this.#waiting.splice(0, done)
    if (this.#waiting.length > 0) setImmediate(() => this.#run())
  }
}
