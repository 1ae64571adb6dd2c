// The tools of a case of the ring, beside those of every case (bench.ts): a set of ids on loopback, of which some are nodes
// of the program under test and some are probe peers played by the harness.
//
// Addresses. Each node A has its own view of the others: peer i is at viewPort(A) + i. That port belongs to the harness:
// behind it sits probe peer i, or the relay to the real node i. So the harness knows both ends of every frame without
// trusting what the frame says.
import type { RingCommandArguments, RingCommandName, RingEvent, RingResult } from '../../spec/ring/control.ts'
import type { Node } from '../driver/node.ts'
import type { Probe } from '../wire/probe.ts'
import type { Bench, NodeOptions } from './bench.ts'

/** A ring peer of the program under test. */
export interface RingNode extends Node {
  readonly id: number
  /** Peer i is at this + i, as this node sees it. */
  readonly viewPort: number
  /** Its folder; everything it writes must lie within. */
  readonly folder: string
  /** Sends a command; rejects with `CommandError`, or with a hang or crash of the program. Result checked by schema. */
  command<C extends RingCommandName>(
    name: C,
    args: RingCommandArguments<C>,
    withinMs?: number,
  ): Promise<RingResult<C>>
  /** Events so far, in order, with the time in ms since the case began. */
  readonly events: readonly (RingEvent & { readonly atMs: number })[]
  state(): Promise<RingResult<'state'>>
}

export interface RingBench extends Bench {
  /**
   * All ids that the case will ever use, nodes and probes, before anything else; may be a superset of the ring that
   * `nodeAmongProbes` or `cluster` builds. Optional when those two build everything.
   */
  ids(ids: readonly number[]): Promise<void>
  /**
   * Starts a node of the program under test (`start`, not yet in a ring). Rejects with `CommandError` when `start` is
   * refused; the same id may then be tried again, and also after `kill`, which starts a new process.
   */
  node(id: number, options?: NodeOptions): Promise<RingNode>
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
  ): Promise<{ node: RingNode; probes: ReadonlyMap<number, Probe> }>
  /**
   * A ring of nodes of the program under test (every second one of the second program in a mixed run), with a relay in
   * each directed link, at rest: `init` done and all predecessors known. `later` are ids for newcomers.
   */
  cluster(
    ids: readonly number[],
    options?: NodeOptions & { later?: readonly number[] },
  ): Promise<ReadonlyMap<number, RingNode>>
}
