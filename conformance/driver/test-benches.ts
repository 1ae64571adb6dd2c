// Benches for tests: opened on programs of testdata, and closed after each test with everything that they started.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'
import type { SystemName } from '../../spec/registry.ts'
import type { Benches, Case } from '../verdict/case.ts'
import type { Host, OpenBench, Program } from './host.ts'
import { createHost } from './real-host.ts'

const testdata = join(dirname(fileURLToPath(import.meta.url)), 'testdata')

export const pathOf = (file: string): string => join(testdata, file)

export const programOf = (file: string, ...options: string[]): Program => ({
  kind: 'command',
  argv: ['node', pathOf(file), ...options],
})

export const testTiming = {
  pingIntervalMs: 30,
  idlePingIntervalMs: 60_000,
  retransmitTimeoutMs: 30,
  callTimeoutMs: 100,
  deadlineMs: 5000,
  quietMs: 50,
}

const hosts: Host[] = []
const benches: OpenBench[] = []
afterEach(async () => {
  await Promise.all(benches.splice(0).map((bench) => bench.close()))
  await Promise.all(hosts.splice(0).map((host) => host.close()))
})

export function hostOf(program: Program, options: { isolated?: boolean; second?: Program } = {}): Host {
  const host = createHost({ program, timing: testTiming, isolated: false, ...options })
  hosts.push(host)
  return host
}

export async function openOn<S extends SystemName>(
  host: Host,
  definition: Case<S>,
  seed = 1,
): Promise<OpenBench & Benches[S]> {
  const bench = await host.open(definition, seed)
  benches.push(bench)
  return bench
}
