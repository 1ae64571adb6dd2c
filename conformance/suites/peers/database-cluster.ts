// Databases of the program that are written to at once, while others come, leave, die and come back. The oracle compares the copies
// at rest with the writes and their outcomes. peers.md section 8.

import { judgeCopies, type Write } from '../../oracle/peers-database.ts'
import { judgeToken } from '../../oracle/peers-token.ts'
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench } from '../../verdict/peers-bench.ts'
import { begun } from '../outcome.ts'
import { databaseCase } from './procedures/database.ts'
import { LockRun, patienceMs, patient, slowLinks } from './procedures/lock-run.ts'

const OLD = ['old 1', 'old 2']

/** Writes to many peers, with their outcomes. */
class WriteRun {
  readonly lock: LockRun
  readonly writes: Write[] = []
  private readonly bench: PeersBench
  private moment = 0

  constructor(bench: PeersBench) {
    this.bench = bench
    this.lock = new LockRun(bench)
  }

  /** Writes at this peer, by a command of its own or, through another peer, by method. */
  async write(at: PeerNode, fortune: string, through?: PeerNode): Promise<void> {
    const begunAt = this.moment++
    const withinMs = patienceMs(this.bench)
    const outcome = await (through === undefined
      ? begun(at.command('write', { fortune }, withinMs)).outcome
      : begun(
          through.command(
            'call',
            { address: through.addressFor(at.seat), method: 'write', args: [fortune] },
            withinMs,
          ),
        ).outcome)
    const failed = !outcome.ok || (through !== undefined && 'error' in outcome.result)
    this.writes.push({
      fortune,
      outcome: failed ? 'refused' : 'done',
      begunAt,
      endedAt: this.moment++,
    })
    this.bench.require(!failed, {
      requirement: 'peers.database.write',
      expected: `the write of ${JSON.stringify(fortune)} to succeed`,
      actual: JSON.stringify(outcome),
    })
  }

  /** So many writes at each of these peers, half of them through the next one; those of one peer all at once. */
  async writeMany(nodes: readonly PeerNode[], each: number, name: string): Promise<void> {
    await Promise.all(
      nodes.flatMap((node, i) =>
        Array.from({ length: each }, (_, k) =>
          this.write(
            node,
            `${name} ${k} at ${node.seat}`,
            k % 2 === 0 ? undefined : nodes[(i + 1) % nodes.length],
          ),
        ),
      ),
    )
  }

  /** The copies of all that are there are what the writes say, and each write was under the lock. */
  async requireAgreement(because: string): Promise<void> {
    const copies = new Map<number, readonly string[]>()
    for (const node of this.lock.nodes) {
      const { id, fortunes } = await node.state()
      copies.set(id, fortunes ?? [])
    }
    const framesOf = (fortune: string) =>
      this.bench.frames
        .filter(
          ({ message }) =>
            message?.method === 'write_local' && Array.isArray(message.args) && message.args[0] === fortune,
        )
        .map(({ n }) => n)
    const writes = this.writes.map((write) => ({ ...write, frames: framesOf(write.fortune) }))
    const [finding] = [...judgeCopies(copies, OLD, writes), ...judgeToken(this.lock.history()).findings]
    if (finding !== undefined)
      this.bench.require(false, { ...finding, expected: `${finding.expected}, ${because}` })
    this.bench.evidence(`${copies.size} equal copies with ${this.writes.length} writes, ${because}`)
  }
}

const started = async (bench: PeersBench, count: number, seats = count): Promise<WriteRun> => {
  const run = new WriteRun(bench)
  await run.lock.adopt(
    await bench.cluster(count, { fortunes: OLD, seats: seats + 1, config: patient(bench) }),
  )
  return run
}

