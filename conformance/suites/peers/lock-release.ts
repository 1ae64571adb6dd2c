// Passing the token on: to whom, with what, and what happens when nobody takes it. peers.md section 7.
import { nextInOrder, passOrder } from '../../oracle/peers-lock.ts'
import type { Case } from '../../verdict/case.ts'
import type { Answer, PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { requireWaiting } from '../outcome.ts'
import { failure, gate } from './procedures/answers.ts'
import { callBy, requireNone } from './procedures/calls.ts'
import {
  acquire,
  ask,
  depart,
  enter,
  giveToken,
  holdFrom,
  lockCase,
  lockScene,
  playedAs,
  requireAcquired,
  requireNoPass,
  requirePass,
  requireReleased,
  requireRequest,
  requireRequests,
  requireTimes,
  requireTokenNow,
  requireTokenState,
  timesOf,
} from './procedures/lock.ts'
import { requireIds } from './procedures/standstill.ts'

const RELEASE = 'peers.lock.release'
const ORDER = 'peers.lock.order'
const TOKEN = 'peers.lock.token'
const ONCE = 'peers.lock.pass-once'

interface Turn {
  readonly slug: string
  readonly lower: number
  readonly higher: number
  /** Who asks while the lock is held, in this order; ids begin at 10. */
  readonly asking: readonly number[]
  readonly hint: string
}

const UPWARDS =
  'Look for the next one from your own id upwards, then from the lowest id to your own. Never begin at the lowest.'

const turns: readonly Turn[] = [
  { slug: 'next-above', lower: 3, higher: 3, asking: [10, 16, 14], hint: UPWARDS },
  { slug: 'above-before-below', lower: 3, higher: 3, asking: [10, 11, 12, 16], hint: UPWARDS },
  { slug: 'wraps-to-the-lowest', lower: 3, higher: 3, asking: [12, 11], hint: UPWARDS },
  { slug: 'directly-below', lower: 3, higher: 3, asking: [12], hint: UPWARDS },
  { slug: 'all-ask', lower: 3, higher: 3, asking: [12, 16, 10, 15, 11, 14], hint: UPWARDS },
  {
    slug: 'highest-wraps',
    lower: 4,
    higher: 0,
    asking: [13, 11],
    hint: 'Above the highest id comes the lowest.',
  },
  {
    slug: 'not-first-come',
    lower: 1,
    higher: 4,
    asking: [15, 13, 12],
    hint: 'The order is that of ids, not that in which requests came, nor that of their times.',
  },
]

const order = ({ slug, lower, higher, asking, hint }: Turn): Case<'peers'> =>
  lockCase({
    id: `peers.lock.order/${slug}`,
    title: `${asking.join(', ')} ask peer ${10 + lower} of ${10} to ${10 + lower + higher}, which releases`,
    also: [RELEASE, 'peers.lock.record'],
    evidence: 'obtain_token at the first in the order, and at nobody else',
    hint,
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, lower, higher)
      const { peer, id, others } = scene
      await holdFrom(scene, scene.lower[0] as PlayedPeer)
      const requests = new Map(asking.map((each, i) => [each, 20 - i]))
      for (const [each, time] of requests) await ask(scene, playedAs(scene, each), time)
      await requireReleased(bench, peer)
      const next = nextInOrder(
        id,
        others.map((other) => other.id),
        requests,
        new Map(),
      )
      if (next === undefined) throw new Error('nobody asks')
      await requirePass(scene, playedAs(scene, next), ORDER, `because ${asking.join(', ')} have asked`)
      await requireTokenNow(bench, peer, 'none', ONCE, 'after it has passed on')
      const rest = others.filter((other) => other.id !== next)
      requireNoPass(scene, rest, ORDER, `when ${next} comes first`)
    },
  })

