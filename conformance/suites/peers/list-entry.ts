// The list of a peer: who comes, who goes, who is never in it. peers.md section 5.
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import { begun, requireFailure, requireSuccess } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { requireError, requireResult } from './procedures/answers.ts'
import { requireRefused } from './procedures/call-results.ts'
import { requireCall } from './procedures/calls.ts'
import { outside } from './procedures/scene.ts'
import {
  entriesFor,
  eventsOf,
  requireIds,
  requireListNow,
  requireSameState,
} from './procedures/standstill.ts'

const REGISTER = 'peers.list.register'
const UNREGISTER = 'peers.list.unregister'
const BACK = 'peers.list.address'

/** Calls `register_peer` here with this id and the address of `played`, on a connection of `caller`. */
const register = (peer: PeerNode, played: PlayedPeer, id: number, caller: PlayedPeer = played) =>
  caller.callFor(peer, 'register_peer', [id, played.addressFor(peer)], REGISTER)

/** A message to this id comes out at this played peer. */
async function requireReaches(
  bench: PeersBench,
  peer: PeerNode,
  id: number,
  played: PlayedPeer,
  requirement: string,
): Promise<void> {
  const text = `to ${id} at seat ${played.seat}`
  const send = begun(peer.command('send', { to: id, text }))
  const request = await requireCall(bench, played, 'print_message', {
    requirement,
    expected: `the message for ${id} at the address in the list`,
    args: [(await peer.state()).id, text],
  })
  await requireSuccess(bench, send, requirement, 'send to succeed')
  bench.evidence(text, request)
}

const requireNoSuchPeer = async (
  bench: PeersBench,
  peer: PeerNode,
  caller: PlayedPeer,
  id: number,
): Promise<void> => {
  const { answer } = await caller.call(peer, 'unregister_peer', [id])
  const frame = requireError(bench, answer, {
    requirement: UNREGISTER,
    name: 'Exception',
    args: [`No peer with id: '${id}'`],
    to: `unregister_peer of ${id}, which is not in the list`,
  })
  bench.evidence(`no peer ${id}`, frame)
}

