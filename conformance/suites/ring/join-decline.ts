// Joins that are refused: the id is taken, the place of the newcomer's connection, and peers that are in no ring.
//
// Whoever asks for an id that is taken cannot be answered at the address of that id, because the other one lives there.
// So a decline goes to the known peer, the first in `route`, and that writes it to the connection on which the newcomer
// waits. The probes here are on both sides of that path.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { Message, ProbeConnection } from '../../wire/probe.ts'
import { ringCase } from './define.ts'
import { requireNone, sent, sentTo } from './frames.ts'
import { digestOf } from './procedures/content.ts'
import { allOf, notOn, requireSeen, saidOverTcp, since } from './procedures/evidence.ts'
import { looseScene, memberScene, requireAnswer, type Scene } from './procedures/scene.ts'
import { stage } from './procedures/stages.ts'
import { requireSuccessors, requireUnchanged } from './procedures/successors.ts'

const RING = [4, 8, 9, 14, 19] as const
const SUCCESSORS = [14, 19] as const

const join = (from: number, id: number, route: readonly number[]): Message => ({
  type: 'ring.join',
  from,
  id,
  route,
})

/** The control of a refusal: another newcomer, which does belong here, is accepted at once. */
const requireAccepts = async (bench: RingBench, scene: Scene, id: number): Promise<void> => {
  const start = bench.frames.length
  await scene.say(8, join(8, id, [4, 8]))
  await requireSeen(bench, allOf(since(start), sentTo(id, 'ring.accept')), {
    requirement: 'ring.join.accept',
    expected: `accept to ${id}, whose id is free`,
    fields: { from: 9, successors: SUCCESSORS, route: [4, 8, 9] },
  })
}

/** Somebody at address 200 asks the node directly for an id that is taken. */
const directDuplicate = (slug: string, title: string, id: number): Case =>
  ringCase({
    id: `ring.join.duplicate/${slug}`,
    title,
    also: ['ring.join.decline-path'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'decline with duplicate-id on the connection of the question; then a free id that is accepted',
    hint: 'Compare the id with your own and with your first successor before you look for its place.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [200, 11] })
      const waiting = await scene.say(200, join(id, id, []))
      await requireAnswer(bench, waiting, 'ring.decline', {
        requirement: 'ring.join.duplicate',
        expected: `decline with duplicate-id for the id ${id} on the connection of the newcomer`,
        fields: { from: 9, id, reason: 'duplicate-id' },
      })
      await requireUnchanged(bench, scene.node, SUCCESSORS, 'ring.join.duplicate', 'when it declines')
      requireNone(bench, allOf(sent('ring.decline'), notOn(waiting)), {
        requirement: 'ring.join.decline-path',
        expected: 'decline on the connection of the newcomer only',
      })
      requireNone(bench, sent('ring.join'), {
        requirement: 'ring.join.duplicate',
        expected: 'a declined join to end here',
      })
      requireNone(bench, sent('ring.accept'), {
        requirement: 'ring.join.duplicate',
        expected: 'no accept for an id that is taken',
      })
      await requireAccepts(bench, scene, 11)
    },
  })

/** The join of an id that is taken comes from another peer: the decline goes back to the first of the route. */
const passedDuplicate = (slug: string, title: string, id: number): Case =>
  ringCase({
    id: `ring.join.duplicate/${slug}`,
    title,
    also: ['ring.join.decline-path'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'decline with duplicate-id at the first peer of the route; then a free id that is accepted',
    hint: 'Another peer lives at the address of that id; the first peer of `route` knows where the newcomer waits.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [11] })
      await scene.say(8, join(8, id, [4, 8]))
      await requireSeen(bench, sentTo(4, 'ring.decline'), {
        requirement: 'ring.join.duplicate',
        expected: `decline with duplicate-id for the id ${id} to peer 4, the first of the route`,
        fields: { from: 9, id, reason: 'duplicate-id' },
      })
      await requireUnchanged(bench, scene.node, SUCCESSORS, 'ring.join.duplicate', 'when it declines')
      requireNone(
        bench,
        allOf(sent('ring.decline'), (frame) => frame.to !== 4),
        {
          requirement: 'ring.join.decline-path',
          expected: 'decline to peer 4 only, not to the address of the id',
        },
      )
      requireNone(bench, sent('ring.join'), {
        requirement: 'ring.join.duplicate',
        expected: 'a declined join to end here',
      })
      requireNone(bench, sent('ring.accept'), {
        requirement: 'ring.join.duplicate',
        expected: 'no accept for an id that is taken',
      })
      await requireAccepts(bench, scene, 11)
    },
  })

/** The newcomer 200 asks the node, which passes the join on; it waits on the connection given back. */
const waitAs = async (bench: RingBench, scene: Scene, id: number, probe = id): Promise<ProbeConnection> => {
  const start = bench.frames.length
  const waiting = await scene.say(probe, join(id, id, []))
  await requireSeen(bench, allOf(since(start), sentTo(14, 'ring.join', { id })), {
    requirement: 'ring.join.forward',
    expected: `the join of ${id} passed on to 14`,
    fields: { from: 9, route: [9] },
  })
  return waiting
}

