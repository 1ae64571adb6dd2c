// Mistakes about what a peer says of itself: `init`, `state` and the circle (ring.md sections 1 and 4).
import type { PeerId, RingEffect, RingInput, Successors } from '../../ring/vocabulary.ts'
import { pretendCommit } from './lookup.ts'
import type { RingMutant } from './mutant.ts'
import { changeEffects, changeInputs, FIRST_OWN_CONNECTION, successorsAfter, tell } from './rewire.ts'

const isState = (input: RingInput): boolean => input.kind === 'command' && input.command.command === 'state'

const sorted = ([a, b]: Successors): Successors => (a <= b ? [a, b] : [b, a])

export const memberMutants: readonly RingMutant[] = [
  {
    name: 'successors-sorted-by-id',
    requirement: 'ring.circle.successors',
    bug: 'The two successors are kept sorted by id, so that at the wrap the second one stands in the first place.',
    wrap: changeInputs((input) => {
      if (input.kind === 'command' && input.command.command === 'init')
        return { ...input, command: { ...input.command, successors: sorted(input.command.successors) } }
      if (input.kind === 'message' && input.message.type === 'ring.accept')
        return { ...input, message: { ...input.message, successors: sorted(input.message.successors) } }
      return input
    }),
  },
  {
    name: 'the-other-of-two-twice',
    requirement: 'ring.circle.successors',
    bug: 'The next but one of two peers is taken to be the other one again, which is then pinged with both slots.',
    wrap: (machine, { id }) => {
      let successors: Successors | null = null
      const isOneOfTwo = () => successors !== null && successors[0] !== id && successors[1] === id
      return {
        step: (input) => {
          const effects = machine.step(input)
          successors = successorsAfter(effects, successors)
          return effects.flatMap((effect): RingEffect[] => {
            if (!isOneOfTwo() || successors === null) return [effect]
            const both: Successors = [successors[0], successors[0]]
            if (effect.kind === 'event' && effect.event.event === 'successors')
              return [{ ...effect, event: { ...effect.event, successors: both } }]
            if (isState(input) && effect.kind === 'reply' && effect.reply.ok)
              return [
                { ...effect, reply: { ok: true, result: { ...effect.reply.result, successors: both } } },
              ]
            if (effect.kind === 'send-datagram' && effect.message.type === 'ring.ping')
              return [effect, { ...effect, message: { ...effect.message, slot: 2 } }]
            return [effect]
          })
        },
      }
    },
  },
  {
    name: 'store-says-so-and-keeps-nothing',
    requirement: 'ring.control.state',
    bug: 'Stored names are kept in a list, and the content is thrown away.',
    wrap: pretendCommit((file) => !file.includes('request')),
  },
  {
    name: 'state-as-it-was-at-first',
    requirement: 'ring.control.state',
    bug: '`state` shows the successors that the peer was given at first, not those that it has.',
    wrap: (machine) => {
      let first: [PeerId, PeerId] | undefined
      return {
        step: (input) =>
          machine.step(input).map((effect): RingEffect => {
            if (effect.kind === 'event' && effect.event.event === 'successors')
              first ??= effect.event.successors
            if (!isState(input) || effect.kind !== 'reply' || !effect.reply.ok || first === undefined)
              return effect
            return { ...effect, reply: { ok: true, result: { ...effect.reply.result, successors: first } } }
          }),
      }
    },
  },
  {
    name: 'predecessors-kept-as-text',
    requirement: 'ring.control.state',
    bug: 'Ids that come in by messages are kept as text, so that later comparisons fail and `state` shows "15".',
    wrap: changeEffects((effect, input) => {
      if (!isState(input) || effect.kind !== 'reply' || !effect.reply.ok) return [effect]
      const { result } = effect.reply
      if (!('predecessors' in result)) return [effect]
      const text = result.predecessors.map((id) => (id === null ? id : `${id}`))
      return [
        {
          ...effect,
          reply: { ok: true, result: { ...result, predecessors: text } },
        } as unknown as RingEffect,
      ]
    }),
  },
  {
    name: 'state-forgets-predecessors',
    requirement: 'ring.control.state',
    bug: '`state` has no predecessors to show, because pings are answered and not looked at.',
    wrap: changeEffects((effect, input) => {
      if (!isState(input) || effect.kind !== 'reply' || !effect.reply.ok) return [effect]
      return [
        { ...effect, reply: { ok: true, result: { ...effect.reply.result, predecessors: [null, null] } } },
      ]
    }),
  },
  {
    name: 'init-introduces-itself',
    requirement: 'ring.control.init',
    bug: '`init` sends a join to the first successor, as if the ring did not know the peer yet.',
    wrap: (machine, { id }) => ({
      step: (input) => {
        const effects = machine.step(input)
        if (input.kind !== 'command' || input.command.command !== 'init') return effects
        const [first] = input.command.successors
        const connection = FIRST_OWN_CONNECTION
        return [...effects, ...tell(connection, first, { type: 'ring.join', from: id, id, route: [] })]
      },
    }),
  },
  {
    name: 'init-keeps-one-successor',
    requirement: 'ring.control.init',
    bug: '`init` reads the first successor and takes it for the second too.',
    wrap: changeInputs((input) => {
      if (input.kind !== 'command' || input.command.command !== 'init') return input
      const [first] = input.command.successors
      return { ...input, command: { ...input.command, successors: [first, first + 1] } }
    }),
  },
]
