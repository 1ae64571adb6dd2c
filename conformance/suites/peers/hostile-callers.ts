// Callers that mean a peer no harm and do it, or mean it: the peer lives on, serves the others, and keeps its state.
// peers.md section 1, common.md sections 3 and 4.
import { once } from 'node:events'
import { createConnection } from 'node:net'
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { LOOPBACK } from '../../wire/ports.ts'
import { begun, requireSuccess } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { requireResult } from './procedures/answers.ts'
import { nestedRequests, pour, storm } from './procedures/assaults.ts'
import { brokenRequest } from './procedures/broken-requests.ts'
import { callBy, requireCall, requireNone } from './procedures/calls.ts'
import { ask, paddedLine, requestLine } from './procedures/lines.ts'
import { eventsOf, requireSameState, requireServes } from './procedures/standstill.ts'

const HOSTILE = 'common.robust.hostile'

interface Victim {
  readonly peer: PeerNode
  readonly friend: PlayedPeer
  readonly attacker: PlayedPeer
  /** Nothing has changed, nothing was reported or called, and the peer sends and receives. */
  requireUnharmed(after: string): Promise<Frame>
}

/** A peer that has joined, with one friend in its list. */
async function victim(bench: PeersBench): Promise<Victim> {
  const { peer, id, lower } = await bench.peerAmongPlayed(1, 0)
  const [friend] = lower
  if (friend === undefined) throw new Error('no lower peer')
  const attacker = await bench.playPeer()
  const before = await peer.state()
  const start = bench.frames.length
  const events = peer.events.length
  const requireUnharmed = async (after: string): Promise<Frame> => {
    await requireSameState(bench, peer, before, HOSTILE, after)
    const said = peer.events.slice(events)
    bench.require(said.length === 0, {
      requirement: HOSTILE,
      expected: `no event because of ${after}`,
      actual: JSON.stringify(said.slice(0, 3)),
    })
    requireNone(bench, (frame) => frame.n >= start && callBy(peer)(frame), {
      requirement: HOSTILE,
      expected: `no call of its own because of ${after}`,
    })
    await requireServes(bench, friend, peer, HOSTILE)
    const send = begun(peer.command('send', { to: friend.id, text: 'still here' }))
    const message = await requireCall(bench, friend, 'print_message', {
      requirement: HOSTILE,
      expected: `a message to a friend after ${after}`,
      args: [id, 'still here'],
    })
    await requireSuccess(bench, send, HOSTILE, `send to succeed after ${after}`)
    return message
  }
  return { peer, friend, attacker, requireUnharmed }
}

