// What init does and what state and events tell about it: ring.md sections 1 and 4; configuration that is really used:
// common.md section 5.

import type { RingResult } from '../../../spec/ring/control.ts'
import { ringOf } from '../../oracle/ring.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { codeOf } from '../control/replies.ts'
import { requireFailure } from '../outcome.ts'
import { ringCase } from './define.ts'
import { framesOf, requireCount, requireSent, sent, sentTo } from './frames.ts'
import {
  FAR,
  FIRST,
  livelyPings,
  NEAR,
  OTHER,
  OWN_NAME,
  OWN_NAME_LOW,
  OWN_NAME_SAME_KEY,
  probeOf,
  quietConfig,
  SECOND,
  SELF,
  settle,
  settleAlone,
} from './neighbourhood.ts'
import { randomContent } from './procedures/content.ts'
import { fetchFile, putFile } from './procedures/lookup.ts'
import { begin } from './procedures/outcome.ts'
import { fence, requireNever, requireSameState } from './procedures/standstill.ts'

export const membershipCases: readonly Case[] = [
  ringCase({
    id: 'ring.control.init/members',
    title: 'init gives the successors and sends nothing but pings',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'pings to both successors, the event successors with cause init, and the state',
    hint: 'init sets the two successors, reports the event, pings both, and does nothing else.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const ping = await requireSent(bench, sentTo(FIRST, 'ring.ping', { slot: 1 }), {
        requirement: 'ring.control.init',
        expected: 'a ping to the first successor',
      })
      await requireSent(bench, sentTo(SECOND, 'ring.ping', { slot: 2 }), {
        requirement: 'ring.control.init',
        expected: 'a ping to the second successor',
      })
      const event = await bench.until(() => node.events.find((candidate) => candidate.event === 'successors'))
      bench.require(
        event?.event === 'successors' &&
          event.cause === 'init' &&
          event.successors[0] === FIRST &&
          event.successors[1] === SECOND,
        {
          requirement: 'ring.control.init',
          expected: `the event successors [${FIRST}, ${SECOND}] with cause init`,
          actual: JSON.stringify(event),
        },
      )
      const state = await node.state()
      bench.require(state.inRing && state.successors?.[0] === FIRST && state.successors[1] === SECOND, {
        requirement: 'ring.control.state',
        expected: `a member with successors [${FIRST}, ${SECOND}]`,
        actual: JSON.stringify(state),
      })
      await requireNever(
        bench,
        (frame) =>
          frame.sender === 'program' &&
          frame.message?.type !== 'ring.ping' &&
          frame.message?.type !== 'ring.pong',
        { requirement: 'ring.control.init', expected: 'no message to anyone but pings and pongs' },
        () => fence(bench, node, near),
      )
      bench.evidence('pinged both successors after init', ping)
    },
  }),
  ringCase({
    id: 'ring.control.init/alone',
    also: ['ring.ping.interval'],
    title: 'with its own id twice the peer is a ring of one and pings nobody',
    stage: 0,
    observes: ['wire', 'control'],
    evidence: 'successors that are the peer itself, a pong to a stranger, and no ping',
    hint: 'A successor that is the peer itself is not pinged.',
    async run(bench: RingBench) {
      const { node, stranger } = await settleAlone(bench, FIRST, {
        pingIntervalMs: bench.timing.pingIntervalMs,
      })
      const { inRing, successors } = await node.state()
      bench.require(inRing && successors?.[0] === SELF && successors[1] === SELF, {
        requirement: 'ring.control.init',
        expected: `a member with successors [${SELF}, ${SELF}]`,
        actual: JSON.stringify({ inRing, successors }),
      })
      await requireNever(
        bench,
        sent('ring.ping'),
        { requirement: 'ring.ping.interval', expected: 'no ping in a ring of one' },
        () => stranger.ping(node, 1, 5),
        bench.timing.quietMs,
      )
      const pong = await requireSent(bench, sentTo(FIRST, 'ring.pong', { seq: 5 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong from the ring of one',
      })
      bench.evidence('alone, alive and silent', pong)
    },
  }),
  ringCase({
    id: 'ring.control.init/twice',
    title: 'a second init is refused and changes nothing',
    stage: 0,
    observes: ['control'],
    evidence: 'already-in-ring, and the successors of the first init',
    hint: 'init is for a peer that is in no ring.',
    async run(bench: RingBench) {
      const { node } = await settle(bench)
      const before = await node.state()
      const code = codeOf(await node.rawCommand('init', { successors: [OTHER, FAR] }))
      bench.require(code === 'already-in-ring', {
        requirement: 'ring.control.init',
        expected: 'already-in-ring for a second init',
        actual: code,
      })
      await requireSameState(bench, node, before, 'ring.control.init', 'a refused init')
      bench.evidence(`still ${JSON.stringify(before.successors)}`)
    },
  }),
  ringCase({
    id: 'ring.control.state/before-init',
    title: 'a started peer is in no ring and knows nobody',
    stage: 0,
    observes: ['wire', 'control'],
    evidence: 'the state of a peer in no ring, a pong, and not one ping',
    hint: 'successors is null, not an empty array, before init or join; no ping before that either.',
    async run(bench: RingBench) {
      await bench.ids([SELF, FIRST])
      const probe = await bench.probe(FIRST)
      const node = await bench.node(SELF, {
        config: { ...quietConfig(bench), pingIntervalMs: bench.timing.pingIntervalMs },
      })
      const nobody: RingResult<'state'> = {
        id: SELF,
        inRing: false,
        successors: null,
        predecessors: [null, null],
        files: [],
      }
      await requireSameState(bench, node, nobody, 'ring.control.state', 'start')
      await requireNever(
        bench,
        sent('ring.ping'),
        { requirement: 'ring.control.init', expected: 'no ping from a peer in no ring' },
        () => probe.ping(node, 1, 9),
        bench.timing.quietMs,
      )
      const pong = await requireSent(bench, sentTo(FIRST, 'ring.pong', { seq: 9 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong from a peer in no ring',
      })
      bench.evidence('in no ring, and answers', pong)
    },
  }),
  ringCase({
    id: 'ring.control.state/zero',
    also: ['ring.ping.interval'],
    title: '0 is an id like any other: as own id, as successor and as predecessor',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'pings to and from peer 0, and 0 where it belongs in state',
    hint: 'Compare with null or undefined; in many languages 0 counts as false.',
    async run(bench: RingBench) {
      const ring = [0, 50, 250]
      const { node, probes } = await bench.nodeAmongProbes(ring, 250, { config: quietConfig(bench) })
      const ping = await requireSent(bench, sentTo(0, 'ring.ping', { slot: 1, from: 250 }), {
        requirement: 'ring.ping.interval',
        expected: 'a ping to the first successor 0',
      })
      await probeOf(probes, 0).ping(node, 2, 77)
      await requireSent(bench, sentTo(0, 'ring.pong', { seq: 77 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong to peer 0',
      })
      const state = await node.state()
      bench.require(state.successors?.[0] === 0 && state.predecessors[1] === 0, {
        requirement: 'ring.control.state',
        expected: 'first successor 0 and second predecessor 0',
        actual: JSON.stringify(state),
      })
      bench.evidence('pings peer 0', ping)
    },
  }),
  ringCase({
    id: 'ring.control.state/own-id-zero',
    also: ['ring.ping.answer', 'ring.ping.interval'],
    title: 'a peer with id 0 pings, answers and says 0 in from',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'pings and a pong with from 0, and id 0 in state',
    hint: 'A configuration with id 0 has an id.',
    async run(bench: RingBench) {
      const { node, probes } = await bench.nodeAmongProbes([0, 50, 250], 0, { config: quietConfig(bench) })
      const ping = await requireSent(bench, sentTo(50, 'ring.ping', { from: 0, slot: 1 }), {
        requirement: 'ring.ping.interval',
        expected: 'a ping from peer 0 to its first successor 50',
      })
      await probeOf(probes, 250).ping(node, 1, 3)
      await requireSent(bench, sentTo(250, 'ring.pong', { from: 0, seq: 3 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong with from 0',
      })
      const { id } = await node.state()
      bench.require(id === 0, { requirement: 'ring.control.state', expected: 'id 0', actual: `id ${id}` })
      bench.evidence('peer 0 pings', ping)
    },
  }),
  ringCase({
    id: 'ring.control.state/files',
    also: ['ring.store.place', 'ring.request.found'],
    title: 'files lists what is really there, sorted, and nothing else',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'three files put in, listed in order, and each sent back byte for byte',
    hint: 'List a name when its content is complete, once, and sort the list.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const contents = new Map(
        [OWN_NAME_SAME_KEY, OWN_NAME_LOW, OWN_NAME].map((name, i) => [name, randomContent(bench, 100 + i)]),
      )
      for (const [name, content] of contents) {
        await putFile(bench, node, { via: near, origin: other, name, content })
      }
      const { files } = await node.state()
      const expected = [...contents.keys()].sort()
      bench.require(JSON.stringify(files) === JSON.stringify(expected), {
        requirement: 'ring.control.state',
        expected: `files ${JSON.stringify(expected)}`,
        actual: JSON.stringify(files),
      })
      for (const [name, content] of contents) {
        // A name in `files` is a promise: what is listed is there.
        const requirement = 'ring.control.state'
        const file = await fetchFile(bench, node, { via: near, origin: other, name, content, requirement })
        bench.evidence(`file ${name} comes back`, file)
      }
    },
  }),
  ringCase({
    id: 'ring.control.state/follows-the-wire',
    also: ['ring.leave.first', 'ring.ping.interval'],
    title: 'state tells the successors that the peer really has, also after they changed',
    stage: 6,
    observes: ['wire', 'control'],
    evidence: 'pings to the new successors after a departure, and the same pair in state and in the event',
    hint: 'Build the reply to state when it is asked for, from the values that you use.',
    async run(bench: RingBench) {
      const { node, first } = await settle(bench)
      const connection = await first.connect(node)
      await connection.send({ type: 'ring.depart', from: FIRST, successors: [SECOND, OTHER] })
      const ping = await requireSent(bench, sentTo(OTHER, 'ring.ping', { slot: 2 }), {
        requirement: 'ring.leave.first',
        expected: `a ping with slot 2 to the new second successor ${OTHER}`,
      })
      const { successors } = await node.state()
      bench.require(successors?.[0] === SECOND && successors[1] === OTHER, {
        requirement: 'ring.control.state',
        expected: `successors [${SECOND}, ${OTHER}], whom the node pings`,
        actual: JSON.stringify(successors),
        exhibits: [{ frame: ping.n, at: '/slot' }],
      })
      const event = node.events.findLast((candidate) => candidate.event === 'successors')
      bench.require(
        event?.event === 'successors' && event.cause === 'depart' && event.successors[1] === OTHER,
        {
          requirement: 'ring.control.state',
          expected: `the event successors [${SECOND}, ${OTHER}] with cause depart`,
          actual: JSON.stringify(event),
        },
      )
      bench.evidence('state says whom the node pings', ping)
    },
  }),
  ringCase({
    id: 'ring.control.state/never-itself',
    also: ['ring.ping.predecessors'],
    title: 'the peer itself never appears among its predecessors',
    stage: 1,
    observes: ['wire', 'control'],
    evidence:
      'the same predecessors after pings that claim to come from the node itself, and a pong to a real one',
    hint: 'Take no predecessor from a ping whose from is your own id.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const before = await node.state()
      bench.require(before.predecessors[0] === NEAR && before.predecessors[1] === FAR, {
        requirement: 'ring.ping.predecessors',
        expected: `predecessors [${NEAR}, ${FAR}]`,
        actual: JSON.stringify(before.predecessors),
      })
      for (const slot of [1, 2]) {
        await other.sendUdp(node, { type: 'ring.ping', from: SELF, seq: 40 + slot, slot })
      }
      await fence(bench, node, near)
      await requireSameState(bench, node, before, 'ring.control.state', 'pings from its own id')
      bench.evidence(`predecessors stay ${JSON.stringify(before.predecessors)}`)
    },
  }),
  ringCase({
    id: 'ring.circle.successors/three-peers',
    title: 'in a ring of three everyone pings the next two, also across the wrap',
    stage: 1,
    observes: ['wire', 'control'],
    cluster: true,
    evidence: 'six pings, each to the right peer with the right slot, and the predecessors that they teach',
    hint: 'Look at the slot of each ping: 1 to the next peer clockwise, 2 to the next but one.',
    async run(bench: RingBench) {
      const members = [5, 130, 251]
      const nodes = await bench.cluster(members, { config: quietConfig(bench) })
      for (const [id, { successors, predecessors }] of ringOf(members)) {
        for (const [index, to] of successors.entries()) {
          const ping = await requireSent(bench, sentTo(to, 'ring.ping', { from: id, slot: index + 1 }), {
            requirement: 'ring.circle.successors',
            expected: `a ping from ${id} to ${to} with slot ${index + 1}`,
          })
          bench.evidence(`${id} pings ${to}`, ping)
        }
        const state = await nodes.get(id)?.state()
        bench.require(
          JSON.stringify(state?.successors) === JSON.stringify(successors) &&
            JSON.stringify(state?.predecessors) === JSON.stringify(predecessors),
          {
            requirement: 'ring.circle.successors',
            expected: `peer ${id} between ${JSON.stringify(predecessors)} and ${JSON.stringify(successors)}`,
            actual: JSON.stringify(state),
          },
        )
      }
    },
  }),
  ringCase({
    id: 'ring.circle.successors/two-peers',
    also: ['ring.ping.interval', 'ring.route.owner'],
    title: 'in a ring of two the second successor is the peer itself, and gets no ping',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'pings with slot 1 to the other peer, none with slot 2, and no second predecessor',
    hint: 'Do not ping yourself, and do not ping the other peer twice.',
    async run(bench: RingBench) {
      const { node } = await bench.nodeAmongProbes([NEAR, SELF], SELF, {
        config: { ...quietConfig(bench), ...livelyPings(bench) },
      })
      const pings = await requireCount(bench, 3, sentTo(NEAR, 'ring.ping', { slot: 1 }), {
        requirement: 'ring.ping.interval',
        expected: 'three pings with slot 1 to the other peer of two',
      })
      const stray = bench.frames.find(sent('ring.ping', { slot: 2 }))
      bench.require(stray === undefined, {
        // A ping to the other peer shows whom the node takes for its second successor; one to itself is sent in vain.
        requirement: stray?.to === SELF ? 'ring.ping.interval' : 'ring.circle.successors',
        expected: 'no ping with slot 2 in a ring of two',
        actual: `a ping with slot 2 to ${stray?.to}`,
        exhibits: stray === undefined ? [] : [{ frame: stray.n, at: '/slot' }],
      })
      const { successors, predecessors } = await node.state()
      bench.require(
        JSON.stringify([successors, predecessors]) ===
          JSON.stringify([
            [NEAR, SELF],
            [NEAR, null],
          ]),
        {
          requirement: 'ring.circle.successors',
          expected: `successors [${NEAR}, ${SELF}] and predecessors [${NEAR}, null]`,
          actual: JSON.stringify({ successors, predecessors }),
        },
      )
      bench.evidence('only slot 1', pings[0])
    },
  }),
  ringCase({
    id: 'common.address.config/own-view',
    also: ['ring.address.port'],
    title: 'two nodes with different values of basePort each reach their own neighbours',
    stage: 1,
    observes: ['wire'],
    evidence: 'pings of both nodes to the same peer id, at different ports',
    hint: 'Compute every address as host and basePort + id from the configuration, also that of an answer.',
    async run(bench: RingBench) {
      await bench.ids([NEAR, SELF, FIRST])
      await bench.probe(FIRST)
      const nodes = [
        await bench.node(NEAR, { config: quietConfig(bench) }),
        await bench.node(SELF, { config: quietConfig(bench) }),
      ]
      bench.require(nodes[0]?.viewPort !== nodes[1]?.viewPort, {
        requirement: 'common.address.config',
        expected: 'nodes with different views',
        actual: 'the same view',
      })
      for (const node of nodes) {
        await node.command('init', { successors: [FIRST, node.id] })
        const ping = await requireSent(bench, sentTo(FIRST, 'ring.ping', { from: node.id }), {
          requirement: 'common.address.config',
          expected: `a ping of ${node.id} to port ${node.viewPort + FIRST}`,
        })
        bench.require(ping.from === node.id, {
          requirement: 'common.address.config',
          expected: `the ping of ${node.id} at its own view of peer ${FIRST}`,
          actual: `it came by the view of peer ${ping.from}`,
          exhibits: [{ frame: ping.n }],
        })
        bench.evidence(`peer ${node.id} pings at port ${node.viewPort + FIRST}`, ping)
      }
    },
  }),
  ringCase({
    id: 'common.time.config/intervals',
    also: ['ring.ping.interval', 'ring.request.ends', 'ring.route.forward'],
    title: 'ping interval and request timeout are those of the configuration',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'five pings of the quick node while the slow one sends one, and a timeout after a fraction of a second',
    hint: 'Look for times that are constants in the code: every one of them is a field of the configuration.',
    async run(bench: RingBench) {
      await bench.ids([NEAR, SELF, FIRST])
      await bench.probe(FIRST)
      const pingIntervalMs = 2 * bench.timing.pingIntervalMs
      const quick = await bench.node(NEAR, {
        config: {
          pingIntervalMs,
          requestTimeoutMs: pingIntervalMs,
        },
      })
      const slow = await bench.node(SELF, { config: quietConfig(bench) })
      for (const node of [quick, slow]) await node.command('init', { successors: [FIRST, node.id] })
      const request = begin(quick, 'request', { name: '0100', transport: 'tcp' })
      await requireCount(bench, 5, sentTo(FIRST, 'ring.ping', { from: NEAR }), {
        requirement: 'common.time.config',
        expected: `five pings at intervals of ${pingIntervalMs} ms`,
      })
      const slowPings = framesOf(bench, sentTo(FIRST, 'ring.ping', { from: SELF }))
      bench.require(slowPings.length === 1, {
        requirement: 'common.time.config',
        expected: `one ping at an interval of ${bench.timing.idlePingIntervalMs} ms`,
        actual: `${slowPings.length} pings`,
      })
      await requireFailure(bench, request, ['timeout'], 'common.time.config', 'after requestTimeoutMs')
      bench.evidence('the slow node pinged once', slowPings[0])
    },
  }),
]
