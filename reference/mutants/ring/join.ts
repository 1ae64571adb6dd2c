// Mistakes in joining (ring.md section 7).
import type { RingTcpMessage } from '../../../spec/ring/messages.ts'
import { afterSuccessorChange } from '../../ring/successors.ts'
import type { PeerId, Successors } from '../../ring/vocabulary.ts'
import type { RingMutant } from './mutant.ts'
import {
  changeDatagrams,
  changeEffects,
  changeMessages,
  changeReceived,
  dropExchanges,
  FIRST_OWN_CONNECTION,
  madeUpCommand,
  madeUpMessage,
  redirect,
  silently,
  successorsAfter,
  tell,
} from './rewire.ts'

/** The change with which an acceptor tells its predecessor; other changes name the sender second. */
const isAcceptorsChange = (message: RingTcpMessage): boolean =>
  message.type === 'ring.successor-change' && message.successors[0] === message.from

export const joinMutants: readonly RingMutant[] = [
  {
    name: 'departed-kept-out-for-ever',
    requirement: 'ring.join.successor-change',
    bug: 'A peer that has departed is on a list of those that are gone, and no message brings it back.',
    wrap: (machine) => {
      const departed = new Set<PeerId>()
      return {
        step: (input) => {
          if (input.kind !== 'message') return machine.step(input)
          const { message } = input
          if (message.type === 'ring.depart') departed.add(message.from)
          const isBarred =
            message.type === 'ring.successor-change' && message.successors.some((peer) => departed.has(peer))
          return isBarred ? [] : machine.step(input)
        },
      }
    },
  },
  {
    name: 'refused-accept-ignored',
    requirement: 'ring.join.refused',
    bug: 'Nobody reads what comes back on the connection of accept, so that a newcomer that gave up cuts the ring for good.',
    rules: { takesRefusedNewcomerOut: false },
  },
  {
    name: 'newcomer-hangs-up',
    requirement: 'ring.join.listen-first',
    bug: 'The newcomer closes its connection as soon as the join is sent, so that a decline has nowhere to go.',
    wrap: changeEffects((effect) =>
      effect.kind === 'send' && effect.message.type === 'ring.join' && effect.message.route.length === 0
        ? [effect, { kind: 'close', connection: effect.connection }]
        : [effect],
    ),
  },
  {
    name: 'newcomer-begins-the-route',
    requirement: 'ring.join.listen-first',
    bug: 'The newcomer puts itself into the route, although it has no place in the ring yet.',
    wrap: changeMessages((message) =>
      message.type === 'ring.join' && message.route.length === 0
        ? { ...message, route: [message.id] }
        : message,
    ),
  },
  {
    name: 'no-place-across-the-wrap',
    requirement: 'ring.join.place',
    bug: 'A newcomer is accepted only if own id < new id < first successor: above the last and below the first peer it never is.',
    rules: { isPlace: (newcomer, self, first) => newcomer > self && (newcomer < first || first === self) },
  },
  {
    name: 'place-without-lower-bound',
    requirement: 'ring.join.forward',
    bug: 'Any peer takes a newcomer that is smaller than its first successor, also one that belongs far behind it.',
    rules: {
      isPlace: (newcomer, self, first) => newcomer < first || (newcomer > self && first <= self),
    },
  },
  {
    name: 'last-peer-takes-everyone-above-its-successor',
    requirement: 'ring.join.place',
    bug: 'The last peer, whose first successor is smaller than itself, takes every newcomer that is larger than that one.',
    rules: {
      isPlace: (newcomer, self, first) =>
        self < first ? newcomer > self && newcomer < first : newcomer > first || newcomer < first,
    },
  },
  {
    name: 'id-0-has-no-place',
    requirement: 'ring.join.place',
    bug: 'The id is tested for truth, and 0 counts as not given.',
    rules: {
      isPlace: (newcomer, self, first) => {
        const ahead = (id: PeerId) => (id - self + 256) % 256
        return newcomer !== 0 && ahead(newcomer) > 0 && (first === self || ahead(newcomer) < ahead(first))
      },
    },
  },
  {
    name: 'join-forwarded-with-the-old-from',
    requirement: 'ring.join.forward',
    bug: 'The join is passed on as it came, with the newcomer as its sender.',
    wrap: changeMessages((message) =>
      message.type === 'ring.join' && message.route.length > 0 ? { ...message, from: message.id } : message,
    ),
  },
  {
    name: 'join-route-not-extended',
    requirement: 'ring.join.forward',
    bug: 'A peer that passes a join on does not put itself into the route, so that nobody knows whom to answer.',
    wrap: changeMessages((message) =>
      message.type === 'ring.join' && message.route.length > 1
        ? { ...message, route: message.route.slice(0, -1) }
        : message,
    ),
  },
  {
    name: 'accept-with-the-new-successors',
    requirement: 'ring.join.accept',
    bug: 'The acceptor changes its own successors first and then sends those, so that the newcomer gets itself as its first.',
    rules: { acceptedSuccessors: (_self, own, newcomer) => [newcomer, own[0]] },
  },
  {
    name: 'acceptor-keeps-its-successors',
    requirement: 'ring.join.accept',
    bug: 'The newcomer is told its successors, and the acceptor forgets to take it for its own first one.',
    rules: { afterAccept: (_self, own) => own },
  },
  {
    name: 'acceptor-keeps-its-second-successor',
    requirement: 'ring.join.accept',
    bug: 'The newcomer replaces the first successor, which should have moved to the second place and is lost.',
    rules: { afterAccept: (self, own, newcomer) => [newcomer, own[0] === self ? self : own[1]] },
  },
  {
    name: 'accept-by-way-of-the-known-peer',
    requirement: 'ring.join.accept',
    bug: 'The acceptor answers to the peer that the newcomer knows instead of to the newcomer.',
    wrap: redirect((message) => (message.type === 'ring.accept' ? message.route[0] : undefined)),
  },
  {
    name: 'wrong-successors-in-a-ring-of-two',
    requirement: 'ring.join.accept',
    bug: 'In a ring of two each peer takes the other for its first and its second successor.',
    rules: {
      acceptedSuccessors: (self, own) => (own[0] === self ? [self, self] : own),
      afterAccept: (self, own, newcomer) => [newcomer, own[0] === self ? newcomer : own[0]],
    },
  },
  {
    name: 'ring-of-two-never-completed',
    requirement: 'ring.circle.successors',
    bug: 'In a ring of two each peer takes the other for its first and its second successor, and leaves it at that.',
    rules: {
      acceptedSuccessors: (self, own) => (own[0] === self ? [self, self] : own),
      afterAccept: (self, own, newcomer) => [newcomer, own[0] === self ? newcomer : own[0]],
    },
    wrap: dropExchanges((message) => message.type === 'ring.successor-query'),
  },
  {
    name: 'predecessor-not-told-of-newcomer',
    requirement: 'ring.join.tell-predecessor',
    bug: 'Nobody tells the acceptor’s predecessor that it has a new second successor.',
    wrap: dropExchanges(isAcceptorsChange),
  },
  {
    name: 'predecessor-not-told-when-it-was-unknown',
    requirement: 'ring.join.tell-predecessor',
    bug: 'If the first predecessor has not pinged yet when a newcomer is accepted, it is never told.',
    wrap: dropExchanges((message, input) => isAcceptorsChange(message) && input.kind === 'datagram'),
  },
  {
    name: 'no-accept-before-the-predecessor-is-known',
    requirement: 'ring.join.tell-predecessor',
    bug: 'A newcomer that comes before the first ping meets an unset predecessor, and the exception swallows its join.',
    wrap: (machine) => {
      let isKnown = false
      return {
        step: (input) => {
          if (input.kind === 'datagram' && input.message.type === 'ring.ping' && input.message.slot === 1)
            isKnown = true
          const effects = machine.step(input)
          const accepts = effects.some(
            (effect) => effect.kind === 'send' && effect.message.type === 'ring.accept',
          )
          return accepts && !isKnown ? [] : effects
        },
      }
    },
  },
  {
    name: 'successor-change-from-anyone',
    requirement: 'ring.join.successor-change',
    bug: 'Successors are set to what the message says, whoever sends it and whatever they were.',
    rules: { afterSuccessorChange: (_self, _own, _from, successors) => ({ kind: 'adopt', successors }) },
  },
  {
    name: 'successor-change-ignored',
    requirement: 'ring.join.successor-change',
    bug: 'The message is read and nothing is done with it.',
    rules: { afterSuccessorChange: () => ({ kind: 'ignore' }) },
  },
  {
    name: 'cut-out-peer-not-let-in-again',
    requirement: 'ring.join.successor-change',
    bug: 'Only a new second successor is taken from the message, never a peer that stands before the first.',
    rules: {
      afterSuccessorChange: (_self, [first], from, [a, b]) =>
        from === a && from === first ? { kind: 'adopt', successors: [first, b] } : { kind: 'ignore' },
    },
  },
  {
    name: 'change-for-a-peer-further-on-dropped',
    requirement: 'ring.join.pass-on',
    bug: 'A `successor-change` that concerns the next peer is dropped, because it came to the wrong one.',
    rules: {
      afterSuccessorChange: (...change) => {
        const outcome = afterSuccessorChange(...change)
        return outcome.kind === 'pass-on' ? { kind: 'ignore' } : outcome
      },
    },
  },
  {
    name: 'unasked-accept-adopted',
    requirement: 'ring.join.adopt',
    bug: 'An `accept` is obeyed by a peer that never asked to join, or has long been a member.',
    wrap: (machine) => {
      let successors: Successors | null = null
      let isJoining = false
      return {
        step: (input) => {
          if (input.kind === 'command' && input.command.command === 'join') isJoining = true
          let effects = machine.step(input)
          if (input.kind === 'message' && input.message.type === 'ring.accept' && !isJoining) {
            // Its own first successor seems to leave and to name these two.
            const made =
              successors === null
                ? madeUpCommand(input.at, { command: 'init', successors: input.message.successors })
                : madeUpMessage(input.at, {
                    type: 'ring.depart',
                    from: successors[0],
                    successors: input.message.successors,
                  })
            effects = silently(machine.step(made))
          }
          if (successorsAfter(effects, null) !== null) isJoining = false
          successors = successorsAfter(effects, successors)
          return effects
        },
      }
    },
  },
  {
    name: 'newcomer-keeps-silent',
    requirement: 'ring.join.adopt',
    bug: 'The newcomer takes its successors and does not start to ping them, so that it never learns of a death.',
    wrap: (machine, settings) => {
      let hasJoined = false
      return changeDatagrams((message, _to, input) => {
        if (input.kind === 'message' && input.message.type === 'ring.accept') hasJoined = true
        return hasJoined && message.type === 'ring.ping' ? undefined : message
      })(machine, settings)
    },
  },
  {
    name: 'duplicate-id-accepted',
    requirement: 'ring.join.duplicate',
    bug: 'Nobody compares the new id with those that exist: a second peer 14 is let in behind the first.',
    rules: {
      isDuplicate: () => false,
      isPlace: (newcomer, self, first) => {
        const ahead = (id: PeerId) => (id - self + 256) % 256
        return first === self || ahead(newcomer) <= ahead(first)
      },
    },
  },
  {
    name: 'duplicate-of-the-successor-forwarded',
    requirement: 'ring.join.duplicate',
    bug: 'A peer compares the new id only with its own, not with that of its first successor.',
    rules: { isDuplicate: (newcomer, self) => newcomer === self },
  },
  {
    name: 'decline-sent-to-the-asked-id',
    requirement: 'ring.join.decline-path',
    bug: 'A decline goes to the address of the id that was asked for, where the peer lives that has it already.',
    wrap: (machine) => {
      let connection = FIRST_OWN_CONNECTION
      return {
        step: (input) => {
          const effects = machine.step(input)
          const declined = effects.flatMap((effect) =>
            effect.kind === 'send' && effect.message.type === 'ring.decline' ? [effect] : [],
          )
          const connections = new Set(declined.map((effect) => effect.connection))
          const rest = effects.filter(
            (effect) => !('connection' in effect) || !connections.has(effect.connection),
          )
          const misdirected = declined.flatMap(({ message }) => {
            connection += 1
            return message.type === 'ring.decline' ? tell(connection, message.id, message) : []
          })
          return [...rest, ...misdirected]
        },
      }
    },
  },
  {
    name: 'decline-not-passed-on',
    requirement: 'ring.join.decline-path',
    bug: 'The known peer takes the decline for its own and does not tell the newcomer that waits on its connection.',
    wrap: (machine) => ({
      step: (input) => {
        const effects = machine.step(input)
        const isDecline = input.kind === 'message' && input.message.type === 'ring.decline'
        return isDecline ? effects.filter((effect) => effect.kind !== 'send') : effects
      },
    }),
  },
  {
    name: 'join-circulates',
    requirement: 'ring.join.no-place',
    bug: 'Nobody looks whether a join has been round the ring, so that one without a place runs for ever.',
    wrap: (machine, settings) => {
      let route: readonly PeerId[] = []
      const blind = changeReceived((message) => {
        if (message.type !== 'ring.join') return message
        route = message.route
        return { ...message, route: message.route.filter((id) => id !== settings.id) }
      })
      const honest = changeMessages((message) =>
        message.type === 'ring.join' && message.route.length > 0
          ? { ...message, route: [...route, settings.id].slice(-256) }
          : message,
      )
      return honest(blind(machine))
    },
  },
  {
    name: 'non-member-says-nothing',
    requirement: 'ring.join.not-member',
    bug: 'A peer that is in no ring drops join, store, request and put without a word, and the other side waits.',
    wrap: changeMessages((message) =>
      message.type === 'error' && message.code === 'not-in-ring' ? undefined : message,
    ),
  },
]
