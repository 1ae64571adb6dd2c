// The host behind a run: the programs in their pools, and a bench for each case.
import type { Hello } from '../../spec/control/messages.ts'
import type { SystemName } from '../../spec/registry.ts'
import type { Benches, Case } from '../verdict/case.ts'
import type { CaseBenchOptions } from './case-bench.ts'
import type { Host, HostOptions, OpenBench } from './host.ts'
import { RealPeersBench } from './peers-bench.ts'
import { Pool } from './pool.ts'
import { RealRingBench } from './ring-bench.ts'

/** control.md section 2: the hello comes within 10 seconds; on a machine that gets more time for everything, later. */
const HELLO_DEADLINE_MIN_MS = 10_000

/** The bench of each system. */
const openBench: {
  readonly [S in SystemName]: (options: CaseBenchOptions) => OpenBench & Benches[S]
} = {
  ring: (options) => new RealRingBench(options),
  peers: (options) => new RealPeersBench(options),
}

export function createHost(options: HostOptions): Host {
  return new RealHost(options)
}

class RealHost implements Host {
  private readonly options: HostOptions
  private readonly pool: Pool
  private readonly secondPool: Pool | undefined

  constructor(options: HostOptions) {
    this.options = options
    const { program, second, timing } = options
    const helloDeadlineMs = Math.max(HELLO_DEADLINE_MIN_MS, 2 * timing.deadlineMs)
    this.pool = new Pool({ program, helloDeadlineMs })
    if (second !== undefined) this.secondPool = new Pool({ program: second, helloDeadlineMs })
  }

  async hello(): Promise<{ readonly program: Hello; readonly second?: Hello }> {
    const [program, second] = await Promise.all([this.pool.firstSession(), this.secondPool?.firstSession()])
    return second === undefined
      ? { program: program.hello }
      : { program: program.hello, second: second.hello }
  }

  async open<S extends SystemName>(definition: Case<S>, seed: number): Promise<OpenBench & Benches[S]> {
    const shareable = !this.options.isolated && definition.ownProcesses !== true
    const mixed = definition.cluster === true ? this.secondPool : undefined
    return openBench[definition.system]({
      definition,
      seed,
      timing: this.options.timing,
      lease: (nodeNumber) => (nodeNumber % 2 === 1 ? (mixed ?? this.pool) : this.pool).lease(shareable),
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.close(), this.secondPool?.close()])
  }
}
