// Peers of the program that join together, one after the other or at once: in the end each has all others in its list.
import type { Case } from '../../verdict/case.ts'
import type { NameServiceNode, PeerNode, PeersBench } from '../../verdict/peers-bench.ts'
import { requireSuccess } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { callsOf } from './procedures/calls.ts'
import { companyOf, requireAllTalk, requireComplete } from './procedures/company.ts'
import { join } from './procedures/scene.ts'
import { eventsOf } from './procedures/standstill.ts'

const AT_ONCE = 'peers.join.at-once'

/** So many peers, started and not joined. */
const start = (bench: PeersBench, count: number, options?: Parameters<PeersBench['peer']>[0]) =>
  Promise.all(Array.from({ length: count }, () => bench.peer(options)))

/** All of them join at the same time. */
const joinAtOnce = (bench: PeersBench, nodes: readonly PeerNode[], withinMs?: number): Promise<unknown> =>
  Promise.all(
    nodes.map((node) => requireSuccess(bench, join(node, withinMs), AT_ONCE, 'each of the joins to succeed')),
  )

/** Each pair met once: the higher one called the lower one, and that one reported it. */
async function requireOneMeeting(bench: PeersBench, nodes: readonly PeerNode[]): Promise<void> {
  const company = await companyOf(bench, nodes)
  for (const [id, node] of company) {
    const called = callsOf(bench, node, 'register_peer')
    const lower = [...company].filter(([other]) => other < id).map(([, other]) => other.seat)
    const seats = called.map(({ to }) => to).toSorted((a, b) => a - b)
    bench.require(seats.join() === lower.toSorted((a, b) => a - b).join(), {
      requirement: 'peers.join.lower',
      expected: `one register_peer of ${id} at each of the ${lower.length} lower peers and nowhere else`,
      actual: `at the seats ${seats.join(', ')}`,
      exhibits: called.map(({ n }) => ({ frame: n })),
    })
    const joined = eventsOf(node, 'joined')
      .map((event) => event.id)
      .toSorted((a, b) => a - b)
    const higher = [...company.keys()].filter((other) => other > id).toSorted((a, b) => a - b)
    bench.require(joined.join() === higher.join(), {
      requirement: 'peers.list.register',
      expected: `the events joined of ${JSON.stringify(higher)} at ${id}, once each`,
      actual: JSON.stringify(joined),
    })
  }
}