const relayed = (slug: string, title: string, reason: 'duplicate-id' | 'no-place'): Case =>
  ringCase({
    id: `ring.join.decline-path/${slug}`,
    title,
    stage: stage.join,
    observes: ['wire'],
    evidence: 'the decline of another peer on the connection on which the newcomer waits',
    hint: 'Remember for each newcomer that asked you the connection on which it waits.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [200, 201] })
      // Two wait at once: the decline is for the second one.
      const other = await waitAs(bench, scene, 201)
      const waiting = await waitAs(bench, scene, 200)
      await scene.say(19, { type: 'ring.decline', from: 19, id: 200, reason })
      await requireAnswer(bench, waiting, 'ring.decline', {
        requirement: 'ring.join.decline-path',
        expected: `the decline with ${reason} on the connection on which 200 waits`,
        fields: { id: 200, reason },
      })
      requireNone(bench, allOf(sent('ring.decline'), notOn(waiting)), {
        requirement: 'ring.join.decline-path',
        expected: 'the decline on the connection of 200 only',
      })
      await scene.say(19, { type: 'ring.decline', from: 19, id: 201, reason })
      await requireAnswer(bench, other, 'ring.decline', {
        requirement: 'ring.join.decline-path',
        expected: `the decline with ${reason} on the connection on which 201 waits`,
        fields: { id: 201, reason },
      })
    },
  })

const BODY = new TextEncoder().encode('content')

/** What a peer that is in no ring refuses. */
const refusals: readonly (readonly [name: string, message: Message, body?: Uint8Array])[] = [
  ['join', join(8, 11, [8])],
  ['store', { type: 'ring.store', from: 8, origin: 8, name: '0009', request: 1, size: 7, route: [8] }],
  [
    'request',
    { type: 'ring.request', from: 8, origin: 8, name: '0009', request: 2, transport: 'tcp', route: [8] },
  ],
  [
    'put',
    { type: 'ring.put', from: 8, name: '0009', request: 1, digest: digestOf(BODY), bodyLength: BODY.length },
    BODY,
  ],
]

const notMember = ([name, message, body]: (typeof refusals)[number]): Case =>
  ringCase({
    id: `ring.join.not-member/${name}`,
    title: `a peer that is in no ring answers ${name} with not-in-ring`,
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the error not-in-ring on the connection; after init a join that is accepted',
    hint: 'A started peer has no successors before init or join: it cannot pass anything on and owns nothing.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 9, [4, 8, 14, 19, 11])
      const connection = await scene.say(8, message, body)
      await requireAnswer(bench, connection, 'error', {
        requirement: 'ring.join.not-member',
        expected: `the error not-in-ring as the answer to ${name}`,
        fields: { code: 'not-in-ring' },
      })
      const state = await scene.node.state()
      bench.require(!state.inRing && state.successors === null && state.files.length === 0, {
        requirement: 'ring.join.not-member',
        expected: 'a peer that is still in no ring and has no file',
        actual: JSON.stringify(state),
      })
      await scene.node.command('init', { successors: [14, 19] })
      await requireAccepts(bench, scene, 11)
      requireNone(bench, sent('ring.store-accept'), {
        requirement: 'ring.join.not-member',
        expected: 'a refused message to be forgotten',
      })
    },
  })

