// Join, seen from the newcomer: the node under test asks a probe, and a probe accepts or declines it.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { ringCase } from './define.ts'
import { requireNone, sent, sentTo } from './frames.ts'
import { allOf, from, requireSeen, saidOverTcp, since } from './procedures/evidence.ts'
import { begin } from './procedures/outcome.ts'
import { looseScene, memberScene, requireAnswer, type Scene } from './procedures/scene.ts'
import { stage } from './procedures/stages.ts'
import { requireSuccessors, requireUnchanged } from './procedures/successors.ts'

/** The node sends its join to the peer that it knows. */
const requireJoin = (bench: RingBench, id: number, via: number, start = 0): Promise<Frame> =>
  requireSeen(bench, allOf(since(start), sentTo(via, 'ring.join')), {
    requirement: 'ring.join.listen-first',
    expected: `join from the newcomer ${id} to the known peer ${via}, with an empty route`,
    fields: { from: id, id, route: [] },
  })

interface Entry {
  readonly id: number
  readonly via: number
  readonly acceptor: number
  readonly successors: readonly [number, number]
  readonly route: readonly number[]
}

/** Asks, accepts as the acceptor would, and requires that the command succeeds with what accept said. */
const enter = async (bench: RingBench, scene: Scene, entry: Entry): Promise<void> => {
  const { id, via, acceptor, successors, route } = entry
  const start = bench.frames.length
  const command = begin(scene.node, 'join', { via })
  await requireJoin(bench, id, via, start)
  await scene.say(acceptor, { type: 'ring.accept', from: acceptor, successors, route })
  const result = await requireSuccess(
    bench,
    command,
    'ring.join.adopt',
    `join to succeed after the accept of ${acceptor}`,
  )
  bench.require(JSON.stringify([result.successors, result.route]) === JSON.stringify([successors, route]), {
    requirement: 'ring.join.adopt',
    expected: `the successors ${successors.join(' and ')} and the route ${route.join('-')} of accept`,
    actual: JSON.stringify(result),
  })
  await requireSuccessors(bench, scene.node, successors, 'ring.join.adopt', 'after accept', start)
}

const adoption = (slug: string, title: string, entry: Entry, hint: string): Case =>
  ringCase({
    id: `ring.join.adopt/${slug}`,
    title,
    also: ['ring.join.listen-first', 'ring.ping.interval'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'join with an empty route; after accept pings to both successors; the command succeeds',
    hint,
    async run(bench: RingBench) {
      const others = new Set([entry.via, entry.acceptor, ...entry.successors])
      others.delete(entry.id)
      const scene = await looseScene(bench, entry.id, [...others])
      await enter(bench, scene, entry)
    },
  })

const STATE_HINT = 'A failed join leaves the peer as it was: in no ring, and free to try again.'
const ENTRY: Entry = { id: 15, via: 4, acceptor: 14, successors: [19, 2], route: [4, 5, 14] }
const OTHERS = [4, 14, 19, 2] as const

/** After a failed join the node is in no ring, pings nobody, and can join. */
const requireStillOutside = async (bench: RingBench, scene: Scene, requirement: string): Promise<void> => {
  const state = await scene.node.state()
  bench.require(!state.inRing && state.successors === null, {
    requirement,
    expected: 'a peer that is in no ring after its join failed',
    actual: JSON.stringify(state),
  })
  requireNone(bench, allOf(from(scene.node.id), sent('ring.ping')), {
    requirement,
    expected: 'no pings from a peer that is in no ring',
  })
}

const declined = (reason: 'duplicate-id' | 'no-place'): Case =>
  ringCase({
    id: `ring.join.decline-path/newcomer-${reason}`,
    title: `a newcomer that is declined with ${reason} fails with that code and may try again`,
    also: ['ring.join.listen-first', 'ring.join.adopt'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the decline on the connection of join, the error of the command, a second join that succeeds',
    hint: `The decline comes on the connection of your join. ${STATE_HINT}`,
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 15, OTHERS)
      const command = begin(scene.node, 'join', { via: 4 })
      const question = await requireJoin(bench, 15, 4)
      const connection = scene.probe(4).connectionOf(question)
      await connection.send({ type: 'ring.decline', from: 4, id: 15, reason })
      await requireFailure(bench, command, [reason], 'ring.join.decline-path', `after decline with ${reason}`)
      await requireStillOutside(bench, scene, 'ring.join.decline-path')
      await enter(bench, scene, ENTRY)
    },
  })

