// A departure seen from those who stay. The node is 9 with the successors 14 and 19, and probes depart.
import { successorsOf } from '../../oracle/ring.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { ringCase } from './define.ts'
import { framesOf, requireNone, sent, sentTo } from './frames.ts'
import { departAs } from './procedures/departures.ts'
import { allOf, requireSeen, since } from './procedures/evidence.ts'
import { watchfulPings } from './procedures/pace.ts'
import { looseScene, memberScene, type Scene } from './procedures/scene.ts'
import { stage } from './procedures/stages.ts'
import { type Pair, pingOf, requireSuccessors, requireUnchanged } from './procedures/successors.ts'

const RING = [4, 8, 9, 14, 19] as const

/** At the moment of the ack the change must have been made: the departing peer ends as soon as it reads it. */
const requireChangedByAck = async (
  bench: RingBench,
  scene: Scene,
  pair: Pair,
  rule: string,
): Promise<void> => {
  const { successors } = await scene.node.state()
  bench.require(successors?.[0] === pair[0] && successors[1] === pair[1], {
    requirement: rule,
    expected: `the successors ${pair.join(' and ')} when the ack has come`,
    actual: JSON.stringify(successors),
  })
}

interface Departure {
  readonly ring: readonly number[]
  readonly self: number
  readonly gone: number
}

/** The departing peer tells its successors; afterwards the node must stand as the oracle says. */
const judgeReceipt = async (
  bench: RingBench,
  { ring, self, gone }: Departure,
  rule: string,
): Promise<void> => {
  const scene = await memberScene(bench, ring, self)
  const start = bench.frames.length
  const after = successorsOf(
    ring.filter((id) => id !== gone),
    self,
  )
  await departAs(bench, scene, gone, successorsOf(ring, gone))
  await requireChangedByAck(bench, scene, after, rule)
  await requireSuccessors(bench, scene.node, after, rule, `after ${gone} departed`, start)
  bench.require(
    scene.node.events.some((event) => event.event === 'peer-departed' && event.peer === gone),
    {
      requirement: rule,
      expected: `the event peer-departed for ${gone}, a successor`,
      actual: JSON.stringify(scene.node.events.slice(-3)),
    },
  )
}

