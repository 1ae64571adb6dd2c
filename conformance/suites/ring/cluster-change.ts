// Rings of real nodes that grow and shrink in order. After each step the ring must be the one that the oracle computes from
// the ids that are in it, and its files must be found where they belong.
import { acceptorOf, placementOf, successorsOf } from '../../oracle/ring.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { ringCase } from './define.ts'
import { framesOf, sent } from './frames.ts'
import { randomContent } from './procedures/content.ts'
import { allOf, from, since } from './procedures/evidence.ts'
import { steadyPings } from './procedures/pace.ts'
import { type Nodes, nodeOf, requireAtRest, withoutNode } from './procedures/ring-at-rest.ts'
import { fetchFile, storeFile } from './procedures/round-trip.ts'
import { stage } from './procedures/stages.ts'
import { requireSuccessors } from './procedures/successors.ts'

/** A newcomer joins by way of a member; the result must be the oracle's, and the ring with it at rest. */
const enter = async (bench: RingBench, nodes: Nodes, newcomer: number, via: number): Promise<Nodes> => {
  const members = [...nodes.keys()]
  const { acceptor, route, successors } = placementOf(members, via, newcomer)
  const node = await bench.node(newcomer, { config: steadyPings(bench) })
  const result = await node.command('join', { via })
  bench.require(result.route.join('-') === route.join('-'), {
    requirement: 'ring.join.forward',
    expected: `the route ${route.join('-')} for the join of ${newcomer} by way of ${via}`,
    actual: result.route.join('-'),
  })
  bench.require(result.successors.join() === successors.join(), {
    requirement: 'ring.join.accept',
    expected: `the successors ${successors.join(' and ')} for ${newcomer}`,
    actual: result.successors.join(' and '),
  })
  const accept = bench.frames.find(
    allOf(from(acceptor), sent('ring.accept'), (frame) => frame.to === newcomer),
  )
  bench.evidence(
    `${acceptor} accepted ${newcomer}`,
    bench.requireFrame(accept, {
      requirement: 'ring.join.place',
      expected: `accept from ${acceptor}, in whose gap ${newcomer} lies`,
    }),
  )
  return new Map([...nodes, [newcomer, node]])
}

const enterAndRest = async (
  bench: RingBench,
  nodes: Nodes,
  newcomer: number,
  via: number,
): Promise<Nodes> => {
  const start = bench.frames.length
  const grown = await enter(bench, nodes, newcomer, via)
  await requireAtRest(bench, grown, 'ring.join.place', `after ${newcomer} joined`, start)
  return grown
}

const leaveAndRest = async (bench: RingBench, nodes: Nodes, gone: number): Promise<Nodes> => {
  const start = bench.frames.length
  await nodeOf(nodes, gone).stop()
  const departs = framesOf(bench, allOf(since(start), from(gone), sent('ring.depart')))
  bench.require(departs.length > 0 || nodes.size === 1, {
    requirement: 'ring.leave.tell',
    expected: `depart from ${gone} to its predecessors before it ends`,
    actual: 'none',
  })
  const rest = withoutNode(nodes, gone)
  await requireAtRest(bench, rest, 'ring.leave.first', `after ${gone} left`, bench.frames.length)
  return rest
}

