// UDP transfer with the node as requester and a probe as owner: ring.md section 10, the side that only answers.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { ringCase } from './define.ts'
import { framesOf, integerField, requireFields, requireNone, requireSent, sent, sentTo } from './frames.ts'
import { FOREIGN_NAME, type Neighbourhood, OTHER, SECOND, settle, shortTimeout } from './neighbourhood.ts'
import {
  type Content,
  contentOf,
  digestOf,
  everyByte,
  randomContent,
  requireReceivedFile,
} from './procedures/content.ts'
import { ROUTE_TO_SECOND } from './procedures/download.ts'
import { fence, requireDiscarded, requireNever, requireSameState } from './procedures/standstill.ts'
import { strangerOf } from './procedures/strangers.ts'
import { UdpOwner } from './procedures/udp-owner.ts'

interface Requesting extends Neighbourhood {
  readonly owner: UdpOwner
  readonly content: Content
}

/** A node that requests a file of `size` bytes by UDP; peer 180 is going to send it in segments of `mss` bytes. */
async function requesting(
  bench: RingBench,
  size: number,
  mss: number,
  config: Readonly<Record<string, unknown>> = {},
  options: { readonly requirement?: string } = {},
): Promise<Requesting> {
  const hood = await settle(bench, config)
  const content = randomContent(bench, size)
  return { ...hood, content, owner: await requestFrom(bench, hood, content, mss, options) }
}

const requestFrom = (
  bench: RingBench,
  { node, second }: Neighbourhood,
  content: Content,
  mss: number,
  options: { readonly name?: string; readonly requirement?: string } = {},
): Promise<UdpOwner> =>
  UdpOwner.requested(bench, node, { owner: second, name: FOREIGN_NAME, content, mss, ...options })

/** The command succeeded with the owner's content. */
async function requireReceived(
  bench: RingBench,
  { node }: Neighbourhood,
  owner: UdpOwner,
  content: Content,
  requirement: string,
): Promise<void> {
  const result = await requireSuccess(bench, owner.download.begun, requirement, 'success after end')
  bench.require(result.owner === SECOND && JSON.stringify(result.route) === JSON.stringify(ROUTE_TO_SECOND), {
    requirement: 'ring.udp.offer',
    expected: `owner ${SECOND} and route ${JSON.stringify(ROUTE_TO_SECOND)} of the offer`,
    actual: `owner ${result.owner} and route ${JSON.stringify(result.route)}`,
  })
  await requireReceivedFile(bench, node, result, content, requirement)
}

/** Receives a file and requires one ack for each segment, with the right value, and one for end. */
async function requireExactAcks(bench: RingBench, content: Content, mss: number): Promise<void> {
  const hood = await settle(bench)
  const owner = await requestFrom(bench, hood, content, mss)
  await owner.open()
  for (const seq of owner.seqs) {
    const ack = await owner.deliver(seq)
    requireFields(bench, ack, 'ring.udp.sequence', { ack: Math.min(seq + mss, owner.size + 1) })
  }
  await owner.end()
  const last = await owner.endAck()
  await requireReceived(bench, hood, owner, content, 'ring.udp.end')
  const acks = framesOf(bench, owner.answers('ring.ack'))
  bench.require(acks.length === owner.seqs.length + 1, {
    requirement: 'ring.udp.sequence',
    expected: `${owner.seqs.length} acks of segments and one of end`,
    actual: acks.map((frame) => String(frame.message?.ack)).join(', '),
  })
  bench.evidence(`${owner.size} bytes in ${owner.seqs.length} segments`, last)
}

const sizeCase = (slug: string, size: number, mss: number, title: string): Case =>
  ringCase({
    id: `ring.udp.sequence/${slug}`,
    also: ['ring.udp.end', 'ring.udp.offer', 'ring.udp.verify'],
    title,
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'an ack with seq + bytes for each segment, seq + 1 for end, and the file in the folder',
    hint: 'ack is the number of the next byte that you expect; end takes one number of its own.',
    run: (bench) => requireExactAcks(bench, randomContent(bench, size), mss),
  })

