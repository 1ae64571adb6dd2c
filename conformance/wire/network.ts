// The network of one case: for each node its view of all places, behind each place of a view a participant that the harness
// plays or the relay to another node. A place is a number: in the ring the id of a peer, in peers a seat.
//
// What arrives at the place 9 in the view of node 4 was sent by 4 to 9, whatever it says. If the harness plays 9, the
// participant gets it. If 9 is a node, the link 4 -> 9 decides what becomes of it, and what is left of a datagram leaves from
// the place 4 in the view of node 9. Connections likewise.
import { connect, type Socket } from 'node:net'
import type { Address } from '../../spec/peers/messages.ts'
import { AddressBook } from './address-book.ts'
import type { Capture } from './capture.ts'
import { Endpoint } from './endpoint.ts'
import type { Farewell } from './farewell.ts'
import { FrameDecoder } from './frame-decoder.ts'
import type { Participant, Surroundings } from './participant.ts'
import { isAddressInUse, LOOPBACK, releaseViewPort, reserveViewPort } from './ports.ts'
import { RelayLink } from './relay.ts'
import { relayConnection } from './relay-connection.ts'
import { reset } from './tcp-stream.ts'
import type { Decoded, Message, Wire } from './wire.ts'

export interface NetworkOptions {
  readonly capture: Capture
  readonly wire: Wire
  readonly farewell: Farewell
  /** Ports that a view owns, open or not: a node that computes ports may try any of them. By default those of its places. */
  readonly viewSize?: number
  /** Of the links' random numbers. */
  readonly seed: number
  readonly deadlineMs: number
}

interface View {
  readonly port: number
  readonly endpoints: ReadonlyMap<number, Endpoint>
}

const VIEW_ATTEMPTS_MAX = 50

export class Network {
  private readonly options: NetworkOptions
  private readonly views = new Map<number, View>()
  private readonly played = new Map<number, Participant>()
  private readonly book = new AddressBook()
  /** Where the nodes that are alive listen. */
  private readonly nodePorts = new Map<number, number>()
  private readonly links = new Map<string, RelayLink>()
  private readonly sockets = new Set<Socket>()
  private readonly timers = new Set<NodeJS.Timeout>()
  private connections = 0
  /** Listeners that are being opened, and the end of the latest of those changes. */
  private changes = 0
  private latestChange: Promise<unknown> = Promise.resolve()
  private seesOff = false
  private isClosed = false

  constructor(options: NetworkOptions) {
    this.options = options
  }

  /** Whose address is what in whose eyes. */
  get addresses(): AddressBook {
    return this.book
  }

  /** Opens all `places`, its own among them, for one node; gives its viewPort. Again gives the same. */
  async openView(viewer: number, places: readonly number[]): Promise<number> {
    const open = this.views.get(viewer)
    if (open !== undefined) return open.port
    // A place in a block is taken when a view lies there that had to do without a block. Such blocks are kept for as long as
    // this lasts: of few that are left, the same one would come again and again.
    const taken: number[] = []
    const size = this.options.viewSize ?? Math.max(...places) + 1
    try {
      for (let i = 0; i < VIEW_ATTEMPTS_MAX; i++) {
        const port = await reserveViewPort(size)
        taken.push(port)
        if (await this.opensAt(port, viewer, places)) {
          taken.pop()
          return port
        }
        if (this.isClosed) throw new Error('the case is over')
      }
    } finally {
      taken.forEach(releaseViewPort)
    }
    throw new Error(`no ${places.length} free ports for the view of node ${viewer}`)
  }

  /** What participants of this network need; the same for all. */
  get surroundings(): Surroundings {
    const { capture, wire, deadlineMs } = this.options
    return {
      capture,
      wire,
      deadlineMs,
      endpoint: (node, place) => this.endpointOf(node, place),
      nextConnectionNumber: () => ++this.connections,
      listeningChanged: (place) => void this.refreshListenersOf(place),
      settling: () => this.settling,
      own: (socket) => this.own(socket),
    }
  }

  /** Whom the harness plays at this place, if anyone. */
  playedAt(place: number): Participant | undefined {
    return this.played.get(place)
  }

  /** The harness plays a participant from now on. */
  async play(participant: Participant): Promise<void> {
    this.played.set(participant.place, participant)
    await this.refreshListenersOf(participant.place)
  }

