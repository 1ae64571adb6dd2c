// Mistakes in the UDP transfer (ring.md section 10).
import type { RingMessageOf } from '../../../spec/ring/messages.ts'
import type { BlobNumber } from '../../core/machine.ts'
import { dataBytes } from '../../ring/segment-log.ts'
import type { PeerId, RingEffect } from '../../ring/vocabulary.ts'
import type { RingMutant } from './mutant.ts'
import { changeDatagrams, changeEffects, changeInputs, type Wrap } from './rewire.ts'

/** Lets every second datagram for which this holds get lost at the sender, if the sender is to drop anything at all. */
const dropEverySecond =
  (isDropped: (type: string) => boolean): Wrap =>
  (machine, settings) => {
    let count = 0
    return changeDatagrams((message) => {
      if (settings.dropProbability === 0 || !isDropped(message.type)) return message
      count += 1
      return count % 2 === 1 ? undefined : message
    })(machine, settings)
  }

/** Changes the segments of the log. */
const changeLog = (
  change: (
    event: Extract<RingEffect, { kind: 'event' }>['event'] & { event: 'segment' },
  ) => readonly object[],
): Wrap =>
  changeEffects((effect) => {
    if (effect.kind !== 'event' || effect.event.event !== 'segment') return [effect]
    return change(effect.event).map((event) => ({ ...effect, event }) as RingEffect)
  })

/** Remembers the latest segment of each transfer that this peer serves. */
const watchSegments = () => {
  const latest = new Map<number, { to: PeerId; seq: number; bytes: number }>()
  return {
    latest,
    watch: (effects: readonly RingEffect[]): readonly RingEffect[] => {
      for (const effect of effects) {
        if (effect.kind !== 'send-datagram' || effect.message.type !== 'ring.data') continue
        const { transfer, seq, data } = effect.message
        latest.set(transfer, { to: effect.to, seq, bytes: dataBytes(data) })
      }
      return effects
    },
  }
}

const sends = (effects: readonly RingEffect[], type: string): boolean =>
  effects.some((effect) => effect.kind === 'send-datagram' && effect.message.type === type)

