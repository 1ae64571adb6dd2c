// Mistakes in joining (peers.md section 5).
import type { PeersRequest, PeerVocabulary } from '../../peers/vocabulary.ts'
import { changeEffects, changeReceived } from '../rewire.ts'
import {
  afterSteps,
  alsoTelling,
  beforeSteps,
  callFirst,
  holding,
  isCommand,
  isRequest,
  onFailure,
} from './memory.ts'
import type { PeersMutant } from './mutant.ts'
import { changeCalls, skipCalls } from './rewire.ts'

/** The request with another first argument. */
const withFirst = (request: PeersRequest, first: unknown): PeersRequest => ({
  ...request,
  args: [first, ...request.args.slice(1)],
})

export const joinMutants: readonly PeersMutant[] = [
  {
    name: 'deaf-while-joining',
    requirement: 'peers.join.order',
    bug: 'One thread does everything: calls of others are answered when the own join is over.',
    wrapPeer: holding(
      (input, { join }) => join !== null && input.kind === 'message' && 'method' in input.message,
    ),
  },
  {
    name: 'registers-at-start',
    requirement: 'peers.join.order',
    bug: 'The peer registers as soon as it listens: others call one that nobody has told to join.',
    wrapPeer: alsoTelling(
      ({ kind }, _state, { nameService, type, host = '127.0.0.1', listenPort, advertise }) =>
        kind === 'start'
          ? [
              {
                to: nameService,
                request: { method: 'register', args: [type, advertise ?? [host, listenPort]] },
              },
            ]
          : [],
    ),
  },
  {
    name: 'asks-before-it-registers',
    requirement: 'peers.join.order',
    bug: 'The peer first asks the name service who is there, and registers when it knows.',
    wrapPeer: callFirst(
      (effect) =>
        effect.kind === 'send' && 'method' in effect.message && effect.message.method === 'register',
      ({ nameService, type }) => ({ to: nameService, request: { method: 'require_all', args: [type] } }),
    ),
  },
  {
    name: 'type-folded',
    requirement: 'peers.join.order',
    bug: 'The object type is trimmed and put into lower case, so that peers of one type register under another.',
    wrapPeer: changeCalls<PeerVocabulary>((request) =>
      request.method === 'register' || request.method === 'require_all'
        ? withFirst(request, String(request.args[0]).trim().toLowerCase())
        : request,
    ),
  },
  {
    name: 'registers-with-everybody',
    requirement: 'peers.join.lower',
    bug: 'A newcomer calls register_peer on every peer of the answer, higher ids included, so that two that join wait for each other.',
    rules: { toldOnJoin: (registered, self) => registered.filter(({ id }) => id !== self) },
  },
  {
    name: 'registers-with-itself',
    requirement: 'peers.join.lower',
    bug: 'The loop over the answer of the name service does not leave out the newcomer itself.',
    rules: { toldOnJoin: (registered, self) => registered.filter(({ id }) => id <= self) },
  },
  {
    name: 'ids-compared-as-texts',
    requirement: 'peers.join.lower',
    bug: 'Ids are keys of an object, so they are compared as texts: 100 is lower than 9.',
    rules: { toldOnJoin: (registered, self) => registered.filter(({ id }) => String(id) < String(self)) },
  },
  {
    name: 'id-0-is-none',
    requirement: 'peers.join.lower',
    bug: 'An id is tested for truth, and the first peer of all, 0, counts as one without an id.',
    rules: { toldOnJoin: (registered, self) => registered.filter(({ id }) => id !== 0 && id < self) },
  },
  {
    name: 'listed-before-it-answers',
    requirement: 'peers.join.lower',
    bug: 'All lower peers go into the list first, and then they are called, whatever they answer.',
    wrapPeer: afterSteps(({ join, list }) => {
      for (const { id, address } of join?.lower ?? [])
        if (!list.some((listed) => listed.id === id)) list.push({ id, address })
      list.sort((a, b) => a.id - b.id)
    }),
  },
  {
    name: 'dead-peer-ends-the-round',
    requirement: 'peers.join.dead',
    bug: 'The loop over the lower peers stands inside the try: the first that fails ends it, and the others are never told.',
    rules: { callsAtOnce: 1 },
    wrapPeer: onFailure('register-peer', ({ join }) => {
      join?.untold.splice(0)
    }),
  },
  {
    name: 'refusal-is-a-welcome',
    requirement: 'peers.join.dead',
    bug: 'Whoever answers register_peer is taken into the list, also with an error.',
    rules: { isListedAfter: ({ kind }) => kind === 'result' || kind === 'error' },
  },
  {
    name: 'silence-is-a-welcome',
    requirement: 'peers.join.dead',
    bug: 'Only a refused connection counts as a failure: who never answers stays in the list.',
    rules: { isListedAfter: ({ kind }) => kind === 'result' || kind === 'timeout' },
  },
  {
    name: 'join-answered-before-its-calls-end',
    requirement: 'peers.join.done',
    bug: 'The calls to the lower peers run in the background, and join is answered when they have begun.',
    wrapPeer: (machine) => {
      const answered = new Set<number>()
      return {
        step: (input) => {
          const effects = machine
            .step(input)
            .filter((effect) => effect.kind !== 'reply' || !answered.has(effect.handle))
          const { join, id, list } = machine.state
          if (join?.phase !== 'telling' || answered.has(join.handle)) return effects
          answered.add(join.handle)
          const result = { id, peers: list.map((listed) => ({ ...listed })) }
          return [...effects, { kind: 'reply', handle: join.handle, reply: { ok: true, result } }]
        },
      }
    },
  },
  {
    name: 'list-sorted-as-texts',
    requirement: 'peers.join.done',
    bug: 'The list is sorted without a comparison of numbers: 100 comes before 20.',
    wrapPeer: changeEffects<PeerVocabulary>((effect) => {
      if (effect.kind !== 'reply' || !effect.reply.ok || !('peers' in effect.reply.result)) return [effect]
      const { result } = effect.reply
      const peers = result.peers.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1))
      return [{ ...effect, reply: { ok: true, result: { ...result, peers } } }]
    }),
  },
  {
    name: 'joins-twice',
    requirement: 'peers.join.done',
    bug: 'Nothing keeps a peer that has joined from joining once more: it registers again, under another id.',
    wrapPeer: beforeSteps((state, input) => {
      if (isCommand(input, 'join') && state.leave === null) state.isJoined = false
    }),
  },
  {
    name: 'departures-during-the-join-forgotten',
    requirement: 'peers.join.left-meanwhile',
    bug: 'An unregister_peer that overtakes the answer to register_peer finds nobody in the list, and the departed comes into it after that.',
    rules: { remembersDepartures: false },
  },
  {
    name: 'departures-before-the-answer-forgotten',
    requirement: 'peers.join.left-meanwhile',
    bug: 'Departures are remembered from the answer of require_all on, which may name somebody who has left before.',
    wrapPeer: afterSteps(({ join }) => {
      join?.left.splice(0)
    }),
  },
  {
    name: 'failed-join-keeps-its-id',
    requirement: 'peers.join.refused',
    bug: 'When require_all fails, join fails and the registration stays at the name service for ever.',
    wrapPeer: (machine) => {
      const keeping = skipCalls(
        ({ method }) => method === 'unregister' && machine.state.leave?.stops.length === 0,
      )
      return keeping(machine)
    },
  },
  {
    name: 'failed-join-is-for-ever',
    requirement: 'peers.join.refused',
    bug: 'The mark that a join has begun is not taken back when it fails: no second one is possible.',
    wrapPeer: (machine) => {
      const joins = new Set<number>()
      let hasFailed = false
      return {
        step: (input) => {
          if (input.kind === 'command' && input.command.command === 'join') {
            joins.add(input.handle)
            const error = { code: 'already-joined', message: 'a join has begun' } as const
            if (hasFailed) return [{ kind: 'reply', handle: input.handle, reply: { ok: false, error } }]
          }
          const effects = machine.step(input)
          hasFailed ||= effects.some(
            (effect) => effect.kind === 'reply' && joins.has(effect.handle) && !effect.reply.ok,
          )
          return effects
        },
      }
    },
  },
  {
    name: 'refused-is-unreachable',
    requirement: 'peers.join.refused',
    bug: 'Whatever goes wrong at the name service is reported as unreachable, also an error that it answers.',
    wrapPeer: changeEffects<PeerVocabulary>((effect) =>
      effect.kind === 'reply' && !effect.reply.ok && effect.reply.error.code === 'refused'
        ? [{ ...effect, reply: { ok: false, error: { ...effect.reply.error, code: 'unreachable' } } }]
        : [effect],
    ),
  },
  {
    name: 'id-of-any-kind',
    requirement: 'peers.join.refused',
    bug: 'What register gives is turned into a number, whatever it is: "1" and true are ids too.',
    wrapPeer: (machine) =>
      changeReceived<PeerVocabulary>((message) => {
        if (machine.state.join?.phase !== 'registering' || !('result' in message)) return message
        const { result } = message
        return Array.isArray(result) && result.length === 2
          ? { result: [Math.floor(Number(result[0])), result[1]] }
          : message
      })(machine),
  },
  {
    name: 'broken-entries-skipped',
    requirement: 'peers.join.refused',
    bug: 'Entries of require_all that are no pairs of id and address are left out instead of failing the join.',
    wrapPeer: (machine) =>
      changeReceived<PeerVocabulary>((message, connection) => {
        if (machine.state.join?.phase !== 'asking' || connection < 0 || !('result' in message)) return message
        const { result } = message
        const isPair = (entry: unknown): boolean => Array.isArray(entry) && Array.isArray(entry[1])
        return Array.isArray(result) ? { result: result.filter(isPair) } : message
      })(machine),
  },
  {
    name: 'newcomers-lost-at-the-end-of-the-join',
    requirement: 'peers.join.at-once',
    bug: 'The list is filled when all lower peers have answered, over whoever has registered here in the meantime.',
    wrapPeer: (machine) => {
      const meanwhile = new Set<number>()
      return {
        step: (input) => {
          const { state } = machine
          const wasJoining = state.join !== null
          const before = new Set(state.list.map(({ id }) => id))
          const effects = machine.step(input)
          if (wasJoining && isRequest(input, 'register_peer'))
            for (const { id } of state.list) if (!before.has(id)) meanwhile.add(id)
          if (!wasJoining || state.join !== null || meanwhile.size === 0) return effects
          state.list.splice(0, state.list.length, ...state.list.filter(({ id }) => !meanwhile.has(id)))
          meanwhile.clear()
          return effects
        },
      }
    },
  },
]
