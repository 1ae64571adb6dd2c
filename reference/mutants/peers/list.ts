// Mistakes in the list of peers, and in what a peer tells of itself (peers.md section 5).
import { errorNames, NO_ID } from '../../../spec/peers/messages.ts'
import { findById } from '../../peers/by-id.ts'
import type { PeerState } from '../../peers/peer.ts'
import { peersRules } from '../../peers/rules.ts'
import { errorAnswer } from '../../peers/skeleton.ts'
import type { ListedPeer, PeersAnswer, PeersRequest, PeerVocabulary } from '../../peers/vocabulary.ts'
import { changeEffects, changeInputs } from '../rewire.ts'
import type { PeersMutant } from './mutant.ts'
import {
  answerItself,
  answering,
  changeEvents,
  changeReplies,
  isError,
  type PeerWrap,
  requestIn,
} from './rewire.ts'

const answers = (answerTo: (request: PeersRequest, state: PeerState) => PeersAnswer | undefined): PeerWrap =>
  answerItself<PeerVocabulary, PeerState>(answerTo)

/** Changes the result of `check`. */
const checked = (change: (id: unknown, type: unknown) => unknown): PeerWrap =>
  answering((answer, request) =>
    request?.method === 'check' && 'result' in answer && Array.isArray(answer.result)
      ? { result: change(answer.result[0], answer.result[1]) }
      : answer,
  ).wrapPeer

/** A joined event for every `register_peer` that succeeds. */
const joinedEachTime: PeerWrap = (machine) => ({
  step: (input) => {
    const request = requestIn(input)
    const [id] = request?.method === 'register_peer' ? request.args : []
    const isKnown = typeof id === 'number' && findById(machine.state.list, id) !== undefined
    const effects = machine.step(input)
    const hasSucceeded = effects.some(
      (effect) => effect.kind === 'send' && effect.connection < 0 && 'result' in effect.message,
    )
    if (!isKnown || !hasSucceeded) return effects
    return [...effects, { kind: 'event', event: { event: 'joined', id } }]
  },
})

/** The list in the order in which its peers have come. */
const inOrderOfArrival: PeerWrap = (machine, config) => {
  const arrived: number[] = []
  const placeOf = ({ id }: ListedPeer): number => arrived.indexOf(id)
  return changeReplies('state', (reply, _command, { state }) => {
    for (const { id } of state.list) if (!arrived.includes(id)) arrived.push(id)
    if (!reply.ok || !('requests' in reply.result)) return reply
    return {
      ...reply,
      result: { ...reply.result, peers: reply.result.peers.toSorted((a, b) => placeOf(b) - placeOf(a)) },
    }
  })(machine, config)
}

/** What `state` tells is what the last event has told, or the end of the join. */
const stateOfLastJoin: PeerWrap = (machine, config) => {
  let peers: ListedPeer[] = []
  const rewired = changeReplies('state', (reply) =>
    reply.ok && 'requests' in reply.result ? { ...reply, result: { ...reply.result, peers } } : reply,
  )(machine, config)
  return changeEffects<PeerVocabulary>((effect) => {
    const isNews =
      (effect.kind === 'reply' &&
        effect.reply.ok &&
        'id' in effect.reply.result &&
        !('token' in effect.reply.result)) ||
      (effect.kind === 'event' && effect.event.event === 'joined')
    if (isNews) peers = [...machine.state.list]
    return [effect]
  })(rewired)
}

/** The peers of the list at an address that the command `call` has found dead go, as if a call to them had failed. */
const callForgetsTheDead = changeReplies('call', (reply, { address }, { state }) => {
  const isDead = !reply.ok && (reply.error.code === 'unreachable' || reply.error.code === 'timeout')
  const place = state.list.findIndex((peer) => String(peer.address) === String(address))
  if (isDead && place !== -1) state.list.splice(place, 1)
  return reply
})