export const clusterChangeCases: readonly Case[] = [
  ringCase({
    id: 'ring.join.place/ring-grows',
    title: 'a ring grows from one peer to six: inside, above the last, below the first, id 0 and id 255',
    also: ['ring.join.accept', 'ring.join.tell-predecessor', 'ring.join.adopt', 'ring.circle.successors'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'after each join the route, the successors of the newcomer, and the whole ring at rest',
    hint: 'Look at the first step after which the ring is not at rest, and at what its acceptor told whom.',
    cluster: true,
    async run(bench: RingBench) {
      const steps = [
        { newcomer: 200, via: 100 },
        { newcomer: 150, via: 100 },
        { newcomer: 255, via: 150 },
        { newcomer: 0, via: 255 },
        { newcomer: 50, via: 200 },
      ]
      let nodes: Nodes = await bench.cluster([100], {
        config: steadyPings(bench),
        later: steps.map(({ newcomer }) => newcomer),
      })
      for (const { newcomer, via } of steps) nodes = await enterAndRest(bench, nodes, newcomer, via)
    },
  }),
  ringCase({
    id: 'ring.circle.successors/two-by-join',
    title:
      'a second peer joins one that is alone: each has the other as first successor and itself as second',
    also: ['ring.join.accept', 'ring.join.adopt'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'both at rest, with pings in slot 1 only',
    hint: 'In a ring of two there is one other peer: it is your first successor, and nobody but you is the second.',
    cluster: true,
    async run(bench: RingBench) {
      const alone = await bench.cluster([255], { config: steadyPings(bench), later: [0] })
      const newcomer = await bench.node(0, { config: steadyPings(bench) })
      await newcomer.command('join', { via: 255 })
      const both = new Map([...alone, [0, newcomer]])
      await requireAtRest(bench, both, 'ring.circle.successors', 'after 0 joined 255')
      for (const [id, node] of both)
        await requireSuccessors(
          bench,
          node,
          successorsOf([0, 255], id),
          'ring.circle.successors',
          'as one of two',
        )
    },
  }),
  ringCase({
    id: 'ring.join.place/at-once',
    title: 'three newcomers join a ring of six at once, in gaps that do not touch',
    also: ['ring.join.accept', 'ring.join.tell-predecessor', 'ring.circle.successors'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'three results as the oracle says, then the whole ring at rest',
    hint: 'One join that is under way must not hold up or disturb another one.',
    cluster: true,
    async run(bench: RingBench) {
      const newcomers = [
        { newcomer: 20, via: 210 },
        { newcomer: 100, via: 10 },
        { newcomer: 180, via: 50 },
      ]
      const nodes = await bench.cluster([10, 50, 90, 130, 170, 210], {
        config: steadyPings(bench),
        later: newcomers.map(({ newcomer }) => newcomer),
      })
      const start = bench.frames.length
      const grown = await Promise.all(
        newcomers.map(async ({ newcomer, via }) => {
          const node = await bench.node(newcomer, { config: steadyPings(bench) })
          const { successors } = await node.command('join', { via })
          const expected = placementOf([...nodes.keys()], via, newcomer).successors
          bench.require(successors.join() === expected.join(), {
            requirement: 'ring.join.accept',
            expected: `the successors ${expected.join(' and ')} for ${newcomer}`,
            actual: successors.join(' and '),
          })
          return [newcomer, node] as const
        }),
      )
      await requireAtRest(
        bench,
        new Map([...nodes, ...grown]),
        'ring.join.place',
        'after three joins at once',
        start,
      )
    },
  }),
  ringCase({
    id: 'ring.leave.first/ring-shrinks',
    title: 'a ring of five shrinks to one peer: the first, the last and inner ones leave',
    also: ['ring.leave.tell', 'ring.leave.second', 'ring.leave.ack', 'ring.circle.successors'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'after each departure the rest of the ring at rest',
    hint: 'The second predecessor keeps its first successor: it takes only the first id of the message.',
    cluster: true,
    async run(bench: RingBench) {
      let nodes: Nodes = await bench.cluster([0, 60, 120, 180, 255], { config: steadyPings(bench) })
      for (const gone of [120, 0, 255, 60]) nodes = await leaveAndRest(bench, nodes, gone)
      await nodeOf(nodes, 180).stop()
    },
  }),
  ringCase({
    id: 'ring.leave.tell/back-again',
    title: 'a peer leaves a ring of four, and comes back by a join',
    also: ['ring.join.place', 'ring.leave.first', 'ring.leave.second', 'ring.circle.successors'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'the ring at rest without it, then with it',
    hint: 'Who has left is forgotten: its id is free.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await bench.cluster([30, 90, 150, 210], { config: steadyPings(bench) })
      const rest = await leaveAndRest(bench, nodes, 90)
      await enterAndRest(bench, rest, 90, 210)
    },
  }),
  ringCase({
    id: 'ring.route.owner/ring-changes',
    title:
      'a newcomer owns the keys before it from its join on, and its successor owns them again when it has left',
    also: [
      'ring.circle.owner',
      'ring.join.place',
      'ring.leave.first',
      'ring.store.place',
      'ring.request.found',
    ],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence:
      'files of the same key stored and found at the old owner, at the newcomer, and at the old owner again',
    hint: 'Own the keys after your first predecessor, and learn the predecessor from pings, again and again.',
    cluster: true,
    async run(bench: RingBench) {
      const before = await bench.cluster([40, 120, 200], { config: steadyPings(bench), later: [100] })
      const contents = [0, 1, 2].map(() => randomContent(bench, 700))
      const file = (turn: number) => ({
        name: String(80 + 256 * turn).padStart(4, '0'),
        content: contents[turn],
      })
      const roundTrip = async (nodes: Nodes, turn: number): Promise<void> => {
        const { name, content } = file(turn)
        if (content === undefined) throw new Error(`no content for turn ${turn}`)
        await storeFile(bench, nodes, 40, name, content)
        await fetchFile(bench, nodes, 200, name, 'tcp', content)
      }
      await roundTrip(before, 0)
      const grown = await enterAndRest(bench, before, 100, 200)
      if (acceptorOf([...before.keys()], 100) !== 40) throw new Error('100 joins behind 40')
      await roundTrip(grown, 1)
      const shrunken = await leaveAndRest(bench, grown, 100)
      await roundTrip(shrunken, 2)
    },
  }),
]
