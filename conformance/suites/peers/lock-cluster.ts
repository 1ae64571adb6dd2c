// Many peers of the program that want the lock, while others come, leave and die. The oracle judges what was seen of it.
// peers.md section 7.
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench } from '../../verdict/peers-bench.ts'
import { lockCase } from './procedures/lock.ts'
import { LockRun, patient, slowLinks } from './procedures/lock-run.ts'

const SAFETY = ['peers.lock.token', 'peers.lock.order', 'peers.lock.pass-once']

/** So many peers of the program, which have joined one after the other. */
const started = async (bench: PeersBench, count: number, seats = count): Promise<LockRun> => {
  const run = new LockRun(bench)
  await run.adopt(await bench.cluster(count, { lock: true, seats: seats + 1, config: patient(bench) }))
  return run
}

/** Milliseconds for which a lock is held: from the seed of the case, mostly none. */
const briefly = (bench: PeersBench) => () => (bench.random() < 0.3 ? Math.floor(bench.random() * 4) : 0)

const contention = (count: number, rounds: number, slug: string): Case<'peers'> =>
  lockCase({
    id: `peers.lock.one/contention-${slug}`,
    title: `${count} peers acquire and release ${rounds} times each, all at once, over links that delay by chance`,
    also: ['peers.lock.live', ...SAFETY],
    evidence: `${count * rounds} times held, one holder at a time, one token at the end`,
    hint: 'Look at the calls in the report: who passed a token that it did not have, or kept one that it passed?',
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, count)
      slowLinks(bench, run.nodes, 4)
      await Promise.all(run.nodes.map((node) => run.contend(node, rounds, briefly(bench))))
      await run.requireRight(`after ${count * rounds} acquires of ${count} peers`)
      bench.require(run.holds === count * rounds, {
        requirement: 'peers.lock.live',
        expected: `${count * rounds} acquires to succeed`,
        actual: `${run.holds}`,
      })
    },
  })

/** The same in the form of one peer that never gets its turn, if the search begins at the lowest id. */
const starvation = lockCase({
  id: 'peers.lock.order/nobody-starves',
  title:
    'two low peers acquire again as soon as they have released, until the highest one has held the lock six times',
  also: ['peers.lock.live', 'peers.lock.one'],
  evidence: 'six times held by the highest, never twice by another one while it waited',
  hint: 'Look for the next one from your own id upwards: else two low ids pass the token to each other for ever.',
  cluster: true,
  async run(bench: PeersBench) {
    const run = await started(bench, 4)
    const [first, second, , highest] = run.nodes as [PeerNode, PeerNode, PeerNode, PeerNode]
    let over = false
    const greedy = async (node: PeerNode): Promise<void> => {
      // 400 rounds are far more than the six of the other one take; a bound, in case it never gets its turn.
      for (let round = 0; round < 400 && !over; round += 1) await run.contend(node, 1)
    }
    const waiting = async (): Promise<void> => {
      await run.contend(highest, 6)
      over = true
    }
    await Promise.all([waiting(), greedy(first), greedy(second)])
    await run.requireRight('after a race of two low peers against the highest')
  },
})

