// Playing the peer that is asked for the new second successor.
import type { RingBench } from '../../../verdict/ring-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { requireFields, sentTo } from '../frames.ts'
import { allOf, requireSeen, since } from './evidence.ts'
import type { Scene } from './scene.ts'

/** A query must come to this probe, and name the dead peer. */
export const requireQuery = async (
  bench: RingBench,
  scene: Scene,
  asked: number,
  dead: number,
  start = 0,
): Promise<Frame> => {
  const query = await requireSeen(bench, allOf(since(start), sentTo(asked, 'ring.successor-query')), {
    requirement: 'ring.dead.first',
    expected: `a successor query from ${scene.node.id} to ${asked}`,
    fields: { from: scene.node.id },
  })
  requireFields(bench, query, 'ring.dead.query', { dead })
  return query
}

export const answerQuery = async (scene: Scene, query: Frame, successor: number | null): Promise<void> =>
  scene.probe(query.to).connectionOf(query).send({ type: 'ring.successor-answer', from: query.to, successor })

/** Answers every query to this probe, the present ones and those to come, until `stop` is called. */
export const answerQueries = (
  bench: RingBench,
  scene: Scene,
  asked: number,
  successor: number | null,
): { stop(): Promise<void> } => {
  let active = true
  // A query waits for its answer for one ping interval only: what the loop does not see at once, it sees at the next one.
  const loop = (async () => {
    while (active) {
      const query = await scene
        .probe(asked)
        .receive(sentTo(asked, 'ring.successor-query'), bench.timing.pingIntervalMs / 2)
      if (query !== undefined && active) await answerQuery(scene, query, successor)
    }
  })()
  // When the program crashes, the loop is refused while the case may be waiting for something else.
  loop.catch(() => undefined)
  return {
    stop: () => {
      active = false
      return loop
    },
  }
}
