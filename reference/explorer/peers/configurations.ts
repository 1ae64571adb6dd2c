// The small worlds of peers that are explored, each for something that can go wrong in it.
//
// A line of acts is what one user does, one after the other; a second line of the same peer comes at any time beside it. So
// `join acquire release` and `stop` is a peer that may be stopped at any moment of its life.
import { type PeersRules, peersRules } from '../../peers/rules.ts'
import type { PeersLine } from '../../peers/vocabulary.ts'
import type { Configuration } from '../world.ts'
import { NAME_SERVICE, nameService, type PeersVocabulary, peer } from './actors.ts'
import { mayDie, problem, problemAtRest } from './invariants.ts'

export type PeersConfiguration = Configuration<PeersVocabulary>

export interface Sketch {
  readonly name: string
  /** Peers that have joined, in this order, before the exploration begins. The first one has the token. */
  readonly members?: readonly string[]
  readonly peers: Readonly<Record<string, readonly string[]>>
  /** The name service checks who is left when a peer has unregistered. */
  readonly hasChecks?: boolean
  /** `acquire` may time out, at any moment. */
  readonly mayTimeOut?: boolean
  /** Calls at the name service take no time. */
  readonly isPrompt?: boolean
}

/** Those that take seconds at most: a test walks through them. */
export const smallSketches = {
  join: {
    name: 'three join at once, and one of them wants the lock',
    peers: { a: ['join acquire release'], b: ['join'], c: ['join'] },
  },
  inOrder: {
    name: 'two peers: join, acquire, release, leave',
    peers: { a: ['join acquire release stop'], b: ['join acquire release stop'] },
  },
  turns: {
    name: 'three members take turns at the lock',
    members: ['a', 'b', 'c'],
    peers: { a: ['acquire release'], b: ['acquire release'], c: ['acquire release'] },
  },
  holderLeaves: {
    name: 'two join while the only member, who has the token, leaves',
    members: ['a'],
    peers: { a: ['stop'], b: ['join'], c: ['join'] },
  },
  membersLeave: {
    name: 'all members leave while one joins',
    members: ['a', 'b'],
    peers: { a: ['stop'], b: ['stop'], c: ['join'] },
  },
  waiterAndNewcomer: {
    name: 'one waits for the token, its owner leaves, a third joins',
    members: ['a', 'b'],
    peers: { a: ['stop'], b: ['acquire release'], c: ['join'] },
  },
  crash: {
    name: 'one of three dies without the token',
    members: ['a', 'b', 'c'],
    peers: { a: ['acquire release'], b: ['acquire release'], c: ['acquire release', 'crash'] },
  },
  comesBack: {
    name: 'one dies and comes back at its address while another joins',
    members: ['a', 'b'],
    peers: { a: ['acquire release'], b: ['crash restart join'], c: ['join'] },
  },
  givenUp: {
    name: 'two ask for the token and may give up, at any moment',
    members: ['a', 'b', 'c'],
    peers: { a: [], b: ['acquire'], c: ['acquire'] },
    mayTimeOut: true,
  },
  checked: {
    name: 'one dies, one leaves, and the name service checks who is left',
    members: ['a', 'b', 'c'],
    peers: { a: [], b: ['stop'], c: ['crash'] },
    hasChecks: true,
  },
} as const satisfies Record<string, Sketch>

export const largeSketches = {
  stopAnywhere: {
    name: 'two peers, either of which may be stopped at any moment',
    peers: { a: ['join acquire release', 'stop'], b: ['join acquire release', 'stop'] },
  },
  turnsFromStart: {
    name: 'three join at once and take turns at the lock',
    peers: { a: ['join acquire release'], b: ['join acquire release'], c: ['join acquire release'] },
  },
  turnsTwice: {
    name: 'three members, two of which take the lock twice',
    members: ['a', 'b', 'c'],
    peers: { a: [], b: ['acquire release acquire release'], c: ['acquire release acquire release'] },
  },
  holderLeavesWaiters: {
    name: 'two join and want the lock while its holder leaves',
    members: ['a'],
    peers: { a: ['acquire', 'stop'], b: ['join acquire release'], c: ['join'] },
  },
  waiterAndHolder: {
    name: 'one waits for the lock, its holder leaves, a third joins',
    members: ['a', 'b'],
    peers: { a: ['acquire', 'stop'], b: ['acquire release'], c: ['join'] },
  },
  joinerLeaves: {
    name: 'three join at once, and one of them may be stopped at any moment',
    peers: { a: ['join', 'stop'], b: ['join'], c: ['join'] },
  },
  joinerCrashes: {
    name: 'two join and want the lock, and one of them dies without it',
    members: ['a'],
    peers: { a: ['acquire release'], b: ['join acquire release', 'crash'], c: ['join acquire release'] },
  },
  givenUpTwice: {
    name: 'three want the lock and may give up, at any moment',
    members: ['a', 'b', 'c'],
    peers: { a: ['acquire release'], b: ['acquire release'], c: ['acquire release'] },
    mayTimeOut: true,
  },
  joinersLeave: {
    name: 'three join at once, and two of them may be stopped at any moment',
    peers: { a: ['join', 'stop'], b: ['join', 'stop'], c: ['join'] },
  },
  turnsAndDeparture: {
    name: 'three members take turns at the lock, and one of them may be stopped at any moment',
    members: ['a', 'b', 'c'],
    peers: { a: ['acquire release', 'stop'], b: ['acquire release'], c: ['acquire release'] },
  },
  fourInMotion: {
    name: 'all members leave while two join; calls at the name service take no time',
    members: ['a', 'b'],
    peers: { a: ['stop'], b: ['stop'], c: ['join'], d: ['join'] },
    isPrompt: true,
  },
  allMayStop: {
    name: 'three join, and all may be stopped; calls at the name service take no time',
    peers: { a: ['join', 'stop'], b: ['join', 'stop'], c: ['join', 'stop'] },
    isPrompt: true,
  },
} as const satisfies Record<string, Sketch>

export function peersConfiguration(sketch: Sketch, rules: PeersRules = peersRules): PeersConfiguration {
  const { name, members = [], peers, hasChecks = false, mayTimeOut = false, isPrompt = false } = sketch
  return {
    name,
    actors: [
      nameService(rules, hasChecks),
      ...Object.entries(peers).map(([letter, lines]) => peer(letter, lines, rules)),
    ],
    prologue: members.map((actor) => ({ actor, command: { command: 'join' } })),
    ...(mayTimeOut ? { mayFire: (timer: string) => timer === 'acquire' } : {}),
    ...(isPrompt ? { prompt: NAME_SERVICE } : {}),
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
