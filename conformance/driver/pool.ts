// Which process hosts which node. A program that can host several nodes is asked to: a handful of processes then serves
// all cases, and a suite does not wait for a hundred starts. A case that kills, pauses or crashes programs, and every case
// of an isolated run, gets processes of its own. Without `multi-node` every node has its own anyway.
import { availableParallelism } from 'node:os'
import pLimit from 'p-limit'
import { AttachedProgram } from './attach.ts'
import type { Channel } from './channel.ts'
import type { Program } from './host.ts'
import { killStragglers, SpawnedProgram } from './program.ts'
import { Session } from './session.ts'

/**
 * Programs that start at the same time. Ten virtual machines that come up together on two processors take longer than
 * one after the other, and each of them longer than its hello may take.
 */
const startLimit = pLimit(Math.max(2, availableParallelism()))

/**
 * Processes that the nodes of all cases share. More than one, so that a pair of nodes is also tried across processes. Of a
 * program that was attached to there is one: it may sit in a debugger and serve nobody else.
 */
const sharedMax = (program: Program): number => (program.kind === 'attach' ? 1 : 2)

export interface PoolOptions {
  readonly program: Program
  readonly helloDeadlineMs: number
}

interface Slot {
  readonly session: Promise<Session>
  /** Known once the program has said hello. */
  begun: Session | undefined
  nodes: number
}

/** A session for one node; `release` when its case is over. */
export interface Lease {
  readonly session: Session
  /** Nodes of other cases may be in it. */
  readonly isShared: boolean
  release(): void
}

export class Pool {
  private readonly options: PoolOptions
  private readonly cwd: string
  private readonly cookie = `${process.pid}-${Math.random().toString(36).slice(2)}`
  private slots: Slot[] = []
  private readonly channels = new Set<Channel>()
  /** The process of the hello, until somebody needs one of its own. */
  private spare: Session | undefined
  private first: Promise<Session> | undefined
  private closed = false

  constructor(options: PoolOptions) {
    this.options = options
    const { program } = options
    this.cwd = (program.kind === 'command' ? program.cwd : undefined) ?? process.cwd()
  }

  /** The session of the first start, which said the hello. */
  firstSession(): Promise<Session> {
    this.first ??= this.begin().then((session) => {
      if (session.hostsSeveral) {
        this.slots.push({ session: Promise.resolve(session), begun: session, nodes: 0 })
      } else this.spare = session
      return session
    })
    return this.first
  }

  /** `shareable` is false for nodes that need a process of their own. */
  async lease(shareable: boolean): Promise<Lease> {
    const first = await this.firstSession()
    if (first.hostsSeveral && shareable) return this.leaseShared()
    const spare = this.spare
    this.spare = undefined
    const session = spare?.isUsable === true ? spare : await this.begin()
    return { session, isShared: false, release: () => void session.end() }
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all([...this.channels].map((channel) => channel.kill()))
    killStragglers(this.cookie)
  }

  private async leaseShared(): Promise<Lease> {
    this.slots = this.slots.filter(({ begun }) => begun === undefined || begun.isUsable)
    let slot = [...this.slots].sort((a, b) => a.nodes - b.nodes)[0]
    // A second process only when the first one has something to do.
    if (slot === undefined || (slot.nodes > 0 && this.slots.length < sharedMax(this.options.program))) {
      slot = this.openSlot()
    }
    const taken = slot
    taken.nodes++
    const session = await taken.session
    return {
      session,
      isShared: true,
      release: () => {
        taken.nodes--
      },
    }
  }

  private openSlot(): Slot {
    const session = this.begin()
    const slot: Slot = { session, begun: undefined, nodes: 0 }
    this.slots.push(slot)
    session.then(
      (begun) => {
        slot.begun = begun
      },
      () => {
        this.slots = this.slots.filter((other) => other !== slot)
      },
    )
    return slot
  }

  private begin(): Promise<Session> {
    return startLimit(() => this.beginNow())
  }

  private async beginNow(): Promise<Session> {
    if (this.closed) throw new Error('the host is closed')
    const { program, helloDeadlineMs } = this.options
    const channel: Channel =
      program.kind === 'attach'
        ? new AttachedProgram(program.host, program.port)
        : new SpawnedProgram({ argv: program.argv, cwd: this.cwd, cookie: this.cookie })
    this.channels.add(channel)
    return Session.begin(channel, {
      program,
      cwd: this.cwd,
      helloDeadlineMs,
      onGone: () => this.channels.delete(channel),
    })
  }
}
