// Join, seen from the peers on the newcomer's way: what does not belong into the own gap goes to the first successor, and
// a newcomer that comes round once without a place is told so.
import { acceptorOf, predecessorsOf, successorsOf } from '../../oracle/ring.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { ringCase } from './define.ts'
import { requireNone, sent, sentTo } from './frames.ts'
import { allOf, from, notOn, requireSeen, since } from './procedures/evidence.ts'
import { memberScene, requireAnswer, type Scene } from './procedures/scene.ts'
import { stage } from './procedures/stages.ts'
import { requireSuccessors, requireUnchanged } from './procedures/successors.ts'

interface Passage {
  readonly ring: readonly number[]
  readonly self: number
  readonly newcomer: number
  /** The newcomer asks the node itself, instead of another peer farther back. */
  readonly direct?: true
}

/** The control of every "does not accept": the id after the node's own belongs into its gap and is accepted. */
const requireAcceptsOwn = async (bench: RingBench, scene: Scene, ring: readonly number[]): Promise<void> => {
  const self = scene.node.id
  const own = (self + 1) % 256
  const [first] = successorsOf(ring, self)
  const start = bench.frames.length
  const [predecessor] = predecessorsOf(ring, self)
  if (predecessor === null) throw new Error('the control needs a predecessor')
  await scene.say(predecessor, { type: 'ring.join', from: predecessor, id: own, route: [predecessor] })
  await requireSeen(bench, sentTo(own, 'ring.accept'), {
    requirement: 'ring.join.accept',
    expected: `accept to ${own}, which does belong into the gap of ${self}`,
    fields: { from: self },
  })
  await requireSuccessors(bench, scene.node, [own, first], 'ring.join.accept', 'after the join', start)
}

const judgePassage = async (bench: RingBench, passage: Passage): Promise<void> => {
  const { ring, self, newcomer, direct } = passage
  if (acceptorOf(ring, newcomer) === self) throw new Error(`${newcomer} belongs to ${self}`)
  const own = (self + 1) % 256
  const scene = await memberScene(bench, ring, self, { strangers: [newcomer, own] })
  const [first, second] = successorsOf(ring, self)
  const [before, farther] = predecessorsOf(ring, self)
  const route = direct ? [] : [farther, before].filter((id) => id !== null)
  const sender = direct ? newcomer : (before ?? newcomer)
  await scene.say(sender, { type: 'ring.join', from: sender, id: newcomer, route })
  await requireSeen(bench, sentTo(first, 'ring.join'), {
    requirement: 'ring.join.forward',
    expected: `the join of ${newcomer} passed on by ${self} to its first successor ${first}`,
    fields: { from: self, id: newcomer, route: [...route, self] },
  })
  await requireUnchanged(bench, scene.node, [first, second], 'ring.join.place', 'when it passes a join on')
  requireNone(bench, sent('ring.accept'), {
    requirement: 'ring.join.place',
    expected: `no accept from ${self}: ${newcomer} does not lie between ${self} and ${first}`,
  })
  await requireAcceptsOwn(bench, scene, ring)
}

