// One running program (or one connection to one) and the nodes that it hosts.
//
// A session ends an incident's way to those whom it concerns: a wrong reply to the node that asked, the death of the
// process to every node in it. Each node belongs to a case; the session itself knows nothing of cases.
import { constants } from 'node:os'
import type { Hello } from '../../spec/control/messages.ts'
import type { Role } from '../verdict/case.ts'
import type { Channel, Ending } from './channel.ts'
import { ControlClient, type EventLine, HelloError } from './control.ts'
import { type Incident, NotReady, type Program } from './host.ts'
import { describeEnding, describeNotReady } from './not-ready.ts'

/** A node in a session, as the session sees it. */
export interface Tenant {
  readonly role: Role
  onEvent(event: EventLine): void
  onIncident(incident: Incident): void
  /** The process has ended, expected or not. */
  onEnd(): void
}

export interface SessionOptions {
  readonly program: Program
  /** Folder that relative names of the command are relative to. */
  readonly cwd: string
  readonly helloDeadlineMs: number
  /** The program has ended. */
  onGone(): void
}

export class Session {
  readonly features: ReadonlySet<string>
  readonly hello: Hello
  /** Fulfilled when the program is gone. */
  readonly gone: Promise<void>
  private readonly channel: Channel
  private readonly client: ControlClient
  private readonly tenants = new Map<number, Tenant>()
  private becomeGone: () => void = () => undefined
  private nodesEver = 0
  private expectsEnd = false
  private isRetired = false
  private ending: Ending | undefined

  /** Starts to talk to a program. Rejects with `NotReady`, and then nothing of the program is left. */
  static async begin(
    channel: Channel,
    { program, cwd, helloDeadlineMs, onGone }: SessionOptions,
  ): Promise<Session> {
    let session: Session | undefined
    const client = new ControlClient(channel, {
      onEvent: (event, node) => session?.onEvent(event, node),
      onIncident: (incident, node) => session?.onIncident(incident, node),
      rolesOf: (node) => session?.rolesOf(node) ?? [],
      onEnd: (ending) => {
        onGone()
        session?.onEnd(ending)
      },
    })
    try {
      const hello = await client.hello(helloDeadlineMs)
      session = new Session(channel, client, hello)
      return session
    } catch (error) {
      await channel.kill()
      if (!(error instanceof HelloError)) throw error
      throw new NotReady(describeNotReady(program, cwd, error.problem, channel.stderrTail()))
    }
  }

  private constructor(channel: Channel, client: ControlClient, hello: Hello) {
    this.channel = channel
    this.client = client
    this.hello = hello
    this.features = new Set(hello.features)
    this.gone = new Promise((resolve) => {
      this.becomeGone = resolve
    })
  }

  get control(): ControlClient {
    return this.client
  }

  get hostsSeveral(): boolean {
    return this.features.has('multi-node')
  }

  /** The process is not ours: it cannot be killed or paused. */
  get isAttached(): boolean {
    return !this.channel.isOurs
  }

  /** It can take new nodes. */
  get isUsable(): boolean {
    return !this.isRetired && this.ending === undefined
  }

  get exitCode(): number | null {
    if (this.ending === undefined) return null
    const { exitCode, signal } = this.ending
    if (exitCode !== undefined) return exitCode
    // What a shell reports for a signal.
    return signal === undefined ? 0 : 128 + constants.signals[signal]
  }

  stderrTail(): string {
    return this.channel.stderrTail()
  }

  /** Takes in a node; gives the number that stands for it on the control channel. */
  enter(tenant: Tenant): number {
    const node = this.nodesEver++
    this.tenants.set(node, tenant)
    return node
  }

  /** The case of this node is over. The last one out of a session that is of no more use ends it. */
  leave(node: number): void {
    this.tenants.delete(node)
    if (this.isRetired && this.tenants.size === 0) void this.end()
  }

  /** No more nodes for it: something in it did not go as it should. */
  retire(): void {
    this.isRetired = true
    if (this.tenants.size === 0) void this.end()
  }

  /** What follows is wanted: the end of the process is no incident. */
  expectEnd(): void {
    this.expectsEnd = true
  }

  endInput(): void {
    this.expectEnd()
    this.channel.endInput()
  }

  /** Ends the process for sure; resolves when it is gone. */
  async end(): Promise<void> {
    this.expectEnd()
    this.isRetired = true
    await this.channel.kill()
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): boolean {
    return this.channel.signal(signal)
  }

  /** An incident in a process with several nodes is marked: nobody knows yet whose doing it was. */
  private marked(incident: Incident): Incident {
    return this.nodesEver > 1 ? { ...incident, shared: true } : incident
  }

  private onEvent(event: EventLine, node: number | undefined): void {
    const tenant = node === undefined ? this.onlyTenant() : this.tenants.get(node)
    if (tenant !== undefined) tenant.onEvent(event)
    else if (node === undefined && this.tenants.size > 1) {
      const message = `an event without 'node' from a program with several nodes: ${JSON.stringify(event)}`
      this.onIncident({ kind: 'broken', message }, undefined)
    }
  }

  private onlyTenant(): Tenant | undefined {
    return this.tenants.size === 1 ? [...this.tenants.values()][0] : undefined
  }

  private rolesOf(node: number | undefined): readonly Role[] {
    const tenants = node === undefined ? [...this.tenants.values()] : [this.tenants.get(node)]
    return [...new Set(tenants.flatMap((tenant) => (tenant === undefined ? [] : [tenant.role])))]
  }

  private onIncident(incident: Incident, node: number | undefined): void {
    if (this.ending !== undefined) return
    if (node !== undefined) {
      // A node that does not answer may stand for a program that does not; nobody new should come to it.
      if (incident.kind === 'hang') this.isRetired = true
      this.tenants.get(node)?.onIncident(this.marked(incident))
      return
    }
    const marked = this.marked(incident)
    this.client.abandon(marked)
    for (const tenant of this.tenants.values()) tenant.onIncident(marked)
    void this.end()
  }

  private onEnd(ending: Ending): void {
    this.ending = ending
    this.becomeGone()
    const waiting = [...new Set(this.client.waiting)]
    const during =
      waiting.length === 0 ? '' : ` while it had not replied to ${waiting.map((c) => `'${c}'`).join(', ')}`
    const incident = this.marked({
      kind: 'crash',
      message: `the program ${describeEnding(ending)}${during}`,
    })
    const tenants = [...this.tenants.values()]
    if (!this.expectsEnd) for (const tenant of tenants) tenant.onIncident(incident)
    this.client.abandon(incident)
    for (const tenant of tenants) tenant.onEnd()
  }
}
