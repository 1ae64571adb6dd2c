// acquire and release at one peer: asking for the token, waiting, holding, giving up. peers.md section 7.
import type { Case } from '../../verdict/case.ts'
import type { PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import { requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { failure } from './procedures/answers.ts'
import { callBy, callsOf, requireNone } from './procedures/calls.ts'
import {
  acquire,
  ask,
  depart,
  enter,
  giveToken,
  holdFrom,
  lockCase,
  lockScene,
  release,
  requireAcquired,
  requireNoPass,
  requirePass,
  requireReleased,
  requireRequest,
  requireTimes,
  requireTokenNow,
  timesOf,
} from './procedures/lock.ts'
import { outside } from './procedures/scene.ts'
import { requireIds } from './procedures/standstill.ts'

const REQUEST = 'peers.lock.request'
const NEWCOMER = 'peers.lock.request-newcomer'
const PRESENT = 'peers.lock.present'
const BUSY = 'peers.lock.busy'
const TIMEOUT = 'peers.lock.timeout'

const asking: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.request/everyone',
    title:
      'acquire without the token asks every peer of the list, lower and higher, and waits until the token comes',
    also: ['peers.lock.token', 'peers.control.state'],
    evidence:
      'request_token with time 1 and the own id at four peers, no reply before obtain_token, one after it',
    hint: 'You do not know who has the token: ask all. Hold the lock when obtain_token comes, not when they answer the request.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 2, 2)
      const { peer, others, nameService } = scene
      const acquiring = acquire(peer)
      for (const other of others) bench.evidence(`asks ${other.id}`, await requireRequest(scene, other, 1))
      await bench.quiet(() => acquiring.settled() !== undefined, bench.timing.quietMs / 3)
      requireWaiting(bench, acquiring, REQUEST, 'acquire to wait although everyone has answered the request')
      await requireTokenNow(bench, peer, 'none', 'peers.control.state', 'while it waits')
      await giveToken(scene, others[2] as PlayedPeer, timesOf(scene))
      await requireAcquired(bench, acquiring)
      await requireTokenNow(bench, peer, 'held', REQUEST, 'after acquire')
      const requests = callsOf(bench, peer, 'request_token')
      bench.require(requests.length === 4 && nameService.received('request_token').length === 0, {
        requirement: REQUEST,
        expected: 'one request for each peer of the list',
        actual: `requests to the seats ${requests.map(({ to }) => to).join(', ')}`,
        exhibits: requests.map(({ n }) => ({ frame: n })),
      })
    },
  }),
  lockCase({
    id: 'peers.lock.request/growing-clock',
    title: 'each request has a higher time than the one before, and an acquire without requests counts too',
    also: [PRESENT, 'peers.lock.release', 'peers.lock.token', 'peers.lock.unwanted'],
    evidence: 'requests with the times 1, 2 and 4: between them one acquire with the token present',
    hint: 'Add 1 to your clock at every acquire, whether you have the token or not.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 0)
      const { peer, id, lower } = scene
      const [other] = lower as [PlayedPeer]
      for (const time of [1, 2]) {
        const acquiring = acquire(peer)
        bench.evidence(`time ${time}`, await requireRequest(scene, other, time))
        await giveToken(scene, other, timesOf(scene, { [other.id]: 10 * time, [id]: time - 1 }))
        await requireAcquired(bench, acquiring)
        if (time === 2) {
          await requireReleased(bench, peer)
          await requireAcquired(bench, acquire(peer), PRESENT)
        }
        await ask(scene, other, 10 * time + 1)
        await requireReleased(bench, peer)
        const pass = await requirePass(scene, other, 'peers.lock.release', 'after a release')
        requireTimes(
          bench,
          pass,
          timesOf(scene, { [other.id]: 10 * time, [id]: time === 1 ? 1 : 3 }),
          'peers.lock.release',
        )
      }
      const acquiring = acquire(peer)
      bench.evidence('time 4', await requireRequest(scene, other, 4))
      await giveToken(scene, other, timesOf(scene))
      await requireAcquired(bench, acquiring)
    },
  }),
  lockCase({
    id: 'peers.lock.request/dead',
    title: 'of five peers one refuses, one resets and one closes: the others are asked, and acquire succeeds',
    also: ['peers.list.dead', 'peers.lock.live'],
    evidence: 'requests at the living ones, three events left, the lock held',
    hint: 'Catch the failure of each request by itself and go on with the next peer.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 3, 2)
      const { peer, others } = scene
      const [refusing, living, resetting, closing, last] = others as [
        PlayedPeer,
        PlayedPeer,
        PlayedPeer,
        PlayedPeer,
        PlayedPeer,
      ]
      refusing.die()
      resetting.on('request_token', () => 'reset')
      closing.on('request_token', () => 'close')
      const acquiring = acquire(peer)
      for (const other of [living, last])
        bench.evidence(`asks ${other.id}`, await requireRequest(scene, other, 1))
      await bench.until(async () => (await peer.state()).peers.length === 2)
      const { peers } = await peer.state()
      bench.require(peers.map((each) => each.id).join() === `${living.id},${last.id}`, {
        requirement: 'peers.list.dead',
        expected: `the list ${living.id}, ${last.id} after three calls that failed`,
        actual: peers.map((each) => each.id).join(', '),
      })
      await giveToken(scene, living, timesOf(scene))
      await requireAcquired(bench, acquiring)
    },
  }),
  lockCase({
    id: 'peers.lock.request/silent',
    title: 'a peer that never answers the request holds up nobody: the token of another one is enough',
    also: ['peers.call.survive', 'peers.list.dead'],
    evidence: 'requests at the others, acquire answered, the silent one gone from the list',
    hint: 'Ask all at once, or go on when a call has taken callTimeoutMs; wait for the token, not for all answers.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 2, 1, { config: { callTimeoutMs: bench.timing.callTimeoutMs } })
      const { peer, others } = scene
      const [silent, giver, last] = others as [PlayedPeer, PlayedPeer, PlayedPeer]
      silent.on('request_token', () => 'silent')
      const acquiring = acquire(peer)
      await requireRequest(scene, giver, 1)
      await giveToken(scene, giver, timesOf(scene))
      await requireAcquired(bench, acquiring)
      bench.evidence('asks the last one as well', await requireRequest(scene, last, 1))
      await requireIds(bench, peer, 'left', [silent.id], 'peers.list.dead')
    },
  }),
  lockCase({
    id: 'peers.lock.request/error-answer',
    title: 'a peer that answers the request with an error stays in the list, and the others are asked',
    also: ['peers.list.dead'],
    evidence: 'requests at both others, the lock held, three peers in the list',
    hint: 'An error is an answer: that peer lives.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 2, 1)
      const { peer, others } = scene
      const [refusing, giver, last] = others as [PlayedPeer, PlayedPeer, PlayedPeer]
      refusing.on('request_token', () => failure('AttributeError', 'request_token'))
      const acquiring = acquire(peer)
      for (const other of [giver, last])
        bench.evidence(`asks ${other.id}`, await requireRequest(scene, other, 1))
      await giveToken(scene, giver, timesOf(scene))
      await requireAcquired(bench, acquiring)
      const { peers } = await peer.state()
      bench.require(peers.length === 3, {
        requirement: 'peers.list.dead',
        expected: 'three peers in the list: nobody is dead',
        actual: peers.map(({ id }) => id).join(', '),
      })
    },
  }),
  lockCase({
    id: 'peers.lock.request/not-joined',
    title: 'acquire before join fails with not-joined and calls nobody',
    evidence: 'the error, then success after join',
    hint: 'Without an id there is nobody to give a token to.',
    async run(bench: PeersBench) {
      const { peer } = await outside(bench, { lock: true })
      await requireFailure(bench, acquire(peer), ['not-joined'], REQUEST, 'before join')
      await requireFailure(bench, release(peer), ['not-held'], BUSY, 'before join')
      requireNone(bench, callBy(peer), { requirement: REQUEST, expected: 'no call before join' })
      await peer.command('join', {})
      await requireAcquired(bench, acquire(peer))
      bench.evidence('not-joined before, held after join')
    },
  }),
  lockCase({
    id: 'peers.lock.request-newcomer/asked-too',
    title:
      'two newcomers come while a peer waits: both are asked with the same time, and one gives the token',
    also: ['peers.list.register', 'peers.lock.live'],
    evidence: 'the same request at both newcomers, the lock held with the token of the second',
    hint: 'A peer that leaves hands its token to a newcomer. Unless you ask that one too you wait for ever.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 0)
      const { peer, lower } = scene
      const [older] = lower as [PlayedPeer]
      const acquiring = acquire(peer)
      await requireRequest(scene, older, 1)
      const newcomers = [await bench.playPeer(), await bench.playPeer()]
      for (const newcomer of newcomers) {
        await enter(scene, newcomer, NEWCOMER)
        bench.evidence(`asks ${newcomer.id}`, await requireRequest(scene, newcomer, 1, NEWCOMER))
      }
      requireWaiting(bench, acquiring, REQUEST, 'acquire to wait for the token')
      await giveToken(scene, newcomers[1] as PlayedPeer, timesOf(scene))
      await requireAcquired(bench, acquiring, NEWCOMER)
    },
  }),
  lockCase({
    id: 'peers.lock.request-newcomer/only-while-waiting',
    title: 'newcomers are asked while the peer waits, not before, not while it holds the lock, not after',
    also: ['peers.list.register'],
    evidence: 'a request at the newcomer that came while it waited, none at the three others',
    hint: 'Ask a newcomer only if an acquire of yours is waiting for the token at that moment.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 0)
      const { peer, lower } = scene
      const [older] = lower as [PlayedPeer]
      const [before, meanwhile, holding, after] = await Promise.all([
        bench.playPeer(),
        bench.playPeer(),
        bench.playPeer(),
        bench.playPeer(),
      ])
      await enter(scene, before, NEWCOMER)
      // It leaves again, because a peer of the list is asked in any case.
      await depart(scene, before)
      const acquiring = acquire(peer)
      await requireRequest(scene, older, 1)
      await enter(scene, meanwhile, NEWCOMER)
      bench.evidence('asks who comes while it waits', await requireRequest(scene, meanwhile, 1, NEWCOMER))
      await giveToken(scene, older, timesOf(scene))
      await requireAcquired(bench, acquiring)
      await enter(scene, holding, NEWCOMER)
      await requireReleased(bench, peer)
      await enter(scene, after, NEWCOMER)
      await peer.state()
      for (const newcomer of [before, holding, after]) {
        const requests = newcomer.received('request_token')
        bench.require(requests.length === 0, {
          requirement: NEWCOMER,
          expected: `no request at ${newcomer.id}, which came when nobody waited`,
          actual: `${requests.length}`,
          exhibits: requests.map(({ n }) => ({ frame: n })),
        })
      }
    },
  }),
]

