// The bench of one execution of one case, as far as all systems have it in common: starts nodes, keeps the capture, and
// cleans up behind the case. Who takes part is the system's: ring-bench.ts, peers-bench.ts.
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench, NodeOptions, Timing } from '../verdict/bench.ts'
import { type Case, type Exhibit, Violation } from '../verdict/case.ts'
import { Capture, type Frame } from '../wire/capture.ts'
import { Network, type NetworkOptions } from '../wire/network.ts'
import { releaseListenPort, reserveListenPort } from '../wire/ports.ts'
import { type Random, seededRandom } from '../wire/random.ts'
import type { Link } from '../wire/relay.ts'
import { openCaseFolder, removeCaseFolder } from './case-folder.ts'
import type { DrivenNode, DrivenNodeOptions } from './driven-node.ts'
import { type Incident, NotReady, type OpenBench } from './host.ts'
import { IncidentError } from './incident.ts'
import { LoopLag } from './loop-lag.ts'
import { CommandError } from './node.ts'
import type { Lease } from './pool.ts'

export interface CaseBenchOptions {
  readonly definition: Pick<Case, 'id'>
  readonly seed: number
  readonly timing: Timing
  /** A place for the next node; of the second program for every second node of a cluster case in a mixed run. */
  lease(nodeNumber: number): Promise<Lease>
}

/** What a system's own bench adds to the network. */
export type Surroundings = Pick<NetworkOptions, 'wire' | 'farewell' | 'viewSize'>

const POLL_MS = 4
/** How often a start is tried again when a foreign process took the port in between. */
const START_ATTEMPTS_MAX = 5
/** What the nodes of a finished case may take to leave, and everything after it. */
const LEAVE_MS = 1200
const CLOSE_MS = 1900
/** Said to a case that goes on after its time; nobody hears it. */
const OVER = 'the case is over'

export abstract class CaseBench<N extends DrivenNode> implements OpenBench {
  readonly seed: number
  readonly timing: Timing
  readonly evidenceSeen: string[] = []
  protected readonly capture = new Capture()
  protected readonly network: Network
  protected readonly nodes: N[] = []
  private readonly caseId: string
  private readonly options: CaseBenchOptions
  private readonly randomNumbers: Random
  private readonly lag = new LoopLag()
  /** Nodes whose start was refused: the next try goes to the same one. */
  private readonly refused = new Map<number, N>()
  private readonly listenPorts: number[] = []
  private openFolder: string | undefined
  private firstIncident: Incident | undefined
  private nodesBegun = 0
  private isClosed = false

  protected constructor(options: CaseBenchOptions, surroundings: Surroundings) {
    const { definition, seed, timing } = options
    this.options = options
    this.caseId = definition.id
    this.seed = seed
    this.timing = timing
    this.randomNumbers = seededRandom(seed, definition.id)
    this.network = new Network({
      ...surroundings,
      capture: this.capture,
      seed,
      deadlineMs: timing.deadlineMs,
    })
  }

  get frames(): readonly Frame[] {
    return this.capture.frames
  }

  get folder(): string {
    this.openFolder ??= openCaseFolder()
    return this.openFolder
  }

  random(): number {
    return this.randomNumbers()
  }

  link(from: number, to: number): Link {
    this.requirePlace(from)
    this.requirePlace(to)
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
    return new Violation({
      requirement,
      expected: `${this.what(frame)} that ${this.nameOf(frame.from)} sends to ${this.nameOf(frame.to)} to follow its published schema`,
      actual: text,
      exhibits: [exhibit],
    })
  }

  /** What people call a participant. */
  abstract nameOf(place: number): string

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

  /** All places that there will be, known before the first node. */
  protected abstract readonly places: readonly number[]

  protected requirePlace(place: number): void {
    if (!this.places.includes(place)) throw new Error(`the case did not declare the place ${place}`)
  }

  /** Starts the node at this place with this configuration; what the case wants goes over what the bench gives. */
  protected async startNode<M extends N>(
    place: number,
    make: (options: DrivenNodeOptions) => M,
    configOf: (node: M) => Readonly<Record<string, unknown>>,
    options: NodeOptions,
  ): Promise<M> {
    if (this.isClosed) throw new Error(OVER)
    this.requirePlace(place)
    // A place is of one role only, so what was refused there is of the class that is wanted again.
    const node = (this.refused.get(place) as M | undefined) ?? (await this.newNode(place, make))
    this.refused.delete(place)
    const config = { ...configOf(node), ...options.config }
    try {
      await this.start(node, config, options.config?.listenPort === undefined)
    } catch (error) {
      if (error instanceof CommandError) this.refused.set(place, node)
      throw error
    }
    return node
  }

  /** A number for the configuration of the node at this place. */
  protected seedOf(place: number): number {
    return Math.floor(seededRandom(this.seed, this.caseId, 'node', place)() * 0x1_0000_0000)
  }

  private what({ type, message, answers }: Frame): string {
    if (type === undefined) return message === undefined ? 'what' : 'the message'
    return answers === undefined ? `the ${type}` : `the ${type} (answer to #${answers})`
  }

  private async cleanUp(): Promise<void> {
    // A node in a shared process has to leave by itself; a process of its own is simply ended.
    const leaving = this.nodes.filter((node) => node.mayRun && !node.endsWithCase)
    if (leaving.length > 0) await this.network.seeNodesOff()
    const left = await Promise.all(leaving.map((node) => node.leaveBehind(LEAVE_MS)))
    const stayed = new Set(leaving.filter((_, index) => left[index] !== true))
    for (const node of this.nodes) node.giveBack(!stayed.has(node))
    await this.network.close(new Map([...stayed].map((node) => [node.place, node.gone])))
    for (const port of this.listenPorts) releaseListenPort(port)
    if (this.openFolder !== undefined) await removeCaseFolder(this.openFolder)
  }

  private async newNode<M extends N>(place: number, make: (options: DrivenNodeOptions) => M): Promise<M> {
    // Taken before anything is awaited: in a mixed cluster the order of the places decides whose node this is.
    const nodeNumber = this.nodesBegun++
    const [viewPort, listenPort] = await Promise.all([
      this.network.openView(place, this.places),
      this.reservePort(),
    ])
    // Last, because it is the only one that has to be given back by hand.
    const lease = await this.lease(nodeNumber)
    const node = make({
      place,
      viewPort,
      listenPort,
      lease,
      deadlineMs: this.timing.deadlineMs,
      nowMs: () => this.capture.nowMs(),
      settling: () => this.network.settling,
      onUp: (up) => this.network.nodeUp(place, up.listenPort, up.ownAddresses),
      onDown: (down) => this.network.nodeDown(place, down.listenPort),
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

  private async start(node: N, config: Readonly<Record<string, unknown>>, mayMove: boolean): Promise<void> {
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

  private onIncident(incident: Incident): void {
    if (this.isClosed) return
    this.firstIncident ??= incident
    this.capture.fail(new IncidentError(incident))
  }
}

/** A time for a configuration, within what it allows. */
export const between = (minimum: number, value: number, maximum: number): number =>
  Math.min(maximum, Math.max(minimum, Math.round(value)))
