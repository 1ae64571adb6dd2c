// Every frame that crosses the harness, in one list per case, decoded and checked against the published schemas.

import type { Fault, Message } from './wire.ts'

/** A datagram, or one line on TCP with its body, or a raw piece of TCP that is no line. */
export interface Frame {
  /** Position in the capture, from 0. */
  readonly n: number
  /** Milliseconds since the case began; of a frame with a body, when the body was complete. */
  readonly atMs: number
  readonly transport: 'udp' | 'tcp'
  /** The participants at both ends, known from the port, not from the message: ids in the ring, seats in peers. */
  readonly from: number
  readonly to: number
  /** Number of the TCP connection, unique in the case; undefined for UDP. */
  readonly connection?: number
  /** The bytes of the datagram or line (without LF), cut at 8,192. */
  readonly bytes: Uint8Array
  /** The decoded object, or undefined when the bytes are not one JSON object. */
  readonly message?: Message
  /** The published schema that it should follow: in the ring its `type`, in peers found by its method or its request. */
  readonly type?: string
  /** Number of the request that it answers; only where answers do not say that themselves. */
  readonly answers?: number
  /** What is wrong with it, if anything: not JSON, unknown type, schema breaks (ajv), too long. */
  readonly fault?: Fault
  /** Bytes of the body that followed, and their SHA-256; undefined without `bodyLength`. */
  readonly body?: { readonly length: number; readonly digest: string }
  /** Who sent it: the program under test, or a probe of the harness. */
  readonly sender: 'program' | 'probe'
  /** What the relay did to it; `passed` without a fault. */
  readonly fate: Fate
}

export type Fate =
  | 'passed'
  | 'dropped'
  | 'delayed'
  | 'duplicated'
  | 'reordered'
  | 'corrupted'
  | 'truncated'
  | 'reset'

/** Bytes of a frame that are kept; decoding and digests use all of them. */
export const FRAME_BYTES_KEPT = 8192

/** Frames that a case may collect; a program that floods the wire gets no further than this. */
export const FRAMES_MAX = 200_000

interface Waiter {
  readonly predicate: (frame: Frame) => boolean
  readonly settle: (outcome: { readonly frame?: Frame } | { readonly error: unknown }) => void
}

/** The list, and those who wait for a frame that is not there yet. */
export class Capture {
  readonly frames: Frame[] = []
  private readonly startedAt = performance.now()
  private readonly waiters = new Set<Waiter>()
  private failure: { readonly error: unknown } | undefined
  private closed = false

  nowMs(): number {
    return performance.now() - this.startedAt
  }

  add(frame: Omit<Frame, 'n' | 'atMs'>): Frame {
    const added: Frame = {
      ...frame,
      bytes: frame.bytes.length > FRAME_BYTES_KEPT ? frame.bytes.slice(0, FRAME_BYTES_KEPT) : frame.bytes,
      n: this.frames.length,
      atMs: this.nowMs(),
    }
    if (this.closed || this.frames.length >= FRAMES_MAX) return added
    this.frames.push(added)
    for (const waiter of this.waiters) this.offer(waiter, added)
    return added
  }

  /**
   * The first frame, past or future, that satisfies `predicate`; undefined when the time is over or the case ends meanwhile.
   * Rejects at once when the case cannot go on, so that nobody waits for a dead program. Asked after the end of the case
   * it never settles: a probe that still answers queries in a loop, because its case failed before it could stop it, goes
   * to sleep there instead of asking again and again without ever giving the event loop a turn.
   */
  wait(
    predicate: (frame: Frame) => boolean,
    withinMs: number,
    options: {
      /** Frames before this position do not count. */
      readonly fromIndex?: number
      /** Ends the wait early: nothing more can come. */
      readonly over?: AbortSignal
    } = {},
  ): Promise<Frame | undefined> {
    const { fromIndex = 0, over } = options
    return new Promise((resolve, reject) => {
      if (this.closed) return
      let timer: NodeJS.Timeout | undefined
      const giveUp = () => waiter.settle({})
      const waiter: Waiter = {
        predicate,
        settle: (outcome) => {
          clearTimeout(timer)
          over?.removeEventListener('abort', giveUp)
          this.waiters.delete(waiter)
          if ('error' in outcome) reject(outcome.error)
          else resolve(outcome.frame)
        },
      }
      this.waiters.add(waiter)
      for (let i = fromIndex; i < this.frames.length && this.waiters.has(waiter); i++) {
        const frame = this.frames[i]
        if (frame !== undefined) this.offer(waiter, frame)
      }
      if (!this.waiters.has(waiter)) return
      if (this.failure !== undefined) waiter.settle(this.failure)
      else if (over?.aborted === true) giveUp()
      else {
        over?.addEventListener('abort', giveUp)
        timer = setTimeout(giveUp, withinMs)
      }
    })
  }

  /** Nothing more can come of this case: everyone who waits, now or later, is refused with `error`. */
  fail(error: unknown): void {
    this.failure ??= { error }
    for (const waiter of [...this.waiters]) waiter.settle(this.failure)
  }

  /** Throws what `fail` was told, for those who wait in another way. */
  throwIfFailed(): void {
    if (this.failure !== undefined) throw this.failure.error
  }

  /** The case is over: late frames are not recorded, and nobody waits any longer. */
  close(): void {
    this.closed = true
    for (const waiter of [...this.waiters]) waiter.settle({})
  }

  private offer(waiter: Waiter, frame: Frame): void {
    try {
      if (waiter.predicate(frame)) waiter.settle({ frame })
    } catch (error) {
      waiter.settle({ error })
    }
  }
}