const oneByOne = (count: number): Case<'peers'> =>
  peersCase({
    id: `peers.join.done/${count}-one-by-one`,
    role: 'peers.peer',
    title: `${count} peers join one after the other`,
    also: ['peers.join.lower', 'peers.list.register', 'peers.list.self', 'peers.message.send'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'complete lists everywhere, one register_peer for each pair, messages between all pairs',
    hint: 'Who comes later calls who came earlier; who came earlier takes it into the list.',
    cluster: true,
    async run(bench: PeersBench) {
      const nodes = await bench.cluster(count)
      const company = await companyOf(bench, nodes)
      await requireComplete(bench, company, 'peers.join.done', 'after the joins')
      await requireOneMeeting(bench, nodes)
      await requireAllTalk(bench, company)
    },
  })

const AT_ONCE_HINT =
  'Call only lower ids, serve calls while you wait, and hold no lock meanwhile: then nobody waits in a circle.'

export const clusterJoinCases: readonly Case<'peers'>[] = [
  ...[2, 3, 6].map(oneByOne),
  peersCase({
    id: 'peers.join.at-once/ten',
    role: 'peers.peer',
    title: 'ten peers join at once',
    also: [
      'peers.join.lower',
      'peers.join.done',
      'peers.call.dispatch',
      'peers.list.register',
      'peers.message.send',
    ],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence:
      'ten joins that end, complete lists, one register_peer for each pair, messages between all pairs',
    hint: AT_ONCE_HINT,
    cluster: true,
    async run(bench: PeersBench) {
      await bench.playNameService()
      const nodes = await start(bench, 10)
      await joinAtOnce(bench, nodes)
      const company = await companyOf(bench, nodes)
      await requireComplete(bench, company, AT_ONCE, 'after ten joins at once')
      await requireOneMeeting(bench, nodes)
      await requireAllTalk(bench, company)
    },
  }),
  peersCase({
    id: 'peers.join.at-once/slow-links',
    role: 'peers.peer',
    title: 'six peers join at once, over links of different delay that pass a few bytes at a time',
    also: ['peers.join.lower', 'peers.call.split', 'peers.call.dispatch', 'peers.message.send'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'six joins that end, complete lists, messages between all pairs',
    hint: AT_ONCE_HINT,
    cluster: true,
    async run(bench: PeersBench) {
      await bench.playNameService()
      const nodes = await start(bench, 6)
      for (const a of nodes)
        for (const b of nodes)
          if (a !== b)
            bench.link(a.seat, b.seat).set({ delayMs: bench.random() * 30, jitterMs: 10, tcpChunkBytes: 20 })
      await joinAtOnce(bench, nodes)
      const company = await companyOf(bench, nodes)
      await requireComplete(bench, company, AT_ONCE, 'after six joins over slow links')
      await requireAllTalk(bench, company)
    },
  }),
  peersCase({
    id: 'peers.join.at-once/own-name-service',
    role: 'peers.peer',
    needsRoles: ['peers.name-service'],
    title: "eight peers join at once at the program's own name service",
    also: ['peers.join.lower', 'peers.join.done', 'peers.message.send', 'peers.leave.order'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'the name service and all eight peers agree on who is there, also when three have left',
    hint: 'The list of a peer and that of the name service come together: compare state of both.',
    cluster: true,
    async run(bench: PeersBench) {
      const nameService = await bench.nameService()
      const nodes = await start(bench, 8)
      await joinAtOnce(bench, nodes)
      const company = await companyOf(bench, nodes)
      await requireComplete(bench, company, AT_ONCE, 'after eight joins at once')
      await requireRegistered(bench, nameService, [...company.keys()])
      await requireAllTalk(bench, company)
      const [first, , third, , , last] = nodes
      for (const node of [first, third, last]) await node?.stop()
      const rest = await companyOf(
        bench,
        nodes.filter((node) => node !== first && node !== third && node !== last),
      )
      await requireComplete(bench, rest, 'peers.leave.order', 'after three have left')
      await requireRegistered(bench, nameService, [...rest.keys()])
    },
  }),
  peersCase({
    id: 'peers.join.order/two-types',
    role: 'peers.peer',
    needsRoles: ['peers.name-service'],
    title: 'peers of two types join at once at one name service, and see only their own kind',
    also: ['peers.join.at-once', 'peers.list.self', 'peers.message.not-found'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'complete lists of each type, messages within them',
    hint: 'Give your own type to register and to require_all.',
    cluster: true,
    async run(bench: PeersBench) {
      await bench.nameService()
      const other = { config: { type: `${bench.type}-other` } }
      const [these, those] = [await start(bench, 3), await start(bench, 3, other)]
      await joinAtOnce(bench, [...these, ...those])
      for (const nodes of [these, those]) {
        const company = await companyOf(bench, nodes)
        await requireComplete(bench, company, 'peers.join.order', 'of their own type')
        await requireAllTalk(bench, company)
      }
    },
  }),
  peersCase({
    id: 'peers.join.at-once/twenty-four',
    role: 'peers.peer',
    title: 'twenty-four peers join at once',
    also: ['peers.join.done', 'peers.join.lower'],
    stage: stage.many,
    observes: ['wire', 'control'],
    evidence: 'twenty-four joins that end, and complete lists',
    hint: AT_ONCE_HINT,
    cluster: true,
    async run(bench: PeersBench) {
      await bench.playNameService({ seats: 25 })
      const nodes = await start(bench, 24)
      await joinAtOnce(bench, nodes, 4 * bench.timing.deadlineMs)
      await requireComplete(bench, await companyOf(bench, nodes), AT_ONCE, 'after 24 joins at once')
    },
  }),
]

/** The name service has exactly these ids under the type of the case, at the latest when the time is over. */
async function requireRegistered(
  bench: PeersBench,
  nameService: NameServiceNode,
  ids: readonly number[],
): Promise<void> {
  const expected = ids.toSorted((a, b) => a - b).join()
  let known = ''
  await bench.until(async () => {
    known = ((await nameService.state()).types[bench.type] ?? []).map(({ id }) => id).join()
    return known === expected
  })
  bench.require(known === expected, {
    requirement: 'peers.join.order',
    expected: `the ids ${expected} at the name service`,
    actual: known === '' ? 'nobody' : known,
  })
}
