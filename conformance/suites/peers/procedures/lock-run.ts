// Many peers of the program that want the lock, and the history of it: commands and replies as the case sends and gets them, calls and
// answers as they were on the wire. The oracle judges the history.
import type { PeerResult } from '../../../../spec/peers/control.ts'
import { judgeLock } from '../../../oracle/peers.ts'
import type { History, Observation, Times } from '../../../oracle/peers-history.ts'
import { judgeToken } from '../../../oracle/peers-token.ts'
import {
  argsOf,
  methodOf,
  NAME_SERVICE_SEAT,
  type PeerNode,
  type PeersBench,
  type PeersNodeOptions,
} from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { begun, type Outcome } from '../../outcome.ts'

type Step = Extract<Observation, { readonly peer: number }>['what']

/** What the wire showed: the calls of the lock and of the database between peers, by the ids that the name service gave them. */
function* observationsOf(frames: readonly Frame[]): Generator<readonly [position: number, Observation]> {
  const ids = new Map<number, number>()
  /** Requests without an answer yet, by connection. */
  const waiting = new Map<number, Frame[]>()
  for (const frame of frames) {
    const { connection, from, to, n } = frame
    if (connection === undefined) continue
    if (methodOf(frame) !== undefined) {
      waiting.set(connection, [...(waiting.get(connection) ?? []), frame])
      const observation = asCall(frame, ids.get(from), ids.get(to))
      if (observation !== undefined) yield [n, observation]
      continue
    }
    const request = waiting.get(connection)?.[0]
    if (request === undefined || request.to !== from) continue
    waiting.get(connection)?.shift()
    if (from === NAME_SERVICE_SEAT) {
      const id = registeredId(request, frame)
      if (id !== undefined) ids.set(to, id)
    }
    const observation = asAnswer(request, frame, ids.get(to), ids.get(from))
    if (observation !== undefined) yield [n, observation]
  }
}

const registeredId = (request: Frame, answer: Frame): number | undefined => {
  if (methodOf(request) !== 'register' || !Array.isArray(answer.message?.result)) return undefined
  const [id] = answer.message.result as unknown[]
  return typeof id === 'number' ? id : undefined
}

const isTimes = (value: unknown): value is Times =>
  Array.isArray(value) &&
  value.every(
    (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'number'),
  )

const asCall = (frame: Frame, by: number | undefined, to: number | undefined): Observation | undefined => {
  if (by === undefined || to === undefined) return undefined
  const [first] = argsOf(frame)
  switch (methodOf(frame)) {
    case 'request_token':
      return typeof first === 'number'
        ? { what: 'asked', by, of: to, time: first, frame: frame.n }
        : undefined
    case 'obtain_token':
      return isTimes(first) ? { what: 'token-sent', by, to, times: first, frame: frame.n } : undefined
    case 'write_local':
      return { what: 'copied', by, frame: frame.n }
    default:
      return undefined
  }
}

const asAnswer = (
  request: Frame,
  answer: Frame,
  by: number | undefined,
  of: number | undefined,
): Observation | undefined => {
  const taken = answer.message !== undefined && 'result' in answer.message
  if (methodOf(request) === 'obtain_token')
    return { what: taken ? 'token-taken' : 'token-refused', call: request.n, frame: answer.n }
  const [time] = argsOf(request)
  if (methodOf(request) !== 'request_token' || !taken || by === undefined || of === undefined)
    return undefined
  return typeof time === 'number' ? { what: 'ask-answered', by, of, time, frame: answer.n } : undefined
}

/** The longest timeouts that a configuration may have. */
const TIMEOUT_MS_MAX = 600_000

/**
 * Times for peers of which many want the same lock: on a busy machine a queue takes long, and nobody who lives may be given up. The dead
 * refuse connections, so nobody waits for them.
 */
export const patient = (bench: PeersBench) => ({
  callTimeoutMs: Math.min(TIMEOUT_MS_MAX, bench.timing.deadlineMs),
  acquireTimeoutMs: Math.min(TIMEOUT_MS_MAX, 2 * bench.timing.deadlineMs),
})

/** How long a command may take that stands in such a queue. */
export const patienceMs = (bench: PeersBench): number => 3 * bench.timing.deadlineMs

export class LockRun {
  private readonly bench: PeersBench
  private readonly steps: { readonly position: number; readonly step: Observation }[] = []
  private readonly ids = new Map<PeerNode, number>()
  /** Replies to `acquire` with success. */
  holds = 0

  constructor(bench: PeersBench) {
    this.bench = bench
  }

  /** Peers that are there. */
  get nodes(): readonly PeerNode[] {
    return [...this.ids.keys()]
  }

  idOf(node: PeerNode): number {
    const id = this.ids.get(node)
    if (id === undefined) throw new Error(`the peer at seat ${node.seat} is not there`)
    return id
  }

