// The requester's side of a UDP transfer (ring.md section 10): it only answers. It writes the segment that it expects next,
// acknowledges again what it already has, and says nothing to a segment from beyond.
//
// Rule of this file: a transfer outlives its end for a while, because the last ack may be lost; then the owner sends the end
// again and must get its ack again (ring.udp.late-end). Bound: FINISHED_TRANSFERS_MAX of those.
import type { RingMessageOf } from '../../spec/ring/messages.ts'
import type { BlobNumber } from '../core/machine.ts'
import type { Commands, OwnCommand } from './commands.ts'
import { FINISHED_TRANSFERS_MAX } from './limits.ts'
import type { Peer } from './peer.ts'
import type { Requesting } from './request.ts'
import { dataBytes, type SegmentLog } from './segment-log.ts'
import type { PeerId } from './vocabulary.ts'

type Offer = RingMessageOf<'ring.offer'>

interface Transfer {
  readonly offer: Offer
  /** Undefined once the transfer is finished. */
  command: OwnCommand | undefined
  readonly blob: BlobNumber
  /** Bytes written: the next segment begins here. */
  written: number
}

export class TransferRequester {
  readonly #peer: Peer
  readonly #commands: Commands
  readonly #requesting: Requesting
  readonly #log: SegmentLog
  /** By owner and number, finished ones included, the oldest first. */
  readonly #transfers = new Map<string, Transfer>()

  constructor(peer: Peer, commands: Commands, requesting: Requesting, log: SegmentLog) {
    this.#peer = peer
    this.#commands = commands
    this.#requesting = requesting
    this.#log = log
  }

  /** ring.udp.offer */
  onOffer(offer: Offer): void {
    const key = transferKey(offer.from, offer.transfer)
    const known = this.#transfers.get(key)
    if (known === undefined && !this.#begin(key, offer)) return
    if (known !== undefined && known.command === undefined) return
    this.#peer.sendDatagram(offer.from, { type: 'ring.ready', from: this.#peer.id, transfer: offer.transfer })
  }

  #begin(key: string, offer: Offer): boolean {
    const command = this.#commands.waiting(offer.request, offer.name, 'udp', 'looking-up')
    if (command === undefined) return false
    command.phase = { kind: 'transferring', owner: offer.from, route: offer.route }
    this.#commands.progress(command)
    const blob = this.#peer.createBlob({
      // ring.udp.verify
      onContent: (size, digest) => this.#requesting.finish(command, blob, { size, digest }, offer),
      onCommitted: (path) => this.#requesting.committed(command, offer.size, offer.digest, path),
      onFailed: (detail) => this.#commands.fail(command, 'transfer-failed', detail),
    })
    this.#transfers.set(key, { offer, command, blob, written: 0 })
    command.release = () => {
      this.#peer.discard(blob)
      // Given up before the end: from now on nobody waits for this transfer.
      if (this.#transfers.get(key)?.command !== undefined) this.#transfers.delete(key)
    }
    return true
  }

  /** ring.udp.sequence, ring.udp.duplicate */
  onData(message: RingMessageOf<'ring.data'>): void {
    const transfer = this.#transfers.get(transferKey(message.from, message.transfer))
    if (transfer === undefined) return
    const { seq } = message
    const bytes = dataBytes(message.data)
    const { name, size } = transfer.offer
    this.#log.segment('rcv', name, message.from, seq, bytes)
    const offset = seq - 1
    // One segment too many is still written, so that verification sees it; what comes after that is not.
    if (transfer.command !== undefined && offset === transfer.written && offset <= size) {
      this.#peer.append(transfer.blob, message.data)
      transfer.written += bytes
      this.#commands.progress(transfer.command)
    } else if (offset + bytes > transfer.written) {
      return
    }
    const ack = this.#peer.rules.ackOf(seq, bytes)
    this.#log.ack('snd', name, message.from, ack, bytes)
    this.#ack(message.from, message.transfer, ack)
  }

  /** ring.udp.end, ring.udp.late-end. The end counts where the offer or the last segment has put it, and nowhere else. */
  onEnd(message: RingMessageOf<'ring.end'>): void {
    const key = transferKey(message.from, message.transfer)
    const transfer = this.#transfers.get(key)
    if (transfer === undefined) return
    const { rules } = this.#peer
    if (message.seq !== rules.sequenceOf(transfer.written)) return
    this.#ack(message.from, message.transfer, rules.ackOfEnd(message.seq))
    if (transfer.command === undefined) return
    this.#commands.progress(transfer.command)
    transfer.command = undefined
    this.#remember(key, transfer)
    this.#peer.finishBlob(transfer.blob)
  }

  #ack(to: PeerId, transfer: number, ack: number): void {
    this.#peer.sendDatagram(to, { type: 'ring.ack', from: this.#peer.id, transfer, ack })
  }

  #remember(key: string, transfer: Transfer): void {
    this.#transfers.delete(key)
    this.#transfers.set(key, transfer)
    const finished = [...this.#transfers].filter(([, { command }]) => command === undefined)
    const oldest = finished[0]
    if (finished.length > FINISHED_TRANSFERS_MAX && oldest !== undefined) this.#transfers.delete(oldest[0])
  }
}

function transferKey(owner: PeerId, transfer: number): string {
  return `${owner}:${transfer}`
}
