// Rings of real nodes that nobody disturbs: who follows whom, who owns what, and the way of every lookup. All of it is
// compared with the oracle, which knows only the ids.
import { keyOf, ownerOf } from '../../oracle/ring.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { requireFailure } from '../outcome.ts'
import { ringCase } from './define.ts'
import { framesOf, sentTo } from './frames.ts'
import { randomContent } from './procedures/content.ts'
import { allOf, requireSeen, since } from './procedures/evidence.ts'
import { begin } from './procedures/outcome.ts'
import { idlePings, steadyPings } from './procedures/pace.ts'
import { nodeOf, requireAtRest } from './procedures/ring-at-rest.ts'
import { fetchFile, storeFile, type Transport } from './procedures/round-trip.ts'
import { stage } from './procedures/stages.ts'

/** Rings of every size that the course used, with neighbours, both ends of the circle and wide gaps among the ids. */
const RINGS = {
  two: [0, 255],
  three: [7, 8, 200],
  four: [0, 60, 127, 255],
  seven: [2, 4, 5, 8, 9, 14, 19],
  ten: [0, 1, 30, 63, 64, 100, 128, 191, 254, 255],
} as const

const atRest = (size: keyof typeof RINGS): Case =>
  ringCase({
    id: `ring.circle.successors/ring-of-${size}`,
    title: `a ring of ${size} peers at rest: ${RINGS[size].join('-')}`,
    also: ['ring.control.state', 'ring.ping.predecessors', 'ring.ping.interval'],
    stage: 1,
    observes: ['wire', 'control'],
    evidence: 'each peer pings its first and second successor; successors and predecessors in state',
    hint: 'The last peer is followed by the first; predecessors are learnt from pings and never sorted by id.',
    cluster: true,
    async run(bench: RingBench) {
      const nodes = await bench.cluster(RINGS[size], { config: steadyPings(bench) })
      await requireAtRest(bench, nodes, 'ring.circle.successors', 'at rest', 0)
    },
  })

/** Sizes around the segment size, where ends of files go wrong. */
const SIZES = [0, 1, 511, 512, 513, 1536, 300, 3000] as const
const TRANSPORTS: readonly Transport[] = ['tcp', 'udp']

const nameOf = (key: number, turn: number): string => String(key + 256 * turn).padStart(4, '0')

/** For each peer a name whose key is its id, one that is the next higher, and one that shares its key with another name. */
const namesFor = (ring: readonly number[]): readonly string[] =>
  ring.flatMap((id) => [nameOf(id, 0), nameOf((id + 1) % 256, 1), nameOf(id, 2)])

const lookups = (size: keyof typeof RINGS): Case =>
  ringCase({
    id: `ring.circle.owner/ring-of-${size}`,
    title: `every peer of a ring of ${size} stores and requests files of every owner, over TCP and UDP`,
    also: [
      'ring.route.owner',
      'ring.route.forward',
      'ring.store.place',
      'ring.store.self',
      'ring.request.name',
      'ring.request.found',
      'ring.request.self',
      'ring.udp.verify',
    ],
    stage: stage.lookup,
    observes: ['wire', 'control'],
    evidence: 'each hop of each lookup, the content on the wire, the bytes on disk',
    hint: 'The owner is the first peer whose id equals the key or follows it; above the last peer that is the first one.',
    cluster: true,
    async run(bench: RingBench) {
      const ring = RINGS[size]
      const nodes = await bench.cluster(ring, { config: idlePings(bench) })
      const originAt = (place: number): number => ring[place % ring.length] ?? ring[0]
      const files = namesFor(ring).map((name, n) => ({
        name,
        content: randomContent(bench, SIZES[n % SIZES.length] ?? 0),
        storer: originAt(n),
        requester: originAt(n + 1 + Math.floor(n / ring.length)),
        transport: TRANSPORTS[Math.floor(n / 2) % 2] ?? 'tcp',
      }))
      await Promise.all(
        files.map(({ name, content, storer }) => storeFile(bench, nodes, storer, name, content)),
      )
      await Promise.all(
        files.map(({ name, content, requester, transport }) =>
          fetchFile(bench, nodes, requester, name, transport, content),
        ),
      )
      for (const id of ring) {
        const own = files.filter(({ name }) => ownerOf(ring, name) === id).map(({ name }) => name)
        const { files: stored } = await nodeOf(nodes, id).state()
        bench.require(stored.join() === own.sort().join(), {
          requirement: 'ring.circle.owner',
          expected: `peer ${id} to hold the files ${own.join(', ')}`,
          actual: stored.join(', '),
        })
      }
    },
  })

