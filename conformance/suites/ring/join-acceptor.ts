// Join, seen from the peer in whose gap the newcomer belongs. One node among probes: its predecessor hands it the join of a
// newcomer, which is a probe too; so every message of the procedure is seen, and all that must not be sent is seen missing.
import { acceptorOf, predecessorsOf, successorsOf } from '../../oracle/ring.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { ProbeConnection } from '../../wire/probe.ts'
import { ringCase } from './define.ts'
import { framesOf, requireNone, sent, sentTo } from './frames.ts'
import { allOf, from, notOn, requireSeen, since } from './procedures/evidence.ts'
import { answerQueries } from './procedures/queries.ts'
import { looseScene, memberScene, type Scene } from './procedures/scene.ts'
import { stage } from './procedures/stages.ts'
import { requireSuccessors } from './procedures/successors.ts'

interface Gap {
  readonly ring: readonly number[]
  readonly self: number
  readonly newcomer: number
}

/** The join of a newcomer reaches the node: from its first predecessor, or from the newcomer itself if it is alone. */
const handJoin = async (scene: Scene, { ring, self, newcomer }: Gap): Promise<ProbeConnection> => {
  const [first, second] = predecessorsOf(ring, self)
  if (first === null)
    return scene.say(newcomer, { type: 'ring.join', from: newcomer, id: newcomer, route: [] })
  const route = second === null ? [first] : [second, first]
  return scene.say(first, { type: 'ring.join', from: first, id: newcomer, route })
}

const routeTo = ({ ring, self }: Gap): readonly number[] =>
  [...predecessorsOf(ring, self)].reverse().filter((id) => id !== null)

/** The newcomer must get `accept` at its own address, not on the connection on which its question came. */
const requireAccept = (bench: RingBench, gap: Gap, question: ProbeConnection) => {
  const [first, second] = successorsOf(gap.ring, gap.self)
  const alone = gap.ring.length === 1
  return requireSeen(bench, allOf(sentTo(gap.newcomer, 'ring.accept'), notOn(question)), {
    requirement: 'ring.join.accept',
    expected: `accept from ${gap.self} to the newcomer ${gap.newcomer} at its own address`,
    fields: {
      from: gap.self,
      successors: alone ? [gap.self, gap.newcomer] : [first, second],
      route: [...routeTo(gap), gap.self],
    },
  })
}

/** Joins a newcomer into the node's gap and judges everything that the node does about it. */
const judgeAcceptance = async (bench: RingBench, gap: Gap): Promise<void> => {
  const { ring, self, newcomer } = gap
  if (acceptorOf(ring, newcomer) !== self) throw new Error(`${newcomer} does not belong to ${self}`)
  const scene = await memberScene(bench, ring, self, { strangers: [newcomer] })
  const start = bench.frames.length
  const question = await handJoin(scene, gap)
  await requireAccept(bench, gap, question)

  const [predecessor] = predecessorsOf(ring, self)
  if (predecessor !== null)
    await requireSeen(bench, sentTo(predecessor, 'ring.successor-change'), {
      requirement: 'ring.join.tell-predecessor',
      expected: `successor-change from ${self} to its first predecessor ${predecessor}`,
      fields: { from: self, successors: [self, newcomer] },
    })
  const [former] = successorsOf(ring, self)
  await requireSuccessors(bench, scene.node, [newcomer, former], 'ring.join.accept', 'after the join', start)

  requireNone(bench, allOf(from(self), sent('ring.join')), {
    requirement: 'ring.join.place',
    expected: `${self} to keep the join of ${newcomer}, which belongs between ${self} and ${former}`,
  })
  const accepts = framesOf(bench, sent('ring.accept'))
  bench.require(accepts.length === 1, {
    requirement: 'ring.join.accept',
    expected: 'one accept for one join',
    actual: `${accepts.length}`,
    exhibits: accepts.map((frame) => ({ frame: frame.n })),
  })
}

