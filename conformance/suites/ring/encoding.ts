// What a message is: common.md sections 1 and 2.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { ringCase } from './define.ts'
import { requireFields, requireNone, requireSent, sent, sentTo } from './frames.ts'
import {
  FIRST,
  FOREIGN_NAME,
  NEAR,
  type Neighbourhood,
  OTHER,
  OWN_NAME,
  SELF,
  settle,
} from './neighbourhood.ts'
import { requestMessage } from './procedures/lookup.ts'
import { brokenPings, type Malformed, notOneObject } from './procedures/malformed.ts'
import { fence, requireSameState } from './procedures/standstill.ts'

/** Requires a pong to a ping that is given as text. */
async function requirePongTo(
  bench: RingBench,
  { node, near }: Neighbourhood,
  text: string | Uint8Array,
  seq: number,
  what: string,
  requirement = 'common.encoding.json',
): Promise<Frame> {
  await near.sendUdpBytes(node, text)
  return requireSent(bench, sentTo(NEAR, 'ring.pong', { seq }), {
    requirement,
    expected: `a pong with seq ${seq} to a ping ${what}`,
  })
}

/** Datagrams that must be dropped: no answer to anyone, the same state, and a good ping answered after them. */
async function requireDropped(
  bench: RingBench,
  requirement: string,
  datagrams: readonly Malformed[],
): Promise<void> {
  const { node, near, first } = await settle(bench)
  const before = await node.state()
  const framesBefore = bench.frames.length
  for (const { bytes } of datagrams) await first.sendUdpBytes(node, bytes)
  await bench.quiet(sent('ring.pong'), bench.timing.quietMs / 3)
  await fence(bench, node, near)
  const answer = bench.frames.find(
    (frame) => frame.n >= framesBefore && frame.sender === 'program' && frame.to !== NEAR,
  )
  const cause = bench.frames.findLast(
    (frame) =>
      answer !== undefined && frame.n < answer.n && frame.n >= framesBefore && frame.sender === 'probe',
  )
  bench.require(answer === undefined, {
    requirement,
    expected: 'no answer to malformed datagrams',
    actual: `${JSON.stringify(answer?.message)} to ${answer?.to}, after ${cause === undefined ? 'nothing' : Buffer.from(cause.bytes).toString().slice(0, 200)}`,
    exhibits: [answer, cause].flatMap((frame) => (frame === undefined ? [] : [{ frame: frame.n }])),
  })
  await requireSameState(
    bench,
    node,
    before,
    requirement,
    `malformed datagrams (${datagrams.map(({ what }) => what).join('; ')})`,
  )
  // The same ping without a fault is taken.
  await first.sendUdp(node, { type: 'ring.ping', from: FIRST, seq: 7, slot: 1 })
  const pong = await requireSent(bench, sentTo(FIRST, 'ring.pong', { seq: 7 }), {
    requirement: 'ring.ping.answer',
    expected: 'a pong to the ping without a fault',
  })
  const { predecessors } = await node.state()
  bench.require(predecessors[0] === FIRST, {
    requirement: 'ring.ping.predecessors',
    expected: `first predecessor ${FIRST} after its good ping`,
    actual: JSON.stringify(predecessors),
  })
  bench.evidence(`${datagrams.length} datagrams dropped, the good one answered`, pong)
}

