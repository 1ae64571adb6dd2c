// For tests: a machine of peers whose surroundings are a script. It keeps the machine's timers and its connections, so that a
// test reads like the page: a call comes in, this is answered; this peer calls, and that comes back.
import type { NameServiceConfig, PeerConfig, PeerResult } from '../../spec/peers/control.ts'
import type { Effect, Input, Machine } from '../core/machine.ts'
import { createNameServiceMachine, type NameServiceState } from './name-service-machine.ts'
import type { PeerState } from './peer.ts'
import { createPeerMachine } from './peer-machine.ts'
import type {
  Address,
  NameServiceVocabulary,
  PeersLine,
  PeersRequest,
  PeerVocabulary,
  StatefulMachine,
} from './vocabulary.ts'

type Vocabulary = PeerVocabulary | NameServiceVocabulary
type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never

/** A call that the machine makes. */
export interface Outgoing {
  readonly connection: number
  readonly to: Address
  readonly method: string
  readonly args: readonly unknown[]
}

export const nameServiceAddress: Address = ['ns', 1]
/** Where the peer with that id is. */
export const addressOf = (id: number): Address => ['peer', 1000 + id]

export class ScriptedNode<V extends Vocabulary, S> {
  machine: Machine<V> & { readonly state: S }
  effects: Effect<V>[] = []
  /** Calls that have no answer yet, in the order in which they were made. */
  readonly open: Outgoing[] = []
  #now = 0
  #handle = 0
  #inbound = 0
  readonly #timers = new Map<string, number>()
  readonly #to = new Map<number, Address>()

  constructor(machine: StatefulMachine<V, S>) {
    this.machine = machine
    this.input({ kind: 'start', firstNumber: 1 } as WithoutTime<Input<V>>)
  }

