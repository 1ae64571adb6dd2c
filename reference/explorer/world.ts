// A small world in which everything that can happen is a move, and the next move is anybody's choice: nodes with their
// machines, calls under way between them, and for each node what its user does. The explorer (explore.ts) takes every choice.
//
// Time does not exist: a call takes as long as it takes, so that the request of one call may be overtaken by ten others. A
// timer fires only where the configuration says so, because "so slow that another gives it up" is a condition of many promises.
//
// Calls: a connection for each, one request, one answer, and the caller drops it. The connection counts as gone for the caller when it
// has the answer; that the other side learns of it is left out. A crash may lose what was still on its way.
import type { Vocabulary } from '../core/machine.ts'
import {
  type ExplorableMachine,
  type LocalInput,
  LocalMachine,
  type LocalNumber,
  type LocalStep,
} from './local-machine.ts'

/** A user gives a command, or the node dies between two steps, or begins again with nothing in its memory. */
export type Act<V extends Vocabulary> = V['command'] | 'crash' | 'restart'

export interface Actor<V extends Vocabulary> {
  readonly name: string
  readonly place: V['place']
  create(state?: unknown): ExplorableMachine<V>
  /** What happens to the node, in lines: in each the next act comes at any time after the one before has been answered. */
  readonly script: readonly (readonly Act<V>[])[]
}

export interface Configuration<V extends Vocabulary> {
  readonly name: string
  readonly actors: readonly Actor<V>[]
  /** Before the exploration, one after the other, each to its end. */
  readonly prologue?: readonly { readonly actor: string; readonly command: V['command'] }[]
  mayFire?(timer: string): boolean
  /** An actor whose calls are answered and heard at once: not every order then, but far fewer situations. */
  readonly prompt?: string
  /**
   * An answer that changes nothing but that one more call is over, so that nobody can tell when it comes: it arrives at once.
   * `others` are further requests of the same caller whose answers it has not read.
   */
  isIdle?(request: V['stream'], answer: V['stream'], others: readonly V['stream'][]): boolean
  /** Asked before a `crash`. */
  mayCrash?(situation: Situation<V>, node: number): boolean
  /** What is wrong in this situation, whatever comes next. */
  problem(situation: Situation<V>): string | undefined
  /** What is wrong if nothing is under way any more. */
  problemAtRest(situation: Situation<V>): string | undefined
}

type Condition = 'up' | 'stopped' | 'crashed'

interface NodeNow {
  readonly condition: Condition
  readonly local: LocalNumber
  /** Of each line of the script: how many acts have been done, and whether the last one is still unanswered. */
  readonly done: readonly number[]
  readonly isWaiting: readonly boolean[]
  /** Those that may fire, sorted. */
  readonly timers: readonly string[]
  /** The same for equal ones, and for no others; empty while the world is being made. */
  readonly key: string
}

/** `broken`: the other side is gone, and the caller has still to learn it. */
type Phase = 'asked' | 'waiting' | 'answered' | 'broken'

interface CallNow {
  readonly from: number
  readonly number: number
  readonly to: number
  readonly phase: Phase
  /** At the other side, from `waiting` on. */
  readonly inbound: number
  readonly request: number
  /** -1 before there is one. */
  readonly answer: number
  /** The caller is gone or has given it up. */
  readonly isAbandoned: boolean
  /** Its answer is that of a node which has crashed since. */
  readonly mayBeLost: boolean
  readonly key: string
}

export interface World {
  readonly nodes: readonly NodeNow[]
  /** In the order of their keys. */
  readonly calls: readonly CallNow[]
}

export type Move =
  | {
      readonly kind: 'request-arrives' | 'answer-arrives' | 'request-lost' | 'answer-lost'
      readonly call: number
    }
  | { readonly kind: 'unreachable' | 'closed'; readonly call: number }
  | { readonly kind: 'act'; readonly node: number; readonly line: number }
  | { readonly kind: 'timer'; readonly node: number; readonly timer: string }

