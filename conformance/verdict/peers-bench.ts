// The tools of a case of `peers`, beside those of every case (bench.ts): a name service and peers, each either a node of the
// program under test or played by the harness, with every call between them seen, checked and, where asked, tampered with.
//
// Seats. Each participant sits at a seat: the name service at 0, peers at 1, 2, ... A seat is the harness's own name for a
// place in the network and has nothing to do with the id that a name service gives. `Frame.from` and `Frame.to` are seats.
//
// Addresses. Every node has its own view of the others: seat s has the address `addressFor(s)` in its eyes, a port that
// belongs to the harness. Between two nodes of the program a relay exchanges the addresses in `register`, `register_peer` and
// the answers to `require_*` on their way (peers.md section 2), so the harness knows both ends of every call without trusting what it says.
import type {
  ListedPeer,
  PeerCommandArguments,
  PeerCommandName,
  PeerEvent,
  PeerResult,
} from '../../spec/peers/control.ts'
import type { Address } from '../../spec/peers/messages.ts'
import type { Node } from '../driver/node.ts'
import type { Frame } from '../wire/capture.ts'
import type { ProbeConnection } from '../wire/probe.ts'
import type { Bench, NodeOptions } from './bench.ts'

export const NAME_SERVICE_SEAT = 0

/** What every node of the program can do, whatever its role. */
export interface PeersNode extends Node {
  readonly seat: number
  /**
   * The address of a seat in this node's eyes. That of its own seat is what it gives to others: a port of the harness that
   * it is told to advertise, so that a peer which calls itself is seen to do so. A case that wants the default of
   * `advertise` says `config: { advertise: undefined }`.
   */
  addressFor(seat: number): Address
}

/** A node with the role `peers.name-service`. */
export interface NameServiceNode extends PeersNode {
  state(): Promise<{ readonly types: Readonly<Record<string, readonly ListedPeer[]>> }>
}

/** A node with the role `peers.peer`. */
export interface PeerNode extends PeersNode {
  /** Sends a command; rejects with `CommandError`, or with a hang or crash of the program. Result checked by schema. */
  command<C extends PeerCommandName>(
    name: C,
    args: PeerCommandArguments<C>,
    withinMs?: number,
  ): Promise<PeerResult<C>>
  state(): Promise<PeerResult<'state'>>
  /** Events so far, in order, with the time in ms since the case began. */
  readonly events: readonly (PeerEvent & { readonly atMs: number })[]
}

/** What a played participant does with a request. A string other than these is sent as raw bytes, as it is. */
export type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly name: string; readonly args: readonly unknown[] } }
  /** The connection stays open and nothing comes. */
  | 'silent'
  /** The connection ends (FIN) without an answer. */
  | 'close'
  | 'reset'
  /** Any bytes, for what is no answer; the connection stays open unless `close` is said. */
  | { readonly raw: string | Uint8Array; readonly close?: boolean }

export type Handler = (args: readonly unknown[], request: Frame) => Answer | Promise<Answer>

/** A participant played by the harness: it speaks the wire itself, correctly or not. */
export interface Played {
  readonly seat: number
  /** Where the given node finds it. */
  addressFor(node: PeersNode): Address
  /** Whether connections are accepted; false refuses them, as a dead one would. */
  listening: boolean
  /** Refuses connections and resets those that are open. */
  die(): void
  /** Replaces what it does with calls of this method; also for methods that it would not know. */
  on(method: string, handler: Handler): void
  /**
   * Calls a method of a node: a connection of its own, one request, one answer, closed by this side. `answer` is undefined
   * when none came in time or the node closed without one. The request may break every schema.
   */
  call(
    node: PeersNode,
    method: string,
    args: readonly unknown[],
    withinMs?: number,
  ): Promise<{ readonly request: Frame; readonly answer: Frame | undefined }>
  /** `call` for a success: gives the result; throws a `Violation` of the given requirement otherwise. */
  callFor(node: PeersNode, method: string, args: readonly unknown[], requirement: string): Promise<unknown>
  /** Opens a connection to the node, for raw bytes and several requests. */
  connect(node: PeersNode): Promise<ProbeConnection>
  /** The next not yet taken request with this method that a node sends here; undefined when the time is over. */
  receive(method: string, withinMs?: number): Promise<Frame | undefined>
  /** Requests with this method that have come here so far, taken or not. */
  received(method: string): readonly Frame[]
  /** The connection on which a request came: to answer it piece by piece, or to see it closed. */
  connectionOf(request: Frame): ProbeConnection
}

