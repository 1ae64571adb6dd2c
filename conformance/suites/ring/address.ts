// Who is where: ring.md section 2.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { ringCase } from './define.ts'
import { requireSent, sentTo } from './frames.ts'
import { FIRST, NEAR, OTHER, OWN_NAME, SECOND, SELF, settle } from './neighbourhood.ts'
import { requireNotFound } from './procedures/lookup.ts'
import { fence } from './procedures/standstill.ts'
import { strangerOf } from './procedures/strangers.ts'

export const addressCases: readonly Case[] = [
  ringCase({
    id: 'ring.address.port/both-protocols',
    also: ['ring.request.not-found'],
    title: 'one port for UDP and TCP, and answers at base port plus id',
    stage: 2,
    observes: ['wire'],
    evidence: 'a pong and a not-found, each at the address of the peer that is named in the message',
    hint: 'Listen with UDP and TCP on listenPort; send to host and basePort + id.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      await fence(bench, node, near)
      const answer = await requireNotFound(bench, node, { via: near, origin: other, name: OWN_NAME })
      bench.evidence(`not-found at port ${node.viewPort + OTHER}`, answer)
    },
  }),
  ringCase({
    id: 'ring.address.port/from-names-the-sender',
    also: ['ring.route.owner', 'ring.request.not-found'],
    title: 'a message over TCP comes from the peer in from, whichever connection it came on',
    stage: 2,
    observes: ['wire'],
    evidence: 'a not-found to the origin although a third peer opened the connection',
    hint: 'Never map the remote address of a connection to a peer.',
    async run(bench: RingBench) {
      const { node, second, other } = await settle(bench)
      const connection = await second.connect(node)
      await connection.send({
        type: 'ring.request',
        from: NEAR,
        origin: OTHER,
        name: OWN_NAME,
        request: 31,
        transport: 'tcp',
        route: [OTHER, NEAR],
      })
      const answer = bench.requireFrame(
        await other.receive(sentTo(OTHER, 'ring.not-found', { request: 31 })),
        {
          requirement: 'ring.address.port',
          expected: `not-found at the origin ${OTHER}, not at ${SECOND}, which opened the connection`,
        },
      )
      bench.evidence('the origin got it', answer)
    },
  }),
  ringCase({
    id: 'ring.address.port/from-decides',
    also: ['ring.ping.answer', 'ring.ping.predecessors'],
    title: 'pings from one and the same port come from the peers that they name',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'a pong to each peer that is named, and the last of them as first predecessor',
    hint: 'Take the sender from the field from; the source port of a datagram says nothing.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      for (const [i, from] of [NEAR, OTHER, SECOND].entries()) {
        // Sent from the address of peer 60, whoever is named.
        await near.sendUdp(node, { type: 'ring.ping', from, seq: 800 + i, slot: 1 })
        const pong = await requireSent(bench, sentTo(from, 'ring.pong', { seq: 800 + i }), {
          requirement: 'ring.address.port',
          expected: `a pong to peer ${from}, which the ping names`,
        })
        const { predecessors } = await node.state()
        bench.require(predecessors[0] === from, {
          requirement: 'ring.address.port',
          expected: `first predecessor ${from}`,
          actual: JSON.stringify(predecessors),
        })
        bench.evidence(`peer ${from} counts`, pong)
      }
    },
  }),
  ringCase({
    id: 'ring.address.pong/foreign-port',
    also: ['ring.address.port', 'ring.ping.predecessors'],
    title: 'a ping from a foreign port is answered at the address of the peer in from',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'the pong at the configured address, and nothing at the foreign port',
    hint: 'Do not reply to the source address of the datagram: compute the address from the field from.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const stranger = await strangerOf(node)
      try {
        await stranger.send({ type: 'ring.ping', from: FIRST, seq: 4711, slot: 1 })
        const pong = await requireSent(bench, sentTo(FIRST, 'ring.pong', { seq: 4711 }), {
          requirement: 'ring.address.pong',
          expected: `a pong at port ${node.viewPort + FIRST}, where the configuration has peer ${FIRST}`,
        })
        await fence(bench, node, near)
        bench.require(stranger.received === 0, {
          requirement: 'ring.address.pong',
          expected: 'nothing at the port that the ping came from',
          actual: `${stranger.received} datagrams`,
        })
        bench.evidence(`pong to ${FIRST}, not to the source port`, pong)
      } finally {
        stranger.close()
      }
    },
  }),
  ringCase({
    id: 'ring.address.pong/own-port',
    title: 'a pong leaves for the asking peer only, not for the successors',
    stage: 1,
    observes: ['wire'],
    evidence: 'pongs to two peers that ping at the same time, each with its own seq',
    hint: 'Take the receiver of the pong from the ping that you answer, not from a variable that the next ping overwrites.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          await near.ping(node, 1, 200 + i)
          await other.ping(node, 2, 300 + i)
        }),
      )
      for (let i = 0; i < 10; i += 1) {
        for (const [to, seq] of [
          [NEAR, 200 + i],
          [OTHER, 300 + i],
        ] as const) {
          const pong = await requireSent(bench, sentTo(to, 'ring.pong', { seq, from: SELF }), {
            requirement: 'ring.address.pong',
            expected: `pong ${seq} to ${to}`,
          })
          bench.evidence(`pong ${seq} to ${to}`, pong)
        }
      }
      const crossed = bench.frames.find(
        (frame) =>
          (sentTo(NEAR, 'ring.pong')(frame) &&
            Number(frame.message?.seq) >= 300 &&
            Number(frame.message?.seq) < 310) ||
          (sentTo(OTHER, 'ring.pong')(frame) && Number(frame.message?.seq) < 300),
      )
      bench.require(crossed === undefined, {
        requirement: 'ring.address.pong',
        expected: 'no pong to the wrong peer',
        actual: `pong ${String(crossed?.message?.seq)} to ${crossed?.to}`,
      })
    },
  }),
]
