// The messages that the microbenchmarks work on: one small, one with a list, one with the data of a whole segment.
import type { RingMessage } from '../../spec/ring/messages.ts'

export interface Sample {
  readonly name: string
  readonly message: RingMessage
}

/** Data bytes in the sample segment: the default `mss`. */
const SEGMENT_BYTES = 512

export const samples: readonly Sample[] = [
  { name: 'ping', message: { type: 'ring.ping', from: 5, seq: 41, slot: 1 } },
  {
    name: 'request with a route of 16',
    message: {
      type: 'ring.request',
      from: 250,
      origin: 4,
      name: '2067',
      request: 9,
      transport: 'tcp',
      route: Array.from({ length: 16 }, (_, i) => 16 * i),
    },
  },
  {
    name: `segment of ${SEGMENT_BYTES} bytes`,
    message: {
      type: 'ring.data',
      from: 19,
      transfer: 3,
      seq: 1,
      data: Buffer.alloc(SEGMENT_BYTES, 'peerspec').toString('base64'),
    },
  },
]
