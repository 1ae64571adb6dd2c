// Mistakes in the lock (peers.md section 7).
import type { LockState } from '../../peers/lock.ts'
import type { PeerState } from '../../peers/peer.ts'
import type { PeerEffect, PeerId, PeerInput, PeerVocabulary } from '../../peers/vocabulary.ts'
import { changeEffects, madeUpMessage } from '../rewire.ts'
import {
  afterSteps,
  alsoTelling,
  beforeSteps,
  doesNotWaitFor,
  failingCall,
  failureIsSuccess,
  forOneStep,
  holding,
  isCommand,
  isRequest,
  onFailure,
  withoutRequests,
} from './memory.ts'
import type { PeersMutant } from './mutant.ts'
import { changeAnswers, changeCalls, requestIn } from './rewire.ts'

type Pairs = readonly (readonly [PeerId, number])[]

/** The times that an `obtain_token` brings. */
const timesIn = (input: PeerInput): Pairs | undefined => {
  const request = requestIn(input)
  return request?.method === 'obtain_token' && Array.isArray(request.args[0])
    ? (request.args[0] as Pairs)
    : undefined
}

const isWaiting = (lock: LockState): boolean => lock.user !== null && lock.token !== 'held'

const noReply = (effects: readonly PeerEffect[], handle: number): readonly PeerEffect[] =>
  effects.filter((effect) => effect.kind !== 'reply' || effect.handle !== handle)

const succeed = (handle: number): PeerEffect => ({ kind: 'reply', handle, reply: { ok: true, result: {} } })

/** Gets a token that nobody sent. */
const madeUpToken = (
  step: (input: PeerInput) => readonly PeerEffect[],
  at: number,
): readonly PeerEffect[] => {
  const input = madeUpMessage<PeerVocabulary>(at, { method: 'obtain_token', args: [[]] })
  const connection = 'connection' in input ? input.connection : 0
  return step(input).filter((effect) => !('connection' in effect) || effect.connection !== connection)
}

const hasRequestUnderWay = ({ calls, lock }: PeerState): boolean =>
  lock?.unasked.length !== 0 ||
  calls.some(({ isOver, purpose }) => !isOver && purpose.kind === 'request-token')