export const udpRequesterCases: readonly Case[] = [
  ringCase({
    id: 'ring.udp.offer/ready',
    title: 'an offer for a waiting request is answered with ready, a repeated one too',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'three readies to three offers, and one file at the end',
    hint: 'The owner repeats its offer when your ready is lost: answer again, and do not begin anew.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 150, 100)
      const { owner, content } = hood
      for (const count of [1, 2, 3]) {
        await owner.offer()
        const ready = await owner.ready(count)
        bench.evidence(`ready number ${count}`, ready)
      }
      await owner.deliver(1)
      // A late copy of the offer, in the middle of the transfer, must not throw away what arrived.
      await owner.offer()
      await owner.ready(4)
      await owner.deliver(101)
      await owner.end()
      await owner.endAck()
      await requireReceived(bench, hood, owner, content, 'ring.udp.offer')
    },
  }),
  ringCase({
    id: 'ring.udp.offer/nobody-waits',
    title: 'an offer that nobody waits for is dropped',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'no ready to offers for another request or name, ready to the right one',
    hint: 'Both must fit a waiting command: request and name.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 50, 100)
      const { node, near, owner, content } = hood
      await owner.offer({ transfer: 9001, request: owner.download.request + 1 })
      await owner.offer({ transfer: 9002, name: '0160' })
      await requireNever(
        bench,
        sent('ring.ready'),
        { requirement: 'ring.udp.offer', expected: 'no ready to offers that nobody waits for' },
        () => fence(bench, node, near),
      )
      requireWaiting(bench, owner.download.begun, 'ring.udp.offer', 'the command to wait on')
      bench.evidence('ready to the right offer', await owner.send())
      await requireReceived(bench, hood, owner, content, 'ring.udp.offer')
    },
  }),
  ringCase({
    id: 'ring.udp.offer/no-request',
    title: 'a node that requested nothing takes no offer, no data and no end',
    stage: 4,
    observes: ['wire', 'control'],
    evidence:
      'no ready, no ack, the same state and no bytes in the folder; a transfer that was requested works',
    hint: 'Data without an accepted offer belongs to no transfer.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const { node, near, second } = hood
      const before = await node.state()
      const content = randomContent(bench, 80)
      const own = { from: SECOND, transfer: 77 }
      await second.sendUdp(node, {
        type: 'ring.offer',
        ...own,
        request: 1,
        name: FOREIGN_NAME,
        size: 80,
        digest: content.digest,
        mss: 100,
        route: ROUTE_TO_SECOND,
      })
      await second.sendUdp(node, {
        type: 'ring.data',
        ...own,
        seq: 1,
        data: Buffer.from(content.bytes).toString('base64'),
      })
      await second.sendUdp(node, { type: 'ring.end', ...own, seq: 81 })
      await requireNever(
        bench,
        (frame) => sent('ring.ready')(frame) || sent('ring.ack')(frame),
        { requirement: 'ring.udp.offer', expected: 'no ready and no ack without a request' },
        () => fence(bench, node, near),
      )
      await requireSameState(bench, node, before, 'ring.udp.offer', 'a transfer that nobody asked for')
      await requireDiscarded(
        bench,
        node,
        content.bytes,
        'ring.udp.offer',
        'the transfer that nobody asked for',
      )
      const owner = await requestFrom(bench, hood, content, 100)
      bench.evidence('requested, and received', await owner.send())
      await requireReceived(bench, hood, owner, content, 'ring.udp.offer')
    },
  }),
  sizeCase('one-byte', 1, 100, 'receives one byte'),
  sizeCase('mss-minus-one', 99, 100, 'receives one byte less than a segment'),
  sizeCase('mss', 100, 100, 'receives exactly one segment'),
  sizeCase('mss-plus-one', 101, 100, 'receives one byte more than a segment'),
  sizeCase('three-segments', 300, 100, 'receives exactly three segments'),
  sizeCase(
    'largest-segments',
    9000,
    4096,
    "receives segments of 4,096 bytes, whatever the node's own mss is",
  ),
  ringCase({
    id: 'ring.udp.sequence/every-byte',
    also: ['ring.udp.verify'],
    title: 'receives every byte value in segments of one and of seven bytes',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'an ack for each segment and the file in the folder',
    hint: 'Decode base64 to bytes and write bytes; no text in between.',
    run: (bench) => requireExactAcks(bench, everyByte(), 7),
  }),
  ringCase({
    id: 'ring.udp.end/receives-empty-file',
    also: ['ring.udp.offer', 'ring.udp.verify'],
    title: 'receives an empty file: offer, ready, end, ack',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'ack 2 for end with seq 1, and an empty file in the folder',
    hint: 'A file without a segment is a file; create it.',
    run: (bench) => requireExactAcks(bench, contentOf(new Uint8Array()), 100),
  }),
  ringCase({
    id: 'ring.udp.end/only-end-ends',
    title: 'neither a short segment nor the last byte ends the file',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'no reply of the command before end, success after it, for a short and for a full last segment',
    hint: 'Only the message end tells that the file is complete.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      for (const size of [150, 200]) {
        const content = randomContent(bench, size)
        const owner = await requestFrom(bench, hood, content, 100)
        await owner.open()
        await owner.deliver(1)
        await owner.deliver(101)
        await bench.quiet(() => false, bench.timing.quietMs / 3)
        await fence(bench, hood.node, hood.near)
        requireWaiting(bench, owner.download.begun, 'ring.udp.end', 'no reply before end')
        await owner.end()
        const ack = await owner.endAck()
        await requireReceived(bench, hood, owner, content, 'ring.udp.end')
        bench.evidence(`${size} bytes reported after end`, ack)
      }
    },
  }),
  ringCase({
    id: 'ring.udp.duplicate/acknowledged-again',
    title: 'a segment that comes again is acknowledged again and not written twice',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'three acks for three copies of each segment, and a file with each byte once',
    hint: 'Compare seq with the next byte that you expect: below it, acknowledge and throw away.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 250, 100)
      const { owner, content } = hood
      await owner.open()
      for (const seq of owner.seqs) {
        for (const count of [1, 2, 3]) {
          const ack = await owner.data(seq)
          bench.evidence(`ack ${ack} number ${count}`, await owner.ack(ack, count, 'ring.udp.duplicate'))
        }
      }
      // An old segment once more, long after its successor: the reordered copy of the network.
      await owner.data(1)
      await owner.ack(101, 4, 'ring.udp.duplicate')
      await owner.end()
      await owner.endAck()
      await requireReceived(bench, hood, owner, content, 'ring.udp.duplicate')
    },
  }),
  ringCase({
    id: 'ring.udp.duplicate/content-of-the-first',
    title: 'a repeated segment does not overwrite what was written',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'an ack for a copy with other content, and the first content in the file',
    hint: 'What you already have is acknowledged, not written.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 200, 100)
      const { owner, content } = hood
      await owner.open()
      await owner.deliver(1)
      await owner.data(1, { bytes: new Uint8Array(100) })
      const ack = await owner.ack(101, 2, 'ring.udp.duplicate')
      await owner.deliver(101)
      await owner.data(101, { bytes: new Uint8Array(100) })
      await owner.ack(201, 2, 'ring.udp.duplicate')
      await owner.end()
      await owner.endAck()
      await requireReceived(bench, hood, owner, content, 'ring.udp.duplicate')
      bench.evidence('acknowledged, not written', ack)
    },
  }),
  ringCase({
    id: 'ring.udp.duplicate/ahead',
    title: 'a segment beyond the next expected byte is neither acknowledged nor written',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'no ack for segments ahead, an ack for the expected one, and an intact file',
    hint: 'Stop-and-wait has no buffer for what comes too early: ignore it.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 400, 100)
      const { node, near, owner, content } = hood
      await owner.open()
      await owner.data(101)
      await owner.deliver(1)
      await owner.data(201, { bytes: new Uint8Array(100) })
      await owner.data(301)
      await owner.data(102)
      await requireNever(
        bench,
        (frame) => owner.answers('ring.ack')(frame) && integerField(frame, 'ack') > 101,
        { requirement: 'ring.udp.duplicate', expected: 'no ack for a segment ahead' },
        () => fence(bench, node, near),
      )
      for (const seq of [101, 201, 301])
        bench.evidence(`segment ${seq} in its turn`, await owner.deliver(seq))
      await owner.end()
      await owner.endAck()
      await requireReceived(bench, hood, owner, content, 'ring.udp.duplicate')
    },
  }),
  ringCase({
    id: 'ring.udp.duplicate/other-transfer',
    also: ['ring.address.port'],
    title: 'data of another transfer or another peer is neither acknowledged nor written',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'no ack for them, and an intact file',
    hint: 'Owner and number name a transfer: look both up.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 200, 100)
      const { node, near, other, owner, content } = hood
      await owner.open()
      const intruder = new Uint8Array(100)
      await owner.data(1, { bytes: intruder, transfer: owner.transfer + 1 })
      await owner.data(1, { bytes: intruder, from: OTHER })
      await other.sendUdp(node, { type: 'ring.end', from: OTHER, transfer: owner.transfer, seq: 1 })
      await requireNever(
        bench,
        sent('ring.ack'),
        { requirement: 'ring.udp.duplicate', expected: 'no ack for what belongs to no transfer' },
        () => fence(bench, node, near),
      )
      for (const seq of owner.seqs) await owner.deliver(seq)
      await owner.end()
      bench.evidence('the real transfer goes on', await owner.endAck())
      await requireReceived(bench, hood, owner, content, 'ring.udp.duplicate')
    },
  }),
  ringCase({
    id: 'ring.udp.late-end/repeats-acks',
    also: ['ring.udp.offer'],
    title: 'after the end repeated segments and ends are still acknowledged, and change nothing',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'acks for a repeated end and a repeated last segment, and the same file',
    hint: 'Remember finished transfers for a while: the owner repeats end until your ack reaches it.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 150, 100)
      const { owner, content } = hood
      await owner.send()
      const result = await requireSuccess(bench, owner.download.begun, 'ring.udp.end', 'success after end')
      for (const count of [2, 3]) {
        await owner.end()
        bench.evidence(`ack of end number ${count}`, await owner.endAck(count, 'ring.udp.late-end'))
      }
      await owner.data(101, { length: 50 })
      await owner.ack(151, 2, 'ring.udp.late-end')
      await owner.offer()
      await fence(bench, hood.node, hood.near)
      bench.require(framesOf(bench, owner.answers('ring.ready')).length === 1, {
        requirement: 'ring.udp.offer',
        expected: 'no ready to an offer of a finished transfer',
        actual: 'a second ready',
      })
      await requireReceivedFile(bench, hood.node, result, content, 'ring.udp.late-end')
    },
  }),
  ringCase({
    id: 'ring.udp.late-end/last-64',
    title: 'the ends of the last 64 transfers are remembered',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'after 64 transfers an ack for the repeated end of each',
    hint: 'Keep owner, number and size of at least 64 finished transfers.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const owners = await Promise.all(
        Array.from({ length: 64 }, async (_, i) => {
          const content = contentOf(Buffer.from(`file ${i}`).subarray(0, i % 7))
          const owner = await requestFrom(bench, hood, content, 10, {
            name: String(101 + i).padStart(4, '0'),
          })
          await owner.send()
          await requireSuccess(bench, owner.download.begun, 'ring.udp.end', 'success after end')
          return owner
        }),
      )
      for (const owner of owners) await owner.end()
      let last: Frame | undefined
      for (const owner of owners) last = await owner.endAck(2, 'ring.udp.late-end')
      bench.evidence('64 ends acknowledged again', last)
    },
  }),
  ringCase({
    id: 'ring.udp.verify/digest',
    title: 'content that does not match the digest of the offer is not accepted',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'digest-mismatch and no such bytes in the folder; success with the right digest',
    hint: 'Hash what you wrote, compare with the offer, and delete the file when it differs.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const content = randomContent(bench, 150)
      const broken = await requestFrom(bench, hood, content, 100)
      await broken.offer({ digest: digestOf(randomContent(bench, 150).bytes) })
      await broken.ready()
      for (const seq of broken.seqs) await broken.deliver(seq)
      await broken.end()
      await requireFailure(
        bench,
        broken.download.begun,
        ['digest-mismatch'],
        'ring.udp.verify',
        'for content that does not match the digest',
      )
      await requireDiscarded(bench, hood.node, content.bytes, 'ring.udp.verify', 'the wrong content')
      const owner = await requestFrom(bench, hood, content, 100)
      bench.evidence('accepted with the right digest', await owner.send())
      await requireReceived(bench, hood, owner, content, 'ring.udp.verify')
    },
  }),
  ringCase({
    id: 'ring.udp.verify/size',
    title: 'a file of another size than offered is not accepted',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'digest-mismatch when end comes one byte too early, with the digest of what did arrive',
    hint: 'Compare the number of bytes with size as well, not the digest alone.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      const content = randomContent(bench, 100)
      const owner = await requestFrom(bench, hood, content, 100)
      await owner.offer({ size: 101 })
      await owner.ready()
      await owner.deliver(1)
      await owner.end(101)
      await requireFailure(
        bench,
        owner.download.begun,
        ['digest-mismatch'],
        'ring.udp.verify',
        'for 100 bytes where 101 were offered',
      )
      await requireDiscarded(bench, hood.node, content.bytes, 'ring.udp.verify', 'the short file')
      const good = await requestFrom(bench, hood, content, 100)
      bench.evidence('the right size is accepted', await good.send())
      await requireReceived(bench, hood, good, content, 'ring.udp.verify')
    },
  }),
  ringCase({
    id: 'ring.udp.duplicate/early-end',
    also: ['ring.udp.end', 'ring.udp.verify'],
    title: 'an end before the last segment is not acknowledged and does not complete the file',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'no ack for ends that come too early, and success when end comes last',
    hint: 'end counts when its seq is the next byte that you expect.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 200, 100)
      const { node, near, owner, content } = hood
      await owner.open()
      await owner.deliver(1)
      await owner.end()
      await owner.end(301)
      await requireNever(
        bench,
        (frame) => owner.answers('ring.ack')(frame) && integerField(frame, 'ack') > 101,
        { requirement: 'ring.udp.duplicate', expected: 'no ack for an end before the last segment' },
        () => fence(bench, node, near),
      )
      const settled = owner.download.begun.settled()
      bench.require(settled?.ok !== true, {
        requirement: 'ring.udp.verify',
        expected: 'no success with half of the file',
        actual: JSON.stringify(settled),
      })
      const whole = await requestFrom(bench, hood, content, 100)
      bench.evidence('acknowledged when it comes last', await whole.send())
      await requireReceived(bench, hood, whole, content, 'ring.udp.end')
    },
  }),
  ringCase({
    id: 'ring.udp.segment/any-size',
    also: ['ring.udp.sequence', 'ring.udp.verify'],
    title: 'the requester takes segments of any size up to mss',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'acks for segments of 1, 100, 37 and 62 bytes, and the file in the folder',
    hint: 'Count the bytes that arrived; do not compute offsets from mss.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 200, 100, {}, { requirement: 'ring.udp.segment' })
      const { owner, content } = hood
      await owner.open()
      let seq = 1
      for (const length of [1, 100, 37, 62]) {
        seq = await owner.data(seq, { length })
        bench.evidence(`${length} bytes`, await owner.ack(seq))
      }
      await owner.end()
      await owner.endAck()
      await requireReceived(bench, hood, owner, content, 'ring.udp.segment')
    },
  }),
  ringCase({
    id: 'ring.udp.drop/requester-drops-nothing',
    title: 'the requester drops nothing, whatever its dropProbability is',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'ready, every ack and every pong of a node with dropProbability 1',
    hint: 'Only the sender of data drops, and only data.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 1000, 50, { dropProbability: 1 }, { requirement: 'ring.udp.drop' })
      const { node, near, owner, content } = hood
      const last = await owner.send()
      await requireReceived(bench, hood, owner, content, 'ring.udp.drop')
      for (let i = 0; i < 20; i += 1) await near.ping(node, 1, 600 + i)
      for (let i = 0; i < 20; i += 1) {
        await requireSent(bench, sentTo(near.id, 'ring.pong', { seq: 600 + i }), {
          requirement: 'ring.udp.drop',
          expected: `pong ${600 + i} of a node with dropProbability 1`,
        })
      }
      bench.evidence('20 segments, end and 20 pings answered', last)
    },
  }),
  ringCase({
    id: 'ring.address.pong/ready-and-ack',
    title: 'ready and ack go to the configured address of the owner',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'ready and acks at the address of peer 180 although its messages come from a foreign port',
    hint: 'Compute the address from the field from, for these answers too.',
    async run(bench: RingBench) {
      const hood = await requesting(bench, 40, 100)
      const { node, near, owner, content } = hood
      const stranger = await strangerOf(node)
      const own = { from: SECOND, transfer: owner.transfer }
      try {
        await stranger.send({
          type: 'ring.offer',
          ...own,
          request: owner.download.request,
          name: FOREIGN_NAME,
          size: 40,
          digest: content.digest,
          mss: 100,
          route: ROUTE_TO_SECOND,
        })
        await owner.ready()
        const data = Buffer.from(content.bytes).toString('base64')
        await stranger.send({ type: 'ring.data', ...own, seq: 1, data })
        await owner.ack(41)
        await stranger.send({ type: 'ring.end', ...own, seq: 41 })
        const ack = await owner.endAck()
        await requireReceived(bench, hood, owner, content, 'ring.address.pong')
        await fence(bench, node, near)
        bench.require(stranger.received === 0, {
          requirement: 'ring.address.pong',
          expected: 'nothing at the foreign port',
          actual: `${stranger.received} datagrams`,
        })
        bench.evidence('answers at the configured address', ack)
      } finally {
        stranger.close()
      }
    },
  }),
  ringCase({
    id: 'ring.request.ends/udp-owner-vanishes',
    also: ['ring.udp.offer'],
    title: 'a UDP transfer whose owner vanishes ends with a definite error and leaves nothing behind',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'timeout after half of the file, no bytes kept, and a transfer that works after it',
    hint: 'The timeout of the command runs from the last segment.',
    async run(bench: RingBench) {
      const hood = await settle(bench, shortTimeout(bench))
      const content = randomContent(bench, 200)
      const vanishing = await requestFrom(bench, hood, content, 100)
      await vanishing.open()
      await vanishing.deliver(1)
      await requireFailure(
        bench,
        vanishing.download.begun,
        ['timeout', 'transfer-failed'],
        'ring.request.ends',
        'when the owner vanishes half way',
      )
      await requireDiscarded(bench, hood.node, content.bytes, 'ring.udp.verify', 'the half file')
      const owner = await requestFrom(bench, hood, content, 100)
      bench.evidence('the next transfer works', await owner.send())
      await requireReceived(bench, hood, owner, content, 'ring.request.ends')
      requireNone(bench, (frame) => sent('ring.data')(frame), {
        requirement: 'ring.udp.offer',
        expected: 'a requester sends no data',
      })
    },
  }),
]