const passage = (slug: string, title: string, way: Passage, hint: string): Case =>
  ringCase({
    id: `ring.join.forward/${slug}`,
    title,
    also: ['ring.join.place'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence:
      'the join at the first successor, with own id as from and appended to route; then a join that is accepted',
    hint,
    run: (bench) => judgePassage(bench, way),
  })

const HINT =
  'Send it to your first successor with your own id in `from` and at the end of `route`; `id` stays.'

const passages: readonly Case[] = [
  passage(
    'beyond-successor',
    'peer 9 passes on newcomer 16, which belongs behind 14',
    { ring: [4, 8, 9, 14, 19], self: 9, newcomer: 16 },
    HINT,
  ),
  passage(
    'below-self',
    'peer 9 passes on newcomer 6: it is lower than its first successor, but not above itself',
    { ring: [4, 8, 9, 14, 19], self: 9, newcomer: 6 },
    'A gap has two ends: below the first successor is not enough.',
  ),
  passage(
    'wrap-is-not-mine',
    'peer 9 passes on newcomer 200, which belongs to the last peer',
    { ring: [4, 8, 9, 14, 19], self: 9, newcomer: 200 },
    'Only the last peer has the gap that goes over 255 and 0.',
  ),
  passage(
    'last-peer',
    'the last peer 19 passes on newcomer 11, although it is higher than its first successor 4',
    { ring: [4, 8, 9, 14, 19], self: 19, newcomer: 11 },
    'The gap of the last peer is above itself or below the first peer, not everything above the first peer.',
  ),
  passage(
    'known-peer',
    'peer 9 is asked by newcomer 200 itself and begins the route',
    { ring: [4, 8, 9, 14, 19], self: 9, newcomer: 200, direct: true },
    'The newcomer sends an empty route; the peer that it asked is the first in it.',
  ),
  passage(
    'id-zero',
    'peer 9 passes on newcomer 0',
    { ring: [4, 8, 9, 14, 19], self: 9, newcomer: 0 },
    '0 is an id like any other.',
  ),
  passage(
    'by-peer-zero',
    'peer 0 passes on newcomer 30 to its first successor',
    { ring: [0, 14, 100, 200], self: 0, newcomer: 30 },
    '0 is an id like any other: it stands in `from` and in `route`.',
  ),
  passage(
    'to-peer-zero',
    'the last peer 200 passes on newcomer 30 to its first successor 0',
    { ring: [0, 14, 100, 200], self: 200, newcomer: 30 },
    '0 is an id like any other: a first successor 0 exists.',
  ),
  passage(
    'ring-of-two',
    'of two peers, 40 passes newcomer 200 on to 160',
    { ring: [40, 160], self: 40, newcomer: 200 },
    HINT,
  ),
]

const RING = [4, 8, 9, 14, 19] as const

export const joinForwardCases: readonly Case[] = [
  ...passages,
  ringCase({
    id: 'ring.join.no-place/own-id-in-route',
    title: 'a join that comes round again is declined to the first peer of its route',
    also: ['ring.join.decline-path'],
    stage: stage.join,
    observes: ['wire'],
    evidence: 'decline with no-place at the first peer of the route, no second round',
    hint: 'Look for your own id in `route` before you pass a join on.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [200, 16, 10] })
      await scene.say(8, { type: 'ring.join', from: 8, id: 200, route: [4, 8, 9, 14, 19] })
      const decline = await requireSeen(bench, sentTo(4, 'ring.decline'), {
        requirement: 'ring.join.no-place',
        expected: 'decline with no-place to peer 4, the first of the route',
        fields: { id: 200, reason: 'no-place' },
      })
      // The control: the same join on its first round is passed on.
      await scene.say(8, { type: 'ring.join', from: 8, id: 16, route: [4, 8] })
      await requireSeen(bench, allOf(since(decline.n), sentTo(14, 'ring.join', { id: 16 })), {
        requirement: 'ring.join.forward',
        expected: 'a join that has not been here passed on',
        fields: { from: 9, route: [4, 8, 9] },
      })
      requireNone(bench, allOf(from(9), sent('ring.join', { id: 200 })), {
        requirement: 'ring.join.no-place',
        expected: 'no second round of the join',
      })
      requireNone(bench, sentTo(200, 'ring.decline'), {
        requirement: 'ring.join.decline-path',
        expected: 'no decline to the address of the id that was asked for',
      })
    },
  }),
  ringCase({
    id: 'ring.join.no-place/at-known-peer',
    title:
      'a join comes back to the known peer: it writes decline to the connection on which the newcomer waits',
    also: ['ring.join.decline-path', 'ring.join.forward'],
    stage: stage.join,
    observes: ['wire'],
    evidence: 'decline with no-place on the connection of the newcomer',
    hint: 'The known peer remembers which connection belongs to which newcomer.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [200] })
      const waiting = await scene.say(200, { type: 'ring.join', from: 200, id: 200, route: [] })
      await requireSeen(bench, sentTo(14, 'ring.join', { id: 200 }), {
        requirement: 'ring.join.forward',
        expected: 'the join passed on to 14',
        fields: { from: 9, route: [9] },
      })
      await scene.say(8, { type: 'ring.join', from: 8, id: 200, route: [9, 14, 19, 4, 8] })
      await requireAnswer(bench, waiting, 'ring.decline', {
        requirement: 'ring.join.no-place',
        expected: 'decline with no-place on the connection on which 200 waits',
        fields: { id: 200, reason: 'no-place' },
      })
      requireNone(bench, allOf(sentTo(200, 'ring.decline'), notOn(waiting)), {
        requirement: 'ring.join.decline-path',
        expected: 'decline on the waiting connection only, never at the address of the id',
      })
    },
  }),
]