export const transferMutants: readonly RingMutant[] = [
  {
    name: 'repeated-offer-unanswered',
    requirement: 'ring.udp.offer',
    bug: 'An offer is answered once: if `ready` is lost, the owner asks in vain.',
    wrap: (machine) => {
      const offered = new Set<string>()
      return {
        step: (input) => {
          const effects = machine.step(input)
          if (input.kind !== 'datagram' || input.message.type !== 'ring.offer') return effects
          const key = `${input.message.from}:${input.message.transfer}`
          const isRepeated = offered.has(key)
          if (sends(effects, 'ring.ready')) offered.add(key)
          return isRepeated ? [] : effects
        },
      }
    },
  },
  {
    name: 'unasked-offer-welcome',
    requirement: 'ring.udp.offer',
    bug: 'Every offer is answered with `ready`, whether a command waits for the file or not.',
    wrap: (machine, { id }) => ({
      step: (input) => {
        const effects = machine.step(input)
        if (input.kind !== 'datagram' || input.message.type !== 'ring.offer') return effects
        if (sends(effects, 'ring.ready')) return effects
        const { from: to, transfer } = input.message
        return [
          ...effects,
          { kind: 'send-datagram', to, message: { type: 'ring.ready', from: id, transfer } },
        ]
      },
    }),
  },
  {
    name: 'mss-counts-base64',
    requirement: 'ring.udp.segment',
    bug: 'The text in `data` has at most `mss` characters, so that a segment carries three quarters of it.',
    rules: {
      segmentLength: (size, offset, mss) => Math.min(Math.max(1, Math.floor((mss * 3) / 4)), size - offset),
    },
  },
  {
    name: 'mss-of-512-whatever-is-configured',
    requirement: 'ring.udp.segment',
    bug: 'The segment size is a constant of the program.',
    rules: { segmentLength: (size, offset) => Math.min(512, size - offset) },
  },
  {
    name: 'ack-names-the-last-byte',
    requirement: 'ring.udp.sequence',
    bug: 'The ack is the number of the last byte that arrived, not of the next one that is expected.',
    rules: { ackOf: (seq, bytes) => seq + bytes - 1 },
  },
  {
    name: 'segments-numbered-one-by-one',
    requirement: 'ring.udp.sequence',
    bug: '`seq` counts segments instead of bytes.',
    wrap: (machine, { mss }) => {
      const latest = new Map<number, { seq: number; sent: number; bytes: number }>()
      return {
        step: (input) => {
          const isAck = input.kind === 'datagram' && input.message.type === 'ring.ack'
          const of = isAck ? latest.get(input.message.transfer) : undefined
          const isRight = isAck && of !== undefined && input.message.ack === of.sent + of.bytes
          const seen = isRight ? { ...input, message: { ...input.message, ack: of.seq + of.bytes } } : input
          return machine.step(seen).map((effect) => {
            if (effect.kind !== 'send-datagram' || effect.message.type !== 'ring.data') return effect
            const { seq, transfer, data } = effect.message
            const sent = 1 + Math.floor((seq - 1) / mss)
            latest.set(transfer, { seq, sent, bytes: dataBytes(data) })
            return { ...effect, message: { ...effect.message, seq: sent } }
          })
        },
      }
    },
  },
  {
    name: 'any-ack-moves-on',
    requirement: 'ring.udp.stop-and-wait',
    bug: 'The owner waits for an ack and does not look at its number: one that came late stands for the next segment.',
    wrap: (machine) => {
      const { latest, watch } = watchSegments()
      return {
        step: (input) => {
          if (input.kind !== 'datagram' || input.message.type !== 'ring.ack')
            return watch(machine.step(input))
          const of = latest.get(input.message.transfer)
          const ack = of === undefined ? input.message.ack : of.seq + of.bytes
          const effects = machine.step({ ...input, message: { ...input.message, ack } })
          return watch(effects.length > 0 ? effects : machine.step(input))
        },
      }
    },
  },
  {
    name: 'ack-of-another-peer-counts',
    requirement: 'ring.udp.stop-and-wait',
    bug: 'The owner does not look at who acknowledges.',
    wrap: (machine) => {
      const { latest, watch } = watchSegments()
      return {
        step: (input) => {
          if (input.kind !== 'datagram' || input.message.type !== 'ring.ack')
            return watch(machine.step(input))
          const from = latest.get(input.message.transfer)?.to ?? input.message.from
          return watch(machine.step({ ...input, message: { ...input.message, from } }))
        },
      }
    },
  },
  {
    name: 'end-not-sent-again',
    requirement: 'ring.udp.retransmit',
    bug: 'Only segments have a timer: an end that gets lost leaves the requester waiting.',
    wrap: (machine) => ({
      step: (input) => {
        const effects = machine.step(input)
        if (!sends(effects, 'ring.end')) return effects
        return effects.filter((effect) => effect.kind !== 'set-timer' || !effect.name.startsWith('transfer:'))
      },
    }),
  },
  {
    name: 'offer-not-sent-again',
    requirement: 'ring.udp.retransmit',
    bug: 'Only segments have a timer: an offer that gets lost leaves the requester waiting.',
    wrap: (machine) => ({
      step: (input) => {
        const effects = machine.step(input)
        if (!sends(effects, 'ring.offer')) return effects
        return effects.filter((effect) => effect.kind !== 'set-timer' || !effect.name.startsWith('transfer:'))
      },
    }),
  },
  {
    name: 'retransmission-with-a-new-number',
    requirement: 'ring.udp.retransmit',
    bug: 'The sequence number moves on with each transmission, also when the segment is sent again.',
    wrap: (machine) => {
      const seen = new Set<string>()
      return {
        step: (input) =>
          machine.step(input).map((effect) => {
            if (effect.kind !== 'send-datagram' || effect.message.type !== 'ring.data') return effect
            const { transfer, seq, data } = effect.message
            const isAgain = seen.has(`${transfer}:${seq}`)
            seen.add(`${transfer}:${seq}`)
            return isAgain
              ? { ...effect, message: { ...effect.message, seq: seq + dataBytes(data) } }
              : effect
          }),
      }
    },
  },
  {
    name: 'owner-never-gives-up',
    requirement: 'ring.udp.retransmit',
    bug: 'Retransmissions are not counted, so that a requester that has died is sent segments for ever.',
    config: () => ({ retransmissionsMax: 1000 }),
  },
  {
    name: 'duplicate-segment-written-twice',
    requirement: 'ring.udp.duplicate',
    bug: 'Whatever arrives is appended: a segment whose ack was lost is in the file twice.',
    wrap: (machine) => {
      const blobs = new Map<string, BlobNumber>()
      return {
        step: (input) => {
          const effects = machine.step(input)
          if (input.kind !== 'datagram' || input.message.type !== 'ring.data') return effects
          const key = `${input.message.from}:${input.message.transfer}`
          const appended = effects.find((effect) => effect.kind === 'append')
          if (appended?.kind === 'append') blobs.set(key, appended.blob)
          const blob = blobs.get(key)
          const isDuplicate = appended === undefined && sends(effects, 'ring.ack')
          if (!isDuplicate || blob === undefined) return effects
          return [{ kind: 'append', blob, data: input.message.data }, ...effects]
        },
      }
    },
  },
  {
    name: 'duplicate-segment-not-acknowledged',
    requirement: 'ring.udp.duplicate',
    bug: 'A segment that has arrived before is ignored, so that a lost ack stops the transfer.',
    wrap: (machine) => ({
      step: (input) => {
        const effects = machine.step(input)
        if (input.kind !== 'datagram' || input.message.type !== 'ring.data') return effects
        return effects.some((effect) => effect.kind === 'append') ? effects : []
      },
    }),
  },
  {
    name: 'segment-beyond-acknowledged',
    requirement: 'ring.udp.duplicate',
    bug: 'Every segment is acknowledged, also one that cannot be written yet because another is missing.',
    wrap: (machine, { id }) => ({
      step: (input) => {
        const effects = machine.step(input)
        if (input.kind !== 'datagram' || input.message.type !== 'ring.data') return effects
        if (sends(effects, 'ring.ack')) return effects
        const { from: to, transfer, seq, data } = input.message
        const ack = seq + dataBytes(data)
        return [
          ...effects,
          { kind: 'send-datagram', to, message: { type: 'ring.ack', from: id, transfer, ack } },
        ]
      },
    }),
  },
  {
    name: 'no-end-after-a-short-segment',
    requirement: 'ring.udp.end',
    bug: 'The owner takes a segment shorter than `mss` for end enough and sends no `end` after it.',
    wrap: (machine) => ({
      step: (input) => {
        const effects = machine.step(input)
        const end = effects.find(
          (effect) => effect.kind === 'send-datagram' && effect.message.type === 'ring.end',
        )
        if (input.kind !== 'datagram' || end?.kind !== 'send-datagram') return effects
        if (end.message.type !== 'ring.end') return effects
        const { transfer, seq } = end.message
        return machine.step({ ...input, message: { type: 'ring.ack', from: end.to, transfer, ack: seq + 1 } })
      },
    }),
  },
  {
    name: 'short-segment-taken-for-the-end',
    requirement: 'ring.udp.end',
    bug: 'The requester closes the file at the first segment shorter than `mss`: an empty file or an exact multiple never ends.',
    wrap: (machine) => {
      const mssOf = new Map<string, number>()
      return {
        step: (input) => {
          if (input.kind !== 'datagram') return machine.step(input)
          const { message } = input
          const key = 'transfer' in message ? `${message.from}:${message.transfer}` : ''
          if (message.type === 'ring.offer') mssOf.set(key, message.mss)
          if (message.type === 'ring.end') return []
          const effects = machine.step(input)
          if (message.type !== 'ring.data' || dataBytes(message.data) >= (mssOf.get(key) ?? 0)) return effects
          const end: RingMessageOf<'ring.end'> = {
            type: 'ring.end',
            from: message.from,
            transfer: message.transfer,
            seq: message.seq + dataBytes(message.data),
          }
          const ended = machine.step({ ...input, message: end })
          return [...effects, ...ended.filter((effect) => effect.kind !== 'send-datagram')]
        },
      }
    },
  },
  {
    name: 'empty-file-never-ends',
    requirement: 'ring.udp.end',
    bug: 'The loop over the segments sends the end after the last one, and an empty file has none.',
    wrap: changeDatagrams((message) =>
      message.type === 'ring.end' && message.seq === 1 ? undefined : message,
    ),
  },
  {
    name: 'late-end-unanswered',
    requirement: 'ring.udp.late-end',
    bug: 'The requester forgets a transfer when it is finished, so that an owner whose last ack was lost repeats its end in vain.',
    wrap: (machine) => ({
      step: (input) => {
        const effects = machine.step(input)
        if (input.kind !== 'datagram' || input.message.type !== 'ring.end') return effects
        return effects.some((effect) => effect.kind === 'finish') ? effects : []
      },
    }),
  },
  {
    name: 'transfer-digest-not-compared',
    requirement: 'ring.udp.verify',
    bug: 'The requester reports the size and digest of the offer and never computes those of what it wrote.',
    wrap: (machine) => {
      const offers = new Map<BlobNumber, { size: number; digest: string }>()
      return {
        step: (input) => {
          const offer = input.kind === 'content' ? offers.get(input.blob) : undefined
          const effects = machine.step(offer === undefined ? input : { ...input, ...offer })
          if (input.kind !== 'datagram' || input.message.type !== 'ring.offer') return effects
          const { size, digest } = input.message
          for (const effect of effects) {
            if (effect.kind === 'create-blob') offers.set(effect.blob, { size, digest })
          }
          return effects
        },
      }
    },
  },
  {
    name: 'drop-probability-ignored',
    requirement: 'ring.udp.drop',
    bug: 'The option is read and no segment is ever dropped.',
    rules: { drops: () => false },
  },
  {
    name: 'retransmissions-never-dropped',
    requirement: 'ring.udp.drop',
    bug: 'The random number is drawn in the function for new segments only: what is sent again always gets through.',
    rules: {
      drops: (random, dropProbability, retransmissions) => retransmissions === 0 && random < dropProbability,
    },
  },
  {
    name: 'acks-dropped-too',
    requirement: 'ring.udp.drop',
    bug: 'The drop sits in the function that sends datagrams, and the requester’s acks go through it too.',
    wrap: dropEverySecond((type) => type === 'ring.ack'),
  },
  {
    name: 'pings-dropped-too',
    requirement: 'ring.udp.drop',
    bug: 'The drop sits in the function that sends datagrams, and pings go through it too, so that living peers seem dead.',
    wrap: dropEverySecond((type) => type === 'ring.ping'),
  },
  {
    name: 'ends-dropped-too',
    requirement: 'ring.udp.drop',
    bug: 'The owner drops offers and ends like segments.',
    wrap: dropEverySecond((type) => type === 'ring.offer' || type === 'ring.end'),
  },
  {
    name: 'drop-logged-as-sent-too',
    requirement: 'ring.udp.log',
    bug: '`snd` is logged before the random number is drawn, and `drop` after it.',
    wrap: changeLog((event) => (event.action === 'drop' ? [{ ...event, action: 'snd' }, event] : [event])),
  },
  {
    name: 'retransmission-logged-as-first',
    requirement: 'ring.udp.log',
    bug: 'A segment that is sent again is logged as `snd` once more.',
    wrap: changeLog((event) => [event.action === 'RTX' ? { ...event, action: 'snd' } : event]),
  },
  {
    name: 'bytes-of-the-object-logged',
    requirement: 'ring.udp.log',
    bug: 'The number of bytes is the size of the object in memory (`sys.getsizeof`): 33 too many.',
    wrap: changeLog((event) => [{ ...event, bytes: event.bytes + 33 }]),
  },
  {
    name: 'ack-logged-as-segment',
    requirement: 'ring.udp.log',
    bug: 'An ack is logged in the columns of a segment: its number under `seq`, and 0 under `ack`.',
    wrap: changeLog((event) => [event.ack > 0 ? { ...event, seq: event.ack, ack: 0 } : event]),
  },
  {
    name: 'log-shows-the-clock',
    requirement: 'ring.udp.log',
    bug: 'The time in the log is the time of day instead of the time since the program started.',
    wrap: changeLog((event) => [{ ...event, timeMs: event.timeMs + 1_500_000_000_000 }]),
  },
  {
    name: 'unknown-transfer-ends-the-peer',
    requirement: 'common.robust.hostile',
    bug: 'An ack for a transfer that does not exist is looked up in a map, and the exception that nobody catches ends the peer.',
    wrap: (machine) => {
      const { latest, watch } = watchSegments()
      const guarded = changeInputs((input) => {
        if (
          input.kind === 'datagram' &&
          input.message.type === 'ring.ack' &&
          !latest.has(input.message.transfer)
        )
          throw new Error(`KeyError: ${input.message.transfer}`)
        return input
      })(machine)
      return { step: (input) => watch(guarded.step(input)) }
    },
  },
]
