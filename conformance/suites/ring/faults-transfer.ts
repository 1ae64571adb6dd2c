// Transfers over links with faults. Two nodes, one file; the verdict is about bytes on disk: right, or a definite failure
// and nothing left behind. Links that merely lose, repeat, delay or reorder must not cost a transfer.

import type { RingResult } from '../../../spec/ring/control.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { Faults } from '../../wire/relay.ts'
import { type Outcome, requireFailure, requireSuccess } from '../outcome.ts'
import { ringCase } from './define.ts'
import { framesOf } from './frames.ts'
import { randomContent, requireReceivedFile, writeContent } from './procedures/content.ts'
import { allOf, since } from './procedures/evidence.ts'
import { begin } from './procedures/outcome.ts'
import { idlePings } from './procedures/pace.ts'
import { type Nodes, nodeOf } from './procedures/ring-at-rest.ts'
import { fetchFile, storeFile, type Transport } from './procedures/round-trip.ts'
import { stage } from './procedures/stages.ts'
import { requireDiscarded } from './procedures/standstill.ts'

const ASKER = 40
const OWNER = 200
/** Its key, 150, belongs to 200. */
const NAME = '0150'
const MSS = 100
/** Transfers until a link has touched a datagram: one that is kind to all fifty of a transfer has shown nothing yet. */
const ATTEMPTS_MAX = 5

const pair = (bench: RingBench): Promise<Nodes> =>
  bench.cluster([ASKER, OWNER], {
    config: {
      ...idlePings(bench),
      mss: MSS,
      retransmitTimeoutMs: Math.max(5, Math.round(bench.timing.retransmitTimeoutMs / 2)),
      // Nobody gives up: with every third message lost, hundred losses in a row do not happen.
      retransmissionsMax: 100,
    },
  })

const setBothWays = (bench: RingBench, faults: Faults): void => {
  bench.link(ASKER, OWNER).set(faults)
  bench.link(OWNER, ASKER).set(faults)
}

const isOfTransfer = (message: Readonly<Record<string, unknown>> | undefined): boolean =>
  message?.type !== 'ring.ping' && message?.type !== 'ring.pong'

/** Frames that a fault has touched, as the relay noted. */
const touched = (bench: RingBench, start: number): number =>
  framesOf(
    bench,
    allOf(since(start), (frame) => frame.transport === 'udp' && frame.fate !== 'passed'),
  ).length

/** Faults of datagrams that a stop-and-wait transfer must survive. */
const survives = (slug: string, title: string, faults: Omit<Faults, 'only'>, also: readonly string[]): Case =>
  ringCase({
    id: `ring.udp.retransmit/${slug}`,
    title,
    also: ['ring.udp.verify', 'ring.udp.duplicate', 'ring.udp.stop-and-wait', ...also],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'datagrams that the link touched, and a file that arrived byte for byte',
    hint: 'Send again what is not acknowledged; acknowledge again what comes again; take only what comes next.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await pair(bench)
      const content = randomContent(bench, 15 * MSS + 37)
      await storeFile(bench, nodes, OWNER, NAME, content)
      const start = bench.frames.length
      setBothWays(bench, { ...faults, only: isOfTransfer })
      for (let n = 0; n < ATTEMPTS_MAX && touched(bench, start) === 0; n++)
        await fetchFile(bench, nodes, ASKER, NAME, 'udp', content)
      bench.evidence(`${touched(bench, start)} datagrams touched by the link`)
    },
  })

/** Faults that change bytes: the right file or a definite failure, and afterwards a transfer that succeeds. */
const survivesOrFails = (slug: string, title: string, faults: Omit<Faults, 'only'>): Case =>
  ringCase({
    id: `ring.udp.verify/${slug}`,
    title,
    also: ['ring.udp.retransmit', 'common.udp.malformed'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence:
      'datagrams that the link touched; the right bytes or a definite error; a transfer that succeeds on a whole link',
    hint: 'Compare size and digest before you report success; drop what is no valid message.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await pair(bench)
      const asker = nodeOf(nodes, ASKER)
      const content = randomContent(bench, 15 * MSS + 37)
      await storeFile(bench, nodes, OWNER, NAME, content)
      const start = bench.frames.length
      setBothWays(bench, { ...faults, only: isOfTransfer })
      let outcome: Outcome<RingResult<'request'>>
      let attempts = 0
      do {
        attempts += 1
        outcome = await begin(asker, 'request', { name: NAME, transport: 'udp' }).outcome
        if (outcome.ok) await requireReceivedFile(bench, asker, outcome.result, content, 'ring.udp.verify')
      } while (outcome.ok && touched(bench, start) === 0 && attempts < ATTEMPTS_MAX)
      // After an earlier success the same bytes lie there by right.
      if (!outcome.ok && attempts === 1)
        await requireDiscarded(bench, asker, content.bytes, 'ring.udp.verify', 'a transfer that failed')
      bench.evidence(
        `${touched(bench, start)} datagrams touched: ${outcome.ok ? 'the right bytes' : `the error ${outcome.code}`}`,
      )
      setBothWays(bench, {})
      await fetchFile(bench, nodes, ASKER, NAME, 'udp', content)
    },
  })

