// A peer that has the token leaves: who gets it, and in which order it says goodbye. peers.md section 7.
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench, Played, PlayedPeer } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { type Begun, begun, requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { failure, gate, requireError } from './procedures/answers.ts'
import { callBy, callsOf, requireCall, requireNone } from './procedures/calls.ts'
import { ownAddress } from './procedures/joining.ts'
import {
  acquire,
  ask,
  giveToken,
  holdFrom,
  type LockScene,
  lockCase,
  lockScene,
  requireAcquired,
  requireNoPass,
  requirePass,
  requireRequest,
  timesOf,
} from './procedures/lock.ts'
import { requireServes } from './procedures/standstill.ts'

const LEAVE = 'peers.lock.leave'
const LEAVE_ORDER = 'peers.lock.leave-order'

const stop = (peer: PeerNode): Begun<void> => begun(peer.stop())
const requireStopped = (bench: PeersBench, stopping: Begun<void>): Promise<void> =>
  requireSuccess(bench, stopping, 'peers.leave.dead', 'stop to succeed')

/** A played peer that is registered and has not called `register_peer` yet: it is joining. */
const joiner = async ({ bench, nameService }: LockScene): Promise<PlayedPeer> => {
  const played = await bench.playPeer()
  nameService.enter(played)
  return played
}

/** The node makes this call at the name service. Takes it. */
const requireAtNameService = (
  { bench, nameService }: Pick<LockScene, 'bench' | 'nameService'>,
  method: string,
  requirement: string,
): Promise<Frame> =>
  requireCall(bench, nameService as Played, method, {
    requirement,
    expected: `${method} of the one that leaves`,
  })

/** Each of these calls comes after the one before. */
const requireInOrder = (bench: PeersBench, calls: readonly Frame[], requirement: string): void => {
  for (const [i, call] of calls.entries()) {
    const before = calls[i - 1]
    if (before === undefined) continue
    bench.require(call.n > before.n, {
      requirement,
      expected: `${before.message?.method} before ${call.message?.method}`,
      actual: 'the other way round',
      exhibits: [{ frame: before.n }, { frame: call.n }],
    })
  }
}

/** Takes the `require_all` of the node's join, so that the next one is that of its departure. */
const sceneAfterJoin = async (...args: Parameters<typeof lockScene>): Promise<LockScene> => {
  const scene = await lockScene(...args)
  await scene.nameService.receive('require_all')
  return scene
}

const candidates: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.leave/joining-first',
    title:
      'the holder leaves while two peers are joining and another one has asked: the lower one of the joining gets the token',
    also: [LEAVE_ORDER, 'peers.leave.order', 'peers.lock.token'],
    evidence: 'require_all, then obtain_token at the lowest registered peer that is not in the list',
    hint: 'Ask the name service first. A peer that is joining has nobody but you who knows where the token is.',
    async run(bench: PeersBench) {
      const scene = await sceneAfterJoin(bench, 1, 1)
      const { peer, others } = scene
      const [older, younger] = others as [PlayedPeer, PlayedPeer]
      await holdFrom(scene, older)
      await ask(scene, younger, 1)
      const [first, second] = [await joiner(scene), await joiner(scene)]
      const stopping = stop(peer)
      const asked = await requireAtNameService(scene, 'require_all', LEAVE)
      const pass = await requirePass(scene, first, LEAVE, 'because it is the lowest that is joining')
      const unregister = await requireAtNameService(scene, 'unregister', LEAVE_ORDER)
      const goodbyes = await Promise.all(
        others.map((other) =>
          requireCall(bench, other, 'unregister_peer', {
            requirement: 'peers.leave.order',
            expected: `unregister_peer at ${other.id}`,
            args: [scene.id],
          }),
        ),
      )
      await requireStopped(bench, stopping)
      for (const goodbye of goodbyes) requireInOrder(bench, [asked, pass, unregister, goodbye], LEAVE_ORDER)
      requireNoPass(scene, [...others, second], LEAVE, `when ${first.id} takes it`)
    },
  }),
  lockCase({
    id: 'peers.lock.leave/requester',
    title:
      'the holder leaves, nobody is joining and three have asked: the first in the order from its own id gets the token',
    also: ['peers.lock.order'],
    evidence: 'obtain_token at the first above the own id that has asked',
    hint: 'The same order as at release; the lowest id comes only when nobody has asked.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 2, 3)
      const { peer, others } = scene
      const [a, b, c, d, e] = others as [PlayedPeer, PlayedPeer, PlayedPeer, PlayedPeer, PlayedPeer]
      await holdFrom(scene, b)
      for (const other of [a, e, d]) await ask(scene, other, 1)
      const stopping = stop(peer)
      await requirePass(scene, d, LEAVE, `because ${a.id}, ${d.id} and ${e.id} have asked`)
      await requireStopped(bench, stopping)
      requireNoPass(scene, [a, b, c, e], LEAVE, `when ${d.id} takes it`)
    },
  }),
  lockCase({
    id: 'peers.lock.leave/lowest',
    title: 'a peer with the token present leaves, and nobody has asked: the lowest of the list gets it',
    also: ['peers.lock.unwanted'],
    evidence: 'obtain_token at the lowest id, also if all in the list are higher than the own one',
    hint: 'Somebody has to take it, or nobody ever has it again.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 2, 1)
      const { others } = scene
      const [a, b, c] = others as [PlayedPeer, PlayedPeer, PlayedPeer]
      await giveToken(scene, c, timesOf(scene, { [c.id]: 2 }))
      const stopping = stop(scene.peer)
      await requirePass(scene, a, LEAVE, 'because nobody has asked')
      await requireStopped(bench, stopping)
      requireNoPass(scene, [b, c], LEAVE, `when ${a.id} takes it`)
    },
  }),
  lockCase({
    id: 'peers.lock.leave/maker',
    title: 'the peer that made the token leaves without having used it: the lowest of the list gets it',
    also: ['peers.lock.token'],
    evidence: 'obtain_token at the lowest of three higher peers',
    hint: 'Present or held, used or not: a token in your hands goes on.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 3)
      const [first, ...rest] = scene.higher as [PlayedPeer, PlayedPeer, PlayedPeer]
      const stopping = stop(scene.peer)
      await requirePass(scene, first, LEAVE, 'because nobody has asked')
      await requireStopped(bench, stopping)
      requireNoPass(scene, rest, LEAVE, `when ${first.id} takes it`)
    },
  }),
  lockCase({
    id: 'peers.lock.leave/candidates-fail',
    title:
      'the one that is joining is dead, the one that asked refuses, the lowest closes: the next lowest gets the token',
    also: ['peers.lock.pass-once', 'peers.leave.dead'],
    evidence: 'obtain_token at three peers in this order, the last of which takes it, then unregister',
    hint: 'Go on to the next candidate until one has answered with null. A failure must not end the program either.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 3, 1)
      const { peer, others } = scene
      const [a, b, c, d] = others as [PlayedPeer, PlayedPeer, PlayedPeer, PlayedPeer]
      await holdFrom(scene, a)
      await ask(scene, d, 1)
      const dead = await joiner(scene)
      dead.die()
      d.on('obtain_token', () => failure('LeavingError', 'on my way out'))
      a.on('obtain_token', () => 'close')
      const stopping = stop(peer)
      const calls: Frame[] = []
      for (const [played, because] of [
        [d, 'because it has asked'],
        [a, 'because it is the lowest'],
        [b, 'because it is the next lowest'],
      ] as const)
        calls.push(await requirePass(scene, played, LEAVE, because))
      calls.push(await requireAtNameService(scene, 'unregister', LEAVE_ORDER))
      await requireStopped(bench, stopping)
      requireInOrder(bench, calls, LEAVE)
      requireNoPass(scene, [c], LEAVE, `when ${b.id} has taken it`)
    },
  }),
  lockCase({
    id: 'peers.lock.leave/asks-again',
    title:
      'nobody is there when the holder leaves; then somebody registers: a second require_all finds it, and it gets the token',
    also: ['peers.lock.live'],
    evidence: 'two calls of require_all, obtain_token at the one that only the second answer names',
    hint: 'Before the token ends, ask once more: somebody may have registered while you tried the others.',
    async run(bench: PeersBench) {
      const scene = await sceneAfterJoin(bench, 0, 1)
      const { peer, id, nameService, higher } = scene
      const [dead] = higher as [PlayedPeer]
      const newcomer = await bench.playPeer()
      newcomer.id = 40
      dead.die()
      let asked = 0
      nameService.on('require_all', () => {
        asked += 1
        const alone = [id, ownAddress(peer)]
        return { result: asked === 1 ? [alone] : [alone, [40, newcomer.addressFor(peer)]] }
      })
      const stopping = stop(peer)
      await requirePass(scene, newcomer, LEAVE, 'because the second require_all names it')
      await requireStopped(bench, stopping)
      bench.require(asked >= 2, {
        requirement: LEAVE,
        expected: 'require_all before and after all candidates were tried',
        actual: `${asked} calls`,
      })
    },
  }),
  lockCase({
    id: 'peers.lock.leave/nobody',
    title: 'a peer that is alone leaves with the token: it asks who is there, unregisters and ends',
    also: ['peers.leave.order', LEAVE_ORDER],
    evidence: 'require_all, unregister, no obtain_token, stop answered',
    hint: 'With nobody to take it the token ends. That is no reason to wait.',
    async run(bench: PeersBench) {
      const scene = await sceneAfterJoin(bench, 0, 0)
      const { peer } = scene
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      const stopping = stop(peer)
      const asked = await requireAtNameService(scene, 'require_all', LEAVE)
      const unregister = await requireAtNameService(scene, 'unregister', 'peers.leave.order')
      await requireStopped(bench, stopping)
      requireInOrder(bench, [asked, unregister], LEAVE_ORDER)
      requireNone(bench, callBy(peer, 'obtain_token'), {
        requirement: LEAVE,
        expected: 'no token for anybody',
      })
      bench.evidence('left alone', unregister)
    },
  }),
  lockCase({
    id: 'peers.lock.leave/all-dead',
    title: 'all others are dead when the holder leaves: it tries them all, and stop is answered',
    also: ['peers.leave.dead'],
    evidence: 'a call at each that still takes connections, unregister, stop answered',
    hint: 'Each failure is the end of one call only.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 3)
      const [refusing, closing, failing] = scene.higher as [PlayedPeer, PlayedPeer, PlayedPeer]
      refusing.die()
      closing.on('obtain_token', () => 'close')
      failing.on('obtain_token', () => failure('NotReadyError', 'not here'))
      const stopping = stop(scene.peer)
      await requirePass(scene, closing, LEAVE, 'as the next lowest')
      await requirePass(scene, failing, LEAVE, 'as the last one')
      await requireAtNameService(scene, 'unregister', 'peers.leave.dead')
      await requireStopped(bench, stopping)
    },
  }),
  lockCase({
    id: 'peers.lock.leave/name-service-fails',
    title:
      'the name service answers require_all with an error when the holder leaves: the one that asked gets the token',
    also: ['peers.leave.dead'],
    evidence: 'require_all, its error, obtain_token at the one that asked',
    hint: 'Without an answer the list alone counts. Do not lose the token over it.',
    async run(bench: PeersBench) {
      const scene = await sceneAfterJoin(bench, 1, 1)
      const { peer, others, nameService } = scene
      const [older, younger] = others as [PlayedPeer, PlayedPeer]
      await holdFrom(scene, older)
      await ask(scene, younger, 1)
      nameService.on('require_all', () => failure('Exception', 'out of order'))
      const stopping = stop(peer)
      await requireAtNameService(scene, 'require_all', LEAVE)
      await requirePass(scene, younger, LEAVE, 'because it has asked')
      await requireStopped(bench, stopping)
      requireNoPass(scene, [older], LEAVE, `when ${younger.id} takes it`)
    },
  }),
  lockCase({
    id: 'peers.lock.leave/without-the-token',
    title: 'a peer without the token leaves, although others have asked it: nobody gets one',
    also: ['peers.leave.order', 'peers.lock.one'],
    evidence: 'unregister and unregister_peer, no obtain_token',
    hint: 'Pass on what you have, and nothing else: a token made at the end is a second one.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 1)
      const { peer, others } = scene
      for (const other of others) await ask(scene, other, 1)
      await joiner(scene)
      const stopping = stop(peer)
      await requireAtNameService(scene, 'unregister', 'peers.leave.order')
      for (const other of others)
        bench.evidence(
          `says goodbye to ${other.id}`,
          await requireCall(bench, other, 'unregister_peer', {
            requirement: 'peers.leave.order',
            expected: `unregister_peer at ${other.id}`,
          }),
        )
      await requireStopped(bench, stopping)
      requireNone(bench, callBy(peer, 'obtain_token'), {
        requirement: 'peers.lock.one',
        expected: 'no token from one that has none',
      })
    },
  }),
]