const passing: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.release/keeps',
    title: 'release without a request keeps the token, and the next acquire needs nobody',
    also: ['peers.lock.present'],
    evidence:
      'the token present after release, and passed on with the clock of two acquires when somebody asks',
    hint: 'Nobody wants it, so nobody gets it.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 2)
      const { peer, id, others } = scene
      const [older, younger] = others as [PlayedPeer, PlayedPeer, PlayedPeer]
      await holdFrom(scene, older)
      await requireReleased(bench, peer)
      await requireTokenNow(bench, peer, 'present', RELEASE, 'when nobody has asked')
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      await requireReleased(bench, peer)
      requireNoPass(scene, others, RELEASE, 'when nobody has asked')
      await ask(scene, younger, 1)
      const pass = await requirePass(scene, younger, 'peers.lock.idle', 'when it asks')
      requireTimes(bench, pass, timesOf(scene, { [id]: 2 }), RELEASE)
    },
  }),
  lockCase({
    id: 'peers.lock.order/round',
    title:
      'six peers ask one that holds the lock, and each gives the token back when it is served: all in the order, each once',
    also: ['peers.lock.unwanted', 'peers.lock.record'],
    evidence: 'six passes, upwards from the own id and round',
    hint: 'What has been served stands in the token. From your own id upwards, so everyone is served before anyone is served twice.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 3, 3)
      const { peer, id, others } = scene
      await holdFrom(scene, playedAs(scene, 10))
      for (const [i, other] of others.entries()) await ask(scene, other, 5 + i)
      await requireReleased(bench, peer)
      const times: Record<number, number> = { [id]: 1 }
      for (const next of passOrder(
        id,
        others.map((other) => other.id),
      )) {
        const pass = await requirePass(scene, playedAs(scene, next), ORDER, 'in its turn')
        requireTimes(bench, pass, timesOf(scene, times))
        times[next] = 5 + others.findIndex((other) => other.id === next)
        await giveToken(scene, playedAs(scene, next), timesOf(scene, times))
      }
      await requireTokenNow(bench, peer, 'present', 'peers.lock.record', 'when everyone is served')
      const passes = others.map((other) => other.received('obtain_token').length)
      bench.require(
        passes.every((count) => count === 1),
        {
          requirement: ORDER,
          expected: 'one token for each',
          actual: passes.join(', '),
        },
      )
    },
  }),
  lockCase({
    id: 'peers.lock.token/made',
    title:
      'a token that was just made has the time 0 for every peer of the list, also for those that came later',
    also: ['peers.lock.create', 'peers.lock.idle'],
    evidence: 'obtain_token with one argument, a list of pairs for four peers, all 0',
    hint: 'Put a peer into the token when it comes into the list. Who is missing makes the release of the next holder fail.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 2)
      const { id, others } = scene
      const newcomer = await bench.playPeer()
      await enter(scene, newcomer, 'peers.list.register')
      await ask(scene, newcomer, 1)
      const pass = await requirePass(scene, newcomer, TOKEN, 'when it asks')
      requireTimes(bench, pass, [[id, 0], ...others.map((other) => [other.id, 0] as const), [newcomer.id, 0]])
      const args = pass.message?.args
      bench.require(Array.isArray(args) && args.length === 1, {
        requirement: TOKEN,
        expected: 'one argument',
        actual: JSON.stringify(args),
        exhibits: [{ frame: pass.n, at: '/args' }],
      })
    },
  }),
  lockCase({
    id: 'peers.lock.token/times-kept',
    title: 'the times of a token go on as they came; only the own one is written, with the clock, at release',
    also: [RELEASE, 'peers.lock.record'],
    evidence: 'the times of three others unchanged, the own one 1, although requests have other times',
    hint: 'Your own entry is yours to write, at release. The others write theirs.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 2, 2)
      const { peer, id, others } = scene
      const [a, b, c, d] = others as [PlayedPeer, PlayedPeer, PlayedPeer, PlayedPeer]
      await ask(scene, c, 90)
      await ask(scene, a, 9)
      await holdFrom(scene, b, timesOf(scene, { [a.id]: 3, [b.id]: 8, [c.id]: 40, [d.id]: 2_000_000 }))
      await requireReleased(bench, peer)
      const pass = await requirePass(scene, c, ORDER, 'because it has asked')
      requireTimes(
        bench,
        pass,
        timesOf(scene, { [a.id]: 3, [b.id]: 8, [c.id]: 40, [d.id]: 2_000_000, [id]: 1 }),
      )
    },
  }),
  lockCase({
    id: 'peers.lock.token/missing-ids',
    title: 'a token lacks peers of the list and the receiver itself: they count as 0',
    also: ['peers.lock.order', RELEASE],
    evidence: 'the lock held and released, and a token with a time for everyone',
    hint: 'The sender may not know everybody yet. Fill up what is missing when the token comes.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 2)
      const { peer, id, others } = scene
      const [a, b] = others as [PlayedPeer, PlayedPeer, PlayedPeer]
      await holdFrom(scene, a, [[a.id, 4]])
      await ask(scene, b, 1)
      await requireReleased(bench, peer)
      const pass = await requirePass(scene, b, ORDER, 'because it has asked')
      requireTimes(bench, pass, timesOf(scene, { [a.id]: 4, [id]: 1 }))
      await giveToken(scene, b, [])
      await requireTokenNow(
        bench,
        peer,
        'none',
        TOKEN,
        'when an empty token makes the request of 12 unserved again',
      )
      await requirePass(scene, b, ORDER, 'because a token without times has served nobody')
    },
  }),
  lockCase({
    id: 'peers.lock.token/unknown-ids',
    title: 'a token has times of ids that are not in the list, and its pairs in any order: they are left out',
    also: ['peers.lock.dead', RELEASE],
    evidence: 'a token with the times of the list and no other',
    hint: 'Take over the times of those whom you know.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 1)
      const { peer, id, others } = scene
      const [a, b] = others as [PlayedPeer, PlayedPeer]
      await holdFrom(scene, a, [
        [99, 3],
        [b.id, 6],
        [id, 0],
        [3, 8],
        [a.id, 5],
      ])
      await ask(scene, b, 7)
      await requireReleased(bench, peer)
      const pass = await requirePass(scene, b, ORDER, 'because it has asked')
      requireTimes(bench, pass, timesOf(scene, { [a.id]: 5, [b.id]: 6, [id]: 1 }))
    },
  }),
  lockCase({
    id: 'peers.lock.token/newcomer-begins-at-0',
    title:
      'a token has the time 3 of an id that is not in the list; then that peer comes, and asks with the time 2',
    also: ['peers.lock.idle', 'peers.list.register'],
    evidence: 'the token passed to the newcomer, with the time 0 for it',
    hint: 'You did not know it when the token came, so you have no time of it: who comes into the list begins at 0.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 0)
      const { peer, id, lower } = scene
      const [older] = lower as [PlayedPeer]
      const newcomer = await bench.playPeer()
      newcomer.id = 60
      await giveToken(scene, older, [...timesOf(scene, { [older.id]: 1 }), [60, 3]])
      await newcomer.callFor(peer, 'register_peer', [60, newcomer.addressFor(peer)], 'peers.list.register')
      await ask(scene, newcomer, 2)
      const pass = await requirePass(scene, newcomer, TOKEN, 'because its time begins at 0')
      requireTimes(bench, pass, [
        [older.id, 1],
        [id, 0],
        [60, 0],
      ])
    },
  }),
  lockCase({
    id: 'peers.lock.token/two-become-one',
    title: 'a second token comes to a peer that has one: they become one, with the higher time of each id',
    also: ['peers.lock.pass-once', 'peers.lock.one'],
    evidence: 'one token passed on, with the higher times; the next request gets none',
    hint: 'Two tokens must never go on as two: keep one, with the higher times, whether you hold the lock or not.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 2)
      const { peer, id, others } = scene
      const [a, b, c] = others as [PlayedPeer, PlayedPeer, PlayedPeer]
      await holdFrom(scene, a, timesOf(scene, { [a.id]: 4, [b.id]: 1, [c.id]: 7 }))
      await giveToken(scene, b, timesOf(scene, { [a.id]: 2, [b.id]: 3, [c.id]: 7 }))
      await requireTokenNow(bench, peer, 'held', TOKEN, 'when a second token comes')
      await ask(scene, b, 5)
      await ask(scene, c, 8)
      await requireReleased(bench, peer)
      const pass = await requirePass(scene, b, ORDER, 'because it comes first')
      requireTimes(bench, pass, timesOf(scene, { [a.id]: 4, [b.id]: 3, [c.id]: 7, [id]: 1 }))
      await requireTokenNow(bench, peer, 'none', TOKEN, 'after the one token has passed on')
      requireNoPass(scene, [a, c], 'peers.lock.one', 'when the one token is gone')
    },
  }),
]