/** A download that is cut in the middle of the body. */
const cutDownload = (slug: string, title: string, faults: Faults): Case =>
  ringCase({
    id: `ring.request.verify/${slug}`,
    title,
    also: ['common.tcp.cut', 'ring.request.found'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'the error transfer-failed, nothing of the file in the folder; then a transfer that succeeds',
    hint: 'Write to a temporary file, compare size and digest, rename; remove it when the connection ends early.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await pair(bench)
      const asker = nodeOf(nodes, ASKER)
      const content = randomContent(bench, 20_000)
      await storeFile(bench, nodes, OWNER, NAME, content)
      bench.link(OWNER, ASKER).set(faults)
      const command = begin(asker, 'request', { name: NAME, transport: 'tcp' })
      await requireFailure(
        bench,
        command,
        ['transfer-failed'],
        'ring.request.verify',
        'when the connection ends within the body',
      )
      await requireDiscarded(bench, asker, content.bytes, 'ring.request.verify', 'a transfer that failed')
      bench.link(OWNER, ASKER).set({})
      await fetchFile(bench, nodes, ASKER, NAME, 'tcp', content)
    },
  })

/** An upload that is cut in the middle of the body. */
const cutUpload = (slug: string, title: string, faults: Faults): Case =>
  ringCase({
    id: `common.tcp.cut/${slug}`,
    title,
    also: ['ring.store.place', 'ring.request.not-found'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'a store that fails, no such file at the owner; then a store that succeeds',
    hint: 'A file exists only when all its bytes have come and its digest is right.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await pair(bench)
      const [asker, owner] = [nodeOf(nodes, ASKER), nodeOf(nodes, OWNER)]
      const content = randomContent(bench, 20_000)
      const path = await writeContent(bench, 'upload', content)
      bench.link(ASKER, OWNER).set(faults)
      await requireFailure(
        bench,
        begin(asker, 'store', { name: NAME, path }),
        ['transfer-failed', 'unreachable', 'timeout'],
        'ring.store.place',
        'when the connection of put ends within the body',
      )
      const { files } = await owner.state()
      bench.require(!files.includes(NAME), {
        requirement: 'common.tcp.cut',
        expected: `no ${NAME} at the owner after half a body`,
        actual: JSON.stringify(files),
      })
      await requireDiscarded(bench, owner, content.bytes, 'common.tcp.cut', 'half an upload')
      bench.link(ASKER, OWNER).set({})
      await requireFailure(
        bench,
        begin(asker, 'request', { name: NAME, transport: 'tcp' }),
        ['not-found'],
        'ring.request.not-found',
        'after a store that failed',
      )
      await storeFile(bench, nodes, ASKER, NAME, content)
      await fetchFile(bench, nodes, ASKER, NAME, 'tcp', content)
    },
  })

const TRANSPORTS: readonly Transport[] = ['tcp', 'udp']