const goodbyes: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.leave-order/token-first',
    title: 'the next holder is slow to take the token: the leaving peer unregisters only when it has',
    also: [LEAVE],
    evidence: 'obtain_token, no unregister before its answer, then unregister',
    hint: 'Wait for the answer to obtain_token: until then the token is yours.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 1)
      const [other] = scene.higher as [PlayedPeer]
      const taking = gate()
      other.on('obtain_token', taking.handler)
      const stopping = stop(scene.peer)
      await requirePass(scene, other, LEAVE, 'because nobody has asked')
      const isGoodbye = (frame: Frame) =>
        callBy(scene.peer, 'unregister')(frame) || callBy(scene.peer, 'unregister_peer')(frame)
      await bench.quiet(isGoodbye, bench.timing.quietMs / 2)
      requireNone(bench, isGoodbye, {
        requirement: LEAVE_ORDER,
        expected: 'no unregister and no unregister_peer before the token is taken',
      })
      requireWaiting(bench, stopping, LEAVE_ORDER, 'stop to wait for the next holder')
      taking.open()
      await requireAtNameService(scene, 'unregister', LEAVE_ORDER)
      await requireStopped(bench, stopping)
    },
  }),
  lockCase({
    id: 'peers.lock.leave-order/takes-no-token',
    title: 'a token comes to a peer that is leaving: it refuses with a LeavingError',
    also: ['peers.lock.pass-once'],
    evidence: 'the LeavingError while require_all has no answer, and one token passed on, the own one',
    hint: 'From the beginning of stop on you take nothing: the sender keeps it and finds somebody else.',
    async run(bench: PeersBench) {
      const scene = await sceneAfterJoin(bench, 1, 1)
      const { peer, nameService, others } = scene
      const [older, younger] = others as [PlayedPeer, PlayedPeer]
      await giveToken(scene, younger, timesOf(scene))
      const listing = gate({ result: [] })
      nameService.on('require_all', listing.handler)
      const stopping = stop(peer)
      await requireAtNameService(scene, 'require_all', LEAVE)
      const { answer } = await younger.call(peer, 'obtain_token', [timesOf(scene)])
      const refused = requireError(bench, answer, {
        requirement: LEAVE_ORDER,
        name: 'LeavingError',
        to: 'obtain_token at a peer that is leaving',
      })
      bench.evidence('takes no token', refused)
      listing.open()
      await requirePass(scene, older, LEAVE, 'because nobody has asked')
      await requireStopped(bench, stopping)
      requireNoPass(scene, [younger], 'peers.lock.one', 'after the one token has passed on')
    },
  }),
  lockCase({
    id: 'peers.lock.leave-order/newcomer-waits',
    title:
      'a newcomer calls register_peer at a peer that is leaving: it is refused, but only after unregister has ended',
    also: ['peers.leave.joiners', 'peers.call.dispatch'],
    evidence: 'no answer while unregister has none, check answered meanwhile, then the LeavingError',
    hint: 'If you refuse it before the token is handed over, it may make a second one.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 1)
      const { peer, nameService, higher } = scene
      const [other] = higher as [PlayedPeer]
      const unregistering = gate()
      nameService.on('unregister', unregistering.handler)
      const newcomer = await bench.playPeer()
      newcomer.id = 50
      const stopping = stop(peer)
      await requireAtNameService(scene, 'unregister', LEAVE_ORDER)
      const calling = newcomer.call(peer, 'register_peer', [50, newcomer.addressFor(peer)])
      const early = await bench.quiet((frame) => frame.from === peer.seat && frame.to === newcomer.seat)
      bench.require(early === undefined, {
        requirement: LEAVE_ORDER,
        expected: 'no answer to register_peer before unregister has ended',
        actual: JSON.stringify(early?.message),
        exhibits: early === undefined ? [] : [{ frame: early.n }],
      })
      await requireServes(bench, other, peer, 'peers.call.dispatch')
      unregistering.open()
      const { answer } = await calling
      const refused = requireError(bench, answer, {
        requirement: LEAVE_ORDER,
        name: 'LeavingError',
        to: 'register_peer at a peer that is leaving',
      })
      bench.evidence('refused after unregister', refused)
      await requireStopped(bench, stopping)
      requireNoPass(scene, [newcomer], LEAVE, 'because it came too late')
    },
  }),
  lockCase({
    id: 'peers.lock.leave/call-under-way-fails',
    title:
      'stop comes while the token is under way to one that then refuses it: it is handed over to another one',
    also: ['peers.lock.pass-once', LEAVE_ORDER],
    evidence: 'obtain_token at the one that asked, its error, obtain_token at the other one, then unregister',
    hint: 'The token is yours again when the call fails. Wait for its answer before you go.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 2)
      const { peer, higher } = scene
      const [other, asking] = higher as [PlayedPeer, PlayedPeer]
      const taking = gate(failure('LeavingError', 'on my way out'))
      asking.on('obtain_token', taking.handler)
      await ask(scene, asking, 1)
      await requirePass(scene, asking, 'peers.lock.idle', 'when it asks')
      const stopping = stop(peer)
      await bench.quiet(callBy(peer, 'unregister'), bench.timing.quietMs / 3)
      requireNone(bench, callBy(peer, 'unregister'), {
        requirement: LEAVE,
        expected: 'no unregister while the token is under way',
      })
      taking.open()
      const pass = await requirePass(scene, other, LEAVE, `because ${asking.id} has refused it`)
      const unregister = await requireAtNameService(scene, 'unregister', LEAVE_ORDER)
      await requireStopped(bench, stopping)
      requireInOrder(bench, [pass, unregister], LEAVE_ORDER)
    },
  }),
  lockCase({
    id: 'peers.lock.leave/call-under-way-succeeds',
    title: 'stop comes while the token is under way to one that takes it: nobody else gets one',
    also: ['peers.lock.one', 'peers.lock.pass-once'],
    evidence: 'one obtain_token in all, then unregister',
    hint: 'A token that is under way is not yours to hand over a second time.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 0, 2)
      const { peer, higher } = scene
      const [other, asking] = higher as [PlayedPeer, PlayedPeer]
      const taking = gate()
      asking.on('obtain_token', taking.handler)
      await ask(scene, asking, 1)
      await requirePass(scene, asking, 'peers.lock.idle', 'when it asks')
      const stopping = stop(peer)
      await bench.quiet(callBy(peer, 'unregister'), bench.timing.quietMs / 3)
      taking.open()
      await requireAtNameService(scene, 'unregister', LEAVE_ORDER)
      await requireStopped(bench, stopping)
      const passes = callsOf(bench, peer, 'obtain_token')
      bench.require(passes.length === 1, {
        requirement: 'peers.lock.one',
        expected: 'one token',
        actual: `${passes.length}`,
        exhibits: passes.map(({ n }) => ({ frame: n })),
      })
      requireNoPass(scene, [other], 'peers.lock.one', `when ${asking.id} takes it`)
    },
  }),
  lockCase({
    id: 'peers.leave.order/waiting-acquire',
    title:
      'a peer leaves while its acquire waits: the acquire ends with not-started, and the token is not waited for',
    also: [LEAVE_ORDER, 'control.stop'],
    evidence: 'unregister at once, stop answered, acquire ended with not-started',
    hint: 'Every command gets its reply, also when the peer stops.',
    async run(bench: PeersBench) {
      const scene = await lockScene(bench, 1, 0)
      const { peer, lower } = scene
      const [other] = lower as [PlayedPeer]
      const acquiring = acquire(peer)
      await requireRequest(scene, other, 1)
      const stopping = stop(peer)
      const unregister = await requireAtNameService(scene, 'unregister', 'peers.leave.order')
      await requireStopped(bench, stopping)
      await requireFailure(
        bench,
        acquiring,
        ['not-started'],
        'control.stop',
        'for an acquire that waits at stop',
      )
      bench.evidence('left while waiting', unregister)
    },
  }),
]

export const lockLeaveCases: readonly Case<'peers'>[] = [...candidates, ...goodbyes]
