// A probe peer: the behaviour behind the interface `Probe`. It has one endpoint in the view of each node, and takes
// what arrives there out of the capture of the case.

import { connect, type Socket } from 'node:net'
import { Violation } from '../verdict/case.ts'
import type { Capture, Frame } from './capture.ts'
import type { Endpoint } from './endpoint.ts'
import { LOOPBACK } from './ports.ts'
import type { Message, NodeAddress, Probe, ProbeConnection } from './probe.ts'
import { PeerConnection } from './probe-connection.ts'
import { reset } from './tcp-stream.ts'
import { decodeMessage } from './validate.ts'

/** What a probe needs of the network that it lives in. */
export interface ProbeSurroundings {
  readonly capture: Capture
  readonly deadlineMs: number
  /** The endpoint at which the node knows the probe. */
  endpoint(node: number, probe: number): Endpoint
  nextConnectionNumber(): number
  /** Opens or closes the listeners of the probe. */
  listeningChanged(probe: number): void
  /** What to wait for before a node is made to act; undefined when there is nothing. */
  settling(): Promise<unknown> | undefined
  /** Has the socket destroyed when the case ends. */
  own(socket: Socket): void
}

export class ProbePeer implements Probe {
  readonly id: number
  answersPings = true
  private readonly surroundings: ProbeSurroundings
  private readonly taken = new Set<number>()
  private readonly connections = new Map<number, { connection: PeerConnection; close: () => void }>()
  private readonly lastSeqs = new Map<number, number>()
  private accepts = true

  constructor(id: number, surroundings: ProbeSurroundings) {
    this.id = id
    this.surroundings = surroundings
  }

  get listening(): boolean {
    return this.accepts
  }

  set listening(listening: boolean) {
    this.accepts = listening
    this.surroundings.listeningChanged(this.id)
  }

  async sendUdp(node: NodeAddress, message: Message): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(message))
    const { fault } = decodeMessage(bytes, 'udp')
    if (fault !== undefined) throw new Error(`a probe must not send this by 'sendUdp': ${fault.text}`)
    await this.sendUdpBytes(node, bytes)
  }

  async sendUdpBytes(node: NodeAddress, bytes: Uint8Array | string): Promise<void> {
    await this.surroundings.settling()
    await this.sendDatagram(node.id, node.listenPort, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
  }

  async connect(node: NodeAddress): Promise<ProbeConnection> {
    const socket = connect({ port: node.listenPort, host: LOOPBACK, allowHalfOpen: true, noDelay: true })
    this.surroundings.own(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', (error: NodeJS.ErrnoException) => reject(refusal(error, node)))
    })
    return this.adopt(node.id, socket)
  }

  receive(
    predicate: (frame: Frame) => boolean,
    withinMs = this.surroundings.deadlineMs,
  ): Promise<Frame | undefined> {
    const isWanted = (frame: Frame) =>
      frame.to === this.id &&
      frame.sender === 'program' &&
      !this.taken.has(frame.n) &&
      predicate(frame) &&
      this.take(frame)
    return this.surroundings.capture.wait(isWanted, withinMs)
  }

  connectionOf(frame: Frame): ProbeConnection {
    const entry = frame.connection === undefined ? undefined : this.connections.get(frame.connection)
    if (entry === undefined) throw new Error(`frame ${frame.n} came on no connection of probe ${this.id}`)
    return entry.connection
  }

  async ping(node: NodeAddress, slot: 1 | 2, seq?: number): Promise<void> {
    const next = seq ?? (this.lastSeqs.get(node.id) ?? -1) + 1
    this.lastSeqs.set(node.id, next)
    await this.sendUdp(node, { type: 'ring.ping', from: this.id, seq: next, slot })
  }

  die(): void {
    this.answersPings = false
    this.listening = false
    for (const { close } of this.connections.values()) close()
  }

  /** A datagram of a node arrived: answers it if it is a ping and the probe is in the mood. */
  onDatagram(frame: Frame, nodePort: number): void {
    if (!this.answersPings || frame.fault !== undefined || frame.message?.type !== 'ring.ping') return
    const pong = { type: 'ring.pong', from: this.id, seq: frame.message.seq }
    void this.sendDatagram(frame.from, nodePort, Buffer.from(JSON.stringify(pong)))
  }

  /** Makes a connection of this socket, which the node opened or accepted. */
  adopt(node: number, socket: Socket): PeerConnection {
    const number = this.surroundings.nextConnectionNumber()
    const connection = new PeerConnection({
      number,
      socket,
      capture: this.surroundings.capture,
      probe: this.id,
      node,
      deadlineMs: this.surroundings.deadlineMs,
      take: (frame) => this.take(frame),
      settling: this.surroundings.settling,
    })
    this.connections.set(number, { connection, close: () => reset(socket) })
    return connection
  }

  /** Each frame goes to one receiver only. */
  private take(frame: Frame): boolean {
    if (this.taken.has(frame.n)) return false
    this.taken.add(frame.n)
    return true
  }

  private async sendDatagram(node: number, port: number, bytes: Uint8Array): Promise<void> {
    const { capture, endpoint } = this.surroundings
    capture.add({
      ...decodeMessage(bytes, 'udp'),
      transport: 'udp',
      from: this.id,
      to: node,
      bytes,
      sender: 'probe',
      fate: 'passed',
    })
    await endpoint(node, this.id).send(bytes, port)
  }
}

/** A node that says it has started must accept connections; what else goes wrong here is a matter of this machine. */
function refusal(error: NodeJS.ErrnoException, node: { id: number; listenPort: number }): Error {
  if (error.code !== 'ECONNREFUSED' && error.code !== 'ECONNRESET') return error
  return new Violation({
    requirement: 'control.start.listening',
    expected: `peer ${node.id} to accept connections on port ${node.listenPort}`,
    actual: error.code,
  })
}
