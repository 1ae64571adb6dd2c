// The log of a UDP transfer (ring.udp.log): one event for each thing that happens to a segment or its ack.
import type { RingEvent } from '../../spec/ring/control.ts'
import type { Peer } from './peer.ts'
import type { PeerId } from './vocabulary.ts'

type Action = Extract<RingEvent, { event: 'segment' }>['action']

/** Number of bytes that base64 text stands for. */
export function dataBytes(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return (base64.length / 4) * 3 - padding
}

export class SegmentLog {
  readonly #peer: Peer

  constructor(peer: Peer) {
    this.#peer = peer
  }

  segment(action: Action, name: string, peer: PeerId, seq: number, bytes: number): void {
    this.#report(action, name, peer, seq, bytes, 0)
  }

  ack(action: Action, name: string, peer: PeerId, ack: number, bytes: number): void {
    this.#report(action, name, peer, 0, bytes, ack)
  }

  #report(action: Action, name: string, peer: PeerId, seq: number, bytes: number, ack: number): void {
    if (!this.#peer.settings.segmentLog) return
    const timeMs = this.#peer.sinceStartMs
    this.#peer.report({ event: 'segment', name, peer, action, timeMs, seq, bytes, ack })
  }
}
