// A simulated name service and its peers: the world of world.ts with both machines, the moves that users make (join, leave,
// acquire, send), crashes, and what must hold when nothing is under way.
//
// The invariants are the simulator's own: who lives and has joined it knows from the commands that it gave and their answers. Where the
// token is it follows event by event, so that two tokens are noticed however soon they become one.
import type { PeerConfig, TokenState } from '../../spec/peers/control.ts'
import { createNameServiceMachine } from '../peers/name-service-machine.ts'
import { createPeerMachine, type PeerMachine } from '../peers/peer-machine.ts'
import { type PeersRules, peersRules } from '../peers/rules.ts'
import type { Address, NameServiceVocabulary, PeerCommand, PeerVocabulary } from '../peers/vocabulary.ts'
import type { NetworkFaults } from './faults.ts'
import { type Reply, World } from './world.ts'

type PeersVocabulary = PeerVocabulary | NameServiceVocabulary
export type PeersReply = Reply<PeersVocabulary>
export interface Answer {
  reply?: PeersReply
}

export interface PeersWorldOptions {
  readonly seed: number
  readonly faults?: Partial<NetworkFaults>
  readonly config?: Partial<PeerConfig>
  /** A mutant's rules, to see that the invariants notice it. */
  readonly rules?: Partial<PeersRules>
}

/** The node with this number is the name service. */
const NAME_SERVICE = 0
const TYPE = 'simulated'

const addressOf = (node: number): Address => [`node-${node}`, 1]
const nodeAt = ([host]: Address): number => Number(host.slice('node-'.length))

interface State {
  readonly id: number
  readonly peers: readonly { readonly id: number; readonly address: Address }[]
  readonly token: TokenState
}

interface Life {
  readonly node: number
  readonly machine: PeerMachine
  readonly join: Answer
  /** Somebody has told it to stop. */
  hasToStop: boolean
  token: TokenState
}

export class PeersWorld {
  readonly world: World<PeersVocabulary>
  /** What was wrong at some moment, in words. */
  readonly wrongMoments: string[] = []
  /** Peers that run, in the order of their start. */
  readonly #lives = new Map<number, Life>()
  readonly #machines = new Map<number, PeerMachine>()
  /** Those that have left in order. */
  readonly #departed = new Set<number>()
  #eventsRead = 0
  #nodes = NAME_SERVICE

  constructor(options: PeersWorldOptions) {
    const rules = { ...peersRules, ...options.rules }
    this.world = new World<PeersVocabulary>({
      seed: options.seed,
      ...(options.faults === undefined ? {} : { faults: options.faults }),
      nodeAt,
      createMachine: (node, seed) => {
        const [host, listenPort] = addressOf(node)
        if (node === NAME_SERVICE) {
          const secrets = { seed, hashOf: (id: number) => `${seed}-${id}` }
          return createNameServiceMachine({ host, listenPort }, secrets, undefined, rules)
        }
        const own = { host, listenPort, type: TYPE, nameService: addressOf(NAME_SERVICE), lock: true, seed }
        const machine = createPeerMachine({ ...own, ...options.config }, undefined, rules)
        this.#machines.set(node, machine)
        return machine
      },
    })
    this.world.start(NAME_SERVICE)
  }

  /** Starts a peer and lets it join. */
  join(): number {
    this.#nodes += 1
    const node = this.#nodes
    this.world.start(node)
    const machine = this.#machines.get(node)
    if (machine === undefined) throw new Error('the world has not made a machine')
    const join: Answer = {}
    this.#lives.set(node, { node, machine, join, hasToStop: false, token: 'none' })
    this.send(node, { command: 'join' }, join)
    return node
  }

  /** Gives a command; the answer is there once the world has run far enough. */
  send(node: number, command: PeerCommand, answer: Answer = {}): Answer {
    this.world.command(node, command, (reply) => {
      answer.reply = reply
    })
    return answer
  }

