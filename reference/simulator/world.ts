// The simulator: many machines, one virtual clock, one seeded network. The third part of the contract in
// core/machine.ts beside machine and runtime: it performs the same effects and gives the same inputs as real sockets do,
// only that time jumps to the next thing that happens and every mishap comes from the seed.
//
// A run with the same seed, machines and calls is the same run, step by step; a failing one is replayed by its seed.
import type { Effect, Input, Machine, Vocabulary } from '../core/machine.ts'
import { type Random, seededRandom } from '../core/random.ts'
import { Agenda } from './agenda.ts'
import { BlobStore } from './blob-store.ts'
import { type Connection, newConnection, otherSide, type Side } from './connection.ts'
import { type NetworkFaults, Partitions, perfectNetwork } from './faults.ts'

/** How long an opener waits on a partitioned link before it is told `unreachable`, in ms; refusals come at once. */
const CONNECT_TIMEOUT_MS = 1000
/** No node has this number. */
const NOBODY = -1
/** Bodies arrive in this many steps, so that a connection can break in the middle of one. */
const BODY_STEPS = 4

export interface WorldOptions<V extends Vocabulary> {
  readonly seed: number
  readonly faults?: Partial<NetworkFaults>
  /** Files that a `store` command may name. */
  readonly outsideFiles?: ReadonlyMap<string, Uint8Array>
  createMachine(id: number, seed: number): Machine<V>
  /** The number under which the node at this place is started; undefined for a place where nobody ever is. */
  nodeAt(place: V['place']): number | undefined
}

export type Reply<V extends Vocabulary> = Extract<Effect<V>, { kind: 'reply' }>['reply']

interface SimulatedNode<V extends Vocabulary> {
  readonly id: number
  readonly machine: Machine<V>
  readonly blobs: BlobStore
  /** A timer set anew gets a new token, so that the old entry in the agenda finds itself outdated. */
  readonly timers: Map<string, number>
  readonly connections: Map<number, { connection: Connection; side: Side }>
  /** Inputs that come before any other (core/machine.ts: "take effect at once"). */
  readonly immediate: Input<V>[]
  readonly handles: Map<number, (reply: Reply<V>) => void>
  acceptedConnections: number
  isUp: boolean
}

/** A body on its way, and the blob that the receiver has asked it into. */
interface Body {
  readonly bytes: Uint8Array
  blob?: number
}

type Unstamped<I> = I extends { at: number } ? Omit<I, 'at'> : never

/** What happened so far, for benchmarks and reports. */
export interface Totals {
  datagrams: number
  streamMessages: number
  connections: number
  steps: number
}

export class World<V extends Vocabulary> {
  readonly random: Random
  readonly partitions = new Partitions()
  readonly totals: Totals = { datagrams: 0, streamMessages: 0, connections: 0, steps: 0 }
  /** Every event of every node, in order; cleared by whoever reads it. */
  readonly events: { at: number; node: number; event: V['event'] }[] = []
  faults: NetworkFaults
  #now = 0
  #handle = 0
  readonly #agenda = new Agenda()
  readonly #nodes = new Map<number, SimulatedNode<V>>()
  readonly #options: WorldOptions<V>

  constructor(options: WorldOptions<V>) {
    this.#options = options
    this.random = seededRandom(options.seed)
    this.faults = { ...perfectNetwork, ...options.faults }
  }

  get now(): number {
    return this.#now
  }

