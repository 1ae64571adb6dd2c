// When a successor is dead, and when it is not: four unanswered pings in a row, not three, and not four here and there.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { ringCase } from './define.ts'
import { framesOf, integerField, requireNone, sent, sentTo } from './frames.ts'
import { deathsOf, fallSilent, nextPing, pong, requireDeath, requireNoDeath } from './procedures/deaths.ts'
import { allOf, requireSeen, since } from './procedures/evidence.ts'
import { steadyPings, watchfulPings } from './procedures/pace.ts'
import { answerQueries, requireQuery } from './procedures/queries.ts'
import { looseScene, memberScene, requireAnswer, type Scene } from './procedures/scene.ts'
import { stage } from './procedures/stages.ts'
import { pingOf, requireSuccessors } from './procedures/successors.ts'

const RING = [4, 8, 9, 14, 19] as const

interface Death {
  readonly ring: readonly number[]
  readonly self: number
  readonly dead: number
  /** The peer that must be asked, and what it answers. */
  readonly asked: number
  readonly answer: number
  readonly after: readonly [number, number]
}

/** A successor falls silent: the death, the query, the adopted answer, and who is pinged afterwards. */
const judgeDeath = async (bench: RingBench, death: Death): Promise<void> => {
  const { ring, self, dead, asked, answer, after } = death
  const scene = await memberScene(bench, ring, self, { config: watchfulPings(bench) })
  await nextPing(bench, scene, dead)
  scene.probe(dead).listening = false
  const silence = fallSilent(bench, scene, dead)
  const answering = answerQueries(bench, scene, asked, answer)
  await requireDeath(bench, scene, dead, silence)
  const query = await requireQuery(bench, scene, asked, dead)
  await requireSuccessors(bench, scene.node, after, 'ring.dead.first', `after ${dead} died`, query.n)
  await answering.stop()
  // The dead peer stays dead: nobody counts further.
  await nextPing(bench, scene, after[0] === self ? asked : after[0])
  bench.require(deathsOf(scene, dead).length === 1, {
    requirement: 'ring.control.peer-dead',
    expected: `one event peer-dead for ${dead}`,
    actual: `${deathsOf(scene, dead).length}`,
  })
  requireNone(
    bench,
    allOf(sent('ring.successor-query'), (frame) => frame.to !== asked),
    {
      requirement: 'ring.dead.first',
      expected: `queries to ${asked} only`,
    },
  )
}

const death = (slug: string, title: string, what: Death, hint: string): Case =>
  ringCase({
    id: `ring.dead.first/${slug}`,
    title,
    also: ['ring.dead.threshold', 'ring.dead.query', 'ring.dead.answer', 'ring.control.peer-dead'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence:
      'four to seven unanswered pings, peer-dead, a query that names the dead peer, pings to the new successors',
    hint,
    run: (bench) => judgeDeath(bench, what),
  })

/** Sends something at each ping to the silent peer 14, which must not keep it alive. */
const notAnAnswer = (
  slug: string,
  title: string,
  hint: string,
  interfere: (scene: Scene, pingSeq: number, lastAnswered: number) => Promise<void>,
): Case =>
  ringCase({
    id: `ring.dead.patience/${slug}`,
    title,
    also: ['ring.dead.threshold'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'the death of the silent peer after four to seven pings, in spite of the pongs',
    hint,
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [200], config: watchfulPings(bench) })
      await nextPing(bench, scene, 14)
      const answered = await nextPing(bench, scene, 14)
      const lastAnswered = integerField(answered, 'seq')
      const silence = fallSilent(bench, scene, 14)
      let active = true
      const interference = (async () => {
        while (active) {
          const ping = await scene
            .probe(14)
            .receive(allOf(since(silence), pingOf(9, 14)), bench.timing.pingIntervalMs / 2)
          if (ping !== undefined) await interfere(scene, integerField(ping, 'seq'), lastAnswered)
        }
      })()
      // When the program crashes, the loop is refused before the case comes to await it.
      interference.catch(() => undefined)
      try {
        await requireDeath(bench, scene, 14, silence, 'ring.dead.patience')
      } finally {
        active = false
        await interference
      }
    },
  })

