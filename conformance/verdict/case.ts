// What a conformance case is. A case is data plus one function: the data says which requirements it judges, what it
// does, what must happen and which positive evidence a pass needs; the function does it with the tools of `Bench`.
//
// A case ends in one of three ways: it returns (pass, if evidence was recorded), it throws `Violation` (the program
// broke a requirement), or it throws anything else (a fault of the harness). A case that returns without having called
// `evidence` is inconclusive: a verdict that nothing was seen for is worth nothing.
import type { Bench } from './bench.ts'

/** What a case looks at: protocol frames, or only replies and events of the control channel. */
export type Observes = 'wire' | 'control'

export interface Case {
  /** `<requirement id>/<slug>`; never changes its meaning. */
  readonly id: string
  readonly system: 'ring'
  /** What the case does, in a few words. */
  readonly title: string
  /** Ids of the requirements it judges; the first is the one its id begins with. */
  readonly requirements: readonly [string, ...string[]]
  /** The step of a student's climb (see `stages`). */
  readonly stage: number
  readonly observes: readonly Observes[]
  /** What must be seen for a pass, in words; `run` records it by calling `evidence`. */
  readonly evidence: string
  /** What to look at first when it fails, for a student. */
  readonly hint: string
  /** The case kills, pauses or crashes programs, so that each of its nodes needs a process of its own. */
  readonly ownProcesses?: true
  /** The case runs several nodes of the program at once: judged in mixed rings too. */
  readonly cluster?: true
  run(bench: Bench): Promise<void>
}

/** The steps in which a student builds a ring peer, in order; the index is the stage number. */
export const ringStages = [
  'the program: hello, start, errors, end',
  'ping: answer, ask, learn predecessors',
  'store and request by name',
  'transfer over TCP',
  'transfer over UDP',
  'join',
  'leave',
  'death of a peer and repair',
  'hostile input and faults',
] as const

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
