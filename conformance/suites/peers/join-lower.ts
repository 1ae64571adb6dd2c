// Whom a newcomer calls: every lower peer, nobody else; and what its list is then. peers.md section 5.
import type { Address } from '../../../spec/peers/messages.ts'
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import { begun, requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { gate } from './procedures/answers.ts'
import { callBy, callsOf, requireNone } from './procedures/calls.ts'
import { ownAddress, requireIntroduction, requireJoined, script } from './procedures/joining.ts'
import { join, outside } from './procedures/scene.ts'
import { entriesFor, requireIds, requireListNow } from './procedures/standstill.ts'

const LOWER = 'peers.join.lower'

/** No peer was called twice, and nobody but these. */
const requireOnlyCalls = (
  bench: PeersBench,
  peer: Parameters<typeof callsOf>[1],
  seats: readonly number[],
): void => {
  const introductions = callsOf(bench, peer, 'register_peer')
  const called = introductions.map(({ to }) => to).toSorted((a, b) => a - b)
  bench.require(called.join() === seats.toSorted((a, b) => a - b).join(), {
    requirement: LOWER,
    expected: `one register_peer at each of the seats ${seats.join(', ')} and nowhere else`,
    actual: `at ${called.join(', ')}`,
    exhibits: introductions.map(({ n }) => ({ frame: n })),
  })
}

interface Ids {
  readonly lower: readonly number[]
  readonly own: number
  readonly higher: readonly number[]
}

const among = (slug: string, title: string, { lower, own, higher }: Ids, hint: string): Case<'peers'> =>
  peersCase({
    id: `peers.join.lower/${slug}`,
    role: 'peers.peer',
    title,
    also: ['peers.join.done', 'peers.list.self', 'peers.list.register', 'peers.address.own'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence:
      'register_peer at each lower peer with the own id and address; the result of join; nobody else called',
    hint,
    async run(bench: PeersBench) {
      const nameService = await bench.playNameService()
      const play = async (id: number) => {
        const played = await bench.playPeer()
        played.id = id
        return played
      }
      const below = await Promise.all(lower.map(play))
      const above = await Promise.all(higher.map(play))
      const peer = await bench.peer()
      const all: readonly (readonly [number, Address])[] = [
        ...below.map((played) => [played.id, played.addressFor(peer)] as const),
        [own, ownAddress(peer)],
        ...above.map((played) => [played.id, played.addressFor(peer)] as const),
      ]
      script(nameService, { id: own, all })
      const joining = join(peer)
      for (const played of below)
        bench.evidence(`calls ${played.id}`, await requireIntroduction(bench, peer, played, own))
      await requireJoined(bench, peer, joining, { id: own, peers: entriesFor(peer, below) }, LOWER)
      requireOnlyCalls(
        bench,
        peer,
        below.map(({ seat }) => seat),
      )
      await requireIds(bench, peer, 'joined', [], 'peers.list.register')
      bench.evidence('the result of join and the state')
    },
  })

export const joinLowerCases: readonly Case<'peers'>[] = [
  among(
    'three',
    'a newcomer calls register_peer on three older peers, and has them in its list',
    { lower: [3, 5, 6], own: 7, higher: [] },
    'For each entry of require_all with a lower id than yours: call register_peer there, then take it into the list.',
  ),
  among(
    'nobody',
    'the first peer of a type finds itself alone in the answer, calls nobody and has an empty list',
    { lower: [], own: 0, higher: [] },
    'require_all names the caller too: you are never in your own list.',
  ),
  among(
    'id-zero',
    'the peer with the id 0 is a lower peer like any other',
    { lower: [0], own: 1, higher: [] },
    '0 is an id: compare with <, do not test for truth.',
  ),
  among(
    'own-id-zero',
    'a peer with the id 0 calls none of those who came after it',
    { lower: [], own: 0, higher: [1, 2] },
    '0 is an id: you have one, and all others are higher.',
  ),
  among(
    'higher-not-called',
    'a newcomer calls no peer with a higher id: those will call it',
    { lower: [9], own: 10, higher: [11, 100, 1000] },
    'Compare ids as numbers: 9 is lower than 10, and 100 is not. If both sides call each other they wait for each other.',
  ),
  among(
    'gaps',
    'ids far apart, up to 2^53-1',
    { lower: [2, 30, 4000, 2 ** 40], own: 2 ** 52, higher: [2 ** 53 - 1] },
    'Ids of peers that have left are missing: take the ids of the answer, do not count.',
  ),
  peersCase({
    id: 'peers.join.lower/long-list',
    role: 'peers.peer',
    title: '300 lower peers, in an answer of the name service that comes in pieces',
    also: ['peers.call.length', 'peers.call.split', 'peers.list.bounds'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: '300 calls of register_peer, and 300 peers in the list',
    hint: 'Read the answer until its LF: recv(8000) cuts long lists.',
    async run(bench: PeersBench) {
      const { peer, nameService, lower } = await outside(bench, { lower: 300, firstId: 1000 })
      const ids = lower.map(({ id }) => id)
      const answer = JSON.stringify({
        result: [...lower.map((played) => [played.id, played.addressFor(peer)]), [5000, ownAddress(peer)]],
      })
      nameService.on('register', () => ({ result: [5000, 'a hash'] }))
      nameService.on('require_all', () => 'silent')
      const joining = join(peer, 2 * bench.timing.deadlineMs)
      const asked = bench.requireFrame(await nameService.receive('require_all'), {
        requirement: 'peers.join.order',
        expected: 'require_all',
      })
      const connection = nameService.connectionOf(asked)
      for (let at = 0; at < answer.length; at += 4000) {
        await connection.sendBytes(answer.slice(at, at + 4000))
        await bench.quiet(() => false, 1)
      }
      await connection.sendBytes('\n')
      const result = await requireSuccess(bench, joining, LOWER, 'join to succeed')
      bench.require(result.peers.map(({ id }) => id).join() === ids.join(), {
        requirement: LOWER,
        expected: 'a list of the 300 lower peers in the order of ids',
        actual: `${result.peers.length} peers: ${JSON.stringify(result.peers.slice(0, 3))}...`,
      })
      const calls = callsOf(bench, peer, 'register_peer')
      bench.require(calls.length === 300, {
        requirement: LOWER,
        expected: '300 calls of register_peer',
        actual: `${calls.length}`,
      })
      bench.evidence('the last of 300 calls', calls.at(-1))
      await requireListNow(bench, peer, result.peers, LOWER, 'after join')
    },
  }),
  peersCase({
    id: 'peers.join.done/waits',
    role: 'peers.peer',
    title: 'join is answered when every lower peer has answered, and takes each into the list only then',
    also: ['peers.join.lower'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'no reply and no entry while one peer holds its answer; both after it',
    hint: 'Reply to join after the last call has ended. An entry in the list says that the other side knows you.',
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, { lower: 3 })
      const [, slow] = lower
      if (slow === undefined) throw new Error('no second lower peer')
      const held = gate()
      slow.on('register_peer', held.handler)
      const joining = join(peer)
      await requireIntroduction(bench, peer, slow, 13)
      await bench.quiet(() => false, bench.timing.quietMs / 3)
      requireWaiting(bench, joining, 'peers.join.done', 'join to wait for the answer of the slow peer')
      const { peers } = await peer.state()
      bench.require(!peers.some(({ id }) => id === slow.id), {
        requirement: LOWER,
        expected: `no peer ${slow.id} in the list before it has answered`,
        actual: JSON.stringify(peers),
      })
      held.open()
      await requireJoined(bench, peer, joining, { id: 13, peers: entriesFor(peer, lower) }, 'peers.join.done')
      bench.evidence('done after the slow answer', slow.received('register_peer')[0])
    },
  }),
  peersCase({
    id: 'peers.join.done/in-order-of-ids',
    role: 'peers.peer',
    title: 'the result of join has the list in the order of ids, also those that have come meanwhile',
    also: ['peers.control.state', 'peers.list.register', 'peers.join.order'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'a result with 9, 20 and 100, although 100 came first and 9 last',
    hint: 'Sort by number: as texts 100 comes before 20.',
    async run(bench: PeersBench) {
      const { peer, nameService, stranger } = await outside(bench)
      const lower = await bench.playPeer()
      const other = await bench.playPeer()
      lower.id = 9
      other.id = 20
      stranger.id = 100
      script(nameService, {
        id: 10,
        all: [
          [9, lower.addressFor(peer)],
          [10, ownAddress(peer)],
        ],
      })
      lower.on('register_peer', async () => {
        for (const higher of [stranger, other])
          await higher.callFor(
            peer,
            'register_peer',
            [higher.id, higher.addressFor(peer)],
            'peers.join.order',
          )
        return { result: null }
      })
      const joining = join(peer)
      await requireIntroduction(bench, peer, lower, 10)
      await requireJoined(
        bench,
        peer,
        joining,
        { id: 10, peers: entriesFor(peer, [lower, other, stranger]) },
        'peers.join.done',
      )
      await requireIds(bench, peer, 'joined', [100, 20], 'peers.list.register')
      bench.evidence('9, 20, 100')
    },
  }),
  peersCase({
    id: 'peers.join.done/only-once',
    role: 'peers.peer',
    title: 'a second join, while the first is under way or after it, is refused and calls nobody',
    also: ['peers.join.lower', 'control.reply'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'already-joined twice, one register in all, the first join not disturbed',
    hint: 'Remember that a join has begun, not only that one has ended.',
    async run(bench: PeersBench) {
      const { peer, nameService, lower } = await outside(bench, { lower: 1 })
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const held = gate()
      first.on('register_peer', held.handler)
      const joining = join(peer)
      await requireIntroduction(bench, peer, first, 11)
      await requireFailure(
        bench,
        join(peer),
        ['already-joined'],
        'peers.join.done',
        'while a join is under way',
      )
      held.open()
      await requireJoined(
        bench,
        peer,
        joining,
        { id: 11, peers: entriesFor(peer, [first]) },
        'peers.join.done',
      )
      await requireFailure(
        bench,
        begun(peer.command('join', {})),
        ['already-joined'],
        'peers.join.done',
        'after a join',
      )
      const registered = nameService.received('register')
      bench.require(registered.length === 1, {
        requirement: 'peers.join.done',
        expected: 'one register for three joins',
        actual: `${registered.length}`,
      })
      requireNone(bench, (frame) => callBy(peer, 'unregister')(frame), {
        requirement: 'peers.join.done',
        expected: 'nothing undone by a refused join',
      })
      bench.evidence('one register', registered[0])
    },
  }),
]
