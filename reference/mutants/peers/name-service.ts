// Mistakes of the name service (peers.md section 4).
import { createHash } from 'node:crypto'
import type { NameServiceConfig } from '../../../spec/peers/control.ts'
import { errorNames, NO_ID } from '../../../spec/peers/messages.ts'
import { findById, removeById } from '../../peers/by-id.ts'
import type { NameServiceMachine, NameServiceState } from '../../peers/name-service-machine.ts'
import { peersRules, type RegisteredPeer } from '../../peers/rules.ts'
import { nameServiceSettingsOf } from '../../peers/settings.ts'
import { errorAnswer } from '../../peers/skeleton.ts'
import type {
  NameServiceEffect,
  NameServiceVocabulary,
  PeersAnswer,
  PeersRequest,
} from '../../peers/vocabulary.ts'
import { tapServers } from '../ground.ts'
import { changeEffects, changeReceived } from '../rewire.ts'
import type { PeersMutant } from './mutant.ts'
import {
  answerItself,
  answering,
  beforeRequests,
  isError,
  type NameServiceWrap,
  requestIn,
} from './rewire.ts'

const everybody = ({ namespaces }: NameServiceState): readonly RegisteredPeer[] =>
  namespaces.flatMap(({ registered }) => registered)

const peersOf = ({ namespaces }: NameServiceState, type: unknown): readonly RegisteredPeer[] =>
  namespaces.find((namespace) => namespace.type === type)?.registered ?? []

/** The registration of this type and address that there is already. */
function olderOf(state: NameServiceState, { method, args }: PeersRequest): RegisteredPeer | undefined {
  const [type, address] = args
  if (method !== 'register' || !Array.isArray(address)) return undefined
  return peersOf(state, type).find(({ address: [host, port] }) => host === address[0] && port === address[1])
}

const answers = (answerTo: (request: PeersRequest, state: NameServiceState) => PeersAnswer | undefined) =>
  answerItself<NameServiceVocabulary, NameServiceState>(answerTo)

const before = (
  newMeddler: () => (request: PeersRequest, state: NameServiceState, at: number) => void,
): NameServiceWrap => {
  return (machine) => beforeRequests<NameServiceVocabulary, NameServiceState>(newMeddler())(machine)
}

/** Types on their way in; most requests have theirs first. */
const changeTypes = (change: (type: unknown) => unknown) =>
  changeReceived<NameServiceVocabulary>((line) => {
    if (!('method' in line)) return line
    const place = line.method === 'unregister' ? 1 : 0
    return { ...line, args: line.args.map((arg, i) => (i === place ? change(arg) : arg)) }
  })

const resolved = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(resolved)
  return value === 'localhost' ? '127.0.0.1' : value
}

const inSmallLetters = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(inSmallLetters)
  return typeof value === 'string' ? value.toLowerCase() : value
}

const isQuestion = (request: PeersRequest | undefined): boolean =>
  request?.method.startsWith('require_') ?? false

/** The answer to `unregister` waits for the checks. */
function answerAfterChecks(machine: NameServiceMachine): ReturnType<NameServiceWrap> {
  const waiting: NameServiceEffect[] = []
  return {
    step: (input) => {
      const isUnregister = requestIn(input)?.method === 'unregister'
      const effects = machine.step(input).filter((effect) => {
        const isHeld = isUnregister && effect.kind === 'send' && effect.connection < 0
        if (isHeld) waiting.push(effect)
        return !isHeld
      })
      const isChecking = machine.state.calls.some(({ isOver }) => !isOver)
      return isChecking ? effects : [...effects, ...waiting.splice(0)]
    },
  }
}

/** Whoever unregisters while others are checked sets off no check. */
const forgetFurtherRounds: NameServiceWrap = (machine) => ({
  step: (input) => {
    const effects = machine.step(input)
    for (const { round } of machine.state.namespaces) if (round !== null) round.again = null
    return effects
  },
})

