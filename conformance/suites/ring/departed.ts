// What a peer still says and hears of one that has departed: the query that looks for who follows it, and its return. The node
// is 9 with the successors 14 and 19.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { ringCase } from './define.ts'
import { sentTo } from './frames.ts'
import { fallSilent, requireDeath } from './procedures/deaths.ts'
import { departAs } from './procedures/departures.ts'
import { allOf, requireSeen, since } from './procedures/evidence.ts'
import { watchfulPings } from './procedures/pace.ts'
import { answerQuery, requireQuery } from './procedures/queries.ts'
import { memberScene, type Scene } from './procedures/scene.ts'
import { stage } from './procedures/stages.ts'
import { type Pair, requireSuccessors } from './procedures/successors.ts'

const RING = [4, 8, 9, 14, 19] as const

const sayChange = (scene: Scene, from: number, successors: Pair) =>
  scene.say(from, { type: 'ring.successor-change', from, successors })

export const departedCases: readonly Case[] = [
  ringCase({
    id: 'ring.dead.query/names-the-departed',
    title: '14 departs and does not know who follows 19: the query to 19 names 14',
    also: ['ring.leave.first', 'ring.dead.answer'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'a query with dead 14; after the answer 14 another one with dead 14, and its answer 4 taken',
    hint: 'Name the peer that you have lost, whether it died or left: the other one may not have heard of it yet.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: watchfulPings(bench) })
      await departAs(bench, scene, 14, [19, 14])
      const query = await requireQuery(bench, scene, 19, 14)
      bench.evidence('the query names the peer that departed', query)
      await answerQuery(scene, query, 14)
      const again = await requireQuery(bench, scene, 19, 14, query.n + 1)
      await answerQuery(scene, again, 4)
      await requireSuccessors(bench, scene.node, [19, 4], 'ring.dead.answer', 'after the answer 4', query.n)
    },
  }),
  ringCase({
    id: 'ring.join.successor-change/joins-again-at-once',
    title: '19 departs and joins again at 14 a moment later: the second successor is 19 once more',
    also: ['ring.leave.second'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'the successors 14 and 4 in state, and directly afterwards 14 and 19, in state and in pings',
    hint: 'Your first successor speaks of a newcomer that it has accepted: an id is free when its peer has left.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9)
      await departAs(bench, scene, 19, [4, 8])
      const { successors } = await scene.node.state()
      bench.require(successors?.[0] === 14 && successors[1] === 4, {
        requirement: 'ring.leave.second',
        expected: 'the successors 14 and 4 after 19 departed',
        actual: JSON.stringify(successors),
      })
      const joined = bench.frames.length
      await sayChange(scene, 14, [14, 19])
      await requireSuccessors(
        bench,
        scene.node,
        [14, 19],
        'ring.join.successor-change',
        'after 19 joined again',
        joined,
      )
    },
  }),
  ringCase({
    id: 'ring.join.successor-change/departed-comes-back',
    title:
      '14 departs, and later 19 has 14 for its predecessor again: it is taken back after two intervals at the latest',
    also: ['ring.leave.first', 'ring.ping.interval'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'the successors 19 and 4; five pings to 19 later a successor-change that brings 14 back',
    hint: 'You may keep a peer away that has just departed, for two ping intervals and no longer.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: watchfulPings(bench) })
      const start = bench.frames.length
      await departAs(bench, scene, 14, [19, 4])
      await requireSuccessors(bench, scene.node, [19, 4], 'ring.leave.first', 'after 14 departed', start)
      // The node's own pings measure its intervals; the first one may have come at once, outside of their rhythm.
      for (let n = 0; n < 5; n++)
        bench.requireFrame(await scene.probe(19).receive(allOf(since(start), sentTo(19, 'ring.ping'))), {
          requirement: 'ring.ping.interval',
          expected: 'pings to the first successor 19',
        })
      const back = bench.frames.length
      await sayChange(scene, 19, [14, 19])
      await requireSuccessors(
        bench,
        scene.node,
        [14, 19],
        'ring.join.successor-change',
        'when 14 is there again, more than two intervals after it departed',
        back,
      )
    },
  }),
  ringCase({
    id: 'ring.control.peer-dead/joined-again',
    title: '14 departs, joins again at the node, and dies: now its death is reported',
    also: ['ring.leave.first', 'ring.join.accept', 'ring.dead.threshold'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'the accept of 14 after its departure, then peer-dead for it when it falls silent',
    hint: 'Whoever joins again begins anew: forget that it had departed.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: watchfulPings(bench) })
      await departAs(bench, scene, 14, [19, 4])
      await scene.say(14, { type: 'ring.join', from: 14, id: 14, route: [] })
      await requireSeen(bench, sentTo(14, 'ring.accept'), {
        requirement: 'ring.join.accept',
        expected: 'the accept of 14, whose place is between 9 and 19',
        fields: { from: 9, successors: [19, 4] },
      })
      await requireSuccessors(bench, scene.node, [14, 19], 'ring.join.accept', 'after 14 joined again')
      const silence = fallSilent(bench, scene, 14)
      await requireDeath(bench, scene, 14, silence, 'ring.control.peer-dead')
    },
  }),
]
