// The network of one case: for each node its view of all peers, behind each place of a view a probe or the relay to
// another node.
//
// A datagram that arrives at the place of peer 9 in the view of node 4 was sent by 4 to 9, whatever it says. If 9 is a
// probe, the probe gets it. If 9 is a node, the link 4 -> 9 decides what becomes of it, and what is left leaves from the
// place of peer 4 in the view of node 9. Connections likewise.
import { connect, type Socket } from 'node:net'
import type { Capture } from './capture.ts'
import { Endpoint } from './endpoint.ts'
import { FrameDecoder } from './frame-decoder.ts'
import { isAddressInUse, LOOPBACK, releaseViewPort, reserveViewPort } from './ports.ts'
import { ProbePeer } from './probe-peer.ts'
import { RelayLink } from './relay.ts'
import { relayConnection } from './relay-connection.ts'
import { reset } from './tcp-stream.ts'
import { decodeMessage } from './validate.ts'

export interface NetworkOptions {
  readonly capture: Capture
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
  private readonly probes = new Map<number, ProbePeer>()
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

  /** Opens the places of all `ids`, its own among them, for one node; gives its viewPort. Again gives the same. */
  async openView(viewer: number, ids: readonly number[]): Promise<number> {
    const open = this.views.get(viewer)
    if (open !== undefined) return open.port
    // A place in a block is taken when a view lies there that had to do without a block. Such blocks are kept for as long as
    // this lasts: of few that are left, the same one would come again and again.
    const taken: number[] = []
    try {
      for (let i = 0; i < VIEW_ATTEMPTS_MAX; i++) {
        const port = await reserveViewPort()
        taken.push(port)
        if (await this.opensAt(port, viewer, ids)) {
          taken.pop()
          return port
        }
        if (this.isClosed) throw new Error('the case is over')
      }
    } finally {
      taken.forEach(releaseViewPort)
    }
    throw new Error(`no ${ids.length} free ports for the view of node ${viewer}`)
  }

  async addProbe(id: number): Promise<ProbePeer> {
    const known = this.probes.get(id)
    if (known !== undefined) return known
    const probe = new ProbePeer(id, {
      capture: this.options.capture,
      deadlineMs: this.options.deadlineMs,
      endpoint: (node, peer) => this.endpointOf(node, peer),
      nextConnectionNumber: () => ++this.connections,
      listeningChanged: (peer) => void this.refreshListenersOf(peer),
      settling: () => this.settling,
      own: (socket) => this.own(socket),
    })
    this.probes.set(id, probe)
    await this.refreshListenersOf(id)
    return probe
  }

  /** A node listens: peers may reach it from now on. */
  async nodeUp(id: number, listenPort: number): Promise<void> {
    this.nodePorts.set(id, listenPort)
    await this.refreshListenersOf(id)
  }

