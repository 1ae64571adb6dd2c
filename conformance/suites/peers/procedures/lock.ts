// One peer with the lock among played ones: asking it for the token, giving it one, and looking at what it does with it.
import { isDeepStrictEqual } from 'node:util'
import type { PeerResult, TokenState } from '../../../../spec/peers/control.ts'
import type { Times } from '../../../oracle/peers-history.ts'
import type { Case } from '../../../verdict/case.ts'
import {
  argsOf,
  type PeerNode,
  type PeersBench,
  type PeersNodeOptions,
  type PlayedNameService,
  type PlayedPeer,
} from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { type Begun, begun, requireSuccess, requireWaiting } from '../../outcome.ts'
import { type PeersCase, peersCase, stage } from '../define.ts'
import { requireResult } from './answers.ts'
import { requireCall } from './calls.ts'

/** A case of the lock: most differ in nothing of this. */
export const lockCase = (
  definition: Omit<PeersCase, 'role' | 'stage' | 'observes'> & Partial<Pick<PeersCase, 'stage'>>,
): Case<'peers'> =>
  peersCase({ role: 'peers.peer', stage: stage.lock, observes: ['wire', 'control'], ...definition })

export interface LockScene {
  readonly bench: PeersBench
  readonly peer: PeerNode
  readonly id: number
  readonly nameService: PlayedNameService
  readonly lower: readonly PlayedPeer[]
  readonly higher: readonly PlayedPeer[]
  /** All played peers, in the order of their ids. */
  readonly others: readonly PlayedPeer[]
}

/** A peer that has joined, with the token if nobody is lower. */
export async function lockScene(
  bench: PeersBench,
  lower: number,
  higher: number,
  options: PeersNodeOptions = {},
): Promise<LockScene> {
  const scene = await bench.peerAmongPlayed(lower, higher, { lock: true, ...options })
  return { bench, ...scene, others: [...scene.lower, ...scene.higher] }
}

/** The played peer of the scene that has this id. */
export const playedAs = ({ others }: LockScene, id: number): PlayedPeer => {
  const played = others.find((other) => other.id === id)
  if (played === undefined) throw new Error(`nobody plays peer ${id}`)
  return played
}

/** Pairs for everyone in the scene: these times, 0 for the others. */
export const timesOf = ({ id, others }: LockScene, times: Readonly<Record<number, number>> = {}): Times =>
  [...others.map((other) => other.id), id].toSorted((a, b) => a - b).map((each) => [each, times[each] ?? 0])

/** A played peer calls `obtain_token`, which must succeed; gives the request. */
export async function giveToken(
  { bench, peer }: Pick<LockScene, 'bench' | 'peer'>,
  from: PlayedPeer,
  times: Times,
  requirement = 'peers.lock.token',
): Promise<Frame> {
  const { request, answer } = await from.call(peer, 'obtain_token', [times])
  requireResult(bench, answer, null, { requirement, to: `obtain_token from ${from.id}` })
  return request
}

/** A played peer calls `request_token`, which must succeed; gives the request. */
export async function ask(
  { bench, peer }: Pick<LockScene, 'bench' | 'peer'>,
  from: PlayedPeer,
  time: number,
  requirement = 'peers.lock.record',
): Promise<Frame> {
  const { request, answer } = await from.call(peer, 'request_token', [time, from.id])
  requireResult(bench, answer, null, { requirement, to: `request_token from ${from.id}` })
  return request
}

export const acquire = (peer: PeerNode, withinMs?: number): Begun<PeerResult<'acquire'>> =>
  begun(peer.command('acquire', {}, withinMs))
export const release = (peer: PeerNode): Begun<PeerResult<'release'>> => begun(peer.command('release', {}))

/** `acquire` succeeds; without the token somebody has to give it meanwhile. */
export const requireAcquired = (
  bench: PeersBench,
  acquiring: Begun<PeerResult<'acquire'>>,
  requirement = 'peers.lock.request',
): Promise<PeerResult<'acquire'>> => requireSuccess(bench, acquiring, requirement, 'acquire to succeed')

export const requireReleased = (
  bench: PeersBench,
  peer: PeerNode,
  requirement = 'peers.lock.release',
): Promise<PeerResult<'release'>> => requireSuccess(bench, release(peer), requirement, 'release to succeed')

/** The peer asks `giver`, gets the token from it with these times, and holds the lock. */
export async function holdFrom(scene: LockScene, giver: PlayedPeer, times?: Times): Promise<void> {
  const { bench, peer } = scene
  const acquiring = acquire(peer)
  await requireRequest(scene, giver)
  requireWaiting(bench, acquiring, 'peers.lock.request', 'acquire to wait for the token')
  await giveToken(scene, giver, times ?? timesOf(scene))
  await requireAcquired(bench, acquiring)
}

