// Whatever arrives on a socket, the node lives on, serves, and keeps its state: common.md section 4.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { ringCase } from './define.ts'
import { framesOf, requireNone, sent, sentTo } from './frames.ts'
import {
  FIRST,
  FOREIGN_NAME,
  NEAR,
  type Neighbourhood,
  OTHER,
  OWN_NAME,
  OWN_NAME_LOW,
  SECOND,
  settle,
} from './neighbourhood.ts'
import { randomContent } from './procedures/content.ts'
import { ROUTE_TO_SECOND } from './procedures/download.ts'
import { fetchFile, freshNumber, putFile, requestMessage, storeOwn, tell } from './procedures/lookup.ts'
import { brokenMessage } from './procedures/mutations.ts'
import { fence, requireSameState } from './procedures/standstill.ts'

/** What every case of this file is about, and names when the node falls silent. */
const HOSTILE = 'common.robust.hostile'

/** The node serves as before: a ping, a store and a request. */
async function requireServes(
  bench: RingBench,
  { node, near, other }: Neighbourhood,
  name: string,
): Promise<Frame> {
  await fence(bench, node, near, HOSTILE)
  const content = randomContent(bench, 500)
  await putFile(bench, node, { via: near, origin: other, name, content, requirement: HOSTILE })
  return fetchFile(bench, node, { via: near, origin: other, name, content, requirement: HOSTILE })
}

/** Sends broken datagrams in batches that no socket buffer loses, each followed by a ping that must be answered. */
async function pourDatagrams(
  bench: RingBench,
  { node, near, first }: Neighbourhood,
  count: number,
): Promise<void> {
  const batch = 60
  for (let done = 0; done < count; done += batch) {
    const datagrams = Array.from({ length: Math.min(batch, count - done) }, () =>
      brokenMessage(() => bench.random(), 'udp'),
    )
    await Promise.all(datagrams.map((bytes) => first.sendUdpBytes(node, bytes)))
    await fence(bench, node, near, HOSTILE)
  }
}

/** Sends broken lines, several on a connection; the first must be answered with an error, then the node may close. */
async function pourLines(bench: RingBench, { node, first }: Neighbourhood, count: number): Promise<void> {
  const batch = 20
  for (let done = 0; done < count; done += batch) {
    const lines = Array.from({ length: Math.min(batch, count - done) }, () =>
      brokenMessage(() => bench.random(), 'tcp'),
    )
    const connection = await first.connect(node)
    await connection.sendBytes(Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])))
    const answer = bench.requireFrame(await connection.receive(), {
      requirement: HOSTILE,
      expected: `an error for ${Buffer.from(lines[0] ?? []).toString()}`,
    })
    bench.require(answer.message?.type === 'error', {
      requirement: HOSTILE,
      expected: 'an error for a broken line',
      actual: JSON.stringify(answer.message),
      exhibits: [{ frame: answer.n }],
    })
    connection.close()
  }
}