export const joinDeclineCases: readonly Case[] = [
  directDuplicate('own-id', 'somebody asks peer 9 for the id 9', 9),
  directDuplicate('successor-id', 'somebody asks peer 9 for the id of its first successor 14', 14),
  passedDuplicate('own-id-passed-on', 'the join of a second peer 9 reaches peer 9 round the ring', 9),
  passedDuplicate(
    'successor-id-passed-on',
    'the join of a second peer 14 reaches peer 9, the one before 14',
    14,
  ),
  ringCase({
    id: 'ring.join.duplicate/id-zero',
    title: 'peer 200 declines a second peer 0, its first successor',
    stage: stage.join,
    also: ['ring.join.decline-path'],
    observes: ['wire', 'control'],
    evidence: 'decline with duplicate-id for the id 0 at the first peer of the route, which is 0 itself',
    hint: '0 is an id like any other.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, [0, 60, 120, 200], 200, { strangers: [210] })
      await scene.say(120, join(120, 0, [0, 60, 120]))
      await requireSeen(bench, sentTo(0, 'ring.decline'), {
        requirement: 'ring.join.duplicate',
        expected: 'decline with duplicate-id for the id 0 to the first peer of the route',
        fields: { from: 200, id: 0, reason: 'duplicate-id' },
      })
      const start = bench.frames.length
      await scene.say(120, join(120, 210, [0, 60, 120]))
      await requireSeen(bench, sentTo(210, 'ring.accept'), {
        requirement: 'ring.join.accept',
        expected: 'accept to 210, whose id is free',
        fields: { successors: [0, 60] },
      })
      await requireSuccessors(bench, scene.node, [210, 0], 'ring.join.accept', 'after the join', start)
    },
  }),
  ringCase({
    id: 'ring.join.duplicate/already-waiting',
    title:
      'a second newcomer with an id that already waits is declined; when the first hangs up, the id is free again',
    stage: stage.join,
    also: ['ring.join.decline-path', 'ring.join.forward'],
    observes: ['wire'],
    evidence: 'join passed on, decline for the second, and after the first hung up a join passed on again',
    hint: 'The known peer keeps a list of the newcomers that wait; an entry goes when its connection closes.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [200, 201] })
      const first = await waitAs(bench, scene, 200)
      const start = bench.frames.length
      const second = await scene.say(201, join(200, 200, []))
      await requireAnswer(bench, second, 'ring.decline', {
        requirement: 'ring.join.duplicate',
        expected: 'decline with duplicate-id for the second newcomer with the id 200',
        fields: { id: 200, reason: 'duplicate-id' },
      })
      requireNone(bench, allOf(since(start), sent('ring.join')), {
        requirement: 'ring.join.duplicate',
        expected: 'the second join not to be passed on',
      })
      requireNone(bench, allOf(sent('ring.decline'), notOn(second)), {
        requirement: 'ring.join.decline-path',
        expected: 'decline to the second newcomer only',
      })
      first.close()
      second.close()
      // The node learns of the close in its own time: ask until the id is free.
      const again = await bench.until(async () => {
        const mark = bench.frames.length
        const third = await scene.say(200, join(200, 200, []))
        const decision = await bench.seen(
          allOf(since(mark), (frame) =>
            [sentTo(14, 'ring.join', { id: 200 }), sent('ring.decline', { id: 200 })].some((is) => is(frame)),
          ),
        )
        if (decision?.message?.type === 'ring.join') return decision
        third.close()
        return undefined
      })
      const frame = bench.requireFrame(again, {
        requirement: 'ring.join.forward',
        expected: 'a join for the id 200 passed on, now that nobody waits with it',
        actual: saidOverTcp(bench, start),
      })
      bench.evidence('the join of 200 is passed on after the first newcomer hung up', frame)
    },
  }),
  relayed('duplicate-id', 'peer 9 hands a decline of peer 19 to the newcomer that waits', 'duplicate-id'),
  relayed('no-place', 'peer 9 hands a decline with no-place to the newcomer that waits', 'no-place'),
  ringCase({
    id: 'ring.join.decline-path/nobody-waits',
    title: 'a decline for which nobody waits changes nothing',
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'no message to anybody, then a newcomer that is served',
    hint: 'Without a waiting connection there is nothing to do; do not send it to the address of the id.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [11, 200] })
      const connection = await scene.say(19, { type: 'ring.decline', from: 19, id: 200, reason: 'no-place' })
      await requireUnchanged(bench, scene.node, SUCCESSORS, 'ring.join.decline-path', 'after a stray decline')
      requireNone(bench, allOf(sent('ring.decline'), notOn(connection)), {
        requirement: 'ring.join.decline-path',
        expected: 'a decline for which nobody waits not to be passed on',
      })
      await requireAccepts(bench, scene, 11)
    },
  }),
  ...refusals.map(notMember),
  ringCase({
    id: 'common.robust.bounds/ring-newcomers',
    title:
      'a peer lets 64 newcomers wait, answers the next one with busy, and takes another when one has hung up',
    stage: stage.faults,
    also: ['ring.join.forward'],
    observes: ['wire'],
    evidence: '64 joins passed on, the error busy for the 65th, a join passed on after one hung up',
    hint: 'Count the newcomers that wait; forget one when its connection closes.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [200] })
      const waiting: ProbeConnection[] = []
      for (let id = 100; id < 164; id++) waiting.push(await scene.say(200, join(id, id, [])))
      const passedOn = () =>
        new Set(bench.frames.filter(sentTo(14, 'ring.join')).map((frame) => frame.message?.id)).size
      await bench.until(() => passedOn() === 64)
      bench.require(passedOn() === 64, {
        requirement: 'common.robust.bounds',
        expected: 'the joins of 64 newcomers that wait at once passed on',
        actual: `${passedOn()}`,
      })
      const tooMany = await scene.say(200, join(164, 164, []))
      await requireAnswer(bench, tooMany, 'error', {
        requirement: 'common.robust.bounds',
        expected: 'the error busy for the 65th newcomer',
        fields: { code: 'busy' },
      })
      waiting[0]?.close()
      const next = await bench.until(async () => {
        const mark = bench.frames.length
        const connection = await scene.say(200, join(165, 165, []))
        const decision = await bench.seen(
          allOf(since(mark), (frame) =>
            [sentTo(14, 'ring.join', { id: 165 }), sent('error')].some((is) => is(frame)),
          ),
        )
        if (decision?.message?.type === 'ring.join') return decision
        connection.close()
        return undefined
      })
      bench.evidence(
        'a newcomer is served again after one hung up',
        bench.requireFrame(next, {
          requirement: 'common.robust.bounds',
          expected: 'a join passed on after one of the 64 hung up',
          actual: saidOverTcp(bench),
        }),
      )
    },
  }),
]
