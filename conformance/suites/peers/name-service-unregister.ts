// Leaving the name service, and how many it has room for. peers.md section 4.
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import { stage } from './define.ts'
import { nameServiceCase } from './name-service-case.ts'
import { callText, requireRefused } from './procedures/call-results.ts'
import {
  type Enlisted,
  enlist,
  farAddress,
  register,
  requireGone,
  requireInTheEnd,
  requireRegistered,
  requireUnchanged,
  unregister,
} from './procedures/registrations.ts'

/** So many enlisted peers, one by one. */
const at = (enlisted: readonly Enlisted[], place: number): Enlisted => {
  const found = enlisted[place]
  if (found === undefined) throw new Error(`no peer ${place} is enlisted`)
  return found
}

export const nameServiceUnregisterCases: readonly Case<'peers'>[] = [
  nameServiceCase({
    id: 'peers.unregister.removes/one-by-one',
    also: ['peers.require.all', 'peers.require.object', 'peers.require.nobody', 'peers.name-service.state'],
    title: 'peers leave one by one: from the middle, the oldest, the newest, the last',
    stage: stage.unregister,
    observes: ['wire', 'control'],
    evidence: 'null for each, and everywhere exactly those who are left, until the type is gone from state',
    hint: 'Remove the entry with this id, not the one at this place; drop a type with its last peer.',
    async run(bench: PeersBench) {
      const node = await bench.nameService()
      const enlisted = await enlist(bench, node, 5)
      const asker = await bench.playPeer()
      let left = enlisted
      for (const place of [2, 0, 4, 1, 3]) {
        const leaver = at(enlisted, place)
        const frame = await unregister(bench, node, leaver.peer, leaver)
        left = left.filter((one) => one !== leaver)
        await requireGone(bench, node, asker, leaver, 'peers.unregister.removes')
        await requireUnchanged(
          bench,
          node,
          asker,
          left,
          'peers.unregister.removes',
          `the unregister of id ${leaver.id}, with ${left.length} left`,
        )
        bench.evidence(`id ${leaver.id} has left`, frame)
      }
    },
  }),
  nameServiceCase({
    id: 'peers.unregister.refused/id-type-or-hash',
    also: ['peers.unregister.removes', 'peers.name-service.state'],
    title: 'unregister with another id, type or hash, and a second time, is refused',
    stage: stage.unregister,
    observes: ['wire', 'control'],
    evidence: 'a ValueError for each and nobody removed; then the right one works, and no second time',
    hint: 'Compare the whole hash with the one of this id, and check the type too.',
    async run(bench: PeersBench) {
      const node = await bench.nameService()
      const [first, second] = await enlist(bench, node, 2)
      if (first === undefined || second === undefined) throw new Error('two are enlisted')
      const elsewhere = await register(bench, node, first.peer, farAddress(1), `${bench.type}-other`)
      const requirement = 'peers.unregister.refused'
      const { id, type, hash } = first
      const asker = await bench.playPeer()
      const wrong: readonly (readonly unknown[])[] = [
        [id, type, second.hash],
        [id, type, `${hash}x`.slice(0, 100)],
        [id, type, `x${hash}`.slice(0, 100)],
        [id, type, hash.slice(0, -1) || 'x'],
        [id, type, `${hash} `.slice(0, 100)],
        [id, type, hash === hash.toUpperCase() ? `${hash.slice(1)}~` : hash.toUpperCase()],
        [second.id, type, hash],
        [id + 1000, type, hash],
        [id, elsewhere.type, hash],
        [id, elsewhere.type, elsewhere.hash],
        [elsewhere.id, type, elsewhere.hash],
        [id, `${type}-of-nobody`, hash],
        [id, '__proto__', hash],
        // A hash of a hundred characters can't be made longer.
      ].filter(([, , guess], i) => i > 5 || guess !== hash)
      for (const args of wrong) {
        const { answer } = await asker.call(node, 'unregister', args)
        requireRefused(bench, answer, 'ValueError', { requirement, to: callText('unregister', args) })
      }
      await requireRegistered(bench, node, asker, [first, second], { requirement, when: 'after refusals' })
      await requireRegistered(bench, node, asker, [elsewhere], {
        requirement,
        when: 'after refusals, for the other type',
        type: elsewhere.type,
      })
      const frame = await unregister(bench, node, first.peer, first)
      for (let i = 0; i < 2; i += 1) {
        const { answer } = await asker.call(node, 'unregister', [id, type, hash])
        requireRefused(bench, answer, 'ValueError', { requirement, to: 'a second unregister' })
      }
      await requireRegistered(bench, node, asker, [second], {
        requirement,
        when: 'after the right unregister',
      })
      bench.evidence(`${wrong.length} wrong ones refused, the right one taken`, frame)
    },
  }),
  nameServiceCase({
    id: 'peers.name-service.bounds/registrations-max',
    also: ['peers.register.again', 'peers.unregister.removes', 'peers.require.types', 'peers.register.id'],
    title: 'a name service with room for four',
    stage: stage.unregister,
    observes: ['wire', 'control'],
    evidence:
      'a BusyError for the fifth of any type, the four unharmed, a free place after one has left or has come back',
    hint: 'Count all types together, before you add; a peer that takes its own old place needs no new one.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: { registrationsMax: 4 } })
      const here = await enlist(bench, node, 3)
      const other = `${bench.type}-other`
      const asker = await bench.playPeer()
      const requirement = 'peers.name-service.bounds'
      const there = await register(bench, node, asker, farAddress(1), other, requirement)
      const requireFull = async (when: string) => {
        for (const [type, n] of [
          [bench.type, 5],
          [other, 6],
          [`${bench.type}-new`, 7],
        ] as const) {
          const { answer } = await asker.call(node, 'register', [type, farAddress(n)])
          requireRefused(bench, answer, 'BusyError', { requirement, to: `a registration ${when}` })
        }
      }
      const requireAllThere = async (peers: readonly Enlisted[], when: string) => {
        await requireRegistered(bench, node, asker, peers, { requirement, when })
        await requireRegistered(bench, node, asker, [there], { requirement, when, type: other })
        await requireRegistered(bench, node, asker, [], { requirement, when, type: `${bench.type}-new` })
      }
      await requireFull('beyond four')
      await requireAllThere(here, 'after refused registrations')
      // At the same address: no fifth, but one of the four again.
      const returning = at(here, 0)
      const back = await register(
        bench,
        node,
        returning.peer,
        returning.address,
        bench.type,
        'peers.register.again',
      )
      returning.peer.id = back.id
      const now = [at(here, 1), at(here, 2), { ...back, peer: returning.peer }]
      await requireAllThere(now, 'after one of four has come back')
      await requireFull('while all places are taken again')
      const leaver = at(now, 0)
      await unregister(bench, node, leaver.peer, leaver)
      const next = await register(bench, node, leaver.peer, leaver.address, bench.type, requirement)
      leaver.peer.id = next.id
      await requireFull('after the free place was taken')
      await requireAllThere([...now.slice(1), { ...next, peer: leaver.peer }], 'in the end')
      bench.evidence('full, and a place for who comes after one has left', next.frame)
    },
  }),
  nameServiceCase({
    id: 'peers.name-service.bounds/dropped-make-room',
    also: ['peers.unregister.check'],
    title: 'peers that are dropped by a check make room',
    stage: stage.unregister,
    observes: ['wire'],
    evidence: 'a BusyError with four registered, and two free places when one has left and one has died',
    hint: 'Whatever way a registration ends, it no longer counts.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: { registrationsMax: 4 } })
      const [leaver, dead, ...rest] = await enlist(bench, node, 4)
      if (leaver === undefined || dead === undefined) throw new Error('four are enlisted')
      const requirement = 'peers.name-service.bounds'
      const asker = await bench.playPeer()
      const other = `${bench.type}-other`
      const { answer } = await asker.call(node, 'register', [other, farAddress(1)])
      requireRefused(bench, answer, 'BusyError', { requirement, to: 'the fifth registration' })
      dead.peer.die()
      await unregister(bench, node, leaver.peer, leaver)
      await requireInTheEnd(bench, node, asker, rest, {
        requirement: 'peers.unregister.check',
        when: 'after one has left and one has died',
      })
      for (const n of [1, 2]) {
        const { frame } = await register(bench, node, asker, farAddress(n), other, requirement)
        bench.evidence(`room for number ${n + 2}`, frame)
      }
      const refused = await asker.call(node, 'register', [other, farAddress(3)])
      requireRefused(bench, refused.answer, 'BusyError', { requirement, to: 'a registration beyond four' })
    },
  }),
]
