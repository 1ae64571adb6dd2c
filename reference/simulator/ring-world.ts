// A simulated ring: the world of world.ts with ring machines, the moves that a user makes (form, join, leave, crash,
// store, request), and the invariants that must hold once the network is whole and the ring had time to heal.
//
// The invariants are the simulator's own. They are computed from the ids that run and from the bytes that were stored, not
// from anything that a machine says about the others.
import type { RingConfig } from '../../spec/ring/control.ts'
import { createRingMachine } from '../ring/machine.ts'
import { type RingRules, ringRules } from '../ring/rules.ts'
import type { RingCommand, RingVocabulary } from '../ring/vocabulary.ts'
import type { NetworkFaults } from './faults.ts'
import { type Reply, World } from './world.ts'

export type RingReply = Reply<RingVocabulary>

export interface RingWorldOptions {
  readonly seed: number
  readonly faults?: Partial<NetworkFaults>
  readonly config?: Partial<RingConfig>
  /** A mutant's rules, to see that the invariants notice it. */
  readonly rules?: Partial<RingRules>
}

/** Times of a simulated ring in ms: a death is noticed after four to six ping intervals. */
export const simulatedTimes = {
  pingIntervalMs: 100,
  refreshIntervalMs: 1000,
  joinTimeoutMs: 3000,
  requestTimeoutMs: 3000,
  departTimeoutMs: 1000,
  retransmitTimeoutMs: 50,
} as const

interface State {
  readonly id: number
  readonly inRing: boolean
  readonly successors: readonly number[] | null
  readonly predecessors: readonly (number | null)[]
  readonly files: readonly string[]
}

export class RingWorld {
  readonly world: World<RingVocabulary>
  readonly #outside = new Map<string, Uint8Array>()
  #files = 0

  constructor(options: RingWorldOptions) {
    const rules = { ...ringRules, ...options.rules }
    this.world = new World<RingVocabulary>({
      seed: options.seed,
      ...(options.faults === undefined ? {} : { faults: options.faults }),
      outsideFiles: this.#outside,
      nodeAt: (id) => id,
      createMachine: (id, seed) =>
        createRingMachine(
          { id, basePort: 1, folder: `${id}`, ...simulatedTimes, ...options.config, seed },
          rules,
        ),
    })
  }

  /** Starts these peers as one ring at rest, each told its successors. */
  form(ids: readonly number[]): void {
    const sorted = [...ids].sort((a, b) => a - b)
    for (const id of sorted) this.world.start(id)
    for (const id of sorted) {
      this.send(id, { command: 'init', successors: successorsOf(sorted, id) })
    }
    this.world.runFor(4 * simulatedTimes.pingIntervalMs)
  }

  /** Gives a command; the answer is there once the world has run far enough. */
  send(id: number, command: RingCommand): { reply?: RingReply } {
    const answer: { reply?: RingReply } = {}
    this.world.command(id, command, (reply) => {
      answer.reply = reply
    })
    return answer
  }

  join(id: number, via: number): { reply?: RingReply } {
    this.world.start(id)
    return this.send(id, { command: 'join', via })
  }

  /** Stores content under a name, beginning at `id`. */
  store(id: number, name: string, bytes: Uint8Array): { reply?: RingReply } {
    const path = `outside/${this.#files++}`
    this.#outside.set(path, bytes)
    return this.send(id, { command: 'store', name, path })
  }

  /** The bytes that a `request` command of this peer received. */
  received(id: number, reply: RingReply): Uint8Array | undefined {
    if (!reply.ok || !('path' in reply.result)) return undefined
    return this.world.file(id, reply.result.path.slice(`${id}/`.length))
  }

  state(id: number): State {
    const { reply } = this.send(id, { command: 'state' })
    if (reply?.ok !== true) throw new Error(`peer ${id} does not tell its state`)
    return reply.result as State
  }

  /**
   * What contradicts a ring at rest, in words; empty when all is well. A newcomer whose join failed, because a peer died
   * with the message in its hands, runs and is in no ring; it counts for nothing but its commands.
   */
  violations(): string[] {
    const running = this.world.running.sort((a, b) => a - b)
    const states = running.map((id) => this.state(id)).filter((state) => state.inRing)
    const ids = states.map((state) => state.id)
    return [...successorViolations(ids, states), ...ownerViolations(ids, states), ...this.#leaks(running)]
  }

  /** Commands that never end, and contents that nobody gave back. */
  #leaks(ids: readonly number[]): string[] {
    const waiting = ids
      .filter((id) => this.world.waitingCommands(id) > 0)
      .map((id) => `peer ${id} has ${this.world.waitingCommands(id)} commands without an answer`)
    const open = ids
      .filter((id) => this.world.openBlobs(id) > 0)
      .map((id) => `peer ${id} holds ${this.world.openBlobs(id)} contents that nobody uses`)
    return [...waiting, ...open]
  }
}

/** The two ids that follow `id` on the circle; `sorted` ascending, with `id` in it. */
export function successorsOf(sorted: readonly number[], id: number): [number, number] {
  const place = sorted.indexOf(id)
  const after = (steps: number): number => sorted[(place + steps) % sorted.length] ?? id
  return [after(1), after(2)]
}

function successorViolations(ids: readonly number[], states: readonly State[]): string[] {
  return states
    .filter((state) => `${state.successors}` !== `${successorsOf(ids, state.id)}`)
    .map((state) => `peer ${state.id} has successors ${state.successors}, not ${successorsOf(ids, state.id)}`)
}

/** Exactly one peer takes each key for its own. Walks the 256 keys one by one on purpose: no interval arithmetic to share. */
function ownerViolations(ids: readonly number[], states: readonly State[]): string[] {
  const found: string[] = []
  for (let key = 0; key < 256; key += 1) {
    const owners = states.filter((state) => claims(state, key)).map((state) => state.id)
    const expected = ids.find((id) => id >= key) ?? ids[0]
    if (owners.length !== 1 || owners[0] !== expected) {
      found.push(`key ${key} is claimed by [${owners}], not by ${expected}`)
    }
  }
  return found
}

function claims(state: State, key: number): boolean {
  const [predecessor] = state.predecessors
  if (!state.inRing) return false
  if (predecessor === null || predecessor === undefined) return state.successors?.[0] === state.id
  for (let at = (predecessor + 1) % 256; ; at = (at + 1) % 256) {
    if (at === key) return true
    if (at === state.id) return false
  }
}
