// Peers of the program that leave, one by one, all at once, and while others join. peers.md section 5.
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench } from '../../verdict/peers-bench.ts'
import { requireSuccess } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { callsOf } from './procedures/calls.ts'
import { companyOf, requireAllTalk, requireComplete, requireMessage } from './procedures/company.ts'
import { join, leave } from './procedures/scene.ts'
import { requireIds } from './procedures/standstill.ts'

const ORDER = 'peers.leave.order'

/** All of them leave at the same time. */
const leaveAtOnce = (bench: PeersBench, nodes: readonly PeerNode[]): Promise<unknown> =>
  Promise.all(
    nodes.map((node) =>
      requireSuccess(
        bench,
        leave(node, 2 * bench.timing.deadlineMs),
        'peers.leave.dead',
        'each of those that leave at once to end',
      ),
    ),
  )

export const clusterLeaveCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.leave.order/one-by-one',
    role: 'peers.peer',
    title: 'five peers leave one by one, the first, the last and one from the middle, until one is left',
    also: ['peers.list.unregister', 'peers.message.send', 'peers.leave.dead'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence:
      'after each departure complete lists of the rest, with one event left, and messages between them',
    hint: 'unregister_peer goes to everybody in your list, and takes you out of theirs.',
    cluster: true,
    async run(bench: PeersBench) {
      let nodes = await bench.cluster(5)
      const all = await companyOf(bench, nodes)
      const ids = [...all.keys()]
      const gone: number[] = []
      for (const place of [0, 4, 2, 1]) {
        const id = ids[place]
        const leaver = id === undefined ? undefined : all.get(id)
        if (id === undefined || leaver === undefined) throw new Error(`no peer at ${place}`)
        await requireSuccess(bench, leave(leaver), ORDER, `${id} to leave`)
        gone.push(id)
        nodes = nodes.filter((node) => node !== leaver)
        const rest = await companyOf(bench, nodes)
        await requireComplete(bench, rest, ORDER, `after ${id} has left`)
        for (const node of nodes) await requireIds(bench, node, 'left', gone, 'peers.list.unregister')
        const told = callsOf(bench, leaver, 'unregister_peer').length
        bench.require(told === nodes.length, {
          requirement: ORDER,
          expected: `${nodes.length} calls of unregister_peer by ${id}`,
          actual: `${told}`,
        })
        await requireAllTalk(bench, rest)
      }
    },
  }),
  peersCase({
    id: 'peers.leave.dead/at-once',
    role: 'peers.peer',
    title: 'six of eight peers leave at once: all of them end, and the other two have each other',
    also: ['peers.leave.order', 'peers.call.dispatch', 'peers.list.unregister', 'peers.message.send'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'six replies to stop, lists of the two that stay, messages between them',
    hint: 'Serve calls while you leave: who leaves at the same time wants to tell you. A call that fails changes nothing.',
    cluster: true,
    async run(bench: PeersBench) {
      const nodes = await bench.cluster(8)
      const [, second, , , fifth] = nodes
      const stay = nodes.filter((node) => node === second || node === fifth)
      await leaveAtOnce(
        bench,
        nodes.filter((node) => !stay.includes(node)),
      )
      const rest = await companyOf(bench, stay)
      await requireComplete(bench, rest, 'peers.leave.dead', 'after six have left at once')
      await requireAllTalk(bench, rest)
    },
  }),
  peersCase({
    id: 'peers.leave.dead/everybody-at-once',
    role: 'peers.peer',
    needsRoles: ['peers.name-service'],
    title: "all six peers leave at once, at the program's own name service, and three come anew",
    also: ['peers.leave.order', 'peers.call.dispatch', 'peers.join.at-once'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'six replies to stop, nobody registered, then three with complete lists',
    hint: 'Nobody may wait for somebody who has gone: a refused connection ends a call at once.',
    cluster: true,
    async run(bench: PeersBench) {
      const nameService = await bench.nameService()
      const nodes = await bench.cluster(6, { at: nameService })
      await leaveAtOnce(bench, nodes)
      const registered = (await nameService.state()).types[bench.type] ?? []
      bench.require(registered.length === 0, {
        requirement: ORDER,
        expected: 'nobody registered when all have left',
        actual: JSON.stringify(registered),
      })
      const anew = await Promise.all([bench.peer(), bench.peer(), bench.peer()])
      await Promise.all(
        anew.map((node) => requireSuccess(bench, join(node), 'peers.join.at-once', 'join to succeed')),
      )
      await requireComplete(
        bench,
        await companyOf(bench, anew),
        'peers.join.at-once',
        'of those who came anew',
      )
    },
  }),
  peersCase({
    id: 'peers.join.at-once/while-others-leave',
    role: 'peers.peer',
    title: 'four peers join while four of six others leave, all at once',
    also: [
      'peers.leave.joiners',
      'peers.leave.order',
      'peers.join.left-meanwhile',
      'peers.join.dead',
      'peers.message.send',
    ],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence:
      'four joins and four departures that end, then six complete lists without any of those who left',
    hint: 'A leaving peer refuses newcomers, and tells those whom it took before: nobody keeps a ghost.',
    cluster: true,
    async run(bench: PeersBench) {
      const nodes = await bench.cluster(6, { seats: 16 })
      const newcomers = await Promise.all(Array.from({ length: 4 }, () => bench.peer()))
      const [first, second, , fourth, , sixth] = nodes
      const leavers = nodes.filter((node) => [first, second, fourth, sixth].includes(node))
      await Promise.all([
        leaveAtOnce(bench, leavers),
        ...newcomers.map((node) =>
          requireSuccess(
            bench,
            join(node, 2 * bench.timing.deadlineMs),
            'peers.join.at-once',
            'each join to succeed while others leave',
          ),
        ),
      ])
      const stay = [...nodes.filter((node) => !leavers.includes(node)), ...newcomers]
      const company = await companyOf(bench, stay)
      await requireComplete(bench, company, 'peers.join.at-once', 'of those who stay')
      await requireAllTalk(bench, company)
    },
  }),
  peersCase({
    id: 'peers.list.unregister/come-and-go',
    role: 'peers.peer',
    title: 'peers come and go twenty times in an order drawn from the seed',
    also: ['peers.list.register', 'peers.leave.order', 'peers.join.lower', 'peers.message.send'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'complete lists and a message after each step',
    hint: 'The seed repeats the same order. Look at the first step after which a list is wrong.',
    cluster: true,
    async run(bench: PeersBench) {
      let present: readonly PeerNode[] = await bench.cluster(2, { seats: 24 })
      for (let step = 0; step < 20; step += 1) {
        const grows = present.length < 2 || (present.length < 6 && bench.random() < 0.5)
        if (grows) {
          const newcomer = await bench.peer()
          await newcomer.command('join', {})
          present = [...present, newcomer]
        } else {
          const leaver = present[Math.floor(bench.random() * present.length)]
          await leaver?.stop()
          present = present.filter((node) => node !== leaver)
        }
        const company = await companyOf(bench, present)
        await requireComplete(bench, company, 'peers.list.unregister', `after step ${step + 1}`)
        const [from, to] = [...company.keys()]
        if (from !== undefined && to !== undefined) await requireMessage(bench, company, from, to)
      }
    },
  }),
]