  /** A node listens: others may reach it from now on, and it may say of itself that it is at any of these addresses. */
  async nodeUp(place: number, listenPort: number, own: readonly Address[] = []): Promise<void> {
    this.nodePorts.set(place, listenPort)
    this.book.enterOwn(place, own)
    await this.refreshListenersOf(place)
  }

  /** A node is gone: connections to it are refused from now on, datagrams lead nowhere. */
  async nodeDown(place: number, listenPort: number): Promise<void> {
    // Its successor at the same place, started in the meantime, is not meant.
    if (this.nodePorts.get(place) !== listenPort) return
    this.nodePorts.delete(place)
    await this.refreshListenersOf(place)
  }

  /**
   * Fulfilled when every listener is as it should be; undefined when that is so already. Who is about to make a node act
   * waits for it: a probe that listens again must not be found absent by a node that is quicker than the kernel call.
   */
  get settling(): Promise<unknown> | undefined {
    return this.changes > 0 ? this.latestChange : undefined
  }

  link(from: number, to: number): RelayLink {
    const key = `${from}/${to}`
    const known = this.links.get(key)
    if (known !== undefined) return known
    const link = new RelayLink(from, to, this.options.seed, () => {
      const endpoint = this.views.get(from)?.endpoints.get(to)
      if (endpoint !== undefined) void this.refreshListener(endpoint)
    })
    this.links.set(key, link)
    return link
  }

  /**
   * The case is over and its nodes are about to be stopped. From now on the harness itself answers at every place, as
   * somebody polite who lives, so that a conforming node leaves at once instead of waiting for those whom the case let die.
   */
  async seeNodesOff(): Promise<void> {
    this.seesOff = true
    for (const socket of this.sockets) reset(socket)
    await Promise.all(this.allEndpoints().map((endpoint) => this.refreshListener(endpoint)))
    const { beginning = () => [] } = this.options.farewell
    for (const [node, port] of this.nodePorts) {
      const other = [...(this.views.get(node)?.endpoints.values() ?? [])].find((e) => e.target !== node)
      for (const message of other === undefined ? [] : beginning(other.target))
        void other?.send(JSON.stringify(message), port)
    }
  }

  /**
   * Closes everything. Nodes that would not leave are named with the end of their processes: they may go on calling the
   * places of their views, and until then no other case gets those ports.
   */
  async close(staying: ReadonlyMap<number, Promise<unknown>> = new Map()): Promise<void> {
    this.isClosed = true
    for (const timer of this.timers) clearTimeout(timer)
    for (const socket of this.sockets) socket.destroy()
    await Promise.all(this.allEndpoints().map((endpoint) => endpoint.close()))
    for (const [viewer, { port }] of this.views) {
      const end = staying.get(viewer)
      if (end === undefined) releaseViewPort(port)
      else void end.then(() => releaseViewPort(port))
    }
  }

  /** Opens the places of a view at this port; false, and none is open, when one of them is taken or the case is over. */
  private async opensAt(port: number, viewer: number, places: readonly number[]): Promise<boolean> {
    const attempts = await Promise.allSettled(
      places.map((place) => this.openEndpoint(viewer, place, port + place)),
    )
    const failed = attempts.find((attempt) => attempt.status === 'rejected')
    const endpoints = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
    if (failed === undefined && !this.isClosed) {
      this.views.set(viewer, { port, endpoints: new Map(endpoints.map((e) => [e.target, e])) })
      this.book.open(viewer, port, places)
      await Promise.all(endpoints.map((endpoint) => this.refreshListener(endpoint)))
      return true
    }
    await Promise.all(endpoints.map((endpoint) => endpoint.close()))
    if (failed !== undefined && !isAddressInUse(failed.reason)) throw failed.reason
    return false
  }

  private openEndpoint(viewer: number, target: number, port: number): Promise<Endpoint> {
    const { decodeDatagram } = this.options.wire
    return Endpoint.open(viewer, target, port, {
      ...(decodeDatagram && {
        onDatagram: (endpoint, bytes) => this.onDatagram(endpoint, bytes, decodeDatagram(bytes)),
      }),
      onConnection: (endpoint, socket) => this.onConnection(endpoint, socket),
      onError: (error) => this.options.capture.fail(error),
    })
  }

