// The tools that a case gets: a set of ids on loopback, of which some are nodes of the program under test and some are
// probe peers played by the harness, with every frame between them seen, checked and, where asked, tampered with.
//
// Addresses. Each node A has its own view of the others: peer i is at viewPort(A) + i. That port belongs to the harness:
// behind it sits probe peer i, or the relay to the real node i. So the harness knows both ends of every frame without
// trusting what the frame says. Nothing here knows which implementation it talks to.

import type { Node } from '../driver/node.ts'
import type { Frame } from '../wire/capture.ts'
import type { Probe } from '../wire/probe.ts'
import type { Link } from '../wire/relay.ts'
import type { Exhibit } from './case.ts'

/** Times for this run in milliseconds: calibrated to the machine and multiplied by `--time-scale`. */
export interface Timing {
  /** Ping interval for nodes whose pings matter to the case; deaths are noticed after 4 to 6 of these. */
  readonly pingIntervalMs: number
  /** A ping interval so long that after the first pings none come during a case. */
  readonly idlePingIntervalMs: number
  /** Retransmission timeout of UDP transfers. */
  readonly retransmitTimeoutMs: number
  /** How long to wait for something that must happen; generous, because polling ends it early. */
  readonly deadlineMs: number
  /** How long to watch in order to say that something does not happen. */
  readonly quietMs: number
}

export interface NodeOptions {
  /** Fields of the role's configuration; they go over those that the bench gives, wrong ones too. */
  readonly config?: Readonly<Record<string, unknown>>
}

export interface Bench {
  readonly seed: number
  /** Uniform in [0, 1), from the seed and the case id. */
  random(): number
  readonly timing: Timing
  /** A private folder of this case, removed after it. */
  readonly folder: string

  /**
   * All ids that the case will ever use, nodes and probes, before anything else; may be a superset of the ring that
   * `nodeAmongProbes` or `cluster` builds. Optional when those two build everything.
   */
  ids(ids: readonly number[]): Promise<void>
  /**
   * Starts a node of the program under test (`start`, not yet in a ring). Rejects with `CommandError` when `start` is
   * refused; the same id may then be tried again, and also after `kill`, which starts a new process.
   */
  node(id: number, options?: NodeOptions): Promise<Node>
  /** Plays peer `id`. Answers pings with pongs until told otherwise. */
  probe(id: number): Promise<Probe>

  /**
   * One node among probe peers: the node at rest in a ring of `ids`, everyone else a probe; `init` done, and its
   * predecessors made known by pings of the right probes. Returns the node and the probes by id.
   */
  nodeAmongProbes(
    ids: readonly number[],
    self: number,
    options?: NodeOptions,
  ): Promise<{ node: Node; probes: ReadonlyMap<number, Probe> }>
  /**
   * A ring of nodes of the program under test (every second one of the second program in a mixed run), with a relay in
   * each directed link, at rest: `init` done and all predecessors known. `later` are ids for newcomers.
   */
  cluster(
    ids: readonly number[],
    options?: NodeOptions & { later?: readonly number[] },
  ): Promise<ReadonlyMap<number, Node>>
  /** The relay's directed link between two nodes, for faults. */
  link(from: number, to: number): Link

  /** Everything that was on the wire so far, in order. */
  readonly frames: readonly Frame[]
  /** The first frame, past or future, that satisfies `predicate`; undefined when the time is over. */
  seen(predicate: (frame: Frame) => boolean, withinMs?: number): Promise<Frame | undefined>
  /** Polls until `condition` gives something other than undefined or false; undefined when the time is over. */
  until<T>(
    condition: () => T | undefined | false | Promise<T | undefined | false>,
    withinMs?: number,
  ): Promise<T | undefined>
  /** Watches for `quietMs` (or the given time) and gives the first frame that satisfies `predicate`, if any. */
  quiet(predicate: (frame: Frame) => boolean, forMs?: number): Promise<Frame | undefined>

  /** Records positive evidence for a pass. */
  evidence(what: string, frame?: Frame): void
  /** Throws a `Violation` unless `condition` holds. */
  require(
    condition: unknown,
    details: { requirement: string; expected: string; actual: string; exhibits?: readonly Exhibit[] },
  ): asserts condition
  /** Like `require`, for a frame that must have been seen; narrows and gives it. */
  requireFrame(
    frame: Frame | undefined,
    details: { requirement: string; expected: string; actual?: string },
  ): Frame
  /** Writes `size` bytes, pseudo-random from the seed, to a file in `folder`; gives path, bytes and SHA-256. */
  file(size: number): Promise<{ path: string; bytes: Uint8Array; digest: string }>
}
