// A peer that waits for the answer to a call of its own: how long it waits, and what it does meanwhile. peers.md section 1.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench, Played } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { begun, requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { gate, requireResult } from './procedures/answers.ts'
import { callsOf, requireCall } from './procedures/calls.ts'
import { outside } from './procedures/scene.ts'
import { eventsOf, requireListNow, requireServes } from './procedures/standstill.ts'

const beginCall = (peer: PeerNode, played: Played, method: string, args: readonly unknown[] = []) =>
  begun(peer.command('call', { address: played.addressFor(peer), method, args: [...args] }))

const requireRequest = (bench: PeersBench, played: Played, method: string): Promise<Frame> =>
  requireCall(bench, played, method, { requirement: 'peers.control.call', expected: `the call of ${method}` })

const hasty = (bench: PeersBench) => ({ config: { callTimeoutMs: bench.timing.callTimeoutMs } })

export const callWaitCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.call.survive/timeout',
    role: 'peers.peer',
    title: 'a caller gives up after callTimeoutMs, not before and not much later, and closes',
    also: ['common.time.config', 'peers.control.call', 'peers.call.one'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence:
      'timeout of an impatient peer while a patient one still waits; the late answer reaches the patient one',
    hint: 'Give the socket callTimeoutMs of the configuration, and report timeout when it is over.',
    async run(bench: PeersBench) {
      const { peer: impatient, stranger } = await outside(bench, hasty(bench))
      // Without callTimeoutMs the default holds, which is longer.
      const patient = await bench.peer({ config: { callTimeoutMs: undefined } })
      stranger.on('give', () => 'silent')
      const long = beginCall(patient, stranger, 'give', ['patient'])
      const awaited = await requireRequest(bench, stranger, 'give')
      const short = beginCall(impatient, stranger, 'give', ['impatient'])
      const request = await requireRequest(bench, stranger, 'give')
      const began = performance.now()
      await requireFailure(bench, short, ['timeout'], 'peers.call.survive', 'when no answer comes')
      const waitedMs = performance.now() - began
      const { callTimeoutMs, deadlineMs } = bench.timing
      bench.require(waitedMs > callTimeoutMs * 0.8 && waitedMs < callTimeoutMs + deadlineMs / 2, {
        requirement: 'common.time.config',
        expected: `timeout about ${callTimeoutMs} ms after the request, as callTimeoutMs says`,
        actual: `after ${Math.round(waitedMs)} ms`,
        exhibits: [{ frame: request.n }],
      })
      bench.evidence(`timeout after ${Math.round(waitedMs)} ms`, request)
      bench.require(await stranger.connectionOf(request).closedByNode(), {
        requirement: 'peers.call.one',
        expected: 'the caller to close its connection when it has given up',
        actual: 'it stays open',
        exhibits: [{ frame: request.n }],
      })
      requireWaiting(bench, long, 'common.time.config', 'a peer with the default of 5,000 ms to wait longer')
      await stranger.connectionOf(awaited).sendBytes('{"result":"late"}\n')
      const late = await requireSuccess(
        bench,
        long,
        'common.time.config',
        'an answer that comes in time to count',
      )
      bench.require('result' in late && late.result === 'late', {
        requirement: 'common.time.config',
        expected: 'the result of the late answer',
        actual: JSON.stringify(late),
      })
      bench.evidence('the late answer', awaited)
    },
  }),
  peersCase({
    id: 'peers.call.survive/endless-answer',
    role: 'peers.peer',
    title: 'an answer of which a byte comes now and then does not keep the caller beyond callTimeoutMs',
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'timeout while bytes still come',
    hint: 'A timeout of the socket begins anew with each byte. Take the time of the whole call.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench, hasty(bench))
      stranger.on('give', () => 'silent')
      const call = beginCall(peer, stranger, 'give')
      const request = await requireRequest(bench, stranger, 'give')
      const connection = stranger.connectionOf(request)
      await connection.sendBytes('{"result":')
      for (let pieces = 0; pieces < 40 && call.settled() === undefined; pieces += 1) {
        await connection.sendBytes(' ')
        await sleep(bench.timing.callTimeoutMs / 5)
      }
      const settled = call.settled()
      bench.require(settled !== undefined && !settled.ok && settled.code === 'timeout', {
        requirement: 'peers.call.survive',
        expected: 'the error timeout, although bytes of an answer still come',
        actual: settled === undefined ? 'no reply after eight times callTimeoutMs' : JSON.stringify(settled),
        exhibits: [{ frame: request.n }],
      })
      bench.evidence('timeout while bytes came', request)
    },
  }),
  peersCase({
    id: 'peers.call.survive/many-silent',
    role: 'peers.peer',
    title: 'forty calls that are never answered keep the peer from no other call, its own or of others',
    also: ['peers.call.dispatch', 'peers.control.call'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence:
      'forty requests without an answer; beside them check answered, a call that works; then forty timeouts',
    hint: 'A call that waits must hold no lock and no thread that others need.',
    async run(bench: PeersBench) {
      const config = { callTimeoutMs: 4 * bench.timing.callTimeoutMs }
      const { peer, stranger } = await outside(bench, { config })
      stranger.on('give', () => 'silent')
      stranger.on('quick', () => ({ result: 'at once' }))
      const waiting = Array.from({ length: 40 }, (_, i) => beginCall(peer, stranger, 'give', [i]))
      const connections = new Set<number | undefined>()
      for (let i = 0; i < waiting.length; i += 1)
        connections.add((await requireRequest(bench, stranger, 'give')).connection)
      bench.require(connections.size === waiting.length, {
        requirement: 'peers.call.one',
        expected: 'a connection for each of 40 calls',
        actual: `${connections.size}`,
      })
      const served = await requireServes(bench, stranger, peer, 'peers.call.survive')
      bench.evidence('check is answered beside 40 calls', served)
      const quick = await requireSuccess(
        bench,
        beginCall(peer, stranger, 'quick'),
        'peers.call.survive',
        'another call to succeed beside 40 silent ones',
      )
      bench.require('result' in quick && quick.result === 'at once', {
        requirement: 'peers.call.survive',
        expected: 'the result of that call',
        actual: JSON.stringify(quick),
      })
      for (const call of waiting)
        await requireFailure(bench, call, ['timeout'], 'peers.call.survive', 'when no answer comes')
      bench.evidence(
        'serves after 40 timeouts',
        await requireServes(bench, stranger, peer, 'peers.call.survive'),
      )
    },
  }),
  peersCase({
    id: 'peers.call.dispatch/call-each-other',
    role: 'peers.peer',
    title: 'A calls B, and B calls A before it answers',
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: "check, print_message and register_peer answered by A while its own call waits for B's answer",
    hint: 'Serve each connection apart from what waits for answers, and hold no lock while you wait.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const answers: Frame[] = []
      stranger.on('give', async () => {
        const calls: readonly (readonly [string, readonly unknown[], unknown])[] = [
          ['check', [], [-1, bench.type]],
          ['print_message', [7, 'before my answer'], null],
          ['register_peer', [7, stranger.addressFor(peer)], null],
          ['display_peers', [], null],
        ]
        for (const [method, args, result] of calls) {
          const { answer } = await stranger.call(peer, method, args)
          answers.push(
            requireResult(bench, answer, result, {
              requirement: 'peers.call.dispatch',
              to: `${method}, called while the peer waits for an answer`,
            }),
          )
        }
        return { result: 'now' }
      })
      const call = beginCall(peer, stranger, 'give')
      await requireRequest(bench, stranger, 'give')
      const result = await requireSuccess(bench, call, 'peers.call.dispatch', 'the call to end')
      bench.require('result' in result && result.result === 'now' && answers.length === 4, {
        requirement: 'peers.call.dispatch',
        expected: 'the answer of B, which has first called A four times',
        actual: `${JSON.stringify(result)} after ${answers.length} of its calls were answered`,
      })
      for (const answer of answers) bench.evidence('answered while it waits', answer)
      await requireListNow(
        bench,
        peer,
        [{ id: 7, address: stranger.addressFor(peer) }],
        'peers.call.dispatch',
        'after B has called register_peer meanwhile',
      )
      bench.require(eventsOf(peer, 'message').length === 1 && eventsOf(peer, 'display').length === 1, {
        requirement: 'peers.call.dispatch',
        expected: 'the events message and display',
        actual: JSON.stringify(peer.events),
      })
    },
  }),
  peersCase({
    id: 'peers.call.dispatch/call-itself',
    role: 'peers.peer',
    title: 'a peer that calls itself gets its own answer',
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'the result of check, asked of itself',
    hint: 'Caller and server are apart, also when they are one and the same.',
    async run(bench: PeersBench) {
      const { peer } = await outside(bench)
      const itself = { address: peer.addressFor(peer.seat), args: [] }
      const call = begun(peer.command('call', { ...itself, method: 'check' }))
      const result = await requireSuccess(bench, call, 'peers.call.dispatch', 'a call to itself to end')
      bench.require('result' in result && JSON.stringify(result.result) === `[-1,"${bench.type}"]`, {
        requirement: 'peers.call.dispatch',
        expected: `the result [-1,"${bench.type}"]`,
        actual: JSON.stringify(result),
      })
      bench.evidence('called itself', callsOf(bench, peer, 'check')[0])
      const display = begun(peer.command('call', { ...itself, method: 'display_peers' }))
      await requireSuccess(bench, display, 'peers.call.dispatch', 'display_peers of itself to end')
    },
  }),
  peersCase({
    id: 'peers.call.dispatch/out-of-order',
    role: 'peers.peer',
    title: 'answers to calls that wait beside each other reach the right ones, in whatever order they come',
    also: ['peers.call.one', 'peers.control.call'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'ten calls under way at once, answered last first, each with its own result',
    hint: 'Commands that wait do not wait for each other; each call has its own socket.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const gates = Array.from({ length: 10 }, (_, i) => gate({ result: i }))
      stranger.on('give', (args, request) => {
        const own = gates[Number(args[0])]
        return own === undefined ? 'close' : own.handler(args, request)
      })
      const calls = gates.map((_, i) => beginCall(peer, stranger, 'give', [i]))
      for (let i = 0; i < calls.length; i += 1) await requireRequest(bench, stranger, 'give')
      for (const [i, call] of [...calls.entries()].toReversed()) {
        requireWaiting(bench, call, 'peers.control.call', 'the command to wait for the answer')
        gates[i]?.open()
        const result = await requireSuccess(bench, call, 'peers.control.call', `call ${i} to succeed`)
        bench.require('result' in result && result.result === i, {
          requirement: 'peers.control.call',
          expected: `the result ${i}`,
          actual: JSON.stringify(result),
        })
        bench.evidence(`answer ${i}`)
      }
    },
  }),
]