const receipt = (rule: 'first' | 'second', slug: string, title: string, departure: Departure, hint: string) =>
  ringCase({
    id: `ring.leave.${rule}/${slug}`,
    title,
    also: ['ring.leave.ack', 'ring.control.state'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'the ack on the same connection, the new successors in state and pings',
    hint,
    run: (bench) => judgeReceipt(bench, departure, `ring.leave.${rule}`),
  })

const FIRST_HINT = 'When your first successor departs, both your successors are those of the message.'
const SECOND_HINT =
  'When your second successor departs, your first one stays and the first of the message becomes your second.'

export const leaveReceiverCases: readonly Case[] = [
  receipt(
    'first',
    'middle',
    'the first successor 14 departs: 19 and 4 follow',
    { ring: RING, self: 9, gone: 14 },
    FIRST_HINT,
  ),
  receipt(
    'first',
    'wrap',
    'the last peer 19 loses its first successor 4, the first peer',
    { ring: RING, self: 19, gone: 4 },
    FIRST_HINT,
  ),
  receipt(
    'first',
    'id-zero',
    'peer 250 loses its first successor 0',
    { ring: [0, 60, 120, 250], self: 250, gone: 0 },
    '0 is an id like any other.',
  ),
  receipt(
    'first',
    'to-zero',
    'the first successor departs and peer 0 is the next one',
    { ring: [0, 60, 120, 250], self: 120, gone: 250 },
    '0 is an id like any other.',
  ),
  receipt(
    'first',
    'ring-of-three',
    'of three peers the first successor departs: two are left',
    { ring: [40, 100, 160], self: 40, gone: 100 },
    'The second successor in the message is you yourself: you are one of two.',
  ),
  receipt(
    'first',
    'alone',
    'of two peers the other one departs: the node is alone',
    { ring: [40, 160], self: 40, gone: 160 },
    'The first successor in the message is you yourself: now both your successors are you, and you ping nobody.',
  ),
  receipt(
    'second',
    'middle',
    'the second successor 19 departs: 14 stays, 4 follows',
    { ring: RING, self: 9, gone: 19 },
    SECOND_HINT,
  ),
  receipt(
    'second',
    'wrap',
    'the last but one peer 14 loses its second successor 4, the first peer',
    { ring: RING, self: 14, gone: 4 },
    SECOND_HINT,
  ),
  receipt(
    'second',
    'id-zero',
    'peer 120 loses its second successor 0',
    { ring: [0, 60, 120, 250], self: 120, gone: 0 },
    '0 is an id like any other.',
  ),
  receipt(
    'second',
    'ring-of-three',
    'of three peers the second successor departs: the node is its own second successor',
    { ring: [40, 100, 160], self: 40, gone: 160 },
    'The first successor in the message is you yourself: you are one of two.',
  ),
  ringCase({
    id: 'ring.leave.ack/no-successor',
    title: 'a peer that is no successor departs: acknowledged, and nothing changes',
    also: ['ring.leave.first'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'the ack, unchanged successors; then the departure of a successor that is obeyed',
    hint: 'Acknowledge every depart, or the sender waits for you until its time is over.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9)
      await departAs(bench, scene, 4, [8, 9])
      await requireUnchanged(bench, scene.node, [14, 19], 'ring.leave.ack', 'when 4 departs')
      const start = bench.frames.length
      await departAs(bench, scene, 14, [19, 4])
      await requireSuccessors(bench, scene.node, [19, 4], 'ring.leave.first', 'when 14 departs', start)
    },
  }),
  ringCase({
    id: 'ring.leave.ack/said-twice',
    title: 'a peer says twice that it departs: acknowledged twice, changed once',
    also: ['ring.leave.first'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'an ack for each depart, the same successors after both',
    hint: 'The second depart comes from a peer that is no successor any more.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9)
      const start = bench.frames.length
      await departAs(bench, scene, 14, [19, 4])
      await departAs(bench, scene, 14, [19, 4])
      await requireSuccessors(bench, scene.node, [19, 4], 'ring.leave.first', 'after both departs', start)
    },
  }),
  ringCase({
    id: 'ring.leave.ack/not-member',
    title: 'a peer that is in no ring acknowledges a departure and stays in no ring',
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'the ack; then init and a departure that is obeyed',
    hint: 'Every depart is acknowledged, whoever sends it.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 9, [4, 14, 19])
      await departAs(bench, scene, 14, [19, 4])
      const state = await scene.node.state()
      bench.require(!state.inRing && state.successors === null, {
        requirement: 'ring.leave.ack',
        expected: 'a peer that is still in no ring',
        actual: JSON.stringify(state),
      })
      await scene.node.command('init', { successors: [14, 19] })
      const start = bench.frames.length
      await departAs(bench, scene, 14, [19, 4])
      await requireSuccessors(bench, scene.node, [19, 4], 'ring.leave.ack', 'when 14 departs', start)
    },
  }),
  ringCase({
    id: 'ring.control.peer-dead/departed',
    title: 'a successor that departed in order and then vanishes is not reported dead',
    also: ['ring.leave.first'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence:
      'no peer-dead while the new successors are pinged eight times; then peer-dead for one that really dies',
    hint: 'Stop counting the pings of a peer that is no successor any more.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: watchfulPings(bench) })
      const start = bench.frames.length
      await departAs(bench, scene, 14, [19, 4])
      scene.probe(14).die()
      const pings = () => framesOf(bench, allOf(since(start), pingOf(9, 19, 1))).length
      await bench.until(() => pings() >= 8)
      bench.require(pings() >= 8, {
        requirement: 'ring.leave.first',
        expected: 'pings with slot 1 to the new first successor 19',
        actual: `${pings()}`,
      })
      const dead = () => scene.node.events.filter((event) => event.event === 'peer-dead')
      bench.require(dead().length === 0, {
        requirement: 'ring.control.peer-dead',
        expected: 'no event peer-dead for a peer that departed in order',
        actual: JSON.stringify(dead()),
      })
      requireNone(bench, sent('ring.successor-query'), {
        requirement: 'ring.control.peer-dead',
        expected: 'no repair after a departure in order',
      })
      scene.probe(19).die()
      await requireSeen(bench, sentTo(4, 'ring.successor-query'), {
        requirement: 'ring.dead.first',
        expected: 'a query to 4 when 19 really dies',
        fields: { from: 9, dead: 19 },
      })
      bench.require(
        dead().some((event) => 'peer' in event && event.peer === 19),
        {
          requirement: 'ring.control.peer-dead',
          expected: 'the event peer-dead for 19',
          actual: JSON.stringify(dead()),
        },
      )
    },
  }),
]
