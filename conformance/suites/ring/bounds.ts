// Bounds on what a node keeps because of others: common.md section 4, ring.md sections 9 and 10.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { codeOf } from '../control/replies.ts'
import { requireFailure } from '../outcome.ts'
import { ringCase } from './define.ts'
import { framesOf, nthSeen, requireCount, requireSent, sent, sentTo } from './frames.ts'
import { FIRST, FOREIGN_NAME, livelyPings, NEAR, OTHER, OWN_NAME, SECOND, settle } from './neighbourhood.ts'
import { randomContent } from './procedures/content.ts'
import { notFoundMessage } from './procedures/download.ts'
import {
  ask,
  fetchFile,
  freshNumber,
  putMessage,
  requestMessage,
  requireNotFound,
  storeMessage,
  storeOwn,
  tell,
} from './procedures/lookup.ts'
import { begin } from './procedures/outcome.ts'
import { fence } from './procedures/standstill.ts'
import { UdpRequester } from './procedures/udp-requester.ts'

// Hundreds of things under way at once take their time on a busy machine; none of them may time out meanwhile.
const patient = { requestTimeoutMs: 600_000 }

export const boundsCases: readonly Case[] = [
  ringCase({
    id: 'common.robust.bounds/commands',
    also: ['ring.request.ends', 'ring.request.not-found'],
    title: 'command 257 under way is refused with busy',
    stage: 8,
    observes: ['wire', 'control'],
    evidence: '256 requests on the wire, busy for the next one, an answer to each, and a free place after it',
    hint: 'Count the waiting commands; take each out when it ends.',
    async run(bench: RingBench) {
      const { node, second } = await settle(bench, patient)
      const name = FOREIGN_NAME
      const waiting = Array.from({ length: 256 }, () =>
        begin(node, 'request', { name, transport: 'tcp' }, 10 * bench.timing.deadlineMs),
      )
      const lookups = await requireCount(bench, 256, sentTo(FIRST, 'ring.request', { name }), {
        requirement: 'common.robust.bounds',
        expected: '256 requests at the first successor',
      })
      const code = codeOf(await node.rawCommand('request', { name, transport: 'tcp' }))
      bench.require(code === 'busy', {
        requirement: 'common.robust.bounds',
        expected: 'busy for command 257',
        actual: code,
      })
      const connection = await second.connect(node)
      for (const lookup of lookups.toReversed()) {
        await connection.send(notFoundMessage({ request: Number(lookup.message?.request), name }, SECOND))
      }
      for (const begun of waiting) {
        await requireFailure(bench, begun, ['not-found'], 'ring.request.ends', 'after not-found')
      }
      begin(node, 'request', { name: '0160', transport: 'tcp' })
      const after = await requireSent(bench, sentTo(FIRST, 'ring.request', { name: '0160' }), {
        requirement: 'common.robust.bounds',
        expected: 'a new request once places are free',
      })
      bench.evidence('256 at once, busy, and free again', after)
    },
  }),
  ringCase({
    id: 'common.robust.bounds/puts',
    also: ['ring.store.place'],
    title: 'put 257 is not allowed: busy',
    stage: 8,
    observes: ['wire', 'control'],
    evidence: '256 store-accepts, busy for the next store, and a free place after one put',
    hint: 'Count the puts that you allowed and that have not come.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, patient)
      const content = randomContent(bench, 20)
      const store = (request: number) =>
        storeMessage({ from: NEAR, origin: OTHER, name: OWN_NAME, request, size: 20 })
      const requests = Array.from({ length: 256 }, () => freshNumber(bench))
      const kept = await near.connect(node)
      for (const request of requests) await kept.send(store(request))
      await requireCount(bench, 256, sentTo(OTHER, 'ring.store-accept'), {
        requirement: 'common.robust.bounds',
        expected: '256 store-accepts',
      })
      const refused = freshNumber(bench)
      const connection = await tell(near, node, store(refused))
      const answer = bench.requireFrame(await connection.receive(), {
        requirement: 'common.robust.bounds',
        expected: 'the error busy for store 257',
      })
      bench.require(answer.message?.type === 'error' && answer.message.code === 'busy', {
        requirement: 'common.robust.bounds',
        expected: 'the error busy for store 257',
        actual: JSON.stringify(answer.message),
        exhibits: [{ frame: answer.n, at: '/code' }],
      })
      const [request = 0] = requests
      const put = putMessage({ from: OTHER, name: OWN_NAME, request, content })
      const putting = await tell(other, node, put, content.bytes)
      bench.requireFrame(await putting.receive(sent('ring.stored', { request })), {
        requirement: 'ring.store.place',
        expected: 'stored for one of the 256',
      })
      const next = freshNumber(bench)
      await tell(near, node, store(next))
      const accept = await requireSent(bench, sentTo(OTHER, 'ring.store-accept', { request: next }), {
        requirement: 'common.robust.bounds',
        expected: 'store-accept once a place is free',
      })
      bench.require(!bench.frames.some(sent('ring.store-accept', { request: refused })), {
        requirement: 'common.robust.bounds',
        expected: 'no store-accept for the refused store',
        actual: 'one',
      })
      bench.evidence('256 at once, busy, and free again', accept)
    },
  }),
  ringCase({
    id: 'common.robust.bounds/transfers',
    also: ['ring.udp.offer', 'ring.request.not-found', 'ring.udp.segment'],
    title: '64 UDP transfers at once; number 65 waits for a place',
    stage: 8,
    observes: ['wire', 'control'],
    evidence:
      '64 offers, none for number 65 until one transfer ends, and not-found for a missing file meanwhile',
    hint: 'Keep the request in a queue while 64 transfers run; begin it when one ends.',
    async run(bench: RingBench) {
      const { node, near, other, far } = await settle(bench, { ...patient, mss: 100 })
      await storeOwn(bench, node, OWN_NAME, randomContent(bench, 5))
      const serve = (origin: typeof other) =>
        UdpRequester.ask(bench, node, { via: near, origin, name: OWN_NAME })
      const requesters: UdpRequester[] = []
      for (let i = 0; i < 64; i += 1) requesters.push(await serve(i % 2 === 0 ? other : far))
      for (const requester of requesters) await requester.offer()
      const held = await serve(other)
      await requireNotFound(bench, node, { via: near, origin: far, name: '0099', transport: 'udp' })
      await bench.quiet(sent('ring.offer'), bench.timing.quietMs / 3)
      await fence(bench, node, near)
      bench.require(framesOf(bench, sent('ring.offer')).length === 64, {
        requirement: 'common.robust.bounds',
        expected: '64 offers while 64 transfers are under way',
        actual: `${framesOf(bench, sent('ring.offer')).length}`,
      })
      await requesters[7]?.fetch()
      bench.evidence('number 65 after one ended', await held.offer())
      bench.require((await held.fetch()).length === 5, {
        requirement: 'ring.udp.segment',
        expected: 'the file of 5 bytes',
        actual: 'another size',
      })
    },
  }),
  ringCase({
    id: 'common.robust.bounds/held-lookups',
    also: ['ring.route.forward', 'ring.request.found'],
    title: 'at most 64 lookups are held while the successor is unreachable',
    stage: 8,
    observes: ['wire', 'control'],
    evidence: 'at most 64 of 200 lookups after the successor is back, and a fresh one',
    hint: 'Bound the queue of messages that you could not send.',
    async run(bench: RingBench) {
      const { node, near, first, other } = await settle(bench, { ...patient, ...livelyPings(bench) })
      const content = randomContent(bench, 10)
      await storeOwn(bench, node, OWN_NAME, content)
      first.listening = false
      const connection = await near.connect(node)
      for (let i = 0; i < 200; i += 1) {
        await connection.send(
          requestMessage({ from: NEAR, origin: OTHER, name: FOREIGN_NAME, request: freshNumber(bench) }),
        )
      }
      // The node is busy with the attempts; that it serves shows that it has read them all.
      await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      await bench.quiet(() => false, bench.timing.quietMs)
      first.listening = true
      const held = sentTo(FIRST, 'ring.request', { name: FOREIGN_NAME })
      await nthSeen(bench, held, 1)
      await bench.quiet((frame) => held(frame) && framesOf(bench, held).length > 64, 2 * bench.timing.quietMs)
      const arrived = framesOf(bench, held).length
      bench.require(arrived <= 64, {
        requirement: 'common.robust.bounds',
        expected: 'at most 64 held lookups',
        actual: `${arrived}`,
      })
      const fresh = await ask(bench, node, { via: near, origin: other, name: '0160' })
      const forwarded = await requireSent(bench, sentTo(FIRST, 'ring.request', { request: fresh }), {
        requirement: 'ring.route.forward',
        expected: 'a fresh request sent on',
      })
      bench.evidence(`${arrived} of 200 held, and a fresh one`, forwarded)
    },
  }),
]
