// Mistakes in pings (ring.md section 5).
import type { PeerId, Successors } from '../../ring/vocabulary.ts'
import type { RingMutant } from './mutant.ts'
import { changeDatagrams, changeInputs, successorsAfter } from './rewire.ts'

export const pingMutants: readonly RingMutant[] = [
  {
    name: 'second-successor-not-pinged',
    requirement: 'ring.ping.interval',
    bug: 'Only the first successor is pinged, because one socket waits for its answer before the next ping.',
    wrap: changeDatagrams((message) =>
      message.type === 'ring.ping' && message.slot === 2 ? undefined : message,
    ),
  },
  {
    name: 'slots-swapped',
    requirement: 'ring.ping.interval',
    bug: 'The first successor is told that it is the second, and the other way round.',
    wrap: changeDatagrams((message) =>
      message.type === 'ring.ping' ? { ...message, slot: message.slot === 1 ? 2 : 1 } : message,
    ),
  },
  {
    name: 'pings-itself',
    requirement: 'ring.ping.interval',
    bug: 'In a ring of two the second successor, the peer itself, is pinged like any other.',
    wrap: (machine, { id }) => {
      let successors: Successors | null = null
      return {
        step: (input) => {
          const effects = machine.step(input)
          successors = successorsAfter(effects, successors)
          if (successors?.[1] !== id) return effects
          return effects.flatMap((effect) =>
            effect.kind === 'send-datagram' && effect.message.type === 'ring.ping'
              ? [effect, { ...effect, to: id, message: { ...effect.message, slot: 2 as const } }]
              : [effect],
          )
        },
      }
    },
  },
  {
    name: 'first-ping-after-an-interval',
    requirement: 'ring.ping.interval',
    bug: 'The loop sleeps before it pings, so that a new successor hears nothing for a whole interval.',
    wrap: (machine) => ({
      step: (input) => {
        const isPong = input.kind === 'datagram' && input.message.type === 'ring.pong'
        const seen = isPong ? { ...input, message: { ...input.message, seq: input.message.seq + 1 } } : input
        return machine.step(seen).flatMap((effect) => {
          if (effect.kind !== 'send-datagram' || effect.message.type !== 'ring.ping') return [effect]
          if (effect.message.seq === 0) return []
          return [{ ...effect, message: { ...effect.message, seq: effect.message.seq - 1 } }]
        })
      },
    }),
  },
  {
    name: 'one-sequence-for-both-successors',
    requirement: 'ring.ping.sequence',
    bug: 'One counter numbers the pings to both successors.',
    wrap: (machine) => {
      let next = 0
      /** The right number for each number on the wire. */
      const numbers: number[] = []
      return {
        step: (input) => {
          const isPong = input.kind === 'datagram' && input.message.type === 'ring.pong'
          const seq = isPong ? numbers[input.message.seq] : undefined
          const seen = isPong ? { ...input, message: { ...input.message, seq: seq ?? next } } : input
          return machine.step(seen).map((effect) => {
            if (effect.kind !== 'send-datagram' || effect.message.type !== 'ring.ping') return effect
            numbers[next] = effect.message.seq
            next += 1
            return { ...effect, message: { ...effect.message, seq: next - 1 } }
          })
        },
      }
    },
  },
  {
    name: 'sequence-restarts-on-promotion',
    requirement: 'ring.ping.sequence',
    bug: 'Each place has a ping object of its own, so that the count begins anew when the second successor moves up.',
    wrap: (machine) => {
      let first: PeerId | undefined
      let offset = 0
      let latest = 0
      return {
        step: (input) => {
          const isPong = input.kind === 'datagram' && input.message.type === 'ring.pong'
          const isFromFirst = isPong && input.message.from === first
          const seen = isFromFirst
            ? { ...input, message: { ...input.message, seq: input.message.seq + offset } }
            : input
          return machine.step(seen).map((effect) => {
            if (effect.kind !== 'send-datagram' || effect.message.type !== 'ring.ping') return effect
            const { seq, slot } = effect.message
            if (slot === 2) return effect
            if (effect.to !== first) offset = seq
            first = effect.to
            latest = seq - offset
            return { ...effect, message: { ...effect.message, seq: latest } }
          })
        },
      }
    },
  },
  {
    name: 'pong-counts-for-itself',
    requirement: 'ring.ping.answer',
    bug: 'The pong carries the number of pings answered so far instead of the number of the ping.',
    wrap: (machine, settings) => {
      let answered = 0
      return changeDatagrams((message) => {
        if (message.type !== 'ring.pong') return message
        answered += 1
        return { ...message, seq: answered - 1 }
      })(machine, settings)
    },
  },
  {
    name: 'pong-repeats-from',
    requirement: 'ring.ping.answer',
    bug: 'The ping is sent back with only its type changed, so that `from` names the peer that asked.',
    wrap: changeDatagrams((message, to) =>
      message.type === 'ring.pong' ? { ...message, from: to } : message,
    ),
  },
  {
    name: 'no-pong-before-membership',
    requirement: 'ring.ping.answer',
    bug: 'The thread that answers pings is started by `init`, so that a newcomer looks dead.',
    wrap: (machine) => {
      let successors: Successors | null = null
      return {
        step: (input) => {
          const effects = machine.step(input)
          successors = successorsAfter(effects, successors)
          return effects.filter(
            (effect) =>
              successors !== null || effect.kind !== 'send-datagram' || effect.message.type !== 'ring.pong',
          )
        },
      }
    },
  },
  {
    name: 'predecessors-guessed-by-order',
    requirement: 'ring.ping.predecessors',
    bug: 'Of the two peers that pinged last the one with the larger id is taken for the first predecessor: wrong at the wrap.',
    wrap: (machine) => {
      let other: PeerId | undefined
      let latest: PeerId | undefined
      return changeInputs((input) => {
        if (input.kind !== 'datagram' || input.message.type !== 'ring.ping') return input
        if (input.message.from !== latest) other = latest
        latest = input.message.from
        return {
          ...input,
          message: { ...input.message, slot: other === undefined || latest > other ? 1 : 2 },
        }
      })(machine)
    },
  },
  {
    name: 'predecessors-kept-for-ever',
    requirement: 'ring.ping.predecessors',
    bug: 'Predecessors are set by the first pings and never again, so that a newcomer or a repaired ring is not noticed.',
    wrap: (machine, { id }) => {
      const predecessors = new Map<1 | 2, PeerId>()
      return {
        step: (input) => {
          if (input.kind !== 'datagram' || input.message.type !== 'ring.ping') return machine.step(input)
          const { from, seq, slot } = input.message
          const known = predecessors.get(slot) ?? from
          predecessors.set(slot, known)
          if (known === from) return machine.step(input)
          return [{ kind: 'send-datagram', to: from, message: { type: 'ring.pong', from: id, seq } }]
        },
      }
    },
  },
  {
    name: 'displaced-predecessor-not-told',
    requirement: 'ring.ping.displaced',
    bug: 'A peer that comes between this one and its predecessor is taken note of, and the former predecessor never hears of it.',
    rules: { isDisplaced: () => false },
  },
]
