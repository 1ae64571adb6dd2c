// The bench of one execution of one case: starts nodes, plays probes, keeps the capture, and cleans up behind the case.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench, NodeOptions, Timing } from '../verdict/bench.ts'
import { type Case, type Exhibit, Violation } from '../verdict/case.ts'
import type { RingBench, RingNode } from '../verdict/ring-bench.ts'
import { Capture, type Frame } from '../wire/capture.ts'
import { Network } from '../wire/network.ts'
import { releaseListenPort, reserveListenPort } from '../wire/ports.ts'
import type { Probe } from '../wire/probe.ts'
import { type Random, seededRandom } from '../wire/random.ts'
import type { Link } from '../wire/relay.ts'
import { openCaseFolder, removeCaseFolder } from './case-folder.ts'
import { type Incident, NotReady, type OpenBench } from './host.ts'
import { IncidentError } from './incident.ts'
import { LoopLag } from './loop-lag.ts'
import { CommandError } from './node.ts'
import type { Lease } from './pool.ts'
import { DrivenRingNode } from './ring-node.ts'

export interface RealBenchOptions {
  readonly definition: Case
  readonly seed: number
  readonly timing: Timing
  /** A place for the next node; of the second program for every second node of a cluster case in a mixed run. */
  lease(nodeNumber: number): Promise<Lease>
}

const POLL_MS = 4
/** How often a start is tried again when a foreign process took the port in between. */
const START_ATTEMPTS_MAX = 5
/** What the nodes of a finished case may take to leave, and everything after it. */
const LEAVE_MS = 1200
const CLOSE_MS = 1900
/** Said to a case that goes on after its time; nobody hears it. */
const OVER = 'the case is over'

export class RealBench implements OpenBench, RingBench {
  readonly seed: number
  readonly timing: Timing
  readonly folder: string
  readonly evidenceSeen: string[] = []
  private readonly definition: Case
  private readonly options: RealBenchOptions
  private readonly randomNumbers: Random
  private readonly capture = new Capture()
  private readonly network: Network
  private readonly lag = new LoopLag()
  private readonly declared = new Set<number>()
  private readonly nodes: DrivenRingNode[] = []
  /** Nodes whose start was refused: the next try goes to the same one. */
  private readonly refused = new Map<number, DrivenRingNode>()
  private readonly listenPorts: number[] = []
  private firstIncident: Incident | undefined
  private nodesBegun = 0
  private isClosed = false

  static async open(options: RealBenchOptions): Promise<RealBench> {
    return new RealBench(options, await openCaseFolder())
  }

  private constructor(options: RealBenchOptions, folder: string) {
    const { definition, seed, timing } = options
    this.options = options
    this.definition = definition
    this.seed = seed
    this.timing = timing
    this.folder = folder
    this.randomNumbers = seededRandom(seed, definition.id)
    this.network = new Network({ capture: this.capture, seed, deadlineMs: timing.deadlineMs })
  }

  get frames(): readonly Frame[] {
    return this.capture.frames
  }

  random(): number {
    return this.randomNumbers()
  }

  async ids(ids: readonly number[]): Promise<void> {
    if (this.nodes.length > 0) throw new Error('ids must be declared before the first node')
    for (const id of ids) this.declared.add(id)
  }

  async node(id: number, options: NodeOptions = {}): Promise<RingNode> {
    if (this.isClosed) throw new Error(OVER)
    this.requireDeclared(id)
    const node = this.refused.get(id) ?? (await this.newNode(id))
    this.refused.delete(id)
    const config = { ...this.configOf(node), ...options.config }
    try {
      await this.start(node, config, options.config?.listenPort === undefined)
    } catch (error) {
      if (error instanceof CommandError) this.refused.set(id, node)
      throw error
    }
    return node
  }

