// A probe that owns a file and sends it over UDP to a node that requested it: ring.md section 10, the driving side.
// Each step is a method of its own, so that a case can leave one out, repeat it, or do it wrong.
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import type { Probe } from '../../../wire/probe.ts'
import { type FramePredicate, framesOf, nthSeen, sentTo } from '../frames.ts'
import type { Content } from './content.ts'
import { beginRequest, type Download, ROUTE_TO_SECOND } from './download.ts'
import { freshNumber } from './lookup.ts'

export interface UdpOwnerOptions {
  readonly owner: Probe
  readonly content: Content
  readonly mss: number
  readonly transfer?: number
  /** What is broken when an answer does not come, if the case is about something else than the steps themselves. */
  readonly requirement?: string
}

export class UdpOwner {
  readonly download: Download
  readonly transfer: number
  private readonly bench: RingBench
  private readonly node: RingNode
  private readonly probe: Probe
  private readonly content: Content
  private readonly mss: number
  private readonly requirement: string | undefined

  /** The node requests `name` by its own command; the probe is going to send `content` in segments of `mss` bytes. */
  static async requested(
    bench: RingBench,
    node: RingNode,
    options: UdpOwnerOptions & { name: string },
  ): Promise<UdpOwner> {
    const download = await beginRequest(bench, node, options.name, 'udp')
    return new UdpOwner(bench, node, download, options)
  }

  private constructor(bench: RingBench, node: RingNode, download: Download, options: UdpOwnerOptions) {
    this.bench = bench
    this.node = node
    this.download = download
    this.probe = options.owner
    this.content = options.content
    this.mss = options.mss
    this.requirement = options.requirement
    this.transfer = options.transfer ?? freshNumber(bench)
  }

  get size(): number {
    return this.content.bytes.length
  }

  /** The first seq of each segment. */
  get seqs(): readonly number[] {
    return Array.from({ length: Math.ceil(this.size / this.mss) }, (_, i) => 1 + i * this.mss)
  }

  /** Offers; fields can be wrong on purpose. */
  offer(wrong: Readonly<Record<string, unknown>> = {}): Promise<void> {
    return this.probe.sendUdp(this.node, {
      type: 'ring.offer',
      from: this.probe.id,
      transfer: this.transfer,
      request: this.download.request,
      name: this.download.name,
      size: this.size,
      digest: this.content.digest,
      mss: this.mss,
      route: ROUTE_TO_SECOND,
      ...wrong,
    })
  }

  /** Frames of the node that belong to this transfer. */
  answers(type: 'ring.ready' | 'ring.ack', fields: Readonly<Record<string, unknown>> = {}): FramePredicate {
    return sentTo(this.probe.id, type, { transfer: this.transfer, from: this.node.id, ...fields })
  }

  /** Waits for the `count`-th ready. */
  ready(count = 1): Promise<Frame> {
    return this.nth(this.answers('ring.ready'), count, 'ring.udp.offer', `ready number ${count}`)
  }

  /** Sends the bytes from `seq` on, `length` of them; `bytes` replaces them on purpose. */
  async data(
    seq: number,
    options: { length?: number; bytes?: Uint8Array; from?: number; transfer?: number } = {},
  ): Promise<number> {
    const { length = this.mss, from = this.probe.id, transfer = this.transfer } = options
    const bytes = options.bytes ?? this.content.bytes.subarray(seq - 1, seq - 1 + length)
    await this.probe.sendUdp(this.node, {
      type: 'ring.data',
      from,
      transfer,
      seq,
      data: Buffer.from(bytes).toString('base64'),
    })
    return seq + bytes.length
  }

  /** Waits for the `count`-th ack with this value. */
  ack(ack: number, count = 1, requirement = 'ring.udp.sequence'): Promise<Frame> {
    return this.nth(this.answers('ring.ack', { ack }), count, requirement, `ack ${ack} (number ${count})`)
  }

  /** Sends a segment and waits for its ack. */
  async deliver(seq: number): Promise<Frame> {
    const seen = framesOf(this.bench, this.answers('ring.ack'))
    const ack = await this.data(seq)
    return this.ack(ack, seen.filter((frame) => frame.message?.ack === ack).length + 1)
  }

  /** Sends end; a wrong seq can be given on purpose. */
  end(seq = this.size + 1): Promise<void> {
    return this.probe.sendUdp(this.node, {
      type: 'ring.end',
      from: this.probe.id,
      transfer: this.transfer,
      seq,
    })
  }

  /** Waits for the `count`-th ack of end. */
  endAck(count = 1, requirement = 'ring.udp.end'): Promise<Frame> {
    return this.ack(this.size + 2, count, requirement)
  }

  /** Offers and waits for ready. */
  async open(): Promise<Frame> {
    await this.offer()
    return this.ready()
  }

  /** The whole transfer without a fault: offer, ready, all segments, end. */
  async send(): Promise<Frame> {
    await this.open()
    for (const seq of this.seqs) await this.deliver(seq)
    await this.end()
    return this.endAck()
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