export const listEntryCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.list.register/newcomers',
    role: 'peers.peer',
    title: 'register_peer takes a peer into the list, with an event, and messages reach it there',
    also: ['peers.message.send', 'peers.control.state', 'peers.call.answer'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'null, the event joined, the entry in state in the order of ids, a message at its address',
    hint: 'Keep id and address, report joined, answer null.',
    async run(bench: PeersBench) {
      const { peer, lower } = await bench.peerAmongPlayed(1, 0)
      const newcomers: PlayedPeer[] = []
      for (const id of [100, 20, 9, 0]) {
        const played = await bench.playPeer()
        played.id = id
        newcomers.push(played)
        const { answer } = await played.call(peer, 'register_peer', [id, played.addressFor(peer)])
        const frame = requireResult(bench, answer, null, {
          requirement: REGISTER,
          to: `register_peer of ${id}`,
        })
        bench.evidence(`registers ${id}`, frame)
        await requireListNow(
          bench,
          peer,
          entriesFor(peer, [...lower, ...newcomers]),
          REGISTER,
          `after ${id} has come`,
        )
      }
      await requireIds(bench, peer, 'joined', [100, 20, 9, 0], REGISTER)
      for (const played of [...lower, ...newcomers])
        await requireReaches(bench, peer, played.id, played, 'peers.message.send')
    },
  }),
  peersCase({
    id: 'peers.list.register/new-address',
    role: 'peers.peer',
    title: 'register_peer of an id in the list replaces its address, without a second event',
    also: ['peers.address.given', 'peers.message.send'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'one event for two calls, messages at the new address; no event for a peer known from join',
    hint: 'Look whether the id is there before you report joined; overwrite the address in any case.',
    async run(bench: PeersBench) {
      const { peer, lower } = await bench.peerAmongPlayed(1, 0)
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const [older, newer] = [await bench.playPeer(), await bench.playPeer()]
      await register(peer, older, 20)
      await requireReaches(bench, peer, 20, older, REGISTER)
      await register(peer, newer, 20)
      await requireReaches(bench, peer, 20, newer, REGISTER)
      await register(peer, newer, 20)
      await register(peer, older, first.id)
      await requireReaches(bench, peer, first.id, older, REGISTER)
      await requireIds(bench, peer, 'joined', [20], REGISTER)
      await requireIds(bench, peer, 'left', [], REGISTER)
      await requireListNow(
        bench,
        peer,
        [
          { id: first.id, address: older.addressFor(peer) },
          { id: 20, address: newer.addressFor(peer) },
        ],
        REGISTER,
        'after the addresses were replaced',
      )
    },
  }),
  peersCase({
    id: 'peers.list.address/comes-back',
    role: 'peers.peer',
    title: 'a peer that comes back with a new id at its old address takes the place of the old one',
    also: ['peers.list.register', 'peers.message.not-found', 'peers.message.send'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence:
      'the event left for the old id, the new one in the list, one message there; the lower id refused',
    hint: 'Look for the address in your list too: who crashed and started again has another id and the same address.',
    async run(bench: PeersBench) {
      const { peer, lower } = await bench.peerAmongPlayed(2, 0)
      const [back, other] = lower as [PlayedPeer, PlayedPeer]
      const early = await back.call(peer, 'register_peer', [back.id, back.addressFor(peer)])
      requireResult(bench, early.answer, null, { requirement: REGISTER, to: 'register_peer of a known id' })
      await requireIds(bench, peer, 'left', [], BACK)
      const { answer } = await back.call(peer, 'register_peer', [30, back.addressFor(peer)])
      const frame = requireResult(bench, answer, null, { requirement: BACK, to: 'register_peer of 30' })
      await requireIds(bench, peer, 'left', [back.id], BACK)
      await requireIds(bench, peer, 'joined', [30], BACK)
      const entries = [
        { id: other.id, address: other.addressFor(peer) },
        { id: 30, address: back.addressFor(peer) },
      ]
      await requireListNow(bench, peer, entries, BACK, 'after 30 has come to the address of the old id')
      const late = await back.call(peer, 'register_peer', [back.id, back.addressFor(peer)])
      requireRefused(bench, late.answer, 'ValueError', {
        requirement: BACK,
        to: 'register_peer of the earlier life of 30',
      })
      await requireListNow(bench, peer, entries, BACK, 'after the late call of the old id')
      await requireReaches(bench, peer, 30, back, 'peers.message.send')
      bench.evidence('took the place', frame)
    },
  }),
  peersCase({
    id: 'peers.address.given/by-register-peer',
    role: 'peers.peer',
    title:
      'a peer is called at the address that register_peer names, whoever sends it, and by the name that stands there',
    also: ['peers.list.register', 'peers.message.send', 'peers.list.display'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence:
      'messages at the named address, not at that of the sender; localhost kept as localhost; another host with the same port is another peer',
    hint: 'The source address of a connection is not the address of a peer. Do not resolve names before you keep them.',
    async run(bench: PeersBench) {
      const { peer } = await bench.peerAmongPlayed(0, 0)
      const [sender, named, byName] = [await bench.playPeer(), await bench.playPeer(), await bench.playPeer()]
      await register(peer, named, 20, sender)
      await requireReaches(bench, peer, 20, named, 'peers.address.given')
      bench.require(sender.received('print_message').length === 0, {
        requirement: 'peers.address.given',
        expected: 'no message at the sender of register_peer',
        actual: 'one',
      })
      const [, port] = byName.addressFor(peer)
      await byName.callFor(peer, 'register_peer', [21, ['localhost', port]], REGISTER)
      await requireReaches(bench, peer, 21, byName, 'peers.address.given')
      await requireListNow(
        bench,
        peer,
        [
          { id: 20, address: named.addressFor(peer) },
          { id: 21, address: ['localhost', port] },
        ],
        'peers.address.given',
        'with the addresses as they were given',
      )
      // Nobody listens at the host, and the port is that of a peer that must not be taken for it.
      await byName.callFor(peer, 'register_peer', [22, ['127.0.0.2', port]], REGISTER)
      await requireFailure(
        bench,
        begun(peer.command('send', { to: 22, text: 'to another host' })),
        ['unreachable', 'timeout'],
        'peers.address.given',
        'when the address names another host',
      )
    },
  }),
  peersCase({
    id: 'peers.list.self/refused',
    role: 'peers.peer',
    title: 'register_peer with the own id is answered with a ValueError and changes nothing',
    also: ['peers.list.register', 'peers.list.unregister'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'two ValueErrors, the same state, no event; the neighbouring id is taken',
    hint: 'You are never in your own list: you would send messages to yourself, and wait for yourself.',
    async run(bench: PeersBench) {
      const { peer, id, lower } = await bench.peerAmongPlayed(1, 1)
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const before = await peer.state()
      for (const address of [first.addressFor(peer), ['127.0.0.1', peer.listenPort]]) {
        const { answer } = await first.call(peer, 'register_peer', [id, address])
        const frame = requireRefused(bench, answer, 'ValueError', {
          requirement: 'peers.list.self',
          to: `register_peer with the own id ${id}`,
        })
        bench.evidence('refused', frame)
      }
      await requireSameState(bench, peer, before, 'peers.list.self', 'register_peer with the own id')
      await requireIds(bench, peer, 'joined', [id + 1], 'peers.list.self')
      await requireNoSuchPeer(bench, peer, first, id)
      await register(peer, first, id + 100)
      await requireIds(bench, peer, 'joined', [id + 1, id + 100], REGISTER)
    },
  }),
  peersCase({
    id: 'peers.list.self/id-zero',
    role: 'peers.peer',
    title: 'a peer with the id 0 refuses register_peer with the id 0',
    also: ['peers.join.done'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the ValueError, and an empty list',
    hint: '0 is an id like any other: compare, do not test for truth.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench, { firstId: 0 })
      await peer.command('join', {})
      const { answer } = await stranger.call(peer, 'register_peer', [0, stranger.addressFor(peer)])
      const frame = requireRefused(bench, answer, 'ValueError', {
        requirement: 'peers.list.self',
        to: 'register_peer with the own id 0',
      })
      await requireListNow(bench, peer, [], 'peers.list.self', 'of a peer alone')
      bench.evidence('refused', frame)
    },
  }),
  peersCase({
    id: 'peers.list.unregister/known-and-unknown',
    role: 'peers.peer',
    title:
      'unregister_peer takes a peer out with an event; of an unknown id it raises the exception of the course',
    also: ['peers.message.not-found', 'peers.call.raise'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence:
      "null and the event left for a known id; Exception with No peer with id: '<id>' for unknown ones",
    hint: 'The error has the name Exception and one argument, to the letter, with the id in single quotes.',
    async run(bench: PeersBench) {
      const { peer, id, lower, higher } = await bench.peerAmongPlayed(1, 2)
      const [first] = lower
      const [second, third] = higher
      if (first === undefined || second === undefined || third === undefined) throw new Error('peers missing')
      const before = await peer.state()
      for (const unknown of [0, 1, id, 7_000_000, Number.MAX_SAFE_INTEGER])
        await requireNoSuchPeer(bench, peer, first, unknown)
      await requireSameState(bench, peer, before, UNREGISTER, 'unregister_peer of unknown ids')
      await requireIds(bench, peer, 'left', [], UNREGISTER)
      for (const [leaver, rest] of [
        [second, [first, third]],
        [first, [third]],
        [third, []],
      ] as const) {
        const { answer } = await leaver.call(peer, 'unregister_peer', [leaver.id])
        const frame = requireResult(bench, answer, null, {
          requirement: UNREGISTER,
          to: `unregister_peer of ${leaver.id}`,
        })
        bench.evidence(`${leaver.id} has left`, frame)
        await requireListNow(bench, peer, entriesFor(peer, rest), UNREGISTER, `after ${leaver.id} has left`)
        await requireNoSuchPeer(bench, peer, leaver, leaver.id)
        const send = begun(peer.command('send', { to: leaver.id, text: 'still there?' }))
        await requireFailure(
          bench,
          send,
          ['not-found'],
          'peers.message.not-found',
          'for a peer that has left',
        )
      }
      await requireIds(bench, peer, 'left', [second.id, first.id, third.id], UNREGISTER)
    },
  }),
  peersCase({
    id: 'peers.list.unregister/back-again',
    role: 'peers.peer',
    title: 'a peer that has left may come back: joined, left, joined',
    also: ['peers.list.register', 'peers.message.send'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the events in this order, and a message at the new address',
    hint: 'Who has left is forgotten: its id is new when it comes again.',
    async run(bench: PeersBench) {
      const { peer } = await bench.peerAmongPlayed(0, 0)
      const [before, after] = [await bench.playPeer(), await bench.playPeer()]
      await register(peer, before, 0)
      await before.callFor(peer, 'unregister_peer', [0], UNREGISTER)
      await requireListNow(bench, peer, [], UNREGISTER, 'when nobody is left')
      await register(peer, after, 0)
      await requireReaches(bench, peer, 0, after, REGISTER)
      await peer.state()
      const told = peer.events
        .filter(({ event }) => event === 'joined' || event === 'left')
        .map(({ event }) => event)
      bench.require(told.join() === 'joined,left,joined', {
        requirement: REGISTER,
        expected: 'the events joined, left, joined',
        actual: told.join(),
      })
    },
  }),
  peersCase({
    id: 'peers.list.display/event',
    role: 'peers.peer',
    title: 'display_peers reports the list as it is at that moment, once for each call, the empty one too',
    also: ['peers.list.register', 'peers.list.unregister'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the event display with no peer, with three in the order of ids, and with two',
    hint: 'Report the list with ids and addresses, in the order of ids.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const other = await bench.playPeer()
      const shown: (readonly { readonly id: number }[])[] = []
      const display = async (expected: Parameters<typeof entriesFor>[1]) => {
        const { answer } = await stranger.call(peer, 'display_peers', [])
        const frame = requireResult(bench, answer, null, {
          requirement: 'peers.list.display',
          to: 'display_peers',
        })
        shown.push(entriesFor(peer, expected))
        await bench.until(() => eventsOf(peer, 'display').length >= shown.length)
        await peer.state()
        const events = eventsOf(peer, 'display').map(({ peers }) => peers)
        bench.require(JSON.stringify(events) === JSON.stringify(shown), {
          requirement: 'peers.list.display',
          expected: `the events display with ${JSON.stringify(shown)}`,
          actual: JSON.stringify(events),
        })
        bench.evidence(`shows ${expected.length} peers`, frame)
      }
      await display([])
      await peer.command('join', {})
      await display([])
      stranger.id = 100
      other.id = 20
      for (const played of [stranger, other]) await register(peer, played, played.id)
      await display([stranger, other])
      await stranger.callFor(peer, 'unregister_peer', [100], UNREGISTER)
      await display([other])
      await display([other])
    },
  }),
]
