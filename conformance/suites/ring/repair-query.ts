// Successor queries from both sides: what a peer that is asked answers, and what the asking peer makes of an answer.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { ringCase } from './define.ts'
import { framesOf, requireNone, sent, sentTo } from './frames.ts'
import { fallSilent, nextPing, requireDeath, requireNoDeath } from './procedures/deaths.ts'
import { allOf, requireSeen, since } from './procedures/evidence.ts'
import { steadyPings, watchfulPings } from './procedures/pace.ts'
import { answerQueries, answerQuery, requireQuery } from './procedures/queries.ts'
import { looseScene, memberScene, requireAnswer, type Scene } from './procedures/scene.ts'
import { stage } from './procedures/stages.ts'
import { type Pair, pingOf, requireSuccessors, requireUnchanged } from './procedures/successors.ts'

const RING = [4, 8, 9, 14, 19] as const

interface Question {
  readonly ring: readonly number[]
  readonly self: number
  /** Undefined: no peer died. */
  readonly dead?: number
  readonly answer: number | null
  readonly successors: Pair
}

const judgeAnswer = async (bench: RingBench, question: Question): Promise<void> => {
  const { ring, self, dead, answer, successors } = question
  const asker = ring.find((id) => id !== self && id !== dead) ?? 200
  const scene = await memberScene(bench, ring, self, { strangers: [200] })
  const query = { type: 'ring.successor-query', from: asker, ...(dead === undefined ? {} : { dead }) }
  const connection = await scene.say(asker, query)
  await requireAnswer(bench, connection, 'ring.successor-answer', {
    requirement: 'ring.dead.query',
    expected: `the answer ${answer} on the connection of the query`,
    fields: { from: self, successor: answer },
  })
  await requireUnchanged(
    bench,
    scene.node,
    successors,
    'ring.dead.query',
    'after a query, which proves nothing',
  )
  requireNoDeath(bench, scene, 'ring.dead.query', 'because somebody else believes that a peer is dead')
  const start = bench.frames.length
  if (successors[0] !== self)
    await requireSuccessors(bench, scene.node, successors, 'ring.dead.query', 'after a query', start)
}

