// The control channel from the harness's side: commands out; hello, replies and events in. control.md sections 1 to 4.
//
// A program under test may say anything. Whatever breaks the rules becomes an incident with the line quoted, and goes to
// the one node that it concerns where that can be told: in a program that hosts nodes of several cases, a reply without
// its result must not spoil the verdicts of the others. What concerns no node in particular concerns all.
import type { Hello, Reply } from '../../spec/control/messages.ts'
import type { Role } from '../verdict/case.ts'
import { channelOf, checkSchema } from '../wire/published-schemas.ts'
import type { Channel, Ending } from './channel.ts'
import type { Incident } from './host.ts'
import { IncidentError } from './incident.ts'
import { quote } from './line-reader.ts'

export type EventLine = Readonly<Record<string, unknown>> & { readonly event: string }

export interface ControlListener {
  /** A valid event; `node` is undefined when the line names none. */
  onEvent(event: EventLine, node: number | undefined): void
  /** A rule is broken or time is over; by this node, or by the program as a whole. */
  onIncident(incident: Incident, node: number | undefined): void
  /** What the node is; when a line names none, what any node of the program is. */
  rolesOf(node: number | undefined): readonly Role[]
  onEnd(ending: Ending): void
}

/** Why a program is of no use: it said no valid hello. */
export type HelloProblem =
  | { readonly kind: 'ended'; readonly ending: Ending }
  | { readonly kind: 'silent'; readonly afterMs: number }
  | { readonly kind: 'wrong'; readonly text: string; readonly line: string }

export class HelloError extends Error {
  readonly problem: HelloProblem
  constructor(problem: HelloProblem) {
    super(`no hello: ${problem.kind}`)
    this.problem = problem
  }
}

/** What a snapshot that does not follow its schema breaks. */
const stateRequirement: Readonly<Record<Role, string>> = {
  'ring.peer': 'ring.control.state',
  'peers.name-service': 'peers.name-service.state',
  'peers.peer': 'peers.control.state',
}

interface Pending {
  readonly command: string
  readonly node: number
  /** The result must fit the schema of the command for this role; undefined for commands that are wrong on purpose. */
  readonly role: Role | undefined
  readonly timer: NodeJS.Timeout
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

export class ControlClient {
  private readonly channel: Channel
  private readonly listener: ControlListener
  private readonly pending = new Map<number, Pending>()
  /** The node of each command, by seq: also of those that were answered or given up. */
  private readonly nodeOfSeq: number[] = []
  /** Commands whose time was over: their late reply is no second mistake. */
  private readonly givenUp = new Set<number>()
  private greeting:
    | { readonly resolve: (hello: Hello) => void; readonly reject: (error: Error) => void }
    | undefined
  private failure: Incident | undefined

  constructor(channel: Channel, listener: ControlListener) {
    this.channel = channel
    this.listener = listener
  }