const acceptance = (slug: string, title: string, gap: Gap, hint: string): Case =>
  ringCase({
    id: `ring.join.place/${slug}`,
    title,
    also: ['ring.join.accept', 'ring.join.tell-predecessor', 'ring.control.state'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence:
      'accept at the newcomer, successor-change at the predecessor, pings to the newcomer with slot 1',
    hint,
    run: (bench) => judgeAcceptance(bench, gap),
  })

const WRAP_HINT =
  'The gap between the last and the first peer goes over 255 and 0: compare positions on the circle, not numbers.'

const acceptances: readonly Case[] = [
  acceptance(
    'middle',
    'peer 9 accepts newcomer 11 between itself and 14',
    { ring: [4, 8, 9, 14, 19], self: 9, newcomer: 11 },
    'You accept a newcomer whose id lies between your own and that of your first successor.',
  ),
  acceptance(
    'next-to-acceptor',
    'peer 9 accepts newcomer 10, whose id follows directly',
    { ring: [4, 8, 9, 14, 19], self: 9, newcomer: 10 },
    'Both ends of the gap are excluded, and nothing else.',
  ),
  acceptance(
    'next-to-successor',
    'peer 9 accepts newcomer 13, directly before its first successor 14',
    { ring: [4, 8, 9, 14, 19], self: 9, newcomer: 13 },
    'Both ends of the gap are excluded, and nothing else.',
  ),
  acceptance(
    'above-last',
    'the last peer 19 accepts newcomer 200, above all others',
    { ring: [2, 4, 8, 14, 19], self: 19, newcomer: 200 },
    WRAP_HINT,
  ),
  acceptance(
    'below-first',
    'the last peer 19 accepts newcomer 1, below all others',
    { ring: [2, 4, 8, 14, 19], self: 19, newcomer: 1 },
    WRAP_HINT,
  ),
  acceptance(
    'id-zero',
    'the last peer 250 accepts newcomer 0',
    { ring: [3, 60, 120, 250], self: 250, newcomer: 0 },
    '0 is an id like any other: never test an id for being set by its truth value.',
  ),
  acceptance(
    'id-255',
    'the last peer 200 accepts newcomer 255 before its first successor 0',
    { ring: [0, 60, 120, 200], self: 200, newcomer: 255 },
    '0 is an id like any other: from 200 to 0 is a gap of 55 ids.',
  ),
  acceptance(
    'acceptor-zero',
    'peer 0 accepts newcomer 30',
    { ring: [0, 60, 120, 200], self: 0, newcomer: 30 },
    '0 is an id like any other: it stands in `from`, in routes and in successors.',
  ),
  acceptance(
    'ring-of-one',
    'a peer that is alone accepts any newcomer',
    { ring: [77], self: 77, newcomer: 200 },
    'In a ring of one the gap is the whole circle; accept carries you and the newcomer itself.',
  ),
  acceptance(
    'ring-of-one-below',
    'a peer that is alone accepts a newcomer with a lower id',
    { ring: [77], self: 77, newcomer: 5 },
    'In a ring of one the gap is the whole circle, over 255 and 0 too.',
  ),
  acceptance(
    'ring-of-two',
    'of two peers, 40 accepts newcomer 100 before 160',
    { ring: [40, 160], self: 40, newcomer: 100 },
    'In a ring of two your first successor is your first predecessor too: it gets successor-change.',
  ),
  acceptance(
    'ring-of-two-wrap',
    'of two peers, 160 accepts newcomer 200 over the wrap',
    { ring: [40, 160], self: 160, newcomer: 200 },
    WRAP_HINT,
  ),
]

const refused = ringCase({
  id: 'ring.join.refused/unexpected',
  title: 'newcomer 11 has given up and refuses the accept of 9: everything is as before',
  stage: stage.join,
  observes: ['wire', 'control'],
  evidence:
    'accept, and after its refusal 14 as first successor again and successor-change with 9 and 14 at 8',
  hint: 'Read what comes back on the connection of accept: an error means that the newcomer is in no ring.',
  async run(bench: RingBench) {
    const gap = { ring: [4, 8, 9, 14, 19], self: 9, newcomer: 11 }
    const scene = await memberScene(bench, gap.ring, gap.self, { strangers: [gap.newcomer] })
    const question = await handJoin(scene, gap)
    const accept = await requireAccept(bench, gap, question)
    await requireSeen(bench, sentTo(8, 'ring.successor-change'), {
      requirement: 'ring.join.tell-predecessor',
      expected: 'successor-change from 9 to its first predecessor 8',
      fields: { successors: [9, 11] },
    })
    const refusedAt = bench.frames.length
    await scene
      .probe(gap.newcomer)
      .connectionOf(accept)
      .send({ type: 'error', code: 'unexpected', message: 'no join is waiting for this' })
    const answers = answerQueries(bench, scene, 14, 19)
    try {
      await requireSeen(bench, allOf(since(refusedAt), sentTo(8, 'ring.successor-change')), {
        requirement: 'ring.join.refused',
        expected: 'another successor-change from 9 to 8: 14 follows 9 again',
        fields: { successors: [9, 14] },
      })
      await requireSuccessors(bench, scene.node, [14, 19], 'ring.join.refused', 'after the refusal')
    } finally {
      await answers.stop()
    }
  },
})

export const joinAcceptorCases: readonly Case[] = [
  refused,
  ...acceptances,
  ringCase({
    id: 'ring.join.tell-predecessor/learnt-later',
    title: 'the acceptor does not know its predecessor yet: it accepts, and tells it as soon as it pings',
    also: ['ring.join.accept'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'accept before any ping of a predecessor; successor-change after that ping and not before',
    hint: 'Keep the message until the first ping with slot 1 arrives; do not wait with accept, and do not guess the predecessor.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 9, [4, 8, 14, 19, 11])
      await scene.node.command('init', { successors: [14, 19] })
      const start = bench.frames.length
      await scene.say(8, { type: 'ring.join', from: 8, id: 11, route: [4, 8] })
      await requireSeen(bench, sentTo(11, 'ring.accept'), {
        requirement: 'ring.join.tell-predecessor',
        expected: 'accept to 11, although 9 does not know its predecessor',
        fields: { from: 9, successors: [14, 19], route: [4, 8, 9] },
      })
      await requireSuccessors(bench, scene.node, [11, 14], 'ring.join.accept', 'after the join', start)
      await bench.quiet(sent('ring.successor-change'))
      requireNone(bench, sent('ring.successor-change'), {
        requirement: 'ring.join.tell-predecessor',
        expected: 'no successor-change while the first predecessor is unknown',
      })
      await scene.probe(8).ping(scene.node, 1)
      await requireSeen(bench, sentTo(8, 'ring.successor-change'), {
        requirement: 'ring.join.tell-predecessor',
        expected: 'successor-change to 8 as soon as its ping with slot 1 arrived',
        fields: { from: 9, successors: [9, 11] },
      })
    },
  }),
  ringCase({
    id: 'ring.join.tell-predecessor/not-when-alone',
    title:
      'a peer that was alone tells nobody about the first newcomer, but tells that newcomer about the next one',
    also: ['ring.join.accept'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'no successor-change after the first join, one after the second',
    hint: 'A ring of one has no predecessor: the newcomer learns its successors from accept and from nothing else.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, [7], 7, { strangers: [100, 200] })
      await scene.say(200, { type: 'ring.join', from: 200, id: 200, route: [] })
      await requireSeen(bench, sentTo(200, 'ring.accept'), {
        requirement: 'ring.join.accept',
        expected: 'accept with the acceptor and the newcomer as successors',
        fields: { successors: [7, 200], route: [7] },
      })
      await scene.probe(200).ping(scene.node, 1)
      await bench.quiet(sent('ring.successor-change'))
      requireNone(bench, sent('ring.successor-change'), {
        requirement: 'ring.join.tell-predecessor',
        expected: 'no successor-change from a peer that was alone',
      })
      const start = bench.frames.length
      await scene.say(200, { type: 'ring.join', from: 200, id: 100, route: [200] })
      await requireSeen(bench, sentTo(200, 'ring.successor-change'), {
        requirement: 'ring.join.tell-predecessor',
        expected: 'successor-change to 200, now the first predecessor',
        fields: { from: 7, successors: [7, 100] },
      })
      await requireSeen(bench, sentTo(100, 'ring.accept'), {
        requirement: 'ring.join.accept',
        expected: 'accept to 100 with the two successors as they were',
        fields: { successors: [200, 7], route: [200, 7] },
      })
      await requireSuccessors(
        bench,
        scene.node,
        [100, 200],
        'ring.join.accept',
        'after the second join',
        start,
      )
    },
  }),
  ringCase({
    id: 'ring.join.accept/several-in-one-gap',
    title: 'three newcomers join the same gap one after the other',
    also: ['ring.join.place', 'ring.join.tell-predecessor', 'ring.join.forward'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence:
      'each accept carries the successors of that moment; a newcomer beyond the shrunken gap is passed on',
    hint: 'After an accept your gap ends at the newcomer; what lies behind it is its business now.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, [20, 60, 100, 160, 220], 100, { strangers: [110, 130, 140] })
      const join = (id: number) => scene.say(60, { type: 'ring.join', from: 60, id, route: [60] })
      const steps = [
        { id: 140, successors: [160, 220] },
        { id: 110, successors: [140, 160] },
      ] as const
      for (const { id, successors } of steps) {
        await join(id)
        await requireSeen(bench, sentTo(id, 'ring.accept'), {
          requirement: 'ring.join.accept',
          expected: `accept to ${id} with the successors of that moment`,
          fields: { from: 100, successors, route: [60, 100] },
        })
        await requireSeen(
          bench,
          allOf(sentTo(60, 'ring.successor-change', { successors: [100, id] }), from(100)),
          {
            requirement: 'ring.join.tell-predecessor',
            expected: `successor-change [100, ${id}] to the first predecessor 60`,
          },
        )
      }
      const start = bench.frames.length
      await join(130)
      await requireSeen(bench, allOf(since(start), sentTo(110, 'ring.join')), {
        requirement: 'ring.join.forward',
        expected: 'the join of 130 passed on to 110, in whose gap it lies now',
        fields: { from: 100, id: 130, route: [60, 100] },
      })
      requireNone(bench, sentTo(130, 'ring.accept'), {
        requirement: 'ring.join.place',
        expected: 'no accept to 130 from 100, whose gap ends at 110',
      })
      await requireSuccessors(bench, scene.node, [110, 140], 'ring.join.accept', 'after two joins', start)
    },
  }),
]