export const databaseClusterCases: readonly Case<'peers'>[] = [
  databaseCase({
    id: 'peers.database.agree/writers-at-once',
    title:
      'four peers get six writes each, all at once, by command and by method, over links that delay by chance',
    also: ['peers.database.write', 'peers.database.write-queue', 'peers.lock.one', 'peers.lock.live'],
    evidence: 'twenty-four writes in four equal copies, each write_local by the peer with the token',
    hint: 'If the copies have the same fortunes in another order, somebody wrote without the lock, or released it too early.',
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 4)
      slowLinks(bench, run.lock.nodes, 3)
      await run.writeMany(run.lock.nodes, 6, 'write')
      await run.requireAgreement('after writes at four peers at once')
    },
  }),
  databaseCase({
    id: 'peers.database.agree/in-their-order',
    title: 'writes at three peers one after the other stand in all copies in that order',
    also: ['peers.database.write', 'peers.database.catch-up'],
    evidence: 'nine fortunes in the order of writing, also in the copy of one that joins later',
    hint: 'Append, do not put in front; and copy the list as it is.',
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 3, 4)
      for (let i = 0; i < 9; i += 1) {
        const node = run.lock.nodes[i % 3] as PeerNode
        await run.write(node, `number ${i}`)
      }
      await run.requireAgreement('after nine writes in turn')
      await run.lock.enter({ fortunes: ['of another time'] })
      await run.requireAgreement('with a peer that joined later')
    },
  }),
  databaseCase({
    id: 'peers.database.agree/joined-at-once',
    title: 'five peers with different fortunes join at once, then each one writes',
    also: ['peers.database.catch-up', 'peers.database.not-ready', 'peers.lock.create', 'peers.join.at-once'],
    evidence: 'five joins answered, five equal copies that begin with the fortunes of one of them',
    hint: 'Who is not ready says so, and who finds nobody ready keeps its own: then the others take over that one.',
    cluster: true,
    async run(bench: PeersBench) {
      await bench.playNameService({ seats: 6 })
      const run = new WriteRun(bench)
      const nodes = await Promise.all(
        Array.from({ length: 5 }, (_, i) =>
          bench.peer({ seat: i + 1, fortunes: [`start of ${i + 1}`], config: patient(bench) }),
        ),
      )
      await Promise.all(nodes.map((node) => run.lock.join(node)))
      const [begin] = (await (nodes[0] as PeerNode).state()).fortunes ?? []
      bench.require(
        nodes.some((_, i) => begin === `start of ${i + 1}`),
        {
          requirement: 'peers.database.catch-up',
          expected: 'a copy that one of them had at the start',
          actual: String(begin),
        },
      )
      await run.writeMany(nodes, 2, 'write')
      const copies = new Map<number, readonly string[]>()
      for (const node of nodes) copies.set(run.lock.idOf(node), (await node.state()).fortunes ?? [])
      const [finding] = judgeCopies(copies, [String(begin)], run.writes)
      if (finding !== undefined) bench.require(false, finding)
      bench.evidence('five equal copies after five joins at once')
    },
  }),
  databaseCase({
    id: 'peers.database.catch-up/while-others-write',
    title: 'two peers join while three others write: all five have everything, once',
    also: ['peers.database.agree', 'peers.database.not-ready', 'peers.database.write'],
    evidence: 'five equal copies with twenty-four writes',
    hint: 'A fortune that is written while you join comes twice: with the copy, and by write_local. Count it once.',
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 3, 5)
      const writers = run.lock.nodes
      slowLinks(bench, writers, 2)
      const newcomer = async (name: string): Promise<void> => {
        const node = await run.lock.enter({ fortunes: ['of another time'] })
        await run.writeMany([node], 3, name)
      }
      await Promise.all([run.writeMany(writers, 6, 'write'), newcomer('first'), newcomer('second')])
      await run.requireAgreement('after two joins among writes')
    },
  }),
  databaseCase({
    id: 'peers.database.agree/leaves-meanwhile',
    title: 'two of five peers leave while the others write',
    also: ['peers.database.write-dead', 'peers.lock.leave', 'peers.database.write'],
    evidence: 'three equal copies with all writes',
    hint: 'Who leaves hands the token on before it goes: else no write ever gets the lock again.',
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 5)
      const [first, second, ...staying] = run.lock.nodes as [PeerNode, PeerNode, ...PeerNode[]]
      slowLinks(bench, run.lock.nodes, 2)
      const leaver = async (node: PeerNode, name: string): Promise<void> => {
        await run.write(node, name)
        await run.lock.leave(node)
      }
      await Promise.all([
        run.writeMany(staying, 5, 'write'),
        leaver(first, 'goodbye 1'),
        leaver(second, 'goodbye 2'),
      ])
      await run.requireAgreement('after two departures among writes')
    },
  }),
  databaseCase({
    id: 'peers.database.catch-up/comes-back',
    title:
      'one of four peers is killed between writes, and comes back with old fortunes: it has what was written meanwhile',
    also: ['peers.database.write-dead', 'peers.database.agree', 'peers.list.dead'],
    evidence: 'three equal copies while it is away, four when it is back, also after further writes',
    hint: 'Take over the copy of another one, whatever you have yourself.',
    ownProcesses: true,
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 4, 5)
      const [, doomed, ...staying] = run.lock.nodes as [PeerNode, PeerNode, ...PeerNode[]]
      const living = run.lock.nodes.filter((node) => node !== doomed)
      await run.writeMany(run.lock.nodes, 2, 'before')
      // Whoever wrote last has the token; it must not be the one that dies.
      await run.write(staying[0] as PeerNode, 'last before')
      await run.lock.kill(doomed)
      await run.writeMany(living, 3, 'meanwhile')
      await run.requireAgreement('after a death')
      await run.lock.enter({ seat: doomed.seat, fortunes: [...OLD, 'before 0 at 2', 'nobody else has this'] })
      await run.requireAgreement('after its return')
      await run.writeMany(run.lock.nodes, 2, 'after')
      await run.requireAgreement('after writes of all four')
    },
  }),
  databaseCase({
    id: 'peers.database.write-dead/killed-during-writes',
    title: 'a peer that writes nothing is killed while three others write: every write succeeds',
    also: ['peers.database.agree', 'peers.list.dead', 'peers.lock.live'],
    evidence: 'three equal copies with all writes',
    hint: 'A call of write_local that fails ends with the call: the fortune goes to the others, and the lock is released.',
    ownProcesses: true,
    cluster: true,
    async run(bench: PeersBench) {
      const run = await started(bench, 4)
      const [first, second, doomed, third] = run.lock.nodes as [PeerNode, PeerNode, PeerNode, PeerNode]
      // The token stays with those that write: a peer that has not asked gets none.
      await run.write(first, 'first of all')
      const kill = async (): Promise<void> => {
        await run.write(second, 'before the death')
        await run.lock.kill(doomed)
      }
      await Promise.all([run.writeMany([first, second, third], 6, 'write'), kill()])
      await run.requireAgreement('after a death among writes')
    },
  }),
]