  /** Reads the hello. Rejects with `HelloError` at the first line that is none, or when the time is over. */
  hello(withinMs: number): Promise<Hello> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const line = this.channel.unfinishedLine()
        const text = 'the line is not ended by \\n'
        this.refuseGreeting(
          line === '' ? { kind: 'silent', afterMs: withinMs } : { kind: 'wrong', text, line },
        )
      }, withinMs)
      this.greeting = {
        resolve: (hello) => {
          clearTimeout(timer)
          this.greeting = undefined
          resolve(hello)
        },
        reject: (error) => {
          clearTimeout(timer)
          this.greeting = undefined
          reject(error)
        },
      }
      this.channel.listen({
        onLine: (line) => this.onLine(line),
        onTrouble: (text) => {
          if (this.greeting !== undefined) this.refuseGreeting({ kind: 'wrong', text, line: '' })
          else this.fail({ kind: 'broken', message: text }, undefined)
        },
        onEnd: (ending) => this.onEnd(ending),
      })
    })
  }

  /** Sends a command and waits for its reply; rejects with `IncidentError`. */
  exchange(
    command: string,
    node: number,
    args: Readonly<Record<string, unknown>>,
    options: { readonly withinMs: number; readonly role?: Role; readonly tolerant?: boolean },
  ): Promise<Reply> {
    if (this.failure !== undefined) return Promise.reject(new IncidentError(this.failure))
    const seq = this.nodeOfSeq.push(node) - 1
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(seq)
        this.givenUp.add(seq)
        const message = `no reply to '${command}' within ${options.withinMs} ms`
        const incident: Incident = { kind: 'hang', message }
        if (options.tolerant !== true) this.listener.onIncident(incident, node)
        reject(new IncidentError(incident))
      }, options.withinMs)
      this.pending.set(seq, { command, node, role: options.role, timer, resolve, reject })
      this.channel.write(JSON.stringify({ seq, command, node, ...args }))
    })
  }

  /** Names of commands that have no reply yet. */
  get waiting(): readonly string[] {
    return [...this.pending.values()].map(({ command }) => command)
  }

  /** Nothing more is expected of the program: whoever waits is refused. */
  abandon(incident: Incident): void {
    this.failure ??= incident
    this.refuse(incident, () => true)
  }

  private refuse(incident: Incident, concerns: (pending: Pending) => boolean): void {
    for (const [seq, pending] of this.pending) {
      if (!concerns(pending)) continue
      this.pending.delete(seq)
      this.givenUp.add(seq)
      clearTimeout(pending.timer)
      pending.reject(new IncidentError(incident))
    }
  }

  private refuseGreeting(problem: HelloProblem): void {
    this.greeting?.reject(new HelloError(problem))
  }

  private onEnd(ending: Ending): void {
    this.refuseGreeting({ kind: 'ended', ending })
    this.listener.onEnd(ending)
  }

  private fail(incident: Incident, node: number | undefined): void {
    this.listener.onIncident(incident, node)
    if (node !== undefined) this.refuse(incident, (pending) => pending.node === node)
  }

  private breaks(text: string, line: string, node?: number, requirement = 'control.lines'): void {
    this.fail({ kind: 'broken', message: `${text}: ${quote(line)}`, requirement }, node)
  }

  private onLine(line: string): void {
    if (this.failure !== undefined) return
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      value = undefined
    }
    if (this.greeting !== undefined) {
      this.onFirstLine(value, line)
      return
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.breaks('a line on standard output is no JSON object', line)
    } else if ('event' in value) this.onEvent(value, line)
    else if ('seq' in value) this.onReply(value, line)
    else this.breaks('a line on standard output is neither a reply nor an event', line)
  }

  private onFirstLine(value: unknown, line: string): void {
    const fault = checkSchema('control.hello', value)
    if (fault === undefined) this.greeting?.resolve(value as Hello)
    else
      this.refuseGreeting({ kind: 'wrong', text: value === undefined ? 'it is no JSON' : fault.text, line })
  }

  private onEvent(value: object, line: string): void {
    const fault = checkSchema('control.event', value)
    if (fault !== undefined) {
      this.breaks(`an event breaks its schema (${fault.text})`, line)
      return
    }
    const event = value as EventLine & { readonly node?: number }
    const schema = this.listener
      .rolesOf(event.node)
      .map((role) => `control.${role}.event.${event.event}`)
      .find((name) => channelOf(name) !== undefined)
    // Events that nobody specified are none of our business.
    if (schema === undefined) return
    const detail = checkSchema(schema, value)
    if (detail !== undefined) {
      this.breaks(`the event '${event.event}' breaks its schema (${detail.text})`, line, event.node)
      return
    }
    this.listener.onEvent(event, event.node)
  }

  private onReply(value: object, line: string): void {
    const seq = 'seq' in value && typeof value.seq === 'number' ? value.seq : undefined
    const node = seq === undefined ? undefined : this.nodeOfSeq[seq]
    const fault = checkSchema('control.reply', value)
    if (fault !== undefined) {
      this.breaks(`a reply breaks its schema (${fault.text})`, line, node, 'control.reply')
      return
    }
    const reply = value as Reply
    const pending = this.pending.get(reply.seq)
    if (pending === undefined) {
      if (this.givenUp.delete(reply.seq)) return
      this.breaks(
        node === undefined ? 'a reply to a seq that was never sent' : 'a second reply to one command',
        line,
        node,
        'control.reply',
      )
      return
    }
    const { role } = pending
    const schema = `control.${role}.result.${pending.command}`
    if (reply.ok && role !== undefined && channelOf(schema) !== undefined) {
      const detail = checkSchema(schema, reply.result)
      if (detail !== undefined) {
        const requirement = pending.command === 'state' ? stateRequirement[role] : 'control.reply'
        this.breaks(
          `the result of '${pending.command}' breaks its schema (${detail.text})`,
          line,
          node,
          requirement,
        )
        return
      }
    }
    clearTimeout(pending.timer)
    this.pending.delete(reply.seq)
    pending.resolve(reply)
  }
}