export const lockMutants: readonly PeersMutant[] = [
  // Making the token
  {
    name: 'token-made-in-an-empty-list',
    requirement: 'peers.lock.create',
    bug: 'Whose list is empty makes the token. When a newcomer is quick the first peer has somebody in it, and nobody ever makes one.',
    rules: { createsToken: ({ list }) => list.length === 0, holdsNewcomers: false },
  },
  {
    name: 'token-made-by-the-lowest-of-the-list',
    requirement: 'peers.lock.create',
    bug: 'Who has the lowest id of its list makes the token, also when all older ones have left during its join and one of them took it along.',
    rules: { createsToken: ({ self, list }) => list.every(({ id }) => id > self) },
  },
  {
    name: 'the-dead-have-the-token',
    requirement: 'peers.lock.create',
    bug: 'The name service names a lower peer, so a token must exist, although that one is dead.',
    wrapPeer: afterSteps(({ join }) => {
      if (join !== null && join.lower.length > 0) join.hasTold = true
    }),
  },
  {
    name: 'heir-makes-a-token',
    requirement: 'peers.lock.create',
    bug: 'A peer that has become the lowest because the older ones have gone takes it that the token has gone with them.',
    wrapPeer: afterSteps(({ id, isJoined, list, lock, leave }, input) => {
      const isGone = isRequest(input, 'unregister_peer') || input.kind === 'unreachable'
      if (!isJoined || !isGone || lock === null || leave !== null || lock.token !== 'none') return
      if (list.every((listed) => listed.id > id)) lock.token = 'present'
    }),
  },
  // Joining
  {
    name: 'newcomers-not-held',
    requirement: 'peers.lock.hold-joiners',
    bug: 'A peer that is joining admits newcomers at once, before it knows whether it makes the token.',
    rules: { holdsNewcomers: false },
  },
  {
    name: 'newcomers-held-until-caught-up',
    requirement: 'peers.lock.hold-joiners',
    bug: 'Newcomers wait until the join is answered; one that must take the token over from somebody who leaves is never asked for it.',
    wrapPeer: holding(
      (input, { join }) => join?.phase === 'catching-up' && isRequest(input, 'register_peer'),
    ),
  },
  {
    name: 'who-waits-is-dead',
    requirement: 'peers.lock.hold-joiners',
    bug: 'A lower peer that keeps its answer back, because it is joining too, is given up when the time of one call is over.',
    rules: { asksWhetherAlive: () => false },
  },
  {
    name: 'asks-five-times',
    requirement: 'peers.lock.hold-joiners',
    bug: 'A lower peer that only answers check is called again and again.',
    rules: { asksWhetherAlive: (attempts) => attempts < 5 },
  },
  {
    name: 'waits-for-one-that-waits-for-it',
    requirement: 'peers.lock.hold-joiners',
    bug: 'A lower peer that means an earlier life of this one is kept waiting like any newcomer, while this one waits for it.',
    rules: { meansEarlierLife: () => false },
  },
  {
    name: 'serves-before-its-join',
    requirement: 'peers.lock.not-ready',
    bug: 'A peer that only listens takes newcomers, requests and the token of those who mean an earlier life of it.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { state } = machine
        const isEarly = !state.isJoined && state.join === null && state.leave === null
        if (!isEarly || requestIn(input) === undefined) return machine.step(input)
        state.isJoined = true
        const effects = machine.step(input)
        state.isJoined = false
        return effects
      },
    }),
  },
  {
    name: 'takes-no-token-while-joining',
    requirement: 'peers.lock.token',
    bug: 'A token that comes during the join is refused, because the peer is not ready, and comes to nobody.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { join } = machine.state
        if (join === null || timesIn(input) === undefined || input.kind !== 'message')
          return machine.step(input)
        const error = { name: 'NotReadyError', args: ['this peer is joining'] }
        return [{ kind: 'send', connection: input.connection, message: { error } }]
      },
    }),
  },
  // Wanting it
  {
    name: 'asks-only-the-lowest',
    requirement: 'peers.lock.request',
    bug: 'Only the lowest peer is asked, because it has made the token.',
    rules: { asked: (list) => list.slice(0, 1) },
  },
  {
    name: 'held-when-all-have-answered',
    requirement: 'peers.lock.request',
    bug: 'The first algorithm of Ricart and Agrawala: who has the answers of all holds the lock, without a token.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const effects = machine.step(input)
        const { lock } = machine.state
        if (lock === null || !isWaiting(lock) || hasRequestUnderWay(machine.state)) return effects
        return [...effects, ...madeUpToken((made) => machine.step(made), input.at)]
      },
    }),
  },
  {
    name: 'clock-stands-still',
    requirement: 'peers.lock.request',
    bug: 'acquire does not add to the clock: its second request is as old as the first one, which is served.',
    rules: { clockAfter: (clock) => Math.max(clock, 1) },
  },
  {
    name: 'request-with-swapped-arguments',
    requirement: 'peers.lock.request',
    bug: 'request_token is called with the id first and the time second.',
    wrapPeer: changeCalls<PeerVocabulary>((request) =>
      request.method === 'request_token' ? { ...request, args: request.args.toReversed() } : request,
    ),
  },
  {
    name: 'dead-peer-ends-the-requests',
    requirement: 'peers.lock.request',
    bug: 'The loop over the list stands inside the try: the first peer that fails ends it, and who has the token is never asked.',
    rules: { callsAtOnce: 1 },
    wrapPeer: onFailure('request-token', ({ lock }) => {
      lock?.unasked.splice(0)
    }),
  },
  {
    name: 'never-becomes-held',
    requirement: 'peers.lock.request',
    bug: '"state == HELD" in place of "state = HELD" after the wait: who has got the token behaves as if it did not hold the lock.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const effects = machine.step(input)
        const { lock } = machine.state
        if (timesIn(input) === undefined || lock?.token !== 'held') return effects
        lock.token = 'present'
        return effects.map((effect) =>
          effect.kind === 'event' && effect.event.event === 'token'
            ? { ...effect, event: { event: 'token', token: 'present' } }
            : effect,
        )
      },
    }),
  },
  {
    name: 'newcomers-not-asked',
    requirement: 'peers.lock.request-newcomer',
    bug: 'Only those are asked who were in the list when acquire began; a token that goes to a newcomer never comes.',
    rules: { asksNewcomers: false },
  },
  {
    name: 'newcomers-always-asked',
    requirement: 'peers.lock.request-newcomer',
    bug: 'Every newcomer is asked for the token, although nobody here waits for it.',
    wrapPeer: alsoTelling((input, { id, lock }) => {
      const [, address] = isRequest(input, 'register_peer') ? (requestIn(input)?.args ?? []) : []
      if (lock === null || isWaiting(lock) || !Array.isArray(address)) return []
      const [host, port] = address as [string, number]
      return [{ to: [host, port], request: { method: 'request_token', args: [lock.clock, id] } }]
    }),
  },
  {
    name: 'newcomers-asked-with-a-new-time',
    requirement: 'peers.lock.request-newcomer',
    bug: 'The request to a newcomer is a new one: it has a time of its own, and stays unserved when the first is served.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const effects = machine.step(input)
        if (!isRequest(input, 'register_peer')) return effects
        return effects.map((effect) => {
          if (effect.kind !== 'send' || !('method' in effect.message)) return effect
          const [time, id] = effect.message.args
          return { ...effect, message: { ...effect.message, args: [Number(time) + 1, id] } }
        })
      },
    }),
  },
  {
    name: 'asks-although-it-has-the-token',
    requirement: 'peers.lock.present',
    bug: 'acquire asks everybody whether the token is here or not.',
    wrapPeer: alsoTelling((input, { id, list, lock }) =>
      isCommand(input, 'acquire') && lock?.token === 'present'
        ? list.map(({ address }) => ({
            to: address,
            request: { method: 'request_token', args: [lock.clock + 1, id] },
          }))
        : [],
    ),
  },
  {
    name: 'present-token-counts-nothing',
    requirement: 'peers.lock.present',
    bug: 'acquire adds to the clock only when it has to ask.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { lock } = machine.state
        const isPresent = lock?.token === 'present'
        const effects = machine.step(input)
        if (lock !== null && isPresent && lock.token === 'held') lock.clock -= 1
        return effects
      },
    }),
  },
  {
    name: 'second-acquire-waits',
    requirement: 'peers.lock.busy',
    bug: 'An acquire while the lock is held here waits for its release instead of failing.',
    wrapPeer: holding(
      (input, { lock }) => isCommand(input, 'acquire') && lock !== null && lock.user !== null,
    ),
  },
  {
    name: 'second-acquire-succeeds',
    requirement: 'peers.lock.busy',
    bug: 'The lock is re-entrant: who holds it, or waits for it, may acquire it again.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { lock } = machine.state
        if (input.kind !== 'command' || input.command.command !== 'acquire' || lock?.user?.kind !== 'acquire')
          return machine.step(input)
        return [...noReply(machine.step(input), input.handle), succeed(input.handle)]
      },
    }),
  },
  {
    name: 'release-of-nothing',
    requirement: 'peers.lock.busy',
    bug: 'release without the lock succeeds and writes the clock into whatever is there.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { lock } = machine.state
        const isNothing = lock !== null && lock.user === null
        if (!isNothing || input.kind !== 'command' || input.command.command !== 'release')
          return machine.step(input)
        return [...noReply(machine.step(input), input.handle), succeed(input.handle)]
      },
    }),
  },
  {
    name: 'acquire-waits-for-ever',
    requirement: 'peers.lock.timeout',
    bug: 'An acquire has no time of its own: without a token it never ends.',
    wrapPeer: changeEffects<PeerVocabulary>((effect) =>
      effect.kind === 'set-timer' && effect.name === 'acquire' ? [] : [effect],
    ),
  },
  {
    name: 'waits-after-the-timeout',
    requirement: 'peers.lock.timeout',
    bug: 'The command fails with timeout, but the peer goes on waiting and holds the lock for nobody when the token comes.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { lock } = machine.state
        const user = lock?.user ?? null
        const effects = machine.step(input)
        if (lock !== null && input.kind === 'timer' && input.name === 'acquire') lock.user = user
        return effects
      },
    }),
  },
  {
    name: 'old-time-after-a-timeout',
    requirement: 'peers.lock.timeout',
    bug: 'The second try asks with the time of the first one.',
    wrapPeer: afterSteps(({ lock }, input) => {
      if (lock !== null && input.kind === 'timer' && input.name === 'acquire') lock.clock -= 1
    }),
  },
  // Requests
  {
    name: 'request-time-is-the-own-clock',
    requirement: 'peers.lock.record',
    bug: 'The own clock is noted as the time of a request in place of the time that it brings.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const request = requestIn(input)
        const { lock } = machine.state
        if (request?.method !== 'request_token' || input.kind !== 'message' || lock === null)
          return machine.step(input)
        return machine.step({ ...input, message: { ...request, args: [lock.clock, request.args[1]] } })
      },
    }),
  },
  {
    name: 'latest-request-counts',
    requirement: 'peers.lock.record',
    bug: 'The time of the last call is noted, also if it is older than the one known.',
    rules: { recorded: (_known, time) => time },
  },
  {
    name: 'served-again',
    requirement: 'peers.lock.record',
    bug: 'A request as old as the last release counts as unserved: an old one is honoured twice.',
    rules: { isUnserved: (request, release) => request > 0 && request >= release },
  },
  {
    name: 'requests-of-strangers-dropped',
    requirement: 'peers.lock.record',
    bug: 'A request that overtakes the register_peer of its sender is dropped, and that one waits for ever.',
    wrapPeer: afterSteps(({ lock, list }) => {
      const known = lock?.requests.filter(({ id }) => list.some((listed) => listed.id === id)) ?? []
      lock?.requests.splice(0, lock.requests.length, ...known)
    }),
  },
  {
    name: 'idle-holder-only-records',
    requirement: 'peers.lock.idle',
    bug: 'Who has the token and does not need it notes requests and never passes it on before its next release.',
    rules: { passesOnRequest: () => false },
  },
  {
    name: 'granted-although-held',
    requirement: 'peers.lock.idle',
    bug: 'A request is granted whenever the token is here, also while the lock is held.',
    rules: { passesOnRequest: (token) => token !== 'none' },
  },
  // Passing it
  {
    name: 'release-keeps-the-token',
    requirement: 'peers.lock.release',
    bug: 'release only changes the state; those who asked while the lock was held wait until somebody asks again.',
    wrapPeer: forOneStep((lock, input) => (isCommand(input, 'release') ? withoutRequests(lock) : undefined)),
  },
  {
    name: 'release-without-the-clock',
    requirement: 'peers.lock.release',
    bug: 'The own clock is not written into the token, so that the request which was just served counts as unserved.',
    rules: { releasedAt: () => 0 },
  },
  {
    name: 'released-token-goes-round',
    requirement: 'peers.lock.release',
    bug: 'release always passes the token to the next peer, as in a token ring, whether it has asked or not.',
    wrapPeer: forOneStep((lock, input, { list }) => {
      if (!isCommand(input, 'release') || lock.token !== 'held') return undefined
      const undo = withoutRequests(lock)
      lock.requests.push(...list.map(({ id }) => ({ id, time: Number.MAX_SAFE_INTEGER })))
      return () => {
        lock.requests.splice(0)
        undo()
      }
    }),
  },
  {
    name: 'search-from-the-lowest-id',
    requirement: 'peers.lock.order',
    bug: 'The search for the next one begins at the lowest id each time: two low ids pass the token to each other, and high ones starve.',
    rules: { inOrder: (_self, ids) => [...ids] },
  },
  {
    name: 'search-stops-at-the-highest-id',
    requirement: 'peers.lock.order',
    bug: 'The search goes up from the own id and does not begin again at the lowest.',
    rules: { inOrder: (self, ids) => ids.filter((id) => id > self) },
  },
  {
    name: 'search-downwards',
    requirement: 'peers.lock.order',
    bug: 'The search goes down from the own id.',
    rules: {
      inOrder: (self, ids) => [
        ...ids.filter((id) => id < self).toReversed(),
        ...ids.filter((id) => id > self).toReversed(),
      ],
    },
  },
  {
    name: 'token-as-an-object',
    requirement: 'peers.lock.token',
    bug: 'The times travel as a JSON object, whose keys are strings when they arrive.',
    wrapPeer: changeCalls<PeerVocabulary>((request) =>
      request.method === 'obtain_token'
        ? { ...request, args: [Object.fromEntries(request.args[0] as Pairs)] }
        : request,
    ),
  },
  {
    name: 'token-with-the-own-entry-only',
    requirement: 'peers.lock.token',
    bug: 'A token is made with the entry of its maker; peers that are registered already are missing when it is passed on.',
    wrapPeer: (machine) =>
      changeCalls<PeerVocabulary>((request) =>
        request.method === 'obtain_token'
          ? { ...request, args: [(request.args[0] as Pairs).filter(([id]) => id === machine.state.id)] }
          : request,
      )(machine),
  },
  {
    name: 'times-of-the-token-forgotten',
    requirement: 'peers.lock.token',
    bug: 'The receiver makes a new token with zeros and forgets who was served when.',
    rules: { taken: () => [] },
  },
  {
    name: 'second-token-replaces-the-first',
    requirement: 'peers.lock.token',
    bug: 'The times of a token that comes are taken over as they are, also where those of the one that is here are higher.',
    wrapPeer: beforeSteps(({ lock }, input) => {
      if (lock !== null && timesIn(input) !== undefined) lock.releases = []
    }),
  },
  {
    name: 'dead-travel-along',
    requirement: 'peers.lock.token',
    bug: 'Entries of the token that were once in it stay in it, also of ids that nobody knows.',
    wrapPeer: (machine) => {
      const seen = new Map<PeerId, number>()
      return {
        step: (input) => {
          for (const [id, time] of timesIn(input) ?? []) seen.set(id, time)
          return machine.step(input).map((effect) => {
            if (effect.kind !== 'send' || !('method' in effect.message)) return effect
            if (effect.message.method !== 'obtain_token') return effect
            const carried = new Map([...seen, ...(effect.message.args[0] as Pairs)])
            return { ...effect, message: { ...effect.message, args: [[...carried]] } }
          })
        },
      }
    },
  },
  {
    name: 'keeps-what-it-has-passed',
    requirement: 'peers.lock.pass-once',
    bug: 'The state is not changed when the token is passed on: from then on there are two.',
    wrapPeer: afterSteps(({ lock, leave }) => {
      if (lock !== null && lock.passing !== null && leave === null) lock.token = 'present'
    }),
  },
  {
    name: 'token-lost-when-the-call-fails',
    requirement: 'peers.lock.pass-once',
    bug: 'Nobody looks whether obtain_token has succeeded: the token dies with its receiver.',
    rules: { keepsAfter: () => false },
  },
  {
    name: 'offered-again-and-again',
    requirement: 'peers.lock.pass-once',
    bug: 'The request of a peer that answers obtain_token with an error is not dropped: it is offered the token without end.',
    rules: { dropsRequestAfter: () => false },
  },
  {
    name: 'returned-token-not-held',
    requirement: 'peers.lock.pass-once',
    bug: 'A token that comes back from a call that failed is kept, while the acquire that was made meanwhile waits for one from somebody else.',
    wrapPeer: forOneStep((lock, input, state) => {
      const { user } = lock
      if (user === null || failingCall(state, input)?.kind !== 'obtain-token') return undefined
      lock.user = null
      return () => {
        lock.user = user
      }
    }),
  },
  {
    name: 'unwanted-token-not-released',
    requirement: 'peers.lock.unwanted',
    bug: 'A token that comes after the acquire has timed out is passed on without the own clock, so that it comes back for that request.',
    rules: { releasesUnwanted: false },
  },
  {
    name: 'unwanted-token-dropped',
    requirement: 'peers.lock.unwanted',
    bug: 'A token that nobody here waits for is thrown away.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { lock } = machine.state
        const isUnwanted = lock !== null && lock.token === 'none' && lock.user === null
        const effects = machine.step(input)
        if (!isUnwanted || timesIn(input) === undefined || lock.token !== 'present') return effects
        lock.token = 'none'
        return effects.filter((effect) => effect.kind !== 'event')
      },
    }),
  },
  {
    name: 'unwanted-token-stays',
    requirement: 'peers.lock.unwanted',
    bug: 'A token that nobody here waits for stays, although the peer knows of others who wait.',
    wrapPeer: forOneStep((lock, input) =>
      timesIn(input) !== undefined && lock.token === 'none' && lock.user === null
        ? withoutRequests(lock)
        : undefined,
    ),
  },
  {
    name: 'the-dead-still-wait',
    requirement: 'peers.lock.dead',
    bug: 'The request of a peer that has left stays, and counts when it comes back.',
    rules: { forgetsTimes: false },
  },
  {
    name: 'departure-without-the-token-fails',
    requirement: 'peers.lock.dead',
    bug: 'unregister_peer deletes an entry of the token, which is none at a peer without it: the exception goes to the one that leaves.',
    wrapPeer: (machine) => {
      const failing = changeAnswers<PeerVocabulary>((answer, request) =>
        request?.method === 'unregister_peer' && machine.state.lock?.token === 'none'
          ? { error: { name: 'KeyError', args: [request.args[0]] } }
          : answer,
      )
      return failing(machine)
    },
  },
  {
    name: 'token-for-the-dead',
    requirement: 'peers.lock.dead',
    bug: 'Those who have left stay in the circle of those who may be passed the token.',
    wrapPeer: (machine) => {
      const gone = new Map<PeerId, number>()
      return {
        step: (input) => {
          const { lock } = machine.state
          const [id] = isRequest(input, 'unregister_peer') ? (requestIn(input)?.args ?? []) : []
          const release = lock?.releases.find((known) => known.id === id)
          if (release !== undefined) gone.set(release.id, release.time)
          return machine.step(input).map((effect) => {
            if (effect.kind !== 'send' || !('method' in effect.message)) return effect
            if (effect.message.method !== 'obtain_token') return effect
            const pairs = [...(effect.message.args[0] as Pairs), ...gone]
            return { ...effect, message: { ...effect.message, args: [pairs] } }
          })
        },
      }
    },
  },
  // Leaving
  {
    name: 'leaves-with-the-token',
    requirement: 'peers.lock.leave',
    bug: 'A peer that leaves takes the token along.',
    rules: { handsOver: () => false },
  },
  {
    name: 'held-token-not-handed-over',
    requirement: 'peers.lock.leave',
    bug: 'Only a token that is not held is handed over: who leaves in its critical section takes it along.',
    rules: { handsOver: (token) => token === 'present' },
  },
  {
    name: 'joining-peers-overlooked',
    requirement: 'peers.lock.leave',
    bug: 'The token goes to somebody of the list, who may be leaving too, and a peer that is joining makes a second one.',
    rules: { joiningPeers: () => [] },
  },
  {
    name: 'handed-to-anybody',
    requirement: 'peers.lock.leave',
    bug: 'The token goes to the lowest of the list, whoever has asked for it.',
    wrapPeer: beforeSteps(({ lock }, input) => {
      if (isCommand(input, 'stop')) lock?.requests.splice(0)
    }),
  },
  {
    name: 'does-not-ask-again-on-leave',
    requirement: 'peers.lock.leave',
    bug: 'When nobody has taken the token it ends, although somebody may have registered in the meantime.',
    rules: { asksAgainOnLeave: false },
  },
  {
    name: 'one-try-to-hand-over',
    requirement: 'peers.lock.leave',
    bug: 'Nobody looks at the answer of the next holder: a refused token is lost.',
    wrapPeer: failureIsSuccess(({ kind }, { leave }) => kind === 'obtain-token' && leave !== null),
  },
  {
    name: 'no-hand-over-without-the-name-service',
    requirement: 'peers.lock.leave',
    bug: 'Who gets no list from the name service leaves with the token.',
    wrapPeer: onFailure('require-all-on-leave', ({ lock }) => {
      if (lock !== null) lock.token = 'none'
    }),
  },
  {
    name: 'token-under-way-forgotten',
    requirement: 'peers.lock.leave',
    bug: 'A stop does not wait for an obtain_token that is under way: when it fails, the token is lost.',
    wrapPeer: beforeSteps(({ lock }, input) => {
      if (lock !== null && isCommand(input, 'stop')) lock.passing = null
    }),
  },
  {
    name: 'unregisters-before-the-token-is-taken',
    requirement: 'peers.lock.leave-order',
    bug: 'obtain_token is called, and without waiting for its answer the peer unregisters: a newcomer finds neither it nor the token.',
    wrapPeer: doesNotWaitFor(({ method }, { leave }) => method === 'obtain_token' && leave !== null),
  },
  {
    name: 'takes-a-token-while-leaving',
    requirement: 'peers.lock.leave-order',
    bug: 'A peer that leaves takes a token from another one that leaves, and both are gone.',
    rules: { refusesTokenOnLeave: false },
  },
  {
    name: 'newcomers-refused-before-the-hand-over',
    requirement: 'peers.lock.leave-order',
    bug: 'A newcomer is refused as soon as stop has come; if nobody else is there it makes a token while one still exists.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { leave } = machine.state
        if (leave === null || input.kind !== 'message' || !isRequest(input, 'register_peer'))
          return machine.step(input)
        const error = { name: 'LeavingError', args: ['this peer is leaving'] }
        return [{ kind: 'send', connection: input.connection, message: { error } }]
      },
    }),
  },
  // What is seen of it
  {
    name: 'held-not-reported',
    requirement: 'peers.lock.event',
    bug: 'The event tells of tokens that come and go, not of a lock that is held.',
    wrapPeer: changeEffects<PeerVocabulary>((effect) =>
      effect.kind === 'event' && effect.event.event === 'token' && effect.event.token === 'held'
        ? []
        : [effect],
    ),
  },
  {
    name: 'passing-not-reported',
    requirement: 'peers.lock.event',
    bug: 'There is an event when a token comes, and none when it goes.',
    wrapPeer: changeEffects<PeerVocabulary>((effect) =>
      effect.kind === 'event' && effect.event.event === 'token' && effect.event.token === 'none'
        ? []
        : [effect],
    ),
  },
  // All together
  {
    name: 'passes-a-token-that-is-not-here',
    requirement: 'peers.lock.one',
    bug: 'A request is granted unless the lock is held here: also by a peer that has just passed the token to somebody else.',
    rules: { passesOnRequest: (token) => token !== 'held' },
  },
  {
    name: 'impatient-peer-makes-a-token',
    requirement: 'peers.lock.one',
    bug: 'A peer that has heard four requests of others while it waits takes the token for lost and makes a new one.',
    wrapPeer: (machine) => {
      let heard = 0
      return {
        step: (input) => {
          const effects = machine.step(input)
          const { lock } = machine.state
          if (lock === null || !isWaiting(lock)) heard = 0
          else if (isRequest(input, 'request_token')) heard += 1
          if (lock === null || heard < 4) return effects
          heard = 0
          return [...effects, ...madeUpToken((made) => machine.step(made), input.at)]
        },
      }
    },
  },
  {
    name: 'acquire-fails-while-the-token-goes',
    requirement: 'peers.lock.live',
    bug: 'The lock counts as in use until the one to whom it was passed has answered: an acquire at that moment fails.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const isGoing = machine.state.lock?.passing !== null && machine.state.lock !== null
        if (!isGoing || input.kind !== 'command' || input.command.command !== 'acquire')
          return machine.step(input)
        const error = { code: 'busy', message: 'the token is on its way' } as const
        return [{ kind: 'reply', handle: input.handle, reply: { ok: false, error } }]
      },
    }),
  },
]
