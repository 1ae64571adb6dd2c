// A peer that leaves in order, among probes: whom it tells, what, and how long it waits.
//
// Peer 9 leaves: its first predecessor 8 and its second predecessor 4 must learn that 14 and 19 come after it. It may end
// only when both have said that they took note of it, or when its time is over.
import { predecessorsOf, successorsOf } from '../../oracle/ring.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { ringCase } from './define.ts'
import { framesOf, requireNone, sent, sentTo } from './frames.ts'
import { allOf, requireSeen, since } from './procedures/evidence.ts'
import { looseScene, memberScene, type Scene } from './procedures/scene.ts'
import { stage } from './procedures/stages.ts'

const RING = [4, 8, 9, 14, 19] as const

/** So long that nobody leaves by giving up while a case holds back an ack. */
const patientDeparture = (bench: RingBench) => ({ departTimeoutMs: 10 * bench.timing.deadlineMs })

const requireDepart = (
  bench: RingBench,
  self: number,
  to: number,
  successors: readonly number[],
): Promise<Frame> =>
  requireSeen(bench, sentTo(to, 'ring.depart'), {
    requirement: 'ring.leave.tell',
    expected: `depart from ${self} to its predecessor ${to}, with its successors ${successors.join(' and ')}`,
    fields: { from: self, successors },
  })

const acknowledge = (scene: Scene, depart: Frame): Promise<void> =>
  scene.probe(depart.to).connectionOf(depart).send({ type: 'ring.depart-ack', from: depart.to })

interface Departure {
  /** True when the reply to `stop` has come. */
  hasEnded(): boolean
}

/** Sends `stop` without waiting for its reply. A program that crashes at it is the runner's business. */
const depart = (bench: RingBench, scene: Scene): Departure => {
  let ended = false
  scene.node.stop(4 * bench.timing.deadlineMs).then(
    () => {
      ended = true
    },
    () => undefined,
  )
  return { hasEnded: () => ended }
}

/** The departing peer still waits, and serves meanwhile: it answers a ping. */
const requireWaits = async (
  bench: RingBench,
  scene: Scene,
  departure: Departure,
  asker: number,
  reason: string,
): Promise<void> => {
  await bench.until(() => departure.hasEnded(), bench.timing.quietMs)
  const seq = 1_000_000 + bench.frames.length
  await scene.probe(asker).ping(scene.node, 1, seq)
  await requireSeen(bench, sentTo(asker, 'ring.pong', { seq }), {
    requirement: 'ring.leave.tell',
    expected: `peer ${scene.node.id} to serve on while it waits ${reason}`,
  })
  bench.require(!departure.hasEnded(), {
    requirement: 'ring.leave.tell',
    expected: `peer ${scene.node.id} to wait ${reason}`,
    actual: 'it has replied to stop',
  })
}

/** The departing peer has left: the command is answered and its sockets are closed. */
const requireGone = async (
  bench: RingBench,
  scene: Scene,
  departure: Departure,
  requirement: string,
  reason: string,
  withinMs?: number,
): Promise<void> => {
  await bench.until(() => departure.hasEnded(), withinMs)
  bench.require(departure.hasEnded(), {
    requirement,
    expected: `a reply to stop ${reason}`,
    actual: 'no reply to stop',
  })
  bench.evidence(`peer ${scene.node.id} ended ${reason}`)
}

const requireSilent = async (bench: RingBench, scene: Scene, asker: number): Promise<void> => {
  const seq = 2_000_000 + bench.frames.length
  await scene.probe(asker).ping(scene.node, 1, seq)
  const pong = await bench.quiet(sentTo(asker, 'ring.pong', { seq }))
  bench.require(pong === undefined, {
    requirement: 'control.stop',
    expected: 'closed sockets after the reply to stop',
    actual: 'an answer to a ping',
    exhibits: pong === undefined ? [] : [{ frame: pong.n }],
  })
}

interface LeaveInOrder {
  readonly ring: readonly number[]
  readonly self: number
}

/** Everyone acknowledges at once; each predecessor must be told once, with the right successors. */
const judgeDeparture = async (bench: RingBench, { ring, self }: LeaveInOrder): Promise<void> => {
  const scene = await memberScene(bench, ring, self, { config: patientDeparture(bench) })
  const departure = depart(bench, scene)
  const predecessors = [...new Set(predecessorsOf(ring, self))].filter((id) => id !== null)
  for (const predecessor of predecessors)
    await acknowledge(scene, await requireDepart(bench, self, predecessor, successorsOf(ring, self)))
  await requireGone(bench, scene, departure, 'ring.leave.tell', 'after every ack')
  const departs = framesOf(bench, sent('ring.depart'))
  bench.require(departs.length === predecessors.length, {
    requirement: 'ring.leave.tell',
    expected: `one depart to each of ${predecessors.join(' and ') || 'no predecessor'}`,
    actual: `departs to ${departs.map((frame) => frame.to).join(', ')}`,
    exhibits: departs.map((frame) => ({ frame: frame.n })),
  })
  const asker = predecessors[0]
  if (asker !== undefined) await requireSilent(bench, scene, asker)
}

