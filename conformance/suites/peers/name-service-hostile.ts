// Many at once, and callers and peers that mean no good: a name service lives on, serves the others, and keeps its registrations.
// peers.md sections 1 and 4, common.md sections 3 and 4.
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { Address } from '../../../spec/peers/messages.ts'
import { ANSWER_BYTES_MAX, REQUEST_BYTES_MAX } from '../../../spec/peers/messages.ts'
import type { Case } from '../../verdict/case.ts'
import type { NameServiceNode, PeersBench, Played } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { LOOPBACK } from '../../wire/ports.ts'
import { stage } from './define.ts'
import { nameServiceCase } from './name-service-case.ts'
import { requireError } from './procedures/answers.ts'
import { nestedRequests, pour, storm } from './procedures/assaults.ts'
import { brokenRequest } from './procedures/broken-requests.ts'
import { requireRefused, resultOf } from './procedures/call-results.ts'
import { requireCall } from './procedures/calls.ts'
import { answersOn, requestLine } from './procedures/lines.ts'
import {
  type Call,
  enlist,
  farAddress,
  nameServiceAndCaller,
  type Registration,
  register,
  registerAll,
  registrationOf,
  requireInTheEnd,
  requireRegistered,
  requireUnchanged,
} from './procedures/registrations.ts'

const HOSTILE = 'common.robust.hostile'
const CONCURRENT = 'peers.name-service.concurrent'
/** Connections that every server has to bear at once. */
const CONNECTIONS = 64

/** Opens so many connections before the first request, then makes all calls at once. Gives the answers in the order of the calls. */
async function callAtOnce(
  node: NameServiceNode,
  caller: Played,
  calls: readonly Call[],
): Promise<readonly (Frame | undefined)[]> {
  const connections = await Promise.all(calls.map(() => caller.connect(node)))
  await Promise.all(calls.map(([method, args], i) => connections[i]?.sendBytes(requestLine(method, args))))
  const answers = await Promise.all(connections.map((connection) => connection.receive()))
  for (const connection of connections) connection.close()
  return answers
}

/** The name service keeps its registrations and takes a new one. */
async function requireServes(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  known: readonly Registration[],
  after: string,
): Promise<Frame> {
  await requireUnchanged(bench, node, caller, known, HOSTILE, after)
  const { frame } = await register(bench, node, caller, farAddress(9000), `${bench.type}-after`, HOSTILE)
  return frame
}

