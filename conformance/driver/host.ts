// The border between the runner, which decides what to run and what a result means, and the driver, which has the
// processes and sockets. The runner asks a host for one bench per case and asks it afterwards what went wrong.
import type { Hello } from '../../spec/control/messages.ts'
import type { SystemName } from '../../spec/registry.ts'
import type { Bench, Timing } from '../verdict/bench.ts'
import type { Benches, Case, Violation } from '../verdict/case.ts'

/** A program to be judged: a command to spawn, or a control port to attach to. */
export type Program =
  | { readonly kind: 'command'; readonly argv: readonly [string, ...string[]]; readonly cwd?: string }
  | { readonly kind: 'attach'; readonly host: string; readonly port: number }

export interface HostOptions {
  readonly program: Program
  /** Plays every second node in cluster cases. */
  readonly second?: Program
  readonly timing: Timing
  /** Every node of every case gets a process of its own. */
  readonly isolated: boolean
}

/** What the driver noticed beside the case's own words. */
export interface Incident {
  /** `crash`: the process ended by itself; `hang`: no reply in time, or it would not end; `broken`: it broke the control protocol. */
  readonly kind: 'crash' | 'hang' | 'broken'
  readonly message: string
  /** The requirement that a `broken` one breaks; `control.lines` if nothing is said. */
  readonly requirement?: string
  /** The process had nodes of other cases too: run the case alone before blaming it. */
  readonly shared?: true
}

export interface OpenBench extends Bench {
  readonly evidenceSeen: readonly string[]
  /** What people call a participant, by the number in `Frame.from` and `Frame.to`. */
  nameOf(place: number): string
  /** The first frame of the program that broke the schema, as a violation. */
  wireViolation(): Violation | undefined
  incident(): Incident | undefined
  stderrTail(): string
  /** Longest stall of the harness's own event loop during the case, in ms: a verdict on time is worth less above some of it. */
  harnessStallMs(): number
  /** Stops the nodes, closes the ports, removes the folder. Never throws; never longer than two seconds. */
  close(): Promise<void>
}

export interface Host {
  /** The hello of the program (and of the second), after the first start. Rejects with `NotReady`. */
  hello(): Promise<{ readonly program: Hello; readonly second?: Hello }>
  /** The bench of the system that the case belongs to. */
  open<S extends SystemName>(definition: Case<S>, seed: number): Promise<OpenBench & Benches[S]>
  /** Ends every process that is left. */
  close(): Promise<void>
}

/** The program could not be started, or said no valid hello. The message tells a person what to do. */
export class NotReady extends Error {}

/** The case asks for what cannot be done to this program, such as killing one that was attached to. */
export class Untestable extends Error {}
