// Pings: ring.md section 5. Who is pinged, how often and with which seq; what is answered; what pings teach.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { ringCase } from './define.ts'
import {
  framesOf,
  integerField,
  requireCount,
  requireFields,
  requireNone,
  requireSent,
  sent,
  sentTo,
} from './frames.ts'
import {
  FAR,
  FIRST,
  livelyPings,
  NEAR,
  type Neighbourhood,
  OTHER,
  probeOf,
  quietConfig,
  SECOND,
  SELF,
  settle,
} from './neighbourhood.ts'
import { fence, requireSameState } from './procedures/standstill.ts'

const SEQ_MAX = Number.MAX_SAFE_INTEGER

/** Pings the node from `from` and waits for the pong to it. */
async function requirePong(
  bench: RingBench,
  { node }: Neighbourhood,
  from: Neighbourhood['near'],
  slot: 1 | 2,
  seq: number,
): Promise<Frame> {
  await from.ping(node, slot, seq)
  const pong = await requireSent(bench, sentTo(from.id, 'ring.pong', { seq }), {
    requirement: 'ring.ping.answer',
    expected: `a pong with seq ${seq} to peer ${from.id}`,
  })
  requireFields(bench, pong, 'ring.ping.answer', { from: node.id })
  return pong
}

async function requirePredecessors(
  bench: RingBench,
  { node }: Pick<Neighbourhood, 'node'>,
  expected: readonly (number | null)[],
): Promise<void> {
  const { predecessors } = await node.state()
  bench.require(JSON.stringify(predecessors) === JSON.stringify(expected), {
    requirement: 'ring.ping.predecessors',
    expected: `predecessors ${JSON.stringify(expected)}`,
    actual: JSON.stringify(predecessors),
  })
}