/** A world in the form in which it can be judged and shown. */
export interface Situation<V extends Vocabulary> {
  readonly nodes: readonly {
    readonly name: string
    readonly condition: Condition
    readonly state: unknown
    /** Commands that have no answer yet. */
    readonly waiting: readonly V['command'][]
  }[]
  readonly calls: readonly {
    readonly from: number
    readonly to: number
    readonly phase: Phase
    readonly isAbandoned: boolean
    readonly request: V['stream']
    readonly answer: V['stream'] | undefined
  }[]
}

/** What a move has made a node say to its user. */
export interface Heard<V extends Vocabulary> {
  readonly node: number
  readonly reply?: LocalStep<V>['replies'][number]['reply']
  readonly command?: V['command']
  readonly event?: V['event']
}

/** Inbound numbers of one caller lie together: the number of a call is the same in equal situations. */
const NUMBERS_OF_CALLER = 64

export class Worlds<V extends Vocabulary> {
  readonly configuration: Configuration<V>
  readonly #locals: readonly LocalMachine<V>[]
  readonly #messages: V['stream'][] = []
  readonly #messageNumbers = new Map<string, number>()
  readonly #nodeByPlace: ReadonlyMap<string, number>
  /** The node whose calls take no time. */
  readonly prompt: number | undefined

  constructor(configuration: Configuration<V>) {
    this.configuration = configuration
    const { actors, prompt } = configuration
    if (prompt !== undefined) this.prompt = actors.findIndex(({ name }) => name === prompt)
    this.#locals = actors.map((actor) => new LocalMachine<V>((state) => actor.create(state)))
    this.#nodeByPlace = new Map(actors.map(({ place }, node) => [JSON.stringify(place), node]))
  }

  /** After the prologue. */
  first(): World {
    const { actors, prologue = [] } = this.configuration
    const nodes = actors.map(({ script }, node) =>
      keyed({
        condition: 'up',
        local: this.local(node).first,
        done: script.map(() => 0),
        isWaiting: script.map(() => false),
        timers: [],
      }),
    )
    let world: World = { nodes, calls: [] }
    for (const { actor, command } of prologue) {
      const node = actors.findIndex(({ name }) => name === actor)
      const draft = new Draft(this, world)
      // No line of the script has this number.
      draft.step(node, `command -1 ${JSON.stringify(command)}`, {
        kind: 'command',
        handle: 0,
        command,
      } as LocalInput<V>)
      world = this.#settled(draft.world())
    }
    return world
  }

  /** Every call to its end, one after the other. */
  #settled(world: World): World {
    let settled = world
    for (let move = this.moves(settled)[0]; move !== undefined; move = this.moves(settled)[0]) {
      if (move.kind === 'act' || move.kind === 'timer') break
      settled = this.after(settled, move)
    }
    return settled
  }

  local(node: number): LocalMachine<V> {
    const local = this.#locals[node]
    if (local === undefined) throw new Error(`there is no node ${node}`)
    return local
  }

  nodeAt(place: V['place']): number | undefined {
    return this.#nodeByPlace.get(JSON.stringify(place))
  }

  messageNumber(message: V['stream']): number {
    const text = JSON.stringify(message)
    const known = this.#messageNumbers.get(text)
    if (known !== undefined) return known
    this.#messages.push(JSON.parse(text) as V['stream'])
    this.#messageNumbers.set(text, this.#messages.length - 1)
    return this.#messages.length - 1
  }

  message(number: number): V['stream'] {
    const message = this.#messages[number]
    if (message === undefined) throw new Error(`there is no message ${number}`)
    return message
  }

  /** Those of calls first. */
  moves(world: World): Move[] {
    const moves: Move[] = []
    for (const [call, { to, phase, isAbandoned, mayBeLost }] of world.calls.entries()) {
      const isUp = world.nodes[to]?.condition === 'up'
      if (phase === 'asked' && isUp) moves.push({ kind: 'request-arrives', call })
      if (phase === 'asked' && isAbandoned) moves.push({ kind: 'request-lost', call })
      if (phase === 'asked' && !isUp && !isAbandoned) moves.push({ kind: 'unreachable', call })
      if (phase === 'answered') moves.push({ kind: 'answer-arrives', call })
      if (phase === 'answered' && mayBeLost) moves.push({ kind: 'answer-lost', call })
      if (phase === 'broken') moves.push({ kind: 'closed', call })
    }
    for (const [node, { condition, done, isWaiting, timers }] of world.nodes.entries()) {
      if (condition === 'up') for (const timer of timers) moves.push({ kind: 'timer', node, timer })
      const script = this.configuration.actors[node]?.script ?? []
      for (const [line, acts] of script.entries()) {
        const act = acts[done[line] ?? 0]
        if (act === undefined || isWaiting[line]) continue
        if (act === 'restart' ? condition !== 'crashed' : condition !== 'up') continue
        if (act === 'crash' && this.configuration.mayCrash?.(this.situation(world), node) === false) continue
        moves.push({ kind: 'act', node, line })
      }
    }
    return moves
  }

  /** Nothing is under way but what users may still do, and what clocks may. */
  isAtRest(moves: readonly Move[]): boolean {
    return moves.every(({ kind }) => kind === 'act' || kind === 'timer')
  }

  after(world: World, move: Move, heard?: Heard<V>[]): World {
    const draft = new Draft(this, world, heard)
    if (move.kind === 'act') draft.act(move.node, move.line)
    else if (move.kind === 'timer') draft.fire(move.node, move.timer)
    else draft.move(move.kind, move.call)
    return draft.world()
  }

  situation(world: World): Situation<V> {
    const { actors } = this.configuration
    return {
      nodes: world.nodes.map(({ condition, local, done, isWaiting }, node) => ({
        name: actors[node]?.name ?? '',
        condition,
        state: this.local(node).state(local),
        waiting: isWaiting.flatMap((isTrue, line) => {
          const act = actors[node]?.script[line]?.[(done[line] ?? 0) - 1]
          return isTrue && act !== undefined && typeof act !== 'string' ? [act] : []
        }),
      })),
      calls: world.calls.map(({ from, to, phase, isAbandoned, request, answer }) => ({
        from,
        to,
        phase,
        isAbandoned,
        request: this.message(request),
        answer: answer < 0 ? undefined : this.message(answer),
      })),
    }
  }
}