/** How a call of `obtain_token` can fail, and whether the one who fails it is in the list after it. */
const failures: readonly {
  readonly slug: string
  readonly what: string
  readonly stays: boolean
  fail(first: PlayedPeer): void
}[] = [
  { slug: 'refused', what: 'refuses connections', stays: false, fail: (first) => first.die() },
  {
    slug: 'closed',
    what: 'closes without an answer',
    stays: false,
    fail: (first) => first.on('obtain_token', () => 'close'),
  },
  {
    slug: 'reset',
    what: 'resets the connection',
    stays: false,
    fail: (first) => first.on('obtain_token', () => 'reset'),
  },
  {
    slug: 'silent',
    what: 'never answers',
    stays: false,
    fail: (first) => first.on('obtain_token', () => 'silent'),
  },
  {
    slug: 'error',
    what: 'answers with an error',
    stays: true,
    fail: (first) => first.on('obtain_token', (): Answer => failure('LeavingError', 'on my way out')),
  },
]

const failing = ({ slug, what, stays, fail }: (typeof failures)[number]): Case<'peers'> =>
  lockCase({
    id: `peers.lock.pass-once/${slug}`,
    title: `the first in the order ${what}: the token passes to the next one`,
    also: ['peers.lock.live', ...(stays ? [] : ['peers.list.dead', 'peers.lock.dead'])],
    evidence: `obtain_token at the next in the order; the first one ${stays ? 'still in the list, its request dropped' : 'gone from the list'}`,
    hint: 'A call that fails leaves the token with you: go on to the next in the order, and never let it get lost.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 3, { config: { callTimeoutMs: bench.timing.callTimeoutMs } })
      const { peer, id, others } = scene
      const [giver, first, next, last] = others as [PlayedPeer, PlayedPeer, PlayedPeer, PlayedPeer]
      await holdFrom(scene, giver, timesOf(scene, { [giver.id]: 2 }))
      for (const other of [last, next, first]) await ask(scene, other, 1)
      fail(first)
      await requireReleased(bench, peer)
      const pass = await requirePass(scene, next, ONCE, `because ${first.id} ${what}`)
      requireNoPass(scene, [last, giver], ONCE, `when ${next.id} takes it`)
      if (stays)
        await requireRequests(
          scene,
          [
            [next.id, 1],
            [last.id, 1],
          ],
          ONCE,
          'when the request of the one that answers with an error is dropped',
        )
      else {
        await requireIds(bench, peer, 'left', [first.id], 'peers.list.dead')
        requireTimes(
          bench,
          pass,
          timesOf(scene, { [giver.id]: 2, [id]: 1 }).filter(([each]) => each !== first.id),
          'peers.lock.dead',
        )
      }
      await requireTokenNow(bench, peer, 'none', ONCE, 'when the second one has taken it')
    },
  })

