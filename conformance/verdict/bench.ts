// The tools that every case gets, whatever its system: time, seed, everything that was on the wire, and words for what was
// seen and what is broken. Each system adds its own participants: ring-bench.ts, peers-bench.ts.
//
// Some participants are nodes of the program under test, the others are played by the harness; every frame between them is
// seen, checked and, where asked, tampered with. Nothing here knows which implementation it talks to.
import type { Frame } from '../wire/capture.ts'
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
  /** Timeout of calls between peers, and of the checks of a name service, in cases that wait until it has passed. */
  readonly callTimeoutMs: number
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

  /** The relay's directed link between two nodes, for faults. Participants are named as in `Frame.from` and `Frame.to`. */
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
}
