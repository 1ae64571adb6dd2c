// Rings of real nodes in which peers vanish: the rest must close the gap, as the oracle computes it, and go on serving.
//
// Most peers die here by having all their links cut, which looks the same to the others and costs no process. The cases with
// processes of their own make sure that nobody has confused the two.
import { ownerOf } from '../../oracle/ring.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { requireSuccess } from '../outcome.ts'
import { ringCase } from './define.ts'
import { framesOf } from './frames.ts'
import { randomContent } from './procedures/content.ts'
import { allOf, since } from './procedures/evidence.ts'
import { begin } from './procedures/outcome.ts'
import { steadyPings, watchfulPings } from './procedures/pace.ts'
import { isolate } from './procedures/partition.ts'
import { type Nodes, nodeOf, requireAtRest, withoutNode } from './procedures/ring-at-rest.ts'
import { fetchFile, storeFile } from './procedures/round-trip.ts'
import { stage } from './procedures/stages.ts'
import { pingOf, requireSuccessors } from './procedures/successors.ts'
import { requireJustifiedDeaths } from './procedures/wire-history.ts'

interface Loss {
  readonly ring: readonly number[]
  readonly gone: readonly number[]
}

/** Cuts peers off; the rest must be at rest without them, and have declared nobody else dead. */
const loseAndRest = async (bench: RingBench, nodes: Nodes, gone: readonly number[]): Promise<Nodes> => {
  const start = bench.frames.length
  for (const id of gone) isolate(bench, nodes.keys(), id)
  const rest = new Map([...nodes].filter(([id]) => !gone.includes(id)))
  await requireAtRest(bench, rest, 'ring.dead.first', `after ${gone.join(' and ')} died`, start)
  for (const node of rest.values())
    for (const event of node.events)
      bench.require(event.event !== 'peer-dead' || gone.includes(event.peer), {
        requirement: 'ring.dead.patience',
        expected: `peer ${node.id} to declare nobody dead but ${gone.join(' and ')}`,
        actual: JSON.stringify(event),
      })
  return rest
}

const loss = (slug: string, title: string, { ring, gone }: Loss, hint: string): Case =>
  ringCase({
    id: `ring.dead.first/${slug}`,
    title,
    also: ['ring.dead.threshold', 'ring.dead.query', 'ring.dead.answer', 'ring.dead.both'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence:
      'the rest of the ring at rest, in state and in pings; the one that was cut off as a ring of one',
    hint,
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await bench.cluster(ring, { config: watchfulPings(bench) })
      await loseAndRest(bench, nodes, gone)
      // Each of those that were cut off lost both its successors at once, whatever became of the others.
      for (const id of gone)
        await requireSuccessors(bench, nodeOf(nodes, id), [id, id], 'ring.dead.both', 'when it was cut off')
    },
  })

const BOTH_HINT =
  'The first predecessor moves its second successor up and asks it; the second predecessor keeps its first and asks that.'

