// Walks through every order in which the moves of a small world can come (world.ts), and judges every situation on the way.
//
// Depth first. A situation that was met before is not walked again, as its future is the same. One that comes up again on
// the very path that leads to it is a circle, in which the world could go round for ever: that is an error of its own, and so is
// a path without end. So if the walk ends without one, every run, whatever the order, comes to rest; and what is judged
// at rest holds in the end, always.
//
// Situations are remembered by 128 bits of their keys: two different ones that look the same would have to be one pair in 10^25 at
// ten million situations.
import { createHash } from 'node:crypto'
import type { Vocabulary } from '../core/machine.ts'
import { type Configuration, keyOf, type Move, type World, Worlds } from './world.ts'

/** Far more than any run of a small world needs: who has not come to rest by then never will. */
const MOVES_MAX = 120

export interface Limits {
  /** Situations that are remembered; each costs about 100 bytes. */
  readonly statesMax: number
}

export interface Violation {
  readonly problem: string
  /** From the first situation of the configuration to the wrong one. */
  readonly moves: readonly Move[]
}

export interface Exploration {
  readonly states: number
  readonly transitions: number
  /** Moves of the longest run, if all are known. */
  readonly longestPath: number
  readonly isComplete: boolean
  readonly violation: Violation | undefined
}

const fingerprintOf = (world: World): string => createHash('md5').update(keyOf(world)).digest('binary')

/** The same situation comes again, or new ones without end. */
export const endless = 'this goes on for ever'

/** On the path that is being walked. */
const OPEN = -1

interface Step {
  readonly world: World
  readonly fingerprint: string
  readonly moves: readonly Move[]
  next: number
  /** Moves of the longest run from here, so far. */
  longest: number
}

export function explore<V extends Vocabulary>(configuration: Configuration<V>, limits: Limits): Exploration {
  const worlds = new Worlds(configuration)
  /** For each situation the moves of the longest run from it, or OPEN. */
  const seen = new Map<string, number>()
  const path: Step[] = []
  let transitions = 0
  let problem: string | undefined

  const enter = (world: World, fingerprint: string): void => {
    const moves = worlds.moves(world)
    seen.set(fingerprint, OPEN)
    path.push({ world, fingerprint, moves, next: 0, longest: 0 })
    problem = problemIn(worlds, world, moves)
  }

  const first = worlds.first()
  enter(first, fingerprintOf(first))
  let step = path.at(-1)
  while (step !== undefined && problem === undefined && seen.size <= limits.statesMax) {
    const move = step.moves[step.next]
    if (move === undefined) {
      seen.set(step.fingerprint, step.longest)
      path.pop()
      const before = path.at(-1)
      if (before !== undefined) before.longest = Math.max(before.longest, step.longest + 1)
    } else {
      step.next += 1
      transitions += 1
      const world = worlds.after(step.world, move)
      const fingerprint = fingerprintOf(world)
      const known = seen.get(fingerprint)
      if (known === undefined && path.length < MOVES_MAX) enter(world, fingerprint)
      else if (known === undefined) problem = endless
      else if (known === OPEN) problem = endless
      else step.longest = Math.max(step.longest, known + 1)
    }
    step = path.at(-1)
  }

  const longestPath = seen.get(fingerprintOf(first)) ?? OPEN
  const isComplete = path.length === 0
  const found = {
    states: seen.size,
    transitions,
    isComplete,
    longestPath: isComplete ? longestPath : path.length,
  }
  if (problem === undefined) return { ...found, violation: undefined }
  const moves = path.flatMap(({ moves: possible, next }) => possible[next - 1] ?? [])
  return { ...found, violation: { problem, moves } }
}

/** The second thing wrong that can happen is not looked for. */
export function problemIn<V extends Vocabulary>(
  worlds: Worlds<V>,
  world: World,
  moves: readonly Move[],
): string | undefined {
  const { configuration } = worlds
  const situation = worlds.situation(world)
  const problem = configuration.problem(situation)
  if (problem !== undefined || !worlds.isAtRest(moves)) return problem
  const held = situation.calls.find(({ phase }) => phase === 'waiting')
  if (held !== undefined) {
    const [from, to] = [held.from, held.to].map((node) => situation.nodes[node]?.name)
    return `${to} never answers a call of ${from}: nothing else is under way`
  }
  return configuration.problemAtRest(situation)
}

interface Reached {
  readonly world: World
  readonly before: number
  readonly move: Move | undefined
}

/**
 * An error that takes as few moves as any: breadth first, so that the first one found is such. Undefined if it lies beyond the
 * limit, or is a circle.
 */
export function shortestViolation<V extends Vocabulary>(
  configuration: Configuration<V>,
  { statesMax }: Limits,
): Violation | undefined {
  const worlds = new Worlds(configuration)
  const first = worlds.first()
  const seen = new Set([fingerprintOf(first)])
  const reached: Reached[] = [{ world: first, before: -1, move: undefined }]
  for (let at = 0; at < reached.length; at += 1) {
    const here = reached[at]
    if (here === undefined) break
    const moves = worlds.moves(here.world)
    const problem = problemIn(worlds, here.world, moves)
    if (problem !== undefined) return { problem, moves: movesTo(reached, at) }
    for (const move of moves) {
      const world = worlds.after(here.world, move)
      const fingerprint = fingerprintOf(world)
      if (seen.has(fingerprint) || seen.size >= statesMax) continue
      seen.add(fingerprint)
      reached.push({ world, before: at, move })
    }
  }
  return undefined
}

function movesTo(reached: readonly Reached[], place: number): Move[] {
  const moves: Move[] = []
  for (let at = reached[place]; at?.move !== undefined; at = reached[at.before]) moves.push(at.move)
  return moves.reverse()
}
