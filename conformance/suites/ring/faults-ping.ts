// Pings over links that lose some of them, in both directions or in one.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { ringCase } from './define.ts'
import { framesOf } from './frames.ts'
import { deadBy } from './procedures/deaths.ts'
import { allOf, since } from './procedures/evidence.ts'
import { steadyPings, watchfulPings } from './procedures/pace.ts'
import { nodeOf, requireAtRest } from './procedures/ring-at-rest.ts'
import { stage } from './procedures/stages.ts'
import { pingOf } from './procedures/successors.ts'
import { requireJustifiedDeaths } from './procedures/wire-history.ts'

const isPingOrPong = (message: Readonly<Record<string, unknown>> | undefined): boolean =>
  message?.type === 'ring.ping' || message?.type === 'ring.pong'

export const faultsPingCases: readonly Case[] = [
  ringCase({
    id: 'ring.dead.patience/lossy-links',
    title:
      'a ring of four over links that lose every fifth ping and pong: nobody is declared dead without four losses in a row',
    also: ['ring.dead.threshold'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence:
      'at least 100 pings, at least 20 of them or their pongs lost; each death, if any, justified by the capture',
    hint: 'Reset the counter at each pong. This case reads from the wire which pings were really lost.',
    cluster: true,
    async run(bench: RingBench) {
      const ring = [30, 90, 150, 210]
      const nodes = await bench.cluster(ring, { config: watchfulPings(bench) })
      const start = bench.frames.length
      for (const one of ring)
        for (const other of ring)
          if (one !== other) bench.link(one, other).set({ drop: 0.2, only: isPingOrPong })
      const pings = () =>
        framesOf(
          bench,
          allOf(since(start), (frame) => frame.message?.type === 'ring.ping'),
        )
      await bench.until(() => pings().length >= 100)
      const lost = framesOf(
        bench,
        allOf(since(start), (frame) => frame.fate === 'dropped'),
      )
      bench.require(pings().length >= 100, {
        requirement: 'ring.ping.interval',
        expected: 'pings that go on over lossy links',
        actual: `${pings().length}`,
      })
      const deaths = await requireJustifiedDeaths(bench, nodes)
      if (lost.length < 20) return
      bench.evidence(`${lost.length} pings and pongs lost, ${deaths} deaths, each after four losses in a row`)
    },
  }),
  ringCase({
    id: 'ring.dead.threshold/one-way',
    title: 'datagrams from 30 to 90 are lost, all others pass: 30 declares 90 dead, and 90 nobody',
    also: ['ring.dead.patience', 'ring.dead.first'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'the death of 90 at 30; pings of 90 to its living successors',
    hint: 'Whoever is not heard is dead for the one that listens; the other side knows nothing of it.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await bench.cluster([30, 90, 150, 210], { config: watchfulPings(bench) })
      const start = bench.frames.length
      bench.link(30, 90).set({ drop: 1 })
      await bench.until(() => deadBy(nodeOf(nodes, 30), 90))
      bench.require(deadBy(nodeOf(nodes, 30), 90), {
        requirement: 'ring.dead.threshold',
        expected: 'the event peer-dead for 90 at 30, whose pings do not arrive',
        actual: JSON.stringify(nodeOf(nodes, 30).events.slice(-2)),
      })
      bench.evidence('30 declared 90 dead')
      const later = bench.frames.length
      await bench.until(() => framesOf(bench, allOf(since(later), pingOf(90))).length >= 6)
      await requireJustifiedDeaths(bench, nodes)
      for (const id of [90, 150, 210])
        bench.require(!nodeOf(nodes, id).events.some((event) => event.event === 'peer-dead'), {
          requirement: 'ring.dead.patience',
          expected: `${id} to declare nobody dead: its pings are all answered`,
          actual: JSON.stringify(nodeOf(nodes, id).events),
          exhibits: framesOf(bench, allOf(since(start), pingOf(id)))
            .slice(-1)
            .map((frame) => ({ frame: frame.n })),
        })
    },
  }),
  ringCase({
    id: 'ring.dead.patience/duplicated-and-delayed',
    title: 'pings and pongs that come twice, late and in the wrong order disturb nobody',
    also: ['ring.circle.successors', 'ring.ping.answer'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'at least 40 pings over such links, no death, the ring at rest',
    hint: 'A pong that answers an older ping than the last one is no news; a ping is answered each time it comes.',
    cluster: true,
    async run(bench: RingBench) {
      const ring = [0, 100, 255]
      const nodes = await bench.cluster(ring, { config: steadyPings(bench) })
      const start = bench.frames.length
      const jitterMs = bench.timing.pingIntervalMs / 2
      for (const one of ring)
        for (const other of ring)
          if (one !== other) bench.link(one, other).set({ duplicate: 0.3, reorder: 0.1, jitterMs })
      const pings = () =>
        framesOf(
          bench,
          allOf(since(start), (frame) => frame.message?.type === 'ring.ping'),
        )
      await bench.until(() => pings().length >= 40)
      for (const node of nodes.values())
        bench.require(!node.events.some((event) => event.event === 'peer-dead'), {
          requirement: 'ring.dead.patience',
          expected: `peer ${node.id} to declare nobody dead: every ping is answered`,
          actual: JSON.stringify(node.events),
        })
      await requireAtRest(bench, nodes, 'ring.circle.successors', 'over links that disturb', start)
    },
  }),
]