const answered = (slug: string, title: string, question: Question, hint: string): Case =>
  ringCase({
    id: `ring.dead.query/${slug}`,
    title,
    also: ['ring.control.state'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'the answer on the same connection; unchanged successors and pings',
    hint,
    run: (bench) => judgeAnswer(bench, question),
  })

const ANSWER_HINT = 'Answer the first of your two successors that is not the peer named in `dead`.'

/** Peer 14 dies and 19 is asked: the scene of all cases about answers. */
const afterDeath = async (bench: RingBench, strangers: readonly number[] = []): Promise<Scene> => {
  const scene = await memberScene(bench, RING, 9, { strangers, config: watchfulPings(bench) })
  await nextPing(bench, scene, 14)
  scene.probe(14).die()
  return scene
}

/** Answers that are none: the query must be repeated, and then a good answer is taken. */
const notTaken = (
  slug: string,
  title: string,
  hint: string,
  /** What 19 does with each of the first queries. */
  react: (scene: Scene, query: Awaited<ReturnType<typeof requireQuery>>) => Promise<void>,
): Case =>
  ringCase({
    id: `ring.dead.answer/${slug}`,
    title,
    also: ['ring.dead.first', 'ring.dead.threshold'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'at least three queries; then an answer that is taken, and no further query',
    hint,
    async run(bench: RingBench) {
      const scene = await afterDeath(bench)
      const first = await requireQuery(bench, scene, 19, 14)
      for (let n = 0; n < 3; n++) {
        const query = bench.requireFrame(
          await scene.probe(19).receive(sentTo(19, 'ring.successor-query', { dead: 14 })),
          {
            requirement: 'ring.dead.answer',
            expected: 'the query repeated until it is answered',
            actual: `${n} queries`,
          },
        )
        await react(scene, query)
      }
      requireNone(bench, allOf(since(first.n), pingOf(9, 14)), {
        requirement: 'ring.dead.answer',
        expected: 'no ping to the dead peer 14',
      })
      const pings = framesOf(bench, allOf(since(first.n), pingOf(9, 19))).length
      const queries = framesOf(bench, sentTo(19, 'ring.successor-query')).length
      // A query an interval, and a ping an interval: a node that asks without pause is far above.
      bench.require(queries <= 2 * pings + 4, {
        requirement: 'ring.dead.answer',
        expected: 'one query every ping interval',
        actual: `${queries} queries in the time of ${pings} pings`,
      })
      const answering = answerQueries(bench, scene, 19, 4)
      await requireSuccessors(bench, scene.node, [19, 4], 'ring.dead.answer', 'after a good answer', first.n)
      await answering.stop()
      const start = bench.frames.length
      await bench.until(() => framesOf(bench, allOf(since(start), pingOf(9, 19))).length >= 3)
      requireNone(bench, allOf(since(start), sent('ring.successor-query')), {
        requirement: 'ring.dead.answer',
        expected: 'no further query after an answer that was taken',
      })
    },
  })

export const repairQueryCases: readonly Case[] = [
  answered(
    'first-named',
    'asked about its dead first successor 14, peer 9 answers 19 and keeps 14 until it knows better',
    { ring: RING, self: 9, dead: 14, answer: 19, successors: [14, 19] },
    `${ANSWER_HINT} Whether it is dead, you find out by your own pings.`,
  ),
  answered(
    'second-named',
    'asked about its second successor 19, peer 9 answers 14',
    { ring: RING, self: 9, dead: 19, answer: 14, successors: [14, 19] },
    ANSWER_HINT,
  ),
  answered(
    'stranger-named',
    'asked about a peer that is no successor, peer 9 answers 14',
    { ring: RING, self: 9, dead: 200, answer: 14, successors: [14, 19] },
    ANSWER_HINT,
  ),
  answered(
    'nobody-named',
    'a query without dead is answered with the first successor',
    { ring: RING, self: 9, answer: 14, successors: [14, 19] },
    '`dead` is optional: without it the answer is your first successor.',
  ),
  answered(
    'zero-named',
    'asked about its dead first successor 0, peer 250 answers 60',
    { ring: [0, 60, 120, 250], self: 250, dead: 0, answer: 60, successors: [0, 60] },
    '0 is an id like any other: `dead: 0` names a peer.',
  ),
  answered(
    'answer-zero',
    'peer 120 answers 0, its second successor, when its first is named dead',
    { ring: [0, 60, 120, 250], self: 120, dead: 250, answer: 0, successors: [250, 0] },
    '0 is an id like any other: it is an answer, not the lack of one.',
  ),
  answered(
    'ring-of-two',
    'of two peers, asked about the other one, a peer answers itself',
    { ring: [40, 160], self: 40, dead: 160, answer: 40, successors: [160, 40] },
    'In a ring of two your second successor is you yourself.',
  ),
  answered(
    'ring-of-one',
    'a peer that is alone answers itself',
    { ring: [40], self: 40, dead: 160, answer: 40, successors: [40, 40] },
    'In a ring of one both successors are you yourself.',
  ),
  answered(
    'none-left',
    'a peer that is alone and named dead itself has no answer: null',
    { ring: [40], self: 40, dead: 40, answer: null, successors: [40, 40] },
    'Answer null when none of your two successors will do.',
  ),
  ringCase({
    id: 'ring.dead.query/not-member',
    title: 'a peer that is in no ring answers null',
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'the answer null; after init the answer 14',
    hint: 'A peer in no ring has no successors: its answer is null, not an error.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 9, [8, 14, 19])
      const connection = await scene.say(8, { type: 'ring.successor-query', from: 8 })
      await requireAnswer(bench, connection, 'ring.successor-answer', {
        requirement: 'ring.dead.query',
        expected: 'the answer null of a peer that is in no ring',
        fields: { from: 9, successor: null },
      })
      await scene.node.command('init', { successors: [14, 19] })
      const again = await scene.say(8, { type: 'ring.successor-query', from: 8 })
      await requireAnswer(bench, again, 'ring.successor-answer', {
        requirement: 'ring.dead.query',
        expected: 'the answer 14 of a member',
        fields: { from: 9, successor: 14 },
      })
    },
  }),
  ringCase({
    id: 'ring.dead.query/names-the-dead',
    title: 'first 14 dies, then 4: each query names the peer that died',
    also: ['ring.dead.first', 'ring.dead.answer', 'ring.dead.threshold'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'a query with dead 14, its answer taken, a query with dead 4, its answer taken',
    hint: 'Without `dead` the other one may answer with the peer that you have just buried.',
    async run(bench: RingBench) {
      const scene = await afterDeath(bench, [50])
      const first = await requireQuery(bench, scene, 19, 14)
      const answering = answerQueries(bench, scene, 19, 4)
      await requireSuccessors(
        bench,
        scene.node,
        [19, 4],
        'ring.dead.answer',
        'after the first answer',
        first.n,
      )
      await answering.stop()
      const start = bench.frames.length
      scene.probe(4).die()
      const second = await requireQuery(bench, scene, 19, 4, start)
      const answeringAgain = answerQueries(bench, scene, 19, 50)
      await requireSuccessors(
        bench,
        scene.node,
        [19, 50],
        'ring.dead.answer',
        'after the second answer',
        second.n,
      )
      await answeringAgain.stop()
    },
  }),
  notTaken(
    'null',
    'the answer null is none: 9 asks again every ping interval',
    'null means that the other one has no answer yet; ask again after a ping interval.',
    (scene, query) => answerQuery(scene, query, null),
  ),
  notTaken(
    'stale',
    'an answer that is the dead peer itself is stale: 9 asks again',
    'The other one has not noticed the death yet: never take the dead peer as successor.',
    (scene, query) => answerQuery(scene, query, 14),
  ),
  notTaken(
    'absent',
    'a connection that stays open without an answer does not stop the repair: 9 asks again',
    'Give up a query after one ping interval and send it again.',
    async () => {},
  ),
  notTaken(
    'closed',
    'a connection that is closed without an answer does not stop the repair: 9 asks again',
    'A connection that ends without an answer is no answer; ask again after a ping interval.',
    async (scene, query) => scene.probe(19).connectionOf(query).reset(),
  ),
  ringCase({
    id: 'ring.dead.answer/refused',
    title: 'the peer to be asked refuses connections for a while: 9 asks again and is answered',
    also: ['ring.dead.first', 'ring.dead.threshold'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence:
      'no query while connections are refused, pings that go on, then a query and an answer that is taken',
    hint: 'A refused connection must not end the thread that repairs; try again after a ping interval.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: watchfulPings(bench) })
      await nextPing(bench, scene, 14)
      scene.probe(19).listening = false
      const silence = fallSilent(bench, scene, 14)
      await requireDeath(bench, scene, 14, silence)
      const start = bench.frames.length
      await bench.until(() => framesOf(bench, allOf(since(start), pingOf(9, 19))).length >= 3)
      scene.probe(19).listening = true
      const answering = answerQueries(bench, scene, 19, 4)
      const query = await requireQuery(bench, scene, 19, 14, start)
      await requireSuccessors(bench, scene.node, [19, 4], 'ring.dead.answer', 'after the answer', query.n)
      await answering.stop()
    },
  }),
  ringCase({
    id: 'ring.dead.answer/until-first-dies',
    title: '19 never answers the query and then dies as well: 9 stops asking and is alone',
    also: ['ring.dead.both', 'ring.dead.threshold'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'queries while 19 answers pings, peer-dead for 19, then no query any more',
    hint: 'The query ends with the peer that is asked.',
    async run(bench: RingBench) {
      const scene = await afterDeath(bench)
      await requireQuery(bench, scene, 19, 14)
      const silence = bench.frames.length
      scene.probe(19).die()
      await requireDeath(bench, scene, 19, silence)
      await requireSuccessors(bench, scene.node, [9, 9], 'ring.dead.both', 'after both successors died')
      const start = bench.frames.length
      await scene.probe(8).ping(scene.node, 1, 79)
      await requireSeen(bench, sentTo(8, 'ring.pong', { seq: 79 }), {
        requirement: 'ring.dead.both',
        expected: 'a pong of a peer that lost both successors',
      })
      requireNone(bench, allOf(since(start), sent('ring.successor-query')), {
        requirement: 'ring.dead.answer',
        expected: 'no query when there is nobody left to ask',
      })
    },
  }),
  ringCase({
    id: 'ring.dead.answer/first-changed-meanwhile',
    title: 'while the query to 19 is open, 19 departs: its late answer is not taken',
    also: ['ring.leave.first', 'ring.dead.first'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'the query, the departure that is obeyed, unchanged successors after the late answer',
    hint: 'An answer belongs to the first successor of the moment of the question; compare before you take it.',
    async run(bench: RingBench) {
      const scene = await afterDeath(bench, [30])
      await requireQuery(bench, scene, 19, 14)
      const leaving = await scene.say(19, { type: 'ring.depart', from: 19, successors: [4, 8] })
      await requireAnswer(bench, leaving, 'ring.depart-ack', {
        requirement: 'ring.leave.ack',
        expected: 'depart-ack for the departure of 19',
      })
      const start = bench.frames.length
      for (const query of framesOf(bench, sentTo(19, 'ring.successor-query')))
        await answerQuery(scene, query, 30)
      await requireUnchanged(bench, scene.node, [4, 8], 'ring.dead.answer', 'after a late answer of 19')
      requireNone(bench, allOf(since(start), pingOf(9, 30)), {
        requirement: 'ring.dead.answer',
        expected: 'no ping to 30, which only the late answer names',
      })
      await requireSuccessors(bench, scene.node, [4, 8], 'ring.leave.first', 'after 19 departed', start)
    },
  }),
  ringCase({
    id: 'ring.dead.refresh/takes-answer',
    title: 'with refreshIntervalMs peer 9 asks its first successor unprovoked and takes the answer',
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'queries without dead at 14, again and again; the answer as second successor',
    hint: 'A refresh mends a second successor that changed without your knowledge.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, {
        strangers: [16],
        config: { ...steadyPings(bench), refreshIntervalMs: bench.timing.pingIntervalMs },
      })
      const query = await requireSeen(bench, sentTo(14, 'ring.successor-query'), {
        requirement: 'ring.dead.refresh',
        expected: 'a successor query without dead to the first successor 14',
        fields: { from: 9, dead: undefined },
      })
      const honest = answerQueries(bench, scene, 14, 16)
      await requireSuccessors(
        bench,
        scene.node,
        [14, 16],
        'ring.dead.refresh',
        'after the answer 16',
        query.n,
      )
      await honest.stop()
      const start = bench.frames.length
      const empty = answerQueries(bench, scene, 14, null)
      await bench.until(
        () => framesOf(bench, allOf(since(start), sentTo(14, 'ring.successor-query'))).length >= 3,
      )
      await requireUnchanged(bench, scene.node, [14, 16], 'ring.dead.refresh', 'after the answer null')
      await empty.stop()
    },
  }),
  ringCase({
    id: 'ring.dead.refresh/off',
    title: 'with refreshIntervalMs 0 nobody is asked unprovoked; a death still provokes a query',
    also: ['ring.dead.first'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'no query during five pings; then a death and its query',
    hint: '0 switches the refresh off.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, {
        config: { ...watchfulPings(bench), refreshIntervalMs: 0 },
      })
      for (let n = 0; n < 5; n++) await nextPing(bench, scene, 19)
      requireNone(bench, sent('ring.successor-query'), {
        requirement: 'ring.dead.refresh',
        expected: 'no query without a death when the refresh is off',
      })
      scene.probe(14).die()
      await requireQuery(bench, scene, 19, 14)
    },
  }),
]
