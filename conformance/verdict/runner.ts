// Runs cases and decides which execution of a case is its verdict. Most cases are judged by one plain execution. Two
// kinds get another one, and their result says so:
//   - a crash or hang in a process that the case shared with others: nobody knows whose doing it was, so each affected
//     case is judged by a run of its own, in processes of its own;
//   - a failure while the harness itself stood still (another program had the processor): judged by a run with four
//     times the time.
// Second runs begin when all first ones are done, so that whatever disturbed the first is over; only those of the first
// stage do not wait. A program that is broken
// through and through fails every time, and four times the time for each of 300 cases would take an hour: once enough
// failures have been confirmed in this way and none was overturned, the rest stand as they are, and their result says so.
import { cpus } from 'node:os'
import pLimit from 'p-limit'
import type { Host, Program } from '../driver/host.ts'
import type { Timing } from './bench.ts'
import { type Ineligible, ineligible, lackingInCompany, type Standard } from './capability.ts'
import type { Case } from './case.ts'
import { excerpt } from './excerpt.ts'
import { type Execution, execute } from './execution.ts'
import { hopelessMessage, isHopeless } from './hopeless.ts'
import { combineRepetitions } from './repetition.ts'
import type { CaseResult, ProgramDescription, Status } from './result.ts'
import { caseSeed } from './seed.ts'
import { caseDeadlineMs, SECOND_CHANCE_FACTOR, stallToleratedMs } from './timing.ts'

/** A way to run programs: with so many times the time, and each node in a process of its own or not. */
export interface HostVariant {
  readonly timeFactor: number
  readonly isolated: boolean
}

export interface RunnerOptions {
  readonly cases: readonly Case[]
  readonly programKind: Program['kind']
  readonly standard: Standard
  readonly seed: number
  readonly jobs: number
  /** Repetition i, from 0, runs with the seed + i, so that `--seed` reproduces the very one that failed. */
  readonly repeat: number
  readonly isolated: boolean
  /** Run the other stages even if nothing in the first one passed. */
  readonly keepGoing?: boolean
  /** Times of a host with this factor. */
  timing(timeFactor: number): Timing
  openHost(variant: HostVariant): Host
  /** The command that runs one case with one seed. */
  reproduce(definition: Case, seed: number): string
  /** Ends the run early: what has a result by then is kept. */
  readonly signal?: AbortSignal
  onHello?(program: ProgramDescription, second: ProgramDescription | undefined): void
  onStart?(definition: Case): void
  onResult?(result: CaseResult): void
}

export interface Outcome {
  readonly program: ProgramDescription
  readonly second?: ProgramDescription
  /** In the order of the cases; fewer than these when the run was ended early. */
  readonly results: readonly CaseResult[]
}

/** The run was ended before there was anything to report. */
export class Interrupted extends Error {}

/**
 * Cases mostly wait, so more run at once than there are processors. Measured on two, with 398 cases of the ring: 10.5 s with
 * 12 jobs, 8.9 s with 16, 8.0 s with 20 and 7.2 s with 24. Beside other work on the same two processors the harness, which
 * is one thread, begins to stall from 24 on.
 */
export const defaultJobs = (): number => Math.min(JOBS_MAX, cpus().length * 8)
const JOBS_MAX = 16

/** Statuses that a stall of the harness can bring about. A crash is none of them. */
const doubtful: ReadonlySet<Status> = new Set(['fail', 'warn', 'hang', 'inconclusive'])

/** So many failures that come again with more time, and not one that does not, show that time is not the reason. */
const CONFIRMATIONS_ENOUGH = 4

/** One run of one case, still to be done. */
interface Task {
  readonly definition: Case
  readonly seed: number
  readonly variant: HostVariant
  readonly notes: readonly string[]
  /** The run that was doubtful because of a stall, if that is why there is another one. */
  readonly doubted?: Execution
}