const once: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.pass-once/nobody-takes-it',
    title:
      'all who asked answer with an error: the token stays, is usable, and is not offered again and again',
    also: ['peers.lock.present', 'peers.lock.live'],
    evidence:
      'one call at each, the token present, the lock held without a request, and a pass to the next one who asks',
    hint: 'Drop the request of one who does not take the token, else you offer it to it for ever.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 3)
      const { peer, higher } = scene
      const [a, b, c] = higher as [PlayedPeer, PlayedPeer, PlayedPeer]
      for (const other of [a, b]) other.on('obtain_token', () => failure('NotReadyError', 'not now'))
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      for (const other of [a, b]) await ask(scene, other, 1)
      await requireReleased(bench, peer)
      for (const other of [a, b]) await requirePass(scene, other, ONCE, 'because it has asked')
      await requireTokenState(bench, peer, 'present', ONCE, 'when nobody has taken it')
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      await requireReleased(bench, peer)
      for (const other of [a, b]) {
        const offers = other.received('obtain_token')
        bench.require(offers.length === 1, {
          requirement: ONCE,
          expected: `one offer for the request of ${other.id}, which it did not take`,
          actual: `${offers.length}`,
          exhibits: offers.slice(0, 3).map(({ n }) => ({ frame: n })),
        })
      }
      await ask(scene, c, 1)
      await requirePass(scene, c, ONCE, 'because it is still here')
    },
  }),
  lockCase({
    id: 'peers.lock.pass-once/not-twice',
    title: 'others ask while the call that passes the token has no answer yet, and after it: they get none',
    also: ['peers.lock.one', 'peers.lock.record'],
    evidence: 'one obtain_token in all, two requests noted',
    hint: 'The token is gone when you call obtain_token, not when that is answered.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 3)
      const { peer, higher } = scene
      const [a, b, c] = higher as [PlayedPeer, PlayedPeer, PlayedPeer]
      const taking = gate()
      a.on('obtain_token', taking.handler)
      await ask(scene, a, 1)
      await requirePass(scene, a, 'peers.lock.idle', 'when it asks')
      await ask(scene, b, 1)
      await requireTokenNow(bench, peer, 'none', ONCE, 'while the call is under way')
      taking.open()
      await ask(scene, c, 1)
      await requireRequests(
        scene,
        higher.map((other) => [other.id, 1]),
        'peers.lock.record',
        'of three',
      )
      const isSecond = (frame: Frame) => callBy(peer, 'obtain_token')(frame) && frame.to !== a.seat
      await bench.quiet(isSecond, bench.timing.quietMs / 3)
      requireNone(bench, isSecond, { requirement: 'peers.lock.one', expected: 'no second token' })
    },
  }),
  lockCase({
    id: 'peers.lock.pass-once/wanted-again',
    title:
      'a peer wants the lock while its token is under way; the call fails and nobody else takes it: it holds it',
    also: ['peers.lock.request', 'peers.lock.live'],
    evidence: 'acquire waiting during the call, a request at the others, acquire answered after the failure',
    hint: 'The token has come back and you wait for it: hold it. Nobody will send it to you again.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 2)
      const { peer, higher } = scene
      const [a, b] = higher as [PlayedPeer, PlayedPeer]
      const taking = gate(failure('LeavingError', 'on my way out'))
      a.on('obtain_token', taking.handler)
      await ask(scene, a, 1)
      await requirePass(scene, a, 'peers.lock.idle', 'when it asks')
      const acquiring = acquire(peer)
      await requireRequest(scene, b, 1)
      requireWaiting(bench, acquiring, ONCE, 'acquire to wait while the token is under way')
      taking.open()
      await requireAcquired(bench, acquiring, ONCE)
      await requireTokenNow(bench, peer, 'held', ONCE, 'when the token has come back')
      bench.evidence('held after the call has failed')
    },
  }),
  lockCase({
    id: 'peers.lock.unwanted/kept',
    title: 'a token comes to a peer that has not asked: it has it, and passes it to the first one who asks',
    also: ['peers.lock.present', 'peers.lock.idle', 'peers.control.state'],
    evidence: 'the token present, the lock held and released without a request, then a pass',
    hint: 'Whoever leaves hands its token to anybody. Take it.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 1)
      const { peer, id, others } = scene
      const [a, b] = others as [PlayedPeer, PlayedPeer]
      await giveToken(scene, a, timesOf(scene, { [a.id]: 3 }), 'peers.lock.unwanted')
      await requireTokenNow(
        bench,
        peer,
        'present',
        'peers.lock.unwanted',
        'although nobody here waits for it',
      )
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      await requireReleased(bench, peer)
      await ask(scene, b, 1)
      const pass = await requirePass(scene, b, 'peers.lock.idle', 'when it asks')
      requireTimes(bench, pass, timesOf(scene, { [a.id]: 3, [id]: 1 }))
    },
  }),
  lockCase({
    id: 'peers.lock.unwanted/passed-on',
    title:
      'a token comes to a peer that has not asked, but knows of three who have: it passes to the first in the order',
    also: [ORDER],
    evidence: 'obtain_token at the first above the own id',
    hint: 'Do what release does.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 2, 2)
      const { peer, others } = scene
      const [a, b, c, d] = others as [PlayedPeer, PlayedPeer, PlayedPeer, PlayedPeer]
      for (const other of [a, d, c]) await ask(scene, other, 2)
      await giveToken(scene, b, timesOf(scene, { [c.id]: 2 }), 'peers.lock.unwanted')
      await requirePass(
        scene,
        d,
        'peers.lock.unwanted',
        `because it has asked, and ${c.id} is served already`,
      )
      await requireTokenNow(bench, peer, 'none', ONCE, 'after it has passed on')
      requireNoPass(scene, [a, b, c], ORDER, `when ${d.id} comes first`)
    },
  }),
  lockCase({
    id: 'peers.lock.unwanted/after-a-timeout',
    title:
      'the token comes after the acquire has timed out, and somebody has asked: the own clock is written, so it comes to rest',
    also: ['peers.lock.timeout', 'peers.lock.token'],
    evidence: 'obtain_token at the other, with the time of the request that timed out as the own one',
    hint: 'Your request is still known to the others. Unless the token says that it is served they send it to you for ever.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 0, {
        config: { acquireTimeoutMs: bench.timing.callTimeoutMs },
      })
      const { peer, id, lower } = scene
      const [other] = lower as [PlayedPeer]
      const acquiring = acquire(peer)
      await requireRequest(scene, other, 1)
      const outcome = await acquiring.outcome
      bench.require(!outcome.ok && outcome.code === 'timeout', {
        requirement: 'peers.lock.timeout',
        expected: 'the error timeout',
        actual: JSON.stringify(outcome),
      })
      await ask(scene, other, 1)
      await giveToken(scene, other, timesOf(scene), 'peers.lock.unwanted')
      const pass = await requirePass(scene, other, 'peers.lock.unwanted', 'because it has asked')
      requireTimes(bench, pass, timesOf(scene, { [id]: 1 }), 'peers.lock.unwanted')
    },
  }),
]

