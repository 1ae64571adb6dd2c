// A participant that the harness plays, whatever the system: its place in the view of each node, the connections that it
// opened and accepted, and the frames that came to it. What it says by itself is the system's: probe-peer.ts, played.ts.
import { connect, type Socket } from 'node:net'
import { Violation } from '../verdict/case.ts'
import type { Capture, Frame } from './capture.ts'
import type { Endpoint } from './endpoint.ts'
import { LOOPBACK } from './ports.ts'
import type { ProbeConnection } from './probe.ts'
import { PeerConnection } from './probe-connection.ts'
import { reset } from './tcp-stream.ts'
import type { Wire } from './wire.ts'

/** What a participant needs of the network that it lives in. */
export interface Surroundings {
  readonly capture: Capture
  readonly wire: Wire
  readonly deadlineMs: number
  /** The endpoint at which the node knows the participant. */
  endpoint(node: number, participant: number): Endpoint
  nextConnectionNumber(): number
  /** Opens or closes the listeners of the participant. */
  listeningChanged(participant: number): void
  /** What to wait for before a node is made to act; undefined when there is nothing. */
  settling(): Promise<unknown> | undefined
  /** Has the socket destroyed when the case ends. */
  own(socket: Socket): void
}

/** How long after its sockets the end of a process comes to the harness. */
const END_NOTICED_MS = 300

export abstract class Participant {
  /** Its place in the network. */
  readonly place: number
  protected readonly surroundings: Surroundings
  /** Frames that a `receive` has given away. */
  private readonly taken = new Set<number>()
  private readonly connections = new Map<number, { connection: PeerConnection; close: () => void }>()
  private accepts = true

  constructor(place: number, surroundings: Surroundings) {
    this.place = place
    this.surroundings = surroundings
  }

  get listening(): boolean {
    return this.accepts
  }

  set listening(listening: boolean) {
    this.accepts = listening
    this.surroundings.listeningChanged(this.place)
  }

  connectionOf(frame: Frame): ProbeConnection {
    const entry = frame.connection === undefined ? undefined : this.connections.get(frame.connection)
    if (entry === undefined) throw new Error(`frame ${frame.n} came on no connection of ${this.place}`)
    return entry.connection
  }

  /** A datagram of a node arrived. */
  onDatagram(_frame: Frame, _nodePort: number): void {}

  /** The node opened a connection to this participant. */
  accept(node: number, socket: Socket): PeerConnection {
    return this.adopt(node, socket, 'node')
  }

  die(): void {
    this.listening = false
    for (const { close } of this.connections.values()) close()
  }

  protected async dial(node: number, listenPort: number): Promise<PeerConnection> {
    await this.surroundings.settling()
    const socket = connect({ port: listenPort, host: LOOPBACK, allowHalfOpen: true, noDelay: true })
    this.surroundings.own(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', (error: NodeJS.ErrnoException) => {
        // A program that has just ended refuses connections before its end is noticed, which is what has to be reported.
        setTimeout(() => reject(refusal(error, node, listenPort)), END_NOTICED_MS)
      })
    })
    return this.adopt(node, socket, 'probe')
  }

  /** The next frame of a node to this participant that nobody has taken; undefined when the time is over. */
  protected takeNext(
    predicate: (frame: Frame) => boolean,
    withinMs = this.surroundings.deadlineMs,
  ): Promise<Frame | undefined> {
    const isWanted = (frame: Frame) =>
      frame.to === this.place &&
      frame.sender === 'program' &&
      !this.taken.has(frame.n) &&
      predicate(frame) &&
      this.take(frame)
    return this.surroundings.capture.wait(isWanted, withinMs)
  }

  /** Told of each whole line of a node on a connection that the node opened. */
  protected onFrame(_frame: Frame, _connection: PeerConnection): void {}

  private adopt(node: number, socket: Socket, openedBy: 'probe' | 'node'): PeerConnection {
    const { capture, wire, deadlineMs, settling } = this.surroundings
    const number = this.surroundings.nextConnectionNumber()
    const connection: PeerConnection = new PeerConnection({
      number,
      socket,
      capture,
      wire,
      probe: this.place,
      node,
      openedBy,
      deadlineMs,
      take: (frame) => this.take(frame),
      settling,
      ...(openedBy === 'node' && { onFrame: (frame: Frame) => this.onFrame(frame, connection) }),
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
}

/** A node that says it has started must accept connections; what else goes wrong here is a matter of this machine. */
function refusal(error: NodeJS.ErrnoException, node: number, listenPort: number): Error {
  if (error.code !== 'ECONNREFUSED' && error.code !== 'ECONNRESET') return error
  return new Violation({
    requirement: 'control.start.listening',
    expected: `the node at ${node} to accept connections on port ${listenPort}`,
    actual: error.code,
  })
}