  /** Ids of the nodes that run, in the order in which they were started. */
  get running(): number[] {
    return [...this.#nodes.values()].filter((node) => node.isUp).map((node) => node.id)
  }

  start(id: number): void {
    const seed = Math.floor(this.random() * 0x1_0000_0000)
    const node: SimulatedNode<V> = {
      id,
      machine: this.#options.createMachine(id, seed),
      blobs: new BlobStore(this.#options.outsideFiles ?? new Map()),
      timers: new Map(),
      connections: new Map(),
      immediate: [],
      handles: new Map(),
      acceptedConnections: 0,
      isUp: true,
    }
    this.#nodes.set(id, node)
    this.#input(node, { kind: 'start', firstNumber: 1 + Math.floor(this.#now) * 1000 })
  }

  /** Gives a node a command; the promiseless reply goes to `onReply`, at the latest when the world has run far enough. */
  command(id: number, command: V['command'], onReply: (reply: Reply<V>) => void): void {
    const node = this.#node(id)
    const handle = ++this.#handle
    node.handles.set(handle, onReply)
    this.#input(node, { kind: 'command', handle, command })
  }

  /** The node is gone between two steps: no word to anyone, connections die. */
  crash(id: number): void {
    const node = this.#node(id)
    node.isUp = false
    for (const { connection, side } of [...node.connections.values()]) this.#breakConnection(connection, side)
  }

  file(id: number, name: string): Uint8Array | undefined {
    return this.#node(id).blobs.file(name)
  }

  /** Commands of a node that have no reply yet. */
  waitingCommands(id: number): number {
    return this.#node(id).handles.size
  }

  openBlobs(id: number): number {
    return this.#node(id).blobs.openCount
  }

  /** Lets `durationMs` of virtual time pass. */
  runFor(durationMs: number): void {
    this.runUntil(() => false, durationMs)
  }

  /** Runs until `condition` holds, at most `limitMs` of virtual time; true if it held. The condition is asked at each change. */
  runUntil(condition: () => boolean, limitMs: number): boolean {
    const end = this.#now + limitMs
    for (;;) {
      if (condition()) return true
      const next = this.#agenda.nextAt
      if (next === undefined || next > end) break
      this.#now = next
      this.#agenda.take()?.()
    }
    this.#now = end
    return condition()
  }

  #node(id: number): SimulatedNode<V> {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new Error(`node ${id} was never started in this world`)
    return node
  }

  /** One way. */
  #drawDelay(jitterMs: number): number {
    return this.faults.delayMs + (jitterMs > 0 ? this.random() * jitterMs : 0)
  }

