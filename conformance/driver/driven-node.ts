// One node of the program under test: the session that it lives in, the configuration that it was started with, and what
// happens around its life on the network: others can reach it after `start`, and are refused after its end. What its
// commands are called and what its events carry is the system's: ring-node.ts, peers-node.ts.
import type { Reply } from '../../spec/control/messages.ts'
import type { Address } from '../../spec/peers/messages.ts'
import type { Role } from '../verdict/case.ts'
import type { EventLine } from './control.ts'
import { type Incident, Untestable } from './host.ts'
import { CommandError, type Node } from './node.ts'
import type { Lease } from './pool.ts'
import type { Tenant } from './session.ts'

/** Events that are kept of one node; a program that reports without end gets no further than this. */
const EVENTS_MAX = 200_000

export interface DrivenNodeOptions {
  /** Its place in the network. */
  readonly place: number
  readonly viewPort: number
  readonly listenPort: number
  readonly lease: Lease
  readonly deadlineMs: number
  nowMs(): number
  /** What to wait for before the node is made to act; undefined when there is nothing. */
  settling(): Promise<unknown> | undefined
  onUp(node: DrivenNode): Promise<void>
  onDown(node: DrivenNode): Promise<void>
  onIncident(incident: Incident): void
}

type Arguments = Readonly<Record<string, unknown>>

export abstract class DrivenNode implements Node, Tenant {
  abstract readonly role: Role
  readonly place: number
  readonly viewPort: number
  readonly features: ReadonlySet<string>
  protected readonly deadlineMs: number
  private readonly options: DrivenNodeOptions
  /** Stands for the node on the control channel. */
  private readonly number: number
  private readonly collected: (EventLine & { readonly atMs: number })[] = []
  private port: number
  private phase: 'new' | 'started' | 'stopped' = 'new'
  private killed = false

  constructor(options: DrivenNodeOptions) {
    this.options = options
    this.place = options.place
    this.viewPort = options.viewPort
    this.port = options.listenPort
    this.deadlineMs = options.deadlineMs
    this.features = options.lease.session.features
    this.number = options.lease.session.enter(this)
  }

  get listenPort(): number {
    return this.port
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

  /** Fulfilled when its process is gone, and with it whatever it may still be doing. */
  get gone(): Promise<void> {
    return this.session.gone
  }

  /** Addresses at which it may say that it is; the first is the one that it gives to others. */
  get ownAddresses(): readonly Address[] {
    return []
  }

  stderrTail(): string {
    return this.session.stderrTail()
  }

  /** Sends `start`; rejects with `CommandError` when it is refused. */
  async start(config: Arguments): Promise<void> {
    const { port } = this
    if (typeof config.listenPort === 'number') this.port = config.listenPort
    try {
      await this.run('start', { role: this.role, config }, this.deadlineMs)
    } catch (error) {
      // It listens nowhere: what was wrong with this port must not be wrong with the next attempt.
      this.port = port
      throw error
    }
  }

  async rawCommand(name: string, args: Arguments, withinMs = this.deadlineMs): Promise<Arguments> {
    return this.exchange(name, args, withinMs, false)
  }

  async stop(withinMs = this.deadlineMs): Promise<void> {
    await this.run('stop', {}, withinMs)
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
      await control.exchange('stop', this.number, {}, { withinMs, tolerant: true })
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
    this.collected.push({ ...event, atMs: this.options.nowMs() })
  }

  onIncident(incident: Incident): void {
    this.options.onIncident(incident)
  }

  onEnd(): void {
    void this.becomeDown()
  }

  /** Events so far; the control client has checked each against the schema of its name and the role. */
  protected get eventLines(): readonly (EventLine & { readonly atMs: number })[] {
    return this.collected
  }

  /** Sends a command and gives its result, checked by the schema of the role. */
  protected async run(name: string, args: Arguments, withinMs: number): Promise<object> {
    const reply = await this.exchange(name, args, withinMs, true)
    if (reply.ok) return reply.result
    throw new CommandError(name, reply.error.code, reply.error.message)
  }

  /** Told of each command before it is sent. */
  protected onCommand(_name: string, _args: Arguments): void {}

  private get session() {
    return this.options.lease.session
  }

  private requireOwnProcess(what: string): void {
    if (this.session.isAttached) throw new Untestable(`cannot ${what} a program that was attached to`)
    if (this.isShared) throw new Error(`a case must say 'ownProcesses' to ${what} the node at ${this.place}`)
  }

  private async exchange(
    name: string,
    args: Arguments,
    withinMs: number,
    checksResult: boolean,
  ): Promise<Reply> {
    if (this.killed)
      throw new Error(`the node at ${this.place} was killed by the case; it takes no command '${name}'`)
    const { session } = this
    const settling = this.options.settling()
    if (settling !== undefined) await settling
    this.onCommand(name, args)
    const reply = await session.control.exchange(name, this.number, args, {
      withinMs,
      ...(checksResult && { role: this.role }),
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

  private async becomeDown(): Promise<void> {
    if (this.phase === 'stopped') return
    this.phase = 'stopped'
    await this.options.onDown(this)
  }
}
