// The owner's side of a UDP transfer (ring.md section 10): stop-and-wait. One message is under way; when its answer comes,
// the next one goes out, and when none comes in time, the same one goes out again.
//
//     owner 19                       requester 4
//       offer transfer=3  ------->
//                         <-------  ready
//       data seq=1 (400)  ---x              lost: the timer sends it again
//       data seq=1 (400)  ------->
//                         <-------  ack 401
//       ...
//       end seq=1001      ------->
//                         <-------  ack 1002
//
// Bound: TRANSFERS_MAX transfers under way, TRANSFERS_WAITING_MAX requests waiting for a place.
import type { RingMessageOf, RingUdpMessage } from '../../spec/ring/messages.ts'
import type { BlobNumber } from '../core/machine.ts'
import { FINISHED_TRANSFERS_MAX, TRANSFERS_MAX, TRANSFERS_WAITING_MAX } from './limits.ts'
import type { Peer } from './peer.ts'
import { dataBytes, type SegmentLog } from './segment-log.ts'
import type { StoredFile } from './storage.ts'
import type { PeerId } from './vocabulary.ts'

export interface TransferRequest {
  readonly origin: PeerId
  readonly name: string
  readonly request: number
  readonly route: number[]
  readonly file: StoredFile
}

interface Transfer extends TransferRequest {
  readonly transfer: number
  readonly blob: BlobNumber
  phase: 'offer' | 'reading' | 'data' | 'end'
  /** Bytes that are acknowledged; the segment under way begins here. */
  offset: number
  /** The segment under way, as base64. */
  data: string
  retransmissions: number
}

export class TransferOwner {
  readonly #peer: Peer
  readonly #log: SegmentLog
  readonly #underWay = new Map<number, Transfer>()
  readonly #waiting: TransferRequest[] = []
  /** Requests whose transfers are over, the oldest first. Bound: FINISHED_TRANSFERS_MAX. */
  readonly #finished: Pick<TransferRequest, 'origin' | 'request'>[] = []

  constructor(peer: Peer, log: SegmentLog) {
    this.#peer = peer
    this.#log = log
  }