export const encodingCases: readonly Case[] = [
  ringCase({
    id: 'common.encoding.json/spellings',
    also: ['ring.ping.answer'],
    title: 'the same object in other spellings: order, white space, escapes, letters beyond ASCII',
    stage: 1,
    observes: ['wire'],
    evidence: 'a pong to each spelling',
    hint: 'Use a JSON parser; do not look for fields at fixed places.',
    async run(bench: RingBench) {
      const spellings: readonly (readonly [string, string])[] = [
        ['with fields in another order', '{"slot":1,"seq":901,"from":60,"type":"ring.ping"}'],
        ['with white space', ' {\n\t"type" : "ring.ping" ,\r\n "from":60, "seq" : 902,"slot":1 } \n'],
        ['with escapes', '{"\\u0074ype":"ring\\u002eping","from":60,"se\\u0071":903,"slot":1}'],
        [
          'with letters beyond ASCII',
          '{"type":"ring.ping","from":60,"seq":904,"slot":1,"note":"é ☃ 😀 \\ud83d\\ude00"}',
        ],
        ['with an escaped NUL', '{"type":"ring.ping","from":60,"seq":905,"slot":1,"note":"\\u0000"}'],
      ]
      const hood = await settle(bench)
      for (const [i, [what, text]] of spellings.entries()) {
        bench.evidence(`answered ${what}`, await requirePongTo(bench, hood, text, 901 + i, what))
      }
    },
  }),
  ringCase({
    id: 'common.encoding.json/large-integers',
    also: ['ring.route.forward'],
    title: 'integers up to 2^53-1 pass unharmed and are written as digits',
    stage: 2,
    observes: ['wire'],
    evidence: 'request numbers sent on with exactly the same digits',
    hint: 'No 32-bit integers, no floats, no exponent.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      for (const request of [
        2 ** 31,
        2 ** 32 + 1,
        10 ** 15,
        Number.MAX_SAFE_INTEGER - 1,
        Number.MAX_SAFE_INTEGER,
      ]) {
        const connection = await near.connect(node)
        await connection.send(requestMessage({ from: NEAR, origin: OTHER, name: FOREIGN_NAME, request }))
        connection.end()
        const frame = await requireSent(bench, sentTo(FIRST, 'ring.request', { request }), {
          requirement: 'common.encoding.json',
          expected: `request ${request} at the first successor`,
        })
        const text = Buffer.from(frame.bytes).toString()
        bench.require(new RegExp(`"request"\\s*:\\s*${request}\\s*[,}]`).test(text), {
          requirement: 'common.encoding.json',
          expected: `the digits ${request}`,
          actual: text,
          exhibits: [{ frame: frame.n, at: '/request' }],
        })
        bench.evidence(`request ${request}`, frame)
      }
    },
  }),
  ringCase({
    id: 'common.encoding.unknown-fields/udp',
    also: ['ring.ping.answer', 'ring.ping.predecessors'],
    title: 'fields that nobody knows are ignored in datagrams',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'pongs to pings with extra fields of every kind, names of object members among them',
    hint: 'Take the fields that you know and leave the rest alone; do not pass the object as arguments of a function.',
    async run(bench: RingBench) {
      const extras: readonly string[] = [
        '"version":2',
        '"nested":{"from":3,"seq":4,"type":"ring.pong"}',
        '"list":[1,[2,[3]]]',
        '"nothing":null',
        '"":0',
        '"__proto__":{"from":200}',
        '"constructor":1,"toString":2,"hasOwnProperty":3',
        '"self":5,"class":6,"cls":7',
        '"successors":[1,2],"route":[1],"dead":9,"id":3',
      ]
      const hood = await settle(bench)
      for (const [i, extra] of extras.entries()) {
        const text = `{"type":"ring.ping",${extra},"from":60,"seq":${910 + i},"slot":1}`
        const requirement = 'common.encoding.unknown-fields'
        const pong = await requirePongTo(bench, hood, text, 910 + i, `with ${extra}`, requirement)
        bench.evidence(`answered with ${extra}`, pong)
      }
      const { successors, predecessors } = await hood.node.state()
      bench.require(predecessors[0] === NEAR && successors?.[0] === FIRST, {
        requirement: 'common.encoding.unknown-fields',
        expected: `first predecessor ${NEAR} and first successor ${FIRST}`,
        actual: JSON.stringify({ successors, predecessors }),
      })
    },
  }),
  ringCase({
    id: 'common.encoding.unknown-fields/tcp',
    also: ['ring.route.forward', 'ring.request.not-found'],
    title: 'fields that nobody knows are ignored in lines',
    stage: 2,
    observes: ['wire'],
    evidence: 'requests with extra fields answered and sent on',
    hint: 'A strict parser that refuses unknown fields cannot talk to the next version.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const extra = { version: 2, note: 'é☃', nested: { type: 'error' }, list: [null, {}], size: 'big' }
      for (const [name, to, type] of [
        [OWN_NAME, OTHER, 'ring.not-found'],
        [FOREIGN_NAME, FIRST, 'ring.request'],
      ] as const) {
        const connection = await near.connect(node)
        await connection.send({
          ...requestMessage({ from: NEAR, origin: OTHER, name, request: 12 }),
          ...extra,
        })
        connection.end()
        const frame = await requireSent(bench, sentTo(to, type, { name, request: 12 }), {
          requirement: 'common.encoding.unknown-fields',
          expected: `${type} for ${name} to ${to}`,
        })
        bench.evidence(`${type} although there were extra fields`, frame)
      }
    },
  }),
  ringCase({
    id: 'common.encoding.duplicate-keys/never-the-first',
    also: ['ring.ping.answer'],
    title: 'of a key that is written twice the first value is never used',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'no answer to the first value, and a pong to the same ping without the double key',
    hint: 'Refuse the message, or use the last value as most JSON parsers do.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const before = await node.state()
      await other.sendUdpBytes(
        node,
        `{"type":"ring.ping","from":${OTHER},"seq":951,"seq":952,"slot":1,"slot":2}`,
      )
      await fence(bench, node, near)
      requireNone(bench, sent('ring.pong', { seq: 951 }), {
        requirement: 'common.encoding.duplicate-keys',
        expected: 'no pong with the first of two values of seq',
      })
      const { predecessors } = await node.state()
      bench.require(predecessors[0] === before.predecessors[0], {
        requirement: 'common.encoding.duplicate-keys',
        expected: `first predecessor ${before.predecessors[0]}, because slot 1 is the first of two values`,
        actual: JSON.stringify(predecessors),
      })
      await other.sendUdp(node, { type: 'ring.ping', from: OTHER, seq: 953, slot: 2 })
      const pong = await requireSent(bench, sentTo(OTHER, 'ring.pong', { seq: 953 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong to the ping with single keys',
      })
      requireFields(bench, pong, 'ring.ping.answer', { from: SELF })
      bench.evidence('the ping with single keys is answered', pong)
    },
  }),
  ringCase({
    id: 'common.udp.one-object/largest',
    also: ['common.encoding.unknown-fields', 'ring.ping.answer'],
    title: 'a datagram of exactly 8,192 bytes is read as a whole',
    stage: 1,
    observes: ['wire'],
    evidence: 'a pong to a ping of 8,192 bytes whose seq comes last',
    hint: 'Give recvfrom a buffer of at least 8,192 bytes; 1,024 or 2,048 cut the message.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      for (const [i, size] of [1500, 4096, 8191, 8192].entries()) {
        const bare = `{"type":"ring.ping","from":60,"slot":1,"padding":"","seq":${970 + i}}`
        const text = bare.replace('"padding":""', `"padding":"${'p'.repeat(size - bare.length)}"`)
        const what = `of ${text.length} bytes`
        const pong = await requirePongTo(bench, hood, text, 970 + i, what, 'common.udp.one-object')
        bench.evidence(`a ping ${what}`, pong)
      }
    },
  }),
  ringCase({
    id: 'common.udp.one-object/two-in-one',
    also: ['common.udp.malformed'],
    title: 'a datagram that is not one JSON object in UTF-8 is dropped',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'no answer and no change for each, a pong to the same ping without a fault',
    hint: 'Parse the whole datagram; what is left over after the object makes it malformed. Decode UTF-8 strictly.',
    run: (bench) => requireDropped(bench, 'common.udp.malformed', notOneObject(FIRST)),
  }),
  ringCase({
    id: 'common.udp.malformed/schema',
    title: 'a datagram that breaks the schema of its type, or has no known type, is dropped',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'no answer and no change for each, a pong to the same ping without a fault',
    hint: 'Check every field before you use it: present, an integer (true and 1.5 are none), in range.',
    run: (bench) => requireDropped(bench, 'common.udp.malformed', brokenPings(FIRST)),
  }),
  ringCase({
    id: 'common.udp.malformed/tcp-types',
    title: 'messages that belong on TCP are dropped when they come in a datagram',
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'nothing answered, sent on or changed, and a pong to a good ping',
    hint: 'The set of types on UDP and on TCP are two sets.',
    run: (bench) =>
      requireDropped(
        bench,
        'common.udp.malformed',
        [
          requestMessage({ from: NEAR, origin: OTHER, name: OWN_NAME, request: 1 }),
          requestMessage({ from: NEAR, origin: OTHER, name: FOREIGN_NAME, request: 2 }),
          { type: 'ring.depart', from: FIRST, successors: [OTHER, NEAR] },
          { type: 'ring.successor-change', from: FIRST, successors: [FIRST, OTHER] },
          { type: 'ring.join', from: 110, id: 110, route: [] },
          { type: 'ring.successor-query', from: NEAR },
          { type: 'error', code: 'internal', message: 'x' },
        ].map((message) => ({ what: String(message.type), bytes: JSON.stringify(message) })),
      ),
  }),
  ringCase({
    id: 'common.udp.malformed/other-types',
    title: 'broken pongs, offers, readies, segments, acks and ends are dropped',
    stage: 4,
    observes: ['wire', 'control'],
    evidence: 'nothing answered or changed, and a pong to a good ping',
    hint: 'Every type has its schema; transfer messages that fit no transfer are dropped as well.',
    run: (bench) =>
      requireDropped(
        bench,
        'common.udp.malformed',
        [
          { type: 'ring.pong', from: FIRST },
          { type: 'ring.pong', from: FIRST, seq: -1 },
          { type: 'ring.offer', from: FIRST, transfer: 1 },
          { type: 'ring.ready', from: FIRST },
          { type: 'ring.data', from: FIRST, transfer: 1, seq: 0, data: 'AAAA' },
          { type: 'ring.data', from: FIRST, transfer: 1, seq: 1, data: '' },
          { type: 'ring.data', from: FIRST, transfer: 1, seq: 1, data: '***' },
          { type: 'ring.ack', from: FIRST, transfer: 1, ack: 0 },
          { type: 'ring.ack', from: FIRST, transfer: '1', ack: 2 },
          { type: 'ring.end', from: FIRST, transfer: 1 },
          { type: 'ring.data', from: FIRST, transfer: 1, seq: 1, data: 'AAAA' },
          { type: 'ring.ack', from: FIRST, transfer: 1, ack: 5 },
          { type: 'ring.end', from: FIRST, transfer: 1, seq: 4 },
        ].map((message) => ({ what: JSON.stringify(message), bytes: JSON.stringify(message) })),
      ),
  }),
]