const changes: readonly Case<'peers'>[] = [
  lockCase({
    id: 'peers.lock.one/joined-at-once',
    title: 'six peers join at once, then all acquire: one token was made',
    also: ['peers.lock.create', 'peers.lock.hold-joiners', 'peers.join.at-once', 'peers.lock.live'],
    evidence: 'six joins answered, twelve times held, one token at the end',
    hint: 'Two tokens: two of them thought that they were the lowest. None: each of them found somebody in its list.',
    cluster: true,
    async run(bench: PeersBench) {
      await bench.playNameService({ seats: 7 })
      const run = new LockRun(bench)
      const nodes = await Promise.all(
        Array.from({ length: 6 }, () => bench.peer({ lock: true, config: patient(bench) })),
      )
      await Promise.all(nodes.map((node) => run.join(node)))
      await Promise.all(nodes.map((node) => run.contend(node, 2)))
      await run.requireRight('after six joins at once')
    },
  }),
  lockCase({
    id: 'peers.lock.live/newcomers',
    title: 'three peers contend while three others join and contend too',
    also: ['peers.lock.one', 'peers.lock.request-newcomer', 'peers.lock.token', 'peers.lock.order'],
    evidence: 'every acquire answered, one holder at a time, one token at the end',
    hint: 'Who comes into the list while the token is here or under way has to be asked, and has to be in the token.',
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 3, 6)
      slowLinks(bench, run.nodes, 3)
      const newcomer = async (): Promise<void> =>
        run.contend(await run.enter({ lock: true }), 3, briefly(bench))
      await Promise.all([
        ...run.nodes.map((node) => run.contend(node, 8, briefly(bench))),
        newcomer(),
        newcomer(),
        newcomer(),
      ])
      await run.requireRight('after three joins among acquires')
    },
  }),
  lockCase({
    id: 'peers.lock.live/leavers',
    title: 'six peers contend; one leaves while it holds the lock, one after a release, one that never asked',
    also: ['peers.lock.leave', 'peers.lock.leave-order', 'peers.lock.one', 'peers.lock.dead'],
    evidence: 'every acquire of the three that stay answered, one token at the end',
    hint: 'Who leaves hands its token on and refuses a new one; who refuses is passed over.',
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 6)
      slowLinks(bench, run.nodes, 3)
      const [holder, quiet, releaser, ...staying] = run.nodes as [PeerNode, PeerNode, PeerNode, ...PeerNode[]]
      const leaveHolding = async (): Promise<void> => {
        await run.contend(holder, 2)
        await run.acquire(holder)
        await run.leave(holder)
      }
      const leaveAfterwards = async (): Promise<void> => {
        await run.contend(releaser, 3)
        await run.leave(releaser)
      }
      const leaveUnheard = async (): Promise<void> => {
        await run.contend(staying[0] as PeerNode, 2)
        await run.leave(quiet)
        await run.contend(staying[0] as PeerNode, 4)
      }
      await Promise.all([
        leaveHolding(),
        leaveAfterwards(),
        leaveUnheard(),
        ...staying.slice(1).map((node) => run.contend(node, 6, briefly(bench))),
      ])
      await run.requireRight('after three departures among acquires')
    },
  }),
  lockCase({
    id: 'peers.lock.live/join-and-leave-at-once',
    title:
      'six times the peer with the token leaves while a newcomer joins: afterwards everybody gets the lock',
    also: ['peers.lock.leave', 'peers.lock.create', 'peers.lock.hold-joiners', 'peers.lock.one'],
    evidence: 'after each of six rounds every present peer has held the lock, and there is one token',
    hint: "The newcomer may be registered and in nobody's list: that is why the one that leaves asks the name service who is there.",
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 2, 8)
      for (let round = 0; round < 6; round += 1) {
        const [leaver] = run.nodes as [PeerNode]
        await run.contend(leaver, 1)
        const newcomer = await bench.peer({ lock: true, config: patient(bench) })
        const pauseMs = Math.floor(bench.random() * 3)
        const leave = async (): Promise<void> => {
          if (pauseMs > 0) await bench.quiet(() => false, pauseMs)
          await run.leave(leaver)
        }
        await Promise.all(round % 2 === 0 ? [run.join(newcomer), leave()] : [leave(), run.join(newcomer)])
        await Promise.all(run.nodes.map((node) => run.contend(node, 1)))
        await run.requireRight(`after departure and join number ${round + 1}`)
      }
    },
  }),
  lockCase({
    id: 'peers.lock.live/all-but-one-leave',
    title:
      'five peers leave at once, whoever has the token; the one that stays gets the lock, and the next one after it too',
    also: ['peers.lock.leave', 'peers.lock.leave-order', 'peers.lock.create', 'peers.lock.one'],
    evidence: 'the lock held by the last one, then by a newcomer that came when nobody was left',
    hint: 'Of two that leave one may hand the token to the other: that one refuses, so the first finds somebody else.',
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 6, 7)
      const [, , , last] = run.nodes as [PeerNode, PeerNode, PeerNode, PeerNode]
      const leavers = run.nodes.filter((node) => node !== last)
      await Promise.all(leavers.map((node) => run.contend(node, 1)))
      await Promise.all([...leavers.map((node) => run.leave(node)), run.contend(last, 3)])
      await run.contend(last, 1)
      await run.requireRight('after five departures at once')
      await run.leave(last)
      const newcomer = await run.enter({ lock: true })
      await run.contend(newcomer, 1)
      await run.requireRight('with a newcomer that is alone')
    },
  }),
  lockCase({
    id: 'peers.lock.live/deaths',
    title: 'three peers contend; two others, which have no token, are killed meanwhile',
    also: ['peers.lock.dead', 'peers.list.dead', 'peers.lock.one'],
    evidence: 'every acquire answered, the dead ones gone from all lists, one token at the end',
    hint: 'A call to a dead peer fails: that ends this call and takes it out of the list, nothing else.',
    ownProcesses: true,
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 5)
      const [first, doomed, second, third, late] = run.nodes as [
        PeerNode,
        PeerNode,
        PeerNode,
        PeerNode,
        PeerNode,
      ]
      const killBetween = async (): Promise<void> => {
        await run.contend(first, 2)
        await run.kill(doomed)
        await run.contend(first, 2)
        await run.kill(late)
        await run.contend(first, 2)
      }
      await Promise.all([
        killBetween(),
        ...[second, third].map((node) => run.contend(node, 8, briefly(bench))),
      ])
      for (const node of run.nodes) await run.contend(node, 1)
      await run.requireRight('after two deaths among acquires')
      for (const node of run.nodes) {
        const { peers } = await node.state()
        bench.require(peers.length === 2, {
          requirement: 'peers.list.dead',
          expected: 'two others in the list of each peer that lives',
          actual: peers.map(({ id }) => id).join(', '),
        })
      }
    },
  }),
  lockCase({
    id: 'peers.lock.one/own-name-service',
    title: 'five peers at the name service of the program contend; one leaves and one joins',
    also: ['peers.lock.live', 'peers.lock.leave', 'peers.require.all', 'peers.unregister.check'],
    evidence: 'every acquire answered, one holder at a time, one token at the end',
    hint: 'If this fails and the other cases of the lock do not, look at what your name service answers to require_all.',
    cluster: true,
    async run(bench: PeersBench) {
      const at = await bench.nameService({
        seats: 7,
        config: { checkTimeoutMs: patient(bench).callTimeoutMs },
      })
      const run = new LockRun(bench)
      await run.adopt(await bench.cluster(5, { lock: true, at, config: patient(bench) }))
      const [leaver, ...staying] = run.nodes as [PeerNode, ...PeerNode[]]
      const change = async (): Promise<void> => {
        await run.contend(leaver, 2)
        await run.leave(leaver)
        await run.contend(await run.enter({ lock: true }), 2)
      }
      await Promise.all([change(), ...staying.map((node) => run.contend(node, 4))])
      await run.requireRight('at the name service of the program')
    },
    needsRoles: ['peers.name-service'],
  }),
]

export const lockClusterCases: readonly Case<'peers'>[] = [
  contention(3, 6, 'of-three'),
  contention(4, 5, 'of-four'),
  contention(6, 4, 'of-six'),
  starvation,
  ...changes,
]
