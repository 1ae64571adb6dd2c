// A host without a program, for tests of the runner and the reports: what a bench saw is written down beforehand.
import type { SystemName } from '../../spec/registry.ts'
import type { Host, Incident, OpenBench } from '../driver/host.ts'
import type { Frame } from '../wire/capture.ts'
import type { Timing } from './bench.ts'
import type { Benches, Case, Violation } from './case.ts'
import type { PeersBench } from './peers-bench.ts'
import type { ProgramDescription } from './result.ts'
import type { RingBench } from './ring-bench.ts'
import type { HostVariant } from './runner.ts'

/** What one execution of a case meets. */
export interface Script {
  readonly wireViolation?: Violation
  readonly incident?: Incident
  readonly stallMs?: number
  readonly frames?: readonly Frame[]
  readonly stderr?: string
  /** What `open` rejects with. */
  readonly refusal?: Error
}

export const scriptedProgram: ProgramDescription = {
  name: 'scripted',
  version: '1.0',
  language: 'none',
  roles: ['ring.peer'],
  features: [
    'ring.join',
    'ring.leave',
    'ring.repair',
    'ring.store',
    'ring.transfer.tcp',
    'ring.transfer.udp',
  ],
}

export const scriptedTiming = (timeFactor: number): Timing => ({
  pingIntervalMs: 100 * timeFactor,
  idlePingIntervalMs: 60_000,
  retransmitTimeoutMs: 80 * timeFactor,
  callTimeoutMs: 250 * timeFactor,
  deadlineMs: 1000 * timeFactor,
  quietMs: 300 * timeFactor,
})

export class ScriptedHost implements Host {
  readonly variant: HostVariant
  readonly opened: { readonly caseId: string; readonly seed: number }[] = []
  closed = false
  readonly #script: (definition: Case, variant: HostVariant) => Script

  constructor(variant: HostVariant, script: (definition: Case, variant: HostVariant) => Script = () => ({})) {
    this.variant = variant
    this.#script = script
  }

  hello: Host['hello'] = async () => ({
    program: {
      event: 'hello',
      control: 1,
      ...scriptedProgram,
      roles: [...scriptedProgram.roles],
      features: [...scriptedProgram.features],
    },
  })

  async open<S extends SystemName>(definition: Case<S>, seed: number): Promise<OpenBench & Benches[S]> {
    this.opened.push({ caseId: definition.id, seed })
    const script = this.#script(definition, this.variant)
    if (script.refusal) throw script.refusal
    return scriptedBench(script, seed, scriptedTiming(this.variant.timeFactor))
  }

  async close(): Promise<void> {
    this.closed = true
  }
}

// It has the tools of every system, and none of them works: what a case saw is written down in its script.
function scriptedBench(script: Script, seed: number, timing: Timing): OpenBench & RingBench & PeersBench {
  const evidenceSeen: string[] = []
  const absent = (): never => {
    throw new Error('a scripted bench has no nodes')
  }
  const participants = {
    ids: absent,
    node: absent,
    probe: absent,
    nodeAmongProbes: absent,
    type: '',
    nameService: absent,
    playNameService: absent,
    peer: absent,
    playPeer: absent,
    peerAmongPlayed: absent,
    cluster: absent,
  }
  return {
    ...participants,
    random: () => 0.5,
    folder: '',
    frames: script.frames ?? [],
    link: absent,
    seen: absent,
    until: absent,
    quiet: absent,
    require: absent,
    requireFrame: absent,
    seed,
    timing,
    evidence: (what) => {
      evidenceSeen.push(what)
    },
    evidenceSeen,
    nameOf: (place) => `participant ${place}`,
    wireViolation: () => script.wireViolation,
    incident: () => script.incident,
    stderrTail: () => script.stderr ?? '',
    harnessStallMs: () => script.stallMs ?? 0,
    close: async () => undefined,
  }
}
