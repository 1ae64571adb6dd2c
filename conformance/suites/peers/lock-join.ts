// What a peer with the lock answers before and during its join: others wait until it is known whether it makes the token. peers.md
// section 7.
import type { Case } from '../../verdict/case.ts'
import type { PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { requireSuccess } from '../outcome.ts'
import { gate, requireError, requireResult } from './procedures/answers.ts'
import { callBy } from './procedures/calls.ts'
import { ownAddress, requireIntroduction, script } from './procedures/joining.ts'
import { acquire, lockCase, requireAcquired, requireTokenNow } from './procedures/lock.ts'
import { join, outside } from './procedures/scene.ts'
import { entriesFor, requireListNow, requireServes } from './procedures/standstill.ts'

const HOLD = 'peers.lock.hold-joiners'

type Calling = Promise<{ readonly request: Frame; readonly answer: Frame | undefined }>

export const lockJoinCases: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.hold-joiners/until-the-list-is-complete',
    title: 'three higher peers register while this one waits for a lower one: they are answered after it',
    also: ['peers.call.dispatch', 'peers.list.register'],
    evidence:
      'no answer to register_peer before the lower peer has answered, then three; check answered meanwhile',
    hint: 'Keep the answer to register_peer back until your own calls have ended and you know whether you make the token.',
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, { lock: true, lower: 1 })
      const [older] = lower as [PlayedPeer]
      const taking = gate()
      older.on('register_peer', taking.handler)
      const joining = join(peer)
      await requireIntroduction(bench, peer, older, 11)
      const newcomers: PlayedPeer[] = []
      const calls: Calling[] = []
      for (const id of [12, 13, 14]) {
        const newcomer = await bench.playPeer()
        newcomer.id = id
        newcomers.push(newcomer)
        calls.push(newcomer.call(peer, 'register_peer', [id, newcomer.addressFor(peer)]))
      }
      const early = await bench.quiet(
        (frame) => frame.from === peer.seat && newcomers.some(({ seat }) => seat === frame.to),
      )
      bench.require(early === undefined, {
        requirement: HOLD,
        expected: 'no answer to register_peer while the own join waits for a lower peer',
        actual: JSON.stringify(early?.message),
        exhibits: early === undefined ? [] : [{ frame: early.n }],
      })
      bench.evidence(
        'answers check meanwhile',
        await requireServes(bench, older, peer, 'peers.call.dispatch'),
      )
      taking.open()
      for (const calling of calls)
        bench.evidence(
          'registered after the join',
          requireResult(bench, (await calling).answer, null, { requirement: HOLD, to: 'register_peer' }),
        )
      await requireSuccess(bench, joining, 'peers.join.done', 'join to succeed')
      await requireListNow(
        bench,
        peer,
        entriesFor(peer, [older, ...newcomers]),
        'peers.list.register',
        'after the join',
      )
      await requireTokenNow(bench, peer, 'none', 'peers.lock.create', 'with a lower peer in the list')
    },
  }),
  lockCase({
    id: 'peers.lock.hold-joiners/while-it-asks-who-is-there',
    title: 'a higher peer registers while the answer to require_all is missing: it waits',
    evidence: 'no answer to register_peer before that of require_all, then one',
    hint: 'Your join begins with register: from then on others have to wait.',
    async run(bench: PeersBench) {
      const { peer, nameService, stranger: newcomer } = await outside(bench, { lock: true })
      script(nameService, { id: 10, all: [] })
      const listing = gate({ result: [[10, ownAddress(peer)]] })
      nameService.on('require_all', listing.handler)
      const joining = join(peer)
      await nameService.receive('require_all')
      newcomer.id = 11
      const calling = newcomer.call(peer, 'register_peer', [11, newcomer.addressFor(peer)])
      const early = await bench.quiet((frame) => frame.from === peer.seat && frame.to === newcomer.seat)
      bench.require(early === undefined, {
        requirement: HOLD,
        expected: 'no answer to register_peer before the own list is there',
        actual: JSON.stringify(early?.message),
        exhibits: early === undefined ? [] : [{ frame: early.n }],
      })
      listing.open()
      await requireSuccess(bench, joining, 'peers.join.done', 'join to succeed')
      const answer = requireResult(bench, (await calling).answer, null, {
        requirement: HOLD,
        to: 'register_peer of a higher peer during the join',
      })
      bench.evidence('registered after the join', answer)
    },
  }),
  lockCase({
    id: 'peers.lock.hold-joiners/lower-caller',
    title:
      'a peer with a lower id calls register_peer, meant for an earlier life of this address: it does not wait',
    also: ['peers.lock.live'],
    evidence:
      'a NotReadyError while the answer of a lower peer is missing and a higher one waits; after the join the higher one in the list',
    hint: 'Lower peers never wait for you: two that wait for each other wait for ever.',
    async run(bench: PeersBench) {
      const { peer, lower, stranger } = await outside(bench, { lock: true, lower: 1 })
      const [older] = lower as [PlayedPeer]
      const taking = gate()
      older.on('register_peer', taking.handler)
      const joining = join(peer)
      await requireIntroduction(bench, peer, older, 11)
      const newcomer = await bench.playPeer()
      newcomer.id = 12
      const waiting = newcomer.call(peer, 'register_peer', [12, newcomer.addressFor(peer)])
      const { answer } = await stranger.call(peer, 'register_peer', [5, stranger.addressFor(peer)])
      const refused = requireError(bench, answer, {
        requirement: HOLD,
        name: 'NotReadyError',
        to: 'register_peer with a lower id during the join',
      })
      bench.evidence('a lower one does not wait', refused)
      taking.open()
      requireResult(bench, (await waiting).answer, null, {
        requirement: HOLD,
        to: 'register_peer of a higher peer',
      })
      await requireSuccess(bench, joining, 'peers.join.done', 'join to succeed')
      await requireListNow(bench, peer, entriesFor(peer, [older, newcomer]), HOLD, 'after the join')
    },
  }),
  lockCase({
    id: 'peers.lock.hold-joiners/asks-again',
    title: 'a lower peer does not answer register_peer in time but answers check: it is called again',
    also: ['peers.join.lower'],
    evidence:
      'register_peer, check, and register_peer again, which is answered; the peer in the list and no token made',
    hint: 'It may be joining itself, and keep you waiting as you keep others. Only who does not answer check either is dead.',
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, {
        lock: true,
        lower: 1,
        config: { callTimeoutMs: bench.timing.callTimeoutMs },
      })
      const [older] = lower as [PlayedPeer]
      older.on('register_peer', () => 'silent')
      const joining = join(peer)
      await requireIntroduction(bench, peer, older, 11)
      const check = bench.requireFrame(await older.receive('check'), {
        requirement: HOLD,
        expected: 'check at the peer that has not answered register_peer in time',
      })
      older.on('register_peer', () => ({ result: null }))
      await requireIntroduction(bench, peer, older, 11, HOLD)
      await requireSuccess(bench, joining, 'peers.join.done', 'join to succeed')
      await requireListNow(bench, peer, entriesFor(peer, [older]), HOLD, 'after the second register_peer')
      await requireTokenNow(bench, peer, 'none', 'peers.lock.create', 'with a lower peer in the list')
      bench.evidence('asks again after check', check)
    },
  }),
  lockCase({
    id: 'peers.lock.hold-joiners/gives-up',
    title:
      'one lower peer answers neither register_peer nor check, another one only check: both are left out in the end',
    also: ['peers.join.dead', 'peers.lock.create'],
    evidence: 'one register_peer at the first, three at the second, then the end of the join with the token',
    hint: 'Three times in all, and only where check is answered.',
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, {
        lock: true,
        lower: 2,
        config: { callTimeoutMs: bench.timing.callTimeoutMs },
      })
      const [dead, stuck] = lower as [PlayedPeer, PlayedPeer]
      dead.on('register_peer', () => 'silent')
      dead.on('check', () => 'silent')
      stuck.on('register_peer', () => 'silent')
      await requireSuccess(bench, join(peer), 'peers.join.dead', 'join to end')
      for (const [played, expected] of [
        [dead, 1],
        [stuck, 3],
      ] as const) {
        const calls = played.received('register_peer')
        bench.require(calls.length === expected, {
          requirement: HOLD,
          expected: `${expected} calls of register_peer at ${played.id}`,
          actual: `${calls.length}`,
          exhibits: calls.map(({ n }) => ({ frame: n })),
        })
        bench.evidence(`${expected} calls at ${played.id}`, calls[0])
      }
      await requireListNow(bench, peer, [], 'peers.join.dead', 'after peers that did not answer')
      await requireTokenNow(
        bench,
        peer,
        'present',
        'peers.lock.create',
        'when no register_peer has succeeded',
      )
    },
  }),
  lockCase({
    id: 'peers.lock.not-ready/before-join',
    title: 'a peer that has not begun to join refuses register_peer, request_token and obtain_token',
    also: ['peers.lock.create'],
    evidence: 'three NotReadyErrors, nothing changed; after the join the same calls are answered',
    hint: "Before your join you are in nobody's list: who calls has your address from an earlier life.",
    async run(bench: PeersBench) {
      const { peer, stranger, nameService } = await outside(bench, { lock: true })
      stranger.id = 11
      const calls: readonly (readonly [string, readonly unknown[]])[] = [
        ['register_peer', [11, stranger.addressFor(peer)]],
        ['request_token', [3, 11]],
        ['obtain_token', [[[11, 2]]]],
      ]
      for (const [method, args] of calls) {
        const { answer } = await stranger.call(peer, method, args)
        const error = requireError(bench, answer, {
          requirement: 'peers.lock.not-ready',
          name: 'NotReadyError',
          to: `${method} before join`,
        })
        bench.evidence(`${method} refused`, error)
      }
      const { token, peers, requests } = await peer.state()
      bench.require(token === 'none' && peers.length === 0 && requests?.length === 0, {
        requirement: 'peers.lock.not-ready',
        expected: 'no token, no peers and no requests after refused calls',
        actual: JSON.stringify({ token, peers, requests }),
      })
      script(nameService, { id: 10, all: [[10, ownAddress(peer)]] })
      await requireSuccess(bench, join(peer), 'peers.join.done', 'join to succeed')
      await requireAcquired(bench, acquire(peer), 'peers.lock.create')
      for (const [method, args] of calls.slice(0, 2)) {
        const { answer } = await stranger.call(peer, method, args)
        requireResult(bench, answer, null, {
          requirement: 'peers.lock.not-ready',
          to: `${method} after join`,
        })
      }
      const passes = bench.frames.filter(callBy(peer, 'obtain_token'))
      bench.require(passes.length === 0, {
        requirement: 'peers.lock.not-ready',
        expected: 'no token for a peer while this one holds the lock',
        actual: `${passes.length}`,
        exhibits: passes.map(({ n }) => ({ frame: n })),
      })
    },
  }),
]