export const nameServiceHostileCases: readonly Case<'peers'>[] = [
  nameServiceCase({
    id: 'peers.name-service.concurrent/registrations',
    also: ['peers.register.id', 'peers.register.hash', 'peers.require.all', 'common.tcp.slow'],
    title: '64 connections register at once',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: '64 answers with different ids and hashes, and all 64 in require_all',
    hint: 'Protect the next id and the registrations by one lock, or let one thread do it all.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const addresses = Array.from({ length: CONNECTIONS }, (_, i) => farAddress(i))
      const answers = await callAtOnce(
        node,
        caller,
        addresses.map((address): Call => ['register', [bench.type, address]]),
      )
      const registered = addresses.map((address, i) =>
        registrationOf(bench, answers[i], bench.type, address, CONCURRENT),
      )
      for (const [what, count] of [
        ['ids', new Set(registered.map(({ id }) => id)).size],
        ['hashes', new Set(registered.map(({ hash }) => hash)).size],
      ] as const)
        bench.require(count === CONNECTIONS, {
          requirement: CONCURRENT,
          expected: `${CONNECTIONS} different ${what}`,
          actual: `${count}`,
        })
      const frame = await requireUnchanged(bench, node, caller, registered, CONCURRENT, '64 calls at once')
      bench.evidence('64 registered at once', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.name-service.concurrent/one-of-all',
    also: [
      'peers.register.again',
      'peers.unregister.refused',
      'peers.unregister.removes',
      'peers.name-service.bounds',
    ],
    title: 'calls at once of which one alone can win: the same address, the same hash, the last free places',
    stage: stage.unregister,
    observes: ['wire', 'control'],
    evidence:
      'the highest id of 32 registrations of one address; one null for four equal unregisters; eight places for 32 peers',
    hint: 'Look and change in one step: between "is there room" and "add" another call may come.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench, { registrationsMax: 9 })
      const same = farAddress(1)
      const racing = (
        await callAtOnce(
          node,
          caller,
          Array.from({ length: 32 }, (): Call => ['register', [bench.type, same]]),
        )
      ).map((answer) => registrationOf(bench, answer, bench.type, same, CONCURRENT))
      const winner = racing.reduce((highest, one) => (one.id > highest.id ? one : highest))
      await requireUnchanged(bench, node, caller, [winner], CONCURRENT, '32 registrations of one address')

      const others = `${bench.type}-others`
      const crowd = Array.from({ length: 32 }, (_, i) => farAddress(10 + i))
      const answers = await callAtOnce(
        node,
        caller,
        crowd.map((address): Call => ['register', [others, address]]),
      )
      const taken = answers.flatMap((answer, i) =>
        answer?.message !== undefined && 'result' in answer.message
          ? [registrationOf(bench, answer, others, crowd[i] ?? same, CONCURRENT)]
          : [],
      )
      bench.require(taken.length === 8, {
        requirement: CONCURRENT,
        expected: 'eight of 32 registrations for eight free places',
        actual: `${taken.length}`,
      })
      for (const answer of answers)
        if (!taken.some(({ frame }) => frame === answer))
          requireRefused(bench, answer, 'BusyError', {
            requirement: 'peers.name-service.bounds',
            to: 'one of 32 registrations for eight free places',
          })
      await requireRegistered(bench, node, caller, taken, {
        requirement: CONCURRENT,
        when: 'after 32 registrations for eight free places',
        type: others,
      })

      // The winner is alone in its type, so that nobody is checked when it leaves.
      const { id, type, hash } = winner
      const leaving = await callAtOnce(
        node,
        caller,
        Array.from({ length: 4 }, (): Call => ['unregister', [id, type, hash]]),
      )
      const left = leaving.filter((answer) => answer?.message !== undefined && 'result' in answer.message)
      bench.require(left.length === 1, {
        requirement: CONCURRENT,
        expected: 'null for one of four equal unregisters',
        actual: `${left.length}`,
      })
      for (const answer of leaving)
        if (answer !== left[0])
          requireRefused(bench, answer, 'ValueError', {
            requirement: 'peers.unregister.refused',
            to: 'an unregister beside three equal ones',
          })
      bench.evidence('one winner each time', left[0])
    },
  }),
  nameServiceCase({
    id: 'peers.name-service.concurrent/all-methods',
    also: ['peers.require.all', 'peers.unregister.removes', 'peers.name-service.state'],
    title: '64 connections come, ask and go at once, each in its own order',
    stage: stage.unregister,
    observes: ['wire', 'control'],
    evidence: 'on each connection every answer right, and in the end exactly those who stayed',
    hint: 'Whoever iterates over registrations while another call changes them sees both halves.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const stayed: Registration[] = []
      const life = async (i: number): Promise<void> => {
        // A type of its own for each: nobody remains to be checked when it leaves.
        const type = `${bench.type}-${i}`
        const own = await register(bench, node, caller, farAddress(i), type, CONCURRENT)
        await requireRegistered(bench, node, caller, [own], { requirement: CONCURRENT, when: 'alone', type })
        if (i % 2 === 0) {
          stayed.push(own)
          return
        }
        const { answer } = await caller.call(node, 'unregister', [own.id, type, own.hash])
        resultOf(bench, answer, { requirement: CONCURRENT, to: 'unregister' })
        await requireRegistered(bench, node, caller, [], { requirement: CONCURRENT, when: 'gone', type })
      }
      await Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => life(i)))
      const { types } = await node.state()
      const expected = Object.fromEntries(
        stayed.map(({ type, id, address }) => [type, [{ id, address }]] as const),
      )
      bench.require(isDeepStrictEqual({ ...types }, expected), {
        requirement: CONCURRENT,
        expected: `the ${stayed.length} that stayed in state`,
        actual: JSON.stringify(types).slice(0, 300),
      })
      bench.evidence(`${stayed.length} stayed`, stayed.at(-1)?.frame)
    },
  }),
  nameServiceCase({
    id: 'common.robust.hostile/name-service-two-thousand-requests',
    also: ['peers.call.malformed', 'peers.call.survive', 'peers.name-service.state'],
    title: '2,000 random broken requests',
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'an error on each of 50 connections, the same registrations, and a new one after it all',
    hint: 'The seed repeats the same requests. Look at the last ones before the name service fell silent, and check every value before you use it.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      let errors = 0
      for (let done = 0; done < 2000; done += 40) {
        const lines = Array.from({ length: 40 }, () =>
          brokenRequest(() => bench.random(), 'peers.name-service'),
        )
        errors += (await pour(bench, caller, node, lines)).length
      }
      const frame = await requireServes(bench, node, caller, [known], '2,000 broken requests')
      bench.evidence(`${errors} errors, and it serves`, frame)
    },
  }),
  nameServiceCase({
    id: 'common.robust.hostile/name-service-deep-nesting',
    also: ['peers.call.survive'],
    title: 'requests nested thousands of levels deep',
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'an error for each of them, and a registration after them',
    hint: 'Recursive parsers run out of stack; catch what they throw.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      for (const text of nestedRequests('register')) await pour(bench, caller, node, [text])
      const frame = await requireServes(bench, node, caller, [known], 'deeply nested requests')
      bench.evidence('serves after deep nesting', frame)
    },
  }),
  nameServiceCase({
    id: 'common.robust.hostile/name-service-connection-storm',
    also: ['peers.call.survive'],
    title: '300 connections that are reset, closed or left in the middle of a request',
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'the same registrations and a new one',
    hint: 'Handle the error of every socket, also of one that you only write to.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      await storm(bench, caller, node, requestLine('register', [bench.type, farAddress(2)]))
      const frame = await requireServes(bench, node, caller, [known], '300 broken connections')
      bench.evidence('serves after the storm', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.call.length/name-service-endless-request',
    also: ['common.robust.bounds', 'peers.call.survive'],
    title: 'a request that never ends is not collected for ever',
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'a ProtocolError or the end of the connection before any LF, and a registration after it',
    hint: 'Do not wait for the LF of a line that is already too long.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const connection = await caller.connect(node)
      const piece = '{"method":"register",'.padEnd(REQUEST_BYTES_MAX, ' ')
      let over = false
      const ending = Promise.race([connection.receive(), connection.closedByNode()]).then(() => {
        over = true
      })
      // A name service that has stopped to read would hold up the writer for ever.
      for (let i = 0; i < 32 && !over; i += 1) await Promise.race([connection.sendBytes(piece), ending])
      await ending
      bench.require(await connection.closedByNode(), {
        requirement: 'peers.call.length',
        expected: 'the connection closed when the request is longer than 65,536 bytes',
        actual: 'it stays open',
      })
      const [answer] = answersOn(bench.frames, connection, node)
      if (answer !== undefined)
        requireError(bench, answer, {
          requirement: 'peers.call.length',
          name: 'ProtocolError',
          to: 'a request without an end',
        })
      connection.reset()
      const frame = await requireServes(bench, node, caller, [], 'a request without an end')
      bench.evidence('serves after it', frame)
    },
  }),
  nameServiceCase({
    id: 'common.robust.hostile/name-service-stalled-readers',
    also: ['common.tcp.slow', 'peers.call.survive', 'peers.require.all'],
    title: 'eight callers ask for long lists again and again and do not read the answers',
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'everybody else is served meanwhile',
    hint: 'Write so that one who does not read holds up nobody but itself, and stop reading from whoever has not taken its answers.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const host = 'h'.repeat(240)
      const addresses = Array.from({ length: 250 }, (_, i): Address => [`${host}${i}`, 40_001])
      const known = await registerAll(bench, node, caller, addresses)
      // Sockets of their own: those of the bench read whatever comes.
      const sockets = Array.from({ length: 8 }, () =>
        createConnection({ host: LOOPBACK, port: node.listenPort }).on('error', () => undefined),
      )
      try {
        for (const socket of sockets) {
          await once(socket, 'connect')
          socket.pause().write(requestLine('require_all', [bench.type]).repeat(60))
        }
        for (let i = 0; i < 5; i += 1)
          await requireRegistered(bench, node, caller, known, {
            requirement: 'common.tcp.slow',
            when: 'asked beside eight callers that do not read',
          })
        const frame = await requireServes(bench, node, caller, known, 'calls of eight who do not read')
        bench.evidence('served beside eight stalled readers', frame)
      } finally {
        for (const socket of sockets) socket.destroy()
      }
    },
  }),
  nameServiceCase({
    id: 'peers.call.length/name-service-long-answers',
    also: ['peers.unregister.check', 'common.robust.bounds', 'peers.call.survive'],
    title: 'answers to check of 8,388,608 bytes, of one byte more, and without an end',
    stage: stage.faults,
    observes: ['wire'],
    evidence:
      'the peer with the longest right answer stays, the two others are dropped before their time is over',
    hint: 'Give a call up when its answer is longer than 8,388,608 bytes.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: { checkTimeoutMs: 600_000 } })
      const [leaver, longest, longer, endless] = await enlist(bench, node, 4)
      if (!leaver || !longest || !longer || !endless) throw new Error('four are enlisted')
      const answerOf = ({ id, type }: Registration, bytes: number) => {
        const bare = JSON.stringify({ padding: '', result: [id, type] })
        return `${bare.replace('"padding":""', `"padding":"${'p'.repeat(bytes - bare.length)}"`)}\n`
      }
      longest.peer.on('check', () => ({ raw: answerOf(longest, ANSWER_BYTES_MAX) }))
      longer.peer.on('check', () => ({ raw: answerOf(longer, ANSWER_BYTES_MAX + 1) }))
      endless.peer.on('check', () => ({ raw: '{"padding":"'.padEnd(ANSWER_BYTES_MAX + 100_000, 'p') }))
      const { answer } = await leaver.peer.call(node, 'unregister', [leaver.id, leaver.type, leaver.hash])
      resultOf(bench, answer, { requirement: 'peers.unregister.prompt', to: 'unregister' })
      for (const { peer, id } of [longest, longer, endless])
        await requireCall(bench, peer, 'check', {
          requirement: 'peers.unregister.check',
          expected: `check at the peer with id ${id}`,
        })
      const frame = await requireInTheEnd(bench, node, leaver.peer, [longest], {
        requirement: 'peers.call.length',
        when: `after answers of ${ANSWER_BYTES_MAX} bytes (id ${longest.id}), of one more (id ${longer.id}), and without an end`,
      })
      bench.evidence('one stays, two are dropped', frame)
    },
  }),
  nameServiceCase({
    id: 'common.robust.hostile/name-service-peers',
    also: ['peers.unregister.check', 'peers.call.survive', 'peers.unregister.removes'],
    title: 'peers that answer check with garbage, in floods, and reset in the middle',
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'all of them dropped, the right one still there, and a registration after it',
    hint: 'An answer comes from a stranger too: check it before you use it, and catch whatever parsing throws.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: { checkTimeoutMs: 3 * bench.timing.callTimeoutMs } })
      const [leaver, right, ...hostile] = await enlist(bench, node, 12)
      if (!leaver || !right) throw new Error('twelve are enlisted')
      for (const [i, { id, type, peer }] of hostile.entries()) {
        const good = JSON.stringify({ result: [id, type] })
        const noise = Uint8Array.from({ length: 3000 }, () => Math.floor(bench.random() * 256))
        const answers = [
          { raw: noise, close: true },
          { raw: '\n'.repeat(10_000) },
          { raw: `${'['.repeat(100_000)}\n` },
          { raw: `${'{"result":'.repeat(50_000)}\n` },
          { raw: good.slice(0, 10), close: true },
          { raw: '{"result":[1e400,"x"]}\n' },
          { raw: '{"error":{"name":"__proto__","args":[]}}\n' },
          { raw: '{"error":null}\n' },
          { raw: '{"error":{"name":7,"args":{}}}\n' },
          { raw: `{"result":{"__proto__":[${id}],"0":${id},"length":2}}\n` },
        ] as const
        peer.on('check', () => answers[i] ?? 'reset')
      }
      const { answer } = await leaver.peer.call(node, 'unregister', [leaver.id, leaver.type, leaver.hash])
      resultOf(bench, answer, { requirement: 'peers.unregister.prompt', to: 'unregister' })
      for (const { peer, id } of [right, ...hostile])
        await requireCall(bench, peer, 'check', {
          requirement: 'peers.unregister.check',
          expected: `check at the peer with id ${id}`,
        })
      await requireInTheEnd(bench, node, leaver.peer, [right], {
        requirement: 'peers.unregister.check',
        when: 'when all hostile peers have answered their check',
      })
      const frame = await requireServes(bench, node, leaver.peer, [right], 'hostile answers to check')
      bench.evidence(`${hostile.length} dropped, and it serves`, frame)
    },
  }),
]