/** The same for situations that are the same, and for no others. */
export function keyOf({ nodes, calls }: World): string {
  return `${nodes.map(({ key }) => key).join(';')}|${calls.map(({ key }) => key).join(';')}`
}

function keyed(node: Omit<NodeNow, 'key'>): NodeNow {
  // What a node knew that has stopped in order concerns nobody any more, unless it owes an answer.
  if (node.condition === 'stopped' && !node.isWaiting.includes(true)) return { ...node, key: 's' }
  const lines = node.done.map((done, line) => (node.isWaiting[line] ? `${done}!` : `${done}`))
  return { ...node, key: `${node.condition[0]}${node.local},${lines.join(',')},${node.timers.join(',')}` }
}

function keyedCall(call: Omit<CallNow, 'key'>): CallNow {
  const { from, number, to, phase, inbound, request, answer, isAbandoned, mayBeLost } = call
  const marks = `${phase[0]}${isAbandoned ? 'x' : ''}${mayBeLost ? '?' : ''}`
  return { ...call, key: `${from},${number},${to},${marks},${inbound},${request},${answer}` }
}

/** A world that is being made out of another one. */
class Draft<V extends Vocabulary> {
  readonly #worlds: Worlds<V>
  readonly #nodes: NodeNow[]
  #calls: CallNow[]
  readonly #heard: Heard<V>[] | undefined

  constructor(worlds: Worlds<V>, world: World, heard?: Heard<V>[]) {
    this.#worlds = worlds
    this.#nodes = [...world.nodes]
    this.#calls = [...world.calls]
    this.#heard = heard
  }

