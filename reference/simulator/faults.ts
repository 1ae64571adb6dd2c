// What the simulated network does to datagrams and connections. All chances are drawn from the world's seed.

export interface NetworkFaults {
  /** Chances in [0, 1], drawn per datagram. */
  readonly drop: number
  readonly duplicate: number
  /** One way, in ms; jitter is uniform in [0, jitterMs) and reorders datagrams. */
  readonly delayMs: number
  readonly jitterMs: number
  /** The same for connections. What is sent on one keeps its order, but one connection overtakes another. */
  readonly connectionJitterMs: number
  /** Chance that a message on a connection ends it instead of arriving. */
  readonly cut: number
}

/** Half a millisecond one way, as on loopback, and nothing goes wrong. */
export const perfectNetwork: NetworkFaults = {
  drop: 0,
  duplicate: 0,
  delayMs: 0.5,
  jitterMs: 0,
  connectionJitterMs: 0,
  cut: 0,
}

/** Directed pairs between which nothing passes. */
export class Partitions {
  readonly #blocked = new Set<string>()

  /** Nothing passes from `from` to `to`; the way back is not touched. */
  block(from: number, to: number): void {
    this.#blocked.add(`${from}>${to}`)
  }

  heal(): void {
    this.#blocked.clear()
  }

  isBlocked(from: number, to: number): boolean {
    return this.#blocked.size > 0 && this.#blocked.has(`${from}>${to}`)
  }
}
