// One simulated TCP connection: two sides, each direction in order, half-close, and an end that both sides learn of.
import type { BlobNumber, ConnectionNumber } from '../core/machine.ts'

export interface Side {
  readonly node: number
  readonly number: ConnectionNumber
  /** This side sends no more. */
  hasClosed: boolean
  /** The machine knows the connection: the opener from the start, the other side from the first message on. */
  isMet: boolean
  /** When the last thing sent to this side arrives; what follows never overtakes it. */
  arrivesAt: number
  /** Sent before the connection was up. Bounded by what a machine sends in the steps until then. */
  waiting: (() => void)[]
  /** The blob into which a body is arriving at this side. */
  arriving: BlobNumber | undefined
}

export interface Connection {
  readonly opener: Side
  readonly acceptor: Side
  isUp: boolean
  isOver: boolean
}

export function newConnection(
  opener: { node: number; number: ConnectionNumber },
  acceptor: { node: number; number: ConnectionNumber },
): Connection {
  const side = (end: typeof opener, isMet: boolean): Side => ({
    ...end,
    isMet,
    hasClosed: false,
    arrivesAt: 0,
    waiting: [],
    arriving: undefined,
  })
  return { opener: side(opener, true), acceptor: side(acceptor, false), isUp: false, isOver: false }
}

export function otherSide(connection: Connection, side: Side): Side {
  return side === connection.opener ? connection.acceptor : connection.opener
}
