// Dropping on purpose, and the log of segments: `ring.udp.drop` and `ring.udp.log` of ring.md section 10.
import { isDeepStrictEqual } from 'node:util'
import type { RingEvent } from '../../../spec/ring/control.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench, RingNode } from '../../verdict/ring-bench.ts'
import { requireSuccess } from '../outcome.ts'
import { ringCase } from './define.ts'
import { framesOf, requireNone, requireSent, sent, sentTo } from './frames.ts'
import { FIRST, FOREIGN_NAME, livelyPings, OTHER, OWN_NAME, SECOND, settle } from './neighbourhood.ts'
import { contentOf, randomContent, requireSameBytes } from './procedures/content.ts'
import { storeOwn } from './procedures/lookup.ts'
import { fence } from './procedures/standstill.ts'
import { UdpOwner } from './procedures/udp-owner.ts'
import { UdpRequester } from './procedures/udp-requester.ts'

type Row = Extract<RingEvent, { event: 'segment' }> & { readonly atMs: number }

const rowsOf = (node: RingNode): readonly Row[] =>
  node.events.filter((event): event is Row => event.event === 'segment')

/** A row as the course wrote it: action, seq, bytes, ack. */
const written = ({ action, seq, bytes, ack }: Pick<Row, 'action' | 'seq' | 'bytes' | 'ack'>): string =>
  `${action} ${seq} ${bytes} ${ack}`

/** The log of the node is exactly these rows, all of one transfer, with times that fit. */
async function requireRows(
  bench: RingBench,
  node: RingNode,
  expected: readonly string[],
  fields: { readonly name: string; readonly peer: number; readonly size: number },
): Promise<readonly Row[]> {
  // The ack of end need not be reported, but may.
  const ackOfEnd = fields.size + 2
  await bench.until(() => rowsOf(node).length >= expected.length)
  await fenceOfControl(node)
  const rows = rowsOf(node).filter(({ seq, ack }) => seq !== 0 || ack !== ackOfEnd)
  bench.require(isDeepStrictEqual(rows.map(written), expected), {
    requirement: 'ring.udp.log',
    expected: `the rows (action seq bytes ack) ${expected.join('; ')}`,
    actual: rows.map(written).join('; ') || 'no rows',
  })
  for (const row of rows) {
    bench.require(row.name === fields.name && row.peer === fields.peer, {
      requirement: 'ring.udp.log',
      expected: `name ${fields.name} and peer ${fields.peer} in each row`,
      actual: `name ${row.name} and peer ${row.peer}`,
    })
  }
  requireTimes(bench, rows)
  return rows
}

/** Events come before the reply to a later command, so that nothing is on its way any more. */
const fenceOfControl = (node: RingNode): Promise<unknown> => node.state()

/** Times never go back, and count from the start of the node, which lies within the case. */
function requireTimes(bench: RingBench, rows: readonly Row[]): void {
  for (const [i, row] of rows.entries()) {
    const before = rows[i - 1]
    bench.require(before === undefined || row.timeMs >= before.timeMs, {
      requirement: 'ring.udp.log',
      expected: 'timeMs that never goes back',
      actual: `${before?.timeMs} and then ${row.timeMs}`,
    })
    // The clocks of node and harness may drift by some milliseconds, not by the age of the machine.
    bench.require(row.timeMs <= row.atMs + 1000, {
      requirement: 'ring.udp.log',
      expected: `timeMs as time since start: at most the ${Math.round(row.atMs)} ms that the case has lasted`,
      actual: `${row.timeMs}`,
    })
  }
}

