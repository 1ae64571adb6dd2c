// The participants of a case of the ring: peers of the program under test, and probe peers that the harness plays.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { RING_SIZE } from '../../spec/ring/messages.ts'
import type { NodeOptions } from '../verdict/bench.ts'
import type { RingBench, RingNode } from '../verdict/ring-bench.ts'
import type { Frame } from '../wire/capture.ts'
import { commonWire } from '../wire/common-wire.ts'
import { ringFarewell } from '../wire/farewell.ts'
import type { Probe } from '../wire/probe.ts'
import { ProbePeer } from '../wire/probe-peer.ts'
import { between, CaseBench, type CaseBenchOptions } from './case-bench.ts'
import { DrivenRingNode } from './ring-node.ts'

export class RealRingBench extends CaseBench<DrivenRingNode> implements RingBench {
  private readonly declared = new Set<number>()
  private readonly probes = new Map<number, ProbePeer>()

  constructor(options: CaseBenchOptions) {
    super(options, { wire: commonWire, farewell: ringFarewell, viewSize: RING_SIZE })
  }

  async ids(ids: readonly number[]): Promise<void> {
    if (this.nodes.length > 0) throw new Error('ids must be declared before the first node')
    for (const id of ids) this.declared.add(id)
  }

  node(id: number, options: NodeOptions = {}): Promise<DrivenRingNode> {
    return this.startNode(
      id,
      (common) => {
        const folder = join(this.folder, `peer-${id}`)
        mkdirSync(folder, { recursive: true })
        return new DrivenRingNode({ ...common, folder })
      },
      (node) => this.configOf(node),
      options,
    )
  }

  async probe(id: number): Promise<Probe> {
    this.requirePlace(id)
    const known = this.probes.get(id)
    if (known !== undefined) return known
    const probe = new ProbePeer(id, this.network.surroundings)
    this.probes.set(id, probe)
    await this.network.play(probe)
    return probe
  }

  async nodeAmongProbes(
    ids: readonly number[],
    self: number,
    options: NodeOptions = {},
  ): Promise<{ node: RingNode; probes: ReadonlyMap<number, Probe> }> {
    await this.declareUnlessDone(ids)
    const others = ids.filter((id) => id !== self)
    const probes = new Map<number, Probe>()
    for (const id of others) probes.set(id, await this.probe(id))
    const pingIntervalMs = this.timing.idlePingIntervalMs
    const node = await this.node(self, { config: { pingIntervalMs, ...options.config } })
    const { successors, predecessors } = neighbours(ids, self)
    await node.command('init', { successors })
    await Promise.all(
      predecessors.map((id, index) => this.makeKnown(node, probes.get(id), index === 0 ? 1 : 2)),
    )
    return { node, probes }
  }

  async cluster(
    ids: readonly number[],
    options: NodeOptions & { later?: readonly number[] } = {},
  ): Promise<ReadonlyMap<number, RingNode>> {
    const { later = [], ...nodeOptions } = options
    await this.declareUnlessDone([...ids, ...later])
    const started = await Promise.all(ids.map((id) => this.node(id, nodeOptions)))
    await Promise.all(
      started.map((node) => node.command('init', { successors: neighbours(ids, node.id).successors })),
    )
    await Promise.all(
      started.map((node) => this.predecessorsKnown(node, neighbours(ids, node.id).predecessors)),
    )
    return new Map(started.map((node) => [node.id, node]))
  }

  nameOf(id: number): string {
    return `${this.probes.has(id) ? 'probe' : 'node'} ${id}`
  }

  protected get places(): readonly number[] {
    return [...this.declared]
  }

  private async declareUnlessDone(ids: readonly number[]): Promise<void> {
    if (ids.some((id) => !this.declared.has(id))) await this.ids(ids)
  }

  private configOf(node: DrivenRingNode): Record<string, unknown> {
    const { pingIntervalMs, retransmitTimeoutMs, deadlineMs } = this.timing
    return {
      id: node.id,
      host: '127.0.0.1',
      basePort: node.viewPort,
      listenPort: node.listenPort,
      folder: node.folder,
      pingIntervalMs,
      retransmitTimeoutMs,
      // Shorter than the wait for the reply, so that a command that times out is no hang of the program.
      joinTimeoutMs: between(10, deadlineMs / 2, 600_000),
      requestTimeoutMs: between(10, deadlineMs / 2, 600_000),
      departTimeoutMs: between(10, deadlineMs / 5, 600_000),
      seed: this.seedOf(node.id),
    }
  }

  private async makeKnown(node: RingNode, probe: Probe | undefined, slot: 1 | 2): Promise<void> {
    if (probe === undefined) return
    await probe.ping(node, slot)
    const isPong = (frame: Frame) => frame.message?.type === 'ring.pong' && frame.message.seq === 0
    this.requireFrame(await probe.receive(isPong), {
      requirement: 'ring.ping.answer',
      expected: `a pong of peer ${node.id} to the ping (slot ${slot}, seq 0) of its predecessor ${probe.id}`,
    })
  }

  private async predecessorsKnown(node: RingNode, expected: readonly number[]): Promise<void> {
    let known: readonly (number | null)[] = []
    const reached = await this.until(async () => {
      known = (await node.state()).predecessors
      return expected.every((id, index) => known[index] === id)
    })
    this.require(reached, {
      requirement: 'ring.ping.predecessors',
      expected: `peer ${node.id} to know its predecessors ${expected.join(' and ')} from their pings`,
      actual: `its state says ${JSON.stringify(known)}`,
    })
  }
}

/**
 * The neighbours of `self` in a ring of `ids` at rest. Both successors of a peer that is alone are itself, as is the
 * second of a peer in a ring of two; who never pings itself has no such predecessor.
 */
export function neighbours(
  ids: readonly number[],
  self: number,
): { readonly successors: [number, number]; readonly predecessors: readonly number[] } {
  const ring = [...new Set(ids)].sort((a, b) => a - b)
  const own = ring.indexOf(self)
  if (own < 0) throw new Error(`peer ${self} is not among ${ids.join(', ')}`)
  const at = (offset: number): number => ring[(own + offset + 2 * ring.length) % ring.length] ?? self
  return {
    successors: [at(1), at(2)],
    predecessors: [at(-1), at(-2)].filter((id) => id !== self),
  }
}