export const hostileCases: readonly Case[] = [
  ringCase({
    id: 'common.robust.hostile/ten-thousand-random-messages',
    also: ['common.udp.malformed', 'common.tcp.malformed', 'ring.store.place', 'ring.request.found'],
    title: '10,000 random broken messages, over UDP and TCP',
    stage: 8,
    observes: ['wire', 'control'],
    evidence:
      'a pong between the batches, errors on TCP, the same state, and a store and a request served after it all',
    hint: 'The seed repeats the same messages. Look at the last messages before the node went silent, and check every field before you use it.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const { node } = hood
      const before = await node.state()
      const known = bench.frames.length
      await Promise.all([pourDatagrams(bench, hood, 9000), pourLines(bench, hood, 1000)])
      await requireSameState(bench, node, before, HOSTILE, '10,000 broken messages')
      requireNone(
        bench,
        (frame) =>
          frame.n >= known &&
          frame.sender === 'program' &&
          frame.message?.type !== 'error' &&
          !sentTo(NEAR, 'ring.pong')(frame),
        {
          requirement: HOSTILE,
          expected: 'no reaction to broken messages but errors on TCP',
        },
      )
      const file = await requireServes(bench, hood, OWN_NAME)
      bench.evidence(`${framesOf(bench, sent('error')).length} errors, and the node serves`, file)
    },
  }),
  ringCase({
    id: 'common.robust.hostile/deep-nesting',
    also: ['ring.store.place', 'ring.request.found'],
    title: 'objects nested thousands of levels deep',
    stage: 8,
    observes: ['wire', 'control'],
    evidence: 'the node serves after nested datagrams and lines',
    hint: 'Recursive parsers run out of stack; catch what they throw.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const { node, first, near } = hood
      const before = await node.state()
      for (const [open, close] of [
        ['[', ']'],
        ['{"a":', '}'],
      ] as const) {
        const deep = (levels: number) =>
          open.repeat(levels) + (open === '[' ? '' : '1') + close.repeat(levels)
        await first.sendUdpBytes(node, deep(1000))
        await first.sendUdpBytes(
          node,
          `{"type":"ring.pingg","from":${FIRST},"seq":1,"slot":1,"x":${deep(1300)}}`,
        )
        await fence(bench, node, near, HOSTILE)
        for (const text of [
          deep(9000),
          open.repeat(10_000),
          `{"type":"ring.dance","from":${FIRST},"x":${deep(9000)}}`,
        ]) {
          const connection = await first.connect(node)
          await connection.sendBytes(`${text}\n`)
          const answer = bench.requireFrame(await connection.receive(), {
            requirement: HOSTILE,
            expected: 'an error for a line that nests too deep or is no message',
          })
          bench.require(answer.message?.type === 'error', {
            requirement: HOSTILE,
            expected: 'an error',
            actual: JSON.stringify(answer.message),
            exhibits: [{ frame: answer.n }],
          })
          connection.close()
        }
      }
      await requireSameState(bench, node, before, HOSTILE, 'deeply nested messages')
      bench.evidence('serves after deep nesting', await requireServes(bench, hood, OWN_NAME))
    },
  }),
  ringCase({
    id: 'common.robust.hostile/giant-lengths',
    also: ['ring.store.place', 'ring.request.found', 'ring.store.unasked', 'ring.request.unasked'],
    title: 'lengths of 2^53-1 bytes, asked for and unasked',
    stage: 8,
    observes: ['wire', 'control'],
    evidence: 'the node serves after them',
    hint: 'Do not reserve memory for a length that somebody else wrote.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const { node, near, other, second } = hood
      const before = await node.state()
      const size = Number.MAX_SAFE_INTEGER
      const digest = '0'.repeat(64)
      const request = freshNumber(bench)
      const route = [OTHER, NEAR]
      await tell(near, node, {
        type: 'ring.store',
        from: NEAR,
        origin: OTHER,
        name: OWN_NAME,
        request,
        size,
        route,
      })
      const headers = [
        { type: 'ring.put', from: OTHER, name: OWN_NAME, request, digest, bodyLength: size },
        { type: 'ring.put', from: OTHER, name: OWN_NAME_LOW, request: 1, digest, bodyLength: size },
        {
          type: 'ring.file',
          from: SECOND,
          name: FOREIGN_NAME,
          request: 1,
          digest,
          route: ROUTE_TO_SECOND,
          bodyLength: size,
        },
      ]
      for (const header of headers) {
        const connection = await other.connect(node)
        await connection.sendBytes(`${JSON.stringify(header)}\n${'x'.repeat(1000)}`)
        await fence(bench, node, near, HOSTILE)
        connection.reset()
      }
      await second.sendUdp(node, {
        type: 'ring.offer',
        from: SECOND,
        transfer: 1,
        request: 1,
        name: FOREIGN_NAME,
        size,
        digest,
        mss: 4096,
        route: ROUTE_TO_SECOND,
      })
      await fence(bench, node, near, HOSTILE)
      await requireSameState(bench, node, before, HOSTILE, 'giant lengths')
      bench.evidence('serves after giant lengths', await requireServes(bench, hood, OWN_NAME))
    },
  }),
  ringCase({
    id: 'common.robust.hostile/connection-storm',
    also: ['ring.store.place', 'ring.request.found'],
    title: '300 connections that are reset, closed or left in the middle of a message',
    stage: 8,
    observes: ['wire', 'control'],
    evidence: 'the same state and a node that serves',
    hint: 'Handle the error of every socket, also of one that you only write to.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const { node, first } = hood
      const before = await node.state()
      const message = JSON.stringify(
        requestMessage({ from: NEAR, origin: OTHER, name: OWN_NAME, request: freshNumber(bench) }),
      )
      for (let i = 0; i < 300; i += 1) {
        const connection = await first.connect(node)
        await connection.sendBytes(message.slice(0, Math.floor(bench.random() * message.length)))
        if (i % 3 === 0) connection.reset()
        else if (i % 3 === 1) connection.close()
        // An answer to a connection that is gone already.
        else {
          await connection.sendBytes('\n\n\n')
          connection.reset()
        }
      }
      await requireSameState(bench, node, before, HOSTILE, '300 broken connections')
      bench.evidence('serves after the storm', await requireServes(bench, hood, OWN_NAME))
    },
  }),
  ringCase({
    id: 'common.robust.hostile/datagrams-of-all-sizes',
    also: ['ring.store.place', 'ring.request.found'],
    title: 'empty datagrams and datagrams of up to 65,507 bytes',
    stage: 8,
    observes: ['wire', 'control'],
    evidence: 'the same state and a node that serves',
    hint: 'An empty datagram is not the end of input; a long one may arrive cut.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const { node, near } = hood
      const before = await node.state()
      const socket = createSocket('udp4').bind(0, '127.0.0.1')
      await once(socket, 'listening')
      try {
        for (const size of [0, 0, 1, 8193, 20_000, 65_507]) {
          const datagram = Buffer.alloc(size, '{"type":"ring.ping",')
          await new Promise<void>((resolve, reject) =>
            socket.send(datagram, node.listenPort, '127.0.0.1', (error) =>
              error ? reject(error) : resolve(),
            ),
          )
          await fence(bench, node, near, HOSTILE)
        }
      } finally {
        socket.close()
      }
      await requireSameState(bench, node, before, HOSTILE, 'datagrams of all sizes')
      bench.evidence('serves after them', await requireServes(bench, hood, OWN_NAME))
    },
  }),
  ringCase({
    id: 'common.robust.hostile/untimely-messages',
    also: ['ring.request.found', 'ring.store.place'],
    title: 'valid messages of every type that nobody waits for',
    stage: 8,
    observes: ['wire', 'control'],
    evidence: 'the same successors and files, and a node that serves',
    hint: 'Each answer type needs a waiting question; without one it changes nothing.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const { node, other, near } = hood
      await storeOwn(bench, node, OWN_NAME_LOW, randomContent(bench, 10))
      const before = await node.state()
      const own = { from: OTHER, name: FOREIGN_NAME, request: 3 }
      const lines = [
        { type: 'ring.accept', from: OTHER, successors: [OTHER, NEAR], route: [NEAR, OTHER] },
        { type: 'ring.decline', from: OTHER, id: 110, reason: 'no-place' },
        { type: 'ring.successor-answer', from: OTHER, successor: OTHER },
        { type: 'ring.successor-change', from: OTHER, successors: [OTHER, NEAR] },
        { type: 'ring.depart', from: OTHER, successors: [NEAR, FIRST] },
        { type: 'ring.depart-ack', from: OTHER },
        { type: 'ring.stored', ...own },
        { type: 'ring.not-found', ...own, route: [OTHER] },
        { type: 'ring.store-accept', ...own, route: [OTHER] },
      ]
      for (const message of lines) await tell(other, node, message)
      for (const message of [
        { type: 'ring.pong', from: OTHER, seq: 0 },
        { type: 'ring.pong', from: FIRST, seq: Number.MAX_SAFE_INTEGER },
        { type: 'ring.ready', from: OTHER, transfer: 0 },
        { type: 'ring.ack', from: OTHER, transfer: 0, ack: 2 },
        { type: 'ring.data', from: OTHER, transfer: 0, seq: 1, data: 'AAAA' },
        { type: 'ring.end', from: OTHER, transfer: 0, seq: 1 },
      ]) {
        await other.sendUdp(node, message)
      }
      await bench.quiet(() => false, bench.timing.quietMs / 5)
      await fence(bench, node, near, HOSTILE)
      await requireSameState(bench, node, before, HOSTILE, 'messages that nobody waits for')
      bench.evidence('serves after them', await requireServes(bench, hood, OWN_NAME))
    },
  }),
]