/** Replies to `state` are what they were when somebody last registered. */
const stateOfLastRegistration: NameServiceWrap = (machine) => {
  type Types = Record<string, { id: number; address: RegisteredPeer['address'] }[]>
  const typesNow = (): Types =>
    Object.fromEntries(
      machine.state.namespaces
        .filter(({ registered }) => registered.length > 0)
        .map(({ type, registered }) => [type, registered.map(({ id, address }) => ({ id, address }))]),
    )
  let types: Types = {}
  return changeEffects<NameServiceVocabulary>((effect, input) => {
    if (requestIn(input)?.method === 'register') types = typesNow()
    if (effect.kind !== 'reply' || !effect.reply.ok || !('types' in effect.reply.result)) return [effect]
    return [{ ...effect, reply: { ok: true, result: { types } } }]
  })(machine)
}

const busy = errorAnswer(errorNames.full, 'too many peers are registered')

/** That many registrations leave no room for another. */
const isFull = (config: NameServiceConfig, registrations: number): boolean =>
  registrations >= nameServiceSettingsOf(config).registrationsMax

export const nameServiceMutants: readonly PeersMutant[] = [
  {
    name: 'ids-of-those-who-left-given-again',
    requirement: 'peers.register.id',
    bug: 'A new id is one more than the highest that is registered: when the newest peer leaves, the next one gets its id.',
    wrapNameService: before(() => ({ method }, state) => {
      if (method === 'register') state.nextId = Math.max(NO_ID, ...everybody(state).map(({ id }) => id)) + 1
    }),
  },
  {
    name: 'ids-counted-by-type',
    requirement: 'peers.register.id',
    bug: 'Each type counts its ids for itself, and two peers of different types have the same.',
    wrapNameService: before(() => {
      const given = new Map<unknown, number>()
      return ({ method, args: [type] }, state) => {
        if (method !== 'register') return
        state.nextId = given.get(type) ?? 0
        given.set(type, state.nextId + 1)
      }
    }),
  },
  {
    name: 'ids-in-no-order',
    requirement: 'peers.register.id',
    bug: 'Ids are drawn at random, so that the later peer is not the one with the higher id.',
    rules: { idAfter: (id) => (id * 48_271 + 11) % 2_147_483_647 },
  },
  {
    name: 'hash-is-the-id',
    requirement: 'peers.register.hash',
    bug: 'The hash is made of the id alone: hash(7) is 7 in Python.',
    secrets: (secrets) => ({ ...secrets, hashOf: (id) => String(id) }),
  },
  {
    name: 'hash-without-a-key',
    requirement: 'peers.register.hash',
    bug: 'The hash is the MD5 sum of the id, which everybody can compute.',
    secrets: (secrets) => ({ ...secrets, hashOf: (id) => createHash('md5').update(`${id}`).digest('hex') }),
  },
  {
    name: 'one-hash-for-all',
    requirement: 'peers.register.hash',
    bug: 'The hash is made once, when the name service starts, and every peer has that of the others.',
    secrets: (secrets) => ({ ...secrets, hashOf: () => secrets.hashOf(0) }),
  },
  {
    name: 'older-registration-stays',
    requirement: 'peers.register.again',
    bug: 'A peer that comes back after a crash is registered twice, and others call it under an id that it does not know.',
    rules: { takesPlaceOf: () => false },
  },
  {
    name: 'one-peer-per-host',
    requirement: 'peers.register.again',
    bug: 'Registrations are compared by their host: a second peer on a machine takes the place of the first.',
    rules: { takesPlaceOf: (registered, [host]) => registered.address[0] === host },
  },
  {
    name: 'coming-back-refused',
    requirement: 'peers.register.again',
    bug: 'An address that is registered is refused, and a peer that has crashed can never come back.',
    wrapNameService: answers((request, state) =>
      olderOf(state, request) === undefined
        ? undefined
        : errorAnswer(errorNames.wrongValue, 'registered already'),
    ),
  },
  {
    name: 'coming-back-gives-the-old-id',
    requirement: 'peers.register.again',
    bug: 'A peer that comes back gets the id and the hash that it had before.',
    wrapNameService: answers((request, state) => {
      const older = olderOf(state, request)
      return older && { result: [older.id, older.hash] }
    }),
  },
  {
    name: 'no-room-to-come-back',
    requirement: 'peers.register.again',
    bug: 'The bound is checked before the older registration is looked for, and a full name service refuses who has crashed.',
    wrapNameService: (machine, config) =>
      answers((request, state) =>
        olderOf(state, request) && isFull(config, everybody(state).length) ? busy : undefined,
      )(machine),
  },
  {
    name: 'unregister-removes-nothing',
    requirement: 'peers.unregister.removes',
    bug: 'The entry is removed from a copy of the list.',
    wrapNameService: answers(({ method, args: [id, type, hash] }, state) => {
      const known = findById(peersOf(state, type), Number(id))
      return method === 'unregister' && known?.hash === hash ? { result: null } : undefined
    }),
  },
  {
    name: 'hash-not-checked',
    requirement: 'peers.unregister.refused',
    bug: 'The hash is not looked at, and everybody can unregister everybody.',
    rules: { mayUnregister: () => true },
  },
  {
    name: 'type-of-unregister-not-checked',
    requirement: 'peers.unregister.refused',
    bug: 'The registration is found by its id, under whatever type.',
    wrapNameService: (machine) =>
      changeReceived<NameServiceVocabulary>((line) => {
        if (!('method' in line) || line.method !== 'unregister') return line
        const [id, type, ...hash] = line.args
        const found = machine.state.namespaces.find(({ registered }) => findById(registered, Number(id)))
        return { ...line, args: [id, found?.type ?? type, ...hash] }
      })(machine),
  },
  {
    name: 'unregister-of-nobody-succeeds',
    requirement: 'peers.unregister.refused',
    bug: 'Who unregisters what is not registered, or is not allowed to, is told that all is well.',
    wrapNameService: answering((answer, request) =>
      request?.method === 'unregister' && isError(answer, 'ValueError') ? { result: null } : answer,
    ).wrapNameService,
  },
  {
    name: 'nobody-checked',
    requirement: 'peers.unregister.check',
    bug: 'After an unregister nobody is checked, and the dead are registered for ever.',
    rules: { checkedAfterUnregister: () => [] },
  },
  {
    name: 'one-peer-checked',
    requirement: 'peers.unregister.check',
    bug: 'The loop over the peers ends with its first round: return where a yield should be.',
    rules: {
      checkedAfterUnregister: (registered, idsEnd) =>
        peersRules.checkedAfterUnregister(registered, idsEnd).slice(0, 1),
    },
  },
  {
    name: 'any-answer-is-life',
    requirement: 'peers.unregister.check',
    bug: 'Who answers anything stays, also another peer that has taken over the address.',
    rules: { isAnswerOf: (outcome) => outcome.kind === 'result' || outcome.kind === 'error' },
  },
  {
    name: 'type-of-the-answer-not-compared',
    requirement: 'peers.unregister.check',
    bug: 'Only the id of the answer is compared, and a peer of another type at that address keeps the registration.',
    rules: {
      isAnswerOf: (outcome, id) =>
        outcome.kind === 'result' &&
        Array.isArray(outcome.result) &&
        (outcome.result[0] === id || outcome.result[0] === NO_ID),
    },
  },
  {
    name: 'peer-without-its-id-dropped',
    requirement: 'peers.unregister.check',
    bug: 'A peer that has registered and not read its id yet answers -1, and is dropped for it.',
    rules: {
      isAnswerOf: (outcome, id, type) =>
        peersRules.isAnswerOf(outcome, id, type) &&
        outcome.kind === 'result' &&
        Array.isArray(outcome.result) &&
        outcome.result[0] === id,
    },
  },
  {
    name: 'silent-peers-stay',
    requirement: 'peers.unregister.check',
    bug: 'Only a peer that refuses the connection is dropped; one that stands still stays for ever.',
    rules: {
      isAnswerOf: (outcome, id, type) =>
        outcome.kind === 'timeout' || peersRules.isAnswerOf(outcome, id, type),
    },
  },
  {
    name: 'check-timeout-compiled-in',
    requirement: 'peers.unregister.check',
    bug: 'A check waits ten seconds, whatever the configuration says.',
    nameServiceConfig: () => ({ checkTimeoutMs: 10_000 }),
  },
  {
    name: 'unregister-during-checks-forgotten',
    requirement: 'peers.unregister.check',
    bug: 'While checks are under way an unregister sets off none: who died after its check is found by nobody.',
    wrapNameService: forgetFurtherRounds,
  },
  {
    name: 'unregister-waits-for-the-checks',
    requirement: 'peers.unregister.prompt',
    bug: 'Who unregisters is answered when everybody else has been checked.',
    wrapNameService: answerAfterChecks,
  },
  {
    name: 'one-check-after-another',
    requirement: 'peers.unregister.prompt',
    bug: 'The next peer is checked when the one before has answered, and each dead one costs the whole time limit.',
    rules: { checksOfTypeAtOnce: 1 },
  },
  {
    name: 'newcomers-checked',
    requirement: 'peers.unregister.prompt',
    bug: 'The second round of checks asks whoever is registered by then, also those that do not listen yet.',
    rules: { checkedAfterUnregister: (registered) => registered.map(({ id }) => id) },
  },
  {
    name: 'a-round-for-each-departure',
    requirement: 'peers.unregister.rounds',
    bug: 'Each unregister checks everybody at once: 200 that leave together cause 20,000 checks.',
    rules: { isOneRoundAtATime: false },
  },
  {
    name: 'newest-peer-left-out',
    requirement: 'peers.require.all',
    bug: 'The peer that registered last is left out, because it is taken for the one who asks.',
    rules: { visible: (registered) => registered.slice(0, -1) },
  },
  {
    name: 'a-hundred-peers-at-most',
    requirement: 'peers.require.all',
    bug: 'The answer is cut after a hundred peers.',
    rules: { visible: (registered) => registered.slice(0, 100) },
  },
  {
    name: 'ids-in-the-order-of-text',
    requirement: 'peers.require.all',
    bug: 'Ids are the keys of an object and sorted as texts: 10 comes before 2.',
    rules: {
      visible: (registered) => registered.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1)),
    },
  },
  {
    name: 'unknown-type-is-an-error',
    requirement: 'peers.require.all',
    bug: 'require_all of a type that nobody has registered fails with a KeyError.',
    wrapNameService: answers(({ method, args: [type] }, state) =>
      method === 'require_all' && typeof type === 'string' && peersOf(state, type).length === 0
        ? { error: { name: 'KeyError', args: [type] } }
        : undefined,
    ),
  },
  {
    name: 'any-is-the-first',
    requirement: 'peers.require.any',
    bug: 'require_any gives the oldest registration, and that peer has all the work.',
    rules: { choice: () => 0 },
  },
  {
    name: 'any-is-rounded',
    requirement: 'peers.require.any',
    bug: 'The random place is rounded instead of cut: the first and the last have half the chance of the others.',
    rules: { choice: (random, count) => Math.round(random * (count - 1)) },
  },
  {
    name: 'object-by-its-place',
    requirement: 'peers.require.object',
    bug: 'The id is taken for a place in the list, which is the same until somebody has left.',
    wrapNameService: answers(({ method, args: [type, id] }, state) => {
      const found = method === 'require_object' ? peersOf(state, type)[Number(id)] : undefined
      return found && { result: found.address }
    }),
  },
  {
    name: 'object-of-any-type',
    requirement: 'peers.require.nobody',
    bug: 'The peer is looked up by its id alone, and found under any type.',
    wrapNameService: answers(({ method, args: [, id] }, state) => {
      const found = method === 'require_object' ? everybody(state).find((peer) => peer.id === id) : undefined
      return found && { result: found.address }
    }),
  },
  {
    name: 'nobody-is-null',
    requirement: 'peers.require.nobody',
    bug: 'Where there is no such peer the result is null, and the caller goes on with it.',
    wrapNameService: answering((answer) => (isError(answer, 'LookupError') ? { result: null } : answer))
      .wrapNameService,
  },
  {
    name: 'nobody-is-a-key-error',
    requirement: 'peers.require.nobody',
    bug: 'Where there is no such peer the exception of the dictionary comes through.',
    wrapNameService: answering((answer) =>
      isError(answer, 'LookupError') ? { error: { name: 'KeyError', args: ['nobody'] } } : answer,
    ).wrapNameService,
  },
  {
    name: 'hosts-resolved-before-they-are-passed-on',
    requirement: 'peers.require.address',
    bug: 'The name of a host is looked up, and others get the number, which may lead nowhere where they are.',
    wrapNameService: answering((answer, request) =>
      'result' in answer && isQuestion(request) ? { result: resolved(answer.result) } : answer,
    ).wrapNameService,
  },
  {
    name: 'hosts-in-small-letters',
    requirement: 'peers.require.address',
    bug: 'Hosts are written in small letters when they are kept.',
    wrapNameService: answering((answer, request) =>
      'result' in answer && isQuestion(request) ? { result: inSmallLetters(answer.result) } : answer,
    ).wrapNameService,
  },
  {
    name: 'types-in-small-letters',
    requirement: 'peers.require.types',
    bug: 'Types are compared without regard to capitals, and Chat and chat see each other.',
    wrapNameService: changeTypes((type) => (typeof type === 'string' ? type.toLowerCase() : type)),
  },
  {
    name: 'types-are-keys-of-an-object',
    requirement: 'peers.require.types',
    bug: 'Types are keys of an object, in which constructor and __proto__ are there before anybody has registered.',
    wrapNameService: answers(({ args: [type] }) =>
      typeof type === 'string' && type in {}
        ? { error: { name: 'Exception', args: ['registered.push is not a function'] } }
        : undefined,
    ),
  },
  {
    name: 'state-of-the-last-registration',
    requirement: 'peers.name-service.state',
    bug: 'What state tells is made when somebody registers, and not when somebody is gone.',
    wrapNameService: stateOfLastRegistration,
  },
  {
    name: 'types-without-peers-in-state',
    requirement: 'peers.name-service.state',
    bug: 'A type whose last peer has left is still in state, with no peers.',
    wrapNameService: (machine) => {
      const types = new Set<string>()
      return changeEffects<NameServiceVocabulary>((effect) => {
        for (const { type } of machine.state.namespaces) types.add(type)
        if (effect.kind !== 'reply' || !effect.reply.ok || !('types' in effect.reply.result)) return [effect]
        const none = Object.fromEntries([...types].map((type) => [type, []]))
        return [
          { ...effect, reply: { ok: true, result: { types: { ...none, ...effect.reply.result.types } } } },
        ]
      })(machine)
    },
  },
  {
    name: 'registrations-without-bound',
    requirement: 'peers.name-service.bounds',
    bug: 'Everybody is registered, until the memory is full.',
    rules: { hasRoom: () => true },
  },
  {
    name: 'one-place-unused',
    requirement: 'peers.name-service.bounds',
    bug: 'The bound is compared one too early, and the last place is never given.',
    rules: { hasRoom: (registrations, registrationsMax) => registrations + 1 < registrationsMax },
  },
  {
    name: 'places-never-free-again',
    requirement: 'peers.name-service.bounds',
    bug: 'Registrations are counted when they come and not when they go.',
    wrapNameService: (machine, config) =>
      answers((request, state) =>
        request.method === 'register' && olderOf(state, request) === undefined && isFull(config, state.nextId)
          ? busy
          : undefined,
      )(machine),
  },
  {
    name: 'oldest-makes-room',
    requirement: 'peers.name-service.bounds',
    bug: 'When there is no room the oldest registration is dropped for the new one.',
    wrapNameService: (machine, config) =>
      before(() => (request, state) => {
        if (request.method !== 'register' || !isFull(config, everybody(state).length)) return
        const oldest = Math.min(...everybody(state).map(({ id }) => id))
        for (const { registered } of state.namespaces) removeById(registered, oldest)
      })(machine, config),
  },
  {
    name: 'sixteen-connections-at-a-time',
    requirement: 'peers.name-service.concurrent',
    bug: 'Beyond sixteen connections the next is closed at once.',
    sabotage: () =>
      tapServers((server) => {
        server.maxConnections = 16
      }),
  },
  {
    name: 'registrations-race',
    requirement: 'peers.name-service.concurrent',
    bug: 'Each thread reads the next id before it has written it: two that register at once get the same.',
    wrapNameService: before(() => {
      const RACE_MS = 2
      let last = { at: Number.NEGATIVE_INFINITY, id: 0 }
      return ({ method }, state, at) => {
        if (method !== 'register') return
        if (at - last.at < RACE_MS) state.nextId = last.id
        last = { at, id: state.nextId }
      }
    }),
  },
]
