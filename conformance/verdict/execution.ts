// One execution of one case on one host: opens the bench, runs the case under its deadline, closes the bench, and asks
// it what was seen. The bench is asked after it was closed: a node that will not stop shows only then.
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { SystemName } from '../../spec/registry.ts'
import type { Host, Incident, OpenBench } from '../driver/host.ts'
import type { Frame } from '../wire/capture.ts'
import type { Benches, Case } from './case.ts'
import { judge, type Observation, type Verdict } from './judge.ts'

export interface Execution {
  readonly verdict: Verdict
  readonly evidence: readonly string[]
  readonly frames: readonly Frame[]
  /** What people call a participant, by the number in its frames. */
  nameOf(place: number): string
  readonly stderrTail: string
  readonly incident?: Incident | undefined
  readonly durationMs: number
  /** Longest stall of the harness's own event loop meanwhile. */
  readonly stallMs: number
}

async function outcomeOf<S extends SystemName>(
  definition: Case<S>,
  bench: Benches[S],
  deadlineMs: number,
): Promise<Observation['outcome']> {
  const timer = new AbortController()
  // The case may go on after its deadline; what it then throws, when its nodes are gone, concerns nobody.
  const run = Promise.resolve()
    .then(() => definition.run(bench))
    .then(
      () => ({ kind: 'returned' }) as const,
      (error: unknown) => ({ kind: 'threw', error }) as const,
    )
  const overrun = delay(deadlineMs, { kind: 'overran', afterMs: deadlineMs } as const, {
    signal: timer.signal,
  })
  const outcome = await Promise.race([run, overrun])
  if (outcome.kind !== 'overran') overrun.catch(() => undefined)
  timer.abort()
  return outcome
}

export async function execute<S extends SystemName>(
  definition: Case<S>,
  host: Host,
  seed: number,
  deadlineMs: number,
): Promise<Execution> {
  const startedAt = performance.now()
  const durationMs = () => Math.round(performance.now() - startedAt)
  let bench: OpenBench & Benches[S]
  try {
    bench = await host.open(definition, seed)
  } catch (error) {
    const verdict = judge(definition, { outcome: { kind: 'threw', error }, evidence: [] })
    return {
      verdict,
      evidence: [],
      frames: [],
      nameOf: String,
      stderrTail: '',
      durationMs: durationMs(),
      stallMs: 0,
    }
  }
  const outcome = await outcomeOf(definition, bench, deadlineMs)
  await bench.close()
  const incident = bench.incident()
  const observation: Observation = {
    outcome,
    evidence: bench.evidenceSeen,
    wireViolation: bench.wireViolation(),
    incident,
  }
  return {
    verdict: judge(definition, observation),
    evidence: [...bench.evidenceSeen],
    frames: bench.frames,
    nameOf: (place) => bench.nameOf(place),
    stderrTail: bench.stderrTail(),
    incident,
    durationMs: durationMs(),
    stallMs: bench.harnessStallMs(),
  }
}
