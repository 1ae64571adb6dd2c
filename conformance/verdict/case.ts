// What a conformance case is. A case is data plus one function: the data says which requirements it judges, what it
// does, what must happen and which positive evidence a pass needs; the function does it with the tools of the system's bench.
//
// A case ends in one of three ways: it returns (pass, if evidence was recorded), it throws `Violation` (the program
// broke a requirement), or it throws anything else (a fault of the harness). A case that returns without having called
// `evidence` is inconclusive: a verdict that nothing was seen for is worth nothing.
import type { SystemName, systems } from '../../spec/registry.ts'
import type { PeersBench } from './peers-bench.ts'
import type { RingBench } from './ring-bench.ts'

/** The tools of a case, by the system that it belongs to. */
export interface Benches extends Record<SystemName, unknown> {
  ring: RingBench
  peers: PeersBench
}

/** The roles of a system. */
export type Role<S extends SystemName = SystemName> = (typeof systems)[S]['roles'][number]

/** What a case looks at: protocol frames, or only replies and events of the control channel. */
export type Observes = 'wire' | 'control'

/** A case of one system, or of any. */
export interface Case<S extends SystemName = SystemName> {
  /** `<requirement id>/<slug>`; never changes its meaning. */
  readonly id: string
  readonly system: S
  /** The role that it judges: the program must have it. */
  readonly role: Role<S>
  /** Other roles of the system that the program must have beside it, because nodes with them take part. */
  readonly needsRoles?: readonly Role<S>[]
  /** What the case does, in a few words. */
  readonly title: string
  /** Ids of the requirements it judges; the first is the one its id begins with. */
  readonly requirements: readonly [string, ...string[]]
  /** The step of a student's climb: an index into the stages of the system. */
  readonly stage: number
  readonly observes: readonly Observes[]
  /** What must be seen for a pass, in words; `run` records it by calling `evidence`. */
  readonly evidence: string
  /** What to look at first when it fails, for a student. */
  readonly hint: string
  /** The case kills, pauses or crashes programs, so that each of its nodes needs a process of its own. */
  readonly ownProcesses?: true
  /** The case runs several nodes of the program at once: judged in mixed runs too. */
  readonly cluster?: true
  run(bench: Benches[S]): Promise<void>
}

/** One frame that proves a violation, and where in it the reader should look. */
export interface Exhibit {
  /** Number of the frame in the capture. */
  readonly frame: number
  /** JSON pointer (`/seq`) into the message, or byte offset into the raw bytes. */
  readonly at?: string | number
}

/** The program under test broke a requirement. */
export class Violation extends Error {
  readonly requirement: string
  readonly expected: string
  readonly actual: string
  readonly exhibits: readonly Exhibit[]

  constructor(details: {
    requirement: string
    expected: string
    actual: string
    exhibits?: readonly Exhibit[]
  }) {
    super(`${details.requirement}: expected ${details.expected}, got ${details.actual}`)
    this.name = 'Violation'
    this.requirement = details.requirement
    this.expected = details.expected
    this.actual = details.actual
    this.exhibits = details.exhibits ?? []
  }
}
