// Who makes the token, and who never does. peers.md section 7.
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import { requireSuccess, requireWaiting } from '../outcome.ts'
import { failure, gate, requireResult } from './procedures/answers.ts'
import { callBy, requireNone } from './procedures/calls.ts'
import { ownAddress, requireIntroduction, script } from './procedures/joining.ts'
import {
  acquire,
  depart,
  giveToken,
  lockCase,
  lockScene,
  requireAcquired,
  requireReleased,
  requireRequest,
  requireTokenNow,
  timesOf,
} from './procedures/lock.ts'
import { join, outside } from './procedures/scene.ts'

const CREATE = 'peers.lock.create'
const LEAVING = failure('LeavingError', 'on my way out')

/** The peer has the token as soon as its join is over, and holds the lock without asking anybody. */
const requireMade = async (bench: PeersBench, peer: PeerNode, because: string): Promise<void> => {
  await requireTokenNow(bench, peer, 'present', CREATE, because)
  await requireAcquired(bench, acquire(peer), CREATE)
  requireNone(bench, callBy(peer, 'request_token'), {
    requirement: 'peers.lock.present',
    expected: 'no request for a token that is here',
  })
  await requireReleased(bench, peer)
  bench.evidence(`the token is here ${because}`)
}

/** The peer has no token: it asks `other` for it, and waits until that gives it. */
const requireNotMade = async (
  bench: PeersBench,
  peer: PeerNode,
  id: number,
  other: PlayedPeer,
  because: string,
): Promise<void> => {
  await requireTokenNow(bench, peer, 'none', CREATE, because)
  const acquiring = acquire(peer)
  const request = await requireRequest({ bench, id }, other)
  bench.evidence(`asks ${other.id} for the token ${because}`, request)
  requireWaiting(bench, acquiring, CREATE, `acquire to wait for the token ${because}`)
  await giveToken({ bench, peer }, other, [
    [other.id, 0],
    [id, 0],
  ])
  await requireAcquired(bench, acquiring)
}

