// UDP transfer with the node as owner and a probe as requester: ring.md section 10, the driving side.
// The retransmission timeout is a minute unless the case is about it, so that each frame on the wire has one cause.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { ringCase } from './define.ts'
import { framesOf, integerField, nthSeen, requireFields, requireNone, sent } from './frames.ts'
import {
  FAR,
  NEAR,
  type Neighbourhood,
  OTHER,
  OWN_NAME,
  OWN_NAME_LOW,
  OWN_NAME_SAME_KEY,
  SELF,
  settle,
} from './neighbourhood.ts'
import { type Content, everyByte, randomContent, requireSameBytes } from './procedures/content.ts'
import { requireNotFound, storeOwn } from './procedures/lookup.ts'
import { fence, requireNever } from './procedures/standstill.ts'
import { strangerOf } from './procedures/strangers.ts'
import { bytesOf, UdpRequester } from './procedures/udp-requester.ts'

interface Served extends Neighbourhood {
  readonly content: Content
  readonly requester: UdpRequester
}

/** A node that stored a file of `size` bytes, and a request of peer 220 for it. */
async function served(
  bench: RingBench,
  size: number,
  config: Readonly<Record<string, unknown>> = {},
  name = OWN_NAME,
): Promise<Served> {
  const hood = await settle(bench, config)
  const content = randomContent(bench, size)
  await storeOwn(bench, hood.node, name, content)
  const requester = await UdpRequester.ask(bench, hood.node, { via: hood.near, origin: hood.other, name })
  return { ...hood, content, requester }
}

const transferFrames = (frame: Frame): boolean => sent('ring.data')(frame) || sent('ring.end')(frame)

/** Runs a transfer step by step and requires exactly the segments that size and mss demand, then end, and nothing else. */
async function requireExactSegments(
  bench: RingBench,
  size: number,
  mss: number,
  content?: Content,
): Promise<void> {
  const hood = await settle(bench, { mss })
  const file = content ?? randomContent(bench, size)
  await storeOwn(bench, hood.node, OWN_NAME, file)
  const requester = await UdpRequester.ask(bench, hood.node, {
    via: hood.near,
    origin: hood.other,
    name: OWN_NAME,
  })
  const offer = await requester.offer()
  requireFields(bench, offer, 'ring.udp.offer', { size, mss, digest: file.digest })
  await requester.ready()
  const parts: Uint8Array[] = []
  for (let offset = 0; offset < size; offset += mss) {
    const segment = await requester.data(1 + offset)
    const bytes = bytesOf(segment)
    const expected = Math.min(mss, size - offset)
    bench.require(bytes.length === expected, {
      requirement: 'ring.udp.segment',
      expected: `${expected} data bytes in the segment with seq ${1 + offset} (size ${size}, mss ${mss})`,
      actual: `${bytes.length}`,
      exhibits: [{ frame: segment.n, at: '/data' }],
    })
    parts.push(bytes)
    await requester.ack(1 + offset + bytes.length)
  }
  const end = await requester.end()
  requireFields(bench, end, 'ring.udp.end', { seq: size + 1 })
  await requester.ack(size + 2)
  requireSameBytes(bench, Buffer.concat(parts), file, 'ring.udp.segment', 'in the segments')
  await fence(bench, hood.node, hood.near)
  const frames = framesOf(bench, transferFrames)
  const segments = Math.ceil(size / mss)
  bench.require(frames.length === segments + 1, {
    requirement: 'ring.udp.segment',
    expected: `${segments} segments and one end`,
    actual: frames.map((frame) => `${frame.message?.type} ${String(frame.message?.seq)}`).join(', '),
    exhibits: frames.slice(-3).map((frame) => ({ frame: frame.n })),
  })
  bench.evidence(`${size} bytes with mss ${mss}: ${segments} segments and end`, end)
}

/**
 * A repeated message comes at the earliest one timeout after the probe's message that caused the first one. Measured from
 * there, because a busy harness may see the first transmission late, but never sends its own message early.
 */
function requireNotBefore(bench: RingBench, first: Frame, repeated: Frame, timeoutMs: number): void {
  const cause = bench.frames.findLast((frame) => frame.n < first.n && frame.sender === 'probe')
  const elapsedMs = repeated.atMs - (cause?.atMs ?? 0)
  bench.require(elapsedMs >= timeoutMs * 0.9, {
    requirement: 'ring.udp.retransmit',
    expected: `a second ${first.message?.type} not before ${timeoutMs} ms`,
    actual: `after ${Math.round(elapsedMs)} ms`,
    exhibits: [{ frame: first.n }, { frame: repeated.n }],
  })
}

