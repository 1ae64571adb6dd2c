// What must hold of a name service and its peers, in every situation and when nothing is under way (peers.lock.one,
// peers.lock.live, peers.join.at-once, peers.leave.*).
//
// The invariants look at all nodes at once, as nobody in the world can. A token is at a peer, or in an `obtain_token` that has not ended
// well: the request is on its way, or it has been refused and its sender will have the token again.
import { findById } from '../../peers/by-id.ts'
import type { NameServiceState } from '../../peers/name-service-machine.ts'
import type { PeerState } from '../../peers/peer.ts'
import type { Situation } from '../world.ts'
import { NAME_SERVICE, type PeersVocabulary } from './actors.ts'

type PeersSituation = Situation<PeersVocabulary>
type Call = PeersSituation['calls'][number]

interface Seen {
  readonly name: string
  readonly condition: 'up' | 'stopped' | 'crashed'
  readonly state: PeerState
  readonly waiting: readonly string[]
}

function peersIn({ nodes }: PeersSituation): Seen[] {
  return nodes
    .filter(({ name }) => name !== NAME_SERVICE)
    .map(({ name, condition, state, waiting }) => {
      return { name, condition, state: state as PeerState, waiting: waiting.map(({ command }) => command) }
    })
}

function isToken({ request }: Call): boolean {
  return 'method' in request && request.method === 'obtain_token'
}

function carriesToken(call: Call): boolean {
  if (!isToken(call)) return false
  if (call.phase === 'asked') return true
  return call.phase === 'answered' && call.answer !== undefined && 'error' in call.answer
}

const hasToken = ({ condition, state }: Seen): boolean =>
  condition === 'up' && (state.lock?.token ?? 'none') !== 'none'

/** A peer dies with the token if it has it, and also if an `obtain_token` from it or to it has not ended. */
export function mayDie(situation: PeersSituation, node: number): boolean {
  const { name } = situation.nodes[node] ?? {}
  const self = peersIn(situation).find((peer) => peer.name === name)
  if (self === undefined || hasToken(self)) return false
  return !situation.calls.some((call) => isToken(call) && (call.from === node || call.to === node))
}

/** peers.lock.one */
export function problem(situation: PeersSituation): string | undefined {
  const peers = peersIn(situation)
  const holders = peers.filter(({ condition, state }) => condition === 'up' && state.lock?.token === 'held')
  if (holders.length > 1) return `${namesOf(holders)} hold the lock at once`
  const having = peers.filter(hasToken)
  const travelling = situation.calls.filter(carriesToken)
  if (having.length + travelling.length <= 1) return undefined
  const ways = travelling.map(({ from, to }) =>
    [from, to].map((node) => situation.nodes[node]?.name).join(' to '),
  )
  const places = [...having.map(({ name }) => `at ${name}`), ...ways.map((way) => `from ${way}`)]
  return `there are ${places.length} tokens: ${places.join(', ')}`
}

/** No call is under way. Users may have more to do. */
export function problemAtRest(situation: PeersSituation): string | undefined {
  const peers = peersIn(situation)
  const living = peers.filter(({ condition, state }) => condition === 'up' && state.isJoined)
  return (
    commandProblem(peers) ??
    living.map((self) => listProblem(self, living, peers)).find((found) => found !== undefined) ??
    registrationProblem(situation, living) ??
    tokenProblem(living)
  )
}

/** peers.join.done, peers.leave.dead: everything but waiting for the lock ends by itself. */
function commandProblem(peers: readonly Seen[]): string | undefined {
  for (const { name, condition, waiting } of peers) {
    if (condition === 'stopped' && waiting.length > 0)
      return `${name} has stopped and never answers ${waiting}`
    const endless = waiting.find((command) => command !== 'acquire')
    if (endless !== undefined) return `${endless} of ${name} never ends`
  }
  return undefined
}

/**
 * peers.join.at-once, peers.leave.order, peers.list.dead, peers.list.address: a crashed peer may be in a list until somebody calls
 * it, or its next life comes into the list.
 */
function listProblem(self: Seen, living: readonly Seen[], peers: readonly Seen[]): string | undefined {
  const { list } = self.state
  const missing = living.filter((other) => other !== self && findById(list, other.state.id) === undefined)
  if (missing.length > 0) return `${self.name} does not have ${namesOf(missing)} in its list`
  const known = peers.filter((other) => other.condition === 'stopped' || living.includes(other))
  const ids = living.map(({ state }) => state.id)
  const strange = list.find(({ id, address }) => {
    return !ids.includes(id) && known.some(({ name }) => name === address[0])
  })
  if (strange === undefined) return undefined
  return `${self.name} still has ${strange.id} at ${strange.address[0]} in its list`
}

/** peers.unregister.removes: who looks for peers finds those that are there. */
function registrationProblem({ nodes }: PeersSituation, living: readonly Seen[]): string | undefined {
  const state = nodes.find(({ name }) => name === NAME_SERVICE)?.state as NameServiceState
  const registered = state.namespaces.flatMap((namespace) => namespace.registered)
  const missing = living.filter((self) => findById(registered, self.state.id) === undefined)
  if (missing.length > 0) return `${namesOf(missing)} is not registered any more`
  const stopped = nodes.filter(({ condition }) => condition === 'stopped').map(({ name }) => name)
  const strange = registered.find(({ address }) => stopped.includes(address[0]))
  return strange === undefined ? undefined : `${strange.address[0]} is still registered`
}

/** peers.lock.live: somebody has the token, and nobody waits while nobody holds it. */
function tokenProblem(living: readonly Seen[]): string | undefined {
  if (living.length === 0) return undefined
  const having = living.find(hasToken)
  if (having === undefined) return `nobody has the token, of ${namesOf(living)}`
  const waiting = living.filter((self) => self.waiting.includes('acquire'))
  if (waiting.length === 0 || having.state.lock?.token === 'held') return undefined
  return `${namesOf(waiting)} waits for the token, which rests at ${having.name}`
}

const namesOf = (peers: readonly Seen[]): string => peers.map(({ name }) => name).join(' and ')
