// Mistakes about dead successors and repair (ring.md section 6).
import type { PeerId, RingEffect, RingInput, Successors } from '../../ring/vocabulary.ts'
import type { RingMutant } from './mutant.ts'
import {
  changeEffects,
  changeInputs,
  changeMessages,
  dropExchanges,
  FIRST_OWN_CONNECTION,
  madeUpMessage,
  silently,
  successorsAfter,
  tell,
} from './rewire.ts'

export const repairMutants: readonly RingMutant[] = [
  {
    name: 'death-not-reported',
    requirement: 'ring.control.peer-dead',
    bug: 'The ring is repaired, but nobody is told that a peer has died.',
    wrap: changeEffects((effect) =>
      effect.kind === 'event' && effect.event.event === 'peer-dead' ? [] : [effect],
    ),
  },
  {
    name: 'death-reported-twice',
    requirement: 'ring.control.peer-dead',
    bug: 'Two ping threads notice the same death, and both report it.',
    wrap: changeEffects((effect) =>
      effect.kind === 'event' && effect.event.event === 'peer-dead' ? [effect, effect] : [effect],
    ),
  },
  {
    name: 'departure-reported-as-death',
    requirement: 'ring.control.peer-dead',
    bug: 'A peer that says goodbye is handled by the code for dead peers.',
    wrap: changeEffects((effect) =>
      effect.kind === 'event' && effect.event.event === 'peer-departed'
        ? [effect, { ...effect, event: { event: 'peer-dead', peer: effect.event.peer } }]
        : [effect],
    ),
  },
  {
    name: 'departed-never-reported-dead',
    requirement: 'ring.control.peer-dead',
    bug: 'Peers that have departed are remembered for ever, so that one that joins again can die and nobody is told.',
    wrap: (machine) => {
      const departed = new Set<PeerId>()
      return {
        step: (input) =>
          machine.step(input).filter((effect) => {
            if (effect.kind !== 'event') return true
            if (effect.event.event === 'peer-departed') departed.add(effect.event.peer)
            return effect.event.event !== 'peer-dead' || !departed.has(effect.event.peer)
          }),
      }
    },
  },
  {
    name: 'death-never-noticed',
    requirement: 'ring.dead.threshold',
    bug: 'Missed pings are counted and nobody looks at the count.',
    rules: { isDead: () => false },
  },
  {
    name: 'death-noticed-too-late',
    requirement: 'ring.dead.threshold',
    bug: 'Twelve pings have to be missed instead of four.',
    rules: { isDead: (unansweredPings) => unansweredPings > 11 },
  },
  {
    name: 'one-lost-ping-is-death',
    requirement: 'ring.dead.patience',
    bug: 'A peer is given up as soon as one ping has no answer.',
    rules: { isDead: (unansweredPings) => unansweredPings > 0 },
  },
  {
    name: 'three-lost-pings-are-death',
    requirement: 'ring.dead.patience',
    bug: 'The comparison is off by one: the third missed ping in a row is fatal, not the fourth.',
    rules: { isDead: (unansweredPings) => unansweredPings > 2 },
  },
  {
    name: 'missed-pings-add-up',
    requirement: 'ring.dead.patience',
    bug: 'The count of missed pings is never reset by an answer, so that four losses in an hour are a death.',
    wrap: (machine) => {
      /** Per peer: the latest ping that was answered, and how many before it were not. */
      const answered = new Map<PeerId, { seq: number; losses: number }>()
      return changeInputs((input) => {
        if (input.kind !== 'datagram' || input.message.type !== 'ring.pong') return input
        const { from, seq } = input.message
        const before = answered.get(from) ?? { seq: -1, losses: 0 }
        const losses = before.losses + Math.max(0, seq - before.seq - 1)
        answered.set(from, { seq, losses })
        return losses < 4 ? input : undefined
      })(machine)
    },
  },
  {
    name: 'any-pong-is-a-sign-of-life',
    requirement: 'ring.dead.patience',
    bug: 'The number in a pong is not looked at, so that an old or invented one keeps a dead peer alive.',
    wrap: (machine) => {
      const sent = new Map<PeerId, number>()
      return {
        step: (input) => {
          const isPong = input.kind === 'datagram' && input.message.type === 'ring.pong'
          const seq = isPong ? sent.get(input.message.from) : undefined
          const seen = isPong && seq !== undefined ? { ...input, message: { ...input.message, seq } } : input
          const effects = machine.step(seen)
          for (const effect of effects) {
            if (effect.kind === 'send-datagram' && effect.message.type === 'ring.ping')
              sent.set(effect.to, effect.message.seq)
          }
          return effects
        },
      }
    },
  },
  {
    name: 'pong-of-a-stranger-counts',
    requirement: 'ring.dead.patience',
    bug: 'One socket waits for the answers of both successors, and whatever comes first is taken for the one that is due.',
    wrap: (machine) => {
      let first: PeerId | undefined
      return {
        step: (input) => {
          const isPong = input.kind === 'datagram' && input.message.type === 'ring.pong'
          const from = first
          const seen =
            isPong && from !== undefined ? { ...input, message: { ...input.message, from } } : input
          const effects = [...machine.step(seen), ...(seen === input ? [] : machine.step(input))]
          for (const effect of effects) {
            if (effect.kind !== 'send-datagram' || effect.message.type !== 'ring.ping') continue
            if (effect.message.slot === 1) first = effect.to
          }
          return effects
        },
      }
    },
  },
  {
    name: 'dead-second-takes-first-along',
    requirement: 'ring.dead.first',
    bug: 'The two cases are not told apart: when the second successor dies, the first is thrown away as well.',
    rules: {
      afterDeath: (self, [first, second], dead) =>
        dead === first && second !== self && second !== dead ? [second, second] : [self, self],
    },
  },
  {
    name: 'new-second-not-asked-for',
    requirement: 'ring.dead.first',
    bug: 'After a death the second successor moves up, and the place behind it stays empty.',
    wrap: dropExchanges((message) => message.type === 'ring.successor-query' && message.dead !== undefined),
  },
  {
    name: 'query-without-the-dead-peer',
    requirement: 'ring.dead.query',
    bug: 'The query does not say who died, so that it may be answered with that very peer.',
    wrap: changeMessages((message) => {
      if (message.type !== 'ring.successor-query') return message
      const { dead: _, ...query } = message
      return query
    }),
  },
  {
    name: 'query-without-the-departed-peer',
    requirement: 'ring.dead.query',
    bug: 'Only the code for dead peers tells the query whom it is about: after a departure it names nobody.',
    wrap: (machine) => {
      const departed = new Set<PeerId>()
      const forget = changeMessages((message) => {
        if (message.type !== 'ring.successor-query' || message.dead === undefined) return message
        const { dead, ...query } = message
        return departed.has(dead) ? query : message
      })(machine)
      return {
        step: (input) => {
          if (input.kind === 'message' && input.message.type === 'ring.depart')
            departed.add(input.message.from)
          return forget.step(input)
        },
      }
    },
  },
  {
    name: 'answer-names-the-dead-peer',
    requirement: 'ring.dead.query',
    bug: 'A query is always answered with the first successor, even if that is the peer that it calls dead.',
    rules: { answerToQuery: (own) => own?.[0] ?? null },
  },
  {
    name: 'query-taken-for-proof',
    requirement: 'ring.dead.query',
    bug: 'Whoever is asked about a dead peer believes it and drops that peer from its own successors.',
    wrap: (machine) => ({
      step: (input) => {
        if (input.kind !== 'message' || input.message.type !== 'ring.successor-query')
          return machine.step(input)
        const { from, dead } = input.message
        const effects = machine.step(input)
        if (dead === undefined) return effects
        const farewell = madeUpMessage(input.at, {
          type: 'ring.depart',
          from: dead,
          successors: [from, from],
        })
        return [...effects, ...silently(machine.step(farewell))]
      },
    }),
  },
  {
    name: 'dead-peer-taken-as-answer',
    requirement: 'ring.dead.answer',
    bug: 'The answer is taken as it comes, and the dead peer is back among the successors.',
    wrap: (machine, settings) => {
      let successors: Successors | null = null
      let dead: PeerId | undefined
      return {
        step: (input) => {
          const { at } = input
          const [first] = successors ?? [null]
          const isDead =
            input.kind === 'message' &&
            input.message.type === 'ring.successor-answer' &&
            input.message.successor === dead
          const effects =
            isDead && first !== null && dead !== undefined && dead !== settings.id
              ? silently(
                  machine.step(
                    madeUpMessage(at, {
                      type: 'ring.successor-change',
                      from: first,
                      successors: [first, dead],
                    }),
                  ),
                )
              : machine.step(input)
          successors = successorsAfter(effects, successors)
          for (const effect of effects) {
            if (effect.kind === 'send' && effect.message.type === 'ring.successor-query')
              dead = effect.message.dead
          }
          return effects
        },
      }
    },
  },
  {
    name: 'late-answer-taken',
    requirement: 'ring.dead.answer',
    bug: 'An answer is taken although the peer that gave it is the first successor no more.',
    wrap: (machine) => {
      let successors: Successors | null = null
      const asked = new Map<number, PeerId>()
      return {
        step: (input) => {
          const former = input.kind === 'message' ? asked.get(input.connection) : undefined
          const [first] = successors ?? [null]
          const answer =
            input.kind === 'message' && input.message.type === 'ring.successor-answer'
              ? input.message.successor
              : null
          const isLate = former !== undefined && first !== null && answer !== null && former !== first
          const effects = isLate
            ? silently(
                machine.step(
                  madeUpMessage(input.at, {
                    type: 'ring.successor-change',
                    from: first,
                    successors: [first, answer],
                  }),
                ),
              )
            : machine.step(input)
          successors = successorsAfter(effects, successors)
          for (const effect of effects) {
            if (effect.kind !== 'open') continue
            const isQuery = effects.some(
              (other) =>
                other.kind === 'send' &&
                other.connection === effect.connection &&
                other.message.type === 'ring.successor-query',
            )
            if (isQuery) asked.set(effect.connection, effect.to)
          }
          // The machine gives a query up when its first successor changes; this peer goes on listening.
          return effects.filter((effect) => effect.kind !== 'abort' || !asked.has(effect.connection))
        },
      }
    },
  },
  {
    name: 'query-not-repeated',
    requirement: 'ring.dead.answer',
    bug: 'The query is sent once: if its answer is `null` or lost, the second successor stays unknown.',
    wrap: (machine, settings) => {
      let asked: string | undefined
      return dropExchanges((message, input) => {
        if (message.type !== 'ring.successor-query' || message.dead === undefined) return false
        const isRepeated = input.kind === 'timer' && input.name === 'repair' && asked === `${message.dead}`
        asked = `${message.dead}`
        return isRepeated
      })(machine, settings)
    },
  },
  {
    name: 'null-answer-taken-for-the-end',
    requirement: 'ring.dead.answer',
    bug: 'An answer of `null` is read as "there is nobody else", and the peer declares itself second successor.',
    wrap: (machine, { id }) => ({
      step: (input) => {
        const isNull =
          input.kind === 'message' &&
          input.message.type === 'ring.successor-answer' &&
          input.message.successor === null
        return machine.step(isNull ? { ...input, message: { ...input.message, successor: id } } : input)
      },
    }),
  },
  {
    name: 'survivor-of-two-asks-itself',
    requirement: 'ring.dead.two-peers',
    bug: 'The last peer asks its new first successor, itself, for the second one.',
    wrap: (machine, { id }) => {
      let connection = FIRST_OWN_CONNECTION
      return {
        step: (input) =>
          machine.step(input).flatMap((effect) => {
            const isAlone =
              effect.kind === 'event' &&
              effect.event.event === 'successors' &&
              effect.event.cause === 'dead' &&
              effect.event.successors[0] === id
            if (!isAlone) return [effect]
            connection += 1
            return [effect, ...tell(connection, id, { type: 'ring.successor-query', from: id })]
          }),
      }
    },
  },
  {
    name: 'survivor-of-two-keeps-the-dead',
    requirement: 'ring.dead.two-peers',
    bug: 'The last peer moves itself up to first successor and leaves the dead one behind it.',
    rules: {
      afterDeath: (self, [first, second], dead) => {
        if (dead !== first) return dead === second ? [first, first] : [first, second]
        return second === self ? [self, dead] : [second, second]
      },
    },
  },
  {
    name: 'crashes-when-both-die',
    requirement: 'ring.dead.both',
    bug: 'With both successors gone the peer asks a dead one over TCP, and the exception that nobody catches ends it.',
    wrap: (machine, { id }) => {
      let former: Successors | null = null
      return {
        step: (input) => {
          const effects = machine.step(input)
          const successors = successorsAfter(effects, former)
          if (input.kind === 'timer' && successors?.[0] === id && former?.[0] !== id && former?.[1] !== id) {
            throw new Error('connect ECONNREFUSED')
          }
          former = successors
          return effects
        },
      }
    },
  },
  {
    name: 'death-noticed-when-the-other-answers',
    requirement: 'ring.dead.both',
    bug: 'A missed ping of one successor is counted when a pong of the other comes: if both are silent, nobody is ever dead.',
    wrap: (machine) => {
      const silent = new Set<PeerId>()
      let held: RingInput[] = []
      const run = (input: RingInput): readonly RingEffect[] => {
        const effects = machine.step(input)
        for (const effect of effects) {
          if (effect.kind === 'send-datagram' && effect.message.type === 'ring.ping') silent.add(effect.to)
        }
        return effects
      }
      return {
        step: (input) => {
          const isPing = input.kind === 'timer' && input.name.startsWith('ping:')
          if (isPing && silent.has(Number(input.name.slice('ping:'.length)))) {
            held.push(input)
            return []
          }
          const effects = run(input)
          if (input.kind !== 'datagram' || input.message.type !== 'ring.pong') return effects
          silent.delete(input.message.from)
          const released = held
          held = []
          return [...effects, ...released.flatMap((timer) => run({ ...timer, at: input.at }))]
        },
      }
    },
  },
  {
    name: 'second-never-refreshed',
    requirement: 'ring.dead.refresh',
    bug: 'The second successor is asked for after a death only, so that one that was missed once stays unknown.',
    wrap: dropExchanges((message) => message.type === 'ring.successor-query' && message.dead === undefined),
  },
]