/** The peer asks this played one, with this time if one is given. Takes the request. */
export const requireRequest = (
  { bench, id }: Pick<LockScene, 'bench' | 'id'>,
  at: PlayedPeer,
  time?: number,
  requirement = 'peers.lock.request',
): Promise<Frame> =>
  requireCall(bench, at, 'request_token', {
    requirement,
    expected: `request_token from ${id} at ${at.id}`,
    ...(time !== undefined && { args: [time, id] }),
  })

/** The token passes to this played peer. Takes the call, which becomes evidence. */
export async function requirePass(
  { bench, id }: Pick<LockScene, 'bench' | 'id'>,
  to: PlayedPeer,
  requirement: string,
  because: string,
): Promise<Frame> {
  const expected = `the token to pass from ${id} to ${to.id} ${because}`
  const frame = await requireCall(bench, to, 'obtain_token', { requirement, expected })
  bench.evidence(expected, frame)
  return frame
}

/** No token has passed to any of these since that frame. */
export function requireNoPass(
  scene: Pick<LockScene, 'bench'>,
  to: readonly PlayedPeer[],
  requirement: string,
  because: string,
  since = 0,
): void {
  const bench: PeersBench = scene.bench
  const found = to.flatMap((played) => played.received('obtain_token')).find(({ n }) => n >= since)
  bench.require(found === undefined, {
    requirement,
    expected: `no token for ${to.map(({ id }) => id).join(', ')} ${because}`,
    actual: `${JSON.stringify(found?.message)} at seat ${found?.to}`,
    exhibits: found === undefined ? [] : [{ frame: found.n }],
  })
}

/** The token in a call carries exactly these times, in any order. */
export function requireTimes(
  bench: PeersBench,
  call: Frame,
  expected: Times,
  requirement = 'peers.lock.token',
): void {
  const [carried] = argsOf(call)
  const byId = (a: readonly unknown[], b: readonly unknown[]) => Number(a[0]) - Number(b[0])
  const sorted = Array.isArray(carried) ? carried.toSorted(byId) : carried
  bench.require(isDeepStrictEqual(sorted, expected.toSorted(byId)), {
    requirement,
    expected: `a token with ${JSON.stringify(expected)}`,
    actual: JSON.stringify(carried),
    exhibits: [{ frame: call.n, at: '/args/0' }],
  })
}

/** `state` says this about the token, at the latest when the time is over. */
export async function requireTokenState(
  bench: PeersBench,
  peer: PeerNode,
  expected: TokenState,
  requirement: string,
  because: string,
): Promise<void> {
  let { token } = await peer.state()
  if (token !== expected)
    await bench.until(async () => {
      token = (await peer.state()).token
      return token === expected
    })
  bench.require(token === expected, {
    requirement,
    expected: `the token ${expected} ${because}`,
    actual: String(token),
  })
}

/** `state` says this about the token at this moment. */
export async function requireTokenNow(
  bench: PeersBench,
  peer: PeerNode,
  expected: TokenState,
  requirement: string,
  because: string,
): Promise<void> {
  const { token } = await peer.state()
  bench.require(token === expected, {
    requirement,
    expected: `the token ${expected} ${because}`,
    actual: String(token),
  })
}

/** `state` has exactly these requests. */
export async function requireRequests(
  scene: Pick<LockScene, 'bench' | 'peer'>,
  expected: Times,
  requirement: string,
  because: string,
): Promise<void> {
  const bench: PeersBench = scene.bench
  const { requests } = await scene.peer.state()
  bench.require(isDeepStrictEqual(requests, expected), {
    requirement,
    expected: `the requests ${JSON.stringify(expected)} ${because}`,
    actual: JSON.stringify(requests),
  })
}

/** A played peer leaves: it is registered no longer, and says so. */
export async function depart({ bench, peer, nameService }: LockScene, gone: PlayedPeer): Promise<void> {
  nameService.drop(gone.id)
  const { answer } = await gone.call(peer, 'unregister_peer', [gone.id])
  requireResult(bench, answer, null, {
    requirement: 'peers.lock.dead',
    to: `unregister_peer from ${gone.id}`,
  })
}

/** A played peer that has not been in the scene registers, and calls `register_peer`. */
export async function enter(
  { bench, peer, nameService }: Pick<LockScene, 'bench' | 'peer' | 'nameService'>,
  newcomer: PlayedPeer,
  requirement: string,
): Promise<Frame> {
  nameService.enter(newcomer)
  const { request, answer } = await newcomer.call(peer, 'register_peer', [
    newcomer.id,
    newcomer.addressFor(peer),
  ])
  requireResult(bench, answer, null, { requirement, to: `register_peer from ${newcomer.id}` })
  return request
}