export const pingCases: readonly Case[] = [
  ringCase({
    id: 'ring.ping.interval/slots',
    title: 'both successors are pinged, each with its slot and nobody else',
    stage: 1,
    observes: ['wire'],
    evidence: 'three pings with slot 1 to the first and three with slot 2 to the second successor',
    hint: 'The slot tells the receiver which successor of yours it is: 1 for the first, 2 for the second.',
    async run(bench: RingBench) {
      await settle(bench, livelyPings(bench))
      for (const [to, slot] of [
        [FIRST, 1],
        [SECOND, 2],
      ] as const) {
        const pings = await requireCount(bench, 3, sentTo(to, 'ring.ping', { slot, from: SELF }), {
          requirement: 'ring.ping.interval',
          expected: `three pings from ${SELF} with slot ${slot} to peer ${to}`,
        })
        bench.evidence(`pings to ${to} with slot ${slot}`, pings[2])
      }
      requireNone(
        bench,
        (frame) =>
          sent('ring.ping')(frame) && frame.to !== (integerField(frame, 'slot') === 1 ? FIRST : SECOND),
        { requirement: 'ring.ping.interval', expected: 'pings to the two successors only' },
      )
    },
  }),
  ringCase({
    id: 'ring.ping.interval/at-once',
    title: 'the first pings go out at once, not after the first interval',
    stage: 1,
    observes: ['wire'],
    evidence: 'a ping to each successor long before the first interval of 60 s is over',
    hint: 'Ping first and then wait, not the other way round.',
    async run(bench: RingBench) {
      await bench.ids([SELF, FIRST, SECOND])
      await Promise.all([bench.probe(FIRST), bench.probe(SECOND)])
      const node = await bench.node(SELF, { config: quietConfig(bench) })
      await node.command('init', { successors: [FIRST, SECOND] })
      for (const to of [FIRST, SECOND]) {
        const ping = await requireSent(bench, sentTo(to, 'ring.ping'), {
          requirement: 'ring.ping.interval',
          expected: `a ping to ${to} at once after init`,
        })
        bench.evidence(`first ping to ${to}`, ping)
      }
    },
  }),
  ringCase({
    id: 'ring.ping.interval/pace',
    title: 'pings keep the interval: not faster than configured',
    stage: 1,
    observes: ['wire'],
    evidence: 'ping number 4 to each successor, not before four intervals after init',
    hint: 'One timer for both successors, or one each; but no second one after each pong.',
    async run(bench: RingBench) {
      await bench.ids([SELF, FIRST, SECOND])
      const [first] = await Promise.all([bench.probe(FIRST), bench.probe(SECOND)])
      const pingIntervalMs = 2 * bench.timing.pingIntervalMs
      const node = await bench.node(SELF, { config: { ...quietConfig(bench), pingIntervalMs } })
      // A pong, whose time of arrival is the last moment known to lie before init.
      await first.ping(node, 2, 0)
      const { atMs: begunAtMs } = await requireSent(bench, sentTo(FIRST, 'ring.pong', { seq: 0 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong before init',
      })
      await node.command('init', { successors: [FIRST, SECOND] })
      for (const to of [FIRST, SECOND]) {
        const pings = await requireCount(bench, 5, sentTo(to, 'ring.ping'), {
          requirement: 'ring.ping.interval',
          expected: `five pings to ${to}, one every ${pingIntervalMs} ms`,
        })
        // Measured from before init, so that a busy machine can only make it longer, never shorter.
        const elapsedMs = (pings[4]?.atMs ?? 0) - begunAtMs
        bench.require(elapsedMs >= 4 * pingIntervalMs * 0.9, {
          requirement: 'ring.ping.interval',
          expected: `the fifth ping to ${to} not before ${4 * pingIntervalMs} ms after init`,
          actual: `${Math.round(elapsedMs)} ms`,
          exhibits: pings.slice(0, 5).map((ping) => ({ frame: ping.n })),
        })
        bench.evidence(`five pings to ${to} in ${Math.round(elapsedMs)} ms`, pings[4])
      }
    },
  }),
  ringCase({
    id: 'ring.ping.sequence/counts-each-peer',
    title: 'seq is 0, 1, 2, ... for each successor by itself',
    stage: 1,
    observes: ['wire'],
    evidence: 'four pings to each successor with seq 0 to 3',
    hint: 'Keep one counter per peer that you ping, starting at 0.',
    async run(bench: RingBench) {
      await settle(bench, livelyPings(bench))
      for (const to of [FIRST, SECOND]) {
        const pings = await requireCount(bench, 4, sentTo(to, 'ring.ping'), {
          requirement: 'ring.ping.interval',
          expected: `four pings to ${to}`,
        })
        for (const [i, ping] of pings.entries()) requireFields(bench, ping, 'ring.ping.sequence', { seq: i })
        bench.evidence(`seq 0 to ${pings.length - 1} to ${to}`, pings.at(-1))
      }
    },
  }),
  ringCase({
    id: 'ring.ping.sequence/moves-to-first-place',
    also: ['ring.leave.first'],
    title: 'the count goes on when the second successor becomes the first',
    stage: 6,
    observes: ['wire'],
    evidence:
      'pings to the same peer before and after with consecutive seq, and seq 0 to the new second successor',
    hint: 'The counter belongs to the peer, not to the slot.',
    async run(bench: RingBench) {
      const { node, first } = await settle(bench, livelyPings(bench))
      await requireCount(bench, 2, sentTo(SECOND, 'ring.ping', { slot: 2 }), {
        requirement: 'ring.ping.interval',
        expected: 'two pings to the second successor',
      })
      const connection = await first.connect(node)
      await connection.send({ type: 'ring.depart', from: FIRST, successors: [SECOND, OTHER] })
      await requireCount(bench, 2, sentTo(SECOND, 'ring.ping', { slot: 1 }), {
        requirement: 'ring.ping.interval',
        expected: 'pings with slot 1 to the peer that was the second successor',
      })
      const pings = framesOf(bench, sentTo(SECOND, 'ring.ping'))
      for (const [i, ping] of pings.entries()) requireFields(bench, ping, 'ring.ping.sequence', { seq: i })
      const fresh = await requireSent(bench, sentTo(OTHER, 'ring.ping'), {
        requirement: 'ring.ping.interval',
        expected: `a ping to the new second successor ${OTHER}`,
      })
      requireFields(bench, fresh, 'ring.ping.sequence', { seq: 0, slot: 2 })
      bench.evidence(`seq 0 to ${pings.length - 1} over the change`, pings.at(-1))
    },
  }),
  ringCase({
    id: 'ring.ping.answer/repeats-seq',
    title: 'a pong repeats the seq, also the smallest and the largest',
    stage: 1,
    observes: ['wire'],
    evidence: 'pongs with seq 0, 1, 2^32 and 2^53-1, written as digits',
    hint: 'Copy seq from the ping. Use a 64-bit integer or double, and print it without an exponent.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      for (const seq of [0, 1, 2 ** 32, SEQ_MAX]) {
        const pong = await requirePong(bench, hood, hood.near, 1, seq)
        bench.require(new RegExp(`"seq"\\s*:\\s*${seq}\\s*[,}]`).test(Buffer.from(pong.bytes).toString()), {
          requirement: 'common.encoding.json',
          expected: `seq written as ${seq}`,
          actual: Buffer.from(pong.bytes).toString(),
          exhibits: [{ frame: pong.n, at: '/seq' }],
        })
        bench.evidence(`pong with seq ${seq}`, pong)
      }
    },
  }),
  ringCase({
    id: 'ring.ping.answer/one-each',
    title: 'each ping gets one pong, a repeated ping too',
    stage: 1,
    observes: ['wire'],
    evidence: '40 pongs to 40 pings, of which ten have the same seq, and not one more',
    hint: 'Answer each datagram by itself; do not remember which seq you have seen.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      for (let i = 0; i < 30; i += 1) await near.ping(node, 1, 500 + i)
      for (let i = 0; i < 10; i += 1) await near.ping(node, 1, 900)
      const pongs = (frame: Frame) =>
        sentTo(NEAR, 'ring.pong')(frame) &&
        integerField(frame, 'seq') >= 500 &&
        integerField(frame, 'seq') <= 900
      await requireCount(bench, 40, pongs, {
        requirement: 'ring.ping.answer',
        expected: '40 pongs to 40 pings',
      })
      await bench.quiet(() => false, bench.timing.quietMs / 3)
      await fence(bench, node, near)
      const counted = framesOf(bench, pongs)
      const repeated = counted.filter((frame) => integerField(frame, 'seq') === 900)
      bench.require(counted.length === 40 && repeated.length === 10, {
        requirement: 'ring.ping.answer',
        expected: '40 pongs, ten of them with seq 900',
        actual: `${counted.length} pongs, ${repeated.length} of them with seq 900`,
      })
      requireNone(bench, sentTo(other.id, 'ring.pong'), {
        requirement: 'ring.ping.answer',
        expected: 'no pong to a peer that did not ping',
      })
      bench.evidence('one pong for each ping', counted[39])
    },
  }),
  ringCase({
    id: 'ring.ping.answer/everyone',
    title: 'a ping is answered whoever it comes from and whatever its slot',
    stage: 1,
    observes: ['wire'],
    evidence: 'a pong to each of five peers, with each slot',
    hint: 'A pong is due to every ping: from predecessors, successors and everyone else.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      let seq = 60
      for (const probe of [hood.near, hood.far, hood.first, hood.second, hood.other]) {
        for (const slot of [1, 2] as const) {
          seq += 1
          bench.evidence(`pong to ${probe.id}`, await requirePong(bench, hood, probe, slot, seq))
        }
      }
    },
  }),
  ringCase({
    id: 'ring.ping.answer/not-a-member',
    title: 'a peer in no ring answers pings',
    stage: 1,
    observes: ['wire'],
    evidence: 'a pong from a peer that was started and nothing else',
    hint: 'Start to answer when the sockets are open, not when init comes.',
    async run(bench: RingBench) {
      await bench.ids([SELF, NEAR])
      const near = await bench.probe(NEAR)
      const node = await bench.node(SELF, { config: quietConfig(bench) })
      await near.ping(node, 2, 11)
      const pong = await requireSent(bench, sentTo(NEAR, 'ring.pong', { seq: 11 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong from a peer in no ring',
      })
      requireFields(bench, pong, 'ring.ping.answer', { from: SELF })
      bench.evidence('pong of a peer in no ring', pong)
    },
  }),
  ringCase({
    id: 'ring.ping.predecessors/slots',
    title: 'slot 1 names the first predecessor, slot 2 the second, whatever the ids',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'state shows each latest sender in its place, in an order that ids alone would get wrong',
    hint: 'Do not sort ids to find out who comes first: the slot in the ping says it.',
    async run(bench: RingBench) {
      await bench.ids([3, 200, 250, 40])
      const probes = new Map(
        await Promise.all([200, 250, 40].map(async (id) => [id, await bench.probe(id)] as const)),
      )
      // Peer 3 is the first above the wrap: its first predecessor is the largest id, its second the next smaller.
      const node = await bench.node(3, { config: quietConfig(bench) })
      await node.command('init', { successors: [40, 200] })
      const steps = [
        { from: 200, slot: 2, teaches: [null, 200] },
        { from: 250, slot: 1, teaches: [250, 200] },
        // After 250 died, 200 is the first and 40 the second.
        { from: 200, slot: 1, teaches: [200, 200] },
        { from: 40, slot: 2, teaches: [200, 40] },
      ] as const
      for (const [i, { from, slot, teaches }] of steps.entries()) {
        await probeOf(probes, from).ping(node, slot, 20 + i)
        const pong = await requireSent(bench, sentTo(from, 'ring.pong', { seq: 20 + i }), {
          requirement: 'ring.ping.answer',
          expected: `a pong to ${from}`,
        })
        await requirePredecessors(bench, { node }, teaches)
        bench.evidence(
          `predecessors ${JSON.stringify(teaches)} after a ping of ${from} with slot ${slot}`,
          pong,
        )
      }
    },
  }),
  ringCase({
    id: 'ring.ping.predecessors/pings-only',
    title: 'pongs and broken pings teach nothing about predecessors',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'the same predecessors after them, other ones after a good ping',
    hint: 'Change a predecessor only for a valid ping.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const { node, near, other } = hood
      const before = await node.state()
      await requirePredecessors(bench, hood, [NEAR, FAR])
      await other.sendUdp(node, { type: 'ring.pong', from: OTHER, seq: 0 })
      await other.sendUdpBytes(node, JSON.stringify({ type: 'ring.ping', from: OTHER, seq: 1, slot: 3 }))
      await other.sendUdpBytes(node, JSON.stringify({ type: 'ring.ping', from: OTHER, seq: 1 }))
      await fence(bench, node, near)
      await requireSameState(bench, node, before, 'ring.ping.predecessors', 'pongs and broken pings')
      const pong = await requirePong(bench, hood, other, 2, 30)
      await requirePredecessors(bench, hood, [NEAR, OTHER])
      bench.evidence('the good ping counts', pong)
    },
  }),
]
