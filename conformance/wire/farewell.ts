// How the harness behaves at the end of a case, towards nodes that are told to leave: as somebody polite who is still there.
import { errorNames } from '../../spec/peers/messages.ts'
import type { Message } from './wire.ts'

export interface Farewell {
  /** Datagrams from a place to each node, before it is told to leave. */
  readonly beginning?: (place: number) => readonly Message[]
  /** What to answer at a place; undefined for nothing. */
  readonly datagram?: (message: Message, place: number) => Message | undefined
  line(message: Message, place: number): Message | undefined
}

/** Acknowledges departures, answers successor queries and pings, and makes itself known as a predecessor. */
export const ringFarewell: Farewell = {
  beginning: (place) => [1, 2].map((slot) => ({ type: 'ring.ping', from: place, seq: 0, slot })),
  datagram: ({ type, seq }, place) =>
    type === 'ring.ping' ? { type: 'ring.pong', from: place, seq } : undefined,
  line({ type }, place) {
    if (type === 'ring.depart') return { type: 'ring.depart-ack', from: place }
    if (type === 'ring.successor-query')
      return { type: 'ring.successor-answer', from: place, successor: place }
    return undefined
  },
}

/** Takes every leave, every request and the token, names nobody else, and lets nobody in any more. */
export const peersFarewell: Farewell = {
  line({ method }) {
    if (method === 'require_all' || method === 'read_all') return { result: [] }
    if (method === 'register') return { error: { name: errorNames.leaving, args: [] } }
    return { result: null }
  },
}
