// How a peer leaves: unregister at the name service, then unregister_peer at the peers of its own list. peers.md section 5.
import type { Address } from '../../../spec/peers/messages.ts'
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench, Played, PlayedPeer } from '../../verdict/peers-bench.ts'
import { begun, requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { gate, requireResult } from './procedures/answers.ts'
import { requireRefused } from './procedures/call-results.ts'
import { callBy, callsOf, requireCall, requireNone } from './procedures/calls.ts'
import { ownAddress, requireIntroduction, script } from './procedures/joining.ts'
import { join, leave, outside } from './procedures/scene.ts'
import { requireIds } from './procedures/standstill.ts'

const ORDER = 'peers.leave.order'

/** `unregister` at the name service with these arguments. Takes the request. */
const requireUnregister = (bench: PeersBench, nameService: Played, args: readonly unknown[]) =>
  requireCall(bench, nameService, 'unregister', { requirement: ORDER, expected: 'unregister', args })

/** `unregister_peer` with this id, once at each of these and nowhere else, all of them after `unregister`. */
function requireFarewells(bench: PeersBench, peer: PeerNode, id: number, peers: readonly PlayedPeer[]): void {
  const farewells = callsOf(bench, peer, 'unregister_peer')
  const told = farewells.map(({ to }) => to).toSorted((a, b) => a - b)
  const seats = peers.map(({ seat }) => seat).toSorted((a, b) => a - b)
  bench.require(told.join() === seats.join(), {
    requirement: ORDER,
    expected: `one unregister_peer at each of the seats ${seats.join(', ')} and nowhere else`,
    actual: told.length === 0 ? 'none' : `at ${told.join(', ')}`,
    exhibits: farewells.map(({ n }) => ({ frame: n })),
  })
  const [unregister, ...more] = callsOf(bench, peer, 'unregister')
  bench.require(unregister !== undefined && more.length === 0, {
    requirement: ORDER,
    expected: 'one unregister',
    actual: `${more.length + (unregister === undefined ? 0 : 1)}`,
  })
  for (const farewell of farewells) {
    bench.require(JSON.stringify(farewell.message?.args) === JSON.stringify([id]), {
      requirement: ORDER,
      expected: `unregister_peer with the own id ${id}`,
      actual: JSON.stringify(farewell.message),
      exhibits: [{ frame: farewell.n, at: '/args' }],
    })
    bench.require(unregister.n < farewell.n, {
      requirement: ORDER,
      expected: 'unregister before unregister_peer',
      actual: 'the other way round',
      exhibits: [{ frame: farewell.n }, { frame: unregister.n }],
    })
    bench.evidence('tells a peer of its list', farewell)
  }
}

export const leaveOrderCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.leave.order/own-list-only',
    role: 'peers.peer',
    title: 'a leaving peer tells the peers of its own list, whatever the name service says by then',
    also: ['peers.leave.dead', 'control.stop'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence:
      'unregister with id, type and hash, then unregister_peer at each peer of the list, no require_all',
    hint: 'Keep the hash of register. Use your list: the name service may know others, and has forgotten some of yours.',
    async run(bench: PeersBench) {
      const { peer, id, nameService, lower, higher } = await bench.peerAmongPlayed(2, 2)
      const [gone] = higher
      if (gone === undefined) throw new Error('no higher peer')
      const own = nameService.registered.find((entry) => entry.id === id)
      if (own === undefined) throw new Error('the peer is not registered')
      // Registered, and not in the list; and in the list, and not registered.
      const unheard = await bench.playPeer()
      nameService.enter(unheard)
      nameService.drop(gone.id)
      const lists = callsOf(bench, peer, 'require_all').length
      await requireSuccess(bench, leave(peer), ORDER, 'stop to succeed')
      bench.evidence('unregisters', await requireUnregister(bench, nameService, [id, bench.type, own.hash]))
      requireFarewells(bench, peer, id, [...lower, ...higher])
      const asked = callsOf(bench, peer, 'require_all')
      bench.require(asked.length === lists, {
        requirement: ORDER,
        expected: 'no require_all when it leaves',
        actual: 'one',
        exhibits: asked.slice(lists).map(({ n }) => ({ frame: n })),
      })
      // The socket is closed: nobody answers any more.
      const call = await unheard.call(peer, 'check', []).catch(() => ({ answer: undefined }))
      bench.require(call.answer === undefined, {
        requirement: 'control.stop',
        expected: 'no answer to check after the reply to stop',
        actual: JSON.stringify(call.answer?.message),
      })
    },
  }),
  peersCase({
    id: 'peers.leave.order/ids-and-hashes',
    role: 'peers.peer',
    title: 'unregister gives back id, type and hash as they came, the id 0 and strange hashes too',
    also: ['peers.join.order'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'unregister with the same three values, unregister_peer with the id',
    hint: '0 is an id: a peer that has it has to unregister. The hash is any text of up to 100 characters.',
    async run(bench: PeersBench) {
      const { nameService, stranger } = await outside(bench)
      const hashes = ['0', ' "a\\b\'c" \n', 'Ä€😀', 'f'.repeat(100)]
      for (const [i, hash] of hashes.entries()) {
        const peer = await bench.peer()
        const id = i === 0 ? 0 : 7 * i
        script(nameService, { id, hash, all: [[id, ownAddress(peer)]] })
        await peer.command('join', {})
        await stranger.callFor(
          peer,
          'register_peer',
          [1000 + i, stranger.addressFor(peer)],
          'peers.list.register',
        )
        await requireSuccess(bench, leave(peer), ORDER, 'stop to succeed')
        bench.evidence(
          `unregisters ${id} with ${JSON.stringify(hash)}`,
          await requireUnregister(bench, nameService, [id, bench.type, hash]),
        )
        requireFarewells(bench, peer, id, [stranger])
      }
    },
  }),
  peersCase({
    id: 'peers.leave.order/changes-of-the-list',
    role: 'peers.peer',
    title:
      'a peer that has left, or was found dead, is not told; one whose address has changed is told there',
    also: ['peers.list.dead', 'peers.list.unregister', 'peers.list.register'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'unregister_peer at the two that are in the list, at their latest addresses',
    hint: 'Use the list as it is when you leave, not as it was when you joined.',
    async run(bench: PeersBench) {
      const { peer, id, lower, higher } = await bench.peerAmongPlayed(2, 2)
      const [moved, left] = lower
      const [dead, stays] = higher
      if (!moved || !left || !dead || !stays) throw new Error('peers missing')
      const elsewhere = await bench.playPeer()
      await left.callFor(peer, 'unregister_peer', [left.id], 'peers.list.unregister')
      await moved.callFor(
        peer,
        'register_peer',
        [moved.id, elsewhere.addressFor(peer)],
        'peers.list.register',
      )
      dead.listening = false
      await requireFailure(
        bench,
        begun(peer.command('send', { to: dead.id, text: 'hello' })),
        ['unreachable'],
        'peers.message.dead',
        'when nobody listens',
      )
      await requireIds(bench, peer, 'left', [left.id, dead.id], 'peers.list.dead')
      dead.listening = true
      await requireSuccess(bench, leave(peer), ORDER, 'stop to succeed')
      requireFarewells(bench, peer, id, [elsewhere, stays])
    },
  }),
  peersCase({
    id: 'peers.leave.order/never-joined',
    role: 'peers.peer',
    title: 'a peer without an id leaves without a call: before join, and after one that failed',
    also: ['peers.join.refused'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'stop of both answered, no unregister; one that has joined calls it',
    hint: 'There is nothing to take back without an id.',
    async run(bench: PeersBench) {
      const { peer, nameService } = await outside(bench)
      await requireSuccess(bench, leave(peer), ORDER, 'stop before join to succeed')
      const failed = await bench.peer()
      nameService.on('register', () => ({ error: { name: 'BusyError', args: [] } }))
      await requireFailure(bench, join(failed), ['refused'], 'peers.join.refused', 'when register is refused')
      await requireSuccess(bench, leave(failed), ORDER, 'stop after a failed join to succeed')
      for (const node of [peer, failed])
        for (const method of ['unregister', 'unregister_peer'])
          requireNone(bench, callBy(node, method), {
            requirement: ORDER,
            expected: `no ${method} of a peer that has no id`,
          })
      const joined = await bench.peer()
      script(nameService, { id: 5, hash: 'a hash', all: [[5, ownAddress(joined)]] })
      await joined.command('join', {})
      await requireSuccess(bench, leave(joined), ORDER, 'stop to succeed')
      bench.evidence(
        'one that has joined unregisters',
        await requireUnregister(bench, nameService, [5, bench.type, 'a hash']),
      )
    },
  }),
  peersCase({
    id: 'peers.leave.order/during-join',
    role: 'peers.peer',
    title:
      'stop while the join waits for lower peers: unregister, then unregister_peer at those who answered',
    also: ['peers.leave.dead', 'peers.join.done'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence:
      'unregister and unregister_peer at both lower peers, the slow one after its answer; join ends with not-started',
    hint: 'The slow peer takes you into its list when it answers: wait for it, then tell it that you have gone.',
    async run(bench: PeersBench) {
      const { peer, nameService, lower } = await outside(bench, { lower: 2 })
      const [first, slow] = lower
      if (first === undefined || slow === undefined) throw new Error('two lower peers')
      const held = gate()
      slow.on('register_peer', held.handler)
      const joining = join(peer)
      await requireIntroduction(bench, peer, slow, 12)
      const own = nameService.registered.find((entry) => entry.id === 12)
      const stopping = leave(peer)
      await bench.quiet(callBy(peer, 'unregister_peer'), bench.timing.quietMs / 3)
      requireNone(bench, callBy(peer, 'unregister_peer'), {
        requirement: ORDER,
        expected: 'no unregister_peer before the register_peer that is under way has ended',
      })
      requireWaiting(bench, stopping, ORDER, 'stop to wait for the register_peer that is under way')
      held.open()
      await requireSuccess(bench, stopping, ORDER, 'stop to succeed')
      bench.evidence(
        'gives the id back',
        await requireUnregister(bench, nameService, [12, bench.type, own?.hash]),
      )
      requireFarewells(bench, peer, 12, [first, slow])
      await requireFailure(bench, joining, ['not-started'], ORDER, 'for a join that was under way at stop')
    },
  }),
  peersCase({
    id: 'peers.leave.order/during-register',
    role: 'peers.peer',
    title: 'stop while register is under way: the id is waited for and given back',
    also: ['peers.join.done'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'unregister with the id that came after stop, no other call; join ends with not-started',
    hint: 'The name service has you in its list by the time you read the id: give it back.',
    async run(bench: PeersBench) {
      const { peer, nameService, lower } = await outside(bench, { lower: 1 })
      const held = gate({ result: [77, 'late hash'] })
      nameService.on('register', held.handler)
      const joining = join(peer)
      await requireCall(bench, nameService, 'register', {
        requirement: 'peers.join.order',
        expected: 'register',
      })
      const stopping = leave(peer)
      await bench.quiet(callBy(peer, 'unregister'), bench.timing.quietMs / 3)
      requireWaiting(bench, stopping, ORDER, 'stop to wait for the register that is under way')
      held.open()
      bench.evidence(
        'gives the id back',
        await requireUnregister(bench, nameService, [77, bench.type, 'late hash']),
      )
      await requireSuccess(bench, stopping, ORDER, 'stop to succeed')
      await requireFailure(bench, joining, ['not-started'], ORDER, 'for a join that was under way at stop')
      requireFarewells(bench, peer, 77, [])
      bench.require(
        lower.every((played) => played.received('register_peer').length === 0),
        {
          requirement: ORDER,
          expected: 'no register_peer after stop',
          actual: 'one',
        },
      )
    },
  }),
  peersCase({
    id: 'peers.leave.order/addresses',
    role: 'peers.peer',
    title: 'a lower peer that was named by the name service as localhost is told under that name',
    also: ['peers.address.given', 'peers.join.lower'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'register_peer and unregister_peer at an address given by name',
    hint: 'Keep addresses as they were given to you.',
    async run(bench: PeersBench) {
      const { peer, nameService, stranger } = await outside(bench)
      const byName: Address = ['localhost', stranger.addressFor(peer)[1]]
      stranger.id = 3
      script(nameService, {
        id: 4,
        all: [
          [3, byName],
          [4, ownAddress(peer)],
        ],
      })
      const { peers } = await peer.command('join', {})
      bench.require(JSON.stringify(peers) === JSON.stringify([{ id: 3, address: byName }]), {
        requirement: 'peers.address.given',
        expected: `the list with ${JSON.stringify(byName)}`,
        actual: JSON.stringify(peers),
      })
      await requireSuccess(bench, leave(peer), ORDER, 'stop to succeed')
      requireFarewells(bench, peer, 4, [stranger])
    },
  }),
  peersCase({
    id: 'peers.leave.joiners/refused',
    role: 'peers.peer',
    title:
      'a register_peer that comes while the peer leaves is answered with a LeavingError; other calls are served',
    also: ['peers.leave.order', 'peers.call.dispatch', 'peers.list.unregister', 'peers.message.receive'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence:
      'LeavingErrors during unregister and during unregister_peer, answers to check and print_message, no farewell to the refused',
    hint: 'Set a mark before the first call of stop, and look at it in register_peer.',
    async run(bench: PeersBench) {
      const { peer, id, nameService, lower } = await bench.peerAmongPlayed(2, 0)
      const [first, second] = lower
      if (first === undefined || second === undefined) throw new Error('two lower peers')
      const late = await bench.playPeer()
      const [unregistering, telling] = [gate(), gate()]
      nameService.on('unregister', unregistering.handler)
      second.on('unregister_peer', telling.handler)
      const refused = async (when: string) => {
        const { answer } = await late.call(peer, 'register_peer', [99, late.addressFor(peer)])
        bench.evidence(
          when,
          requireRefused(bench, answer, 'LeavingError', {
            requirement: 'peers.leave.joiners',
            to: `register_peer ${when}`,
          }),
        )
        const check = await late.call(peer, 'check', [])
        requireResult(bench, check.answer, [id, bench.type], {
          requirement: 'peers.call.dispatch',
          to: `check ${when}`,
        })
        const message = await late.call(peer, 'print_message', [99, 'farewell'])
        requireResult(bench, message.answer, null, {
          requirement: 'peers.call.dispatch',
          to: `print_message ${when}`,
        })
      }
      const stopping = leave(peer)
      await requireCall(bench, nameService, 'unregister', { requirement: ORDER, expected: 'unregister' })
      await refused('while unregister is under way')
      requireWaiting(bench, stopping, 'peers.leave.dead', 'stop to wait for the answer to unregister')
      unregistering.open()
      await requireCall(bench, second, 'unregister_peer', {
        requirement: ORDER,
        expected: 'unregister_peer',
      })
      await refused('while unregister_peer is under way')
      requireWaiting(bench, stopping, 'peers.leave.dead', 'stop to wait for the answer to unregister_peer')
      telling.open()
      await requireSuccess(bench, stopping, ORDER, 'stop to succeed')
      requireFarewells(bench, peer, id, [first, second])
    },
  }),
  peersCase({
    id: 'peers.leave.joiners/two-leave',
    role: 'peers.peer',
    title: 'a peer of the list leaves at the same time: it is told once or not at all, and both end',
    also: ['peers.leave.order', 'peers.leave.dead', 'peers.list.unregister'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'unregister_peer of the other answered during the own stop, which ends',
    hint: 'Two peers that leave tell each other. Serve calls until your last one has ended.',
    async run(bench: PeersBench) {
      const { peer, id, nameService, lower } = await bench.peerAmongPlayed(2, 0)
      const [first, second] = lower
      if (first === undefined || second === undefined) throw new Error('two lower peers')
      const unregistering = gate()
      nameService.on('unregister', unregistering.handler)
      second.on('unregister_peer', async () => {
        const { answer } = await second.call(peer, 'unregister_peer', [second.id])
        bench.requireFrame(answer, {
          requirement: 'peers.call.dispatch',
          expected: 'an answer to unregister_peer while the peer leaves',
        })
        return { result: null }
      })
      const stopping = leave(peer)
      await requireCall(bench, nameService, 'unregister', { requirement: ORDER, expected: 'unregister' })
      const { answer } = await first.call(peer, 'unregister_peer', [first.id])
      const frame = requireResult(bench, answer, null, {
        requirement: 'peers.list.unregister',
        to: 'unregister_peer of a peer of the list, while this one leaves',
      })
      unregistering.open()
      await requireSuccess(bench, stopping, 'peers.leave.dead', 'stop to succeed')
      requireFarewells(bench, peer, id, [second])
      bench.evidence('both left', frame)
    },
  }),
  peersCase({
    id: 'peers.leave.order/stop-twice',
    role: 'peers.peer',
    title:
      'a second stop is answered together with the first and tells nobody again; a join after it is refused',
    also: ['control.stop', 'control.reply'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence:
      'two replies after the last answer, not-started for the join, one unregister, one unregister_peer',
    hint: 'Remember that you are leaving; the second stop only waits.',
    async run(bench: PeersBench) {
      const { peer, id, lower } = await bench.peerAmongPlayed(1, 0)
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const held = gate()
      first.on('unregister_peer', held.handler)
      const stopping = leave(peer)
      const again = begun(peer.rawCommand('stop', {}))
      await requireCall(bench, first, 'unregister_peer', { requirement: ORDER, expected: 'unregister_peer' })
      requireWaiting(bench, stopping, 'peers.leave.dead', 'stop to wait for the answer')
      requireWaiting(bench, again, ORDER, 'the second stop to wait for the same')
      await requireFailure(bench, join(peer), ['not-started'], ORDER, 'for a join that comes after stop')
      held.open()
      await requireSuccess(bench, stopping, ORDER, 'stop to succeed')
      const reply = await requireSuccess(bench, again, ORDER, 'the second stop to be answered')
      bench.require(reply.ok === true, {
        requirement: ORDER,
        expected: 'success for the second stop too',
        actual: JSON.stringify(reply),
      })
      requireFarewells(bench, peer, id, [first])
    },
  }),
]
