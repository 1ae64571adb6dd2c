// A probe: a peer played by the harness, which speaks the wire itself, correctly or not.
import type { RingNode } from '../verdict/ring-bench.ts'
import type { Frame } from './capture.ts'
import type { Message as AnyMessage } from './wire.ts'

export type Message = AnyMessage & { readonly type: string }

/** What a probe has to know of a node in order to speak to it. */
export type NodeAddress = Pick<RingNode, 'id' | 'listenPort'>

/** One TCP connection between a participant that the harness plays and a node, seen from the harness. */
export interface ProbeConnection {
  readonly number: number
  /** Sends one line, and the body after it. An invalid message is a fault of the harness; use `sendBytes` for those. */
  send(message: AnyMessage, body?: Uint8Array): Promise<void>
  /** Sends raw bytes, on purpose malformed or split. */
  sendBytes(bytes: Uint8Array | string): Promise<void>
  /** The next frame from the node on this connection that satisfies `predicate`; undefined when time is over or it ended. */
  receive(predicate?: (frame: Frame) => boolean, withinMs?: number): Promise<Frame | undefined>
  /** Content of the body that came with that frame. */
  body(frame: Frame): Uint8Array | undefined
  /** Shuts down the sending side. */
  end(): void
  /** Ends with RST. */
  reset(): void
  close(): void
  /** True when the node ended or reset the connection; false when the time is over. */
  closedByNode(withinMs?: number): Promise<boolean>
}

export interface Probe {
  readonly id: number
  /** Answer pings with pongs; true at first. */
  answersPings: boolean
  /** Whether connections are accepted; false refuses them, as a dead peer would. */
  listening: boolean
  /** Sends a datagram to a node, from this peer's address as the node knows it. */
  sendUdp(node: NodeAddress, message: Message): Promise<void>
  sendUdpBytes(node: NodeAddress, bytes: Uint8Array | string): Promise<void>
  /** Opens a connection to the node. */
  connect(node: NodeAddress): Promise<ProbeConnection>
  /** The next not yet taken frame sent to this probe that satisfies `predicate`; undefined when the time is over. */
  receive(predicate: (frame: Frame) => boolean, withinMs?: number): Promise<Frame | undefined>
  /** The connection on which a frame came, to answer on it. */
  connectionOf(frame: Frame): ProbeConnection
  /** Pings the node once with this slot (default seq: one more than the last to that node). */
  ping(node: NodeAddress, slot: 1 | 2, seq?: number): Promise<void>
  /** Vanishes: answers nothing, refuses connections. */
  die(): void
}
