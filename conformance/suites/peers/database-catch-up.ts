// A peer with a database joins: it takes over the copy of another one, under the lock. peers.md section 8.
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { begun, requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { failure, gate, nothing, requireError, requireResult } from './procedures/answers.ts'
import { callBy, requireCall, requireNone } from './procedures/calls.ts'
import {
  databaseCase,
  databaseScene,
  givesToken,
  newcomerScene,
  requireCopy,
  write,
} from './procedures/database.ts'
import { requireIntroduction } from './procedures/joining.ts'
import {
  acquire,
  ask,
  giveToken,
  type LockScene,
  requireAcquired,
  requirePass,
  requireRequest,
  requireTokenNow,
} from './procedures/lock.ts'
import { join } from './procedures/scene.ts'

const CATCH_UP = 'peers.database.catch-up'
const NOT_READY = 'peers.database.not-ready'

const has = (played: PlayedPeer, copy: readonly string[]): void =>
  played.on('read_all', () => ({ result: copy }))
const refuses = (played: PlayedPeer): void =>
  played.on('read_all', () => failure('NotReadyError', 'I am catching up myself'))

const requireReadAll = (bench: PeersBench, at: PlayedPeer): Promise<Frame> =>
  requireCall(bench, at, 'read_all', {
    requirement: CATCH_UP,
    expected: `read_all at ${at.id}`,
    args: [],
  })

/** The newcomer, which has not the token, asks this peer for it. */
const requireAsks = (bench: PeersBench, peer: PeerNode, id: number, at: PlayedPeer): Promise<Frame> =>
  requireRequest({ bench, peer, id } as Pick<LockScene, 'bench' | 'id'>, at, 1, CATCH_UP)

export const databaseCatchUpCases: readonly Case<'peers'>[] = [
  databaseCase({
    id: 'peers.database.catch-up/under-the-lock',
    title:
      'a newcomer tells the lower peers, gets the lock, reads the copy of the lowest one, releases, and is there',
    also: ['peers.lock.request', 'peers.lock.release', 'peers.join.done', 'peers.control.state'],
    evidence:
      'register_peer, request_token, no read_all before the token, then one at the lowest; the token passed on before the end',
    hint: 'Read the copy while nobody can write: with the lock, and after the others know you.',
    async run(bench: PeersBench) {
      const { peer, lower } = await newcomerScene(bench, 2, ['mine'])
      const [lowest, second] = lower as [PlayedPeer, PlayedPeer]
      has(lowest, ['theirs 1', 'theirs 2'])
      const reading = gate({ result: ['theirs 1', 'theirs 2'] })
      lowest.on('read_all', reading.handler)
      const joining = join(peer)
      for (const played of lower) await requireIntroduction(bench, peer, played, 12)
      for (const played of lower)
        bench.evidence(`asks ${played.id}`, await requireAsks(bench, peer, 12, played))
      await bench.quiet(callBy(peer, 'read_all'), bench.timing.quietMs / 3)
      requireNone(bench, callBy(peer, 'read_all'), {
        requirement: CATCH_UP,
        expected: 'no read_all without the lock',
      })
      requireWaiting(bench, joining, CATCH_UP, 'join to wait for the lock')
      const given = await giveToken({ bench, peer }, second, [
        [10, 0],
        [11, 1],
        [12, 0],
      ])
      const read = await requireReadAll(bench, lowest)
      bench.evidence('reads the lowest one under the lock', read)
      bench.require(read.n > given.n, {
        requirement: CATCH_UP,
        expected: 'read_all after the token',
        actual: 'before',
      })
      await requireTokenNow(bench, peer, 'held', CATCH_UP, 'while it reads')
      await ask({ bench, peer }, second, 2)
      requireWaiting(bench, joining, CATCH_UP, 'join to wait for the copy')
      reading.open()
      await requirePass({ bench, id: 12 }, second, 'peers.lock.release', 'when the copy is there')
      await requireSuccess(bench, joining, CATCH_UP, 'join to succeed')
      await requireCopy(bench, peer, ['theirs 1', 'theirs 2'], CATCH_UP, 'in place of the one at the start')
      bench.require(second.received('read_all').length === 0, {
        requirement: CATCH_UP,
        expected: 'one copy read: that of the lowest',
        actual: 'read_all at the second too',
      })
    },
  }),
  databaseCase({
    id: 'peers.database.catch-up/empty-copy',
    title: 'the lowest peer gives an empty copy: it is taken over like any other',
    also: ['peers.call.presence'],
    evidence: 'the empty copy in place of the own one, no read_all at the second peer',
    hint: 'An empty list is a copy, not a failure.',
    async run(bench: PeersBench) {
      const { peer, lower } = await newcomerScene(bench, 2, ['mine'])
      const [lowest, second] = lower as [PlayedPeer, PlayedPeer]
      givesToken(lowest, peer)
      has(lowest, [])
      has(second, ['wrong'])
      await requireSuccess(bench, join(peer), CATCH_UP, 'join to succeed')
      bench.evidence('reads the lowest', await requireReadAll(bench, lowest))
      await requireCopy(bench, peer, [], CATCH_UP, 'as the lowest peer has it')
    },
  }),
  databaseCase({
    id: 'peers.database.catch-up/next-ones',
    title:
      'the lowest peer is not ready, the second closes, the third has no database: the copy of the fourth is taken',
    also: ['peers.list.dead', 'peers.lock.release'],
    evidence: 'read_all at four peers in the order of their ids, the copy of the fourth, the token present',
    hint: 'Go on with the next higher id until one gives its copy.',
    async run(bench: PeersBench) {
      const { peer, lower } = await newcomerScene(bench, 4, ['mine'])
      const [busy, closing, without, ready] = lower as [PlayedPeer, PlayedPeer, PlayedPeer, PlayedPeer]
      refuses(busy)
      closing.on('read_all', () => 'close')
      without.on('read_all', () => failure('AttributeError', 'read_all'))
      has(ready, ['a', 'b', 'a'])
      givesToken(ready, peer)
      await requireSuccess(bench, join(peer), CATCH_UP, 'join to succeed')
      const reads: Frame[] = []
      for (const played of lower) reads.push(await requireReadAll(bench, played))
      bench.require(
        reads.every(({ n }, i) => n > (reads[i - 1]?.n ?? -1)),
        {
          requirement: CATCH_UP,
          expected: 'read_all in the order of ids, lowest first',
          actual: 'another order',
        },
      )
      bench.evidence('reads the fourth', reads[3])
      await requireCopy(bench, peer, ['a', 'b', 'a'], CATCH_UP, 'as the first one that is ready has it')
      await requireTokenNow(bench, peer, 'present', 'peers.lock.release', 'after the join')
    },
  }),
  databaseCase({
    id: 'peers.database.catch-up/nobody-ready',
    title:
      'nobody gives a copy: the newcomer keeps what it had at the start, and nothing that came meanwhile',
    also: ['peers.join.done', 'peers.lock.release', NOT_READY],
    evidence: 'read_all at both, the own copy, the join answered, the token present',
    hint: 'You may be the first one with a database.',
    async run(bench: PeersBench) {
      const { peer, lower } = await newcomerScene(bench, 2, ['mine 1', 'mine 2'])
      const [lowest, second] = lower as [PlayedPeer, PlayedPeer]
      givesToken(lowest, peer)
      lowest.on('read_all', async () => {
        await lowest.callFor(peer, 'write_local', ['not applied'], NOT_READY)
        return failure('NotReadyError', 'I am catching up myself')
      })
      second.on('read_all', () => failure('AttributeError', 'read_all'))
      await requireSuccess(bench, join(peer), CATCH_UP, 'join to succeed')
      for (const played of lower) bench.evidence(`reads ${played.id}`, await requireReadAll(bench, played))
      await requireCopy(bench, peer, ['mine 1', 'mine 2'], CATCH_UP, 'because nobody has given one')
      await requireTokenNow(bench, peer, 'present', 'peers.lock.release', 'after the join')
    },
  }),
  databaseCase({
    id: 'peers.database.catch-up/alone',
    title: 'a peer that is alone joins with its own fortunes and is ready at once',
    also: ['peers.lock.create'],
    evidence: 'the own copy, read_all answered with it',
    hint: 'Nobody to read from: keep your own.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await newcomerScene(bench, 0, ['mine'])
      await requireSuccess(bench, join(peer), CATCH_UP, 'join to succeed')
      await requireCopy(bench, peer, ['mine'], CATCH_UP, 'of one that is alone')
      const { answer } = await stranger.call(peer, 'read_all', [])
      bench.evidence(
        'ready',
        requireResult(bench, answer, ['mine'], { requirement: NOT_READY, to: 'read_all' }),
      )
    },
  }),
  databaseCase({
    id: 'peers.database.catch-up/wrong-answers',
    title: 'the lowest peers answer read_all with what is no copy; the next one gives its own',
    also: ['peers.call.answer', 'peers.call.survive'],
    evidence: 'read_all at all of them, the copy of the last one',
    hint: 'Look at what you get before you make it your copy: a list of fortunes, and nothing else.',
    async run(bench: PeersBench) {
      const wrong: readonly unknown[] = [null, 'text', [1, 2], [''], Array.from({ length: 1001 }, () => 'x')]
      const { peer, lower } = await newcomerScene(bench, wrong.length + 1, ['mine'])
      const last = lower.at(-1) as PlayedPeer
      for (const [i, result] of wrong.entries()) lower[i]?.on('read_all', () => ({ result }))
      has(last, ['theirs'])
      givesToken(last, peer)
      await requireSuccess(bench, join(peer), CATCH_UP, 'join to succeed')
      for (const played of lower) await requireReadAll(bench, played)
      await requireCopy(bench, peer, ['theirs'], CATCH_UP, 'as the last one has it')
      bench.evidence('reads on until there is a copy', last.received('read_all')[0])
    },
  }),
  databaseCase({
    id: 'peers.database.catch-up/longest-copy',
    title: 'the copy is 1,000 fortunes of 1,000 characters: one answer of four million bytes',
    also: ['peers.call.length', 'peers.database.bounds'],
    evidence: 'the same 1,000 fortunes in state',
    hint: 'Read the answer up to the LF, however many pieces it comes in.',
    async run(bench: PeersBench) {
      const { peer, lower } = await newcomerScene(bench, 1, ['mine'])
      const [lowest] = lower as [PlayedPeer]
      // Within the longest line of the control channel, which carries the copy too.
      const copy = Array.from({ length: 1000 }, (_, i) => `${i} `.padEnd(1000, 'abcdefghij'))
      has(lowest, copy)
      givesToken(lowest, peer)
      await requireSuccess(bench, join(peer), CATCH_UP, 'join to succeed')
      await requireCopy(bench, peer, copy, CATCH_UP, 'as the lowest peer has it')
      bench.evidence('read to the end', await requireReadAll(bench, lowest))
    },
  }),
  databaseCase({
    id: 'peers.database.catch-up/no-lock',
    title: 'no token comes: the newcomer leaves again and join fails with timeout; a second join succeeds',
    also: ['peers.lock.timeout', 'peers.leave.order'],
    evidence:
      'unregister, unregister_peer at both lower peers, the error timeout, then a join that gets the lock',
    hint: 'You are in their lists: take your leave before you say that it did not work.',
    async run(bench: PeersBench) {
      const { peer, lower, nameService } = await newcomerScene(bench, 2, ['mine'], {
        acquireTimeoutMs: bench.timing.callTimeoutMs,
      })
      const [lowest] = lower as [PlayedPeer, PlayedPeer]
      await requireFailure(bench, join(peer), ['timeout'], CATCH_UP, 'when no token comes')
      const leaving = { requirement: CATCH_UP, expected: 'the newcomer to leave again' }
      await requireCall(bench, nameService, 'unregister', leaving)
      for (const played of lower)
        bench.evidence(
          `leaves ${played.id}`,
          await requireCall(bench, played, 'unregister_peer', { ...leaving, args: [12] }),
        )
      requireNone(bench, callBy(peer, 'read_all'), {
        requirement: CATCH_UP,
        expected: 'no read_all without the lock',
      })
      givesToken(lowest, peer)
      has(lowest, ['theirs'])
      await requireSuccess(bench, join(peer), CATCH_UP, 'a second join to succeed')
      await requireCopy(bench, peer, ['theirs'], CATCH_UP, 'after the second join')
    },
  }),
  databaseCase({
    id: 'peers.database.not-ready/until-caught-up',
    title:
      'while a newcomer catches up it refuses read_all and write, and answers write_local without applying it',
    also: [CATCH_UP, 'peers.call.dispatch'],
    evidence:
      'two NotReadyErrors and a null while it waits for the copy; then the copy without that fortune, and both calls work',
    hint: 'The copy that you will take over has that fortune already: with your own append it would be there twice.',
    async run(bench: PeersBench) {
      const { peer, lower } = await newcomerScene(bench, 1, ['mine'])
      const [lowest] = lower as [PlayedPeer]
      const reading = gate({ result: ['theirs', 'written meanwhile'] })
      lowest.on('read_all', reading.handler)
      const joining = join(peer)
      const refusing = async (when: string): Promise<void> => {
        for (const [method, args] of [
          ['read_all', []],
          ['write', ['too early']],
        ] as const) {
          const { answer } = await lowest.call(peer, method, args)
          const error = requireError(bench, answer, {
            requirement: NOT_READY,
            name: 'NotReadyError',
            to: `${method} ${when}`,
          })
          bench.evidence(`${method} refused ${when}`, error)
        }
        const { answer } = await lowest.call(peer, 'write_local', ['written meanwhile'])
        requireResult(bench, answer, null, { requirement: NOT_READY, to: `write_local ${when}` })
        await requireCopy(
          bench,
          peer,
          ['mine'],
          NOT_READY,
          `after a write_local that is not applied, ${when}`,
        )
      }
      await requireAsks(bench, peer, 11, lowest)
      await refusing('while it waits for the lock')
      await giveToken({ bench, peer }, lowest, [
        [10, 0],
        [11, 0],
      ])
      await requireReadAll(bench, lowest)
      await refusing('while it reads the copy')
      reading.open()
      await requireSuccess(bench, joining, CATCH_UP, 'join to succeed')
      await requireCopy(bench, peer, ['theirs', 'written meanwhile'], NOT_READY, 'and nothing twice')
      await lowest.callFor(peer, 'write_local', ['later'], NOT_READY)
      await lowest.callFor(peer, 'write', ['last'], NOT_READY)
      await requireCopy(
        bench,
        peer,
        ['theirs', 'written meanwhile', 'later', 'last'],
        NOT_READY,
        'when it is ready',
      )
    },
  }),
  databaseCase({
    id: 'peers.database.not-ready/leaving',
    title: 'a peer that leaves gives its copy to nobody any more, from its first unregister_peer on',
    also: ['peers.leave.order', CATCH_UP],
    evidence: 'the copy before stop, a LeavingError while unregister_peer is under way',
    hint: 'Who has heard that you leave does not tell you what it writes: your copy is old from then on.',
    async run(bench: PeersBench) {
      const { peer, higher } = await databaseScene(bench, 2, ['one'])
      const [told, reader] = higher as [PlayedPeer, PlayedPeer]
      const before = await reader.call(peer, 'read_all', [])
      requireResult(bench, before.answer, ['one'], { requirement: 'peers.database.read', to: 'read_all' })
      const goodbye = gate()
      for (const played of higher) played.on('unregister_peer', goodbye.handler)
      const stopping = begun(peer.stop())
      await requireCall(bench, told, 'unregister_peer', {
        requirement: 'peers.leave.order',
        expected: 'unregister_peer of the one that leaves',
      })
      const { answer } = await reader.call(peer, 'read_all', [])
      const refused = requireError(bench, answer, {
        requirement: NOT_READY,
        name: 'LeavingError',
        to: 'read_all after the first unregister_peer',
      })
      bench.evidence('gives no old copy', refused)
      goodbye.open()
      await requireSuccess(bench, stopping, 'peers.leave.order', 'stop to succeed')
    },
  }),
  databaseCase({
    id: 'peers.database.not-ready/holds-no-joiner',
    title: 'a higher peer registers while a newcomer waits for the lock to catch up: it is answered at once',
    also: ['peers.lock.hold-joiners', 'peers.lock.request-newcomer', CATCH_UP],
    evidence:
      'register_peer answered while the join waits, the higher one asked for the token, which it gives',
    hint: 'Others wait for you only until it is known whether you make the token; else you would wait for each other.',
    async run(bench: PeersBench) {
      const { peer, lower, stranger, nameService } = await newcomerScene(bench, 1, ['mine'])
      const [lowest] = lower as [PlayedPeer]
      has(lowest, ['theirs'])
      const joining = join(peer)
      await requireAsks(bench, peer, 11, lowest)
      nameService.enter(stranger)
      const { answer } = await stranger.call(peer, 'register_peer', [stranger.id, stranger.addressFor(peer)])
      const registered = requireResult(bench, answer, null, {
        requirement: 'peers.lock.hold-joiners',
        to: 'register_peer while the newcomer waits for the lock',
      })
      bench.evidence('registered meanwhile', registered)
      requireWaiting(bench, joining, CATCH_UP, 'join to wait for the lock')
      await requireRequest({ bench, id: 11 }, stranger, 1, 'peers.lock.request-newcomer')
      await giveToken({ bench, peer }, stranger, [
        [10, 0],
        [11, 0],
        [stranger.id, 0],
      ])
      await requireSuccess(bench, joining, CATCH_UP, 'join to succeed')
      await requireCopy(bench, peer, ['theirs'], CATCH_UP, 'as the lowest peer has it')
    },
  }),
  databaseCase({
    id: 'peers.database.catch-up/lock-is-free-again',
    title: 'after its join a newcomer acquires and writes like any other',
    also: ['peers.lock.present', 'peers.database.write'],
    evidence: 'acquire without a request, and a write at the lower peer',
    hint: 'Release the lock when you have the copy, also when reading it failed.',
    async run(bench: PeersBench) {
      const { peer, lower } = await newcomerScene(bench, 1, ['mine'])
      const [lowest] = lower as [PlayedPeer]
      givesToken(lowest, peer)
      refuses(lowest)
      lowest.on('write_local', () => nothing)
      await requireSuccess(bench, join(peer), CATCH_UP, 'join to succeed')
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      await peer.command('release', {})
      await requireSuccess(bench, write(peer, 'new'), 'peers.database.write', 'write to succeed')
      bench.evidence(
        'writes',
        await requireCall(bench, lowest, 'write_local', {
          requirement: 'peers.database.write',
          expected: 'write_local at the lower peer',
          args: ['new'],
        }),
      )
      const requests = lowest.received('request_token')
      bench.require(requests.length === 1, {
        requirement: 'peers.lock.present',
        expected: 'one request: that of the join',
        actual: `${requests.length}`,
        exhibits: requests.map(({ n }) => ({ frame: n })),
      })
    },
  }),
]
