// The death of a successor, counted in pings and not in milliseconds: a busy machine stretches every interval, but it does
// not change how many pings were sent in vain.
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { framesOf } from '../frames.ts'
import { allOf, since } from './evidence.ts'
import type { Scene } from './scene.ts'
import { pingOf } from './successors.ts'

/** "More than three pings in a row, that is four." */
export const SILENT_PINGS_MIN = 4
// The fourth ping waits one interval for its answer, and two more may pass until the death is declared: up to three pings
// more are sent at their ends. One is allowed for a timer that fired early.
export const SILENT_PINGS_MAX = 8

const deathsAt = (node: RingNode, peer: number) =>
  node.events.filter((event) => event.event === 'peer-dead' && event.peer === peer)

/** The events in which the node declared this peer dead. */
export const deathsOf = (scene: Scene, peer: number) => deathsAt(scene.node, peer)

/** The node has declared this peer dead. */
export const deadBy = (node: RingNode, peer: number): boolean => deathsAt(node, peer).length > 0

/** No death has been declared. */
export const requireNoDeath = (
  bench: RingBench,
  scene: Scene,
  requirement: string,
  because: string,
): void => {
  const deaths = scene.node.events.filter((event) => event.event === 'peer-dead')
  bench.require(deaths.length === 0, {
    requirement,
    expected: `no event peer-dead ${because}`,
    actual: JSON.stringify(deaths),
  })
}

/** Waits until the node has declared `peer` dead, and judges the number of pings that stayed unanswered since `silence`. */
export const requireDeath = async (
  bench: RingBench,
  scene: Scene,
  peer: number,
  silence: number,
  requirement = 'ring.dead.threshold',
): Promise<void> => {
  const self = scene.node.id
  await bench.until(() => deathsOf(scene, peer).length > 0)
  const inVain = (): readonly Frame[] => framesOf(bench, allOf(since(silence), pingOf(self, peer)))
  bench.require(deathsOf(scene, peer).length > 0, {
    requirement,
    expected: `the event peer-dead for ${peer} after four unanswered pings`,
    actual: `no such event after ${inVain().length} unanswered pings`,
    exhibits: inVain()
      .slice(-1)
      .map((frame) => ({ frame: frame.n })),
  })
  // The event and the last pings come by different ways: all of them are there when nothing more comes.
  while (inVain().length <= SILENT_PINGS_MAX) {
    const late = await bench.quiet(pingOf(self, peer), 2 * bench.timing.pingIntervalMs)
    if (late === undefined) break
  }
  const count = inVain().length
  bench.require(count >= SILENT_PINGS_MIN && count <= SILENT_PINGS_MAX, {
    requirement: 'ring.dead.threshold',
    expected: `peer ${peer} to be declared dead after four unanswered pings and within two more intervals`,
    actual: `declared dead after ${count} unanswered pings`,
    exhibits: inVain()
      .slice(-4)
      .map((frame) => ({ frame: frame.n })),
  })
  const [last] = inVain().slice(-1)
  bench.evidence(`peer ${peer} declared dead after ${count} unanswered pings`, last)
}

/** Falls silent: from now on the probe answers no ping. Gives the position from which unanswered pings count. */
export const fallSilent = (bench: RingBench, scene: Scene, peer: number): number => {
  scene.probe(peer).answersPings = false
  return bench.frames.length
}

/** The next ping of the node to this probe; fails the requirement when none comes. */
export const nextPing = async (bench: RingBench, scene: Scene, peer: number): Promise<Frame> =>
  bench.requireFrame(await scene.probe(peer).receive(pingOf(scene.node.id, peer)), {
    requirement: 'ring.dead.patience',
    expected: `another ping to ${peer}, which is not dead`,
    actual: 'no ping',
  })

/** Answers with a pong that carries this seq and comes, by its own word, from `claimed`. */
export const pong = (scene: Scene, probe: number, seq: number, claimed = probe): Promise<void> =>
  scene.probe(probe).sendUdp(scene.node, { type: 'ring.pong', from: claimed, seq })
