// Who owns which key, and what a name is: ring.md section 1, `ring.circle.*`, and `ring.route.owner` of section 9.
//
// The cases ask for names that nobody stored. A node that owns the key answers the origin with not-found; a node that does
// not sends the request on. So one message shows what the node believes, and no file is needed.
import { keyOf, ownerOf } from '../../oracle/ring.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench, RingNode } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import type { Probe } from '../../wire/probe.ts'
import { requireFailure } from '../outcome.ts'
import { ringCase } from './define.ts'
import { requireFields, requireNone, requireSent, sent, sentTo } from './frames.ts'
import {
  FIRST,
  NEAR,
  OTHER,
  probeOf,
  quietConfig,
  RING,
  SECOND,
  SELF,
  settle,
  settleAlone,
} from './neighbourhood.ts'
import { randomContent, writeContent } from './procedures/content.ts'
import { freshNumber, reaction, requestMessage, storeMessage } from './procedures/lookup.ts'
import { begin } from './procedures/outcome.ts'
import { fence } from './procedures/standstill.ts'

const WRONG_NAMES: readonly unknown[] = [
  '33',
  '01590',
  'a912',
  '',
  '0159\n',
  '０１５９',
  '/../',
  '....',
  159,
  null,
]

interface Asked {
  readonly node: RingNode
  /** The peer that sends the request, and is in `from`. */
  readonly via: Probe
  readonly origin: Probe
  readonly name: string
}

/** Asks for a name and gives the node's reaction: its answer to the origin, or the request that it sent on. */
async function reactionTo(bench: RingBench, { node, via, origin, name }: Asked): Promise<Frame> {
  const request = freshNumber(bench)
  const connection = await via.connect(node)
  await connection.send(requestMessage({ from: via.id, origin: origin.id, name, request }))
  connection.end()
  return bench.requireFrame(await reaction(bench, request), {
    requirement: 'ring.route.owner',
    expected: `not-found for ${name} at ${origin.id}, or the request at the successor of ${node.id}`,
  })
}

async function requireOwned(bench: RingBench, asked: Asked, requirement: string): Promise<Frame> {
  const frame = await reactionTo(bench, asked)
  bench.require(frame.message?.type === 'ring.not-found' && frame.to === asked.origin.id, {
    requirement,
    expected: `peer ${asked.node.id} owns key ${keyOf(asked.name)} of ${asked.name} and answers the origin ${asked.origin.id}`,
    actual: `${frame.message?.type} to ${frame.to}`,
    exhibits: [{ frame: frame.n }],
  })
  return frame
}

async function requireForwarded(
  bench: RingBench,
  asked: Asked,
  successor: number,
  requirement: string,
): Promise<Frame> {
  const frame = await reactionTo(bench, asked)
  bench.require(frame.message?.type === 'ring.request' && frame.to === successor, {
    requirement,
    expected: `peer ${asked.node.id} does not own key ${keyOf(asked.name)} of ${asked.name} and sends the request to ${successor}`,
    actual: `${frame.message?.type} to ${frame.to}`,
    exhibits: [{ frame: frame.n }],
  })
  requireFields(bench, frame, 'ring.circle.name', { name: asked.name })
  return frame
}

/** A name with this key, one of the 39 or 40 that there are. */
function nameWithKey(bench: RingBench, key: number): string {
  const names = Math.floor((9999 - key) / 256) + 1
  return String(key + 256 * Math.floor(bench.random() * names)).padStart(4, '0')
}

/** A node among probes of the ring, and what each of these keys must be to it. */
async function judgeKeys(
  bench: RingBench,
  options: {
    ring: readonly number[]
    self: number
    owned: readonly string[]
    foreign: readonly string[]
    requirement?: string
  },
): Promise<void> {
  const { ring, self, owned, foreign, requirement = 'ring.circle.owner' } = options
  const { node, probes } = await bench.nodeAmongProbes(ring, self, { config: quietConfig(bench) })
  const at = ring.indexOf(self)
  const via = probeOf(probes, ring[(at + ring.length - 1) % ring.length] ?? self)
  const successor = ring[(at + 1) % ring.length] ?? self
  const origin = probeOf(probes, ring[(at + 2) % ring.length] ?? self)
  for (const name of owned) {
    const frame = await requireOwned(bench, { node, via, origin, name }, requirement)
    bench.evidence(`${self} owns ${name}`, frame)
  }
  for (const name of foreign) {
    const frame = await requireForwarded(bench, { node, via, origin, name }, successor, requirement)
    bench.evidence(`${self} sends ${name} on`, frame)
  }
}