export const udpLogCases: readonly Case[] = [
  ringCase({
    id: 'ring.udp.log/owner',
    title: 'the log of an owner without loss',
    stage: 4,
    observes: ['wire', 'control'],
    evidence:
      'snd and rcv rows with seq, bytes and ack for each segment, and nothing for offer, ready and end',
    hint: 'A segment: its own seq, its bytes, ack 0. An ack: seq 0, the bytes that it acknowledges, its own ack.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, { mss: 100, segmentLog: true })
      const content = randomContent(bench, 250)
      await storeOwn(bench, node, OWN_NAME, content)
      const requester = await UdpRequester.ask(bench, node, { via: near, origin: other, name: OWN_NAME })
      requireSameBytes(bench, await requester.fetch(), content, 'ring.udp.segment', 'in the segments')
      await fence(bench, node, near)
      const rows = await requireRows(
        bench,
        node,
        ['snd 1 100 0', 'rcv 0 100 101', 'snd 101 100 0', 'rcv 0 100 201', 'snd 201 50 0', 'rcv 0 50 251'],
        { name: OWN_NAME, peer: OTHER, size: 250 },
      )
      bench.evidence(`${rows.length} rows: ${rows.map(written).join('; ')}`)
    },
  }),
  ringCase({
    id: 'ring.udp.log/requester',
    title: 'the log of a requester, with a repeated segment',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'rcv and snd rows for each segment, the copy of a segment too, and nothing for offer and end',
    hint: 'Log a segment when it arrives and an ack when it leaves, also for copies.',
    async run(bench: RingBench) {
      const { node, near, second } = await settle(bench, { segmentLog: true })
      const content = randomContent(bench, 150)
      const owner = await UdpOwner.requested(bench, node, {
        owner: second,
        name: FOREIGN_NAME,
        content,
        mss: 100,
      })
      await owner.open()
      await owner.deliver(1)
      await owner.deliver(1)
      await owner.deliver(101)
      await owner.end()
      await owner.endAck()
      await requireSuccess(bench, owner.download.begun, 'ring.udp.end', 'success after end')
      await fence(bench, node, near)
      const rows = await requireRows(
        bench,
        node,
        ['rcv 1 100 0', 'snd 0 100 101', 'rcv 1 100 0', 'snd 0 100 101', 'rcv 101 50 0', 'snd 0 50 151'],
        { name: FOREIGN_NAME, peer: SECOND, size: 150 },
      )
      bench.evidence(`${rows.length} rows: ${rows.map(written).join('; ')}`)
    },
  }),
  ringCase({
    id: 'ring.udp.log/retransmissions',
    also: ['ring.udp.retransmit'],
    title: 'a segment that is sent again is logged as RTX with the same seq',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'snd, then one RTX for each further transmission on the wire, at intervals of the timeout',
    hint: 'RTX carries the seq of the segment that is repeated, not that of the next one. Take the time when you send.',
    async run(bench: RingBench) {
      const retransmitTimeoutMs = bench.timing.retransmitTimeoutMs
      const { node, near, other } = await settle(bench, { mss: 100, segmentLog: true, retransmitTimeoutMs })
      const content = randomContent(bench, 130)
      await storeOwn(bench, node, OWN_NAME, content)
      const requester = await UdpRequester.ask(bench, node, { via: near, origin: other, name: OWN_NAME })
      await requester.offer()
      await requester.ready()
      await requester.data(1, 3)
      await requester.ack(101)
      await requester.data(101)
      await requester.ack(131)
      await requester.end()
      await requester.ack(132)
      await fence(bench, node, near)
      await fenceOfControl(node)
      const rows = rowsOf(node)
      const transmissions = (seq: number) => framesOf(bench, requester.frames('ring.data', { seq })).length
      // On a busy machine there may be more repetitions than the case waited for: the wire says how many.
      const expected = [
        'snd 1 100 0',
        ...Array.from({ length: transmissions(1) - 1 }, () => 'RTX 1 100 0'),
        'rcv 0 100 101',
        'snd 101 30 0',
        ...Array.from({ length: transmissions(101) - 1 }, () => 'RTX 101 30 0'),
        'rcv 0 30 131',
      ]
      await requireRows(bench, node, expected, { name: OWN_NAME, peer: OTHER, size: 130 })
      const sends = rows.filter((row) => row.seq === 1)
      for (const [i, row] of sends.slice(1).entries()) {
        const gapMs = row.timeMs - (sends[i]?.timeMs ?? 0)
        bench.require(gapMs >= retransmitTimeoutMs * 0.8, {
          requirement: 'ring.udp.log',
          expected: `at least ${retransmitTimeoutMs} ms between a segment and its RTX in timeMs`,
          actual: `${gapMs}`,
        })
      }
      const [lastSend, ack] = [sends.at(-1), rows.find((row) => row.action === 'rcv')]
      bench.require(lastSend !== undefined && ack !== undefined && ack.timeMs >= lastSend.timeMs, {
        requirement: 'ring.udp.log',
        expected: 'the ack not before the segment that it acknowledges',
        actual: `${ack?.timeMs} and ${lastSend?.timeMs}`,
      })
      bench.evidence(rows.map((row) => `${row.timeMs} ${written(row)}`).join('; '))
    },
  }),
  ringCase({
    id: 'ring.udp.log/off',
    title: 'without segmentLog there are no segment events, and an empty file has none either',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'a finished transfer without an event, and one of an empty file with segmentLog on',
    hint: 'segmentLog is off unless the configuration switches it on.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, { mss: 100 })
      const content = randomContent(bench, 150)
      await storeOwn(bench, node, OWN_NAME, content)
      const requester = await UdpRequester.ask(bench, node, { via: near, origin: other, name: OWN_NAME })
      requireSameBytes(bench, await requester.fetch(), content, 'ring.udp.segment', 'in the segments')
      await fence(bench, node, near)
      await requireRows(bench, node, [], { name: OWN_NAME, peer: OTHER, size: 150 })
      bench.evidence('150 bytes sent without a row')
    },
  }),
  ringCase({
    id: 'ring.udp.log/empty-file',
    title: 'an empty file leaves no rows: offer, ready, end and their answers are not logged',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'a finished transfer of no bytes with segmentLog on, without a row',
    hint: 'Only data segments and their acks are logged.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, { mss: 100, segmentLog: true })
      await storeOwn(bench, node, OWN_NAME, contentOf(new Uint8Array()))
      const requester = await UdpRequester.ask(bench, node, { via: near, origin: other, name: OWN_NAME })
      await requester.fetch()
      await fence(bench, node, near)
      await requireRows(bench, node, [], { name: OWN_NAME, peer: OTHER, size: 0 })
      bench.evidence('an empty file without a row', await requester.end())
    },
  }),
  ringCase({
    id: 'ring.udp.drop/always',
    also: ['ring.udp.log', 'ring.udp.retransmit', 'ring.ping.answer'],
    title: 'with dropProbability 1 no segment leaves, and everything else does',
    stage: 4,
    observes: ['wire', 'control'],
    evidence:
      'offers, pongs and an empty file with its end, but not one segment; drop rows for first and repeated attempts',
    hint: 'Draw before each transmission of a data segment, and for nothing else. A drop is logged as drop, not as snd.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, {
        mss: 100,
        dropProbability: 1,
        segmentLog: true,
        retransmitTimeoutMs: 10,
        retransmissionsMax: 5,
      })
      await storeOwn(bench, node, OWN_NAME, randomContent(bench, 100))
      await storeOwn(bench, node, '0099', contentOf(new Uint8Array()))
      const requester = await UdpRequester.ask(bench, node, { via: near, origin: other, name: OWN_NAME })
      await requester.offer()
      await requester.ready()
      const rows = await requireRows(
        bench,
        node,
        Array.from({ length: 6 }, () => 'drop 1 100 0'),
        { name: OWN_NAME, peer: OTHER, size: 100 },
      )
      for (let i = 0; i < 20; i += 1) await near.ping(node, 1, 600 + i)
      for (let i = 0; i < 20; i += 1) {
        await requireSent(bench, sentTo(near.id, 'ring.pong', { seq: 600 + i }), {
          requirement: 'ring.udp.drop',
          expected: `pong ${600 + i}: pings and pongs are never dropped`,
        })
      }
      const empty = await UdpRequester.ask(bench, node, { via: near, origin: other, name: '0099' })
      await empty.fetch()
      requireNone(bench, sent('ring.data'), {
        requirement: 'ring.udp.drop',
        expected: 'no segment with dropProbability 1',
      })
      bench.evidence(`${rows.length} drops, and the end of an empty file`, await empty.end())
    },
  }),
  ringCase({
    id: 'ring.udp.drop/only-data',
    also: ['ring.udp.offer', 'ring.udp.end'],
    title: 'offers and ends are not dropped, whatever dropProbability is',
    stage: 4,
    observes: ['wire'],
    evidence: 'offer and end of ten empty files at the first attempt, from a node with dropProbability 1',
    hint: 'Draw the random number where you send a data segment, not in the function that sends every datagram.',
    async run(bench: RingBench) {
      // No retransmission comes within the case: what is dropped is missing.
      const { node, near, other } = await settle(bench, { dropProbability: 1 })
      await storeOwn(bench, node, OWN_NAME, contentOf(new Uint8Array()))
      for (let i = 0; i < 10; i += 1) {
        const requester = await UdpRequester.ask(bench, node, {
          via: near,
          origin: other,
          name: OWN_NAME,
          requirement: 'ring.udp.drop',
        })
        await requester.fetch()
        bench.evidence(`end of transfer ${requester.number}`, await requester.end())
      }
    },
  }),
  ringCase({
    id: 'ring.udp.drop/not-pings',
    also: ['ring.udp.log', 'ring.ping.interval'],
    title: 'a node that drops every segment loses none of its own pings',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'dropped segments in the log, and meanwhile pings to both successors with no seq left out',
    hint: 'Draw the random number where you send a data segment: a successor that gets no pings is soon without you.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, {
        ...livelyPings(bench),
        dropProbability: 1,
        segmentLog: true,
        retransmitTimeoutMs: bench.timing.retransmitTimeoutMs,
        retransmissionsMax: 1000,
      })
      await storeOwn(bench, node, OWN_NAME, randomContent(bench, 100))
      const requester = await UdpRequester.ask(bench, node, { via: near, origin: other, name: OWN_NAME })
      await requester.offer()
      await requester.ready()
      for (const [index, to] of [FIRST, SECOND].entries()) {
        for (let seq = 0; seq < 4; seq += 1) {
          const ping = sentTo(to, 'ring.ping', { seq, slot: index + 1 })
          await requireSent(bench, ping, {
            requirement: 'ring.udp.drop',
            expected: `ping ${seq} to ${to}: pings are never dropped`,
          })
        }
      }
      await fenceOfControl(node)
      const drops = rowsOf(node).filter(({ action }) => action === 'drop')
      bench.require(drops.length > 0, {
        requirement: 'ring.udp.drop',
        expected: 'dropped segments meanwhile',
        actual: 'no drop row',
      })
      bench.evidence(`eight pings beside ${drops.length} dropped segments`)
    },
  }),
  ringCase({
    id: 'ring.udp.drop/never',
    also: ['ring.udp.log'],
    title: 'with dropProbability 0 no segment is dropped',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: '80 segments on the wire and in the log, not one drop',
    hint: 'Drop if r < dropProbability, with r in [0, 1): never for 0, always for 1.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, { mss: 1, segmentLog: true })
      const content = randomContent(bench, 80)
      await storeOwn(bench, node, OWN_NAME, content)
      const requester = await UdpRequester.ask(bench, node, { via: near, origin: other, name: OWN_NAME })
      requireSameBytes(bench, await requester.fetch(), content, 'ring.udp.segment', 'in the segments')
      await fence(bench, node, near)
      await requireRows(
        bench,
        node,
        Array.from({ length: 80 }, (_, i) => [`snd ${i + 1} 1 0`, `rcv 0 1 ${i + 2}`]).flat(),
        { name: OWN_NAME, peer: OTHER, size: 80 },
      )
      bench.evidence('80 segments, no drop', await requester.end())
    },
  }),
  ringCase({
    id: 'ring.udp.drop/half',
    also: ['ring.udp.log', 'ring.udp.retransmit', 'ring.udp.segment'],
    title:
      'with dropProbability 0.5 about half of all transmissions are dropped, the first and the repeated ones',
    stage: 4,
    observes: ['wire', 'control'],
    evidence:
      'drops of about half of the first and of the repeated transmissions, a log that agrees with the wire, and intact files',
    hint: 'Draw a new random number for each transmission. After a drop the timer runs, and what follows is RTX or another drop.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, {
        mss: 5,
        dropProbability: 0.5,
        seed: Math.floor(bench.random() * 2 ** 32),
        segmentLog: true,
        retransmitTimeoutMs: 5,
        retransmissionsMax: 1000,
      })
      const names = Array.from({ length: 20 }, (_, i) => String(61 + i).padStart(4, '0'))
      await Promise.all(
        names.map(async (name) => {
          const content = randomContent(bench, 50)
          await storeOwn(bench, node, name, content)
          const requester = await UdpRequester.ask(bench, node, { via: near, origin: other, name })
          requireSameBytes(bench, await requester.fetch(), content, 'ring.udp.drop', 'in the segments')
        }),
      )
      await fence(bench, node, near)
      await fenceOfControl(node)
      const rows = rowsOf(node)
      requireTimes(bench, rows)
      let [firstDrops, repeatedDrops] = [0, 0]
      for (const name of names) {
        for (let seq = 1; seq <= 46; seq += 5) {
          const actions = rows
            .filter((row) => row.name === name && row.seq === seq)
            .map(({ action }) => action)
          const [first, ...repeated] = actions
          const isRight =
            (first === 'snd' || first === 'drop') &&
            repeated.every((action) => action === 'RTX' || action === 'drop')
          bench.require(isRight, {
            requirement: 'ring.udp.log',
            expected: `snd or drop and then RTX or drop for segment ${seq} of ${name}`,
            actual: actions.join(', ') || 'no rows',
          })
          if (first === 'drop') firstDrops += 1
          repeatedDrops += repeated.filter((action) => action === 'drop').length
        }
      }
      // 200 successes at one half: 200 drops are expected, with a standard deviation of 20. A machine that is too slow
      // to answer within 5 ms adds repetitions, and each of them may be dropped.
      const repetitions = rows.filter(({ action }) => action === 'RTX').length
      const sends = rows.filter(({ action }) => action === 'snd' || action === 'RTX').length
      const draws = sends + firstDrops + repeatedDrops
      const dropped = firstDrops + repeatedDrops
      bench.require(Math.abs(dropped - draws / 2) <= 2.5 * Math.sqrt(draws) + 5, {
        requirement: 'ring.udp.drop',
        expected: `about half of ${draws} transmissions dropped`,
        actual: `${dropped}`,
      })
      bench.require(Math.abs(firstDrops - 100) <= 40 && repeatedDrops >= 20, {
        requirement: 'ring.udp.drop',
        expected: 'about 100 of 200 first transmissions dropped, and many of the repeated ones',
        actual: `${firstDrops} first and ${repeatedDrops} repeated ones`,
      })
      // A busy kernel may lose what was sent; it never adds anything.
      const onWire = framesOf(bench, sent('ring.data')).length
      bench.require(onWire <= sends && onWire >= sends / 2, {
        requirement: 'ring.udp.log',
        expected: `as many snd and RTX rows as the ${onWire} segments on the wire`,
        actual: `${sends}`,
      })
      bench.evidence(
        `${firstDrops} first and ${repeatedDrops} repeated transmissions dropped, ${repetitions} RTX`,
      )
    },
  }),
  ringCase({
    id: 'ring.udp.drop/fresh-numbers',
    title: 'two transfers of the same file lose different segments',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'two different patterns of dropped first transmissions',
    hint: 'Seed the generator once at start, not for each transfer.',
    async run(bench: RingBench) {
      const patterns: string[] = []
      const { node, near, other } = await settle(bench, {
        mss: 2,
        dropProbability: 0.5,
        seed: 1 + Math.floor(bench.random() * 1e6),
        segmentLog: true,
        retransmitTimeoutMs: 5,
        retransmissionsMax: 1000,
      })
      const content = randomContent(bench, 40)
      await storeOwn(bench, node, OWN_NAME, content)
      for (let i = 0; i < 2; i += 1) {
        const known = rowsOf(node).length
        const requester = await UdpRequester.ask(bench, node, { via: near, origin: other, name: OWN_NAME })
        requireSameBytes(bench, await requester.fetch(), content, 'ring.udp.drop', 'in the segments')
        await fence(bench, node, near)
        await fenceOfControl(node)
        const firsts = new Map<number, string>()
        for (const { seq, action } of rowsOf(node).slice(known)) {
          if (seq > 0 && !firsts.has(seq)) firsts.set(seq, action)
        }
        patterns.push([...firsts.values()].map((action) => (action === 'drop' ? '-' : '+')).join(''))
      }
      bench.require(patterns[0] !== patterns[1], {
        requirement: 'ring.udp.drop',
        expected: 'two transfers with different random numbers',
        actual: `twice ${patterns[0]}`,
      })
      bench.evidence(`first transmissions: ${patterns.join(' and ')}`)
    },
  }),
]
