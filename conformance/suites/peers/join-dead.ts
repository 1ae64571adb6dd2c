// Lower peers that are dead, silent or unwilling: they are left out, and the others are told all the same. peers.md section 5.
import type { Case } from '../../verdict/case.ts'
import type { Answer, PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import { begun, requireFailure } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { failure } from './procedures/answers.ts'
import { requireIntroduction, requireJoined } from './procedures/joining.ts'
import { join, outside } from './procedures/scene.ts'
import { entriesFor, requireIds } from './procedures/standstill.ts'

const DEAD = 'peers.join.dead'

/** How a lower peer fails. `undefined` refuses connections. */
type Fault = Answer | undefined

const spoil = (played: PlayedPeer, fault: Fault): void => {
  if (fault === undefined) played.listening = false
  else played.on('register_peer', () => fault)
}

const faulty = (
  slug: string,
  title: string,
  /** One entry for each of the lower peers: `fine`, or how it fails. */
  peers: readonly (Fault | 'fine')[],
  hint: string,
): Case<'peers'> =>
  peersCase({
    id: `peers.join.dead/${slug}`,
    role: 'peers.peer',
    title,
    also: ['peers.join.lower', 'peers.join.done', 'peers.call.survive', 'peers.message.not-found'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'register_peer at all peers that can be reached, a list of those that answered, join ended',
    hint,
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, {
        lower: peers.length,
        ...(peers.includes('silent') && { config: { callTimeoutMs: bench.timing.callTimeoutMs } }),
      })
      const fine = lower.filter((_, i) => peers[i] === 'fine')
      for (const [i, played] of lower.entries()) {
        const fault = peers[i]
        if (fault !== 'fine') spoil(played, fault)
      }
      const own = 10 + peers.length
      const joining = join(peer, 2 * bench.timing.deadlineMs)
      for (const played of fine)
        bench.evidence(
          `calls ${played.id} all the same`,
          await requireIntroduction(bench, peer, played, own, DEAD),
        )
      await requireJoined(bench, peer, joining, { id: own, peers: entriesFor(peer, fine) }, DEAD)
      for (const played of lower) {
        const calls = played.received('register_peer').length
        bench.require(calls === (played.listening ? 1 : 0), {
          requirement: DEAD,
          expected: `one register_peer at peer ${played.id}`,
          actual: `${calls}`,
        })
        if (fine.includes(played)) continue
        // Left out of the list: `send` does not know it.
        const send = begun(peer.command('send', { to: played.id, text: 'hello' }))
        await requireFailure(bench, send, ['not-found'], DEAD, `for peer ${played.id}, which did not answer`)
      }
      await requireIds(bench, peer, 'joined', [], 'peers.list.register')
      await requireIds(bench, peer, 'left', [], DEAD)
      bench.evidence('join ended with those that answered')
    },
  })

const HINT = 'Catch the error of each call by itself, inside the loop: one dead peer must not end it.'

export const joinDeadCases: readonly Case<'peers'>[] = [
  faulty('refuses-first', 'the first lower peer refuses connections', [undefined, 'fine', 'fine'], HINT),
  faulty(
    'refuses-middle',
    'a lower peer in the middle refuses connections',
    ['fine', undefined, 'fine'],
    HINT,
  ),
  faulty('refuses-last', 'the last lower peer refuses connections', ['fine', 'fine', undefined], HINT),
  faulty(
    'silent',
    'a lower peer accepts the call and never answers',
    ['fine', 'silent', 'fine'],
    'Give up after callTimeoutMs and go on with the others.',
  ),
  faulty(
    'closes',
    'lower peers close or reset the connection without an answer',
    ['close', 'fine', 'reset', 'fine'],
    HINT,
  ),
  faulty(
    'answers-with-an-error',
    'lower peers answer register_peer with an error: they are leaving, or full, or something else',
    [
      failure('LeavingError', 'too late'),
      'fine',
      failure('BusyError', 'full'),
      failure('Exception'),
      'fine',
      failure('ValueError', 'no', 1),
    ],
    'Who answers with an error has not taken you into its list. Leave it out, and go on with the others.',
  ),
  faulty(
    'bad-answer',
    'lower peers answer with what is no answer',
    [{ raw: 'hello\n' }, 'fine', { raw: '{}\n' }, { raw: '{"result":null,"error":null}\n' }],
    'Only a result says that the call has succeeded.',
  ),
  faulty(
    'everybody',
    'all lower peers are dead, each in another way: the newcomer is alone',
    [undefined, 'close', failure('Exception', 'no'), 'silent', 'reset'],
    HINT,
  ),
  peersCase({
    id: 'peers.join.dead/long-list',
    role: 'peers.peer',
    title: 'of sixty lower peers every third is dead or raises an error: the forty others are told',
    also: ['peers.join.lower', 'peers.join.done', 'peers.call.survive'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'register_peer at all forty that answer, and a list of them',
    hint: HINT,
    async run(bench: PeersBench) {
      const { peer, lower } = await outside(bench, { lower: 60, firstId: 100 })
      const fine = lower.filter((_, i) => i % 3 !== 0)
      for (const [i, played] of lower.entries())
        if (i % 3 === 0) spoil(played, i % 2 === 0 ? undefined : failure('LeavingError', 'too late'))
      await requireJoined(bench, peer, join(peer), { id: 160, peers: entriesFor(peer, fine) }, DEAD)
      for (const played of lower) {
        const calls = played.received('register_peer')
        bench.require(calls.length === (played.listening ? 1 : 0), {
          requirement: DEAD,
          expected: `one register_peer at peer ${played.id}, if it can be reached`,
          actual: `${calls.length}`,
        })
      }
      bench.evidence('the last of them is told', lower.at(-1)?.received('register_peer')[0])
      await requireIds(bench, peer, 'left', [], DEAD)
    },
  }),
]