  /** A node is gone: connections to it are refused from now on, datagrams lead nowhere. */
  async nodeDown(id: number, listenPort: number): Promise<void> {
    // Its successor of the same id, started in the meantime, is not meant.
    if (this.nodePorts.get(id) !== listenPort) return
    this.nodePorts.delete(id)
    await this.refreshListenersOf(id)
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
   * a polite peer that lives: it acknowledges departures, answers successor queries and makes itself known as predecessor,
   * so that a conforming node leaves at once instead of waiting for peers that the case let die.
   */
  async seeNodesOff(): Promise<void> {
    this.seesOff = true
    for (const socket of this.sockets) reset(socket)
    await Promise.all(this.allEndpoints().map((endpoint) => this.refreshListener(endpoint)))
    for (const [id, port] of this.nodePorts) {
      const other = [...(this.views.get(id)?.endpoints.values() ?? [])].find((e) => e.target !== id)
      for (const slot of [1, 2]) {
        void other?.send(JSON.stringify({ type: 'ring.ping', from: other.target, seq: 0, slot }), port)
      }
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    for (const timer of this.timers) clearTimeout(timer)
    for (const socket of this.sockets) socket.destroy()
    await Promise.all(this.allEndpoints().map((endpoint) => endpoint.close()))
    for (const { port } of this.views.values()) releaseViewPort(port)
  }

  /** Opens the places of a view at this port; false, and none is open, when one of them is taken or the case is over. */
  private async opensAt(port: number, viewer: number, ids: readonly number[]): Promise<boolean> {
    const attempts = await Promise.allSettled(ids.map((id) => this.openEndpoint(viewer, id, port + id)))
    const failed = attempts.find((attempt) => attempt.status === 'rejected')
    const endpoints = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
    if (failed === undefined && !this.isClosed) {
      this.views.set(viewer, { port, endpoints: new Map(endpoints.map((e) => [e.target, e])) })
      await Promise.all(endpoints.map((endpoint) => this.refreshListener(endpoint)))
      return true
    }
    await Promise.all(endpoints.map((endpoint) => endpoint.close()))
    if (failed !== undefined && !isAddressInUse(failed.reason)) throw failed.reason
    return false
  }

  private openEndpoint(viewer: number, target: number, port: number): Promise<Endpoint> {
    return Endpoint.open(viewer, target, port, {
      onDatagram: (endpoint, bytes) => this.onDatagram(endpoint, bytes),
      onConnection: (endpoint, socket) => this.onConnection(endpoint, socket),
      onError: (error) => this.options.capture.fail(error),
    })
  }

  private allEndpoints(): Endpoint[] {
    return [...this.views.values()].flatMap(({ endpoints }) => [...endpoints.values()])
  }

  private endpointOf(viewer: number, target: number): Endpoint {
    const endpoint = this.views.get(viewer)?.endpoints.get(target)
    if (endpoint === undefined) throw new Error(`peer ${target} has no place in the view of node ${viewer}`)
    return endpoint
  }

  private async refreshListenersOf(target: number): Promise<void> {
    const endpoints = this.allEndpoints().filter((endpoint) => endpoint.target === target)
    await Promise.all(endpoints.map((endpoint) => this.refreshListener(endpoint)))
  }

  private refreshListener(endpoint: Endpoint): Promise<void> {
    const { viewer, target } = endpoint
    const probe = this.probes.get(target)
    const accepts =
      probe !== undefined
        ? probe.listening
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

  private onDatagram(endpoint: Endpoint, bytes: Uint8Array): void {
    const { viewer: from, target: to } = endpoint
    const nodePort = this.nodePorts.get(from)
    if (this.seesOff) {
      if (nodePort !== undefined) answerPing(endpoint, bytes, nodePort)
      return
    }
    const { capture } = this.options
    const decoded = decodeMessage(bytes, 'udp')
    const frame = { ...decoded, transport: 'udp' as const, from, to, bytes, sender: 'program' as const }
    const probe = this.probes.get(to)
    if (probe !== undefined) {
      const captured = capture.add({ ...frame, fate: 'passed' })
      if (nodePort !== undefined) probe.onDatagram(captured, nodePort)
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
    if (this.seesOff) {
      answerPolitely(socket, to)
      return
    }
    const probe = this.probes.get(to)
    if (probe !== undefined) {
      probe.adopt(from, socket)
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
      capture: this.options.capture,
      opener: socket,
      acceptor,
      forth: this.link(from, to),
      back: this.link(to, from),
    })
  }
}

function answerPing(endpoint: Endpoint, bytes: Uint8Array, nodePort: number): void {
  const { message } = decodeMessage(bytes, 'udp')
  if (message?.type !== 'ring.ping') return
  void endpoint.send(JSON.stringify({ type: 'ring.pong', from: endpoint.target, seq: message.seq }), nodePort)
}

function answerPolitely(socket: Socket, peer: number): void {
  const decoder = new FrameDecoder(({ message }) => {
    if (!socket.writable) return
    if (message?.type === 'ring.depart') {
      socket.write(`${JSON.stringify({ type: 'ring.depart-ack', from: peer })}\n`)
    } else if (message?.type === 'ring.successor-query') {
      socket.write(`${JSON.stringify({ type: 'ring.successor-answer', from: peer, successor: peer })}\n`)
    }
  })
  socket.on('data', (chunk) => decoder.feed(chunk))
  socket.on('end', () => socket.end())
}
