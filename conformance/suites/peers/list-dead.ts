// Peers of the list that are found dead by a call leave it; those that answer with an error stay. peers.md section 5.
import type { Case } from '../../verdict/case.ts'
import type { Answer, PeersBench, PeersNodeOptions, PlayedPeer } from '../../verdict/peers-bench.ts'
import { type Begun, begun, requireFailure, requireSuccess } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { failure, nothing } from './procedures/answers.ts'
import { callBy, callsOf, requireCall } from './procedures/calls.ts'
import { entriesFor, requireIds, requireList, requireListNow } from './procedures/standstill.ts'

const DEAD = 'peers.list.dead'

const hasty = (bench: PeersBench) => ({ config: { callTimeoutMs: bench.timing.callTimeoutMs } })

/** Three played peers around the peer of the program: 10 is lower, 12 and 13 came later. */
async function scene(bench: PeersBench, options: PeersNodeOptions = {}) {
  const { peer, id, lower, higher } = await bench.peerAmongPlayed(1, 2, options)
  const [first] = lower
  const [second, third] = higher
  if (first === undefined || second === undefined || third === undefined) throw new Error('peers missing')
  const send = (to: PlayedPeer, text = 'hello'): Begun<unknown> =>
    begun(peer.command('send', { to: to.id, text }))
  return { peer, id, first, second, third, send }
}

/** A message to a living peer arrives. */
async function requireDelivered(
  bench: PeersBench,
  { send }: Awaited<ReturnType<typeof scene>>,
  to: PlayedPeer,
  requirement: string,
): Promise<void> {
  const sent = send(to, 'are you there?')
  const request = await requireCall(bench, to, 'print_message', {
    requirement,
    expected: `a message at peer ${to.id}, which lives`,
  })
  await requireSuccess(bench, sent, requirement, `send to ${to.id} to succeed`)
  bench.evidence(`${to.id} still gets messages`, request)
}

