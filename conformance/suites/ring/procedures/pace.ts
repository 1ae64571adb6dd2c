// How often nodes ping in a case. A peer counts as dead after four silent intervals, so the interval also says how long a
// busy machine may stall before a living peer is buried by mistake: the less a case is about death, the slower it pings.
import type { NodeOptions } from '../../../verdict/bench.ts'
import type { RingBench } from '../../../verdict/ring-bench.ts'

export type Config = NonNullable<NodeOptions['config']>

/** Deaths are what the case is about. */
export const watchfulPings = (bench: RingBench) => ({ pingIntervalMs: bench.timing.pingIntervalMs })

/** Nobody is to die, but who pings whom is looked at again and again. */
export const steadyPings = (bench: RingBench) => ({ pingIntervalMs: 1.5 * bench.timing.pingIntervalMs })

/** Pings come only when a successor is new. */
export const idlePings = (bench: RingBench) => ({ pingIntervalMs: bench.timing.idlePingIntervalMs })