export const clusterRestCases: readonly Case[] = [
  ...(['two', 'three', 'four', 'seven', 'ten'] as const).map(atRest),
  ...(['two', 'three', 'seven', 'ten'] as const).map(lookups),
  ringCase({
    id: 'ring.circle.successors/random-ring',
    title: 'a ring of five peers with ids drawn from the seed, and a file for each',
    also: ['ring.circle.owner', 'ring.route.forward', 'ring.store.place', 'ring.request.found'],
    stage: stage.lookup,
    observes: ['wire', 'control'],
    evidence: 'the ring at rest, each hop of each lookup, the bytes on disk',
    hint: 'Nothing may depend on the ids of the examples.',
    cluster: true,
    async run(bench: RingBench) {
      const ids = new Set<number>()
      while (ids.size < 5) ids.add(Math.floor(bench.random() * 256))
      const nodes = await bench.cluster([...ids], { config: idlePings(bench) })
      await requireAtRest(bench, nodes, 'ring.circle.successors', 'at rest', 0)
      for (const origin of ids) {
        const name = nameOf(Math.floor(bench.random() * 256), Math.floor(bench.random() * 38))
        const content = randomContent(bench, 1000)
        await storeFile(bench, nodes, origin, name, content)
        const other = [...ids].find((id) => id !== origin && id !== ownerOf([...ids], name)) ?? origin
        await fetchFile(bench, nodes, other, name, 'tcp', content)
      }
    },
  }),
  ringCase({
    id: 'ring.request.not-found/every-peer',
    title: 'every peer of a ring of four asks for a file that nobody stored: each is told so',
    also: ['ring.route.forward', 'ring.request.self'],
    stage: stage.lookup,
    observes: ['wire', 'control'],
    evidence: 'not-found from the owner to each origin, and no further request',
    hint: 'The owner answers at once when it does not have the file; the request must not circulate.',
    cluster: true,
    async run(bench: RingBench) {
      const ring = RINGS.four
      const nodes = await bench.cluster(ring, { config: idlePings(bench) })
      const name = '0100'
      const owner = ownerOf(ring, name)
      for (const [n, origin] of ring.entries()) {
        const transport = TRANSPORTS[n % 2] ?? 'tcp'
        const start = bench.frames.length
        const command = begin(nodeOf(nodes, origin), 'request', { name, transport })
        await requireFailure(
          bench,
          command,
          ['not-found'],
          'ring.request.not-found',
          `for ${name} at ${origin}`,
        )
        if (origin !== owner)
          await requireSeen(bench, allOf(since(start), sentTo(origin, 'ring.not-found', { name })), {
            requirement: 'ring.request.not-found',
            expected: `not-found for ${name} (key ${keyOf(name)}) from its owner ${owner} to ${origin}`,
            fields: { from: owner },
          })
        const passes = framesOf(
          bench,
          allOf(since(start), (frame) => frame.message?.type === 'ring.request'),
        )
        bench.require(passes.length < ring.length, {
          requirement: 'ring.request.not-found',
          expected: 'a request that ends at the owner',
          actual: `${passes.length} hops in a ring of ${ring.length}`,
          exhibits: passes.slice(-1).map((frame) => ({ frame: frame.n })),
        })
      }
    },
  }),
]