  input(input: WithoutTime<Input<V>>): void {
    const effects = this.machine.step({ ...input, at: this.#now } as Input<V>)
    for (const effect of effects) this.#follow(effect)
    this.effects.push(...effects)
  }

  #follow(effect: Effect<V>): void {
    if (effect.kind === 'set-timer') this.#timers.set(effect.name, this.#now + effect.delayMs)
    if (effect.kind === 'clear-timer') this.#timers.delete(effect.name)
    if (effect.kind === 'open') this.#to.set(effect.connection, effect.to)
    if (effect.kind === 'send' && effect.connection > 0) {
      const { method, args } = effect.message as PeersRequest
      const to = this.#to.get(effect.connection) ?? ['nowhere', 1]
      this.open.push({ connection: effect.connection, to, method, args })
    }
    if (effect.kind === 'abort') {
      const place = this.open.findIndex(({ connection }) => connection === effect.connection)
      if (place !== -1) this.open.splice(place, 1)
    }
  }

  /** Lets time pass; timers fire when they are due. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const due = [...this.#timers].filter(([, at]) => at <= until).sort(([, a], [, b]) => a - b)[0]
      if (due === undefined) break
      this.#timers.delete(due[0])
      this.#now = due[1]
      this.input({ kind: 'timer', name: due[0] } as WithoutTime<Input<V>>)
    }
    this.#now = until
  }

  command(command: V['command']): number {
    this.#handle += 1
    this.input({ kind: 'command', handle: this.#handle, command } as WithoutTime<Input<V>>)
    return this.#handle
  }

  /** The result or the code of the failure; undefined while there is none. */
  reply(handle: number): object | string | undefined {
    for (const effect of this.effects) {
      if (effect.kind !== 'reply' || effect.handle !== handle) continue
      return effect.reply.ok ? effect.reply.result : effect.reply.error.code
    }
    return undefined
  }

  /** A call from outside, on a connection of its own, whose number this gives. */
  receive(method: string, ...args: unknown[]): number {
    this.#inbound -= 1
    const message = { method, args }
    this.input({ kind: 'message', connection: this.#inbound, message } as WithoutTime<Input<V>>)
    return this.#inbound
  }

  /** What was answered on a connection; undefined while nothing was. */
  answerOn(connection: number): PeersLine | undefined {
    // From the end: a test may make thousands of calls.
    const sent = this.effects.findLast((effect) => effect.kind === 'send' && effect.connection === connection)
    return sent?.kind === 'send' ? sent.message : undefined
  }

  /** A call from outside and what comes back: the result, or the name of the error. */
  ask(method: string, ...args: unknown[]): unknown {
    const answer = this.answerOn(this.receive(method, ...args))
    if (answer !== undefined && 'error' in answer) return answer.error.name
    return answer !== undefined && 'result' in answer ? answer.result : undefined
  }

  /** Calls without an answer, of one method, in words: where they go, with which arguments. */
  calls(method: string): [string, ...unknown[]][] {
    return this.open
      .filter((call) => call.method === method)
      .map(({ to, args }): [string, ...unknown[]] => [to.join(':'), ...args])
  }

  /** The oldest call of that method, to that address if one is given, is answered. */
  answer(method: string, line: PeersLine, to?: Address): void {
    const { connection } = this.#find(method, to)
    this.input({ kind: 'message', connection, message: line } as WithoutTime<Input<V>>)
    this.input({ kind: 'closed', connection } as WithoutTime<Input<V>>)
  }

  succeed(method: string, result: unknown, to?: Address): void {
    this.answer(method, { result }, to)
  }

  raise(method: string, name: string, to?: Address): void {
    this.answer(method, { error: { name, args: [] } }, to)
  }

  /** The oldest call of that method finds nobody. */
  refuse(method: string, to?: Address): void {
    const { connection } = this.#find(method, to)
    this.input({ kind: 'unreachable', connection } as WithoutTime<Input<V>>)
  }

  #find(method: string, to: Address | undefined): Outgoing {
    const isThere = (call: Outgoing) => to === undefined || call.to.join(':') === to.join(':')
    const found = this.open.find((call) => call.method === method && isThere(call))
    if (found === undefined) throw new Error(`no ${method} among ${JSON.stringify(this.open)}`)
    return found
  }

  /** Events so far, in order. */
  get events(): V['event'][] {
    return this.effects.flatMap((effect) => (effect.kind === 'event' ? [effect.event] : []))
  }

  get isHalted(): boolean {
    return this.effects.some(({ kind }) => kind === 'halt')
  }
}

export class ScriptedPeer extends ScriptedNode<PeerVocabulary, PeerState> {
  readonly #config: PeerConfig

  constructor(config: Partial<PeerConfig> = {}) {
    const whole: PeerConfig = {
      listenPort: 1,
      type: 'ivan',
      nameService: nameServiceAddress,
      advertise: ['self', 1],
      callTimeoutMs: 100,
      acquireTimeoutMs: 1000,
      ...config,
    }
    super(createPeerMachine(whole))
    this.#config = whole
  }

  /** A peer with this id that has joined; those with lower ids were there before, those with higher ids have come since. */
  static joined(id: number, others: readonly number[] = [], config: Partial<PeerConfig> = {}): ScriptedPeer {
    const peer = new ScriptedPeer(config)
    const join = peer.command({ command: 'join' })
    const lower = others.filter((other) => other < id)
    peer.succeed('register', [id, 'secret'])
    peer.succeed(
      'require_all',
      [...lower, id].map((other) => [other, addressOf(other)]),
    )
    for (const other of lower) peer.succeed('register_peer', null, addressOf(other))
    for (const other of others.filter((one) => one > id)) peer.ask('register_peer', other, addressOf(other))
    if (typeof peer.reply(join) !== 'object') throw new Error(`not joined: ${String(peer.reply(join))}`)
    peer.effects = []
    return peer
  }

  state(): PeerResult<'state'> {
    return this.reply(this.command({ command: 'state' })) as PeerResult<'state'>
  }

  get list(): number[] {
    return this.state().peers.map(({ id }) => id)
  }

  /** Another machine goes on from this state. */
  continueFrom(state: PeerState): void {
    this.machine = createPeerMachine(this.#config, state)
  }
}

export class ScriptedNameService extends ScriptedNode<NameServiceVocabulary, NameServiceState> {
  constructor(config: Partial<NameServiceConfig> = {}) {
    const secrets = { seed: 7, hashOf: (id: number) => `hash-${id}` }
    super(createNameServiceMachine({ listenPort: 1, checkTimeoutMs: 100, ...config }, secrets))
  }

  get types(): object {
    const state = this.reply(this.command({ command: 'state' })) as { types: object }
    return state.types
  }
}