  private allEndpoints(): Endpoint[] {
    return [...this.views.values()].flatMap(({ endpoints }) => [...endpoints.values()])
  }

  private endpointOf(viewer: number, target: number): Endpoint {
    const endpoint = this.views.get(viewer)?.endpoints.get(target)
    if (endpoint === undefined) throw new Error(`there is no place ${target} in the view of node ${viewer}`)
    return endpoint
  }

  private async refreshListenersOf(target: number): Promise<void> {
    const endpoints = this.allEndpoints().filter((endpoint) => endpoint.target === target)
    await Promise.all(endpoints.map((endpoint) => this.refreshListener(endpoint)))
  }

  private refreshListener(endpoint: Endpoint): Promise<void> {
    const { viewer, target } = endpoint
    const played = this.played.get(target)
    const accepts =
      played !== undefined
        ? played.listening
        : this.nodePorts.has(target) && this.links.get(`${viewer}/${target}`)?.faults.tcpRefuse !== true
    const change = endpoint.setListening(this.seesOff || accepts)
    this.changes++
    this.latestChange = Promise.all([this.latestChange, change]).finally(() => this.changes--)
    return change
  }

  private own(socket: Socket): void {
    this.sockets.add(socket)
    if (this.isClosed) socket.destroy()
    socket.on('error', () => {})
    socket.on('close', () => this.sockets.delete(socket))
  }

  private onDatagram(endpoint: Endpoint, bytes: Uint8Array, decoded: Decoded): void {
    const { viewer: from, target: to } = endpoint
    const nodePort = this.nodePorts.get(from)
    const { capture, farewell } = this.options
    if (this.seesOff) {
      const answer = decoded.message && farewell.datagram?.(decoded.message, to)
      if (nodePort !== undefined && answer !== undefined) void endpoint.send(JSON.stringify(answer), nodePort)
      return
    }
    const frame = { ...decoded, transport: 'udp' as const, from, to, bytes, sender: 'program' as const }
    const played = this.played.get(to)
    if (played !== undefined) {
      const captured = capture.add({ ...frame, fate: 'passed' })
      if (nodePort !== undefined) played.onDatagram(captured, nodePort)
      return
    }
    const { fate, deliveries } = this.link(from, to).pass(bytes, decoded.message)
    capture.add({ ...frame, fate })
    for (const delivery of deliveries) {
      if (delivery.afterMs > 0) this.later(delivery.afterMs, () => this.deliver(from, to, delivery.bytes))
      else this.deliver(from, to, delivery.bytes)
    }
  }

  /** Hands a datagram to node `to`, from the place where it knows `from`. */
  private deliver(from: number, to: number, bytes: Uint8Array): void {
    const port = this.nodePorts.get(to)
    if (port !== undefined) void this.views.get(to)?.endpoints.get(from)?.send(bytes, port)
  }

  private later(afterMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      action()
    }, afterMs)
    this.timers.add(timer)
  }

  private onConnection(endpoint: Endpoint, socket: Socket): void {
    const { viewer: from, target: to } = endpoint
    this.own(socket)
    const { capture, wire, farewell } = this.options
    if (this.seesOff) {
      answerPolitely(socket, wire, (message) => farewell.line(message, to))
      return
    }
    const played = this.played.get(to)
    if (played !== undefined) {
      played.accept(from, socket)
      return
    }
    const port = this.nodePorts.get(to)
    if (port === undefined) {
      reset(socket)
      return
    }
    const acceptor = connect({ port, host: LOOPBACK, allowHalfOpen: true, noDelay: true })
    this.own(acceptor)
    relayConnection({
      number: ++this.connections,
      capture,
      wire,
      addresses: this.book,
      opener: socket,
      acceptor,
      forth: this.link(from, to),
      back: this.link(to, from),
    })
  }
}

function answerPolitely(
  socket: Socket,
  wire: Wire,
  answerTo: (message: Message) => Message | undefined,
): void {
  const decoder = new FrameDecoder(wire.converse().opener, ({ message }) => {
    const answer = message && answerTo(message)
    if (answer !== undefined && socket.writable) socket.write(`${JSON.stringify(answer)}\n`)
  })
  socket.on('data', (chunk) => decoder.feed(chunk))
  socket.on('end', () => socket.end())
}