const sizeCase = (slug: string, size: number, mss: number, title: string, hint: string): Case =>
  ringCase({
    id: `ring.udp.segment/${slug}`,
    also: ['ring.udp.sequence', 'ring.udp.end', 'ring.udp.offer'],
    title,
    stage: 4,
    observes: ['wire'],
    evidence: 'exactly the segments that size and mss demand, then end with seq 1 + size',
    hint,
    run: (bench) => requireExactSegments(bench, size, mss),
  })

export const udpOwnerCases: readonly Case[] = [
  ringCase({
    id: 'ring.udp.offer/fields',
    title: 'the owner opens with an offer and waits for ready',
    stage: 4,
    observes: ['wire'],
    evidence: 'an offer with size, digest, mss and extended route, and no data before ready',
    hint: 'The offer says all that the requester must know; data comes only after ready.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, { mss: 400 })
      const content = everyByte()
      await storeOwn(bench, node, OWN_NAME, content)
      const route = [OTHER, FAR, NEAR]
      const requester = await UdpRequester.ask(bench, node, {
        via: near,
        origin: other,
        name: OWN_NAME,
        route,
      })
      const offer = await requester.offer()
      requireFields(bench, offer, 'ring.udp.offer', {
        from: SELF,
        name: OWN_NAME,
        size: content.bytes.length,
        digest: content.digest,
        mss: 400,
        route: [...route, SELF],
      })
      await requireNever(
        bench,
        transferFrames,
        { requirement: 'ring.udp.offer', expected: 'no data before ready' },
        () => fence(bench, node, near),
      )
      await requester.ready()
      bench.evidence('offer, and data only after ready', await requester.data(1))
    },
  }),
  ringCase({
    id: 'ring.udp.offer/numbers',
    title: 'each transfer has a number of its own',
    stage: 4,
    observes: ['wire'],
    evidence: 'different numbers for three transfers, two of them at the same time',
    hint: 'Count transfers; do not take the request number, which other origins use as well.',
    async run(bench: RingBench) {
      const { node, near, other, far } = await settle(bench, { mss: 100 })
      const content = randomContent(bench, 150)
      await storeOwn(bench, node, OWN_NAME, content)
      const requesters = [
        await UdpRequester.ask(bench, node, { via: near, origin: other, name: OWN_NAME, request: 5 }),
        await UdpRequester.ask(bench, node, { via: near, origin: far, name: OWN_NAME, request: 5 }),
      ]
      const numbers: number[] = []
      for (const requester of requesters) {
        await requester.offer()
        numbers.push(requester.number)
      }
      for (const requester of requesters) {
        requireSameBytes(bench, await requester.fetch(), content, 'ring.udp.segment', 'in the segments')
      }
      const third = await UdpRequester.ask(bench, node, {
        via: near,
        origin: other,
        name: OWN_NAME,
        request: 6,
      })
      const offer = await third.offer()
      numbers.push(third.number)
      bench.require(new Set(numbers).size === 3, {
        requirement: 'ring.udp.offer',
        expected: 'three different transfer numbers',
        actual: numbers.join(', '),
      })
      bench.evidence(`transfers ${numbers.join(', ')}`, offer)
    },
  }),
  ringCase({
    id: 'ring.udp.offer/request-twice',
    title: 'a request that arrives twice has one transfer',
    stage: 4,
    observes: ['wire'],
    evidence: 'one offer for two copies of a request, and a second offer for another number',
    hint: 'Origin and request number name a request: look whether you serve it already.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, { mss: 100 })
      const content = randomContent(bench, 120)
      await storeOwn(bench, node, OWN_NAME, content)
      const both = { via: near, origin: other, name: OWN_NAME }
      const requester = await UdpRequester.ask(bench, node, { ...both, request: 8 })
      await requester.offer()
      await UdpRequester.ask(bench, node, { ...both, request: 8 })
      const fresh = await UdpRequester.ask(bench, node, { ...both, request: 9 })
      await fresh.offer()
      await fence(bench, node, near)
      const offers = framesOf(bench, sent('ring.offer', { request: 8 }))
      bench.require(offers.length === 1, {
        requirement: 'ring.udp.offer',
        expected: 'one offer for request 8, which arrived twice',
        actual: `${offers.length}`,
        exhibits: offers.map((frame) => ({ frame: frame.n, at: '/transfer' })),
      })
      requireSameBytes(bench, await requester.fetch(), content, 'ring.udp.segment', 'in the segments')
      bench.evidence('one transfer for one request', offers[0])
    },
  }),
  ringCase({
    id: 'ring.udp.offer/not-found',
    also: ['ring.request.not-found'],
    title: 'there is no offer for a file that is not there',
    stage: 4,
    observes: ['wire'],
    evidence: 'not-found over TCP and no offer',
    hint: 'not-found travels over TCP for both transports.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      await storeOwn(bench, node, OWN_NAME_SAME_KEY, randomContent(bench, 10))
      const answer = await requireNotFound(bench, node, {
        via: near,
        origin: other,
        name: OWN_NAME,
        transport: 'udp',
      })
      await fence(bench, node, near)
      requireNone(bench, sent('ring.offer'), {
        requirement: 'ring.udp.offer',
        expected: 'no offer for a file that is not there',
      })
      bench.evidence('not-found instead of an offer', answer)
    },
  }),
  sizeCase('one-byte', 1, 100, 'a file of one byte', 'One segment, shorter than mss, and then end.'),
  sizeCase(
    'mss-minus-one',
    99,
    100,
    'a file one byte shorter than mss',
    'One segment of 99 bytes, and then end.',
  ),
  sizeCase('mss', 100, 100, 'a file of exactly mss bytes', 'One full segment, and then end: no empty one.'),
  sizeCase(
    'mss-plus-one',
    101,
    100,
    'a file one byte longer than mss',
    'A full segment and one of a single byte.',
  ),
  sizeCase(
    'three-segments',
    300,
    100,
    'a file of exactly three segments',
    'Compare the offset with the size, not the length of the segment with mss.',
  ),
  sizeCase('byte-by-byte', 20, 1, 'mss 1: one byte in each segment', 'mss counts bytes of data.'),
  ringCase({
    id: 'ring.udp.segment/largest',
    also: ['common.udp.one-object', 'ring.udp.sequence'],
    title: 'mss 4,096: a full segment fits into a datagram of 8,192 bytes',
    stage: 4,
    observes: ['wire'],
    evidence: 'segments of 4,096 raw bytes in datagrams of at most 8,192 bytes',
    hint: 'Base64 makes 5,464 characters of 4,096 bytes; the fields around it take a few dozen.',
    async run(bench: RingBench) {
      await requireExactSegments(bench, 9000, 4096)
      for (const frame of framesOf(bench, sent('ring.data'))) {
        bench.require(frame.bytes.length <= 8192, {
          requirement: 'common.udp.one-object',
          expected: 'a datagram of at most 8,192 bytes',
          actual: `${frame.bytes.length} bytes`,
          exhibits: [{ frame: frame.n }],
        })
      }
    },
  }),
  ringCase({
    id: 'ring.udp.segment/every-byte',
    also: ['ring.udp.sequence'],
    title: 'content with every byte value, cut at odd places',
    stage: 4,
    observes: ['wire'],
    evidence: 'segments of 7 raw bytes that together are the file',
    hint: 'Count bytes before base64, not characters, not sizes of objects in memory; encode each segment by itself, padding included.',
    run: (bench) => requireExactSegments(bench, 512, 7, everyByte()),
  }),
  ringCase({
    id: 'ring.udp.end/empty-file',
    also: ['ring.udp.offer'],
    title: 'an empty file is offer, ready, end, ack',
    stage: 4,
    observes: ['wire'],
    evidence: 'end with seq 1 right after ready, and no data at all',
    hint: 'A segment is never empty.',
    run: (bench) => requireExactSegments(bench, 0, 100),
  }),
  ringCase({
    id: 'ring.udp.end/only-after-the-last-ack',
    also: ['ring.udp.stop-and-wait'],
    title: 'end comes after the last segment was acknowledged, and only once',
    stage: 4,
    observes: ['wire'],
    evidence: 'no end while the last, short segment is not acknowledged; one end after it',
    hint: 'end is a message of its own; the short last segment is none.',
    async run(bench: RingBench) {
      const { node, near, requester } = await served(bench, 150, { mss: 100 })
      await requester.offer()
      await requester.ready()
      await requester.data(1)
      await requester.ack(101)
      await requester.data(101)
      await requireNever(
        bench,
        sent('ring.end'),
        { requirement: 'ring.udp.end', expected: 'no end before the last segment is acknowledged' },
        () => fence(bench, node, near),
      )
      await requester.ack(151)
      const end = await requester.end()
      requireFields(bench, end, 'ring.udp.end', { seq: 151 })
      await requester.ack(152)
      await fence(bench, node, near)
      bench.require(framesOf(bench, transferFrames).length === 3, {
        requirement: 'ring.udp.end',
        expected: 'two segments and one end',
        actual: `${framesOf(bench, transferFrames).length} messages`,
      })
      bench.evidence('end after the last ack', end)
    },
  }),
  ringCase({
    id: 'ring.udp.stop-and-wait/one-at-a-time',
    title: 'one segment is under way at a time',
    stage: 4,
    observes: ['wire'],
    evidence: 'nothing beyond the first segment before its ack, the second right after it',
    hint: 'Send the next segment from the place in the code that receives the ack.',
    async run(bench: RingBench) {
      const { node, near, requester } = await served(bench, 500, { mss: 100 })
      await requester.offer()
      await requester.ready()
      for (const seq of [1, 101]) {
        await requester.data(seq)
        await requireNever(
          bench,
          requester.frames('ring.data', { seq: seq + 100 }),
          {
            requirement: 'ring.udp.stop-and-wait',
            expected: `no segment ${seq + 100} before ack ${seq + 100}`,
          },
          () => fence(bench, node, near),
        )
        await requester.ack(seq + 100)
      }
      bench.evidence('each segment after the ack of the one before', await requester.data(201))
    },
  }),
  ringCase({
    id: 'ring.udp.stop-and-wait/wrong-acks',
    also: ['ring.address.port'],
    title: 'an ack that is too small, too large, of another transfer or from another peer is ignored',
    stage: 4,
    observes: ['wire'],
    evidence: 'no next segment after any of them, the next one after the right ack',
    hint: 'Compare ack with seq + bytes for equality, and from and transfer with those of the transfer.',
    async run(bench: RingBench) {
      const { node, near, far, requester } = await served(bench, 500, { mss: 100 })
      await requester.offer()
      await requester.ready()
      await requester.data(1)
      await requester.ack(101)
      await requester.data(101)
      for (const ack of [2, 101, 200, 202, 301, 501, 502, Number.MAX_SAFE_INTEGER]) await requester.ack(ack)
      await requester.ack(201, { transfer: requester.number + 1 })
      await requester.ack(201, { from: FAR })
      await far.sendUdp(node, { type: 'ring.ack', from: FAR, transfer: requester.number, ack: 201 })
      await requireNever(
        bench,
        (frame) => transferFrames(frame) && integerField(frame, 'seq') > 101,
        { requirement: 'ring.udp.stop-and-wait', expected: 'no segment beyond 101 after wrong acks' },
        () => fence(bench, node, near),
      )
      await requester.ack(201)
      bench.evidence('the right ack brings the next segment', await requester.data(201))
    },
  }),
  ringCase({
    id: 'ring.udp.stop-and-wait/repeated-messages',
    also: ['ring.udp.end'],
    title: 'a repeated ready or ack brings nothing new',
    stage: 4,
    observes: ['wire'],
    evidence: 'each segment sent once although ready and each ack come three times',
    hint: 'An ack of a segment that is already done is ignored, and so is a ready during the transfer.',
    async run(bench: RingBench) {
      const { node, near, requester, content } = await served(bench, 300, { mss: 100 })
      await requester.offer()
      const parts: Uint8Array[] = []
      for (let i = 0; i < 3; i += 1) await requester.ready()
      for (const seq of [1, 101, 201]) {
        parts.push(bytesOf(await requester.data(seq)))
        for (let i = 0; i < 3; i += 1) await requester.ack(seq + 100)
        await requester.ready()
      }
      const end = await requester.end()
      for (let i = 0; i < 3; i += 1) await requester.ack(302)
      await fence(bench, node, near)
      const frames = framesOf(bench, transferFrames)
      bench.require(frames.length === 4, {
        requirement: 'ring.udp.stop-and-wait',
        expected: 'three segments and one end',
        actual: frames.map((frame) => `${frame.message?.type} ${String(frame.message?.seq)}`).join(', '),
      })
      requireSameBytes(bench, Buffer.concat(parts), content, 'ring.udp.segment', 'in the segments')
      bench.evidence('nothing was sent twice', end)
    },
  }),
  ringCase({
    id: 'ring.udp.stop-and-wait/side-by-side',
    title: 'two transfers to two peers, and two to the same peer, do not mix',
    stage: 4,
    observes: ['wire'],
    evidence: 'four contents received intact at the same time',
    hint: 'Keep the state of each transfer under its number.',
    async run(bench: RingBench) {
      const { node, near, other, far } = await settle(bench, { mss: 50 })
      const contents = [randomContent(bench, 420), randomContent(bench, 333)] as const
      await storeOwn(bench, node, OWN_NAME, contents[0])
      await storeOwn(bench, node, OWN_NAME_LOW, contents[1])
      await Promise.all(
        [
          { origin: other, name: OWN_NAME, content: contents[0] },
          { origin: other, name: OWN_NAME_LOW, content: contents[1] },
          { origin: far, name: OWN_NAME, content: contents[0] },
          { origin: far, name: OWN_NAME_LOW, content: contents[1] },
        ].map(async ({ origin, name, content }) => {
          const requester = await UdpRequester.ask(bench, node, { via: near, origin, name })
          requireSameBytes(bench, await requester.fetch(), content, 'ring.udp.segment', `for ${origin.id}`)
          bench.evidence(`${name} at ${origin.id} by transfer ${requester.number}`)
        }),
      )
    },
  }),
  ringCase({
    id: 'ring.udp.retransmit/each-kind',
    also: ['ring.udp.stop-and-wait'],
    title:
      'offer, segment and end are sent again with the same content when no answer comes, not before the timeout',
    stage: 4,
    observes: ['wire'],
    evidence: 'a second offer, segment and end, each equal to the first and not before the timeout',
    hint: 'Start the timer when you send, keep the message, and send the same bytes again.',
    async run(bench: RingBench) {
      const retransmitTimeoutMs = bench.timing.retransmitTimeoutMs
      const { requester, content } = await served(bench, 100, { mss: 100, retransmitTimeoutMs })
      const steps = [
        { first: () => requester.offer(1), again: () => requester.offer(2), answer: () => requester.ready() },
        {
          first: () => requester.data(1),
          again: () => requester.data(1, 2),
          answer: () => requester.ack(101),
        },
        { first: () => requester.end(1), again: () => requester.end(2), answer: () => requester.ack(102) },
      ]
      for (const { first, again, answer } of steps) {
        const frame = await first()
        const repeated = await again()
        const { type: _, ...fields } = frame.message ?? { type: '' }
        requireFields(bench, repeated, 'ring.udp.retransmit', fields)
        requireNotBefore(bench, frame, repeated, retransmitTimeoutMs)
        bench.evidence(`${frame.message?.type} sent again`, repeated)
        await answer()
      }
      const segments = framesOf(bench, sent('ring.data'))
      for (const segment of segments) {
        requireSameBytes(bench, bytesOf(segment), content, 'ring.udp.retransmit', 'in each transmission')
      }
    },
  }),
  ringCase({
    id: 'ring.udp.retransmit/stops-with-the-answer',
    title: 'what was answered is not sent again',
    stage: 4,
    observes: ['wire'],
    evidence: 'a finished transfer and silence for several timeouts after it',
    hint: 'Stop the timer when the answer arrives.',
    async run(bench: RingBench) {
      const { node, near, requester, content } = await served(bench, 250, {
        mss: 100,
        retransmitTimeoutMs: Math.ceil(bench.timing.quietMs / 3),
      })
      requireSameBytes(bench, await requester.fetch(), content, 'ring.udp.segment', 'in the segments')
      const end = await requester.end()
      await fence(bench, node, near)
      const known = bench.frames.length
      await requireNever(
        bench,
        (frame) => frame.n >= known && (transferFrames(frame) || sent('ring.offer')(frame)),
        { requirement: 'ring.udp.retransmit', expected: 'nothing sent again after its answer' },
        () => fence(bench, node, near),
        bench.timing.quietMs,
      )
      bench.evidence('silent after the last ack', end)
    },
  }),
  ringCase({
    id: 'ring.udp.retransmit/late-answer',
    title: 'an answer that comes after several retransmissions is taken',
    stage: 4,
    observes: ['wire'],
    evidence: 'three transmissions of each segment and a file that arrives all the same',
    hint: 'The number of retransmissions is counted for each message from zero.',
    async run(bench: RingBench) {
      const { requester, content } = await served(bench, 200, {
        mss: 100,
        retransmitTimeoutMs: 10,
        retransmissionsMax: 1000,
      })
      await requester.offer(3)
      await requester.ready()
      await requester.data(1, 3)
      await requester.ack(101)
      await requester.data(101, 3)
      await requester.ack(201)
      const end = await requester.end(3)
      await requester.ack(202)
      const bytes = Buffer.concat([bytesOf(await requester.data(1)), bytesOf(await requester.data(101))])
      requireSameBytes(bench, bytes, content, 'ring.udp.retransmit', 'in the segments')
      bench.evidence('end after many repetitions', end)
    },
  }),
  ...(['offer', 'segment', 'end'] as const).map((stuckAt) =>
    ringCase({
      id: `ring.udp.retransmit/gives-up-${stuckAt}`,
      title: `the owner gives up after retransmissionsMax repetitions of ${stuckAt === 'offer' ? 'an offer' : stuckAt === 'segment' ? 'a segment' : 'end'}`,
      stage: 4,
      observes: ['wire'],
      evidence: 'one transmission and three repetitions, then silence, and a fresh transfer that succeeds',
      hint: 'retransmissionsMax counts repetitions, not transmissions; forget the transfer after the last one.',
      async run(bench: RingBench) {
        const retransmitTimeoutMs = Math.ceil(bench.timing.quietMs / 6)
        const hood = await served(bench, 50, { mss: 50, retransmitTimeoutMs, retransmissionsMax: 3 })
        const { node, near, other, requester, content } = hood
        await requester.offer()
        if (stuckAt !== 'offer') {
          await requester.ready()
          await requester.data(1)
        }
        if (stuckAt === 'end') {
          await requester.ack(51)
          await requester.end()
        }
        const stuck = {
          offer: sent('ring.offer', { request: requester.request }),
          segment: requester.frames('ring.data', { seq: 1 }),
          end: requester.frames('ring.end'),
        }[stuckAt]
        const last = bench.requireFrame(await nthSeen(bench, stuck, 4), {
          requirement: 'ring.udp.retransmit',
          expected: `four transmissions of the ${stuckAt}`,
          actual: `${framesOf(bench, stuck).length}`,
        })
        await bench.quiet(stuck, retransmitTimeoutMs * 3)
        await fence(bench, node, near)
        const transmissions = framesOf(bench, stuck)
        bench.require(transmissions.length === 4, {
          requirement: 'ring.udp.retransmit',
          expected: `four transmissions of the ${stuckAt}: one and retransmissionsMax 3`,
          actual: `${transmissions.length}`,
          exhibits: transmissions.slice(-2).map((frame) => ({ frame: frame.n })),
        })
        const again = await UdpRequester.ask(bench, node, { via: near, origin: other, name: OWN_NAME })
        requireSameBytes(bench, await again.fetch(), content, 'ring.udp.segment', 'in a fresh transfer')
        bench.evidence(`given up after the ${stuckAt} was sent four times`, last)
      },
    }),
  ),
  ringCase({
    id: 'ring.address.pong/foreign-ack',
    also: ['ring.udp.stop-and-wait'],
    title: 'an ack counts by its from, not by the port that it comes from',
    stage: 4,
    observes: ['wire'],
    evidence: 'the next segment at the requester after an ack from a foreign port with its id',
    hint: 'Send data to the configured address of the origin, and never look at the source address of an ack.',
    async run(bench: RingBench) {
      const { node, near, requester } = await served(bench, 200, { mss: 100 })
      const stranger = await strangerOf(node)
      try {
        await requester.offer()
        await requester.ready()
        await requester.data(1)
        await stranger.send({ type: 'ring.ack', from: OTHER, transfer: requester.number, ack: 101 })
        const segment = await requester.data(101)
        await fence(bench, node, near)
        bench.require(stranger.received === 0, {
          requirement: 'ring.address.port',
          expected: 'nothing at the foreign port',
          actual: `${stranger.received} datagrams`,
        })
        bench.evidence('the next segment at the configured address', segment)
      } finally {
        stranger.close()
      }
    },
  }),
]
