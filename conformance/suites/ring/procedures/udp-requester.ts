// A probe that fetches a file over UDP from a node that owns it: ring.md section 10, the side that only answers.
// Each step is a method of its own, so that a case can leave one out, repeat it, or do it wrong.
import { setImmediate } from 'node:timers/promises'
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import type { Probe } from '../../../wire/probe.ts'
import { type FramePredicate, framesOf, integerField, nthSeen, sentTo, stringField } from '../frames.ts'
import { ask } from './lookup.ts'

export interface UdpRequesterOptions {
  readonly via: Probe
  readonly origin: Probe
  readonly name: string
  readonly request?: number
  readonly route?: readonly number[]
  /** What is broken when a message does not come, if the case is about something else than the steps themselves. */
  readonly requirement?: string
}

export class UdpRequester {
  readonly request: number
  private readonly bench: RingBench
  private readonly node: RingNode
  private readonly probe: Probe
  private readonly requirement: string | undefined
  /** The owner's number of the transfer, known from the offer on. */
  private transfer: number | undefined

  /** Asks the node, through `via`, for a file for `origin`. */
  static async ask(bench: RingBench, node: RingNode, options: UdpRequesterOptions): Promise<UdpRequester> {
    const request = await ask(bench, node, { ...options, transport: 'udp' })
    return new UdpRequester(bench, node, options, request)
  }

  private constructor(bench: RingBench, node: RingNode, options: UdpRequesterOptions, request: number) {
    this.bench = bench
    this.node = node
    this.probe = options.origin
    this.requirement = options.requirement
    this.request = request
  }

  /** Waits for the offer, at least the `count`-th one, and gives the last of them. */
  async offer(count = 1): Promise<Frame> {
    const offers = sentTo(this.probe.id, 'ring.offer', { request: this.request })
    const frame = await this.nth(
      offers,
      count,
      'ring.udp.offer',
      `offer ${count} for request ${this.request}`,
    )
    this.transfer ??= integerField(frame, 'transfer')
    return frame
  }

  /** Frames of this transfer with this type. */
  frames(type: 'ring.data' | 'ring.end', fields: Readonly<Record<string, unknown>> = {}): FramePredicate {
    return sentTo(this.probe.id, type, { transfer: this.number, ...fields })
  }

  /** The transfer's number. Only after `offer`. */
  get number(): number {
    if (this.transfer === undefined) throw new Error('no offer yet')
    return this.transfer
  }

  ready(): Promise<void> {
    return this.probe.sendUdp(this.node, {
      type: 'ring.ready',
      from: this.probe.id,
      transfer: this.number,
    })
  }

  /** Acknowledges; `from` and `transfer` can be wrong on purpose. */
  ack(ack: number, wrong: { from?: number; transfer?: number } = {}): Promise<void> {
    return this.probe.sendUdp(this.node, {
      type: 'ring.ack',
      from: this.probe.id,
      transfer: this.number,
      ack,
      ...wrong,
    })
  }

  /** Waits for the `count`-th transmission of the segment with this seq. */
  data(seq: number, count = 1): Promise<Frame> {
    return this.nth(
      this.frames('ring.data', { seq }),
      count,
      count === 1 ? 'ring.udp.sequence' : 'ring.udp.retransmit',
      `transmission ${count} of the segment with seq ${seq}`,
    )
  }

  /** Waits for the `count`-th end. */
  end(count = 1): Promise<Frame> {
    return this.nth(this.frames('ring.end'), count, 'ring.udp.end', `transmission ${count} of end`)
  }

  /** Answers everything until end is acknowledged; gives the bytes in the order of their seq. */
  async fetch(): Promise<Uint8Array> {
    const offer = await this.offer()
    const size = integerField(offer, 'size')
    await this.ready()
    const parts: Uint8Array[] = []
    let next = 1
    let handled = offer.n
    for (;;) {
      const frame = await this.bench.seen(
        (candidate) =>
          candidate.n > handled &&
          (this.frames('ring.data')(candidate) || this.frames('ring.end')(candidate)),
      )
      const arrived = this.bench.requireFrame(frame, {
        requirement: this.requirement ?? 'ring.udp.stop-and-wait',
        expected: `the segment with seq ${next} or end; ${next - 1} of ${size} bytes are acknowledged`,
      })
      handled = arrived.n
      const seq = integerField(arrived, 'seq')
      if (arrived.message?.type === 'ring.end') {
        await this.ack(seq + 1)
        return Buffer.concat(parts)
      }
      const bytes = bytesOf(arrived)
      if (seq === next) {
        parts.push(bytes)
        next += bytes.length
      }
      await this.ack(seq + bytes.length)
      // Lets other fetches of the same case have their turn.
      await setImmediate()
    }
  }

  private async nth(
    matches: FramePredicate,
    count: number,
    requirement: string,
    what: string,
  ): Promise<Frame> {
    const frame = await nthSeen(this.bench, matches, count)
    return this.bench.requireFrame(frame, {
      requirement: this.requirement ?? requirement,
      expected: what,
      actual: `${framesOf(this.bench, matches).length} so far`,
    })
  }
}

/** Content of a segment. */
export const bytesOf = (segment: Frame): Uint8Array => Buffer.from(stringField(segment, 'data'), 'base64')
