// What the wire knows about a death: which pings were really lost. The relay sees every ping and every pong, so a node that
// buries a living peer is convicted by the capture, and one that was right is acquitted by it.
import type { RingBench } from '../../../verdict/ring-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { integerField, sentTo } from '../frames.ts'
import { SILENT_PINGS_MIN } from './deaths.ts'
import { allOf, from } from './evidence.ts'
import { type Nodes, nodeOf } from './ring-at-rest.ts'
import { pingOf } from './successors.ts'

const arrived = (frame: Frame): boolean => frame.fate === 'passed' || frame.fate === 'duplicated'

/**
 * The pings of `self` to `peer` before a death, since the last one for which a pong went back. The event comes by another way
 * than the pings, so pings that the relay saw a little later count too.
 */
const unansweredAt = (bench: RingBench, self: number, peer: number, atMs: number): readonly Frame[] => {
  const isPing = pingOf(self, peer)
  const isPong = allOf(from(peer), sentTo(self, 'ring.pong'), arrived)
  let waiting: Frame[] = []
  for (const frame of bench.frames) {
    if (frame.atMs > atMs + bench.timing.pingIntervalMs) break
    if (isPing(frame)) waiting.push(frame)
    else if (frame.atMs <= atMs && isPong(frame)) {
      const answered = waiting.findLast((ping) => integerField(ping, 'seq') === integerField(frame, 'seq'))
      if (answered !== undefined) waiting = waiting.slice(waiting.indexOf(answered) + 1)
    }
  }
  return waiting
}

/** Every death that these nodes declared must be justified by four pings in a row that nobody answered. Gives their number. */
export const requireJustifiedDeaths = async (bench: RingBench, nodes: Nodes): Promise<number> => {
  let deaths = 0
  for (const self of nodes.keys())
    for (const event of nodeOf(nodes, self).events) {
      if (event.event !== 'peer-dead') continue
      deaths += 1
      const inVain = () => unansweredAt(bench, self, event.peer, event.atMs)
      await bench.until(() => inVain().length >= SILENT_PINGS_MIN, bench.timing.pingIntervalMs)
      bench.require(inVain().length >= SILENT_PINGS_MIN, {
        requirement: 'ring.dead.patience',
        expected: `peer ${self} to declare ${event.peer} dead only after four unanswered pings in a row`,
        actual: `after ${inVain().length}`,
        exhibits: inVain().map((frame) => ({ frame: frame.n })),
      })
    }
  return deaths
}