export const lockCreateCases: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.create/alone',
    title: 'a peer that is alone has the token when its join is answered',
    also: ['peers.lock.present', 'peers.control.state'],
    evidence: 'the token present, the lock held without a call',
    hint: 'Make the token at the end of join, when nobody has answered your register_peer.',
    async run(bench: PeersBench) {
      const { peer } = await outside(bench, { lock: true })
      await requireTokenNow(bench, peer, 'none', CREATE, 'before join')
      await requireSuccess(bench, join(peer), 'peers.join.done', 'join to succeed')
      await requireMade(bench, peer, 'after a join that met nobody')
    },
  }),
  lockCase({
    id: 'peers.lock.create/not-the-second',
    title: 'a peer that has found a lower one makes no token',
    also: ['peers.lock.request'],
    evidence: 'no token, and a request for it',
    hint: 'Somebody older is there, so a token exists: ask for it.',
    async run(bench: PeersBench) {
      const { peer, id, lower } = await lockScene(bench, 1, 0)
      const [older] = lower as [PlayedPeer]
      await requireNotMade(bench, peer, id, older, 'after a join that met a lower peer')
    },
  }),
  lockCase({
    id: 'peers.lock.create/newcomer-during-join',
    title:
      'a newcomer registers with the lowest peer while that is joining: the lowest makes the token all the same',
    also: ['peers.lock.hold-joiners', 'peers.list.register'],
    evidence: 'the token present, the newcomer in the list',
    hint: 'Not whose list is empty but who is the lowest makes the token. Else nobody ever has one when a newcomer is quick.',
    async run(bench: PeersBench) {
      const { peer, nameService, stranger: newcomer } = await outside(bench, { lock: true })
      const asked = gate({
        result: [
          [10, ownAddress(peer)],
          [11, newcomer.addressFor(peer)],
        ],
      })
      script(nameService, { id: 10, all: [] })
      nameService.on('require_all', asked.handler)
      newcomer.id = 11
      const joining = join(peer)
      bench.requireFrame(await nameService.receive('require_all'), {
        requirement: 'peers.join.order',
        expected: 'require_all',
      })
      const calling = newcomer.call(peer, 'register_peer', [11, newcomer.addressFor(peer)])
      // One that takes newcomers at once has this one in its list before it knows whether it makes the token.
      await bench.quiet(
        (frame) => frame.from === peer.seat && frame.to === newcomer.seat,
        bench.timing.quietMs / 3,
      )
      asked.open()
      await requireSuccess(bench, joining, 'peers.join.done', 'join to succeed')
      requireResult(bench, (await calling).answer, null, {
        requirement: 'peers.lock.hold-joiners',
        to: 'register_peer of a higher peer during the join',
      })
      const { peers } = await peer.state()
      bench.require(peers.length === 1 && peers[0]?.id === 11, {
        requirement: 'peers.list.register',
        expected: 'the newcomer 11 in the list',
        actual: JSON.stringify(peers),
      })
      await requireMade(bench, peer, 'although 11 has come before the end of the join')
    },
  }),
  lockCase({
    id: 'peers.lock.create/higher-registered',
    title: 'higher peers are registered already when the lowest asks: it makes the token',
    evidence: 'the token present',
    hint: 'Count the lower peers that took your register_peer, not the entries of require_all.',
    async run(bench: PeersBench) {
      const { peer, nameService, stranger } = await outside(bench, { lock: true })
      script(nameService, {
        id: 10,
        all: [
          [10, ownAddress(peer)],
          [11, stranger.addressFor(peer)],
        ],
      })
      await requireSuccess(bench, join(peer), 'peers.join.done', 'join to succeed')
      await requireMade(bench, peer, 'with nobody below')
    },
  }),
  lockCase({
    id: 'peers.lock.create/lower-dead',
    title: 'all lower peers are dead: the lowest that lives makes the token',
    also: ['peers.join.dead'],
    evidence: 'the token present after two calls that nobody took',
    hint: 'A registered peer that cannot be reached has no token: count the calls that succeeded.',
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, { lock: true, lower: 2 })
      const [refusing, closing] = lower as [PlayedPeer, PlayedPeer]
      refusing.die()
      closing.on('register_peer', () => 'close')
      await requireSuccess(bench, join(peer), 'peers.join.dead', 'join to succeed among dead peers')
      await requireIntroduction(bench, peer, closing, 12)
      await requireMade(bench, peer, 'with nobody alive below')
    },
  }),
  lockCase({
    id: 'peers.lock.create/lower-leaving',
    title: 'the only lower peer refuses with a LeavingError: the newcomer makes the token',
    also: ['peers.join.dead'],
    evidence: 'the token present after a refused register_peer',
    hint: 'An error as the answer is a call that failed: that peer is no longer one to ask.',
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, { lock: true, lower: 1 })
      const [leaver] = lower as [PlayedPeer]
      leaver.on('register_peer', () => LEAVING)
      await requireSuccess(bench, join(peer), 'peers.join.dead', 'join to succeed')
      await requireIntroduction(bench, peer, leaver, 11)
      await requireMade(bench, peer, 'when the only lower peer has left')
    },
  }),
  lockCase({
    id: 'peers.lock.create/one-lower-alive',
    title: 'one lower peer is dead, the next one lives: no token is made',
    also: ['peers.join.dead', 'peers.lock.request'],
    evidence: 'no token, and a request at the living one',
    hint: 'One lower peer that took your register_peer is enough to know that a token exists.',
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, { lock: true, lower: 2 })
      const [dead, alive] = lower as [PlayedPeer, PlayedPeer]
      dead.die()
      await requireSuccess(bench, join(peer), 'peers.join.dead', 'join to succeed')
      await requireNotMade(bench, peer, 12, alive, 'with one lower peer alive')
    },
  }),
  lockCase({
    id: 'peers.lock.create/handed-over-meanwhile',
    title: 'the only lower peer hands its token to the joining one, then refuses it: there is one token',
    also: ['peers.lock.token', 'peers.lock.leave'],
    evidence: 'obtain_token answered with null during the join, the token present after it and changed once',
    hint: 'Take a token whenever it comes, also while you join; then make none.',
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, { lock: true, lower: 1 })
      const [leaver] = lower as [PlayedPeer]
      const leaving = gate(LEAVING)
      leaver.on('register_peer', leaving.handler)
      const joining = join(peer)
      await requireIntroduction(bench, peer, leaver, 11)
      const given = await giveToken({ bench, peer }, leaver, [
        [10, 4],
        [11, 0],
      ])
      bench.evidence('takes the token while it joins', given)
      leaving.open()
      await requireSuccess(bench, joining, 'peers.join.dead', 'join to succeed')
      await requireTokenNow(bench, peer, 'present', CREATE, 'after it has come during the join')
      const changes = peer.events.filter(({ event }) => event === 'token')
      bench.require(changes.length === 1, {
        requirement: CREATE,
        expected: 'one event token: present',
        actual: JSON.stringify(changes),
      })
      await requireMade(bench, peer, 'after it has come during the join')
    },
  }),
  lockCase({
    id: 'peers.lock.create/older-left-meanwhile',
    title:
      'both lower peers leave during the join, one after it has taken the newcomer in: a token exists, so none is made',
    also: ['peers.join.left-meanwhile', 'peers.lock.request-newcomer'],
    evidence: 'no token, and a request at the peer that comes later',
    hint: 'An empty list at the end of join proves nothing: who took your register_peer had a token to hand on, perhaps to a third one.',
    async run(bench: PeersBench) {
      const { peer, lower, stranger, nameService } = await outside(bench, { lock: true, lower: 2 })
      const [first, second] = lower as [PlayedPeer, PlayedPeer]
      const leaving = gate(LEAVING)
      second.on('register_peer', leaving.handler)
      const joining = join(peer)
      await requireIntroduction(bench, peer, first, 12)
      await requireIntroduction(bench, peer, second, 12)
      await bench.seen((frame) => frame.from === first.seat && frame.to === peer.seat)
      await first.call(peer, 'unregister_peer', [10])
      leaving.open()
      await requireSuccess(bench, joining, 'peers.join.dead', 'join to succeed')
      nameService.enter(stranger)
      const { answer } = await stranger.call(peer, 'register_peer', [stranger.id, stranger.addressFor(peer)])
      requireResult(bench, answer, null, { requirement: 'peers.list.register', to: 'register_peer' })
      await requireNotMade(bench, peer, 12, stranger, 'although nobody lower is left')
    },
  }),
  lockCase({
    id: 'peers.lock.create/never-later',
    title: 'the lower peer leaves after the join: who is the lowest then makes no token',
    also: ['peers.list.unregister', 'peers.lock.request'],
    evidence: 'no token after the departure, and a request at the peer that is left',
    hint: 'The one who leaves hands its token on. Make one at the end of your join or never.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 1)
      const { peer, id } = scene
      const [older, younger] = scene.others as [PlayedPeer, PlayedPeer]
      await depart(scene, older)
      await requireNotMade(bench, peer, id, younger, 'after the lower peer has left')
    },
  }),
  lockCase({
    id: 'peers.lock.create/never-at-a-death',
    title: 'the lower peer dies while this one waits for the token: no token is made',
    also: ['peers.list.dead', 'peers.lock.request'],
    evidence: 'the dead peer gone from the list, acquire waiting until a living one gives the token',
    hint: 'That a call fails says nothing about where the token is.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 1)
      const { peer, id } = scene
      const [older, younger] = scene.others as [PlayedPeer, PlayedPeer]
      older.die()
      const acquiring = acquire(peer)
      await requireRequest(scene, younger, 1)
      const gone = await bench.until(async () => (await peer.state()).peers.length === 1)
      bench.require(gone, {
        requirement: 'peers.list.dead',
        expected: 'the dead peer gone from the list',
        actual: JSON.stringify((await peer.state()).peers),
      })
      await requireTokenNow(bench, peer, 'none', CREATE, 'when the only lower peer is dead')
      requireWaiting(bench, acquiring, CREATE, 'acquire to wait for the token')
      await giveToken(scene, younger, timesOf(scene))
      await requireAcquired(bench, acquiring)
      bench.evidence(`held after ${younger.id} gave the token to ${id}`)
    },
  }),
]