  world(): World {
    this.#settlePrompt()
    for (let idle = this.#idleAnswer(); idle !== -1; idle = this.#idleAnswer()) {
      this.move('answer-arrives', idle)
      this.#settlePrompt()
    }
    for (const [number, node] of this.#nodes.entries()) if (node.key === '') this.#nodes[number] = keyed(node)
    return { nodes: this.#nodes, calls: this.#calls.sort((a, b) => (a.key < b.key ? -1 : 1)) }
  }

  #settlePrompt(): void {
    const prompt = this.#worlds.prompt
    if (prompt === undefined) return
    const next = () => this.#calls.findIndex(({ to, isAbandoned }) => to === prompt && !isAbandoned)
    for (let place = next(); place !== -1; place = next()) {
      this.move(this.#calls[place]?.phase === 'asked' ? 'request-arrives' : 'answer-arrives', place)
    }
  }

  #idleAnswer(): number {
    const { isIdle } = this.#worlds.configuration
    if (isIdle === undefined) return -1
    const messageOf = (number: number) => this.#worlds.message(number)
    return this.#calls.findIndex((call) => {
      if (call.phase !== 'answered' || call.isAbandoned) return false
      const others = this.#calls.filter(
        (other) => other !== call && other.from === call.from && !other.isAbandoned,
      )
      return isIdle(
        messageOf(call.request),
        messageOf(call.answer),
        others.map(({ request }) => messageOf(request)),
      )
    })
  }

  #node(number: number): NodeNow {
    const node = this.#nodes[number]
    if (node === undefined) throw new Error(`there is no node ${number}`)
    return node
  }

  #change(number: number, change: Partial<Omit<NodeNow, 'key'>>): void {
    this.#nodes[number] = { ...this.#node(number), ...change, key: '' }
  }

  #changeCall(call: CallNow, change: Partial<Omit<CallNow, 'key'>>): void {
    this.#calls[this.#calls.indexOf(call)] = keyedCall({ ...call, ...change })
  }

  #removeCall(call: CallNow): void {
    this.#calls.splice(this.#calls.indexOf(call), 1)
  }

  // Moves

  move(kind: Exclude<Move['kind'], 'act' | 'timer'>, place: number): void {
    const call = this.#calls[place]
    if (call === undefined) throw new Error('there is no such call')
    const { from, number, to } = call
    switch (kind) {
      case 'request-arrives': {
        const inbound = this.#freeInbound(call)
        this.#changeCall(call, { phase: 'waiting', inbound })
        const message = this.#worlds.message(call.request)
        const input = { kind: 'message', connection: inbound, message }
        this.step(to, `message ${inbound} ${call.request}`, input as LocalInput<V>)
        break
      }
      case 'answer-arrives': {
        this.#removeCall(call)
        const message = this.#worlds.message(call.answer)
        const input = { kind: 'message', connection: number, message }
        this.step(from, `message ${number} ${call.answer}`, input as LocalInput<V>)
        break
      }
      case 'request-lost':
        this.#removeCall(call)
        break
      case 'unreachable':
      case 'closed':
      case 'answer-lost': {
        this.#removeCall(call)
        const input = { kind: kind === 'unreachable' ? 'unreachable' : 'closed', connection: number } as const
        this.step(from, `${input.kind} ${number}`, input as LocalInput<V>)
        break
      }
    }
  }

  #freeInbound({ from, number, to }: CallNow): number {
    const callers = this.#nodes.length
    let inbound = -(from * NUMBERS_OF_CALLER + number)
    const isTaken = (call: CallNow) => call.to === to && call.phase === 'waiting' && call.inbound === inbound
    while (this.#calls.some(isTaken)) inbound -= callers * NUMBERS_OF_CALLER
    return inbound
  }

  act(node: number, line: number): void {
    const { actors } = this.#worlds.configuration
    const { done, isWaiting } = this.#node(node)
    const act = actors[node]?.script[line]?.[done[line] ?? 0]
    if (act === undefined) throw new Error('the script has no such act')
    this.#change(node, { done: done.with(line, (done[line] ?? 0) + 1) })
    if (act === 'crash') {
      this.#end(node, 'crashed')
    } else if (act === 'restart') {
      this.#change(node, { condition: 'up', local: this.#worlds.local(node).first })
    } else {
      this.#change(node, { isWaiting: isWaiting.with(line, true) })
      const input = { kind: 'command', handle: line + 1, command: act }
      this.step(node, `command ${line} ${JSON.stringify(act)}`, input as LocalInput<V>)
    }
  }

  fire(node: number, timer: string): void {
    this.#change(node, { timers: this.#node(node).timers.filter((name) => name !== timer) })
    this.step(node, `timer ${timer}`, { kind: 'timer', name: timer } as LocalInput<V>)
  }

  // What machines do

  step(number: number, name: string, input: LocalInput<V>): void {
    const step = this.#worlds.local(number).step(this.#node(number).local, name, input)
    if (step.after !== this.#node(number).local) this.#change(number, { local: step.after })
    if (step.timersSet.length + step.timersCleared.length > 0) {
      this.#change(number, { timers: this.#timersAfter(number, step) })
    }
    for (const ended of step.ended) this.#abandon(number, ended)
    for (const { number: own, to, message } of step.requests) this.#ask(number, own, to, message)
    for (const { number: inbound, message } of step.answers) this.#answer(number, inbound, message)
    for (const event of step.events) this.#heard?.push({ node: number, event })
    for (const reply of step.replies) this.#onReply(number, reply)
    if (step.hasHalted) this.#end(number, 'stopped')
  }

  #timersAfter(number: number, { timersSet, timersCleared }: LocalStep<V>): readonly string[] {
    const { mayFire } = this.#worlds.configuration
    const { timers } = this.#node(number)
    if (mayFire === undefined) return timers
    const set = timersSet.filter((name) => mayFire(name))
    const left = [...timers, ...set].filter((name) => set.includes(name) || !timersCleared.includes(name))
    return [...new Set(left)].sort()
  }

  #ask(from: number, number: number, place: V['place'], message: V['stream']): void {
    const to = this.#worlds.nodeAt(place)
    if (to === undefined) throw new Error(`there is nobody at ${JSON.stringify(place)}`)
    if (number > NUMBERS_OF_CALLER)
      throw new Error(`node ${from} has too many calls under way for the explorer`)
    const call = { from, number, to, phase: 'asked', inbound: 0, answer: -1 } as const
    const request = this.#worlds.messageNumber(message)
    this.#calls.push(keyedCall({ ...call, request, isAbandoned: false, mayBeLost: false }))
  }

  #answer(to: number, inbound: number, message: V['stream']): void {
    const call = this.#calls.find(
      (known) => known.to === to && known.phase === 'waiting' && known.inbound === inbound,
    )
    if (call === undefined)
      throw new Error(`node ${to} answers a call that nobody has made, or for the second time`)
    if (call.isAbandoned) {
      this.#removeCall(call)
      return
    }
    this.#changeCall(call, { phase: 'answered', inbound: 0, answer: this.#worlds.messageNumber(message) })
  }

  /** The caller has dropped the connection: a request on its way may still arrive. */
  #abandon(from: number, number: number): void {
    const call = this.#calls.find(
      (known) => known.from === from && known.number === number && !known.isAbandoned,
    )
    if (call === undefined) return
    if (call.phase === 'asked' || call.phase === 'waiting') this.#changeCall(call, { isAbandoned: true })
    else this.#removeCall(call)
  }

  #onReply(number: number, { handle, reply }: LocalStep<V>['replies'][number]): void {
    const line = handle - 1
    const { isWaiting, done } = this.#node(number)
    if (handle === 0) return
    if (!isWaiting[line])
      throw new Error(`node ${number} replies to a command that it was not given, or twice`)
    const act = this.#worlds.configuration.actors[number]?.script[line]?.[(done[line] ?? 0) - 1]
    if (act !== undefined && typeof act !== 'string') this.#heard?.push({ node: number, reply, command: act })
    this.#change(number, { isWaiting: isWaiting.with(line, false) })
  }

  /** The node is gone; what others have under way with it ends sooner or later. */
  #end(node: number, condition: Condition): void {
    this.#change(node, { condition, timers: [] })
    // Nobody is left to answer. A node that stops in order has to answer first.
    if (condition === 'crashed')
      this.#change(node, { isWaiting: this.#node(node).isWaiting.map(() => false) })
    for (const call of [...this.#calls]) {
      if (call.from === node && !call.isAbandoned) this.#abandon(node, call.number)
    }
    for (const call of this.#calls.filter(({ to }) => to === node)) {
      if (call.phase === 'waiting' && call.isAbandoned) this.#removeCall(call)
      else if (call.phase === 'waiting') this.#changeCall(call, { phase: 'broken', inbound: 0 })
      else if (call.phase === 'asked' && call.isAbandoned) this.#removeCall(call)
      else if (call.phase === 'answered' && condition === 'crashed')
        this.#changeCall(call, { mayBeLost: true })
    }
  }
}
