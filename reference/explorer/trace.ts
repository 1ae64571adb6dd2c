// A path through a world as lines that a person can read, and that lead to the same situation again.
import type { Vocabulary } from '../core/machine.ts'
import type { Violation } from './explore.ts'
import { problemIn } from './explore.ts'
import { type Configuration, type Heard, type Move, type World, Worlds } from './world.ts'

export interface Line {
  /** Names the move among all that are possible then. */
  readonly move: string
  /** What the users hear of it. */
  readonly heard: string
}

export function linesOf<V extends Vocabulary>(
  configuration: Configuration<V>,
  moves: readonly Move[],
): Line[] {
  const worlds = new Worlds(configuration)
  let world = worlds.first()
  return moves.map((move) => {
    const heard: Heard<V>[] = []
    const name = nameOf(worlds, world, move)
    world = worlds.after(world, move, heard)
    return { move: name, heard: heard.map((one) => wordsFor(worlds, one)).join(', ') }
  })
}

/** What goes on for ever has shown it by then. */
const LINES_MAX = 60

/** The violation in lines. */
export function tell<V extends Vocabulary>(
  configuration: Configuration<V>,
  { problem, moves }: Violation,
): string {
  const lines = linesOf(configuration, moves.slice(0, LINES_MAX)).map(({ move, heard }, index) => {
    const number = `${index + 1}`.padStart(4)
    return heard === '' ? `${number}  ${move}` : `${number}  ${move}  (${heard})`
  })
  if (moves.length > LINES_MAX) lines.push(`      ... and ${moves.length - LINES_MAX} more`)
  return [...lines, `      => ${problem}`].join('\n')
}

/** Goes the same way again, by the names of the moves, and gives what is wrong at its end. */
export function replay<V extends Vocabulary>(
  configuration: Configuration<V>,
  names: readonly string[],
): string | undefined {
  const worlds = new Worlds(configuration)
  let world = worlds.first()
  for (const name of names) {
    const move = worlds.moves(world).find((possible) => nameOf(worlds, world, possible) === name)
    if (move === undefined) throw new Error(`this move is not possible then: ${name}`)
    world = worlds.after(world, move)
  }
  return problemIn(worlds, world, worlds.moves(world))
}

function nameOf<V extends Vocabulary>(worlds: Worlds<V>, world: World, move: Move): string {
  const { nodes, calls } = worlds.situation(world)
  if (move.kind === 'timer') return `${nodes[move.node]?.name}: time is up for ${move.timer}`
  if (move.kind === 'act') {
    const { name } = nodes[move.node] ?? {}
    const done = world.nodes[move.node]?.done[move.line] ?? 0
    const act = worlds.configuration.actors[move.node]?.script[move.line]?.[done]
    return `${name}: ${typeof act === 'string' ? act : act?.command}`
  }
  const call = calls[move.call]
  const number = world.calls[move.call]?.number
  if (call === undefined) throw new Error('there is no such call')
  const [from, to] = [call.from, call.to].map((node) => nodes[node]?.name)
  const request = JSON.stringify(call.request)
  const answer = JSON.stringify(call.answer)
  switch (move.kind) {
    case 'request-arrives':
      return `${from} -> ${to}: ${request} [${number}]`
    case 'request-lost':
      return `${from} -> ${to}: ${request} [${number}] is lost`
    case 'answer-arrives':
      return `${to} -> ${from}: ${answer} to ${request} [${number}]`
    case 'answer-lost':
      return `${to} -> ${from}: ${answer} to ${request} [${number}] is lost`
    case 'unreachable':
      return `${from} cannot reach ${to} with ${request} [${number}]`
    case 'closed':
      return `${from} gets no answer from ${to} to ${request} [${number}]`
  }
}

function wordsFor<V extends Vocabulary>(
  worlds: Worlds<V>,
  { node, reply, command, event }: Heard<V>,
): string {
  const name = worlds.configuration.actors[node]?.name
  if (event !== undefined) return `${name} ${JSON.stringify(event)}`
  const end = reply?.ok ? 'is done' : `fails: ${reply?.error.code}`
  return `${name} ${command?.command} ${end}`
}
