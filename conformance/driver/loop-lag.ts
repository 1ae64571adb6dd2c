// How long the harness itself stood still. A verdict on time is worth little when the one who held the watch was asleep.
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 10

export class LoopLag {
  private readonly histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  constructor() {
    this.histogram.enable()
  }

  /** The longest stall so far. A loop without any still takes the resolution from one sample to the next. */
  worstMs(): number {
    return Math.max(0, this.histogram.max / 1e6 - RESOLUTION_MS)
  }

  stop(): void {
    this.histogram.disable()
  }
}