const gone: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.dead/requester-has-left',
    title: 'a peer that asked leaves while the lock is held: the token does not go to it, nor carry its time',
    also: ['peers.list.unregister', RELEASE],
    evidence: 'its request gone from state, obtain_token at the next one without its id',
    hint: 'Take its entries out of the requests and out of the token when it leaves the list.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 2)
      const { peer, id, others } = scene
      const [a, b, c] = others as [PlayedPeer, PlayedPeer, PlayedPeer]
      await holdFrom(scene, a, timesOf(scene, { [a.id]: 2, [b.id]: 3 }))
      await ask(scene, b, 4)
      await ask(scene, c, 1)
      await depart(scene, b)
      await requireRequests(scene, [[c.id, 1]], 'peers.lock.dead', 'after the other one has left')
      await requireReleased(bench, peer)
      const pass = await requirePass(scene, c, 'peers.lock.dead', `because ${b.id} has left`)
      requireTimes(
        bench,
        pass,
        [
          [a.id, 2],
          [id, 1],
          [c.id, 0],
        ],
        'peers.lock.dead',
      )
      requireNoPass(scene, [b], 'peers.lock.dead', 'after it has left')
    },
  }),
  lockCase({
    id: 'peers.lock.dead/comes-back',
    title:
      'a peer that asked leaves the list while the lock is held, and comes back with the same id: it has not asked',
    also: ['peers.list.register', 'peers.lock.record', RELEASE],
    evidence:
      'no requests in state, the token kept at release, then passed with the time 0 when it asks again',
    hint: 'Delete both entries when a peer leaves the list; hiding them until it comes back is not enough.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 1)
      const { peer, id, others } = scene
      const [older, returning] = others as [PlayedPeer, PlayedPeer]
      await holdFrom(scene, older, timesOf(scene, { [older.id]: 2, [returning.id]: 3 }))
      await ask(scene, returning, 4)
      await depart(scene, returning)
      const address = returning.addressFor(peer)
      await returning.callFor(peer, 'register_peer', [returning.id, address], 'peers.list.register')
      await requireRequests(scene, [], 'peers.lock.dead', 'of one that has left and come back')
      await requireReleased(bench, peer)
      await requireTokenNow(bench, peer, 'present', 'peers.lock.dead', 'when nobody has asked since')
      await ask(scene, returning, 1)
      const pass = await requirePass(scene, returning, 'peers.lock.dead', 'when it asks again')
      requireTimes(bench, pass, timesOf(scene, { [older.id]: 2, [id]: 1 }), 'peers.lock.dead')
    },
  }),
  lockCase({
    id: 'peers.lock.dead/only-requester-has-left',
    title: 'the only one who asked leaves while the lock is held: the token stays',
    also: [RELEASE, 'peers.lock.present'],
    evidence: 'the token present after release, and held again at once',
    hint: 'Who has left is nobody to pass to.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 1)
      const { peer, higher } = scene
      const [other] = higher as [PlayedPeer]
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      await ask(scene, other, 1)
      await depart(scene, other)
      await requireReleased(bench, peer)
      await requireTokenNow(bench, peer, 'present', 'peers.lock.dead', 'when the only one who asked has left')
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      requireNoPass(scene, [other], 'peers.lock.dead', 'after it has left')
      bench.evidence('kept, and held again')
    },
  }),
  lockCase({
    id: 'peers.lock.dead/without-the-token',
    title:
      'a peer that asked leaves and another one dies while the token is elsewhere: nothing fails, and nothing is kept of them',
    also: ['peers.list.unregister', 'peers.list.dead', 'peers.call.survive'],
    evidence: 'unregister_peer answered with null, no requests in state, the token usable when it comes',
    hint: 'Without the token there are no token entries to delete: look first.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 2)
      const { peer, others } = scene
      const [a, b, c] = others as [PlayedPeer, PlayedPeer, PlayedPeer]
      for (const other of [b, c]) await ask(scene, other, 3)
      await depart(scene, b)
      await requireRequests(scene, [[c.id, 3]], 'peers.lock.dead', 'when one of two has left')
      c.die()
      await holdFrom(scene, a)
      await requireIds(bench, peer, 'left', [b.id, c.id], 'peers.list.dead')
      await requireRequests(scene, [], 'peers.lock.dead', 'when both have gone')
      await requireReleased(bench, peer)
      await requireTokenNow(bench, peer, 'present', 'peers.lock.dead', 'when those who asked have gone')
      bench.evidence('kept: nobody waits for those who have gone')
    },
  }),
]

export const lockReleaseCases: readonly Case<'peers'>[] = [
  ...turns.map(order),
  ...passing,
  ...failures.map(failing),
  ...once,
  ...gone,
]
