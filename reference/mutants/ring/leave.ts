// Mistakes in leaving (ring.md section 8).
import type { ConnectionNumber } from '../../core/machine.ts'
import type { PeerId, RingEffect, RingInput, Successors } from '../../ring/vocabulary.ts'
import type { RingMutant } from './mutant.ts'
import { changeMessages, successorsAfter } from './rewire.ts'

/** The end without a word to anyone, if the input is the command to leave. */
const haltAtOnce = (input: RingInput): readonly RingEffect[] | undefined =>
  input.kind === 'command' && input.command.command === 'stop'
    ? [{ kind: 'halt' }, { kind: 'reply', handle: input.handle, reply: { ok: true, result: {} } }]
    : undefined

export const leaveMutants: readonly RingMutant[] = [
  {
    name: 'pings-on-while-leaving',
    requirement: 'ring.leave.quiet',
    bug: 'The ping timer runs until the process ends, so that the next peer takes the departing one for a neighbour again.',
    rules: { isQuietOnceTold: false },
  },
  {
    name: 'silent-leave',
    requirement: 'ring.leave.tell',
    bug: '`stop` ends the process and tells nobody, so that leaving looks like dying.',
    wrap: (machine) => ({ step: (input) => haltAtOnce(input) ?? machine.step(input) }),
  },
  {
    name: 'only-first-predecessor-told',
    requirement: 'ring.leave.tell',
    bug: 'The departing peer tells the peer before it and not the one before that.',
    rules: { toldOnDeparture: ([first]) => (first === null || first === undefined ? [] : [first]) },
  },
  {
    name: 'leaves-before-it-is-confirmed',
    requirement: 'ring.leave.tell',
    bug: 'The departing peer ends as soon as its messages are written, without waiting for their acknowledgement.',
    wrap: (machine) => {
      const departs = new Set<ConnectionNumber>()
      return {
        step: (input) => {
          const isUp = input.kind === 'opened' && departs.has(input.connection)
          const effects = isUp
            ? machine.step({
                at: input.at,
                kind: 'message',
                connection: input.connection,
                message: { type: 'ring.depart-ack', from: 0 },
              })
            : machine.step(input)
          for (const effect of effects) {
            if (effect.kind === 'send' && effect.message.type === 'ring.depart')
              departs.add(effect.connection)
          }
          return effects
        },
      }
    },
  },
  {
    name: 'leaves-without-unknown-predecessors',
    requirement: 'ring.leave.unknown',
    bug: 'Only predecessors that are known at that moment are told; one that has not pinged yet finds a hole later.',
    wrap: (machine) => {
      const pinged = new Set<1 | 2>()
      return {
        step: (input) => {
          if (input.kind === 'datagram' && input.message.type === 'ring.ping') pinged.add(input.message.slot)
          return (pinged.size === 0 ? haltAtOnce(input) : undefined) ?? machine.step(input)
        },
      }
    },
  },
  {
    name: 'waits-for-ever-to-leave',
    requirement: 'ring.leave.unknown',
    bug: 'A predecessor that is dead or silent keeps the departing peer from ever ending.',
    wrap: (machine) => ({
      step: (input) =>
        machine.step(input).filter((effect) => effect.kind !== 'set-timer' || effect.name !== 'depart'),
    }),
  },
  {
    name: 'first-predecessor-takes-one-successor',
    requirement: 'ring.leave.first',
    bug: 'The first successor is replaced by the departing peer’s, the second stays what it was: the same peer twice.',
    rules: {
      afterDepart: (self, own, departing, [next]) => {
        if (departing === own[0]) return [next, own[1]]
        return departing === own[1] ? [own[0], next === own[0] ? self : next] : own
      },
    },
  },
  {
    name: 'not-alone-after-departure',
    requirement: 'ring.leave.first',
    bug: 'When the other one of two peers leaves, its successors are taken as they come, the departed peer among them.',
    rules: {
      afterDepart: (_self, own, departing, theirs) => {
        if (departing === own[0]) return theirs
        return departing === own[1] ? [own[0], theirs[0]] : own
      },
    },
  },
  {
    name: 'second-predecessor-takes-both',
    requirement: 'ring.leave.second',
    bug: 'The second predecessor does what the first does, and loses the peer between.',
    rules: {
      afterDepart: (self, own, departing, [next, nextButOne]) => {
        if (departing !== own[0] && departing !== own[1]) return own
        return next === self ? [self, self] : [next, nextButOne === departing ? next : nextButOne]
      },
    },
  },
  {
    name: 'second-predecessor-does-nothing',
    requirement: 'ring.leave.second',
    bug: 'A departure is heeded only when it is the first successor’s.',
    rules: {
      afterDepart: (self, own, departing, [next, nextButOne]) => {
        if (departing !== own[0]) return own
        return next === self ? [self, self] : [next, nextButOne === departing ? next : nextButOne]
      },
    },
  },
  {
    name: 'departure-not-acknowledged',
    requirement: 'ring.leave.ack',
    bug: 'The receiver changes its successors and answers nothing, so that the departing peer waits in vain.',
    wrap: changeMessages((message) => (message.type === 'ring.depart-ack' ? undefined : message)),
  },
  {
    name: 'departure-of-a-stranger-not-acknowledged',
    requirement: 'ring.leave.ack',
    bug: 'Only the departure of a successor is acknowledged; a peer with an outdated view waits until its timeout.',
    wrap: (machine) => {
      let successors: Successors | null = null
      return {
        step: (input) => {
          const former: readonly PeerId[] = successors ?? []
          const effects = machine.step(input)
          successors = successorsAfter(effects, successors)
          const isStranger =
            input.kind === 'message' &&
            input.message.type === 'ring.depart' &&
            !former.includes(input.message.from)
          return isStranger ? [] : effects
        },
      }
    },
  },
  {
    name: 'departure-of-a-stranger-obeyed',
    requirement: 'ring.leave.ack',
    bug: 'The successors in a `depart` are taken whoever departs.',
    wrap: (machine) => {
      let successors: Successors | null = null
      return {
        step: (input) => {
          const isDepart = input.kind === 'message' && input.message.type === 'ring.depart'
          const [first, second] = successors ?? []
          const isStranger = isDepart && input.message.from !== first && input.message.from !== second
          const seen =
            isStranger && first !== undefined
              ? { ...input, message: { ...input.message, from: first } }
              : input
          const effects = machine.step(seen)
          successors = successorsAfter(effects, successors)
          return effects
        },
      }
    },
  },
]
