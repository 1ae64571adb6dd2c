// Storing and requesting a file in a ring of real nodes, judged by the oracle: the owner, every hop of the route, the
// content on the wire and the bytes on disk. Nothing is believed because a reply says so.
import { lookupRoute, ownerOf } from '../../../oracle/ring.ts'
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'
import { type FramePredicate, framesOf, sentTo } from '../frames.ts'
import { type Content, requireReceivedFile, writeContent } from './content.ts'
import { allOf, from, saidOverTcp, since } from './evidence.ts'
import { type Nodes, nodeOf } from './ring-at-rest.ts'

export type Transport = 'tcp' | 'udp'

/** The result must name the oracle's owner and route, and the messages must have gone that way. */
const requireRoute = (
  bench: RingBench,
  nodes: Nodes,
  origin: number,
  name: string,
  type: 'ring.store' | 'ring.request',
  result: { readonly owner: number; readonly route: readonly number[] },
  start: number,
): void => {
  const members = [...nodes.keys()]
  const owner = ownerOf(members, name)
  bench.require(result.owner === owner, {
    requirement: 'ring.circle.owner',
    expected: `${owner} as the owner of ${name} in the ring ${members.join('-')}`,
    actual: `${result.owner}`,
  })
  const route = lookupRoute(members, origin, name)
  bench.require(result.route.join('-') === route.join('-'), {
    requirement: 'ring.route.forward',
    expected: `the route ${route.join('-')}`,
    actual: result.route.join('-'),
  })
  for (const [hop, peer] of route.slice(1).entries()) {
    const before = route[hop]
    const passed = bench.frames.find(
      allOf(since(start), sentTo(peer, type, { name, origin }), (frame) => frame.from === before),
    )
    bench.require(passed !== undefined, {
      requirement: 'ring.route.forward',
      expected: `${type} of ${name} from ${before} to ${peer}, on the route that the result claims`,
      actual: saidOverTcp(bench, start),
    })
  }
}

/** A frame that carried exactly this content as its body. */
const carries =
  ({ bytes, digest }: Content): FramePredicate =>
  (frame) =>
    frame.body?.length === bytes.length && frame.body.digest === digest

/** Stores content under a name by the command of one node. */
export const storeFile = async (
  bench: RingBench,
  nodes: Nodes,
  origin: number,
  name: string,
  content: Content,
): Promise<void> => {
  const start = bench.frames.length
  const path = await writeContent(bench, `store-${name}-${origin}`, content)
  const result = await nodeOf(nodes, origin).command('store', { name, path })
  requireRoute(bench, nodes, origin, name, 'ring.store', result, start)
  const owner = ownerOf([...nodes.keys()], name)
  if (owner !== origin) {
    const put = bench.frames.find(
      allOf(since(start), from(origin), sentTo(owner, 'ring.put', { name }), carries(content)),
    )
    bench.evidence(
      `${name} went from ${origin} to its owner ${owner}`,
      bench.requireFrame(put, {
        requirement: 'ring.store.place',
        expected: `put of ${name} with its content from ${origin} to the owner ${owner}`,
        actual: saidOverTcp(bench, start),
      }),
    )
  }
  const { files } = await nodeOf(nodes, owner).state()
  bench.require(files.includes(name), {
    requirement: 'ring.store.place',
    expected: `${name} among the files of its owner ${owner}`,
    actual: JSON.stringify(files),
  })
}

/** The content crossed the wire from owner to origin, by the transport that was asked for. */
const requireTransfer = (
  bench: RingBench,
  owner: number,
  origin: number,
  name: string,
  transport: Transport,
  content: Content,
  start: number,
): void => {
  const way = allOf(since(start), from(owner))
  const moved =
    transport === 'tcp'
      ? bench.frames.find(allOf(way, sentTo(origin, 'ring.file', { name }), carries(content)))
      : bench.frames.find(
          allOf(
            way,
            sentTo(origin, 'ring.offer', { name, digest: content.digest, size: content.bytes.length }),
          ),
        )
  bench.evidence(
    `${name} went from its owner ${owner} to ${origin} over ${transport.toUpperCase()}`,
    bench.requireFrame(moved, {
      requirement: transport === 'tcp' ? 'ring.request.found' : 'ring.udp.offer',
      expected: `${name} sent over ${transport.toUpperCase()} from ${owner} to ${origin}`,
      actual: saidOverTcp(bench, start),
    }),
  )
  if (transport === 'tcp') return
  const segments = framesOf(bench, allOf(way, sentTo(origin, 'ring.data'))).map((frame) => {
    const data = frame.message?.data
    return typeof data === 'string' ? Buffer.from(data, 'base64').length : 0
  })
  const bytes = segments.reduce((sum, length) => sum + length, 0)
  bench.require(bytes >= content.bytes.length, {
    requirement: 'ring.udp.segment',
    expected: `at least ${content.bytes.length} data bytes in segments from ${owner} to ${origin}`,
    actual: `${bytes}`,
  })
}

/** Requests a name by the command of one node, and compares what it wrote with the content. */
export const fetchFile = async (
  bench: RingBench,
  nodes: Nodes,
  origin: number,
  name: string,
  transport: Transport,
  content: Content,
): Promise<void> => {
  const start = bench.frames.length
  const node: RingNode = nodeOf(nodes, origin)
  const result = await node.command('request', { name, transport })
  requireRoute(bench, nodes, origin, name, 'ring.request', result, start)
  const owner = ownerOf([...nodes.keys()], name)
  const requirement = transport === 'tcp' ? 'ring.request.found' : 'ring.udp.verify'
  await requireReceivedFile(bench, node, result, content, requirement)
  if (owner !== origin) requireTransfer(bench, owner, origin, name, transport, content, start)
}