/**
 * A peer played by the harness. Without handlers it answers `check` with its id and type, `null` to the other methods of
 * peers.md, and an AttributeError to everything else.
 */
export interface PlayedPeer extends Played {
  /** As the name service gave it, or as the case sets it; -1 at first. */
  id: number
  type: string
}

/**
 * A name service played by the harness, correct until handlers say otherwise. Ids: the next one is `nextId`, which then grows by one.
 * It never calls `check` by itself.
 */
export interface PlayedNameService extends Played {
  nextId: number
  /** Who is registered. A case may add played peers with `enter` and take anyone out with `drop`. */
  readonly registered: readonly {
    readonly seat: number
    readonly id: number
    readonly type: string
    readonly hash: string
  }[]
  /** Registers a played peer, without a call, under its `type` and with `nextId`, which becomes its id. */
  enter(peer: PlayedPeer): void
  drop(id: number): void
}

export interface PeersNodeOptions extends NodeOptions {
  /** Lock and database of a peer; short for `config`. */
  readonly lock?: boolean
  readonly fortunes?: readonly string[]
}

export interface PeersBench extends Bench {
  /** The object type of this case, which no other case uses. */
  readonly type: string
  /** A name service of the program, at seat 0. `seats` is how many seats there will be, 16 if nothing is said. */
  nameService(options?: NodeOptions & { readonly seats?: number }): Promise<NameServiceNode>
  /** A name service played by the harness, at seat 0. */
  playNameService(options?: { readonly seats?: number }): Promise<PlayedNameService>
  /**
   * A peer of the program, `start` done and `join` not. The same seat may be tried again when `start` was refused, and again
   * after `kill` or `stop`, which starts a new process or node. Without a seat the lowest free one.
   */
  peer(options?: PeersNodeOptions & { readonly seat?: number }): Promise<PeerNode>
  /** A peer played by the harness, of this case's type. It is not registered. */
  playPeer(options?: { readonly seat?: number; readonly type?: string }): Promise<PlayedPeer>
  /**
   * One peer of the program, joined, among played peers at a played name service: `lower` peers that were registered before it and
   * `higher` ones that registered after it and have called `register_peer` on it. Ids are 10, 11, ... in that order.
   */
  peerAmongPlayed(
    lower: number,
    higher: number,
    options?: PeersNodeOptions,
  ): Promise<{
    readonly peer: PeerNode
    readonly id: number
    readonly nameService: PlayedNameService
    readonly lower: readonly PlayedPeer[]
    readonly higher: readonly PlayedPeer[]
  }>
  /** So many peers of the program, joined one after the other at a played name service, unless the case says `at`. */
  cluster(
    count: number,
    options?: PeersNodeOptions & {
      readonly at?: NameServiceNode | PlayedNameService
      readonly seats?: number
    },
  ): Promise<readonly PeerNode[]>
}

/** Method of a request frame; undefined for an answer and for what is no request. */
export const methodOf = (frame: Frame): string | undefined =>
  typeof frame.message?.method === 'string' ? frame.message.method : undefined
/** Arguments of a request frame. */
export const argsOf = (frame: Frame): readonly unknown[] =>
  Array.isArray(frame.message?.args) ? frame.message.args : []