export const clusterDeathCases: readonly Case[] = [
  loss(
    'cluster-of-four',
    'one of four peers vanishes: first and second predecessor repair at the same time',
    { ring: [0, 60, 120, 255], gone: [60] },
    BOTH_HINT,
  ),
  loss(
    'cluster-of-seven',
    'the last peer of the ring of the handout vanishes',
    { ring: [2, 4, 5, 8, 9, 14, 19], gone: [19] },
    BOTH_HINT,
  ),
  loss(
    'cluster-of-four-zero',
    'peer 0 vanishes from a ring of four',
    { ring: [0, 60, 120, 255], gone: [0] },
    '0 is an id like any other: it can die, too.',
  ),
  loss(
    'cluster-of-three',
    'one of three peers vanishes: a ring of two is left',
    { ring: [10, 20, 30], gone: [20] },
    'The answer to your query may be you yourself: then you are one of two.',
  ),
  loss(
    'cluster-of-two',
    'the two peers of a ring lose each other: each is alone',
    { ring: [10, 200], gone: [200] },
    'In a ring of two there is nobody to ask.',
  ),
  loss(
    'two-apart',
    'two peers that are not neighbours vanish from a ring of seven at once',
    { ring: [2, 40, 80, 120, 160, 200, 240], gone: [40, 120] },
    'The peer that you ask may not have noticed its own loss yet: a wrong answer dies a little later, and you ask again.',
  ),
  ringCase({
    id: 'ring.dead.first/files-after-death',
    title: 'after a death files of the living are found, and the keys of the dead peer have a new owner',
    also: ['ring.circle.owner', 'ring.route.forward', 'ring.store.place', 'ring.request.found'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'round trips in the ring before and after, each hop, the bytes on disk',
    hint: 'Ids must stay numbers after a repair; forward to the successor of this moment, not of the start.',
    cluster: true,
    async run(bench: RingBench) {
      const ring = [20, 70, 120, 170, 220]
      const nodes = await bench.cluster(ring, { config: watchfulPings(bench) })
      const kept = { name: '0200', content: randomContent(bench, 900) }
      await storeFile(bench, nodes, 20, kept.name, kept.content)
      const rest = await loseAndRest(bench, nodes, [120])
      await fetchFile(bench, rest, 70, kept.name, 'tcp', kept.content)
      // Key 100 belonged to 120 and belongs to 170 now.
      const renewed = { name: '0100', content: randomContent(bench, 900) }
      if (ownerOf([...rest.keys()], renewed.name) !== 170) throw new Error('170 takes over the keys of 120')
      await storeFile(bench, rest, 220, renewed.name, renewed.content)
      await fetchFile(bench, rest, 20, renewed.name, 'udp', renewed.content)
    },
  }),
  ringCase({
    id: 'ring.route.retry/peer-dies-on-the-way',
    title: 'a request under way when the next peer on its route has just vanished arrives after the repair',
    also: ['ring.dead.first', 'ring.request.found'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'the result from the owner behind the dead peer',
    hint: 'Keep a lookup that cannot be sent and try again every ping interval, to the first successor of that moment.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await bench.cluster([20, 70, 120, 170, 220], { config: watchfulPings(bench) })
      const content = randomContent(bench, 400)
      await storeFile(bench, nodes, 20, '0150', content)
      for (const id of nodes.keys()) {
        if (id === 120) continue
        // Refused at once, as by the kernel of a host whose process died.
        bench.link(id, 120).set({ drop: 1, tcpRefuse: true })
        bench.link(120, id).set({ drop: 1, tcpRefuse: true })
      }
      const command = begin(nodeOf(nodes, 70), 'request', { name: '0150', transport: 'tcp' })
      const result = await requireSuccess(
        bench,
        command,
        'ring.route.retry',
        'a request that survives the death of a peer on its way',
      )
      bench.require(result.owner === 170 && result.digest === content.digest, {
        requirement: 'ring.route.retry',
        expected: `0150 from its owner 170 with digest ${content.digest}`,
        actual: JSON.stringify(result),
      })
      bench.evidence('a request survived the death of the peer 120 on its way')
    },
  }),
  ringCase({
    id: 'ring.dead.first/killed-and-restarted',
    title: 'a killed process: the rest repairs the ring; the same id joins again',
    also: ['ring.dead.threshold', 'ring.control.peer-dead', 'ring.join.place', 'ring.circle.successors'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence: 'the rest at rest after the kill, the whole ring at rest after the join',
    hint: 'A connection that is refused or reset is no reason to end; a dead peer that joins again is a peer like any other.',
    cluster: true,
    ownProcesses: true,
    async run(bench: RingBench) {
      const nodes = await bench.cluster([30, 90, 210], { config: steadyPings(bench) })
      const start = bench.frames.length
      await nodeOf(nodes, 90).kill()
      const rest = withoutNode(nodes, 90)
      await requireAtRest(bench, rest, 'ring.dead.first', 'after 90 was killed', start)
      await requireJustifiedDeaths(bench, rest)
      for (const [id, node] of rest) {
        const deaths = node.events.filter((event) => event.event === 'peer-dead' && event.peer === 90)
        bench.require(deaths.length === 1, {
          requirement: 'ring.control.peer-dead',
          expected: `one event peer-dead for 90 at ${id}`,
          actual: `${deaths.length}`,
        })
      }
      const again = await bench.node(90, { config: steadyPings(bench) })
      const joined = bench.frames.length
      await again.command('join', { via: 210 })
      await requireAtRest(
        bench,
        new Map([...rest, [90, again]]),
        'ring.join.place',
        'after 90 joined again',
        joined,
      )
    },
  }),
  ringCase({
    id: 'ring.dead.patience/paused-process',
    title:
      'a process that stands still for two pings is not dead; one that stands still for long is, and returns in peace',
    also: ['ring.dead.threshold', 'ring.dead.first', 'common.robust.hostile'],
    stage: stage.repair,
    observes: ['wire', 'control'],
    evidence:
      'two unanswered pings without a death; a long pause, the rest at rest; lookups after its return',
    hint: 'Four unanswered pings are a death, fewer are none. A peer that was thought dead sends pings and answers again.',
    cluster: true,
    ownProcesses: true,
    async run(bench: RingBench) {
      const nodes = await bench.cluster([30, 90, 150], { config: steadyPings(bench) })
      const content = randomContent(bench, 500)
      await storeFile(bench, nodes, 30, '0140', content)
      const sleeper = nodeOf(nodes, 90)
      const pingsSince = (start: number) => framesOf(bench, allOf(since(start), pingOf(30, 90)))
      const nap = bench.frames.length
      sleeper.pause()
      await bench.until(() => pingsSince(nap).length >= 2)
      sleeper.resume()
      const awake = bench.frames.length
      await bench.until(() => pingsSince(awake).length >= 4)
      const deaths = await requireJustifiedDeaths(bench, nodes)
      // On a machine so busy that the nap lasted four pings, the deaths are right, and nothing was shown.
      if (deaths > 0) return
      bench.evidence('two unanswered pings, and no death', pingsSince(awake)[0])

      const start = bench.frames.length
      sleeper.pause()
      const rest = withoutNode(nodes, 90)
      await requireAtRest(bench, rest, 'ring.dead.first', 'while 90 stands still', start)
      sleeper.resume()
      // It believes that it is a member still. Wherever it ends up, the rest must go on serving.
      await bench.seen(allOf(since(bench.frames.length), pingOf(90)))
      const command = begin(nodeOf(nodes, 30), 'request', { name: '0140', transport: 'tcp' })
      const result = await requireSuccess(
        bench,
        command,
        'common.robust.hostile',
        'the rest to serve when a peer returns that was thought dead',
      )
      bench.require(result.owner === 150 && result.digest === content.digest, {
        requirement: 'common.robust.hostile',
        expected: `0140 from its owner 150 with digest ${content.digest}`,
        actual: JSON.stringify(result),
      })
    },
  }),
]
