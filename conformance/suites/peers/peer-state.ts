// What a peer tells of itself: `state` after each change. peers.md section 5.
import { isDeepStrictEqual } from 'node:util'
import type { Address } from '../../../spec/peers/messages.ts'
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import { peersCase, stage } from './define.ts'
import { requireResult } from './procedures/answers.ts'
import { outside } from './procedures/scene.ts'

const STEPS = 60
const IDS = 12

/** Nobody listens at the discard port of some loopback host; each id has two such addresses for itself. */
const addressOf = (id: number, place: number): Address => [`127.9.${place}.${id}`, 9]

export const peerStateCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.control.state/agrees-with-the-wire',
    role: 'peers.peer',
    title: 'state before the join, and after each of sixty random steps: peers come, move and go',
    also: ['peers.list.register', 'peers.list.unregister'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'id, type and list as the calls have left them, and null for what this peer does not have',
    hint: 'Make state from what the peer works with, not from a copy kept beside it. Sort the list by id.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const present = new Map<number, Address>()
      const requireState = async (id: number, when: string) => {
        const peers = [...present].map(([listed, address]) => ({ id: listed, address }))
        const expected = {
          id,
          type: bench.type,
          peers: peers.toSorted((a, b) => a.id - b.id),
          token: null,
          requests: null,
          fortunes: null,
        }
        const state = await peer.state()
        bench.require(isDeepStrictEqual(state, expected), {
          requirement: 'peers.control.state',
          expected: `${JSON.stringify(expected)} ${when}`,
          actual: JSON.stringify(state),
        })
      }
      await requireState(-1, 'before the join')
      const { id: own } = await peer.command('join', {})
      await requireState(own, 'after a join alone')
      for (let step = 1; step <= STEPS; step += 1) {
        const id = own + 1 + Math.floor(bench.random() * IDS)
        const isLeaving = present.has(id) && bench.random() < 0.5
        const address = addressOf(id, Math.floor(bench.random() * 2))
        const method = isLeaving ? 'unregister_peer' : 'register_peer'
        const { answer } = await stranger.call(peer, method, isLeaving ? [id] : [id, address])
        const frame = requireResult(bench, answer, null, {
          requirement: isLeaving ? 'peers.list.unregister' : 'peers.list.register',
          to: `${method} of ${id} in step ${step}`,
        })
        if (isLeaving) present.delete(id)
        else present.set(id, address)
        await requireState(own, `after step ${step}, ${method} of ${id}`)
        if (step === STEPS) bench.evidence(`${present.size} peers after sixty steps`, frame)
      }
    },
  }),
]