const dies = (
  slug: string,
  title: string,
  { answer, code }: { readonly answer: Answer | 'refuse'; readonly code: string },
  which: 'first' | 'second',
  hint: string,
): Case<'peers'> =>
  peersCase({
    id: `peers.message.dead/${slug}`,
    role: 'peers.peer',
    title,
    also: [DEAD, 'peers.message.not-found', 'peers.message.send', 'peers.list.register'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence:
      'the error of send, the event left once, a list without that peer, messages to the others, its return',
    hint,
    async run(bench: PeersBench) {
      const cast = await scene(bench, answer === 'silent' ? hasty(bench) : {})
      const { peer, first, second, third, send } = cast
      const dead = which === 'first' ? first : second
      const living = [first, second, third].filter((played) => played !== dead)
      if (answer === 'refuse') dead.listening = false
      else dead.on('print_message', () => answer)
      await requireFailure(bench, send(dead), [code], 'peers.message.dead', `when ${title}`)
      await requireIds(bench, peer, 'left', [dead.id], DEAD)
      await requireList(bench, peer, entriesFor(peer, living), DEAD, `after ${dead.id} was found dead`)
      const calls = callsOf(bench, peer).length
      await requireFailure(
        bench,
        send(dead),
        ['not-found'],
        'peers.message.not-found',
        'for a peer that has left the list',
      )
      bench.require(callsOf(bench, peer).length === calls, {
        requirement: 'peers.message.not-found',
        expected: 'no call for a peer that is not in the list',
        actual: 'one',
      })
      for (const played of living) await requireDelivered(bench, cast, played, 'peers.message.dead')
      dead.listening = true
      dead.on('print_message', () => nothing)
      await dead.callFor(peer, 'register_peer', [dead.id, dead.addressFor(peer)], 'peers.list.register')
      await dead.receive('print_message', 0)
      await requireDelivered(bench, cast, dead, 'peers.list.register')
      await requireIds(bench, peer, 'left', [dead.id], DEAD)
    },
  })

export const listDeadCases: readonly Case<'peers'>[] = [
  dies(
    'refuses',
    'a peer of the list refuses connections',
    { answer: 'refuse', code: 'unreachable' },
    'second',
    'Catch the error of the call, take the peer out of the list, report left, and let send fail.',
  ),
  dies(
    'refuses-lower',
    'a lower peer, known from join, refuses connections',
    { answer: 'refuse', code: 'unreachable' },
    'first',
    'However a peer came into the list, it leaves it when it is dead.',
  ),
  dies(
    'closes',
    'a peer of the list closes the connection without an answer',
    { answer: 'close', code: 'unreachable' },
    'second',
    'The end of the stream before the LF is no answer.',
  ),
  dies(
    'resets',
    'a peer of the list resets the connection',
    { answer: 'reset', code: 'unreachable' },
    'second',
    'A reset is an error of read() or write(): catch both.',
  ),
  dies(
    'silent',
    'a peer of the list never answers',
    { answer: 'silent', code: 'timeout' },
    'second',
    'Give up after callTimeoutMs: who does not answer in time counts as dead.',
  ),
  peersCase({
    id: 'peers.list.dead/answers-count-as-life',
    role: 'peers.peer',
    title: 'a peer that answers with an error, or with what is no answer, stays in the list',
    also: ['peers.message.send'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'refused and bad-answer, the same list, no event, and a message that arrives afterwards',
    hint: 'Only who can not be reached, closes without an answer or is silent is dead. An error is an answer.',
    async run(bench: PeersBench) {
      const cast = await scene(bench)
      const { peer, first, second, third, send } = cast
      const all = entriesFor(peer, [first, second, third])
      const cases: readonly (readonly [string, Answer, string])[] = [
        ['an error', failure('Exception', 'I do not talk to you'), 'refused'],
        ['a TypeError', failure('TypeError', 'no text, please'), 'refused'],
        ['an AttributeError', failure('AttributeError', 'print_message'), 'refused'],
        ['a word', { raw: 'hello\n' }, 'bad-answer'],
        ['neither key', { raw: '{}\n' }, 'bad-answer'],
      ]
      for (const [what, answer, code] of cases) {
        second.on('print_message', () => answer)
        const sent = send(second)
        const request = await requireCall(bench, second, 'print_message', {
          requirement: 'peers.message.send',
          expected: 'the message',
        })
        await requireFailure(bench, sent, [code], 'peers.message.send', `when the answer is ${what}`)
        await requireListNow(bench, peer, all, DEAD, `after ${second.id} answered with ${what}`)
        bench.evidence(`${code} for ${what}`, request)
      }
      await requireIds(bench, peer, 'left', [], DEAD)
      second.on('print_message', () => nothing)
      await requireDelivered(bench, cast, second, DEAD)
    },
  }),
  peersCase({
    id: 'peers.list.dead/several-at-once',
    role: 'peers.peer',
    title: 'ten messages at once to a peer that dies meanwhile: it leaves once, and everything ends',
    also: ['peers.message.dead', 'peers.message.not-found', 'peers.call.survive'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'an error for each message, one event left, the others still served',
    hint: 'When the second call fails too the peer is gone already: removing it again must not throw, nor report again.',
    async run(bench: PeersBench) {
      const cast = await scene(bench)
      const { peer, first, second, third, send } = cast
      second.on('print_message', () => 'silent')
      const sent = Array.from({ length: 10 }, (_, i) => send(second, `message ${i}`))
      for (let i = 0; i < sent.length; i += 1)
        await requireCall(bench, second, 'print_message', {
          requirement: 'peers.message.send',
          expected: `ten messages under way at once; ${i} came`,
        })
      second.die()
      for (const message of sent)
        await requireFailure(
          bench,
          message,
          ['unreachable', 'timeout'],
          'peers.message.dead',
          'when the peer dies before it answers',
        )
      await requireIds(bench, peer, 'left', [second.id], DEAD)
      await requireList(bench, peer, entriesFor(peer, [first, third]), DEAD, `after ${second.id} died`)
      for (const played of [first, third]) await requireDelivered(bench, cast, played, 'peers.message.dead')
    },
  }),
  peersCase({
    id: 'peers.list.dead/leaves-afterwards',
    role: 'peers.peer',
    title: 'a dead peer that leaves in order after all is no longer known',
    also: ['peers.list.unregister'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'one event left, and the exception for its unregister_peer',
    hint: 'Found dead counts as if it had called unregister_peer: its id is gone.',
    async run(bench: PeersBench) {
      const { peer, first, third, second, send } = await scene(bench)
      second.listening = false
      await requireFailure(bench, send(second), ['unreachable'], 'peers.message.dead', 'when nobody listens')
      await requireIds(bench, peer, 'left', [second.id], DEAD)
      const { answer } = await second.call(peer, 'unregister_peer', [second.id])
      const frame = bench.requireFrame(answer, {
        requirement: 'peers.list.unregister',
        expected: 'an answer to unregister_peer',
      })
      const text = JSON.stringify(frame.message)
      bench.require(text.includes(`No peer with id: '${second.id}'`), {
        requirement: DEAD,
        expected: `Exception with No peer with id: '${second.id}'`,
        actual: text,
        exhibits: [{ frame: frame.n }],
      })
      await requireIds(bench, peer, 'left', [second.id], DEAD)
      await requireListNow(bench, peer, entriesFor(peer, [first, third]), DEAD, 'of those that live')
      bench.evidence('no longer known', frame)
    },
  }),
  peersCase({
    id: 'peers.control.call/list-unchanged',
    role: 'peers.peer',
    title: 'the command call concerns an address: a peer of the list that it finds dead stays in the list',
    also: ['peers.list.dead', 'peers.message.dead'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'unreachable and timeout for call, the same list; send to the same peer takes it out',
    hint: 'Only calls that you make because a peer is in your list tell you that it is dead.',
    async run(bench: PeersBench) {
      const { peer, first, second, third, send } = await scene(bench, hasty(bench))
      const all = entriesFor(peer, [first, second, third])
      const call = () =>
        begun(peer.command('call', { address: second.addressFor(peer), method: 'check', args: [] }))
      second.on('check', () => 'silent')
      await requireFailure(bench, call(), ['timeout'], 'peers.control.call', 'when no answer comes')
      second.listening = false
      await requireFailure(bench, call(), ['unreachable'], 'peers.control.call', 'when nobody listens')
      await requireListNow(bench, peer, all, 'peers.control.call', 'after calls that failed')
      await requireIds(bench, peer, 'left', [], 'peers.control.call')
      bench.evidence('the same list', bench.frames.findLast(callBy(peer, 'check')))
      await requireFailure(bench, send(second), ['unreachable'], 'peers.message.dead', 'when nobody listens')
      await requireIds(bench, peer, 'left', [second.id], DEAD)
    },
  }),
]
