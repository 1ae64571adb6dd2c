// A probe departs in order.
import type { RingBench } from '../../../verdict/ring-bench.ts'
import { requireAnswer, type Scene } from './scene.ts'
import type { Pair } from './successors.ts'

/** Peer `gone` departs; its ack must come on the same connection. */
export const departAs = async (
  bench: RingBench,
  scene: Scene,
  gone: number,
  successors: Pair,
): Promise<void> => {
  const connection = await scene.say(gone, { type: 'ring.depart', from: gone, successors })
  await requireAnswer(bench, connection, 'ring.depart-ack', {
    requirement: 'ring.leave.ack',
    expected: `depart-ack on the connection on which ${gone} said that it departs`,
    fields: { from: scene.node.id },
  })
}