  async probe(id: number): Promise<Probe> {
    this.requireDeclared(id)
    return this.network.addProbe(id)
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

  link(from: number, to: number): Link {
    this.requireDeclared(from)
    this.requireDeclared(to)
    return this.network.link(from, to)
  }

  seen(predicate: (frame: Frame) => boolean, withinMs = this.timing.deadlineMs): Promise<Frame | undefined> {
    return this.capture.wait(predicate, withinMs)
  }

  async until<T>(
    condition: () => T | undefined | false | Promise<T | undefined | false>,
    withinMs = this.timing.deadlineMs,
  ): Promise<T | undefined> {
    const endMs = performance.now() + withinMs
    for (;;) {
      const value = await condition()
      if (value !== undefined && value !== false) return value
      if (this.isClosed || performance.now() >= endMs) return undefined
      this.capture.throwIfFailed()
      await delay(POLL_MS)
    }
  }

  quiet(predicate: (frame: Frame) => boolean, forMs = this.timing.quietMs): Promise<Frame | undefined> {
    return this.capture.wait(predicate, forMs, { fromIndex: this.capture.frames.length })
  }

  evidence(what: string, frame?: Frame): void {
    this.evidenceSeen.push(frame === undefined ? what : `${what} (frame ${frame.n})`)
  }

  require: Bench['require'] = (condition, details) => {
    if (!condition) throw new Violation(details)
  }

  requireFrame: Bench['requireFrame'] = (frame, { requirement, expected, actual }) => {
    if (frame !== undefined) return frame
    throw new Violation({ requirement, expected, actual: actual ?? 'nothing of the kind in time' })
  }

  wireViolation(): Violation | undefined {
    const frame = this.capture.frames.find(({ sender, fault }) => sender === 'program' && fault !== undefined)
    if (frame?.fault === undefined) return undefined
    const { text, at, requirement } = frame.fault
    const exhibit: Exhibit = { frame: frame.n, ...(at === undefined ? {} : { at }) }
    const what = frame.message === undefined ? 'what peer' : `the ${frame.message.type} that peer`
    return new Violation({
      requirement,
      expected: `${what} ${frame.from} sends to peer ${frame.to} to follow its published schema`,
      actual: text,
      exhibits: [exhibit],
    })
  }

  incident(): Incident | undefined {
    return this.firstIncident
  }

  stderrTail(): string {
    return [...new Set(this.nodes.map((node) => node.stderrTail()))].filter((text) => text !== '').join('\n')
  }

  harnessStallMs(): number {
    return this.lag.worstMs()
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    this.lag.stop()
    this.capture.close()
    await Promise.race([this.cleanUp().catch(() => {}), delay(CLOSE_MS, undefined, { ref: false })])
  }

  private async cleanUp(): Promise<void> {
    // A node in a shared process has to leave by itself; a process of its own is simply ended.
    const leaving = this.nodes.filter((node) => node.mayRun && !node.endsWithCase)
    if (leaving.length > 0) await this.network.seeNodesOff()
    const left = await Promise.all(leaving.map((node) => node.leaveBehind(LEAVE_MS)))
    const stayed = new Set(leaving.filter((_, index) => left[index] !== true))
    for (const node of this.nodes) node.giveBack(!stayed.has(node))
    await this.network.close()
    for (const port of this.listenPorts) releaseListenPort(port)
    await removeCaseFolder(this.folder)
  }

  private async declareUnlessDone(ids: readonly number[]): Promise<void> {
    if (ids.some((id) => !this.declared.has(id))) await this.ids(ids)
  }

  private requireDeclared(id: number): void {
    if (!this.declared.has(id)) throw new Error(`the case did not declare peer ${id} with ids()`)
  }

  private async newNode(id: number): Promise<DrivenRingNode> {
    // Taken before anything is awaited: in a mixed cluster the order of the ids decides whose node this is.
    const nodeNumber = this.nodesBegun++
    const folder = join(this.folder, `peer-${id}`)
    const [viewPort, listenPort] = await Promise.all([
      this.network.openView(id, [...this.declared]),
      this.reservePort(),
      mkdir(folder, { recursive: true }),
    ])
    // Last, because it is the only one that has to be given back by hand.
    const lease = await this.lease(nodeNumber)
    const node = new DrivenRingNode({
      id,
      viewPort,
      listenPort,
      folder,
      lease,
      deadlineMs: this.timing.deadlineMs,
      nowMs: () => this.capture.nowMs(),
      settling: () => this.network.settling,
      onUp: (up) => this.network.nodeUp(up.id, up.listenPort),
      onDown: (down) => this.network.nodeDown(down.id, down.listenPort),
      onIncident: (incident) => this.onIncident(incident),
    })
    if (this.isClosed) {
      node.giveBack(true)
      throw new Error(OVER)
    }
    this.nodes.push(node)
    return node
  }

  private async lease(nodeNumber: number): Promise<Lease> {
    try {
      return await this.options.lease(nodeNumber)
    } catch (error) {
      if (!(error instanceof NotReady)) throw error
      // It came up before, so this is no wrong command line but a program that fails now and then.
      const incident: Incident = { kind: 'crash', message: error.message }
      this.onIncident(incident)
      throw new IncidentError(incident)
    }
  }

  private async reservePort(): Promise<number> {
    const port = await reserveListenPort()
    this.listenPorts.push(port)
    return port
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
      seed: Math.floor(seededRandom(this.seed, this.definition.id, 'node', node.id)() * 0x1_0000_0000),
    }
  }

  private async start(
    node: DrivenRingNode,
    config: Readonly<Record<string, unknown>>,
    mayMove: boolean,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await node.start(config)
        return
      } catch (error) {
        const isTaken = error instanceof CommandError && error.code === 'address-in-use'
        if (!isTaken || !mayMove || attempt === START_ATTEMPTS_MAX) throw error
        config = { ...config, listenPort: await this.reservePort() }
      }
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

  private onIncident(incident: Incident): void {
    if (this.isClosed) return
    this.firstIncident ??= incident
    this.capture.fail(new IncidentError(incident))
  }
}

const between = (minimum: number, value: number, maximum: number): number =>
  Math.min(maximum, Math.max(minimum, Math.round(value)))

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