  /** Begins a transfer, or keeps the request until there is a place. False if there is no room for that either. */
  serve(request: TransferRequest): boolean {
    // ring.udp.offer: a lookup that was tried again may arrive twice.
    if (this.#isServed(request)) return true
    if (this.#underWay.size < TRANSFERS_MAX) this.#begin(request)
    else if (this.#waiting.length < TRANSFERS_WAITING_MAX) this.#waiting.push(request)
    else return false
    return true
  }

  #isServed({ origin, request }: TransferRequest): boolean {
    return [...this.#underWay.values(), ...this.#waiting, ...this.#finished].some(
      (known) => known.origin === origin && known.request === request,
    )
  }

  #begin(request: TransferRequest): void {
    const number = this.#peer.nextNumber()
    const blob = this.#peer.openBlob(request.name, {
      onChunk: (data) => this.#onChunk(number, data),
      onFailed: () => this.#end(number),
    })
    const transfer: Transfer = {
      ...request,
      transfer: number,
      blob,
      phase: 'offer',
      offset: 0,
      data: '',
      retransmissions: 0,
    }
    this.#underWay.set(number, transfer)
    this.#send(transfer)
  }

  #end(number: number): void {
    const transfer = this.#underWay.get(number)
    if (transfer === undefined) return
    this.#underWay.delete(number)
    this.#finished.push({ origin: transfer.origin, request: transfer.request })
    if (this.#finished.length > FINISHED_TRANSFERS_MAX) this.#finished.shift()
    this.#peer.clearTimer(`transfer:${number}`)
    this.#peer.discard(transfer.blob)
    const next = this.#waiting.shift()
    if (next !== undefined) this.#begin(next)
  }

  /** Sends the message of the phase, for the first time or again, and waits for its answer (ring.udp.retransmit). */
  #send(transfer: Transfer): void {
    if (transfer.phase === 'data') this.#sendSegment(transfer)
    else this.#peer.sendDatagram(transfer.origin, this.#offerOrEnd(transfer))
    this.#peer.setTimer(`transfer:${transfer.transfer}`, this.#peer.settings.retransmitTimeoutMs, () => {
      if (transfer.retransmissions >= this.#peer.settings.retransmissionsMax)
        return this.#end(transfer.transfer)
      transfer.retransmissions += 1
      this.#send(transfer)
    })
  }

  #offerOrEnd(transfer: Transfer): RingUdpMessage {
    const { name, request, route } = transfer
    const { size, digest } = transfer.file
    const common = { from: this.#peer.id, transfer: transfer.transfer }
    if (transfer.phase === 'end') {
      return { type: 'ring.end', ...common, seq: this.#peer.rules.sequenceOf(size) }
    }
    const { mss } = this.#peer.settings
    return { type: 'ring.offer', ...common, request, name, size, digest, mss, route }
  }

  /** ring.udp.drop: one draw per transmission, and nothing but segments is ever dropped. */
  #sendSegment(transfer: Transfer): void {
    const { origin, name, data, retransmissions } = transfer
    const { rules, settings } = this.#peer
    const seq = rules.sequenceOf(transfer.offset)
    const isDropped = rules.drops(this.#peer.random(), settings.dropProbability, retransmissions)
    const action = isDropped ? 'drop' : retransmissions === 0 ? 'snd' : 'RTX'
    this.#log.segment(action, name, origin, seq, dataBytes(data))
    if (isDropped) return
    this.#peer.sendDatagram(origin, {
      type: 'ring.data',
      from: this.#peer.id,
      transfer: transfer.transfer,
      seq,
      data,
    })
  }

  #become(transfer: Transfer, phase: 'data' | 'end'): void {
    transfer.phase = phase
    transfer.retransmissions = 0
    this.#send(transfer)
  }

  /** ring.udp.segment, ring.udp.end: what comes after `offset`. */
  #next(transfer: Transfer): void {
    const { size } = transfer.file
    if (transfer.offset >= size) {
      this.#become(transfer, 'end')
      return
    }
    transfer.phase = 'reading'
    const length = this.#peer.rules.segmentLength(size, transfer.offset, this.#peer.settings.mss)
    this.#peer.read(transfer.blob, transfer.offset, length)
  }

  #onChunk(number: number, data: string): void {
    const transfer = this.#underWay.get(number)
    if (transfer?.phase !== 'reading') return
    transfer.data = data
    this.#become(transfer, 'data')
  }

  onReady(message: RingMessageOf<'ring.ready'>): void {
    const transfer = this.#underWay.get(message.transfer)
    if (transfer?.origin === message.from && transfer.phase === 'offer') this.#next(transfer)
  }

  /** ring.udp.stop-and-wait: only the right ack of the right peer moves the transfer on. */
  onAck(message: RingMessageOf<'ring.ack'>): void {
    const transfer = this.#underWay.get(message.transfer)
    if (transfer?.origin !== message.from) return
    const { rules, settings } = this.#peer
    const { size } = transfer.file
    if (transfer.phase === 'end' && message.ack === rules.ackOfEnd(rules.sequenceOf(size))) {
      this.#end(transfer.transfer)
      return
    }
    const bytes = transfer.phase === 'data' ? dataBytes(transfer.data) : 0
    const isRight = bytes > 0 && message.ack === rules.ackOf(rules.sequenceOf(transfer.offset), bytes)
    // An ack that came twice acknowledges the segment before: all segments but the last have `mss` bytes.
    const lastBytes = transfer.offset === size ? size % settings.mss || settings.mss : settings.mss
    if (isRight || message.ack === transfer.offset + 1) {
      this.#log.ack('rcv', transfer.name, message.from, message.ack, isRight ? bytes : lastBytes)
    }
    if (!isRight) return
    transfer.offset += bytes
    this.#next(transfer)
  }
}
