// `successor-change` at its receiver, and the repair of a peer that was cut out by mistake. The node is 9 with the
// successors 14 and 19. Two forms of the message are obeyed; each case of a message that is not obeyed sends a good one
// afterwards, so that a node that ignores everything does not pass.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { ringCase } from './define.ts'
import { requireNone, sent, sentTo } from './frames.ts'
import { allOf, requireSeen, since } from './procedures/evidence.ts'
import { looseScene, memberScene, type Scene } from './procedures/scene.ts'
import { stage } from './procedures/stages.ts'
import { type Pair, requireSuccessors, requireUnchanged } from './procedures/successors.ts'

const CHANGE = 'ring.join.successor-change'

const tellChange = (scene: Scene, from: number, successors: Pair) =>
  scene.say(from, { type: CHANGE_TYPE, from, successors })
const CHANGE_TYPE = 'ring.successor-change'

interface Change {
  readonly slug: string
  readonly title: string
  readonly ring: readonly number[]
  readonly self: number
  /** Ids outside the ring that the message names. */
  readonly strangers: readonly number[]
  readonly from: number
  readonly message: Pair
  readonly hint: string
}

const obeyed = ({ after, ...change }: Change & { readonly after: Pair }): Case =>
  ringCase({
    id: `${CHANGE}/${change.slug}`,
    title: change.title,
    also: ['ring.control.state'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the new successors in state and in the pings on the wire',
    hint: change.hint,
    async run(bench: RingBench) {
      const scene = await memberScene(bench, change.ring, change.self, { strangers: change.strangers })
      await tellChange(scene, change.from, change.message)
      await requireSuccessors(
        bench,
        scene.node,
        after,
        CHANGE,
        `after [${change.message}] from ${change.from}`,
      )
    },
  })

const RING = [4, 8, 9, 14, 19] as const

/** A message that changes nothing at peer 9, and then one that does. */
const ignored = (
  slug: string,
  title: string,
  sender: number,
  message: Pair,
  hint = 'Obey [a, b] from x only if x = a = your first successor, or if x = b = your first successor and a lies between you.',
): Case =>
  ringCase({
    id: `${CHANGE}/${slug}`,
    title,
    also: ['ring.control.state'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'unchanged successors in state and pings, then a successor-change that is obeyed',
    hint,
    async run(bench: RingBench) {
      const strangers = [...new Set([sender, ...message, 16])].filter(
        (id) => !RING.some((peer) => peer === id),
      )
      const scene = await memberScene(bench, RING, 9, { strangers })
      await tellChange(scene, sender, message)
      await requireUnchanged(bench, scene.node, [14, 19], CHANGE, `after [${message}] from ${sender}`)
      await tellChange(scene, 14, [14, 16])
      await requireSuccessors(bench, scene.node, [14, 16], CHANGE, 'after [14, 16] from 14')
    },
  })

export const successorChangeCases: readonly Case[] = [
  obeyed({
    slug: 'new-second',
    title: 'the first successor 14 accepted 16: it becomes the second successor',
    ring: RING,
    self: 9,
    strangers: [16],
    from: 14,
    message: [14, 16],
    after: [14, 16],
    hint: 'From your first successor, with itself in the first place: take the second place from it.',
  }),
  obeyed({
    slug: 'new-first',
    title: 'the first successor 14 says that 11 stands between: both places change',
    ring: RING,
    self: 9,
    strangers: [11],
    from: 14,
    message: [11, 14],
    after: [11, 14],
    hint: 'From your first successor, with itself in the second place and a peer between you: take both.',
  }),
  obeyed({
    slug: 'new-first-zero',
    title: 'over the wrap: peer 250 learns from its first successor 3 that 0 stands between',
    ring: [3, 60, 120, 250],
    self: 250,
    strangers: [0],
    from: 3,
    message: [0, 3],
    after: [0, 3],
    hint: '0 is an id like any other, and lies between 250 and 3.',
  }),
  obeyed({
    slug: 'from-zero',
    title: 'the first successor is peer 0 and has a new first successor',
    ring: [0, 60, 120, 250],
    self: 250,
    strangers: [5],
    from: 0,
    message: [0, 5],
    after: [0, 5],
    hint: '0 is an id like any other.',
  }),
  obeyed({
    slug: 'ring-of-two',
    title: 'in a ring of two the other one accepted a third peer',
    ring: [40, 160],
    self: 40,
    strangers: [200],
    from: 160,
    message: [160, 200],
    after: [160, 200],
    hint: 'In a ring of two the other peer is your first successor; its newcomer replaces yourself in the second place.',
  }),
  ignored('from-second', 'a change from the second successor is none of 9: it stays', 19, [19, 30]),
  ignored('from-predecessor', 'a change from the predecessor 8 does not move 9', 8, [14, 16]),
  ignored('from-stranger', 'a stranger does not move 9', 200, [200, 201]),
  ignored(
    'stranger-between',
    'a stranger that claims a place between 9 and 14 does not get it by itself',
    11,
    [11, 14],
  ),
  ignored('neither-place', 'the first successor names two others: 9 stays', 14, [16, 19]),
  ignored(
    'not-between',
    'the first successor names itself in the second place, but the other id is not between',
    14,
    [16, 14],
    'In the second form the first id must lie between you and your first successor, both excluded.',
  ),
  ignored(
    'own-id-first',
    'the first successor names 9 itself as first: nobody is his own first successor',
    14,
    [9, 14],
    'The interval (self, x) excludes self.',
  ),
  ringCase({
    id: `${CHANGE}/not-member`,
    title: 'a peer that is in no ring takes no successors from successor-change',
    stage: stage.join,
    also: ['ring.control.state'],
    observes: ['wire', 'control'],
    evidence: 'no successors and no pings, then init and a successor-change that is obeyed',
    hint: 'Only init and join put a peer into a ring.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 9, [14, 19, 16])
      await tellChange(scene, 14, [14, 19])
      const ping = await bench.quiet(sent('ring.ping'))
      const state = await scene.node.state()
      bench.require(!state.inRing && state.successors === null && ping === undefined, {
        requirement: CHANGE,
        expected: 'a peer that is still in no ring and pings nobody',
        actual: ping === undefined ? JSON.stringify(state) : `a ping to ${ping.to}`,
        exhibits: ping === undefined ? [] : [{ frame: ping.n }],
      })
      await scene.node.command('init', { successors: [14, 19] })
      await tellChange(scene, 14, [14, 16])
      await requireSuccessors(bench, scene.node, [14, 16], CHANGE, 'after init and [14, 16] from 14')
    },
  }),
  ringCase({
    id: 'ring.ping.displaced/between',
    title: 'peer 9 is pinged by 8 as first successor, so far by 4: it tells 4 that 8 stands between',
    stage: stage.repair,
    observes: ['wire'],
    evidence: 'successor-change [8, 9] at 4',
    hint: 'The old first predecessor still believes that you come next: tell it who stands between.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, [4, 9, 14, 19], 9, { strangers: [8] })
      await scene.probe(8).ping(scene.node, 1)
      await requireSeen(bench, sentTo(4, CHANGE_TYPE), {
        requirement: 'ring.ping.displaced',
        expected: 'successor-change [8, 9] from 9 to 4, its first predecessor so far',
        fields: { from: 9, successors: [8, 9] },
      })
    },
  }),
  ringCase({
    id: 'ring.ping.displaced/not-between',
    title: 'a ping of a peer that does not stand between displaces without a message; one that does sends it',
    stage: stage.repair,
    observes: ['wire'],
    evidence: 'no successor-change for the first ping, one for the second',
    hint: 'Only a peer between your old predecessor and you has been cut out.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, [4, 8, 9, 14, 19], 9)
      const start = bench.frames.length
      await scene.probe(4).ping(scene.node, 1)
      await bench.quiet(sent(CHANGE_TYPE))
      requireNone(bench, sent(CHANGE_TYPE), {
        requirement: 'ring.ping.displaced',
        expected: 'no successor-change when 4 pings, which does not stand between 8 and 9',
      })
      await scene.probe(8).ping(scene.node, 1)
      await requireSeen(bench, allOf(since(start), sentTo(4, CHANGE_TYPE)), {
        requirement: 'ring.ping.displaced',
        expected: 'successor-change [8, 9] to 4 when 8 pings again',
        fields: { from: 9, successors: [8, 9] },
      })
    },
  }),
]

export const passOnCases: readonly Case[] = [
  ringCase({
    id: 'ring.join.pass-on/by-peer-further-on',
    title: 'a change by a peer further on is passed on unchanged to the first successor',
    stage: stage.join,
    observes: ['wire'],
    evidence: 'the same successor-change at the first successor',
    hint: 'Two joins at once can send the message to the wrong predecessor: the one that it concerns stands behind you.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [30] })
      await tellChange(scene, 19, [19, 30])
      await requireSeen(bench, sentTo(14, CHANGE_TYPE), {
        requirement: 'ring.join.pass-on',
        expected: 'successor-change [19, 30] from 19 passed on to 14',
        fields: { from: 19, successors: [19, 30] },
      })
    },
  }),
]