  stop(node: number): Answer {
    const life = this.#lives.get(node)
    if (life !== undefined) life.hasToStop = true
    return this.send(node, { command: 'stop' })
  }

  /** Peers that run and that nobody has told to stop. */
  get staying(): number[] {
    return [...this.#lives.values()].filter(({ hasToStop }) => !hasToStop).map(({ node }) => node)
  }

  /** Those of them that have joined. */
  get members(): number[] {
    return this.staying.filter((node) => this.#lives.get(node)?.join.reply?.ok)
  }

  /** A peer that dies with the token takes the promises with it, also if an `obtain_token` from it or to it has not ended. */
  mayCrash(node: number): boolean {
    const passes = (life: Life, to?: number) =>
      life.machine.state.calls.some(
        ({ purpose, isOver, to: address }) =>
          purpose.kind === 'obtain-token' && !isOver && (to === undefined || nodeAt(address) === to),
      )
    const self = this.#lives.get(node)
    if (self === undefined || self.machine.state.lock?.token !== 'none' || passes(self)) return false
    return [...this.#lives.values()].every((life) => !passes(life, node))
  }

  crash(node: number): void {
    this.world.crash(node)
    this.#lives.delete(node)
  }

  state(node: number): State {
    const { reply } = this.send(node, { command: 'state' })
    if (reply?.ok !== true) throw new Error(`node ${node} does not tell its state`)
    return reply.result as State
  }

  runFor(durationMs: number): void {
    this.world.runUntil(() => {
      this.#readEvents()
      return false
    }, durationMs)
    const running = new Set(this.world.running)
    for (const node of this.#lives.keys()) {
      if (running.has(node)) continue
      this.#lives.delete(node)
      this.#departed.add(node)
    }
  }

  /** peers.lock.one, at every moment. */
  #readEvents(): void {
    const { events } = this.world
    for (; this.#eventsRead < events.length; this.#eventsRead += 1) {
      const { node, at, event } = events[this.#eventsRead] ?? {}
      const life = this.#lives.get(node ?? NAME_SERVICE)
      if (event?.event !== 'token' || life === undefined) continue
      life.token = event.token
      const having = [...this.#lives.values()]
        .filter(({ token }) => token !== 'none')
        .map((other) => other.node)
      if (having.length > 1) this.wrongMoments.push(`at ${at} ms the nodes ${having} have the token`)
    }
  }

  /** What contradicts a world at rest, in words; empty when all is well. Peers that have crashed may still be in lists. */
  violations(): string[] {
    const members = this.members.map((node) => ({ node, state: this.state(node) }))
    return [
      ...this.wrongMoments,
      ...[...this.#lives.keys()].flatMap((node) => this.#waiting(node)),
      ...members.flatMap(({ node, state }) => this.#listViolations(node, state, members)),
      ...tokenViolations(members),
    ]
  }

  #waiting(node: number): string[] {
    const count = this.world.waitingCommands(node)
    return count > 0 ? [`node ${node} has ${count} commands without an answer`] : []
  }

  #listViolations(
    node: number,
    { peers }: State,
    members: readonly { node: number; state: State }[],
  ): string[] {
    const others = members.filter((member) => member.node !== node)
    const missing = others.filter(({ state }) => !peers.some(({ id }) => id === state.id))
    const strange = peers.filter(({ id, address }) => {
      const known = others.find((other) => other.state.id === id)
      return known === undefined ? this.#departed.has(nodeAt(address)) : known.node !== nodeAt(address)
    })
    return [
      ...missing.map((member) => `node ${node} does not have node ${member.node} in its list`),
      ...strange.map(({ id, address }) => `node ${node} has ${id} at ${address[0]} in its list`),
    ]
  }
}

function tokenViolations(members: readonly { readonly node: number; readonly state: State }[]): string[] {
  const having = members.filter(({ state }) => state.token !== 'none').map(({ node }) => node)
  if (members.length === 0 || having.length === 1) return []
  return [`${having.length} peers have the token: [${having}]`]
}
