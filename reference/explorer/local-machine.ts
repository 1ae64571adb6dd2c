// One node of an explored world, without the others: which states its machine has been seen in, and what it does in each.
//
// A machine is pure, so a step is a function of its state and the input. Both are written down as text and get a number, and the
// step from one number to the next is taken once, however many situations of the whole world it occurs in. So a
// situation is a handful of numbers, equal situations look equal, and walking through millions of them costs little.
import type { Effect, Input, Machine, Vocabulary } from '../core/machine.ts'

/** A machine whose whole memory is one plain object: a copy of it continues elsewhere. */
export interface ExplorableMachine<V extends Vocabulary> extends Machine<V> {
  readonly state: unknown
}

/** Number of a state of one node, in the order in which they were found. */
export type LocalNumber = number

type Reply<V extends Vocabulary> = Extract<Effect<V>, { kind: 'reply' }>

/** All that a step does beside the new state, sorted by what the world does with it. */
export interface LocalStep<V extends Vocabulary> {
  readonly after: LocalNumber
  readonly requests: readonly {
    readonly number: number
    readonly to: V['place']
    readonly message: V['stream']
  }[]
  readonly answers: readonly { readonly number: number; readonly message: V['stream'] }[]
  /** Own connections that are over. */
  readonly ended: readonly number[]
  readonly replies: readonly Reply<V>[]
  readonly events: readonly V['event'][]
  readonly timersSet: readonly string[]
  readonly timersCleared: readonly string[]
  readonly hasHalted: boolean
}

type Unstamped<I> = I extends { at: number } ? Omit<I, 'at'> : never
export type LocalInput<V extends Vocabulary> = Unstamped<Input<V>>

export class LocalMachine<V extends Vocabulary> {
  readonly #create: (state?: unknown) => ExplorableMachine<V>
  readonly #texts: string[] = []
  readonly #states: unknown[] = []
  readonly #numbers = new Map<string, LocalNumber>()
  readonly #steps = new Map<string, LocalStep<V>>()
  /** The state after `start`. */
  readonly first: LocalNumber

  constructor(create: (state?: unknown) => ExplorableMachine<V>) {
    this.#create = create
    const machine = create()
    const effects = machine.step({ kind: 'start', firstNumber: 1, at: 0 })
    if (effects.length > 0) throw new Error('the explorer knows only machines that do nothing at their start')
    this.first = this.#number(machine.state)
  }

  /** For looking at; it belongs to every situation with this number. */
  state(local: LocalNumber): unknown {
    return this.#states[local]
  }

  #number(state: unknown): LocalNumber {
    const text = JSON.stringify(state)
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#texts.length
    this.#numbers.set(text, number)
    this.#texts.push(text)
    this.#states.push(JSON.parse(text))
    return number
  }

  /** `name` stands for the input: two inputs with one name are the same. */
  step(before: LocalNumber, name: string, input: LocalInput<V>): LocalStep<V> {
    const key = `${before} ${name}`
    const known = this.#steps.get(key)
    if (known !== undefined) return known
    const step = this.#take(before, input)
    this.#steps.set(key, step)
    return step
  }

  #take(before: LocalNumber, input: LocalInput<V>): LocalStep<V> {
    const machine = this.#create(JSON.parse(this.#texts[before] ?? ''))
    // Time does not exist here: what takes how long is what the order of moves leaves open.
    const effects = [...machine.step({ ...input, at: 0 } as Input<V>)]
    const isGone = input.kind === 'closed' || input.kind === 'unreachable'
    const ended = new Set<number>(isGone ? [input.connection] : [])
    // A node learns at once that a connection which it drops is gone: nothing of the others' can come between.
    for (const effect of effects) {
      if (effect.kind !== 'abort' || ended.has(effect.connection)) continue
      ended.add(effect.connection)
      effects.push(...machine.step({ kind: 'closed', connection: effect.connection, at: 0 } as Input<V>))
    }
    return { ...sorted(effects), ended: [...ended], after: this.#number(machine.state) }
  }
}

function sorted<V extends Vocabulary>(effects: readonly Effect<V>[]): Omit<LocalStep<V>, 'after' | 'ended'> {
  const opened = new Map<number, V['place']>()
  const step = {
    requests: [] as { number: number; to: V['place']; message: V['stream'] }[],
    answers: [] as { number: number; message: V['stream'] }[],
    replies: [] as Reply<V>[],
    events: [] as V['event'][],
    timersSet: [] as string[],
    timersCleared: [] as string[],
    hasHalted: false,
  }
  for (const effect of effects) {
    switch (effect.kind) {
      case 'open':
        opened.set(effect.connection, effect.to)
        break
      case 'send': {
        const { connection: number, message } = effect
        if (number < 0) step.answers.push({ number, message })
        else if (opened.has(number)) step.requests.push({ number, to: opened.get(number), message })
        else throw new Error('the explorer knows one request on a connection only')
        break
      }
      case 'abort':
        break
      case 'reply':
        step.replies.push(effect)
        break
      case 'event':
        step.events.push(effect.event)
        break
      case 'set-timer':
        step.timersSet.push(effect.name)
        break
      case 'clear-timer':
        step.timersCleared.push(effect.name)
        break
      case 'halt':
        step.hasHalted = true
        break
      default:
        throw new Error(`the explorer does not carry out the effect ${effect.kind}`)
    }
  }
  return step
}
