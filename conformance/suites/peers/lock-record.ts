// Requests of others: what a peer notes, and when it passes the token because of one. peers.md section 7.
import type { Case } from '../../verdict/case.ts'
import type { PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import { requireSuccess } from '../outcome.ts'
import { gate, requireError, requireResult } from './procedures/answers.ts'
import { callBy } from './procedures/calls.ts'
import { requireIntroduction } from './procedures/joining.ts'
import {
  acquire,
  ask,
  enter,
  giveToken,
  holdFrom,
  lockCase,
  lockScene,
  requireAcquired,
  requireNoPass,
  requirePass,
  requireReleased,
  requireRequests,
  requireTimes,
  requireTokenNow,
  timesOf,
} from './procedures/lock.ts'
import { join, outside } from './procedures/scene.ts'
import { requireServes } from './procedures/standstill.ts'

const RECORD = 'peers.lock.record'
const IDLE = 'peers.lock.idle'

export const lockRecordCases: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.idle/passes-at-once',
    title: 'a peer that has the token and does not hold the lock passes it to the one who asks',
    also: ['peers.lock.token', 'peers.control.state'],
    evidence: 'obtain_token at the one who asks, and no token left',
    hint: 'When a request comes and you only keep the token, do what release does: pass it on. Else everybody waits for ever.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 2)
      const { peer, higher } = scene
      const [silent, asking] = higher as [PlayedPeer, PlayedPeer]
      await ask(scene, asking, 1)
      const pass = await requirePass(scene, asking, IDLE, 'when it asks')
      requireTimes(bench, pass, timesOf(scene))
      await requireTokenNow(bench, peer, 'none', IDLE, 'after it has passed on')
      requireNoPass(scene, [silent], IDLE, 'because it has not asked')
    },
  }),
  lockCase({
    id: 'peers.lock.idle/held-records',
    title: 'a peer that holds the lock only notes the request, and passes the token when it releases',
    also: ['peers.lock.release', 'peers.lock.one', 'peers.call.dispatch'],
    evidence: 'the request in state and no token before release, obtain_token after it',
    hint: 'Two peers in the critical section are what the lock is there to prevent: look at the state before you pass.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 1)
      const { peer, higher } = scene
      const [other] = higher as [PlayedPeer]
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      await ask(scene, other, 1)
      await requireRequests(scene, [[other.id, 1]], RECORD, 'after a request')
      await bench.quiet(callBy(peer, 'obtain_token'), bench.timing.quietMs / 3)
      await requireServes(bench, other, peer, 'peers.call.dispatch')
      requireNoPass(scene, [other], IDLE, 'while the lock is held')
      await requireTokenNow(bench, peer, 'held', IDLE, 'although somebody asks')
      await requireReleased(bench, peer)
      await requirePass(scene, other, 'peers.lock.release', 'after the release')
    },
  }),
  lockCase({
    id: 'peers.lock.idle/when-it-comes-into-the-list',
    title: 'a peer asks before it is in the list: the token that is here passes to it as soon as it is',
    also: [RECORD, 'peers.list.register'],
    evidence: 'no token after the request, obtain_token after register_peer',
    hint: 'Remember requests of ids that you do not know yet: calls overtake each other.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 0)
      const { peer } = scene
      const newcomer = await bench.playPeer()
      newcomer.id = 30
      await ask(scene, newcomer, 2)
      await requireTokenNow(bench, peer, 'present', RECORD, 'when only a stranger has asked')
      await requireRequests(scene, [], 'peers.control.state', 'of peers of the list')
      const entered = await newcomer.callFor(
        peer,
        'register_peer',
        [30, newcomer.addressFor(peer)],
        'peers.list.register',
      )
      bench.require(entered === null, {
        requirement: 'peers.list.register',
        expected: 'the result null',
        actual: JSON.stringify(entered),
      })
      await requirePass(scene, newcomer, IDLE, 'when it comes into the list')
    },
  }),
  lockCase({
    id: 'peers.lock.record/before-the-list',
    title:
      'a lower peer that waits asks the newcomer before it has answered its register_peer: the request counts',
    also: ['peers.lock.unwanted', 'peers.lock.live', 'peers.call.dispatch'],
    evidence: 'the request answered during the join, and the token passed to that peer when it comes',
    hint: 'The request may overtake the answer to your register_peer. Drop it, and that peer waits for ever.',
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, { lock: true, lower: 2 })
      const [leaver, waiting] = lower as [PlayedPeer, PlayedPeer]
      const taking = gate()
      waiting.on('register_peer', taking.handler)
      const joining = join(peer)
      await requireIntroduction(bench, peer, waiting, 12)
      const scene = { bench, peer, id: 12 }
      await ask(scene, waiting, 3)
      taking.open()
      await requireSuccess(bench, joining, 'peers.join.done', 'join to succeed')
      await requireRequests(scene, [[11, 3]], RECORD, 'when the peer is in the list')
      await giveToken(scene, leaver, [
        [10, 2],
        [11, 1],
        [12, 0],
      ])
      const pass = await requirePass(scene, waiting, RECORD, 'because it had asked')
      requireTimes(bench, pass, [
        [10, 2],
        [11, 1],
        [12, 0],
      ])
    },
  }),
  lockCase({
    id: 'peers.lock.record/sender-time',
    title: 'requests are kept by id with the time of the sender, in the order of ids',
    also: ['peers.control.state'],
    evidence: 'three requests in state, with the times that they came with',
    hint: 'Note the time of the call, not your own clock.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 2, 2)
      const [a, b, c, d] = scene.others as [PlayedPeer, PlayedPeer, PlayedPeer, PlayedPeer]
      await requireRequests(scene, [], RECORD, 'at first')
      for (const [from, time] of [
        [d, 41],
        [a, 7],
        [c, 1_000_000],
      ] as const)
        await ask(scene, from, time)
      await requireRequests(
        scene,
        [
          [a.id, 7],
          [c.id, 1_000_000],
          [d.id, 41],
        ],
        RECORD,
        'of three peers',
      )
      await ask(scene, b, 0)
      const { requests } = await scene.peer.state()
      bench.require(requests?.length === 3, {
        requirement: 'peers.control.state',
        expected: 'only requests with a time above 0',
        actual: JSON.stringify(requests),
      })
      bench.evidence(`requests ${JSON.stringify(requests)}`)
    },
  }),
  lockCase({
    id: 'peers.lock.record/higher-of-both',
    title: 'an older request that arrives after a newer one changes nothing: the newer one is still unserved',
    also: ['peers.lock.release'],
    evidence:
      'the time 7 in state after 7 and 3, and the token passed back to a peer that was served up to 5',
    hint: 'Calls overtake each other: take the higher one of the time in the call and the time you know.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 1)
      const { others } = scene
      const [older, younger] = others as [PlayedPeer, PlayedPeer]
      await ask(scene, younger, 7)
      await ask(scene, younger, 3)
      await requireRequests(scene, [[younger.id, 7]], RECORD, 'after requests with 7 and then 3')
      await giveToken(scene, older, timesOf(scene, { [younger.id]: 5 }))
      await requirePass(scene, younger, RECORD, 'because 7 is newer than 5')
    },
  }),
  lockCase({
    id: 'peers.lock.record/served-already',
    title: 'requests not newer than the last release of that peer pass nothing, a newer one does',
    also: [IDLE, 'peers.lock.unwanted'],
    evidence: 'no token for requests with 5 and 4 of a peer served at 5, obtain_token for one with 6',
    hint: 'Compare the request with the time in the token: newer passes, equal does not.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 1)
      const { peer, others } = scene
      const [older, younger] = others as [PlayedPeer, PlayedPeer]
      await giveToken(scene, older, timesOf(scene, { [older.id]: 2, [younger.id]: 5 }))
      for (const time of [5, 4]) {
        await ask(scene, younger, time)
        await requireTokenNow(
          bench,
          peer,
          'present',
          RECORD,
          `after a request with ${time} of a peer served at 5`,
        )
      }
      const newer = await ask(scene, younger, 6)
      const pass = await requirePass(scene, younger, IDLE, 'because 6 is newer than 5')
      const [first] = younger.received('obtain_token')
      bench.require(first === undefined || first.n > newer.n, {
        requirement: RECORD,
        expected: 'no token for requests that are served already',
        actual: 'a token before the newer request',
        exhibits: [{ frame: first?.n ?? 0 }],
      })
      requireTimes(bench, pass, timesOf(scene, { [older.id]: 2, [younger.id]: 5 }))
    },
  }),
  lockCase({
    id: 'peers.lock.record/own-id',
    title: 'a request with the own id of the peer changes nothing: it does not pass the token to itself',
    also: ['peers.list.self', IDLE],
    evidence:
      'the request answered, the token still here, nothing in state; then passed to another one who asks',
    hint: 'You are not in your own list: look there before you pass.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 1)
      const { peer, id, higher } = scene
      const [other] = higher as [PlayedPeer]
      const { answer } = await other.call(peer, 'request_token', [5, id])
      requireResult(bench, answer, null, { requirement: RECORD, to: 'request_token with the own id' })
      await requireTokenNow(bench, peer, 'present', RECORD, 'after a request with the own id')
      await requireRequests(scene, [], RECORD, 'after a request with the own id')
      await ask(scene, other, 1)
      const pass = await requirePass(scene, other, IDLE, 'when it asks')
      requireTimes(bench, pass, timesOf(scene))
    },
  }),
  lockCase({
    id: 'peers.lock.record/once-for-one-request',
    title: 'a request is served once: when the token comes back with its time nothing passes again',
    also: ['peers.lock.release', 'peers.lock.unwanted'],
    evidence:
      'one token for the request, the token kept when it comes back, another token for the next request',
    hint: 'The token says who has been served up to when. Believe it, and not that somebody is in your requests.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 2)
      const { peer, higher } = scene
      const [other] = higher as [PlayedPeer, PlayedPeer]
      await ask(scene, other, 1)
      await requirePass(scene, other, IDLE, 'when it asks')
      const back = await giveToken(scene, other, timesOf(scene, { [other.id]: 1 }))
      await requireTokenNow(bench, peer, 'present', RECORD, 'when it comes back from the one who has asked')
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      await requireReleased(bench, peer)
      await requireTokenNow(bench, peer, 'present', RECORD, 'after a release without a new request')
      requireNoPass(scene, higher, RECORD, 'for a request that is served', back.n)
      await ask(scene, other, 2)
      await requirePass(scene, other, IDLE, 'when it asks again')
    },
  }),
  lockCase({
    id: 'peers.lock.record/without-the-token',
    title: 'a peer without the token notes requests, and passes the token after its own release',
    also: ['peers.lock.release', 'peers.lock.order'],
    evidence: 'requests noted without the token, obtain_token after release at the right one',
    hint: 'Everybody gets every request, and whoever has the token later must know of it.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 2)
      const { peer, id, others } = scene
      const [older, , last] = others as [PlayedPeer, PlayedPeer, PlayedPeer]
      await ask(scene, last, 4)
      await requireRequests(scene, [[last.id, 4]], RECORD, 'at a peer without the token')
      await holdFrom(scene, older, timesOf(scene, { [older.id]: 9 }))
      requireNoPass(scene, others, IDLE, 'while the lock is held')
      await requireReleased(bench, peer)
      const pass = await requirePass(
        scene,
        last,
        'peers.lock.release',
        'because it had asked before the token came',
      )
      requireTimes(bench, pass, timesOf(scene, { [older.id]: 9, [id]: 1 }))
    },
  }),
  lockCase({
    id: 'peers.call.arguments/token-calls',
    title:
      'request_token and obtain_token with wrong arguments are answered with a TypeError and change nothing',
    also: ['peers.lock.token', 'peers.lock.record'],
    evidence: 'a TypeError each, no token and no requests after them; then the right calls work',
    hint: 'A token is a list of pairs of integers, not an object: keys of JSON objects are strings.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 0)
      const { peer, id, lower } = scene
      const [other] = lower as [PlayedPeer]
      const wrong: readonly (readonly [string, readonly unknown[]])[] = [
        ['obtain_token', []],
        ['obtain_token', [{ 10: 1, 11: 0 }]],
        ['obtain_token', [[['10', 1]]]],
        ['obtain_token', [[[10, '1']]]],
        ['obtain_token', [[[10, 1, 2]]]],
        ['obtain_token', [[10, 1]]],
        ['obtain_token', [[[10, -1]]]],
        ['obtain_token', [10, 1]],
        ['obtain_token', [null]],
        ['request_token', [1]],
        ['request_token', ['1', other.id]],
        ['request_token', [1, other.id, 0]],
        ['request_token', [-1, other.id]],
        ['request_token', [[1, other.id]]],
      ]
      for (const [method, args] of wrong) {
        const { answer } = await other.call(peer, method, args)
        const frame = requireError(bench, answer, {
          requirement: 'peers.call.arguments',
          name: 'TypeError',
          to: `${method} with ${JSON.stringify(args)}`,
        })
        bench.evidence(`refuses ${JSON.stringify(args)}`, frame)
      }
      await requireTokenNow(bench, peer, 'none', 'peers.call.arguments', 'after calls that failed')
      await requireRequests(scene, [], 'peers.call.arguments', 'after calls that failed')
      await ask(scene, other, 1)
      await giveToken(scene, other, [
        [other.id, 0],
        [id, 0],
      ])
      await requirePass(scene, other, 'peers.lock.unwanted', 'after calls without a fault')
    },
  }),
  lockCase({
    id: 'peers.call.private/lock-methods',
    title: 'a peer without lock knows no method and no command of the lock',
    also: ['control.unsupported', 'peers.control.state', 'peers.call.unknown-method'],
    evidence: 'an AttributeError for both methods, unsupported for both commands, null in state',
    hint: 'Offer the methods of a section only when the configuration says that the peer takes part in it.',
    async run(bench: PeersBench) {
      const { peer, higher } = await bench.peerAmongPlayed(0, 1)
      const [other] = higher as [PlayedPeer]
      for (const [method, args] of [
        ['request_token', [1, other.id]],
        ['obtain_token', [[[other.id, 0]]]],
      ] as const) {
        const { answer } = await other.call(peer, method, args)
        const frame = requireError(bench, answer, {
          requirement: 'peers.call.private',
          name: 'AttributeError',
          about: method,
          to: `${method} at a peer without lock`,
        })
        bench.evidence(`${method} is unknown`, frame)
      }
      for (const command of ['acquire', 'release']) {
        const reply = await peer.rawCommand(command, {})
        const error = reply.error as { readonly code?: unknown } | undefined
        bench.require(reply.ok === false && error?.code === 'unsupported', {
          requirement: 'control.unsupported',
          expected: `the error unsupported for ${command} at a peer without lock`,
          actual: JSON.stringify(reply),
        })
      }
      const { token, requests } = await peer.state()
      bench.require(token === null && requests === null, {
        requirement: 'peers.control.state',
        expected: 'token and requests null without lock',
        actual: JSON.stringify({ token, requests }),
      })
    },
  }),
  lockCase({
    id: 'peers.lock.record/many-strangers',
    title: 'requests of a thousand ids that nobody knows do no harm: the peer of the list is still served',
    also: ['common.robust.bounds', 'peers.call.survive'],
    evidence: 'the token passed to the peer of the list that asks after them',
    hint: 'Bound what you keep of ids that you do not know, and let them never push out a peer of the list.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 1)
      const { peer, higher } = scene
      const [other] = higher as [PlayedPeer]
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      const connection = await other.connect(peer)
      // A server may close after an answer: then the others are never read.
      const lines = Array.from(
        { length: 1000 },
        (_, i) => `{"method":"request_token","args":[9,${1000 + i}]}\n`,
      )
      await connection.sendBytes(lines.join(''))
      await connection.receive()
      connection.close()
      await ask(scene, other, 1)
      await requireRequests(scene, [[other.id, 1]], 'peers.control.state', 'of peers of the list')
      await requireReleased(bench, peer)
      await requirePass(scene, other, 'peers.lock.release', 'after many requests of strangers')
    },
  }),
  lockCase({
    id: 'peers.lock.token/newcomers',
    title: 'newcomers that ask a peer which holds the lock are served after its release, in the order',
    also: ['peers.lock.order', 'peers.list.register'],
    evidence: 'a token for the first newcomer with a time for each, also for those that came meanwhile',
    hint: 'Who comes into the list comes into the token too, with the time 0.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 1)
      const { peer, id, higher } = scene
      const [other] = higher as [PlayedPeer]
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      const newcomers = [await bench.playPeer(), await bench.playPeer()] as const
      for (const newcomer of newcomers) await enter(scene, newcomer, 'peers.list.register')
      await ask(scene, newcomers[1], 1)
      await ask(scene, newcomers[0], 1)
      await requireReleased(bench, peer)
      const pass = await requirePass(scene, newcomers[0], 'peers.lock.order', 'because its id comes first')
      requireTimes(bench, pass, [
        [id, 1],
        [other.id, 0],
        [newcomers[0].id, 0],
        [newcomers[1].id, 0],
      ])
    },
  }),
]
