// Peers of the program that die, stand still or lose a link: the others go on without them. peers.md sections 5 and 6.
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench } from '../../verdict/peers-bench.ts'
import { begun, requireFailure, requireSuccess } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import {
  type Company,
  companyOf,
  requireAllTalk,
  requireComplete,
  requireMessage,
} from './procedures/company.ts'
import { join } from './procedures/scene.ts'
import { idsOf, requireIds } from './procedures/standstill.ts'

const DEAD = 'peers.list.dead'

/** This peer finds out that these are dead, by a message to each. */
async function discover(
  bench: PeersBench,
  node: PeerNode,
  dead: readonly number[],
  codes: readonly string[],
): Promise<void> {
  for (const to of dead)
    await requireFailure(
      bench,
      begun(node.command('send', { to, text: 'are you there?' })),
      codes,
      'peers.message.dead',
      `for peer ${to}, which is dead`,
    )
  await requireIds(bench, node, 'left', dead, DEAD)
}

const without = (company: Company, gone: readonly number[]): Company =>
  new Map([...company].filter(([id]) => !gone.includes(id)))

export const clusterDeathCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.message.dead/two-of-six-killed',
    role: 'peers.peer',
    title: 'two of six peers are killed: the others find out when they write to them, and go on',
    also: [DEAD, 'peers.message.send', 'peers.join.dead', 'peers.message.not-found'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence:
      'unreachable and left at each of the others, messages between them, a newcomer that leaves the dead out',
    hint: 'The name service does not know of the dead yet: a newcomer is told of them and has to bear it.',
    cluster: true,
    ownProcesses: true,
    async run(bench: PeersBench) {
      const company = await companyOf(bench, await bench.cluster(6))
      const [, second, , fourth] = [...company.keys()]
      if (second === undefined || fourth === undefined) throw new Error('six peers')
      const dead = [second, fourth]
      for (const id of dead) await company.get(id)?.kill()
      const living = without(company, dead)
      await requireAllTalk(bench, living, 'peers.message.dead')
      for (const node of living.values()) await discover(bench, node, dead, ['unreachable'])
      await requireComplete(bench, living, DEAD, 'after two were killed')
      const newcomer = await bench.peer()
      const { id } = await requireSuccess(bench, join(newcomer), 'peers.join.dead', 'join to succeed')
      const grown = new Map([...living, [id, newcomer]])
      await requireComplete(bench, grown, 'peers.join.dead', 'after a newcomer has come')
      await requireAllTalk(bench, grown)
    },
  }),
  peersCase({
    id: 'peers.message.dead/paused',
    role: 'peers.peer',
    title: 'a peer that stands still counts as dead for who writes to it; when it goes on it can still write',
    also: [DEAD, 'peers.call.survive', 'peers.message.receive'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence:
      'timeout and left at the writer, messages between the others meanwhile, one of the peer that went on',
    hint: 'The system accepts connections for a process that stands still: only your own timeout tells.',
    cluster: true,
    ownProcesses: true,
    async run(bench: PeersBench) {
      const config = { callTimeoutMs: 2 * bench.timing.callTimeoutMs }
      const company = await companyOf(bench, await bench.cluster(3, { config }))
      const [writer, still, other] = [...company.keys()]
      if (writer === undefined || still === undefined || other === undefined) throw new Error('three peers')
      const [writerNode, stillNode] = [company.get(writer), company.get(still)]
      if (writerNode === undefined || stillNode === undefined) throw new Error('three peers')
      stillNode.pause()
      await discover(bench, writerNode, [still], ['timeout'])
      await requireMessage(bench, company, writer, other, 'peers.call.survive')
      await requireMessage(bench, company, other, writer, 'peers.call.survive')
      stillNode.resume()
      await requireMessage(bench, company, still, writer, 'peers.message.receive')
      await requireFailure(
        bench,
        begun(writerNode.command('send', { to: still, text: 'welcome back' })),
        ['not-found'],
        'peers.message.not-found',
        'for a peer that has left the list',
      )
    },
  }),
  peersCase({
    id: 'peers.join.at-once/after-a-crash',
    role: 'peers.peer',
    needsRoles: ['peers.name-service'],
    title: 'a peer is killed, starts again at the same address and joins under a new id',
    also: ['peers.join.done', 'peers.list.register', 'peers.list.address', 'peers.message.send'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'a new id, complete lists without the old one, messages both ways',
    hint: 'Nothing of the earlier life counts: no id until the name service gives one.',
    cluster: true,
    ownProcesses: true,
    async run(bench: PeersBench) {
      const nameService = await bench.nameService()
      const company = await companyOf(bench, await bench.cluster(3, { at: nameService }))
      const [, crashed] = [...company.keys()]
      const victim = crashed === undefined ? undefined : company.get(crashed)
      if (crashed === undefined || victim === undefined) throw new Error('three peers')
      await victim.kill()
      const again = await bench.peer({ seat: victim.seat })
      const { id } = await requireSuccess(bench, join(again), 'peers.join.done', 'join to succeed')
      bench.require(id !== crashed, {
        requirement: 'peers.register.id',
        expected: 'a new id',
        actual: `${id} again`,
      })
      const now = new Map([...without(company, [crashed]), [id, again]])
      await requireComplete(bench, now, 'peers.list.address', 'after the crashed one has come back')
      for (const node of without(now, [id]).values()) {
        const told = [await idsOf(node, 'left'), await idsOf(node, 'joined')].map((ids) => ids.at(-1))
        bench.require(told.join() === `${crashed},${id}`, {
          requirement: 'peers.list.address',
          expected: `the events left of ${crashed} and joined of ${id}`,
          actual: JSON.stringify(node.events.slice(-3)),
        })
      }
      await requireAllTalk(bench, now)
    },
  }),
  peersCase({
    id: 'peers.list.dead/cut-link',
    role: 'peers.peer',
    title:
      'the link from one peer to another is cut: only that one drops the other, and it works again after register_peer',
    also: ['peers.message.dead', 'peers.message.send', 'peers.message.receive', 'peers.leave.order'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'unreachable and left in one direction, messages in the other and with the third peer',
    hint: 'What you find out about a peer is yours: the others may still reach it.',
    cluster: true,
    async run(bench: PeersBench) {
      const company = await companyOf(bench, await bench.cluster(3))
      const [one, two, three] = [...company.keys()]
      if (one === undefined || two === undefined || three === undefined) throw new Error('three peers')
      const [oneNode, twoNode, threeNode] = [company.get(one), company.get(two), company.get(three)]
      if (!oneNode || !twoNode || !threeNode) throw new Error('three peers')
      const link = bench.link(oneNode.seat, twoNode.seat)
      link.set({ tcpRefuse: true })
      await discover(bench, oneNode, [two], ['unreachable'])
      await requireMessage(bench, company, two, one, 'peers.message.receive')
      await requireMessage(bench, company, one, three, 'peers.message.dead')
      await requireMessage(bench, company, three, two, 'peers.message.dead')
      for (const [node, others] of [
        [twoNode, [one, three]],
        [threeNode, [one, two]],
      ] as const) {
        const ids = (await node.state()).peers.map(({ id }) => id)
        bench.require(ids.join() === others.join(), {
          requirement: DEAD,
          expected: `the list ${others.join()} of a peer whose links stand`,
          actual: ids.join(),
        })
      }
      link.set({})
      await requireSuccess(
        bench,
        begun(
          twoNode.command('call', {
            address: twoNode.addressFor(oneNode.seat),
            method: 'register_peer',
            args: [two, twoNode.addressFor(twoNode.seat)],
          }),
        ),
        'peers.list.register',
        'register_peer to be answered',
      )
      await requireComplete(bench, company, 'peers.list.register', 'once the link stands again')
      await requireAllTalk(bench, company)
    },
  }),
  peersCase({
    id: 'peers.list.dead/black-hole',
    role: 'peers.peer',
    title: 'a link accepts connections and passes nothing: timeout, and the peer at its end is dropped',
    also: ['peers.message.dead', 'peers.join.dead', 'peers.call.survive'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence:
      'timeout and left for the peer behind the hole, messages to the other, a newcomer behind such a link',
    hint: 'A connection that stands says nothing about the other side.',
    cluster: true,
    async run(bench: PeersBench) {
      const config = { callTimeoutMs: 2 * bench.timing.callTimeoutMs }
      const nodes = await bench.cluster(3, { config })
      const company = await companyOf(bench, nodes)
      const [one, two, three] = [...company.keys()]
      if (one === undefined || two === undefined || three === undefined) throw new Error('three peers')
      const [oneNode, twoNode] = [company.get(one), company.get(two)]
      if (oneNode === undefined || twoNode === undefined) throw new Error('three peers')
      bench.link(oneNode.seat, twoNode.seat).set({ tcpBlackhole: true })
      const newcomer = await bench.peer({ config })
      bench.link(newcomer.seat, twoNode.seat).set({ tcpBlackhole: true })
      const joining = join(newcomer)
      await discover(bench, oneNode, [two], ['timeout'])
      await requireMessage(bench, company, one, three, 'peers.call.survive')
      const { id, peers } = await requireSuccess(bench, joining, 'peers.join.dead', 'join to succeed')
      const listed = peers.map((entry) => entry.id).join()
      bench.require(listed === [one, three].join(), {
        requirement: 'peers.join.dead',
        expected: `the list ${one},${three}: no answer comes through the hole`,
        actual: listed,
      })
      await requireMessage(bench, new Map([...company, [id, newcomer]]), id, three)
    },
  }),
  peersCase({
    id: 'peers.message.dead/reset-links',
    role: 'peers.peer',
    title: 'links that reset each connection half way through a request or an answer',
    also: [DEAD, 'peers.call.survive', 'peers.message.send'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'unreachable for the message, left, and messages over the links that stand',
    hint: 'A reset can come at any time: at connect, while you write, while you read.',
    cluster: true,
    async run(bench: PeersBench) {
      const company = await companyOf(bench, await bench.cluster(4))
      const [one, two, three, four] = [...company.keys()]
      if (one === undefined || two === undefined || three === undefined || four === undefined)
        throw new Error('four peers')
      const nodes = [one, two, three].map((id) => company.get(id))
      const [oneNode, twoNode, threeNode] = nodes
      if (!oneNode || !twoNode || !threeNode) throw new Error('four peers')
      bench.link(oneNode.seat, twoNode.seat).set({ tcpResetAfterBytes: 20 })
      bench.link(threeNode.seat, oneNode.seat).set({ tcpResetAfterBytes: 5 })
      bench.link(oneNode.seat, threeNode.seat).set({ tcpTruncateAfterBytes: 20 })
      await discover(bench, oneNode, [two], ['unreachable'])
      await requireFailure(
        bench,
        begun(threeNode.command('send', { to: one, text: 'half' })),
        ['unreachable'],
        'peers.message.dead',
        'when the connection is reset',
      )
      await requireMessage(bench, company, one, four, 'peers.call.survive')
      await requireMessage(bench, company, two, four, 'peers.call.survive')
      await requireMessage(bench, company, four, three, 'peers.call.survive')
    },
  }),
]
