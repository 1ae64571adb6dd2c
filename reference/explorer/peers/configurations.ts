// The small worlds of peers that are explored, each for something that can go wrong in it.
//
// A line of acts is what one user does, one after the other; a second line of the same peer comes at any time beside it. So
// `join acquire release` and `stop` is a peer that may be stopped at any moment of its life.
import { type PeersRules, peersRules } from '../../peers/rules.ts'
import type { PeersLine } from '../../peers/vocabulary.ts'
import type { Configuration } from '../world.ts'
import { nameService, type PeersVocabulary, peer } from './actors.ts'
import { mayDie, problem, problemAtRest } from './invariants.ts'

export type PeersConfiguration = Configuration<PeersVocabulary>

interface Sketch {
  readonly name: string
  /** Peers that have joined, in this order, before the exploration begins. */
  readonly members?: readonly string[]
  /** What each peer does. */
  readonly peers: Readonly<Record<string, readonly string[]>>
  readonly hasChecks?: boolean
  readonly mayTimeOut?: boolean
}

export function peersConfiguration(sketch: Sketch, rules: PeersRules = peersRules): PeersConfiguration {
  const { name, members = [], peers, hasChecks = false, mayTimeOut = false } = sketch
  return {
    name,
    actors: [
      nameService(rules, hasChecks),
      ...Object.entries(peers).map(([letter, lines]) => peer(letter, lines, rules)),
    ],
    prologue: members.map((actor) => ({ actor, command: { command: 'join' } })),
    ...(mayTimeOut ? { mayFire: (timer: string) => timer === 'acquire' } : {}),
    isIdle,
    mayCrash: mayDie,
    problem,
    problemAtRest,
  }
}

/**
 * Who is asked for the token answers that it has heard it, and the one who asks goes on as before (peers.lock.request). A peer that
 * leaves only waits for the last of its calls to end (peers.leave.dead).
 */
function isIdle(request: PeersLine, answer: PeersLine, others: readonly PeersLine[]): boolean {
  if (!('method' in request) || 'noAnswer' in answer) return false
  if (request.method === 'request_token') return 'result' in answer
  const isSame = (other: PeersLine) => 'method' in other && other.method === 'unregister_peer'
  return request.method === 'unregister_peer' && others.some(isSame)
}