export const circleCases: readonly Case[] = [
  ringCase({
    id: 'ring.circle.owner/own-id',
    also: ['ring.route.owner'],
    title: 'the key that equals the own id is owned, the next one is not',
    stage: 2,
    observes: ['wire'],
    evidence: 'not-found for key 100 at peer 100, a forwarded request for key 101',
    hint: 'The upper end belongs to the interval (predecessor, self].',
    run: (bench) =>
      judgeKeys(bench, { ring: RING, self: SELF, owned: ['0100', '0356'], foreign: ['0101', '0357'] }),
  }),
  ringCase({
    id: 'ring.circle.owner/lower-end',
    also: ['ring.route.owner'],
    title: "the predecessor's id is not owned, the key just above it is",
    stage: 2,
    observes: ['wire'],
    evidence: 'a forwarded request for key 60, not-found for key 61 and for keys that equal no id',
    hint: 'Ownership does not mean that the key equals the id: it lies between the predecessor and the id.',
    run: (bench) =>
      judgeKeys(bench, {
        ring: RING,
        self: SELF,
        owned: ['0061', '0077', '0099'],
        foreign: ['0060', '0316'],
      }),
  }),
  ringCase({
    id: 'ring.circle.owner/enters-above-owner',
    also: ['ring.route.owner'],
    title: 'a key far below the own id is not claimed: it belongs to a peer further back',
    stage: 2,
    observes: ['wire'],
    evidence: 'forwarded requests for keys below the predecessor, not-found for a key of its own',
    hint: 'A comparison of key and own id alone is not enough: the predecessor is the lower end.',
    run: (bench) =>
      judgeKeys(bench, {
        ring: RING,
        self: SELF,
        owned: ['0080'],
        foreign: ['0000', '0010', '0020', '0059'],
      }),
  }),
  ringCase({
    id: 'ring.circle.owner/wrap-first-peer',
    also: ['ring.route.owner'],
    title: 'the first peer owns the keys above the last one and below itself',
    stage: 2,
    observes: ['wire'],
    evidence: 'not-found for keys 221, 255, 0 and 20 at peer 20, forwarded requests for 21 and 220',
    hint: 'When the predecessor is larger than you, the interval goes over 255 to 0.',
    run: (bench) =>
      judgeKeys(bench, {
        ring: [20, 60, 140, 220],
        self: 20,
        owned: ['0221', '0255', '0256', '0000', '0020'],
        foreign: ['0021', '0220', '0130'],
      }),
  }),
  ringCase({
    id: 'ring.circle.owner/wrap-last-peer',
    also: ['ring.route.owner'],
    title: 'the last peer does not own keys above its id',
    stage: 2,
    observes: ['wire'],
    evidence: 'forwarded requests for keys 221, 255 and 0 at peer 220, not-found for 220 and 141',
    hint: 'Nobody but the first peer follows 255 clockwise.',
    run: (bench) =>
      judgeKeys(bench, {
        ring: [20, 60, 140, 220],
        self: 220,
        owned: ['0141', '0220'],
        foreign: ['0221', '0255', '0000', '0020', '0140'],
      }),
  }),
  ringCase({
    id: 'ring.circle.owner/zero',
    also: ['ring.route.owner'],
    title: 'peer 0 owns key 0 and what lies between the last peer and it',
    stage: 2,
    observes: ['wire'],
    evidence: 'not-found for 0000, 0256 and 0255 at peer 0, forwarded requests for 0001 and 0250',
    hint: 'Id 0 and key 0 are values like any other; in many languages they count as false.',
    run: (bench) =>
      judgeKeys(bench, {
        ring: [0, 50, 250],
        self: 0,
        owned: ['0000', '0256', '0255', '0251'],
        foreign: ['0001', '0250'],
      }),
  }),
  ringCase({
    id: 'ring.circle.owner/predecessor-zero',
    also: ['ring.route.owner'],
    title: 'the peer after peer 0 owns key 1, not key 0',
    stage: 2,
    observes: ['wire'],
    evidence: 'not-found for 0001 and 0050 at peer 50, forwarded requests for 0000 and 0051',
    hint: 'A predecessor with id 0 is a predecessor that you know.',
    run: (bench) =>
      judgeKeys(bench, {
        ring: [0, 50, 250],
        self: 50,
        owned: ['0001', '0050'],
        foreign: ['0000', '0051', '0255'],
      }),
  }),
  ringCase({
    id: 'ring.circle.owner/two-peers',
    also: ['ring.route.owner'],
    title: 'in a ring of two each peer owns the half that ends at its id',
    stage: 2,
    observes: ['wire'],
    evidence: 'not-found for the own half, forwarded requests for the other',
    hint: 'With two peers the other one is predecessor and successor at once.',
    async run(bench: RingBench) {
      await bench.ids([NEAR, SELF, OTHER])
      const origin = await bench.probe(OTHER)
      const { node, probes } = await bench.nodeAmongProbes([NEAR, SELF], SELF, { config: quietConfig(bench) })
      const via = probeOf(probes, NEAR)
      for (const name of ['0061', '0100']) {
        bench.evidence(
          `owns ${name}`,
          await requireOwned(bench, { node, via, origin, name }, 'ring.circle.owner'),
        )
      }
      for (const name of ['0060', '0101', '0000', '0255']) {
        const frame = await requireForwarded(bench, { node, via, origin, name }, NEAR, 'ring.circle.owner')
        bench.evidence(`sends ${name} on`, frame)
      }
    },
  }),
  ringCase({
    id: 'ring.circle.owner/alone',
    also: ['ring.store.self', 'ring.request.not-found'],
    title: 'a peer that is alone owns every key',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'stores of keys around the circle that all stay here, and not-found to a stranger',
    hint: '(x, x] is the whole circle.',
    async run(bench: RingBench) {
      const { node, stranger } = await settleAlone(bench, FIRST)
      const path = await writeContent(bench, 'content', randomContent(bench, 30))
      for (const name of ['0000', '0099', '0100', '0101', '0255', '9999']) {
        const { owner, route } = await node.command('store', { name, path })
        bench.require(owner === SELF && JSON.stringify(route) === `[${SELF}]`, {
          requirement: 'ring.circle.owner',
          expected: `owner ${SELF} and route [${SELF}] for ${name}`,
          actual: `owner ${owner} and route ${JSON.stringify(route)}`,
        })
      }
      for (const name of ['0001', '0102', '0254']) {
        const asked = { node, via: stranger, origin: stranger, name }
        bench.evidence(`alone, owns ${name}`, await requireOwned(bench, asked, 'ring.circle.owner'))
      }
    },
  }),
  ringCase({
    id: 'ring.circle.owner/every-key',
    also: ['ring.route.owner', 'ring.route.forward'],
    title: '96 names, drawn at random around both ends of the interval and over the circle',
    stage: 2,
    observes: ['wire'],
    evidence: 'a reaction to each that agrees with the owner computed from the ids',
    hint: 'The failing name is in the report: compute its key modulo 256 by hand and place it on the circle.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const edges = [-3, -2, -1, 0, 1, 2, 3].flatMap((step) => [NEAR + step, SELF + step])
      const keys = [...edges, ...Array.from({ length: 82 }, () => Math.floor(bench.random() * 256))]
      const asked = new Map(keys.map((key) => [freshNumber(bench), nameWithKey(bench, key)]))
      const connection = await near.connect(node)
      for (const [request, name] of asked) {
        await connection.send(requestMessage({ from: NEAR, origin: OTHER, name, request }))
      }
      for (const [request, name] of asked) {
        const expected =
          ownerOf(RING, name) === SELF
            ? { type: 'ring.not-found', to: other.id }
            : { type: 'ring.request', to: FIRST }
        const frame = bench.requireFrame(await reaction(bench, request), {
          requirement: 'ring.circle.owner',
          expected: `${expected.type} for ${name} to ${expected.to}`,
        })
        bench.require(frame.message?.type === expected.type && frame.to === expected.to, {
          requirement: 'ring.circle.owner',
          expected: `${expected.type} for ${name} (key ${keyOf(name)}) to ${expected.to}`,
          actual: `${frame.message?.type} to ${frame.to}`,
          exhibits: [{ frame: frame.n }],
        })
        requireFields(bench, frame, 'ring.circle.name', { name })
      }
      bench.evidence(`${asked.size} names answered or sent on as the ids demand`)
    },
  }),
  ringCase({
    id: 'ring.route.owner/unknown-predecessor',
    also: ['ring.circle.owner'],
    title: 'without a known predecessor the peer in from counts as predecessor',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'not-found for keys in (from, self], forwarded requests for others, and no predecessor in state',
    hint: 'Right after init nobody may have pinged you yet: take from of the message as lower end, not the whole circle.',
    async run(bench: RingBench) {
      await bench.ids([NEAR, SELF, FIRST, SECOND, OTHER])
      const [via, origin] = await Promise.all([
        bench.probe(NEAR),
        bench.probe(OTHER),
        bench.probe(FIRST),
        bench.probe(SECOND),
      ])
      const node = await bench.node(SELF, { config: quietConfig(bench) })
      await node.command('init', { successors: [FIRST, SECOND] })
      const { predecessors } = await node.state()
      bench.require(JSON.stringify(predecessors) === '[null,null]', {
        requirement: 'ring.ping.predecessors',
        expected: 'no known predecessor before any ping',
        actual: JSON.stringify(predecessors),
      })
      for (const name of ['0061', '0100']) {
        const frame = await requireOwned(bench, { node, via, origin, name }, 'ring.route.owner')
        bench.evidence(`owns ${name} when ${NEAR} asks`, frame)
      }
      for (const name of ['0060', '0101', '0000']) {
        const frame = await requireForwarded(bench, { node, via, origin, name }, FIRST, 'ring.route.owner')
        bench.evidence(`sends ${name} on when ${NEAR} asks`, frame)
      }
    },
  }),
  ringCase({
    id: 'ring.route.owner/own-lookup-without-predecessor',
    also: ['ring.request.self', 'ring.route.forward'],
    title: 'a peer that knows no predecessor answers its own lookup only for the key that is its id',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'not-found without a message for the key 100, a request at the first successor for key 99',
    hint: 'Right after init you cannot know how far your keys reach: ask the ring, it leads back to you if need be.',
    async run(bench: RingBench) {
      await bench.ids([SELF, FIRST, SECOND])
      await Promise.all([bench.probe(FIRST), bench.probe(SECOND)])
      const node = await bench.node(SELF, { config: quietConfig(bench) })
      await node.command('init', { successors: [FIRST, SECOND] })
      await requireFailure(
        bench,
        begin(node, 'request', { name: '0100', transport: 'tcp' }),
        ['not-found'],
        'ring.route.owner',
        'for the key that equals the own id',
      )
      begin(node, 'request', { name: '0099', transport: 'tcp' })
      const lookup = await requireSent(bench, sentTo(FIRST, 'ring.request', { name: '0099' }), {
        requirement: 'ring.route.owner',
        expected: 'the request for 0099 at the first successor',
      })
      requireNone(bench, sent('ring.request', { name: '0100' }), {
        requirement: 'ring.route.owner',
        expected: 'no message for the key that equals the own id',
      })
      bench.evidence('0099 sent out', lookup)
    },
  }),
  ringCase({
    id: 'ring.route.owner/new-predecessor',
    also: ['ring.ping.predecessors'],
    title: 'a newcomer that pings with slot 1 takes over the keys up to its id',
    stage: 2,
    observes: ['wire'],
    evidence: 'key 70 owned before, sent on after the ping of peer 80, and key 81 still owned',
    hint: 'Look up the predecessor when a message arrives; do not compute the interval once at init.',
    async run(bench: RingBench) {
      const ring = [NEAR, SELF, FIRST, SECOND]
      await bench.ids([...ring, 80])
      const newcomer = await bench.probe(80)
      const { node, probes } = await bench.nodeAmongProbes(ring, SELF, { config: quietConfig(bench) })
      const origin = probeOf(probes, SECOND)
      const near = probeOf(probes, NEAR)
      await requireOwned(bench, { node, via: near, origin, name: '0070' }, 'ring.route.owner')
      await fence(bench, node, newcomer)
      const sentOn = await requireForwarded(
        bench,
        { node, via: newcomer, origin, name: '0070' },
        FIRST,
        'ring.route.owner',
      )
      bench.evidence('key 70 now belongs to 80', sentOn)
      bench.evidence(
        'key 81 is still owned',
        await requireOwned(bench, { node, via: newcomer, origin, name: '0081' }, 'ring.route.owner'),
      )
    },
  }),
  ringCase({
    id: 'ring.route.owner/second-predecessor',
    also: ['ring.ping.predecessors'],
    title: 'a ping with slot 2 does not move the lower end',
    stage: 2,
    observes: ['wire'],
    evidence:
      'keys just above the first predecessor owned after a ping with slot 2 from a peer close to the node',
    hint: 'Only the first predecessor, the sender of slot 1, limits what you own.',
    async run(bench: RingBench) {
      const hood = await settle(bench)
      await hood.other.ping(hood.node, 2, 5)
      await requireSent(bench, sentTo(OTHER, 'ring.pong', { seq: 5 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong to the ping with slot 2',
      })
      const asked = { node: hood.node, via: hood.near, origin: hood.far, name: '0061' }
      bench.evidence('still owns 61', await requireOwned(bench, asked, 'ring.route.owner'))
      const below = { ...asked, name: '0060' }
      bench.evidence('still not 60', await requireForwarded(bench, below, FIRST, 'ring.route.owner'))
    },
  }),
  ringCase({
    id: 'ring.circle.name/on-the-wire',
    also: ['common.tcp.malformed'],
    title: 'a store or request with a wrong name is refused with schema',
    stage: 2,
    observes: ['wire'],
    evidence: 'an error with code schema for each wrong name, an answer for a good one',
    hint: 'Check name against four digits when a message arrives, not only when a command does.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      for (const name of WRONG_NAMES) {
        for (const message of [
          { ...requestMessage({ from: NEAR, origin: OTHER, name: '0100', request: 1 }), name },
          { ...storeMessage({ from: NEAR, origin: OTHER, name: '0100', request: 2, size: 3 }), name },
        ]) {
          const connection = await near.connect(node)
          await connection.sendBytes(`${JSON.stringify(message)}\n`)
          const error = await connection.receive((frame) => frame.message?.type === 'error')
          bench.require(error?.message?.code === 'schema', {
            requirement: 'ring.circle.name',
            expected: `the error schema for the name ${JSON.stringify(name)}`,
            actual: JSON.stringify(error?.message) ?? 'no error',
            exhibits: error === undefined ? [] : [{ frame: error.n, at: '/code' }],
          })
          connection.close()
        }
      }
      const good = await requireOwned(
        bench,
        { node, via: near, origin: other, name: '0100' },
        'ring.circle.name',
      )
      bench.evidence(`${WRONG_NAMES.length} wrong names refused, 0100 answered`, good)
    },
  }),
  ringCase({
    id: 'ring.circle.name/leading-zeros',
    also: ['ring.route.forward', 'ring.store.self'],
    title: 'leading zeros are kept on the wire, in state and in the file',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'the name 0159 in a forwarded request, and 0000 and 0077 in files',
    hint: 'A name is a string. Convert it to a number only to compute the key.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const frame = await requireForwarded(
        bench,
        { node, via: near, origin: other, name: '0159' },
        FIRST,
        'ring.circle.name',
      )
      const path = await writeContent(bench, 'content', randomContent(bench, 9))
      for (const name of ['0077', '0061']) await node.command('store', { name, path })
      const { files } = await node.state()
      bench.require(JSON.stringify(files) === '["0061","0077"]', {
        requirement: 'ring.circle.name',
        expected: 'files ["0061","0077"]',
        actual: JSON.stringify(files),
      })
      bench.evidence('0159 stays 0159', frame)
    },
  }),
]