export const repairDetectionCases: readonly Case[] = [
  death(
    'first-dies',
    'the first successor 14 falls silent: 19 moves up and is asked who follows',
    { ring: RING, self: 9, dead: 14, asked: 19, answer: 4, after: [19, 4] },
    'The second successor becomes the first; ask it over TCP for its first successor that is not the dead peer.',
  ),
  death(
    'second-dies',
    'the second successor 19 falls silent: the first one stays and is asked who follows',
    { ring: RING, self: 9, dead: 19, asked: 14, answer: 4, after: [14, 4] },
    'Watch both successors, each with its own count; when the second dies, ask the first.',
  ),
  death(
    'wrap',
    'the last peer 19 loses its first successor 4',
    { ring: RING, self: 19, dead: 4, asked: 8, answer: 9, after: [8, 9] },
    'The second successor becomes the first; ask it over TCP for its first successor that is not the dead peer.',
  ),
  death(
    'dead-zero',
    'the first successor 0 dies: the query names 0',
    { ring: [0, 60, 120, 250], self: 250, dead: 0, asked: 60, answer: 120, after: [60, 120] },
    '0 is an id like any other: `dead: 0` must not be left out.',
  ),
  death(
    'answer-zero',
    'the answer is peer 0: it becomes the second successor',
    { ring: [0, 60, 120, 250], self: 60, dead: 120, asked: 250, answer: 0, after: [250, 0] },
    '0 is an id like any other: an answer 0 is an answer.',
  ),
  death(
    'ring-of-three',
    'of three peers the first successor dies: the other one answers with the asking peer itself',
    { ring: [40, 100, 160], self: 40, dead: 100, asked: 160, answer: 40, after: [160, 40] },
    'In a ring of two the second successor is the peer itself, and nobody pings itself.',
  ),
  ringCase({
    id: 'ring.dead.threshold/silent-from-the-start',
    title: 'a successor that never answered at all is dead after four pings too',
    also: ['ring.dead.first'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'four to seven pings from seq 0 on, then peer-dead and the query',
    hint: 'Count from the first ping; do not wait for a first pong.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 9, [4, 14, 19], watchfulPings(bench))
      scene.probe(14).die()
      await scene.node.command('init', { successors: [14, 19] })
      await requireDeath(bench, scene, 14, 0)
      await requireQuery(bench, scene, 19, 14)
    },
  }),
  ringCase({
    id: 'ring.dead.patience/every-fourth-answered',
    title: 'a successor that answers every fourth ping only is not dead, however many are lost in all',
    also: ['ring.dead.threshold'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'three times three unanswered pings and one answer without consequence; then silence and death',
    hint: 'Three unanswered pings in a row mean nothing, and an answer wipes them out: reset the counter at each pong.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: steadyPings(bench) })
      scene.probe(14).answersPings = false
      let answered = await nextPing(bench, scene, 14)
      for (let round = 0; round < 3; round++) {
        for (let lost = 0; lost < 3; lost++) await nextPing(bench, scene, 14)
        answered = await nextPing(bench, scene, 14)
        await pong(scene, 14, integerField(answered, 'seq'))
        requireNoDeath(bench, scene, 'ring.dead.patience', 'after three unanswered pings in a row')
      }
      bench.evidence('twelve pings with three answers, and no death', answered)
      await requireDeath(bench, scene, 14, answered.n + 1)
    },
  }),
  ringCase({
    id: 'ring.dead.patience/second-every-fourth-answered',
    title: 'the same for the second successor: scattered losses never add up',
    also: ['ring.dead.threshold'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'three times three unanswered pings and one answer without consequence; then silence and death',
    hint: 'Each successor has a counter of its own.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: steadyPings(bench) })
      scene.probe(19).answersPings = false
      let answered = await nextPing(bench, scene, 19)
      for (let round = 0; round < 3; round++) {
        for (let lost = 0; lost < 3; lost++) await nextPing(bench, scene, 19)
        answered = await nextPing(bench, scene, 19)
        await pong(scene, 19, integerField(answered, 'seq'))
        requireNoDeath(bench, scene, 'ring.dead.patience', 'after three unanswered pings in a row')
      }
      bench.evidence('twelve pings with three answers, and no death', answered)
      await requireDeath(bench, scene, 19, answered.n + 1)
    },
  }),
  ringCase({
    id: 'ring.dead.patience/late-answers',
    title: 'a successor that answers each ping two pings late is alive',
    also: ['ring.dead.threshold'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'nine late answers without consequence; then silence and death',
    hint: 'A pong need not answer the latest ping: any ping sent to that peer will do.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: steadyPings(bench) })
      scene.probe(14).answersPings = false
      const pings = [await nextPing(bench, scene, 14), await nextPing(bench, scene, 14)]
      for (let n = 0; n < 9; n++) {
        pings.push(await nextPing(bench, scene, 14))
        const [late] = pings.splice(0, 1)
        if (late === undefined) throw new Error('no ping is waiting for its late answer')
        await pong(scene, 14, integerField(late, 'seq'))
      }
      requireNoDeath(bench, scene, 'ring.dead.patience', 'while every ping is answered two pings late')
      const last = await nextPing(bench, scene, 14)
      bench.evidence('nine pings answered two pings late, and no death', last)
      await pong(scene, 14, integerField(last, 'seq'))
      await requireDeath(bench, scene, 14, last.n + 1)
    },
  }),
  notAnAnswer(
    'seq-never-sent',
    'pongs with a seq that was never sent do not keep a silent successor alive',
    'Compare the seq of a pong with the pings that you sent to that peer.',
    (scene, seq) => pong(scene, 14, seq + 1000),
  ),
  notAnAnswer(
    'seq-answered-before',
    'the same old pong again and again does not keep a silent successor alive',
    'A pong counts only if it answers a later ping than all pongs before.',
    (scene, _seq, lastAnswered) => pong(scene, 14, lastAnswered),
  ),
  notAnAnswer(
    'from-stranger',
    'pongs of other peers with the right seq do not keep a silent successor alive',
    'A pong belongs to the peer in `from`.',
    async (scene, seq) => {
      await pong(scene, 200, seq)
      await pong(scene, 8, seq)
      await pong(scene, 19, seq)
    },
  ),
  ringCase({
    id: 'ring.dead.two-peers/other-dies',
    title: 'of two peers the other one dies: the node is alone, asks nobody, and accepts newcomers',
    also: ['ring.dead.threshold', 'ring.control.peer-dead'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'peer-dead, own id as both successors, no query, no ping; then the accept of a newcomer',
    hint: 'Your second successor is yourself: there is nobody to ask.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, [40, 160], 40, {
        strangers: [200],
        config: watchfulPings(bench),
      })
      await nextPing(bench, scene, 160)
      const silence = fallSilent(bench, scene, 160)
      await requireDeath(bench, scene, 160, silence)
      await requireSuccessors(bench, scene.node, [40, 40], 'ring.dead.two-peers', 'after 160 died')
      requireNone(bench, sent('ring.successor-query'), {
        requirement: 'ring.dead.two-peers',
        expected: 'no query from a peer that is alone',
      })
      await scene.say(200, { type: 'ring.join', from: 200, id: 200, route: [] })
      await requireSeen(bench, sentTo(200, 'ring.accept'), {
        requirement: 'ring.dead.two-peers',
        expected: 'a ring of one, which accepts 200',
        fields: { from: 40, successors: [40, 200] },
      })
    },
  }),
  ringCase({
    id: 'ring.dead.both/stays-alive',
    title: 'both successors die at once: the node lives on as a ring of one and serves',
    also: ['ring.dead.threshold', 'ring.control.peer-dead', 'ring.ping.answer'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'peer-dead for both, own id as both successors, then pong, state and the accept of a newcomer',
    hint: 'Asking a peer that is dead too fails: that must not end your ping thread. With both gone you are alone.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [200], config: watchfulPings(bench) })
      await nextPing(bench, scene, 19)
      const silence = bench.frames.length
      for (const id of [14, 19]) scene.probe(id).die()
      for (const id of [14, 19]) await requireDeath(bench, scene, id, silence, 'ring.dead.both')
      await requireSuccessors(bench, scene.node, [9, 9], 'ring.dead.both', 'after both successors died')
      await scene.probe(8).ping(scene.node, 1, 77)
      await requireSeen(bench, sentTo(8, 'ring.pong', { seq: 77 }), {
        requirement: 'ring.dead.both',
        expected: 'a pong of a peer that lost both successors',
        fields: { from: 9 },
      })
      const asking = await scene.say(8, { type: 'ring.successor-query', from: 8 })
      await requireAnswer(bench, asking, 'ring.successor-answer', {
        requirement: 'ring.dead.both',
        expected: 'an answer over TCP of a peer that lost both successors',
        fields: { from: 9, successor: 9 },
      })
      await scene.say(8, { type: 'ring.join', from: 8, id: 200, route: [8] })
      await requireSeen(bench, sentTo(200, 'ring.accept'), {
        requirement: 'ring.dead.both',
        expected: 'a ring of one, which accepts 200',
        fields: { from: 9, successors: [9, 200], route: [8, 9] },
      })
    },
  }),
  ringCase({
    id: 'ring.dead.both/connections-hang',
    title: 'both successors die and their connections hang: the death of the second is noticed all the same',
    also: ['ring.dead.threshold'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'peer-dead for both although the query gets no answer; pongs meanwhile',
    hint: 'Do not wait for the answer of a query in the thread that sends pings.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { strangers: [200], config: watchfulPings(bench) })
      await nextPing(bench, scene, 19)
      const silence = bench.frames.length
      // Both still accept connections, but nobody reads or answers there any more.
      for (const id of [14, 19]) scene.probe(id).answersPings = false
      for (const id of [14, 19]) await requireDeath(bench, scene, id, silence, 'ring.dead.both')
      await requireSuccessors(bench, scene.node, [9, 9], 'ring.dead.both', 'after both successors died')
      await scene.probe(8).ping(scene.node, 1, 78)
      await requireSeen(bench, sentTo(8, 'ring.pong', { seq: 78 }), {
        requirement: 'ring.dead.both',
        expected: 'a pong of a peer that lost both successors',
        fields: { from: 9 },
      })
    },
  }),
  ringCase({
    id: 'ring.control.peer-dead/once',
    title: 'a death is reported once, however long the peer stays silent',
    also: ['ring.dead.threshold', 'ring.dead.first'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'one event peer-dead while the other successor is pinged ten times more',
    hint: 'Stop counting when you have declared a peer dead.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: watchfulPings(bench) })
      await nextPing(bench, scene, 14)
      const silence = fallSilent(bench, scene, 14)
      const answering = answerQueries(bench, scene, 19, 4)
      await requireDeath(bench, scene, 14, silence)
      await answering.stop()
      const start = bench.frames.length
      const later = () => framesOf(bench, allOf(since(start), pingOf(9, 19)))
      await bench.until(() => later().length >= 10)
      bench.require(later().length >= 10, {
        requirement: 'ring.dead.first',
        expected: 'pings to 19, which is alive',
        actual: `${later().length}`,
      })
      const deaths = scene.node.events.filter((event) => event.event === 'peer-dead')
      bench.require(deaths.length === 1, {
        requirement: 'ring.control.peer-dead',
        expected: 'one event peer-dead',
        actual: JSON.stringify(deaths),
      })
    },
  }),
]
