// What may happen while a join is under way: lower peers leave, later ones come. peers.md section 5.
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import { begun, requireFailure } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { gate, nothing, requireError } from './procedures/answers.ts'
import { ownAddress, requireIntroduction, requireJoined } from './procedures/joining.ts'
import { join, outside } from './procedures/scene.ts'
import { entriesFor, requireListNow } from './procedures/standstill.ts'

const LEFT = 'peers.join.left-meanwhile'

type When = 'before-the-list' | 'before-it-is-called' | 'before-its-answer' | 'after-its-answer'

/** Of three lower peers the one in the middle leaves; the first or the last holds the join up so long. */
const leaving = (when: When, title: string, hint: string): Case<'peers'> =>
  peersCase({
    id: `peers.join.left-meanwhile/${when}`,
    role: 'peers.peer',
    title,
    also: ['peers.join.done', 'peers.call.dispatch', 'peers.message.not-found'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'unregister_peer answered during the join, and a list without that peer after it',
    hint,
    async run(bench: PeersBench) {
      const { peer, nameService, lower } = await outside(bench, { lower: 3 })
      const [first, leaver, last] = lower
      if (first === undefined || leaver === undefined || last === undefined)
        throw new Error('three lower peers')
      const farewell = async () => {
        const { answer } = await leaver.call(peer, 'unregister_peer', [leaver.id])
        // Whether its id is known by then is the newcomer's affair.
        bench.evidence(
          'unregister_peer during the join',
          bench.requireFrame(answer, {
            requirement: 'peers.call.dispatch',
            expected: 'an answer to unregister_peer while the join is under way',
          }),
        )
      }
      const held = gate()
      const slow = when === 'before-it-is-called' ? first : last
      slow.on('register_peer', held.handler)
      if (when === 'before-its-answer')
        leaver.on('register_peer', async () => {
          await farewell()
          return nothing
        })
      if (when === 'before-the-list') {
        const all = [...entriesFor(peer, lower), { id: 13, address: ownAddress(peer) }]
        nameService.on('require_all', async () => {
          await farewell()
          return { result: all.map(({ id, address }) => [id, address]) }
        })
      }
      const joining = join(peer)
      await requireIntroduction(bench, peer, slow, 13)
      if (when === 'after-its-answer') await requireIntroduction(bench, peer, leaver, 13)
      if (when === 'after-its-answer' || when === 'before-it-is-called') await farewell()
      held.open()
      await requireJoined(bench, peer, joining, { id: 13, peers: entriesFor(peer, [first, last]) }, LEFT)
      const send = begun(peer.command('send', { to: leaver.id, text: 'still there?' }))
      await requireFailure(bench, send, ['not-found'], LEFT, `for peer ${leaver.id}, which has left`)
    },
  })

export const joinRaceCases: readonly Case<'peers'>[] = [
  leaving(
    'before-its-answer',
    'a lower peer calls unregister_peer before it answers register_peer',
    'Its answer says that it has heard you, not that it is still there: remember who has left during your join.',
  ),
  leaving(
    'after-its-answer',
    'a lower peer answers register_peer and leaves while another one holds up the join',
    'Take peers into the list one by one, so that unregister_peer finds them there, or remember who has left.',
  ),
  leaving(
    'before-it-is-called',
    'a lower peer leaves while the newcomer may not have called it yet',
    'unregister_peer may come before your register_peer: remember the id until your join is done.',
  ),
  leaving(
    'before-the-list',
    'a lower peer leaves while require_all is under way, whose answer still names it',
    'The answer of the name service may be older than a departure that you have heard of: remember the id from register on.',
  ),
  peersCase({
    id: 'peers.join.left-meanwhile/comes-and-goes',
    role: 'peers.peer',
    title: 'a later peer comes and goes while the join is under way, another one comes and stays',
    also: ['peers.join.order', 'peers.list.register', 'peers.list.unregister'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the events of both, and only the second in the list',
    hint: 'register_peer and unregister_peer work during a join as they do after it.',
    async run(bench: PeersBench) {
      const { peer, lower, stranger } = await outside(bench, { lower: 1 })
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const stays = await bench.playPeer()
      stranger.id = 12
      stays.id = 13
      const held = gate()
      first.on('register_peer', held.handler)
      const joining = join(peer)
      await requireIntroduction(bench, peer, first, 11)
      for (const later of [stranger, stays])
        await later.callFor(peer, 'register_peer', [later.id, later.addressFor(peer)], 'peers.join.order')
      await stranger.callFor(peer, 'unregister_peer', [12], 'peers.list.unregister')
      const { answer } = await stranger.call(peer, 'unregister_peer', [12])
      requireError(bench, answer, {
        requirement: 'peers.list.unregister',
        name: 'Exception',
        args: ["No peer with id: '12'"],
        to: 'a second unregister_peer',
      })
      await requireListNow(bench, peer, entriesFor(peer, [stays]), LEFT, 'while the join is under way')
      held.open()
      await requireJoined(bench, peer, joining, { id: 11, peers: entriesFor(peer, [first, stays]) }, LEFT)
      bench.evidence('12 came and went, 13 stays', first.received('register_peer')[0])
    },
  }),
]