class Runner {
  readonly #options: RunnerOptions
  readonly #hosts = new Map<string, Host>()
  readonly #again: Task[] = []
  readonly #repetitions = new Map<Case, CaseResult[]>()
  readonly #finished = new Map<Case, CaseResult>()
  #isMultiNode = false
  #confirmed = 0
  #overturned = 0

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  async run(): Promise<Outcome> {
    const { cases, standard, programKind, isolated, repeat, jobs, seed, signal } = this.#options
    const variant = { timeFactor: 1, isolated }
    const hello = this.#host(variant).hello()
    if (signal) await Promise.race([hello, aborted(signal)])
    if (signal?.aborted) {
      hello.catch(() => undefined)
      throw new Interrupted('interrupted before the program said hello')
    }
    const { program, second } = await hello
    this.#isMultiNode = program.features.includes('multi-node')
    this.#options.onHello?.(program, second)

    const tasks: Task[] = []
    for (const definition of cases) {
      const obstacle =
        ineligible(definition, program, standard, programKind) ?? lackingInCompany(definition, second)
      if (obstacle) this.#finish(definition, this.#resultOfNone(definition, obstacle))
      else
        for (let round = 0; round < repeat; round += 1)
          tasks.push({ definition, seed: seed + round, variant, notes: [] })
    }
    const work = async () => {
      // Whoever attached to a program with one node at a time has to take turns.
      const limit = pLimit(programKind === 'attach' && !this.#isMultiNode ? 1 : jobs)
      await Promise.all(tasks.map((task) => limit(() => this.#first(task))))
      const quietLimit = pLimit(Math.ceil(jobs / SECOND_CHANCE_FACTOR))
      await Promise.all(this.#again.map((task) => quietLimit(() => this.#second(task))))
    }
    await (signal ? Promise.race([work(), aborted(signal)]) : work())
    const results = cases
      .map((definition) => this.#finished.get(definition))
      .filter((result) => result !== undefined)
    return { program, ...(second && { second }), results }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.close()))
  }

  #host(variant: HostVariant): Host {
    const key = `${variant.timeFactor} ${variant.isolated}`
    const host = this.#hosts.get(key) ?? this.#options.openHost(variant)
    this.#hosts.set(key, host)
    return host
  }

  #execute({ definition, seed, variant }: Task): Promise<Execution> {
    const deadlineMs = caseDeadlineMs(this.#options.timing(variant.timeFactor))
    return execute(definition, this.#host(variant), caseSeed(seed, definition.id), deadlineMs)
  }

  async #first(task: Task): Promise<void> {
    const { definition } = task
    if (this.#options.signal?.aborted) return
    if (!this.#options.keepGoing && isHopeless(definition.role, this.#options.cases, this.#finished)) {
      if (!this.#finished.has(definition))
        this.#finish(
          definition,
          this.#resultOfNone(definition, { status: 'untestable', message: hopelessMessage }),
        )
      return
    }
    this.#options.onStart?.(definition)
    const execution = await this.#execute(task)
    const again = this.#runAgain(task, execution)
    if (!again) this.#settle(task, execution)
    // Whether the program is hopeless has to be known before all the others have waited for their deadlines.
    else if (definition.stage === 0) await this.#second(again)
    else this.#again.push(again)
  }

  // A run alone may need a third one, with more time; there is no doubt that comes twice.
  async #second(task: Task): Promise<void> {
    let next: Task | undefined = task
    while (next && !this.#options.signal?.aborted) {
      const current: Task = next
      if (current.doubted && this.#timeIsNotTheReason) {
        const note = `a run with more time was not done: ${this.#confirmed} others failed again and none passed`
        this.#settle({ ...current, notes: [...current.notes.slice(0, -1), note] }, current.doubted)
        return
      }
      const execution = await this.#execute(current)
      next = this.#runAgain(current, execution)
      if (next) continue
      if (current.doubted && doubtful.has(execution.verdict.status)) this.#confirmed += 1
      else if (current.doubted) this.#overturned += 1
      this.#settle(current, execution)
    }
  }

  get #timeIsNotTheReason(): boolean {
    return this.#confirmed >= CONFIRMATIONS_ENOUGH && this.#overturned === 0
  }

  /** Why this execution is not the last word, as the task that is. */
  #runAgain(task: Task, execution: Execution): Task | undefined {
    const { variant, notes } = task
    const { incident, verdict, stallMs } = execution
    // There is only the one connection to it, and the nodes of other cases may still be behind it.
    if (this.#options.programKind === 'attach') return undefined
    if (incident?.shared && !variant.isolated) {
      const note = `run again in a process of its own, because the process that it shared failed: ${incident.message}`
      return { ...task, variant: { ...variant, isolated: true }, notes: [...notes, note] }
    }
    const toleratedMs = stallToleratedMs(this.#options.timing(variant.timeFactor))
    const dependsOnTime = doubtful.has(verdict.status) && !verdict.timeless
    if (variant.timeFactor === 1 && dependsOnTime && stallMs > toleratedMs) {
      const note =
        `run again with ${SECOND_CHANCE_FACTOR} times the time: it ended as ${verdict.status}, but peerspec itself ` +
        `stood still for ${Math.round(stallMs)} ms meanwhile (${Math.round(toleratedMs)} ms are tolerated)`
      const second = { ...variant, timeFactor: SECOND_CHANCE_FACTOR }
      return { ...task, variant: second, notes: [...notes, note], doubted: execution }
    }
    return undefined
  }

  #settle(task: Task, execution: Execution): void {
    const { definition } = task
    const [first, ...others] = [...(this.#repetitions.get(definition) ?? []), this.#resultOf(task, execution)]
    if (!first) return
    this.#repetitions.set(definition, [first, ...others])
    if (1 + others.length === this.#options.repeat)
      this.#finish(definition, combineRepetitions([first, ...others]))
  }

  #finish(definition: Case, result: CaseResult): void {
    // What ends after the signal was ended by it: its processes are being killed.
    if (this.#options.signal?.aborted) return
    this.#finished.set(definition, result)
    this.#options.onResult?.(result)
  }

  #resultOf({ definition, seed, notes }: Task, execution: Execution): CaseResult {
    const { verdict, evidence, stderrTail, durationMs } = execution
    const frames = excerpt(execution.frames, verdict.reason?.exhibits ?? [])
    const { id, system, role, title, requirements, stage, hint } = definition
    return {
      id,
      system,
      role,
      title,
      requirements,
      stage,
      status: verdict.status,
      durationMs,
      seed,
      evidence,
      ...(verdict.reason && { reason: verdict.reason }),
      ...(verdict.status !== 'pass' && {
        hint,
        frames,
        participants: Object.fromEntries(
          frames.flatMap(({ from, to }) => [from, to].map((place) => [place, execution.nameOf(place)])),
        ),
        stderrTail,
      }),
      ...(notes.length > 0 && { notes }),
      reproduce: this.#options.reproduce(definition, seed),
    }
  }

  #resultOfNone(definition: Case, { status, message }: Ineligible): CaseResult {
    const { id, system, role, title, requirements, stage } = definition
    const { seed, reproduce } = this.#options
    return {
      id,
      system,
      role,
      title,
      requirements,
      stage,
      status,
      durationMs: 0,
      seed,
      evidence: [],
      reason: { message, exhibits: [] },
      reproduce: reproduce(definition, seed),
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Runs the cases. Rejects with `NotReady` when the program does not come up at all. */
export async function runCases(options: RunnerOptions): Promise<Outcome> {
  const runner = new Runner(options)
  try {
    return await runner.run()
  } finally {
    await runner.close()
  }
}