const inOrder = (slug: string, title: string, leave: LeaveInOrder, hint: string): Case =>
  ringCase({
    id: `ring.leave.tell/${slug}`,
    title,
    also: ['control.stop'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'depart with both successors at each predecessor, the reply to stop after the acks',
    hint,
    run: (bench) => judgeDeparture(bench, leave),
  })

export const leaveSenderCases: readonly Case[] = [
  inOrder(
    'both-predecessors',
    'peer 9 leaves: 8 and 4 learn that 14 and 19 follow',
    { ring: RING, self: 9 },
    'Both predecessors get the same message: your two successors. The second predecessor needs only the first of them.',
  ),
  inOrder(
    'wrap',
    'the first peer 4 leaves: its predecessors are the last two peers',
    { ring: RING, self: 4 },
    'Your predecessors are those that ping you; the lowest peer has the highest ones.',
  ),
  inOrder(
    'id-zero',
    'peer 0 leaves a ring in which 255 is its predecessor',
    { ring: [0, 3, 100, 255], self: 0 },
    '0 is an id like any other.',
  ),
  inOrder(
    'predecessor-zero',
    'peer 60 leaves; its first predecessor is peer 0',
    { ring: [0, 60, 100, 255], self: 60 },
    '0 is an id like any other: a predecessor 0 is known.',
  ),
  inOrder(
    'ring-of-three',
    'one of three leaves: the other two are its predecessors and its successors',
    { ring: [40, 100, 160], self: 100 },
    'In a ring of three both others are told, each once.',
  ),
  inOrder(
    'ring-of-two',
    'one of two leaves: the other one is told once, and nobody waits for a second predecessor',
    { ring: [40, 160], self: 40 },
    'In a ring of two there is one predecessor; the second successor in the message is you yourself.',
  ),
  ringCase({
    id: 'ring.leave.tell/ring-of-one',
    title: 'a peer that is alone just ends',
    also: ['control.stop'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'the reply to stop, although nobody acknowledges anything; a pong before it, none after',
    hint: 'Whoever is alone has nobody to tell and nothing to wait for.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, [9], 9, { strangers: [14], config: patientDeparture(bench) })
      await scene.probe(14).ping(scene.node, 1, 5)
      await requireSeen(bench, sentTo(14, 'ring.pong'), {
        requirement: 'ring.ping.answer',
        expected: 'a pong while the peer lives',
        fields: { seq: 5 },
      })
      await requireGone(bench, scene, depart(bench, scene), 'ring.leave.tell', 'at once in a ring of one')
      await requireSilent(bench, scene, 14)
    },
  }),
  ringCase({
    id: 'ring.leave.tell/not-member',
    title: 'a peer that is in no ring just ends',
    also: ['control.stop'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'the reply to stop without any depart; a pong before it, none after',
    hint: 'A peer that never joined has no predecessors to wait for.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 9, [8, 14], patientDeparture(bench))
      await scene.probe(8).ping(scene.node, 1, 5)
      await requireSeen(bench, sentTo(8, 'ring.pong'), {
        requirement: 'ring.ping.answer',
        expected: 'a pong while the peer lives',
        fields: { seq: 5 },
      })
      await requireGone(bench, scene, depart(bench, scene), 'ring.leave.tell', 'at once outside of a ring')
      requireNone(bench, sent('ring.depart'), {
        requirement: 'ring.leave.tell',
        expected: 'no depart from a peer that is in no ring',
      })
      await requireSilent(bench, scene, 8)
    },
  }),
  ringCase({
    id: 'ring.leave.quiet/after-first-ack',
    title: 'peer 9 pings until its first predecessor has acknowledged, and no more after that',
    stage: stage.leave,
    observes: ['wire'],
    evidence: 'pings to 14 while the ack of 8 is held back, none after it, the reply to stop at the end',
    hint: 'Stop your ping timers when depart-ack comes from the peer before you: 14 takes whoever pings it for a neighbour.',
    async run(bench: RingBench) {
      const { pingIntervalMs } = bench.timing
      const scene = await memberScene(bench, RING, 9, {
        config: { ...patientDeparture(bench), pingIntervalMs },
      })
      const departure = depart(bench, scene)
      const toFirst = await requireDepart(bench, 9, 8, [14, 19])
      const toSecond = await requireDepart(bench, 9, 4, [14, 19])
      await requireSeen(bench, allOf(since(bench.frames.length), sentTo(14, 'ring.ping')), {
        requirement: 'ring.ping.interval',
        expected: 'pings to 14 as long as no predecessor has acknowledged',
      })
      await acknowledge(scene, toFirst)
      // The ack has been read when a message that 8 sends after it is answered; a ping may still be on its way then.
      await requireWaits(bench, scene, departure, 8, 'for the ack of 4')
      const ping = await bench.quiet(sentTo(14, 'ring.ping'), 3 * pingIntervalMs)
      bench.require(ping === undefined, {
        requirement: 'ring.leave.quiet',
        expected: 'no more pings after the ack of the first predecessor',
        actual: 'a ping to 14',
        exhibits: ping === undefined ? [] : [{ frame: ping.n }],
      })
      await acknowledge(scene, toSecond)
      await requireGone(bench, scene, departure, 'ring.leave.tell', 'after the second ack')
    },
  }),
  ringCase({
    id: 'ring.leave.tell/waits-for-both-acks',
    title: 'peer 9 waits until both predecessors have acknowledged, and serves meanwhile',
    also: ['control.stop'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'no reply to stop before the first and before the second ack, one after it; pongs meanwhile',
    hint: 'A depart that is only written may never be read: wait for depart-ack on the same connection.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: patientDeparture(bench) })
      const departure = depart(bench, scene)
      const toFirst = await requireDepart(bench, 9, 8, [14, 19])
      const toSecond = await requireDepart(bench, 9, 4, [14, 19])
      await requireWaits(bench, scene, departure, 8, 'for two acks')
      await acknowledge(scene, toSecond)
      await requireWaits(bench, scene, departure, 8, 'for the ack of 8')
      await acknowledge(scene, toFirst)
      await requireGone(bench, scene, departure, 'ring.leave.tell', 'after the second ack')
      await requireSilent(bench, scene, 8)
    },
  }),
  ringCase({
    id: 'ring.leave.tell/same-predecessor',
    title: 'one peer is first and second predecessor: it is told once',
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'one depart, and the reply to stop after one ack',
    hint: 'After a repair both pings may come from the same peer: send one depart to it.',
    async run(bench: RingBench) {
      const scene = await memberScene(bench, RING, 9, { config: patientDeparture(bench) })
      await scene.probe(8).ping(scene.node, 2)
      await bench.until(async () => {
        const { predecessors } = await scene.node.state()
        return predecessors[0] === 8 && predecessors[1] === 8
      })
      const departure = depart(bench, scene)
      await acknowledge(scene, await requireDepart(bench, 9, 8, [14, 19]))
      await requireGone(bench, scene, departure, 'ring.leave.tell', 'after the one ack')
      const departs = framesOf(bench, sent('ring.depart'))
      bench.require(departs.length === 1, {
        requirement: 'ring.leave.tell',
        expected: 'one depart to 8, which is both predecessors',
        actual: `departs to ${departs.map((frame) => frame.to).join(', ')}`,
        exhibits: departs.map((frame) => ({ frame: frame.n })),
      })
    },
  }),
  ringCase({
    id: 'ring.leave.unknown/no-ack',
    title: 'predecessors that never acknowledge hold a departing peer up until departTimeoutMs, not longer',
    also: ['ring.leave.tell', 'control.stop'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'depart at both predecessors, the reply to stop after departTimeoutMs and not before',
    hint: 'Start one timer for the whole departure.',
    async run(bench: RingBench) {
      const departTimeoutMs = 5 * bench.timing.pingIntervalMs
      const scene = await memberScene(bench, RING, 9, { config: { departTimeoutMs } })
      const beganMs = performance.now()
      const departure = depart(bench, scene)
      await requireDepart(bench, 9, 8, [14, 19])
      await requireDepart(bench, 9, 4, [14, 19])
      await requireGone(bench, scene, departure, 'ring.leave.unknown', 'when its time is over')
      const tookMs = performance.now() - beganMs
      // A timer may fire a little early by the clock of another process.
      bench.require(tookMs >= departTimeoutMs * 0.9, {
        requirement: 'ring.leave.tell',
        expected: `a peer that waits ${departTimeoutMs} ms for its acks`,
        actual: `it ended after ${Math.round(tookMs)} ms`,
      })
    },
  }),
  ringCase({
    id: 'ring.leave.unknown/unreachable',
    title: 'the first predecessor refuses connections: the second is told all the same, and the peer ends',
    also: ['ring.leave.tell', 'control.stop'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'depart at the second predecessor, the reply to stop',
    hint: 'A refused connection to one predecessor must not keep you from telling the other one.',
    async run(bench: RingBench) {
      const departTimeoutMs = 5 * bench.timing.pingIntervalMs
      const scene = await memberScene(bench, RING, 9, { config: { departTimeoutMs } })
      scene.probe(8).die()
      const departure = depart(bench, scene)
      await acknowledge(scene, await requireDepart(bench, 9, 4, [14, 19]))
      await requireGone(bench, scene, departure, 'ring.leave.unknown', 'although 8 cannot be reached')
    },
  }),
  ringCase({
    id: 'ring.leave.unknown/learnt-while-leaving',
    title: 'peer 9 does not know its predecessors when it is to leave: it tells each one as soon as it pings',
    also: ['ring.leave.tell', 'control.stop'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence:
      'no reply and no depart before the pings; depart at each after its ping; the reply after both acks',
    hint: 'Stop may come before the first pings: wait for them; do not leave in silence, and do not guess who they are.',
    async run(bench: RingBench) {
      const scene = await looseScene(bench, 9, [4, 8, 14, 19], patientDeparture(bench))
      await scene.node.command('init', { successors: [14, 19] })
      const departure = depart(bench, scene)
      await bench.until(() => departure.hasEnded(), bench.timing.quietMs)
      bench.require(!departure.hasEnded(), {
        requirement: 'ring.leave.unknown',
        expected: 'a peer that waits for the pings of its predecessors',
        actual: 'it has replied to stop',
      })
      requireNone(bench, sent('ring.depart'), {
        requirement: 'ring.leave.unknown',
        expected: 'no depart to guessed predecessors',
      })
      await scene.probe(8).ping(scene.node, 1)
      await acknowledge(scene, await requireDepart(bench, 9, 8, [14, 19]))
      await requireWaits(bench, scene, departure, 8, 'for the ping of its second predecessor')
      await scene.probe(4).ping(scene.node, 2)
      await acknowledge(scene, await requireDepart(bench, 9, 4, [14, 19]))
      await requireGone(bench, scene, departure, 'ring.leave.unknown', 'after both acks')
    },
  }),
  ringCase({
    id: 'ring.leave.unknown/nobody-pings',
    title: 'no predecessor ever pings: peer 9 ends after departTimeoutMs and not before',
    also: ['control.stop', 'ring.control.init'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence:
      'pings of a member to both successors; then the reply to stop after departTimeoutMs, without any depart',
    hint: 'Start one timer for the whole departure.',
    async run(bench: RingBench) {
      const departTimeoutMs = 5 * bench.timing.pingIntervalMs
      const scene = await looseScene(bench, 9, [14, 19], { departTimeoutMs })
      await scene.node.command('init', { successors: [14, 19] })
      // It is a member that has somebody to tell: a program that is merely slow to end shows nothing.
      for (const successor of [14, 19])
        await requireSeen(bench, sentTo(successor, 'ring.ping'), {
          requirement: 'ring.control.init',
          expected: `a ping to the successor ${successor}`,
          fields: { from: 9 },
        })
      const beganMs = performance.now()
      const departure = depart(bench, scene)
      await requireGone(bench, scene, departure, 'ring.leave.unknown', 'when its time is over')
      const tookMs = performance.now() - beganMs
      bench.require(tookMs >= departTimeoutMs * 0.9, {
        requirement: 'ring.leave.unknown',
        expected: `a peer that waits ${departTimeoutMs} ms for the pings of its predecessors`,
        actual: `it ended after ${Math.round(tookMs)} ms`,
      })
      requireNone(bench, sent('ring.depart'), {
        requirement: 'ring.leave.unknown',
        expected: 'no depart to guessed predecessors',
      })
    },
  }),
  ringCase({
    id: 'ring.leave.tell/process-ends',
    title: 'after its departure the process of a program with one node ends with exit code 0',
    also: ['control.stop'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'depart, ack, and exit code 0 (a program that hosts several nodes goes on)',
    hint: 'Stop every timer and thread, close every socket, and leave main.',
    ownProcesses: true,
    async run(bench: RingBench) {
      const scene = await memberScene(bench, [4, 8, 9, 14], 9, { config: patientDeparture(bench) })
      const departure = depart(bench, scene)
      for (const predecessor of [8, 4])
        await acknowledge(scene, await requireDepart(bench, 9, predecessor, [14, 4]))
      await requireGone(bench, scene, departure, 'ring.leave.tell', 'after both acks')
      if (scene.node.features.has('multi-node')) return
      await bench.until(() => scene.node.exitCode !== null)
      bench.require(scene.node.exitCode === 0, {
        requirement: 'control.stop',
        expected: 'exit code 0 after the reply to stop',
        actual: scene.node.exitCode === null ? 'a process that goes on' : `${scene.node.exitCode}`,
      })
    },
  }),
]
