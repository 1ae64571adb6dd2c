// A peer leaves although others fail it: every call is made, and stop is answered. peers.md section 5.
import type { Case } from '../../verdict/case.ts'
import { type Answer, argsOf, type PeersBench, type Played } from '../../verdict/peers-bench.ts'
import { requireSuccess } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { failure } from './procedures/answers.ts'
import { requireCall } from './procedures/calls.ts'
import { leave } from './procedures/scene.ts'

const DEAD = 'peers.leave.dead'

/** `refuse` refuses connections. */
type Fault = Answer | 'refuse' | 'fine'

const spoil = (played: Played, method: string, fault: Fault): void => {
  if (fault === 'refuse') played.listening = false
  else if (fault !== 'fine') played.on(method, () => fault)
}

const failing = (
  slug: string,
  title: string,
  faults: { readonly nameService?: Fault; readonly peers: readonly Fault[] },
  hint: string,
): Case<'peers'> =>
  peersCase({
    id: `peers.leave.dead/${slug}`,
    role: 'peers.peer',
    title,
    also: ['peers.leave.order', 'peers.call.survive'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'unregister and unregister_peer wherever somebody listens, then the reply to stop',
    hint,
    async run(bench: PeersBench) {
      // A short timeout only where somebody is silent: whoever is slow on a busy machine must not seem so.
      const isWaitedFor = [faults.nameService, ...faults.peers].includes('silent')
      const { peer, id, nameService, lower, higher } = await bench.peerAmongPlayed(
        2,
        faults.peers.length - 2,
        isWaitedFor ? { config: { callTimeoutMs: bench.timing.callTimeoutMs } } : {},
      )
      const all = [...lower, ...higher]
      spoil(nameService, 'unregister', faults.nameService ?? 'fine')
      for (const [i, played] of all.entries()) spoil(played, 'unregister_peer', faults.peers[i] ?? 'fine')
      const stopping = leave(peer, 2 * bench.timing.deadlineMs)
      if (faults.nameService !== 'refuse')
        bench.evidence(
          'unregisters',
          await requireCall(bench, nameService, 'unregister', { requirement: DEAD, expected: 'unregister' }),
        )
      for (const [i, played] of all.entries()) {
        if (faults.peers[i] === 'refuse') continue
        const farewell = await requireCall(bench, played, 'unregister_peer', {
          requirement: DEAD,
          expected: `unregister_peer at peer ${played.id}, whatever the others do`,
          args: [id],
        })
        bench.evidence(`tells ${played.id}`, farewell)
        bench.require(played.received('unregister_peer').length === 1, {
          requirement: DEAD,
          expected: `one unregister_peer at peer ${played.id}`,
          actual: `${played.received('unregister_peer').length}`,
        })
      }
      await requireSuccess(bench, stopping, DEAD, 'stop to succeed')
      bench.evidence('stop is answered')
    },
  })

export const leaveDeadCases: readonly Case<'peers'>[] = [
  failing(
    'peers-refuse',
    'the first and the last of four peers refuse connections',
    { peers: ['refuse', 'fine', 'fine', 'refuse'] },
    'Catch the error of each call by itself, inside the loop; the loop may change the list meanwhile, so go over a copy.',
  ),
  failing(
    'peers-fail',
    'peers close, reset, answer with an error or with what is no answer',
    { peers: ['close', failure('Exception', "No peer with id: '12'"), 'reset', { raw: 'bye\n' }, 'fine'] },
    'Whatever comes back: go on with the others.',
  ),
  failing(
    'peers-silent',
    'two peers never answer',
    { peers: ['silent', 'fine', 'silent'] },
    'Give up after callTimeoutMs and go on.',
  ),
  failing(
    'name-service-refuses',
    'the name service refuses connections',
    { nameService: 'refuse', peers: ['fine', 'fine'] },
    'Tell your peers also when the name service is gone.',
  ),
  failing(
    'name-service-error',
    'unregister is answered with an error',
    { nameService: failure('ValueError', 'who are you?'), peers: ['fine', 'fine', 'fine'] },
    'Tell your peers whatever the name service says.',
  ),
  failing(
    'name-service-silent',
    'the name service never answers unregister, and a peer is dead',
    { nameService: 'silent', peers: ['fine', 'refuse', 'fine'] },
    'Give up after callTimeoutMs, then tell your peers.',
  ),
  failing(
    'everybody',
    'nobody answers as it should',
    { nameService: 'close', peers: ['refuse', 'reset', 'silent', failure('LeavingError')] },
    'stop is answered when all calls have ended, however they ended.',
  ),
  peersCase({
    id: 'peers.leave.dead/long-list',
    role: 'peers.peer',
    title: 'of sixty peers in the list every third is dead or raises an error: the forty others are told',
    also: ['peers.leave.order', 'peers.list.register', 'peers.call.survive'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'unregister_peer at all that can be reached, once for each, then the reply to stop',
    hint: 'Catch the error of each call by itself, inside the loop; the loop may change the list meanwhile, so go over a copy.',
    async run(bench: PeersBench) {
      const { peer, id, higher } = await bench.peerAmongPlayed(0, 60)
      for (const [i, played] of higher.entries())
        if (i % 3 === 0) spoil(played, 'unregister_peer', i % 2 === 0 ? 'refuse' : failure('Exception', 'no'))
      await requireSuccess(bench, leave(peer), DEAD, 'stop to succeed')
      for (const played of higher) {
        const calls = played.received('unregister_peer')
        bench.require(
          calls.length === (played.listening ? 1 : 0) && calls.every((call) => argsOf(call)[0] === id),
          {
            requirement: DEAD,
            expected: `one unregister_peer with the id ${id} at peer ${played.id}, if it can be reached`,
            actual: `${calls.length}`,
            exhibits: calls.slice(-1).map(({ n }) => ({ frame: n })),
          },
        )
      }
      bench.evidence('the last of them is told', higher.at(-1)?.received('unregister_peer')[0])
    },
  }),
]
