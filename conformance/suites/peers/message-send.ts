// Messages that a peer sends: to whom, with what, and what becomes of the command. peers.md section 6.
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { begun, requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { gate, requireResult } from './procedures/answers.ts'
import { callsOf, requireCall } from './procedures/calls.ts'
import { ownAddress, script } from './procedures/joining.ts'
import { outside } from './procedures/scene.ts'
import { eventsOf, requireSameState } from './procedures/standstill.ts'

const SEND = 'peers.message.send'
const NOT_FOUND = 'peers.message.not-found'

/** A message arrives at this played peer, from this id, and `send` succeeds with {}. */
async function requireSent(
  bench: PeersBench,
  peer: PeerNode,
  from: number,
  to: PlayedPeer,
  text: string,
): Promise<Frame> {
  const sent = begun(peer.command('send', { to: to.id, text }))
  const request = await requireCall(bench, to, 'print_message', {
    requirement: SEND,
    expected: `print_message at peer ${to.id}`,
    args: [from, text],
  })
  const result = await requireSuccess(bench, sent, SEND, 'send to succeed')
  bench.require(JSON.stringify(result) === '{}', {
    requirement: SEND,
    expected: 'the result {}',
    actual: JSON.stringify(result),
  })
  return request
}

export const messageSendCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.message.send/lower-and-higher',
    role: 'peers.peer',
    title: 'a message goes to the peer with that id and to no other: the own id first, then the text',
    also: ['peers.call.one'],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'print_message with the own id and the text, once, at the right peer',
    hint: 'Look the id up in the list as a number, and call print_message there with your own id.',
    async run(bench: PeersBench) {
      const { peer, id, lower, higher } = await bench.peerAmongPlayed(2, 2)
      const all = [...lower, ...higher]
      for (const [i, to] of [...all, ...all.toReversed()].entries()) {
        bench.evidence(`to ${to.id}`, await requireSent(bench, peer, id, to, `message ${i}`))
        const calls = callsOf(bench, peer, 'print_message').length
        bench.require(calls === i + 1, {
          requirement: SEND,
          expected: 'one print_message for each send',
          actual: `${calls} for ${i + 1}`,
        })
      }
    },
  }),
  peersCase({
    id: 'peers.message.send/id-zero',
    role: 'peers.peer',
    title: 'messages to the peer 0, and of the peer 0',
    also: ['peers.join.lower', 'peers.list.register'],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'print_message with the own id 1 at peer 0, and with the own id 0 at peer 5',
    hint: '0 is an id like any other: do not test ids for truth.',
    async run(bench: PeersBench) {
      const { peer: one, nameService, stranger: zero } = await outside(bench)
      zero.id = 0
      script(nameService, {
        id: 1,
        all: [
          [0, zero.addressFor(one)],
          [1, ownAddress(one)],
        ],
      })
      await one.command('join', {})
      bench.evidence('to 0', await requireSent(bench, one, 1, zero, 'to zero'))
      const peerZero = await bench.peer()
      const five = await bench.playPeer()
      five.id = 5
      script(nameService, { id: 0, all: [[0, ownAddress(peerZero)]] })
      await peerZero.command('join', {})
      await five.callFor(peerZero, 'register_peer', [5, five.addressFor(peerZero)], 'peers.list.register')
      bench.evidence('of 0', await requireSent(bench, peerZero, 0, five, 'of zero'))
    },
  }),
  peersCase({
    id: 'peers.message.send/waits',
    role: 'peers.peer',
    title: 'send is answered when the other side has answered, and messages to others need not wait for that',
    also: ['peers.call.dispatch'],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'no reply before the answer; a message to another peer meanwhile; the reply after it',
    hint: 'A slow receiver must not hold up the others: hold no lock on the list while you wait.',
    async run(bench: PeersBench) {
      const { peer, id, lower } = await bench.peerAmongPlayed(2, 0)
      const [slow, quick] = lower
      if (slow === undefined || quick === undefined) throw new Error('two lower peers')
      const held = gate()
      slow.on('print_message', held.handler)
      const sent = begun(peer.command('send', { to: slow.id, text: 'slowly' }))
      const request = await requireCall(bench, slow, 'print_message', {
        requirement: SEND,
        expected: 'print_message at the slow peer',
        args: [id, 'slowly'],
      })
      bench.evidence('to the other meanwhile', await requireSent(bench, peer, id, quick, 'quickly'))
      const newcomer = await bench.playPeer()
      await newcomer.callFor(peer, 'register_peer', [99, newcomer.addressFor(peer)], 'peers.call.dispatch')
      requireWaiting(bench, sent, SEND, 'send to wait for the answer')
      held.open()
      await requireSuccess(bench, sent, SEND, 'send to succeed after the answer')
      bench.evidence('to the slow one', request)
    },
  }),
  peersCase({
    id: 'peers.message.send/each-other',
    role: 'peers.peer',
    title: 'two peers send each other messages at the same time, each before it answers',
    also: ['peers.call.dispatch', 'peers.message.receive'],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'the message that comes while the own one is under way is answered and reported',
    hint: 'If you do not serve calls while you wait for an answer, two peers that write to each other stand still.',
    async run(bench: PeersBench) {
      const { peer, id, lower } = await bench.peerAmongPlayed(1, 0)
      const [other] = lower
      if (other === undefined) throw new Error('no lower peer')
      other.on('print_message', async () => {
        const { answer } = await other.call(peer, 'print_message', [other.id, 'me first'])
        bench.evidence(
          'answered while it waits',
          requireResult(bench, answer, null, {
            requirement: 'peers.call.dispatch',
            to: 'print_message, while the peer waits for an answer itself',
          }),
        )
        return { result: null }
      })
      await requireSent(bench, peer, id, other, 'hello')
      await peer.state()
      const texts = eventsOf(peer, 'message').map(({ from, text }) => `${from}: ${text}`)
      bench.require(texts.join() === `${other.id}: me first`, {
        requirement: 'peers.message.receive',
        expected: `the event message of ${other.id}`,
        actual: JSON.stringify(texts),
      })
    },
  }),
  peersCase({
    id: 'peers.message.not-found/nobody-called',
    role: 'peers.peer',
    title:
      'send to an id that is not in the list, the own one included, fails with not-found and calls nobody',
    also: ['peers.message.send'],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'not-found for each of them, no call, the same state; a message to a known id works',
    hint: 'Look only into your list: no question to the name service, no message to yourself.',
    async run(bench: PeersBench) {
      const { peer, id, lower, nameService } = await bench.peerAmongPlayed(1, 0)
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      // Registered, but it has never called here: the list does not have it.
      const unheard = await bench.playPeer()
      nameService.enter(unheard)
      const before = await peer.state()
      const calls = callsOf(bench, peer).length
      for (const to of [id, unheard.id, 0, 1, first.id + 1_000_000, Number.MAX_SAFE_INTEGER])
        await requireFailure(
          bench,
          begun(peer.command('send', { to, text: 'hello' })),
          ['not-found'],
          NOT_FOUND,
          `for the id ${to}, which is not in the list`,
        )
      await requireSameState(bench, peer, before, NOT_FOUND, 'messages to nobody')
      bench.require(callsOf(bench, peer).length === calls, {
        requirement: NOT_FOUND,
        expected: 'no call because of them',
        actual: JSON.stringify(callsOf(bench, peer).at(-1)?.message),
      })
      bench.evidence('to a known one', await requireSent(bench, peer, id, first, 'hello'))
    },
  }),
  peersCase({
    id: 'peers.message.not-found/before-join',
    role: 'peers.peer',
    title: 'a peer without an id sends to nobody, not even to a peer that has called register_peer already',
    also: ['peers.list.register', 'peers.message.send'],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'not-found and no call; the same message arrives once the peer has joined',
    hint: 'You could not say who you are: not-found until the name service has given an id.',
    async run(bench: PeersBench) {
      const { peer, lower, stranger } = await outside(bench, { lower: 1 })
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      stranger.id = 12
      await stranger.callFor(peer, 'register_peer', [12, stranger.addressFor(peer)], 'peers.list.register')
      for (const to of [first.id, 12])
        await requireFailure(
          bench,
          begun(peer.command('send', { to, text: 'hello' })),
          ['not-found'],
          NOT_FOUND,
          'before join',
        )
      bench.require(callsOf(bench, peer).length === 0, {
        requirement: NOT_FOUND,
        expected: 'no call',
        actual: JSON.stringify(callsOf(bench, peer)[0]?.message),
      })
      const { id } = await peer.command('join', {})
      for (const to of [first, stranger])
        bench.evidence(`to ${to.id} after join`, await requireSent(bench, peer, id, to, 'hello'))
    },
  }),
  peersCase({
    id: 'peers.message.send/too-long-text',
    role: 'peers.peer',
    title: 'a text that does not fit into a request is refused, and nothing of it is sent',
    also: ['peers.call.length', 'peers.list.dead'],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'refused for texts of more than 65,536 bytes, no call, the same list; 65,000 bytes arrive',
    hint: 'Measure the request in bytes before you open the connection: 20,000 characters may be 80,000 bytes.',
    async run(bench: PeersBench) {
      const { peer, id, lower } = await bench.peerAmongPlayed(1, 0)
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const before = await peer.state()
      for (const text of ['x'.repeat(65_600), '😀'.repeat(20_000), 'x'.repeat(500_000)])
        await requireFailure(
          bench,
          begun(peer.command('send', { to: first.id, text })),
          ['refused'],
          SEND,
          `for a text of ${Buffer.byteLength(text)} bytes`,
        )
      await requireSameState(bench, peer, before, 'peers.list.dead', 'texts that do not fit')
      bench.require(callsOf(bench, peer, 'print_message').length === 0, {
        requirement: 'peers.call.length',
        expected: 'no request beyond 65,536 bytes',
        actual: 'print_message',
      })
      bench.evidence('65,000 bytes fit', await requireSent(bench, peer, id, first, 'x'.repeat(65_000)))
    },
  }),
]