  #after(delayMs: number, act: () => void): void {
    this.#agenda.add(this.#now + delayMs, act)
  }

  #input(node: SimulatedNode<V>, input: Unstamped<Input<V>>): readonly Effect<V>[] {
    if (!node.isUp) return []
    this.totals.steps += 1
    const effects = node.machine.step({ ...input, at: this.#now } as Input<V>)
    for (const effect of effects) this.#perform(node, effect)
    for (let next = node.immediate.shift(); next !== undefined; next = node.immediate.shift()) {
      this.#input(node, next)
    }
    return effects
  }

  #perform(node: SimulatedNode<V>, effect: Effect<V>): void {
    switch (effect.kind) {
      case 'send-datagram':
        this.#sendDatagram(node.id, effect.to, effect.message)
        return
      case 'open':
        this.#open(node, effect.connection, effect.to)
        return
      case 'send':
        this.#send(node, effect.connection, effect.message, effect.body)
        return
      case 'close':
        this.#close(node, effect.connection)
        return
      case 'abort': {
        const known = node.connections.get(effect.connection)
        if (known !== undefined) this.#breakConnection(known.connection, known.side)
        return
      }
      case 'set-timer':
        this.#setTimer(node, effect.name, effect.delayMs)
        return
      case 'clear-timer':
        node.timers.delete(effect.name)
        return
      case 'reply': {
        const onReply = node.handles.get(effect.handle)
        node.handles.delete(effect.handle)
        onReply?.(effect.reply)
        return
      }
      case 'event':
        this.events.push({ at: this.#now, node: node.id, event: effect.event })
        return
      case 'halt':
        this.#halt(node)
        return
      case 'receive-body':
        // The connection delivers it: see #deliver.
        return
      default:
        this.#performOnBlob(node, effect)
    }
  }

  // Datagrams

  #sendDatagram(from: number, place: V['place'], message: V['datagram']): void {
    this.totals.datagrams += 1
    const to = this.#options.nodeAt(place)
    if (to === undefined) return
    const { drop, duplicate } = this.faults
    const copies = duplicate > 0 && this.random() < duplicate ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      if (drop > 0 && this.random() < drop) continue
      if (this.partitions.isBlocked(from, to)) continue
      this.#after(this.#drawDelay(this.faults.jitterMs), () => {
        const receiver = this.#nodes.get(to)
        if (receiver !== undefined)
          this.#input(receiver, { kind: 'datagram', message } as Unstamped<Input<V>>)
      })
    }
  }

  // Timers

  #setTimer(node: SimulatedNode<V>, name: string, delayMs: number): void {
    const token = ++this.#handle
    node.timers.set(name, token)
    this.#after(delayMs, () => {
      if (node.timers.get(name) !== token) return
      node.timers.delete(name)
      this.#input(node, { kind: 'timer', name } as Unstamped<Input<V>>)
    })
  }

  // Connections

  #open(node: SimulatedNode<V>, number: number, place: V['place']): void {
    this.totals.connections += 1
    const to = this.#options.nodeAt(place) ?? NOBODY
    const target = this.#nodes.get(to)
    const acceptorNumber = target === undefined ? -1 : -++target.acceptedConnections
    const connection = newConnection({ node: node.id, number }, { node: to, number: acceptorNumber })
    node.connections.set(number, { connection, side: connection.opener })
    const isCut = this.partitions.isBlocked(node.id, to) || this.partitions.isBlocked(to, node.id)
    const { connectionJitterMs } = this.faults
    const upMs = this.#drawDelay(connectionJitterMs) + this.#drawDelay(connectionJitterMs)
    this.#after(isCut ? CONNECT_TIMEOUT_MS : upMs, () => {
      if (connection.isOver) return
      const present = this.#nodes.get(to)
      if (isCut || present === undefined || !present.isUp || present !== target) {
        connection.isOver = true
        node.connections.delete(number)
        this.#input(node, { kind: 'unreachable', connection: number } as Unstamped<Input<V>>)
        return
      }
      connection.isUp = true
      present.connections.set(acceptorNumber, { connection, side: connection.acceptor })
      const { waiting } = connection.opener
      connection.opener.waiting = []
      for (const sendNow of waiting) sendNow()
      this.#input(node, { kind: 'opened', connection: number } as Unstamped<Input<V>>)
    })
  }

  #send(node: SimulatedNode<V>, number: number, message: V['stream'], body?: number): void {
    const known = node.connections.get(number)
    if (known === undefined || known.side.hasClosed) return
    this.totals.streamMessages += 1
    // The bytes are those of this moment: the machine may discard the blob in the next effect.
    const bytes = body === undefined ? undefined : node.blobs.bytes(body)
    const content: Body | undefined = bytes === undefined ? undefined : { bytes }
    this.#travel(known.connection, known.side, () => {
      if (this.faults.cut > 0 && this.random() < this.faults.cut) {
        this.#breakConnection(known.connection, undefined)
        return
      }
      this.#deliver(known.connection, known.side, message, content)
    })
    if (content === undefined) return
    for (let step = 1; step <= BODY_STEPS; step += 1) {
      this.#travel(known.connection, known.side, () => {
        this.#deliverBody(known.connection, known.side, content, step === BODY_STEPS)
      })
    }
  }

  /** Lets something arrive at the other side, behind everything that was sent before. */
  #travel(connection: Connection, sender: Side, arrive: () => void): void {
    const sendNow = (): void => {
      const receiver = otherSide(connection, sender)
      const isCut = this.partitions.isBlocked(sender.node, receiver.node)
      const delayMs = this.#drawDelay(this.faults.connectionJitterMs) + (isCut ? CONNECT_TIMEOUT_MS : 0)
      receiver.arrivesAt = Math.max(receiver.arrivesAt, this.#now + delayMs)
      this.#agenda.add(receiver.arrivesAt, () => {
        if (connection.isOver) return
        if (isCut) this.#breakConnection(connection, undefined)
        else arrive()
      })
    }
    if (connection.isUp) sendNow()
    else sender.waiting.push(sendNow)
  }

  #deliver(connection: Connection, sender: Side, message: V['stream'], body: Body | undefined): void {
    const receiver = otherSide(connection, sender)
    const node = this.#node(receiver.node)
    receiver.isMet = true
    const input = { kind: 'message', connection: receiver.number, message } as Unstamped<Input<V>>
    const effects = this.#input(node, input)
    if (body === undefined) return
    for (const effect of effects) {
      if (effect.kind === 'receive-body' && effect.connection === receiver.number) body.blob = effect.blob
    }
    if (body.blob === undefined) this.#breakConnection(connection, undefined)
    else receiver.arriving = body.blob
  }

  #deliverBody(connection: Connection, sender: Side, body: Body, isLast: boolean): void {
    const receiver = otherSide(connection, sender)
    for (const side of [sender, receiver]) {
      this.#input(this.#node(side.node), {
        kind: 'progress',
        connection: side.number,
      } as Unstamped<Input<V>>)
    }
    if (!isLast || body.blob === undefined) return
    receiver.arriving = undefined
    const node = this.#node(receiver.node)
    const content = node.blobs.put(body.blob, body.bytes)
    this.#input(node, { kind: 'content', blob: body.blob, ...content } as Unstamped<Input<V>>)
  }

  #close(node: SimulatedNode<V>, number: number): void {
    const known = node.connections.get(number)
    if (known === undefined || known.side.hasClosed) return
    const { connection, side } = known
    side.hasClosed = true
    this.#travel(connection, side, () => {
      const receiver = otherSide(connection, side)
      if (receiver.hasClosed) {
        this.#breakConnection(connection, undefined)
        return
      }
      if (!receiver.isMet) {
        this.#close(this.#node(receiver.node), receiver.number)
        return
      }
      this.#input(this.#node(receiver.node), {
        kind: 'ended',
        connection: receiver.number,
      } as Unstamped<Input<V>>)
    })
  }

  /** The connection is over for both sides; `by`, if one of them ended it on purpose, learns it too. */
  #breakConnection(connection: Connection, by: Side | undefined): void {
    if (connection.isOver) return
    connection.isOver = true
    for (const side of [connection.opener, connection.acceptor]) {
      const node = this.#nodes.get(side.node)
      if (node?.connections.get(side.number)?.connection !== connection) continue
      node.connections.delete(side.number)
      if (!side.isMet) continue
      if (side.arriving !== undefined) {
        const detail = 'the connection ended inside the body'
        const failed = { kind: 'blob-failed', blob: side.arriving, detail }
        this.#after(0, () => this.#input(node, failed as Unstamped<Input<V>>))
      }
      const tell = () => this.#input(node, { kind: 'closed', connection: side.number } as Unstamped<Input<V>>)
      this.#after(side === by ? 0 : this.faults.delayMs, tell)
    }
  }

  #halt(node: SimulatedNode<V>): void {
    // What was sent before is on its way and arrives; the node itself hears nothing more.
    node.timers.clear()
    this.#after(0, () => {
      if (node.isUp && this.#nodes.get(node.id) === node) this.crash(node.id)
    })
  }

  // Content

  #performOnBlob(node: SimulatedNode<V>, effect: Effect<V>): void {
    const { blobs } = node
    const now = (input: unknown): void => {
      node.immediate.push(input as Input<V>)
    }
    const soon = (input: unknown): void => {
      this.#after(0, () => this.#input(node, input as Unstamped<Input<V>>))
    }
    switch (effect.kind) {
      case 'measure':
      case 'copy': {
        const content = blobs.putOutside(effect.blob, effect.path)
        if (content === undefined) {
          soon({ kind: 'blob-failed', blob: effect.blob, detail: `${effect.path} is not readable` })
        } else soon({ kind: 'content', blob: effect.blob, ...content })
        return
      }
      case 'open-blob':
        if (!blobs.openFile(effect.blob, effect.file)) {
          now({ kind: 'blob-failed', blob: effect.blob, detail: `no file ${effect.file}` })
        }
        return
      case 'create-blob':
        blobs.create(effect.blob)
        return
      case 'append':
        blobs.append(effect.blob, effect.data)
        return
      case 'finish': {
        const content = blobs.finish(effect.blob)
        if (content !== undefined) now({ kind: 'content', blob: effect.blob, ...content })
        return
      }
      case 'read': {
        const bytes = blobs.bytes(effect.blob)
        const end = effect.offset + effect.length
        const data = Buffer.from(bytes?.subarray(effect.offset, end) ?? []).toString('base64')
        if (bytes === undefined) now({ kind: 'blob-failed', blob: effect.blob, detail: 'no such blob' })
        else now({ kind: 'chunk', blob: effect.blob, offset: effect.offset, data })
        return
      }
      case 'commit':
        if (blobs.commit(effect.blob, effect.file)) {
          now({ kind: 'committed', blob: effect.blob, path: `${node.id}/${effect.file}` })
        }
        return
      case 'discard':
        blobs.discard(effect.blob)
        return
      default:
        throw new Error(`no such effect: ${effect.kind}`)
    }
  }
}