/** An accept that nobody waits for; the answer and the state are judged. */
const requireUnexpected = async (bench: RingBench, scene: Scene, acceptor: number): Promise<void> => {
  const connection = await scene.say(acceptor, {
    type: 'ring.accept',
    from: acceptor,
    successors: [2, 4],
    route: [acceptor],
  })
  await requireAnswer(bench, connection, 'error', {
    requirement: 'ring.join.adopt',
    expected: 'the error unexpected as the answer to an accept that the peer does not wait for',
    fields: { code: 'unexpected' },
  })
}

/** The newcomer asks, nobody answers, and its time runs out. */
const giveUp = async (bench: RingBench, scene: Scene): Promise<void> => {
  const command = begin(scene.node, 'join', { via: 4 })
  await requireJoin(bench, 15, 4)
  await requireFailure(bench, command, ['timeout'], 'ring.join.listen-first', 'when nobody answers the join')
}

export const joinNewcomerCases: readonly Case[] = [
  adoption(
    'first-join',
    'newcomer 15 asks 4, is accepted by 14 and pings 19 and 2',
    ENTRY,
    'Take both successors from accept and ping them at once, 19 with slot 1 and 2 with slot 2.',
  ),
  adoption(
    'id-zero',
    'newcomer 0 asks 255 and is accepted by it',
    { id: 0, via: 255, acceptor: 255, successors: [3, 60], route: [255] },
    '0 is an id like any other.',
  ),
  adoption(
    'successor-zero',
    'newcomer 220 is accepted with the successors 0 and 7',
    { id: 220, via: 7, acceptor: 200, successors: [0, 7], route: [7, 200] },
    '0 is an id like any other: a first successor 0 exists and is pinged.',
  ),
  adoption(
    'second-of-two',
    'newcomer 15 joins a peer that was alone: its second successor is itself',
    { id: 15, via: 4, acceptor: 4, successors: [4, 15], route: [4] },
    'In a ring of two each has the other as first successor and itself as second; nobody pings itself.',
  ),
  ringCase({
    id: 'ring.join.listen-first/reachable',
    title:
      'when the join arrives, the newcomer already answers pings and connections, and its connection stays open',
    also: ['ring.ping.answer', 'ring.join.adopt'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'pong and connection before any accept; the connection of join open until accept',
    hint: 'Open both sockets before you send join: accept may come before your next line of code runs.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 15, OTHERS)
      const command = begin(scene.node, 'join', { via: 4 })
      const question = await requireJoin(bench, 15, 4)
      await scene.probe(14).ping(scene.node, 1, 7)
      await requireSeen(bench, sentTo(14, 'ring.pong'), {
        requirement: 'ring.join.listen-first',
        expected: 'a pong from a newcomer that has sent its join',
        fields: { from: 15, seq: 7 },
      })
      // Connected before the accept is written: the newcomer listens on TCP too.
      const early = await scene.probe(14).connect(scene.node)
      const hungUp = await scene.probe(4).connectionOf(question).closedByNode(bench.timing.quietMs)
      bench.require(!hungUp, {
        requirement: 'ring.join.listen-first',
        expected: 'the connection of join to stay open until the newcomer is accepted, declined or gives up',
        actual: 'the newcomer closed it',
        exhibits: [{ frame: question.n }],
      })
      requireWaiting(bench, command, 'ring.join.adopt', 'join to wait for accept')
      await early.send({ type: 'ring.accept', from: 14, successors: [19, 2], route: [4, 14] })
      await requireSuccess(bench, command, 'ring.join.adopt', 'join to succeed after accept')
      await requireSuccessors(bench, scene.node, [19, 2], 'ring.join.adopt', 'after accept', question.n)
    },
  }),
  ringCase({
    id: 'ring.join.adopt/not-waiting',
    title: 'an accept that a member does not wait for is refused and changes nothing',
    stage: stage.join,
    also: ['ring.join.successor-change'],
    observes: ['wire', 'control'],
    evidence: 'the error unexpected, unchanged successors, then a successor-change that is obeyed',
    hint: 'Only a peer whose own join is under way takes an accept.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, [2, 4, 9, 14, 19], 9, { strangers: [16] })
      await requireUnexpected(bench, scene, 4)
      await requireUnchanged(bench, scene.node, [14, 19], 'ring.join.adopt', 'after an unexpected accept')
      await scene.say(14, { type: 'ring.successor-change', from: 14, successors: [14, 16] })
      await requireSuccessors(
        bench,
        scene.node,
        [14, 16],
        'ring.join.successor-change',
        'after successor-change',
      )
    },
  }),
  ringCase({
    id: 'ring.join.adopt/not-asked',
    title: 'an accept for a peer that never asked is refused; its later join is not disturbed',
    also: ['ring.join.listen-first'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the error unexpected, no pings, then a join that succeeds',
    hint: 'Only a peer whose own join is under way takes an accept.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 15, OTHERS)
      await requireUnexpected(bench, scene, 14)
      await requireStillOutside(bench, scene, 'ring.join.adopt')
      await enter(bench, scene, ENTRY)
    },
  }),
  ringCase({
    id: 'ring.join.adopt/second-accept',
    title: 'a second accept after the first is refused and changes nothing',
    also: ['ring.join.listen-first'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'a join that succeeds, then the error unexpected and unchanged successors',
    hint: 'The first accept ends the join; what comes after it is not expected.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 15, OTHERS)
      await enter(bench, scene, ENTRY)
      await requireUnexpected(bench, scene, 14)
      await requireUnchanged(bench, scene.node, [19, 2], 'ring.join.adopt', 'after a second accept')
    },
  }),
  declined('duplicate-id'),
  declined('no-place'),
  ringCase({
    id: 'ring.join.listen-first/timeout',
    title:
      'a join that nobody answers fails after joinTimeoutMs; a late accept is refused; the next join succeeds',
    also: ['ring.join.adopt'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the error timeout, the error unexpected for the late accept, a second join that succeeds',
    hint: STATE_HINT,
    async run(bench: RingBench) {
      // Long enough for the second join, which this case answers at once, even on a busy machine.
      const joinTimeoutMs = 8 * bench.timing.pingIntervalMs
      const scene = await looseScene(bench, 15, OTHERS, { joinTimeoutMs })
      const beganMs = performance.now()
      await giveUp(bench, scene)
      const tookMs = performance.now() - beganMs
      // A timer may fire a little early by the clock of another process.
      bench.require(tookMs >= joinTimeoutMs * 0.9, {
        requirement: 'ring.join.listen-first',
        expected: `a newcomer that waits ${joinTimeoutMs} ms for its answer`,
        actual: `it gave up after ${Math.round(tookMs)} ms`,
      })
      await requireUnexpected(bench, scene, 14)
      await requireStillOutside(bench, scene, 'ring.join.adopt')
      await enter(bench, scene, ENTRY)
    },
  }),
  ringCase({
    id: 'ring.join.listen-first/unreachable',
    title: 'a join by way of a peer that is not there fails with unreachable; the next join succeeds',
    also: ['ring.join.adopt'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the error unreachable, then a join that succeeds',
    hint: `A refused connection is no reason to end. ${STATE_HINT}`,
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 15, OTHERS)
      scene.probe(4).listening = false
      const command = begin(scene.node, 'join', { via: 4 })
      await requireFailure(
        bench,
        command,
        ['unreachable'],
        'ring.join.listen-first',
        'when the known peer refuses the connection',
      )
      await requireStillOutside(bench, scene, 'ring.join.listen-first')
      scene.probe(4).listening = true
      await enter(bench, scene, ENTRY)
    },
  }),
  ringCase({
    id: 'ring.join.not-member/joining',
    title: 'a peer that is itself joining refuses a join with not-in-ring or holds it until it is accepted',
    also: ['ring.join.adopt', 'ring.join.place'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'not-in-ring at once, or after its own accept the message is handled by its new successors',
    hint: 'Before accept you have no successors to pass anything on to.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 15, [...OTHERS, 17])
      const command = begin(scene.node, 'join', { via: 4 })
      const question = await requireJoin(bench, 15, 4)
      const early = await scene.say(14, { type: 'ring.join', from: 14, id: 17, route: [4, 14] })
      const refusal = await early.receive((frame) => frame.message?.type === 'error', bench.timing.quietMs)
      requireNone(bench, allOf(from(15), sent('ring.accept')), {
        requirement: 'ring.join.not-member',
        expected: 'no accept from a peer that is in no ring',
      })
      await scene.say(14, { type: 'ring.accept', from: 14, successors: [19, 2], route: [4, 14] })
      await requireSuccess(bench, command, 'ring.join.adopt', 'join to succeed after accept')
      if (refusal !== undefined) {
        bench.require(refusal.message?.code === 'not-in-ring', {
          requirement: 'ring.join.not-member',
          expected: 'the error not-in-ring',
          actual: JSON.stringify(refusal.message),
          exhibits: [{ frame: refusal.n, at: '/code' }],
        })
        bench.evidence('a peer that is joining refuses another join', refusal)
        await requireSuccessors(bench, scene.node, [19, 2], 'ring.join.adopt', 'after accept', question.n)
        return
      }
      const held = await bench.seen(sentTo(17, 'ring.accept'))
      bench.evidence(
        'a held join is handled after accept',
        bench.requireFrame(held, {
          requirement: 'ring.join.not-member',
          expected: 'the held join of 17 to be accepted after the own accept',
          actual: saidOverTcp(bench, question.n),
        }),
      )
    },
  }),
]
