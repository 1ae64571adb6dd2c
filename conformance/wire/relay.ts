// The relay in one directed link between two nodes, and the faults it can inject, seeded.
import type { Fate } from './capture.ts'
import { type Random, seededRandom } from './random.ts'

/** What happens to traffic on a link. Probabilities in [0, 1]; times in milliseconds. */
export interface Faults {
  /** Chance that a datagram is dropped; 1 is a one-way partition for UDP. */
  readonly drop?: number
  readonly duplicate?: number
  /** Chance that a datagram is held until the next one has passed. */
  readonly reorder?: number
  /** Chance that one byte of a datagram is changed. */
  readonly corrupt?: number
  /** Chance that a datagram loses its end. */
  readonly truncate?: number
  /** Holds each datagram, and without `only` each piece of TCP, for so long. */
  readonly delayMs?: number
  /** Adds up to so much to the delay, drawn anew each time; so datagrams may overtake each other, pieces of TCP never. */
  readonly jitterMs?: number
  /**
   * TCP connections are accepted, but nothing passes (partition). A connection that has lost something this way stays
   * silent in that direction after the link is healed: the gap cannot be closed. New ones pass.
   */
  readonly tcpBlackhole?: boolean
  /** TCP connections are refused. */
  readonly tcpRefuse?: boolean
  /** TCP bytes pass in pieces of at most this size. */
  readonly tcpChunkBytes?: number
  /** A TCP connection is reset after so many bytes. */
  readonly tcpResetAfterBytes?: number
  /** A TCP connection ends (FIN) after so many bytes; the rest is swallowed. */
  readonly tcpTruncateAfterBytes?: number
  /** Only datagrams for which this holds are touched by drop, duplicate, reorder, corrupt, truncate and delay. */
  readonly only?: (message: Readonly<Record<string, unknown>> | undefined) => boolean
}

export interface Link {
  readonly from: number
  readonly to: number
  /** Replaces the faults of this link; `{}` heals it. */
  set(faults: Faults): void
}

/** What becomes of one datagram: the deliveries to make, each after so many ms, and the word for it in the capture. */
export interface Passage {
  readonly fate: Fate
  readonly deliveries: readonly { readonly bytes: Uint8Array; readonly afterMs: number }[]
}

/** The faults of one directed link, and what they do to each datagram. TCP is in relay-connection.ts. */
export class RelayLink implements Link {
  readonly from: number
  readonly to: number
  private readonly random: Random
  /** Apart from the datagrams' stream, because pieces of TCP come in numbers that no seed determines. */
  private readonly tcpRandom: Random
  private readonly onChange: (link: RelayLink) => void
  private present: Faults = {}
  private held: Uint8Array | undefined

  /** `onChange` is told after each `set`; it decides about the listener, which belongs to no link. */
  constructor(from: number, to: number, seed: number, onChange: (link: RelayLink) => void = () => {}) {
    this.from = from
    this.to = to
    this.random = seededRandom(seed, 'link', from, to)
    this.tcpRandom = seededRandom(seed, 'tcp', from, to)
    this.onChange = onChange
  }

  get faults(): Faults {
    return this.present
  }

  set(faults: Faults): void {
    this.present = faults
    this.onChange(this)
  }

  /** The delay of the next piece of TCP. */
  drawTcpDelayMs(): number {
    return this.drawDelayMs(this.tcpRandom())
  }

  private drawDelayMs(luck: number): number {
    const { delayMs = 0, jitterMs = 0 } = this.present
    return delayMs + luck * jitterMs
  }

  /**
   * Decides about one datagram. Each fault draws its number whether it is configured or not: so with the same seed the
   * fifth datagram meets the same luck in a run with `duplicate` as in one without.
   */
  pass(bytes: Uint8Array, message: Readonly<Record<string, unknown>> | undefined): Passage {
    const faults = this.present
    const drop = this.random()
    const duplicate = this.random()
    const reorder = this.random()
    const corrupt = this.random()
    const truncate = this.random()
    const place = this.random()
    const jitter = this.random()
    if (faults.only !== undefined && !faults.only(message)) return this.deliver('passed', [bytes], 0)
    if (drop < (faults.drop ?? 0)) return { fate: 'dropped', deliveries: [] }

    let fate: Fate = 'passed'
    let altered = bytes
    if (bytes.length > 0 && corrupt < (faults.corrupt ?? 0)) {
      fate = 'corrupted'
      altered = Uint8Array.from(bytes)
      const at = Math.floor(place * altered.length)
      // Flips the lowest bit: always another byte, mostly still a printable one, which is what a validator must notice.
      altered[at] = (altered[at] ?? 0) ^ 1
    }
    if (bytes.length > 0 && truncate < (faults.truncate ?? 0)) {
      fate = 'truncated'
      altered = altered.subarray(0, Math.floor(place * altered.length))
    }
    if (this.held === undefined && reorder < (faults.reorder ?? 0)) {
      this.held = altered
      return { fate: 'reordered', deliveries: [] }
    }
    const delayMs = this.drawDelayMs(jitter)
    if (fate === 'passed' && delayMs > 0) fate = 'delayed'
    if (duplicate < (faults.duplicate ?? 0)) {
      return this.deliver(fate === 'passed' ? 'duplicated' : fate, [altered, altered], delayMs)
    }
    return this.deliver(fate, [altered], delayMs)
  }

  /** The datagrams, and behind them the one that was held for a change of order. */
  private deliver(fate: Fate, datagrams: readonly Uint8Array[], afterMs: number): Passage {
    const all = this.held === undefined ? datagrams : [...datagrams, this.held]
    this.held = undefined
    return { fate, deliveries: all.map((bytes) => ({ bytes, afterMs })) }
  }
}
