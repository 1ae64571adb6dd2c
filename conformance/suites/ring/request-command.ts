// Requests over TCP with the node as origin: what it takes as an answer, how it checks it, and that every command ends.
// ring.md section 9.

import type { Case } from '../../verdict/case.ts'
import type { RingBench, RingNode } from '../../verdict/ring-bench.ts'
import type { Message, Probe } from '../../wire/probe.ts'
import { codeOf } from '../control/replies.ts'
import { requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { ringCase } from './define.ts'
import { requireNone, requireSent, sent, sentTo } from './frames.ts'
import {
  FIRST,
  FOREIGN_NAME,
  NEAR,
  OTHER,
  OWN_NAME,
  SECOND,
  SELF,
  settle,
  shortTimeout,
} from './neighbourhood.ts'
import {
  type Content,
  contentOf,
  digestOf,
  everyByte,
  randomContent,
  requireReceivedFile,
  writeContent,
} from './procedures/content.ts'
import {
  beginRequest,
  type Download,
  fileMessage,
  notFoundMessage,
  ROUTE_TO_SECOND,
} from './procedures/download.ts'
import { storeOwn, tell } from './procedures/lookup.ts'
import { begin } from './procedures/outcome.ts'
import { fence, requireDiscarded, requireSameState } from './procedures/standstill.ts'

/** Sends the right answer and requires success with exactly this content. */
async function completeDownload(
  bench: RingBench,
  node: RingNode,
  owner: Probe,
  download: Download,
  content: Content,
  requirement: string,
): Promise<void> {
  await tell(owner, node, fileMessage(download, owner.id, content), content.bytes)
  const result = await requireSuccess(bench, download.begun, requirement, `file ${download.name} received`)
  bench.require(
    result.owner === owner.id && JSON.stringify(result.route) === JSON.stringify(ROUTE_TO_SECOND),
    {
      requirement: 'ring.request.found',
      expected: `owner ${owner.id} and route ${JSON.stringify(ROUTE_TO_SECOND)}`,
      actual: `owner ${result.owner} and route ${JSON.stringify(result.route)}`,
    },
  )
  await requireReceivedFile(bench, node, result, content, requirement)
}

/** Sends an answer that nobody waits for: it is answered with `unexpected`, or ignored. */
async function requireUnaskedRefused(
  sender: Probe,
  node: RingNode,
  message: Message,
  body: Uint8Array | undefined,
  bench: RingBench,
): Promise<void> {
  const connection = await tell(sender, node, message, body)
  const answer = await connection.receive(() => true, bench.timing.quietMs / 3)
  bench.require(answer === undefined || answer.message?.code === 'unexpected', {
    requirement: 'ring.request.unasked',
    expected: `the error unexpected, or nothing, for a ${message.type} that nobody waits for`,
    actual: JSON.stringify(answer?.message),
    exhibits: answer === undefined ? [] : [{ frame: answer.n }],
  })
  connection.close()
}

export const requestCommandCases: readonly Case[] = [
  ringCase({
    id: 'ring.request.found/as-origin',
    also: ['common.tcp.body', 'ring.request.verify'],
    title: 'the node as origin receives files of several sizes and contents',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'for each the bytes in a file of the folder, and owner, route, size and digest in the result',
    hint: 'Wait for the connection that the owner opens to you; read exactly bodyLength bytes.',
    async run(bench: RingBench) {
      const { node, second } = await settle(bench)
      const contents = [
        everyByte(),
        contentOf(new Uint8Array()),
        randomContent(bench, 1),
        randomContent(bench, 65_536),
        contentOf(Buffer.from('\n\n{"type":"error","code":"internal","message":"x"}\n')),
      ]
      for (const content of contents) {
        const download = await beginRequest(bench, node, FOREIGN_NAME)
        await completeDownload(bench, node, second, download, content, 'ring.request.found')
        bench.evidence(`${content.bytes.length} bytes received for request ${download.request}`)
      }
      const { files } = await node.state()
      bench.require(files.length === 0, {
        requirement: 'ring.control.state',
        expected: 'a file that was only requested is not stored here',
        actual: JSON.stringify(files),
      })
    },
  }),
  ringCase({
    id: 'ring.request.found/mebibyte-as-origin',
    also: ['common.tcp.body'],
    title: 'the node as origin receives a mebibyte',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'the bytes in a file of the folder',
    hint: 'Append each piece; do not build one string of them.',
    async run(bench: RingBench) {
      const { node, second } = await settle(bench)
      const download = await beginRequest(bench, node, FOREIGN_NAME)
      const content = randomContent(bench, 1_048_577)
      await completeDownload(bench, node, second, download, content, 'ring.request.found')
      bench.evidence(`${content.bytes.length} bytes received`)
    },
  }),
  ringCase({
    id: 'ring.request.not-found/as-origin',
    also: ['ring.request.ends'],
    title: 'a not-found from the owner ends the command with that code',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'the error not-found for tcp and udp, and no file',
    hint: 'not-found is an answer: do not wait for the timeout.',
    async run(bench: RingBench) {
      const { node, second } = await settle(bench)
      for (const transport of ['tcp', 'udp'] as const) {
        const download = await beginRequest(bench, node, FOREIGN_NAME, transport)
        await tell(second, node, notFoundMessage(download, SECOND))
        await requireFailure(
          bench,
          download.begun,
          ['not-found'],
          'ring.request.not-found',
          `after not-found from the owner (${transport})`,
        )
        bench.evidence(`request ${download.request} ended with not-found`)
      }
    },
  }),
  ringCase({
    id: 'ring.request.unasked/nobody-waits',
    title: 'answers that nobody waits for leave no file and no trace',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'the same state and no such bytes in the folder; the same file received when it was asked for',
    hint: 'Look for the waiting command first; without one discard the body.',
    async run(bench: RingBench) {
      const { node, near, second } = await settle(bench)
      const before = await node.state()
      const content = randomContent(bench, 400)
      const unasked = { request: 1, name: FOREIGN_NAME }
      await requireUnaskedRefused(second, node, fileMessage(unasked, SECOND, content), content.bytes, bench)
      await requireUnaskedRefused(second, node, notFoundMessage(unasked, SECOND), undefined, bench)
      const accept = { type: 'ring.store-accept', from: SECOND, ...unasked, route: ROUTE_TO_SECOND }
      await requireUnaskedRefused(second, node, accept, undefined, bench)
      await fence(bench, node, near)
      requireNone(bench, sent('ring.put'), {
        requirement: 'ring.request.unasked',
        expected: 'no put after a store-accept that nobody waited for',
      })
      await requireSameState(bench, node, before, 'ring.request.unasked', 'answers that nobody waited for')
      await requireDiscarded(bench, node, content.bytes, 'ring.request.unasked', 'the unasked file')
      const download = await beginRequest(bench, node, FOREIGN_NAME)
      await completeDownload(bench, node, second, download, content, 'ring.request.found')
      bench.evidence('taken when asked for')
    },
  }),
  ringCase({
    id: 'ring.request.unasked/other-request',
    title: 'a file for another number or another name does not end the waiting command',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'the command waits on, nothing is kept, and the right file ends it',
    hint: 'Both must fit: the request number and the name.',
    async run(bench: RingBench) {
      const { node, near, second } = await settle(bench)
      const download = await beginRequest(bench, node, FOREIGN_NAME)
      const wrong = randomContent(bench, 300)
      for (const other of [
        { request: download.request + 1, name: FOREIGN_NAME },
        { request: download.request, name: '0160' },
      ]) {
        await requireUnaskedRefused(second, node, fileMessage(other, SECOND, wrong), wrong.bytes, bench)
        await requireUnaskedRefused(second, node, notFoundMessage(other, SECOND), undefined, bench)
      }
      await fence(bench, node, near)
      requireWaiting(bench, download.begun, 'ring.request.unasked', 'the command to wait on')
      await requireDiscarded(bench, node, wrong.bytes, 'ring.request.unasked', 'files for other requests')
      const content = randomContent(bench, 200)
      await completeDownload(bench, node, second, download, content, 'ring.request.found')
      bench.evidence('the right file ended the command')
    },
  }),
  ringCase({
    id: 'ring.request.unasked/other-transport',
    also: ['ring.udp.offer'],
    title: 'a file over TCP does not answer a request by udp',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'the command waits on, nothing is kept, and not-found ends it',
    hint: 'Compare the transport as well.',
    async run(bench: RingBench) {
      const { node, near, second } = await settle(bench)
      const download = await beginRequest(bench, node, FOREIGN_NAME, 'udp')
      const wrong = randomContent(bench, 300)
      await requireUnaskedRefused(second, node, fileMessage(download, SECOND, wrong), wrong.bytes, bench)
      await fence(bench, node, near)
      requireWaiting(bench, download.begun, 'ring.request.unasked', 'the command to wait on')
      await requireDiscarded(bench, node, wrong.bytes, 'ring.request.unasked', 'a file by another transport')
      await tell(second, node, notFoundMessage(download, SECOND))
      await requireFailure(bench, download.begun, ['not-found'], 'ring.request.not-found', 'after not-found')
      bench.evidence('the file over TCP did not count')
    },
  }),
  ringCase({
    id: 'ring.request.unasked/store-accept-for-other-name',
    also: ['ring.store.place'],
    title: 'a store-accept for another name or number gets no content',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'no put for the wrong ones, a put for the right one',
    hint: 'Send content only for a store that waits, to the peer that accepted it.',
    async run(bench: RingBench) {
      const { node, near, second } = await settle(bench)
      const path = await writeContent(bench, 'content', randomContent(bench, 50))
      const store = begin(node, 'store', { name: FOREIGN_NAME, path })
      const lookup = await requireSent(bench, sentTo(FIRST, 'ring.store', { name: FOREIGN_NAME }), {
        requirement: 'ring.store.place',
        expected: 'the store at the first successor',
      })
      const request = Number(lookup.message?.request)
      const accept = { type: 'ring.store-accept', from: SECOND, route: ROUTE_TO_SECOND }
      await requireUnaskedRefused(second, node, { ...accept, name: '0160', request }, undefined, bench)
      await requireUnaskedRefused(
        second,
        node,
        { ...accept, name: FOREIGN_NAME, request: request + 1 },
        undefined,
        bench,
      )
      await fence(bench, node, near)
      requireNone(bench, sent('ring.put'), {
        requirement: 'ring.request.unasked',
        expected: 'no put for a store-accept that answers no command',
      })
      requireWaiting(bench, store, 'ring.request.unasked', 'the store to wait on')
      await tell(second, node, { ...accept, name: FOREIGN_NAME, request })
      const put = await requireSent(bench, sentTo(SECOND, 'ring.put', { request, name: FOREIGN_NAME }), {
        requirement: 'ring.store.place',
        expected: 'put after the right store-accept',
      })
      bench.evidence('put after the right store-accept only', put)
    },
  }),
  ringCase({
    id: 'ring.request.verify/digest',
    title: 'content that does not match its digest is not accepted',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'digest-mismatch and no such bytes in the folder; success for the same content with its digest',
    hint: 'Hash what arrived and compare before you report success; delete the file when it differs.',
    async run(bench: RingBench) {
      const { node, second } = await settle(bench)
      const content = randomContent(bench, 500)
      const wrongs = [
        digestOf(randomContent(bench, 500).bytes),
        // One bit off at the end: a comparison of the first digits would not notice.
        content.digest.slice(0, 63) + (content.digest.endsWith('0') ? '1' : '0'),
      ]
      for (const digest of wrongs) {
        const download = await beginRequest(bench, node, FOREIGN_NAME)
        await tell(second, node, { ...fileMessage(download, SECOND, content), digest }, content.bytes)
        await requireFailure(
          bench,
          download.begun,
          ['digest-mismatch'],
          'ring.request.verify',
          'for content that does not match its digest',
        )
        await requireDiscarded(bench, node, content.bytes, 'ring.request.verify', 'the wrong content')
      }
      const download = await beginRequest(bench, node, FOREIGN_NAME)
      await completeDownload(bench, node, second, download, content, 'ring.request.verify')
      bench.evidence('digest-mismatch twice, success with the right digest')
    },
  }),
  ringCase({
    id: 'ring.request.verify/ends-early',
    also: ['common.tcp.cut'],
    title: 'a body that ends early fails the command and is discarded',
    stage: 3,
    observes: ['wire', 'control'],
    evidence:
      'transfer-failed after an early end and after a reset, nothing kept; success for the whole body',
    hint: 'The end of the connection is not the end of the file: count the bytes.',
    async run(bench: RingBench) {
      const { node, second } = await settle(bench)
      const content = randomContent(bench, 5000)
      for (const [what, sentBytes] of [
        ['an early end after 4,999 of 5,000 bytes', 4999],
        ['an early end before the first byte', 0],
        ['a reset after 3,000 of 5,000 bytes', 3000],
      ] as const) {
        const download = await beginRequest(bench, node, FOREIGN_NAME)
        const connection = await second.connect(node)
        await connection.sendBytes(`${JSON.stringify(fileMessage(download, SECOND, content))}\n`)
        await connection.sendBytes(content.bytes.subarray(0, sentBytes))
        if (what.startsWith('a reset')) connection.reset()
        else connection.end()
        await requireFailure(
          bench,
          download.begun,
          ['transfer-failed'],
          'ring.request.verify',
          `after ${what}`,
        )
        await requireDiscarded(bench, node, content.bytes, 'ring.request.verify', `the part after ${what}`)
      }
      const download = await beginRequest(bench, node, FOREIGN_NAME)
      await completeDownload(bench, node, second, download, content, 'ring.request.verify')
      bench.evidence('three cut transfers failed, the whole one succeeded')
    },
  }),
  ringCase({
    id: 'ring.request.ends/timeout',
    title: 'a command that nobody answers ends with timeout, not before its time',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'the error timeout for store and request after requestTimeoutMs',
    hint: 'Start a timer for each command.',
    async run(bench: RingBench) {
      const requestTimeoutMs = 2 * bench.timing.pingIntervalMs
      const { node, near } = await settle(bench, { requestTimeoutMs })
      const path = await writeContent(bench, 'content', randomContent(bench, 8))
      await fence(bench, node, near)
      const begunAtMs = bench.frames.at(-1)?.atMs ?? 0
      const commands = [
        begin(node, 'request', { name: FOREIGN_NAME, transport: 'tcp' }),
        begin(node, 'request', { name: FOREIGN_NAME, transport: 'udp' }),
        begin(node, 'store', { name: FOREIGN_NAME, path }),
      ]
      for (const command of commands) {
        await requireFailure(bench, command, ['timeout'], 'ring.request.ends', 'when nobody answers')
      }
      await fence(bench, node, near)
      const elapsedMs = (bench.frames.at(-1)?.atMs ?? 0) - begunAtMs
      bench.require(elapsedMs >= requestTimeoutMs * 0.9, {
        requirement: 'ring.request.ends',
        expected: `timeout not before ${requestTimeoutMs} ms`,
        actual: `${Math.round(elapsedMs)} ms`,
      })
      bench.evidence(`three timeouts within ${Math.round(elapsedMs)} ms`)
    },
  }),
  ringCase({
    id: 'ring.request.ends/progress',
    also: ['ring.request.found'],
    title: 'a slow transfer that goes on does not time out',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'success of a transfer that took longer than requestTimeoutMs, piece by piece',
    hint: 'The timeout runs from the last progress, not from the beginning.',
    async run(bench: RingBench) {
      const requestTimeoutMs = 6 * bench.timing.pingIntervalMs
      const { node, near, second } = await settle(bench, { requestTimeoutMs })
      const content = randomContent(bench, 1200)
      const download = await beginRequest(bench, node, FOREIGN_NAME)
      const connection = await second.connect(node)
      await connection.sendBytes(`${JSON.stringify(fileMessage(download, SECOND, content))}\n`)
      for (let at = 0; at < 1200; at += 100) {
        await connection.sendBytes(content.bytes.subarray(at, at + 100))
        await bench.quiet(() => false, requestTimeoutMs / 8)
      }
      const result = await requireSuccess(
        bench,
        download.begun,
        'ring.request.ends',
        'success: there was progress all the time',
      )
      await requireReceivedFile(bench, node, result, content, 'ring.request.found')
      await fence(bench, node, near)
      bench.evidence('12 pieces over one and a half timeouts')
    },
  }),
  ringCase({
    id: 'ring.request.ends/stalls',
    also: ['ring.request.verify'],
    title: 'a transfer that stops half way ends with timeout and leaves nothing behind',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'a definite error while the connection stays open, no bytes kept, and a good transfer after it',
    hint: 'Let the timer run also while you wait for the rest of a body.',
    async run(bench: RingBench) {
      const { node, second } = await settle(bench, shortTimeout(bench))
      const content = randomContent(bench, 900)
      const stalled = await beginRequest(bench, node, FOREIGN_NAME)
      const connection = await second.connect(node)
      await connection.sendBytes(`${JSON.stringify(fileMessage(stalled, SECOND, content))}\n`)
      await connection.sendBytes(content.bytes.subarray(0, 800))
      await requireFailure(
        bench,
        stalled.begun,
        ['timeout', 'transfer-failed'],
        'ring.request.ends',
        'when a transfer stops half way',
      )
      await requireDiscarded(bench, node, content.bytes, 'ring.request.verify', 'the half transfer')
      const download = await beginRequest(bench, node, FOREIGN_NAME)
      await completeDownload(bench, node, second, download, content, 'ring.request.found')
      bench.evidence('ended without the owner, and went on')
    },
  }),
  ringCase({
    id: 'ring.request.ends/stop',
    also: ['control.stop', 'control.reply'],
    title: 'commands that still wait when the peer stops end with not-started',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'their messages on the wire, and not-started for a request and a store when stop comes',
    hint: 'Answer every waiting command before you answer stop.',
    async run(bench: RingBench) {
      const { node } = await settle(bench)
      const path = await writeContent(bench, 'content', randomContent(bench, 8))
      const { begun: request } = await beginRequest(bench, node, FOREIGN_NAME)
      const store = begin(node, 'store', { name: FOREIGN_NAME, path })
      const lookup = await requireSent(bench, sentTo(FIRST, 'ring.store'), {
        requirement: 'ring.store.place',
        expected: 'the store at the first successor',
      })
      await node.stop()
      await requireFailure(bench, request, ['not-started'], 'ring.request.ends', 'when the peer stops')
      await requireFailure(bench, store, ['not-started'], 'ring.request.ends', 'when the peer stops')
      bench.evidence('both ended with the peer', lookup)
    },
  }),
  ringCase({
    id: 'ring.request.ends/not-in-ring',
    title: 'store and request of a peer in no ring fail with not-in-ring',
    stage: 2,
    observes: ['control'],
    evidence: 'not-in-ring for both before init, success after it',
    hint: 'Without successors there is nobody to ask; say so at once.',
    async run(bench: RingBench) {
      await bench.ids([SELF, FIRST])
      const node = await bench.node(SELF, { config: { pingIntervalMs: bench.timing.idlePingIntervalMs } })
      const path = await writeContent(bench, 'content', randomContent(bench, 8))
      for (const [command, args] of [
        ['store', { name: OWN_NAME, path }],
        ['request', { name: OWN_NAME, transport: 'tcp' }],
      ] as const) {
        const code = codeOf(await node.rawCommand(command, args))
        bench.require(code === 'not-in-ring', {
          requirement: 'ring.request.ends',
          expected: `not-in-ring for ${command}`,
          actual: code,
        })
      }
      await node.command('init', { successors: [SELF, SELF] })
      await node.command('store', { name: OWN_NAME, path })
      bench.evidence('not-in-ring before init, stored after it')
    },
  }),
  ringCase({
    id: 'ring.request.ends/out-of-order',
    also: ['ring.request.found', 'ring.route.forward'],
    title: '20 requests at once, answered in reverse order',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'each command ends with its own content',
    hint: 'Find the command by the request number of the answer; do not expect answers in order.',
    async run(bench: RingBench) {
      const { node, second } = await settle(bench)
      const downloads = []
      for (let i = 0; i < 20; i += 1) {
        // Names repeat: two commands may wait for the same file.
        downloads.push(await beginRequest(bench, node, String(150 + (i % 15)).padStart(4, '0')))
      }
      bench.require(new Set(downloads.map(({ request }) => request)).size === 20, {
        requirement: 'ring.route.forward',
        expected: '20 different request numbers',
        actual: JSON.stringify(downloads.map(({ request }) => request)),
      })
      for (const [i, download] of [...downloads.entries()].toReversed()) {
        const content = contentOf(Buffer.from(`content ${i} of ${download.name}`))
        await completeDownload(bench, node, second, download, content, 'ring.request.ends')
      }
      bench.evidence('20 commands, each with its own content')
    },
  }),
  ringCase({
    id: 'ring.request.ends/side-by-side',
    also: ['ring.store.place', 'ring.request.self'],
    title: 'while commands wait, others are served and messages are answered',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'pong, own store, own request and a foreign request while a body is half received',
    hint: 'Nothing may block while it waits for the network.',
    async run(bench: RingBench) {
      const { node, near, second, other } = await settle(bench)
      const waiting = await beginRequest(bench, node, FOREIGN_NAME)
      const content = randomContent(bench, 600)
      const connection = await second.connect(node)
      await connection.sendBytes(`${JSON.stringify(fileMessage(waiting, SECOND, content))}\n`)
      await connection.sendBytes(content.bytes.subarray(0, 300))
      await fence(bench, node, near)
      await storeOwn(bench, node, OWN_NAME, content)
      await requireSuccess(
        bench,
        begin(node, 'request', { name: OWN_NAME, transport: 'tcp' }),
        'ring.request.ends',
        'an own request beside the waiting one',
      )
      const forwarded = { request: 77, name: '0161' }
      await tell(near, node, {
        type: 'ring.request',
        from: NEAR,
        origin: OTHER,
        ...forwarded,
        transport: 'tcp',
        route: [OTHER, NEAR],
      })
      await requireSent(bench, sentTo(FIRST, 'ring.request', forwarded), {
        requirement: 'ring.route.forward',
        expected: 'a foreign request sent on beside the waiting one',
      })
      requireWaiting(bench, waiting.begun, 'ring.request.ends', 'the first command to wait')
      await connection.sendBytes(content.bytes.subarray(300))
      const result = await requireSuccess(bench, waiting.begun, 'ring.request.ends', 'success in the end')
      await requireReceivedFile(bench, node, result, content, 'ring.request.found')
      bench.evidence(`four things done beside a half received body; ${other.id} looked on`)
    },
  }),
  ringCase({
    id: 'ring.request.ends/unreachable-owner',
    also: ['ring.store.place'],
    title: 'a store whose owner cannot be reached fails with a definite error',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'an error of the table after store-accept from an owner that refuses connections',
    hint: 'A refused connection is an answer: fail the command, or keep trying until the timeout.',
    async run(bench: RingBench) {
      const { node, second } = await settle(bench, { requestTimeoutMs: 3 * bench.timing.pingIntervalMs })
      const path = await writeContent(bench, 'content', randomContent(bench, 8))
      const store = begin(node, 'store', { name: FOREIGN_NAME, path })
      const lookup = await requireSent(bench, sentTo(FIRST, 'ring.store', { name: FOREIGN_NAME }), {
        requirement: 'ring.store.place',
        expected: 'the store at the first successor',
      })
      const accepting = await second.connect(node)
      second.listening = false
      await accepting.send({
        type: 'ring.store-accept',
        from: SECOND,
        name: FOREIGN_NAME,
        request: Number(lookup.message?.request),
        route: ROUTE_TO_SECOND,
      })
      const codes = ['unreachable', 'timeout', 'transfer-failed']
      await requireFailure(bench, store, codes, 'ring.request.ends', 'when the owner cannot be reached')
      bench.evidence('the store ended', lookup)
    },
  }),
]
