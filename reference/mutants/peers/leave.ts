// Mistakes in leaving (peers.md section 5).
import { peersIn } from '../../peers/join.ts'
import type { Purpose } from '../../peers/peer.ts'
import type { PeerVocabulary } from '../../peers/vocabulary.ts'
import { beforeSteps, both, callFirst, isCommand, onFailure } from './memory.ts'
import type { PeersMutant } from './mutant.ts'
import { changeAnswers, changeCalls, type PeerWrap, skipCalls } from './rewire.ts'

const isUnregister = ({ method }: { readonly method: string }): boolean => method === 'unregister'

/** At `stop` calls of this kind that are under way count as over. */
const abandonsAtStop = (kind: Purpose['kind']): PeerWrap =>
  beforeSteps((state, input) => {
    if (!isCommand(input, 'stop')) return
    for (const call of state.calls) if (call.purpose.kind === kind) call.isOver = true
  })

export const leaveMutants: readonly PeersMutant[] = [
  {
    name: 'leaves-without-unregistering',
    requirement: 'peers.leave.order',
    bug: 'A leaving peer tells the others and forgets the name service.',
    wrapPeer: skipCalls(isUnregister),
  },
  {
    name: 'tells-the-name-service-last',
    requirement: 'peers.leave.order',
    bug: 'The peers are told first: newcomers still find the one that leaves at the name service.',
    wrapPeer: both(
      skipCalls(isUnregister),
      callFirst(
        ({ kind }, { id }) => kind === 'halt' && id !== -1,
        ({ nameService, type }, { id, hash }) => ({
          to: nameService,
          request: { method: 'unregister', args: [id, type, hash] },
        }),
      ),
    ),
  },
  {
    name: 're-reads-the-name-service',
    requirement: 'peers.leave.order',
    bug: 'Whom to tell is asked of the name service, which knows others than the own list.',
    wrapPeer: callFirst(
      (effect) => effect.kind === 'send' && 'method' in effect.message && isUnregister(effect.message),
      ({ nameService, type }) => ({ to: nameService, request: { method: 'require_all', args: [type] } }),
      (result, { id, list }) => {
        const registered = peersIn({ kind: 'result', result }) ?? []
        list.splice(0, list.length, ...registered.filter((peer) => peer.id !== id))
      },
    ),
  },
  {
    name: 'last-peer-not-told',
    requirement: 'peers.leave.order',
    bug: 'The loop over the list ends one too early.',
    rules: { toldOnLeave: (list) => list.slice(0, -1) },
  },
  {
    name: 'hash-trimmed',
    requirement: 'peers.leave.order',
    bug: 'The hash is taken for a word, and spaces around it are dropped.',
    wrapPeer: changeCalls<PeerVocabulary>((request) => {
      const [id, type, hash] = request.args
      return isUnregister(request) ? { ...request, args: [id, type, String(hash).trim()] } : request
    }),
  },
  {
    name: 'register-under-way-forgotten',
    requirement: 'peers.leave.order',
    bug: 'A stop while register is under way ends the peer, and the id that comes then stays registered.',
    wrapPeer: abandonsAtStop('register'),
  },
  {
    name: 'introduction-under-way-forgotten',
    requirement: 'peers.leave.order',
    bug: 'A stop does not wait for a register_peer that is under way, whose receiver keeps a peer that is gone.',
    wrapPeer: abandonsAtStop('register-peer'),
  },
  {
    name: 'dead-peer-ends-the-goodbyes',
    requirement: 'peers.leave.dead',
    bug: 'The loop over the list stands inside the try: the first peer that fails ends it, and the others keep a peer that is gone.',
    rules: { callsAtOnce: 1 },
    wrapPeer: onFailure('unregister-peer', ({ leave }) => {
      leave?.untold.splice(0)
    }),
  },
  {
    name: 'no-goodbyes-without-the-name-service',
    requirement: 'peers.leave.dead',
    bug: 'An error of unregister ends the departure before anybody of the list is told.',
    wrapPeer: onFailure('unregister', ({ list }) => {
      list.splice(0)
    }),
  },
  {
    name: 'stop-answered-before-its-calls-end',
    requirement: 'peers.leave.dead',
    bug: 'The goodbyes run in the background, and stop is answered when it has begun.',
    wrapPeer: (machine) => {
      const answered = new Set<number>()
      return {
        step: (input) => {
          const effects = machine
            .step(input)
            .filter((effect) => effect.kind !== 'reply' || !answered.has(effect.handle))
          if (input.kind !== 'command' || input.command.command !== 'stop' || machine.state.isHalted)
            return effects
          answered.add(input.handle)
          return [...effects, { kind: 'reply', handle: input.handle, reply: { ok: true, result: {} } }]
        },
      }
    },
  },
  {
    name: 'admits-newcomers-while-leaving',
    requirement: 'peers.leave.joiners',
    bug: 'A peer that leaves still takes newcomers into its list, who then have one that is gone.',
    rules: { refusesNewcomersOnLeave: false },
  },
  {
    name: 'newcomers-refused-without-a-reason',
    requirement: 'peers.leave.joiners',
    bug: 'A newcomer is refused with an error of any name, from which it cannot tell that the peer is leaving.',
    wrapPeer: changeAnswers<PeerVocabulary>((answer, request) =>
      request?.method === 'register_peer' && 'error' in answer && answer.error.name === 'LeavingError'
        ? { error: { ...answer.error, name: 'Exception' } }
        : answer,
    ),
  },
]