export const hostileCallersCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'common.robust.hostile/peer-two-thousand-requests',
    role: 'peers.peer',
    title: '2,000 random broken requests',
    also: [
      'peers.call.malformed',
      'peers.call.arguments',
      'peers.call.unknown-method',
      'peers.call.survive',
      'peers.control.state',
      'peers.message.send',
    ],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence:
      'an error on each of 50 connections, the same state, no event, no call, and a message sent after it all',
    hint: 'The seed repeats the same requests. Look at the last ones before the peer fell silent, and check every value before you use it.',
    async run(bench: PeersBench) {
      const { peer, attacker, requireUnharmed } = await victim(bench)
      let errors = 0
      for (let done = 0; done < 2000; done += 40) {
        const lines = Array.from({ length: 40 }, () => brokenRequest(() => bench.random(), 'peers.peer'))
        errors += (await pour(bench, attacker, peer, lines)).length
      }
      bench.evidence(`${errors} errors, and it serves`, await requireUnharmed('2,000 broken requests'))
    },
  }),
  peersCase({
    id: 'common.robust.hostile/peer-deep-nesting',
    role: 'peers.peer',
    title: 'requests nested thousands of levels deep',
    also: ['peers.call.survive', 'peers.message.send'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'an error for each of them, the same state, and a message sent after them',
    hint: 'Recursive parsers run out of stack; catch what they throw.',
    async run(bench: PeersBench) {
      const { peer, attacker, requireUnharmed } = await victim(bench)
      for (const text of [...nestedRequests('print_message'), ...nestedRequests('register_peer')])
        await pour(bench, attacker, peer, [text])
      bench.evidence('serves after deep nesting', await requireUnharmed('deeply nested requests'))
    },
  }),
  peersCase({
    id: 'common.robust.hostile/peer-connection-storm',
    role: 'peers.peer',
    title: '300 connections that are reset, closed or left in the middle of a request',
    also: ['peers.call.survive', 'common.tcp.cut', 'peers.message.send'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'the same list, no event, and a message sent after them',
    hint: 'Handle the error of every socket, also of one that you only write to.',
    async run(bench: PeersBench) {
      const { peer, attacker, friend, requireUnharmed } = await victim(bench)
      await storm(bench, attacker, peer, requestLine('unregister_peer', [friend.id]))
      bench.evidence('serves after the storm', await requireUnharmed('300 broken connections'))
    },
  }),
  peersCase({
    id: 'common.robust.hostile/peer-other-protocols',
    role: 'peers.peer',
    title: 'a web browser, a TLS client, a mail client and a flood of line ends find the port',
    also: ['peers.call.malformed', 'peers.call.survive', 'peers.message.send'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'errors for what is a line, the same state, and a message sent after them',
    hint: 'Whatever a line is, it gets a ProtocolError; what is no line gets nothing.',
    async run(bench: PeersBench) {
      const { peer, attacker, requireUnharmed } = await victim(bench)
      await pour(bench, attacker, peer, ['GET / HTTP/1.1\r', 'Host: localhost\r', '\r'])
      await pour(bench, attacker, peer, ['EHLO mail.example\r', 'QUIT\r'])
      await pour(
        bench,
        attacker,
        peer,
        Array.from({ length: 1000 }, () => ''),
      )
      await pour(bench, attacker, peer, [Buffer.alloc(3000, 0), Buffer.alloc(3000, 0xff)])
      for (const bytes of [
        Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
        Buffer.alloc(60_000, 0),
      ]) {
        const connection = await attacker.connect(peer)
        await connection.sendBytes(bytes)
        connection.close()
      }
      bench.evidence('serves after them', await requireUnharmed('lines of other protocols'))
    },
  }),
  peersCase({
    id: 'common.robust.hostile/peer-huge-arguments',
    role: 'peers.peer',
    title: 'arguments as large as a line allows: lists, objects, numbers, names',
    also: ['peers.call.arguments', 'peers.call.unknown-method', 'peers.call.survive', 'peers.message.send'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'an error for each of them, the same state, and a message sent after them',
    hint: 'Check the number and the types of arguments before you look into them.',
    async run(bench: PeersBench) {
      const { peer, attacker, requireUnharmed } = await victim(bench)
      const long = 'x'.repeat(60_000)
      const many = Array.from({ length: 20_000 }, () => 1)
      const wide = Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`key${i}`, i]))
      for (const [method, args] of [
        [long, []],
        ['check', many],
        ['register_peer', many],
        ['register_peer', [3, many]],
        ['register_peer', [3, [long, 7000]]],
        ['register_peer', [3, wide]],
        ['unregister_peer', [wide]],
        ['unregister_peer', [long]],
        ['print_message', [10, wide]],
        ['print_message', [long, 'x']],
      ] as const)
        await pour(bench, attacker, peer, [JSON.stringify({ method, args })])
      const digits = '9'.repeat(60_000)
      for (const id of [digits, `-${digits}`, `1e${'9'.repeat(300)}`, '0.5', '1e-5', '9007199254740993'])
        await pour(bench, attacker, peer, [
          `{"method":"unregister_peer","args":[${id}]}`,
          `{"method":"register_peer","args":[${id},["127.0.0.1",7000]]}`,
        ])
      bench.evidence('serves after them', await requireUnharmed('huge arguments'))
    },
  }),
  peersCase({
    id: 'common.tcp.slow/peer-stalled-readers',
    role: 'peers.peer',
    title: 'eight callers make call after call and do not read the answers',
    also: ['peers.call.survive', 'common.robust.hostile', 'peers.message.send'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'everybody else is served meanwhile',
    hint: 'Write so that one who does not read holds up nobody but itself, and stop reading from whoever has not taken its answers.',
    async run(bench: PeersBench) {
      const { peer, requireUnharmed, friend } = await victim(bench)
      // Sockets of their own: those of the bench read whatever comes. The answer names the method, so it is long.
      const request = requestLine('x'.repeat(60_000), [])
      const sockets = Array.from({ length: 8 }, () =>
        createConnection({ host: LOOPBACK, port: peer.listenPort }).on('error', () => undefined),
      )
      try {
        for (const socket of sockets) {
          await once(socket, 'connect')
          socket.pause().write(request.repeat(40))
        }
        for (let i = 0; i < 5; i += 1) await requireServes(bench, friend, peer, 'common.tcp.slow')
        bench.evidence(
          'served beside eight stalled readers',
          await requireUnharmed('calls of eight who do not read'),
        )
      } finally {
        for (const socket of sockets) socket.destroy()
      }
    },
  }),
  peersCase({
    id: 'common.tcp.slow/peer-idle-connections',
    role: 'peers.peer',
    title: '64 connections on which nothing ever comes',
    also: ['peers.call.survive', 'peers.message.receive', 'peers.message.send', 'common.robust.hostile'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'twenty calls answered beside them',
    hint: 'accept() belongs into a loop of its own; who says nothing waits alone.',
    async run(bench: PeersBench) {
      const { peer, attacker, friend } = await victim(bench)
      const idle = await Promise.all(Array.from({ length: 64 }, () => attacker.connect(peer)))
      for (let i = 0; i < 20; i += 1) {
        const { answer, connection } = await ask(
          friend,
          peer,
          paddedLine('print_message', [friend.id, `message ${i}`], 3000),
        )
        const frame = requireResult(bench, answer, null, {
          requirement: 'common.tcp.slow',
          to: 'print_message beside 64 idle connections',
        })
        connection.close()
        if (i === 19) bench.evidence('served beside 64 idle connections', frame)
      }
      await peer.state()
      bench.require(eventsOf(peer, 'message').length === 20, {
        requirement: 'peers.message.receive',
        expected: '20 messages',
        actual: `${eventsOf(peer, 'message').length}`,
      })
      for (const connection of idle) connection.close()
    },
  }),
]
