// Cutting peers off, one direction at a time: for the others, a peer behind dead links is as dead as a killed one, and no
// process has to die for it.
import type { RingBench } from '../../../verdict/ring-bench.ts'

const DEAD = { drop: 1, tcpRefuse: true, tcpBlackhole: true } as const

/** Nothing passes between this peer and the others any more. */
export const isolate = (bench: RingBench, members: Iterable<number>, gone: number): void => {
  for (const id of members) {
    if (id === gone) continue
    bench.link(id, gone).set(DEAD)
    bench.link(gone, id).set(DEAD)
  }
}