const holding: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.present/no-calls',
    title: 'with the token present acquire holds the lock at once, again and again, and calls nobody',
    also: ['peers.lock.release', 'peers.control.state'],
    evidence: 'three times held and present, no call to the two others',
    hint: 'The token is the right to enter. Who has it asks nobody.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 2)
      const { peer, others } = scene
      const start = bench.frames.length
      for (let i = 0; i < 3; i += 1) {
        await requireAcquired(bench, acquire(peer), PRESENT)
        await requireTokenNow(bench, peer, 'held', PRESENT, 'after acquire')
        await requireReleased(bench, peer)
        await requireTokenNow(
          bench,
          peer,
          'present',
          'peers.lock.release',
          'after a release that nobody waits for',
        )
      }
      requireNone(bench, (frame) => frame.n >= start && callBy(peer)(frame), {
        requirement: PRESENT,
        expected: 'no call while the token stays',
      })
      bench.evidence('three times held without a call')
      const last = await ask(scene, others[1] as PlayedPeer, 1)
      const pass = await requirePass(scene, others[1] as PlayedPeer, 'peers.lock.idle', 'when it asks')
      bench.require(pass.n > last.n, { requirement: PRESENT, expected: 'a request first', actual: 'a token' })
      requireTimes(bench, pass, timesOf(scene, { [scene.id]: 3 }), PRESENT)
    },
  }),
  lockCase({
    id: 'peers.lock.event/each-change',
    title:
      'the token is made, held, released, passed on, comes back and is held again: an event for each change',
    also: ['peers.lock.create', 'peers.lock.release', 'peers.lock.idle'],
    evidence: 'present, held, present, none, held, present in this order, held before each reply to acquire',
    hint: 'Report what has changed when it changes, and before the reply that depends on it.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 1)
      const { peer, higher } = scene
      const [other] = higher as [PlayedPeer]
      const changes = (): readonly string[] =>
        peer.events.flatMap((event) => (event.event === 'token' ? [event.token] : []))
      const requireChanges = (when: string, ...expected: readonly string[]): void =>
        bench.require(changes().join() === expected.join(), {
          requirement: 'peers.lock.event',
          expected: `the events token ${expected.join(', ')} ${when}`,
          actual: changes().join(', '),
        })
      requireChanges('when the join is answered', 'present')
      await requireAcquired(bench, acquire(peer), PRESENT)
      requireChanges('when acquire is answered', 'present', 'held')
      await requireReleased(bench, peer)
      await ask(scene, other, 1)
      await requirePass(scene, other, 'peers.lock.idle', 'when it asks')
      await requireTokenNow(bench, peer, 'none', 'peers.control.state', 'after it has passed on')
      requireChanges('after it has passed on', 'present', 'held', 'present', 'none')
      const acquiring = acquire(peer)
      await requireRequest(scene, other)
      await giveToken(scene, other, timesOf(scene, { [other.id]: 1 }))
      await requireAcquired(bench, acquiring)
      // It may be present for no time before it is held.
      const [last, before] = changes().toReversed()
      bench.require(last === 'held' && (before === 'none' || before === 'present'), {
        requirement: 'peers.lock.event',
        expected: 'the event token held before acquire is answered',
        actual: changes().join(', '),
      })
      const count = changes().length
      await requireFailure(bench, acquire(peer), ['busy'], BUSY, 'while the lock is held')
      await requireReleased(bench, peer)
      await peer.state()
      bench.require(changes().slice(count).join() === 'present', {
        requirement: 'peers.lock.event',
        expected: 'one event after that: present',
        actual: changes().slice(count).join(', '),
      })
      bench.evidence(`events ${changes().join(', ')}`)
    },
  }),
  lockCase({
    id: 'peers.lock.busy/while-held',
    title: 'acquire while the lock is held fails with busy, and changes nothing',
    also: ['peers.lock.token'],
    evidence: 'busy, the lock still held, and a token with the clock of one acquire',
    hint: 'One holder per peer too: who asks a second time is told so and does not wait.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 1)
      const { peer, id, higher } = scene
      const [other] = higher as [PlayedPeer]
      await requireAcquired(bench, acquire(peer), PRESENT)
      await requireFailure(bench, acquire(peer), ['busy'], BUSY, 'while the lock is held')
      await requireTokenNow(bench, peer, 'held', BUSY, 'after a second acquire')
      await ask(scene, other, 1)
      await requireReleased(bench, peer)
      const pass = await requirePass(scene, other, BUSY, 'after the one release')
      requireTimes(bench, pass, timesOf(scene, { [id]: 1 }), BUSY)
    },
  }),
  lockCase({
    id: 'peers.lock.busy/while-waiting',
    title:
      'acquire while another one waits fails with busy; the first one goes on waiting, and nobody is asked twice',
    also: [REQUEST],
    evidence: 'busy, one request, and the first acquire answered when the token comes',
    hint: 'Remember that a request is out. A second one with a new time would make you be served twice.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 0)
      const { peer, lower } = scene
      const [other] = lower as [PlayedPeer]
      const acquiring = acquire(peer)
      await requireRequest(scene, other, 1)
      await requireFailure(bench, acquire(peer), ['busy'], BUSY, 'while another acquire waits')
      await requireFailure(bench, release(peer), ['not-held'], BUSY, 'while an acquire waits')
      requireWaiting(bench, acquiring, BUSY, 'the first acquire to go on waiting')
      await giveToken(scene, other, timesOf(scene))
      await requireAcquired(bench, acquiring)
      const requests = other.received('request_token')
      bench.require(requests.length === 1, {
        requirement: BUSY,
        expected: 'one request',
        actual: `${requests.length}`,
        exhibits: requests.map(({ n }) => ({ frame: n })),
      })
      bench.evidence('busy, then served once', requests[0])
    },
  }),
  lockCase({
    id: 'peers.lock.busy/not-held',
    title: 'release without the lock fails with not-held, without the token and with it, and changes nothing',
    also: ['peers.lock.token'],
    evidence: 'not-held in three states, and a token whose own time nobody has written',
    hint: 'Look at the state before you write your clock into the token.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 1)
      const { peer, id, others } = scene
      const [older, younger] = others as [PlayedPeer, PlayedPeer]
      await requireFailure(bench, release(peer), ['not-held'], BUSY, 'without the token')
      await holdFrom(scene, older)
      await requireReleased(bench, peer)
      await requireFailure(bench, release(peer), ['not-held'], BUSY, 'with the token present')
      await requireTokenNow(bench, peer, 'present', BUSY, 'after a release that failed')
      await ask(scene, younger, 1)
      const pass = await requirePass(scene, younger, BUSY, 'when it asks')
      requireTimes(bench, pass, timesOf(scene, { [id]: 1 }), BUSY)
      await requireFailure(bench, release(peer), ['not-held'], BUSY, 'after the token has passed on')
      requireNoPass(scene, [older], BUSY, 'after releases that failed')
    },
  }),
  lockCase({
    id: 'peers.lock.timeout/fails',
    title:
      'an acquire for which no token comes fails with timeout; the next one asks with a new time and succeeds',
    also: [REQUEST, 'peers.control.state'],
    evidence: 'timeout not before the time is over, then a request with time 2 and success',
    hint: 'Set a timer for acquireTimeoutMs. After it you wait for nothing any more, and may ask again.',
    async run(bench: PeersBench) {
      const acquireTimeoutMs = bench.timing.callTimeoutMs
      const scene = await lockScene(bench, 1, 0, { config: { acquireTimeoutMs } })
      const { peer, lower } = scene
      const [other] = lower as [PlayedPeer]
      const acquiring = acquire(peer)
      await requireRequest(scene, other, 1)
      await bench.quiet(() => acquiring.settled() !== undefined, acquireTimeoutMs / 2)
      requireWaiting(bench, acquiring, TIMEOUT, 'acquire to wait for acquireTimeoutMs')
      await requireFailure(bench, acquiring, ['timeout'], TIMEOUT, 'when no token has come')
      await requireTokenNow(bench, peer, 'none', 'peers.control.state', 'after the timeout')
      const again = acquire(peer)
      bench.evidence('asks again', await requireRequest(scene, other, 2, TIMEOUT))
      await giveToken(scene, other, timesOf(scene))
      await requireSuccess(bench, again, TIMEOUT, 'the second acquire to succeed')
    },
  }),
  lockCase({
    id: 'peers.lock.timeout/no-longer-waits',
    title: 'after the timeout a newcomer is not asked, and the token that comes late is not held',
    also: ['peers.lock.unwanted', NEWCOMER],
    evidence: 'the token present and not held, no request at the newcomer, the next acquire without a call',
    hint: 'Give up means: forget that you wait. The token stays with you all the same.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 0, {
        config: { acquireTimeoutMs: bench.timing.callTimeoutMs },
      })
      const { peer, lower } = scene
      const [other] = lower as [PlayedPeer]
      await requireFailure(bench, acquire(peer), ['timeout'], TIMEOUT, 'when no token has come')
      const newcomer = await bench.playPeer()
      await enter(scene, newcomer, 'peers.list.register')
      await giveToken(scene, other, timesOf(scene))
      await requireTokenNow(bench, peer, 'present', TIMEOUT, 'when it comes after the timeout')
      bench.require(newcomer.received('request_token').length === 0, {
        requirement: TIMEOUT,
        expected: 'no request at a newcomer after the timeout',
        actual: 'one',
        exhibits: newcomer.received('request_token').map(({ n }) => ({ frame: n })),
      })
      await requireAcquired(bench, acquire(peer), PRESENT)
      bench.evidence('present after the timeout, then held')
    },
  }),
]

export const lockAcquireCases: readonly Case<'peers'>[] = [...asking, ...holding]