  private note(what: Step, peer: number): void {
    this.steps.push({ position: this.bench.frames.length, step: { what, peer } })
  }

  /** Peers that have joined already. */
  async adopt(nodes: readonly PeerNode[]): Promise<void> {
    for (const node of nodes) {
      const { id } = await node.state()
      this.ids.set(node, id)
      this.note('joined', id)
    }
  }

  /** Starts a peer and lets it join, which must succeed. */
  async enter(options: PeersNodeOptions & { readonly seat?: number }): Promise<PeerNode> {
    const node = await this.bench.peer({ ...options, config: patient(this.bench) })
    await this.join(node)
    return node
  }

  async join(node: PeerNode): Promise<PeerResult<'join'>> {
    const outcome = await begun(node.command('join', {}, patienceMs(this.bench))).outcome
    this.bench.require(outcome.ok, {
      requirement: 'peers.join.at-once',
      expected: 'join to succeed',
      actual: outcome.ok ? '' : `the error ${outcome.code}`,
    })
    this.ids.set(node, outcome.result.id)
    this.note('joined', outcome.result.id)
    return outcome.result
  }

  async acquire(node: PeerNode): Promise<Outcome<PeerResult<'acquire'>>> {
    const id = this.idOf(node)
    this.note('acquiring', id)
    const outcome = await begun(node.command('acquire', {}, patienceMs(this.bench))).outcome
    if (outcome.ok) this.holds += 1
    this.note(outcome.ok ? 'held' : 'not-held', id)
    return outcome
  }

  async release(node: PeerNode): Promise<void> {
    this.note('releasing', this.idOf(node))
    const outcome = await begun(node.command('release', {})).outcome
    this.bench.require(outcome.ok, {
      requirement: 'peers.lock.release',
      expected: `release to succeed at ${this.idOf(node)}, which holds the lock`,
      actual: outcome.ok ? '' : `the error ${outcome.code}`,
    })
  }

  /** Acquires and releases so many times. An acquire that fails ends it; the oracle says so. */
  async contend(node: PeerNode, rounds: number, holdMs: () => number = () => 0): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const { ok } = await this.acquire(node)
      if (!ok) return
      const pauseMs = holdMs()
      if (pauseMs > 0) await this.bench.quiet(() => false, pauseMs)
      await this.release(node)
    }
  }

  async leave(node: PeerNode): Promise<void> {
    const id = this.idOf(node)
    this.note('leaving', id)
    this.ids.delete(node)
    await node.stop(patienceMs(this.bench))
    this.note('left', id)
  }

  /** Kills a peer that has no token and asks for none. */
  async kill(node: PeerNode): Promise<void> {
    this.note('killed', this.idOf(node))
    this.ids.delete(node)
    await node.kill()
  }

  history(): History {
    const history: Observation[] = []
    let done = 0
    for (const [position, observation] of observationsOf(this.bench.frames)) {
      for (
        let step = this.steps[done];
        step !== undefined && step.position <= position;
        step = this.steps[done]
      ) {
        history.push(step.step)
        done += 1
      }
      history.push(observation)
    }
    return [...history, ...this.steps.slice(done).map(({ step }) => step)]
  }

  /** The oracle finds nothing wrong, and at rest one peer says that it has the token: the one where the oracle saw it last. */
  async requireRight(because: string): Promise<void> {
    const owners = async (): Promise<readonly number[]> => {
      const states = await Promise.all(this.nodes.map((node) => node.state()))
      return states.filter(({ token }) => token !== 'none').map(({ id }) => id)
    }
    const isPlaced = async () => {
      const [owner, ...others] = await owners()
      const seen = judgeToken(this.history()).holder
      return owner !== undefined && others.length === 0 && (seen === undefined || seen === owner)
    }
    const placed = await this.bench.until(isPlaced, this.bench.timing.deadlineMs / 2)
    const [finding] = judgeLock(this.history())
    if (finding !== undefined)
      this.bench.require(false, { ...finding, expected: `${finding.expected}, ${because}` })
    const last = await owners()
    this.bench.require(placed === true, {
      requirement: last.length > 1 ? 'peers.lock.one' : 'peers.lock.live',
      expected: `one peer with the token at rest, ${because}`,
      actual:
        last.length === 0
          ? 'nobody has it'
          : `at ${last.join(', ')}, last seen at ${judgeToken(this.history()).holder}`,
    })
    this.bench.evidence(`${this.holds} times held, one token at ${last.join()}, ${because}`)
  }
}

/** Delays everything between these peers by chance, so that calls overtake each other. */
export function slowLinks(bench: PeersBench, nodes: readonly PeerNode[], jitterMs: number): void {
  for (const from of nodes)
    for (const to of nodes) if (from !== to) bench.link(from.seat, to.seat).set({ delayMs: 1, jitterMs })
}