export const listMutants: readonly PeersMutant[] = [
  {
    name: 'call-arguments-as-text',
    requirement: 'peers.control.call',
    bug: 'The arguments of a call are texts when they are sent, because they were texts when they were typed.',
    wrapPeer: changeInputs((input) =>
      input.kind === 'command' && input.command.command === 'call'
        ? { ...input, command: { ...input.command, args: input.command.args.map(String) } }
        : input,
    ),
  },
  {
    name: 'raised-error-fails-the-command',
    requirement: 'peers.control.call',
    bug: 'What the other side raises ends the command as refused, and its name and arguments are lost.',
    wrapPeer: changeReplies('call', (reply) =>
      reply.ok && 'error' in reply.result
        ? { ok: false, error: { code: 'refused', message: reply.result.error.name } }
        : reply,
    ),
  },
  {
    name: 'end-of-the-connection-is-null',
    requirement: 'peers.control.call',
    bug: 'A connection that ends without an answer gives an empty line, and that a result of null.',
    wrapPeer: changeReplies('call', (reply) =>
      !reply.ok && reply.error.code === 'unreachable' ? { ok: true, result: { result: null } } : reply,
    ),
  },
  {
    name: 'silence-is-unreachable',
    requirement: 'peers.control.call',
    bug: 'All failures of a call are one: also who is only silent is unreachable.',
    wrapPeer: changeReplies('call', (reply) =>
      !reply.ok && reply.error.code === 'timeout'
        ? { ok: false, error: { code: 'unreachable', message: 'the call has failed' } }
        : reply,
    ),
  },
  {
    name: 'call-forgets-the-dead',
    requirement: 'peers.control.call',
    bug: 'Every call that fails takes its peer out of the list, also one that the user has made to an address.',
    wrapPeer: callForgetsTheDead,
  },
  {
    name: 'state-of-the-last-join',
    requirement: 'peers.control.state',
    bug: 'State tells the list as it was when somebody joined last, with all who have gone since.',
    wrapPeer: stateOfLastJoin,
  },
  {
    name: 'state-in-order-of-arrival',
    requirement: 'peers.control.state',
    bug: 'State tells the peers with the latest first, in the order of the dictionary instead of that of their ids.',
    wrapPeer: inOrderOfArrival,
  },
  {
    name: 'check-gives-text',
    requirement: 'peers.check.answer',
    bug: 'The id in the answer to check is a text, as it was read from the command line.',
    wrapPeer: checked((id, type) => [String(id), type]),
  },
  {
    name: 'check-gives-type-first',
    requirement: 'peers.check.answer',
    bug: 'check gives type and id, the other way round.',
    wrapPeer: checked((id, type) => [type, id]),
  },
  {
    name: 'check-says-zero-before-join',
    requirement: 'peers.check.answer',
    bug: 'Before the name service has given an id the id is 0, and that may be somebody.',
    wrapPeer: checked((id, type) => [id === NO_ID ? 0 : id, type]),
  },
  {
    name: 'check-fails-before-join',
    requirement: 'peers.check.answer',
    bug: 'A peer that has no id yet does not know what to answer, and is dropped by the name service.',
    wrapPeer: answers(({ method }, { id }) =>
      method === 'check' && id === NO_ID ? errorAnswer(errorNames.notReady, 'no id yet') : undefined,
    ),
  },
  {
    name: 'older-address-kept',
    requirement: 'peers.list.register',
    bug: 'An id that is in the list is not taken again, and a peer that has moved is called where it was.',
    wrapPeer: answers(({ method, args: [id] }, { list }) =>
      method === 'register_peer' && findById(list, Number(id)) !== undefined ? { result: null } : undefined,
    ),
  },
  {
    name: 'joined-each-time',
    requirement: 'peers.list.register',
    bug: 'Each register_peer reports that somebody has joined, also of a peer that is in the list.',
    wrapPeer: joinedEachTime,
  },
  {
    name: 'newcomers-not-reported',
    requirement: 'peers.list.register',
    bug: 'A newcomer is taken into the list, and nobody is told.',
    wrapPeer: changeEvents((event) => (event.event === 'joined' ? undefined : event)),
  },
  {
    name: 'older-one-at-the-address-stays',
    requirement: 'peers.list.address',
    bug: 'A peer that crashed and came back is in the list twice, and its older id gets messages and waits for the token.',
    rules: { atAddress: () => undefined },
  },
  {
    name: 'latest-caller-has-the-address',
    requirement: 'peers.list.address',
    bug: 'Whoever calls last has the address, also a call of the older id that was on its way for long.',
    wrapPeer: answers(({ method, args }, { list }) => {
      const [id, address] = args
      const place = list.findIndex((peer) => String(peer.address) === String(address) && peer.id > Number(id))
      if (method === 'register_peer' && place !== -1) list.splice(place, 1)
      return undefined
    }),
  },
  {
    name: 'own-id-taken',
    requirement: 'peers.list.self',
    bug: 'A peer takes itself into its list, sends itself messages, and waits for itself.',
    rules: { isOwn: () => false },
  },
  {
    name: 'own-id-ignored',
    requirement: 'peers.list.self',
    bug: 'register_peer with the own id does nothing and succeeds.',
    wrapPeer: answers(({ method, args: [id] }, state) =>
      method === 'register_peer' && id === state.id && id !== NO_ID ? { result: null } : undefined,
    ),
  },
  {
    name: 'departure-not-reported',
    requirement: 'peers.list.unregister',
    bug: 'A peer that leaves is taken out of the list, and nobody is told.',
    wrapPeer: changeEvents((event, input) =>
      event.event === 'left' && requestIn(input) !== undefined ? undefined : event,
    ),
  },
  {
    name: 'departed-peer-stays',
    requirement: 'peers.list.unregister',
    bug: 'unregister_peer says on the screen that somebody leaves, and removes nobody.',
    wrapPeer: answers(({ method, args: [id] }, { list }) =>
      method === 'unregister_peer' && findById(list, Number(id)) !== undefined ? { result: null } : undefined,
    ),
  },
  {
    name: 'unknown-departure-ignored',
    requirement: 'peers.list.unregister',
    bug: 'unregister_peer of somebody unknown does nothing and succeeds.',
    wrapPeer: answering((answer, request) =>
      request?.method === 'unregister_peer' && isError(answer, 'Exception') ? { result: null } : answer,
    ).wrapPeer,
  },
  {
    name: 'unknown-departure-is-a-key-error',
    requirement: 'peers.list.unregister',
    bug: 'The peer is deleted from the dictionary without a look, and its KeyError is what the caller gets.',
    wrapPeer: answering((answer, request) =>
      request?.method === 'unregister_peer' && isError(answer, 'Exception')
        ? { error: { name: 'KeyError', args: [request.args[0]] } }
        : answer,
    ).wrapPeer,
  },
  {
    name: 'dead-stay-in-the-list',
    requirement: 'peers.list.dead',
    bug: 'A call that fails is reported, and the peer stays in the list for ever.',
    rules: { isDead: () => false },
  },
  {
    name: 'silent-stay-in-the-list',
    requirement: 'peers.list.dead',
    bug: 'Only who refuses the connection is dead; a peer that stands still stays in the list.',
    rules: { isDead: (outcome) => outcome.kind === 'unreachable' },
  },
  {
    name: 'errors-are-death',
    requirement: 'peers.list.dead',
    bug: 'Any call that fails takes the peer out of the list, also one that was answered with an error.',
    rules: { isDead: (outcome) => outcome.kind !== 'result' },
  },
  {
    name: 'bad-answers-are-death',
    requirement: 'peers.list.dead',
    bug: 'A peer that answers what cannot be read counts as dead.',
    rules: { isDead: (outcome) => outcome.kind === 'bad-answer' || peersRules.isDead(outcome) },
  },
  {
    name: 'death-without-an-event',
    requirement: 'peers.list.dead',
    bug: 'A dead peer is taken out of the list without a word; only departures are reported.',
    wrapPeer: changeEvents((event, input) =>
      event.event === 'left' && requestIn(input) === undefined ? undefined : event,
    ),
  },
  {
    name: 'display-shows-nothing',
    requirement: 'peers.list.display',
    bug: 'display_peers prints on standard error, where only its author looks.',
    wrapPeer: changeEvents((event) => (event.event === 'display' ? undefined : event)),
  },
  {
    name: 'display-shows-itself',
    requirement: 'peers.list.display',
    bug: 'display_peers shows the peer itself among the others.',
    wrapPeer: (machine, { host = '127.0.0.1', listenPort, advertise = [host, listenPort] }) =>
      changeEvents((event) => {
        if (event.event !== 'display' || machine.state.id === NO_ID) return event
        const peers = [...event.peers, { id: machine.state.id, address: advertise }]
        return { ...event, peers: peers.toSorted((a, b) => a.id - b.id) }
      })(machine),
  },
  {
    name: 'a-hundred-peers-in-the-list',
    requirement: 'peers.list.bounds',
    bug: 'The list is an array of a hundred places.',
    rules: { hasRoomInList: (listed) => listed < 100 },
  },
  {
    name: 'list-without-bound',
    requirement: 'peers.list.bounds',
    bug: 'Everybody is taken into the list, until the memory is full.',
    rules: { hasRoomInList: () => true },
  },
  {
    name: 'full-list-says-nothing',
    requirement: 'peers.list.bounds',
    bug: 'A peer for whom there is no room is told that it is in the list.',
    wrapPeer: answering((answer, request) =>
      request?.method === 'register_peer' && isError(answer, 'BusyError') ? { result: null } : answer,
    ).wrapPeer,
  },
]
