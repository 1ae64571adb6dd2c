// Store and request as probes speak them (ring.md section 9): the messages, and the few exchanges that most cases need.
//
// A lookup reaches the node from a peer before it on the circle (`via`) on behalf of an `origin`. The node then either
// answers the origin, because it owns the key, or forwards the message to its first successor.
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import type { Message, Probe, ProbeConnection } from '../../../wire/probe.ts'
import { requireFields, requireSent, sentTo } from '../frames.ts'
import { type Content, requireSameBytes, writeContent } from './content.ts'

const numbersOfBench = new WeakMap<RingBench, number>()

/** A request or transfer number that the case has not used before. */
export function freshNumber(bench: RingBench): number {
  const number = (numbersOfBench.get(bench) ?? 6000) + 1
  numbersOfBench.set(bench, number)
  return number
}

interface LookupFields {
  readonly from: number
  readonly origin: number
  readonly name: string
  readonly request: number
  readonly route?: readonly number[]
}

const routeOf = ({ from, origin, route }: LookupFields): readonly number[] =>
  route ?? (from === origin ? [origin] : [origin, from])

export const storeMessage = (fields: LookupFields & { readonly size: number }): Message => ({
  type: 'ring.store',
  ...fields,
  route: routeOf(fields),
})

export const requestMessage = (fields: LookupFields & { readonly transport?: 'tcp' | 'udp' }): Message => ({
  type: 'ring.request',
  transport: 'tcp',
  ...fields,
  route: routeOf(fields),
})

export const putMessage = (fields: {
  readonly from: number
  readonly name: string
  readonly request: number
  readonly content: Content
}): Message => ({
  type: 'ring.put',
  from: fields.from,
  name: fields.name,
  request: fields.request,
  digest: fields.content.digest,
  bodyLength: fields.content.bytes.length,
})

/** Opens a connection to the node and sends one message on it. */
export async function tell(
  probe: Probe,
  node: RingNode,
  message: Message,
  body?: Uint8Array,
): Promise<ProbeConnection> {
  const connection = await probe.connect(node)
  await connection.send(message, body)
  return connection
}

/** The first reaction of the node to a lookup: an answer to the origin, or the same lookup to another peer. */
export function reaction(bench: RingBench, request: number): Promise<Frame | undefined> {
  const types = [
    'ring.request',
    'ring.store',
    'ring.store-accept',
    'ring.not-found',
    'ring.file',
    'ring.offer',
  ]
  return bench.seen(
    (frame) =>
      frame.sender === 'program' && frame.message?.request === request && types.includes(frame.type ?? ''),
  )
}

/**
 * The node stores `content` for `origin`: store, store-accept, put, stored. Every step is required, so that a case that
 * goes on from here knows that the file is there.
 */
export async function putFile(
  bench: RingBench,
  node: RingNode,
  options: {
    via: Probe
    origin: Probe
    name: string
    content: Content
    request?: number
    /** What is broken when a step does not come. */
    requirement?: string
  },
): Promise<{ readonly accept: Frame; readonly stored: Frame }> {
  const { via, origin, name, content, request = freshNumber(bench) } = options
  const { requirement = 'ring.store.place' } = options
  const lookup = await tell(
    via,
    node,
    storeMessage({ from: via.id, origin: origin.id, name, request, size: content.bytes.length }),
  )
  lookup.end()
  const accept = await requireSent(bench, sentTo(origin.id, 'ring.store-accept', { request }), {
    requirement,
    expected: `the owner ${node.id} sends store-accept for ${name} to the origin ${origin.id}`,
  })
  requireFields(bench, accept, requirement, { from: node.id, name, request })
  const connection = await tell(
    origin,
    node,
    putMessage({ from: origin.id, name, request, content }),
    content.bytes,
  )
  const stored = bench.requireFrame(
    await connection.receive((frame) => frame.message?.type === 'ring.stored'),
    { requirement, expected: `stored for ${name} on the connection of the put` },
  )
  requireFields(bench, stored, requirement, { from: node.id, name, request })
  connection.close()
  return { accept, stored }
}

/** The node, which owns the key, stores `content` by its own command; no message is needed for that. */
export async function storeOwn(
  bench: RingBench,
  node: RingNode,
  name: string,
  content: Content,
): Promise<void> {
  const path = await writeContent(bench, `own-${name}-${freshNumber(bench)}`, content)
  const result = await node.command('store', { name, path })
  bench.require(result.owner === node.id, {
    requirement: 'ring.store.self',
    expected: `the node ${node.id} is the owner of ${name}`,
    actual: `owner ${result.owner}`,
  })
}

/**
 * Sends a request through `via` on behalf of `origin`, and ends the sending side after it, as a peer does that opens a
 * connection for each message. The number of the request is the result.
 */
export async function ask(
  bench: RingBench,
  node: RingNode,
  options: {
    via: Probe
    origin: Probe
    name: string
    transport?: 'tcp' | 'udp'
    request?: number
    route?: readonly number[]
  },
): Promise<number> {
  const { via, origin, request = freshNumber(bench), ...fields } = options
  const message = requestMessage({
    name: fields.name,
    transport: fields.transport ?? 'tcp',
    request,
    from: via.id,
    origin: origin.id,
    ...(fields.route === undefined ? {} : { route: fields.route }),
  })
  const connection = await tell(via, node, message)
  connection.end()
  return request
}

/** Requests a file from the node over TCP and requires exactly `content` in answer. */
export async function fetchFile(
  bench: RingBench,
  node: RingNode,
  options: {
    via: Probe
    origin: Probe
    name: string
    content: Content
    /** What is broken when the file does not come or is another one. */
    requirement?: string
  },
): Promise<Frame> {
  const { origin, name, content, requirement = 'ring.request.found' } = options
  const request = await ask(bench, node, options)
  const frame = bench.requireFrame(await origin.receive(sentTo(origin.id, 'ring.file', { request })), {
    requirement,
    expected: `the owner ${node.id} sends file ${name} to the origin ${origin.id}`,
  })
  requireFields(bench, frame, requirement, {
    from: node.id,
    name,
    digest: content.digest,
    bodyLength: content.bytes.length,
  })
  const connection = origin.connectionOf(frame)
  const body = connection.body(frame)
  bench.require(body, {
    requirement: 'common.tcp.body',
    expected: `${content.bytes.length} bytes after the line of file`,
    actual: 'the connection ended before them',
    exhibits: [{ frame: frame.n }],
  })
  requireSameBytes(bench, body, content, requirement, 'in the body of file')
  return frame
}

/** Requests a name that the node owns but does not have, and requires not-found at the origin. */
export async function requireNotFound(
  bench: RingBench,
  node: RingNode,
  options: {
    via: Probe
    origin: Probe
    name: string
    transport?: 'tcp' | 'udp'
    /** What is broken when something else comes. */
    requirement?: string
  },
): Promise<Frame> {
  const { requirement = 'ring.request.not-found' } = options
  const request = await ask(bench, node, options)
  const frame = await requireSent(bench, sentTo(options.origin.id, 'ring.not-found', { request }), {
    requirement,
    expected: `not-found for ${options.name} from the owner ${node.id} at the origin ${options.origin.id}`,
  })
  requireFields(bench, frame, requirement, { from: node.id, name: options.name })
  return frame
}
