// The node as origin of a request over TCP, and a probe as the owner that answers it.
import type { RingResult } from '../../../../spec/ring/control.ts'
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'
import type { Message } from '../../../wire/probe.ts'
import type { Begun } from '../../outcome.ts'
import { requireSent, sentTo } from '../frames.ts'
import { FIRST, SECOND, SELF } from '../neighbourhood.ts'
import type { Content } from './content.ts'
import { begin } from './outcome.ts'

/** The route of a lookup of the node that the second successor owns. */
export const ROUTE_TO_SECOND = [SELF, FIRST, SECOND] as const

export interface Download {
  readonly begun: Begun<RingResult<'request'>>
  /** The number that the node chose. */
  readonly request: number
  readonly name: string
}

/** Begins a request command and waits for its message at the first successor. */
export async function beginRequest(
  bench: RingBench,
  node: RingNode,
  name: string,
  transport: 'tcp' | 'udp' = 'tcp',
): Promise<Download> {
  const known = bench.frames.length
  const begun = begin(node, 'request', { name, transport })
  const lookup = await requireSent(
    bench,
    (frame) => frame.n >= known && sentTo(FIRST, 'ring.request', { name, transport, origin: node.id })(frame),
    {
      requirement: 'ring.route.forward',
      expected: `the request for ${name} by ${transport} at the first successor ${FIRST}`,
    },
  )
  return { begun, request: Number(lookup.message?.request), name }
}

/** The message `file` with which `from` answers a download. */
export const fileMessage = (
  download: Pick<Download, 'request' | 'name'>,
  from: number,
  content: Content,
): Message => ({
  type: 'ring.file',
  from,
  name: download.name,
  request: download.request,
  digest: content.digest,
  route: ROUTE_TO_SECOND,
  bodyLength: content.bytes.length,
})

export const notFoundMessage = (download: Pick<Download, 'request' | 'name'>, from: number): Message => ({
  type: 'ring.not-found',
  from,
  name: download.name,
  request: download.request,
  route: ROUTE_TO_SECOND,
})