export const faultsTransferCases: readonly Case[] = [
  survives('loss-10', 'a UDP transfer over links that lose every tenth datagram', { drop: 0.1 }, [
    'ring.udp.late-end',
  ]),
  survives('loss-30', 'a UDP transfer over links that lose almost every third datagram', { drop: 0.3 }, [
    'ring.udp.late-end',
  ]),
  survives(
    'duplicated',
    'a UDP transfer over links that deliver half of the datagrams twice',
    { duplicate: 0.5 },
    [],
  ),
  survives('reordered', 'a UDP transfer over links that change the order', { reorder: 0.3 }, []),
  survives('delayed', 'a UDP transfer over links that delay by up to two timeouts', { jitterMs: 80 }, []),
  survives(
    'everything',
    'a UDP transfer over links that lose, repeat, delay and reorder',
    { drop: 0.1, duplicate: 0.2, reorder: 0.1, jitterMs: 20 },
    ['ring.udp.late-end'],
  ),
  survivesOrFails('corrupted', 'a UDP transfer over links that change a byte in every tenth datagram', {
    corrupt: 0.1,
  }),
  survivesOrFails('truncated', 'a UDP transfer over links that cut off the end of every fifth datagram', {
    truncate: 0.2,
  }),
  ringCase({
    id: 'common.tcp.framing/one-byte-pieces',
    title: 'store, request and transfer over links that hand over TCP byte by byte',
    also: ['common.tcp.body', 'ring.store.place', 'ring.request.found'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'put and file with the right content, the bytes on disk',
    hint: 'Gather bytes until the LF, then exactly bodyLength bytes: one read is not one message.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await pair(bench)
      setBothWays(bench, { tcpChunkBytes: 1 })
      const content = randomContent(bench, 700)
      await storeFile(bench, nodes, ASKER, NAME, content)
      await fetchFile(bench, nodes, ASKER, NAME, 'tcp', content)
    },
  }),
  ringCase({
    id: 'common.tcp.framing/small-pieces',
    title: 'a larger file over links that hand over TCP in pieces of 61 bytes',
    also: ['common.tcp.body', 'ring.store.place', 'ring.request.found'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'put and file with the right content, the bytes on disk',
    hint: 'The first piece of a body may come together with its line, and the next line with its last piece.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await pair(bench)
      setBothWays(bench, { tcpChunkBytes: 61 })
      const content = randomContent(bench, 9000)
      await storeFile(bench, nodes, ASKER, NAME, content)
      await fetchFile(bench, nodes, ASKER, NAME, 'tcp', content)
    },
  }),
  cutDownload('reset-in-body', 'the connection of file is reset in the middle of the body', {
    tcpResetAfterBytes: 8000,
  }),
  cutDownload('end-in-body', 'the connection of file ends in the middle of the body', {
    tcpTruncateAfterBytes: 8000,
  }),
  cutUpload('put-reset-in-body', 'the connection of put is reset in the middle of the body', {
    tcpResetAfterBytes: 8000,
  }),
  cutUpload('put-end-in-body', 'the connection of put ends in the middle of the body', {
    tcpTruncateAfterBytes: 8000,
  }),
  ringCase({
    id: 'ring.request.ends/black-hole',
    title:
      'a link swallows everything: the command ends with an error, others are served meanwhile, and later it works',
    also: ['common.tcp.slow', 'ring.request.found'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'a definite error; a reply and a request of its own meanwhile; a transfer on the healed link',
    hint: 'A connection on which nothing comes must not hold up anything else; give a command up when its time is over.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await bench.cluster([ASKER, OWNER], {
        config: { ...idlePings(bench), requestTimeoutMs: 8 * bench.timing.pingIntervalMs },
      })
      const asker = nodeOf(nodes, ASKER)
      const content = randomContent(bench, 500)
      await storeFile(bench, nodes, OWNER, NAME, content)
      setBothWays(bench, { tcpBlackhole: true })
      const waiting = begin(asker, 'request', { name: NAME, transport: 'tcp' })
      const own = { name: '0010', content: randomContent(bench, 300) }
      await storeFile(bench, nodes, ASKER, own.name, own.content)
      await fetchFile(bench, nodes, ASKER, own.name, 'tcp', own.content)
      bench.require(waiting.settled() === undefined || !waiting.settled()?.ok, {
        requirement: 'ring.request.ends',
        expected: 'no file through a black hole',
        actual: 'success',
      })
      await requireFailure(
        bench,
        waiting,
        ['timeout', 'unreachable', 'transfer-failed', 'no-owner'],
        'ring.request.ends',
        'when a link swallows everything',
      )
      setBothWays(bench, {})
      // Connections that the program kept are dead for good; it may need a try to find out.
      const healed = await bench.until(async () => {
        const { ok } = await begin(asker, 'request', { name: NAME, transport: 'tcp' }).outcome
        return ok
      })
      bench.require(healed, {
        requirement: 'ring.request.ends',
        expected: 'a request that succeeds on the healed link',
        actual: 'none succeeds',
      })
      await fetchFile(bench, nodes, ASKER, NAME, 'tcp', content)
    },
  }),
  ringCase({
    id: 'ring.request.ends/many-at-once',
    title: 'forty requests at once over links that lose and delay datagrams all end, with the right bytes',
    also: ['ring.udp.retransmit', 'ring.udp.verify', 'ring.request.found'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'forty results with the right digest',
    hint: 'Commands run beside each other; tell transfers apart by owner and number.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await pair(bench)
      const content = randomContent(bench, 3 * MSS)
      await storeFile(bench, nodes, OWNER, NAME, content)
      setBothWays(bench, { drop: 0.05, jitterMs: 5, only: isOfTransfer })
      const commands = Array.from({ length: 40 }, (_, n) =>
        begin(nodeOf(nodes, ASKER), 'request', { name: NAME, transport: TRANSPORTS[n % 2] ?? 'tcp' }),
      )
      for (const command of commands) {
        const result = await requireSuccess(
          bench,
          command,
          'ring.request.ends',
          'each of forty requests to succeed',
        )
        await requireReceivedFile(bench, nodeOf(nodes, ASKER), result, content, 'ring.request.ends')
      }
      bench.evidence('forty requests at once, each with the right bytes')
    },
  }),
]
