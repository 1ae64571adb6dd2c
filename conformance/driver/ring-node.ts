// One ring peer of the program under test: the session that it lives in, the configuration that it was started with,
// and what happens around its life on the network: peers can reach it after `start`, and are refused after its end.
import type { Reply } from '../../spec/control/messages.ts'
import type { RingCommandArguments, RingCommandName, RingEvent, RingResult } from '../../spec/ring/control.ts'
import type { RingNode } from '../verdict/ring-bench.ts'
import type { EventLine } from './control.ts'
import { type Incident, Untestable } from './host.ts'
import { CommandError } from './node.ts'
import type { Lease } from './pool.ts'
import type { Tenant } from './session.ts'

/** Events that are kept of one node; a program that reports without end gets no further than this. */
const EVENTS_MAX = 200_000

export interface DrivenRingNodeOptions {
  readonly id: number
  readonly viewPort: number
  readonly listenPort: number
  readonly folder: string
  readonly lease: Lease
  readonly deadlineMs: number
  nowMs(): number
  /** What to wait for before the node is made to act; undefined when there is nothing. */
  settling(): Promise<unknown> | undefined
  onUp(node: DrivenRingNode): Promise<void>
  onDown(node: DrivenRingNode): Promise<void>
  onIncident(incident: Incident): void
}

export class DrivenRingNode implements RingNode, Tenant {
  readonly id: number
  readonly viewPort: number
  readonly folder: string
  readonly features: ReadonlySet<string>
  private readonly options: DrivenRingNodeOptions
  /** Stands for the node on the control channel. */
  private readonly number: number
  private readonly collected: (RingEvent & { readonly atMs: number })[] = []
  private port: number
  private phase: 'new' | 'started' | 'stopped' = 'new'
  private killed = false

  constructor(options: DrivenRingNodeOptions) {
    this.options = options
    this.id = options.id
    this.viewPort = options.viewPort
    this.port = options.listenPort
    this.folder = options.folder
    this.features = options.lease.session.features
    this.number = options.lease.session.enter(this)
  }

  get listenPort(): number {
    return this.port
  }

  get events(): readonly (RingEvent & { readonly atMs: number })[] {
    return this.collected
  }

  get exitCode(): number | null {
    return this.session.exitCode
  }

  /** It has neither stopped nor ended; its start may be under way. */
  get mayRun(): boolean {
    return this.phase !== 'stopped' && this.session.exitCode === null
  }

  get isShared(): boolean {
    return this.options.lease.isShared
  }

  /** Its process ends with the case, so that it need not leave. What was attached to cannot be ended. */
  get endsWithCase(): boolean {
    return !this.isShared && !this.session.isAttached
  }

  stderrTail(): string {
    return this.session.stderrTail()
  }

  /** Sends `start`; rejects with `CommandError` when it is refused. */
  async start(config: Readonly<Record<string, unknown>>): Promise<void> {
    if (typeof config.listenPort === 'number') this.port = config.listenPort
    this.result(
      'start',
      await this.exchange('start', { role: 'ring.peer', config }, this.options.deadlineMs, true),
    )
  }

  async command<C extends RingCommandName>(
    name: C,
    args: RingCommandArguments<C>,
    withinMs = this.options.deadlineMs,
  ): Promise<RingResult<C>> {
    return this.result(name, await this.exchange(name, { ...args }, withinMs, true)) as RingResult<C>
  }

  async rawCommand(
    name: string,
    args: Readonly<Record<string, unknown>>,
    withinMs = this.options.deadlineMs,
  ): Promise<Readonly<Record<string, unknown>>> {
    return this.exchange(name, args, withinMs, false)
  }

  state(): Promise<RingResult<'state'>> {
    return this.command('state', {})
  }

  async stop(withinMs = this.options.deadlineMs): Promise<void> {
    await this.command('stop', {}, withinMs)
  }

  async kill(): Promise<void> {
    this.requireOwnProcess('kill')
    this.killed = true
    await this.session.end()
    await this.becomeDown()
  }

  pause(): void {
    this.requireOwnProcess('pause')
    this.session.signal('SIGSTOP')
  }

  resume(): void {
    this.requireOwnProcess('resume')
    this.session.signal('SIGCONT')
  }

  endInput(): void {
    this.requireOwnProcess('end the input of')
    this.session.endInput()
  }

  /** Leaves as the last act of a case; true when the program has answered. Never an incident: no case is about this. */
  async leaveBehind(withinMs: number): Promise<boolean> {
    const { control } = this.session
    try {
      await control.exchange('stop', this.number, {}, { withinMs, checksResult: false, tolerant: true })
      return true
    } catch {
      return false
    }
  }

  /** The case is over: the process, or its place in a shared one, is given back. */
  giveBack(stopped: boolean): void {
    this.session.leave(this.number)
    if (!stopped) this.session.retire()
    this.options.lease.release()
  }

  onEvent(event: EventLine): void {
    if (this.collected.length >= EVENTS_MAX) return
    // The control client has checked it against the schema of its name.
    this.collected.push({ ...(event as unknown as RingEvent), atMs: this.options.nowMs() })
  }

  onIncident(incident: Incident): void {
    this.options.onIncident(incident)
  }

  onEnd(): void {
    void this.becomeDown()
  }

  private get session() {
    return this.options.lease.session
  }

  private requireOwnProcess(what: string): void {
    if (this.session.isAttached) throw new Untestable(`cannot ${what} a program that was attached to`)
    if (this.isShared) throw new Error(`a case must say 'ownProcesses' to ${what} node ${this.id}`)
  }

  private async exchange(
    name: string,
    args: Readonly<Record<string, unknown>>,
    withinMs: number,
    checksResult: boolean,
  ): Promise<Reply> {
    if (this.killed) throw new Error(`node ${this.id} was killed by the case; it takes no command '${name}'`)
    const { session } = this
    const settling = this.options.settling()
    if (settling !== undefined) await settling
    const reply = await session.control.exchange(name, this.number, args, {
      withinMs,
      checksResult,
    })
    if (name === 'start' && reply.ok && this.phase === 'new') {
      this.phase = 'started'
      await this.options.onUp(this)
    }
    if (name === 'stop' && reply.ok) {
      // A program for one node ends now by itself; one for several goes on and must not end.
      if (!session.hostsSeveral) session.expectEnd()
      await this.becomeDown()
    }
    return reply
  }

  private result(name: string, reply: Reply): object {
    if (reply.ok) return reply.result
    throw new CommandError(name, reply.error.code, reply.error.message)
  }

  private async becomeDown(): Promise<void> {
    if (this.phase === 'stopped') return
    this.phase = 'stopped'
    await this.options.onDown(this)
  }
}
