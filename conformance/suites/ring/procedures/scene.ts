// One node of the program under test among probe peers, with strangers at hand: newcomers, and peers that it never heard of.
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import type { Message, Probe, ProbeConnection } from '../../../wire/probe.ts'
import { probeOf } from '../neighbourhood.ts'
import { type Expected, requireEvidence } from './evidence.ts'
import { type Config, steadyPings } from './pace.ts'

export interface Scene {
  readonly node: RingNode
  /** The probe that plays this peer. */
  probe(id: number): Probe
  /** Sends one message to the node over TCP as this probe, on a connection of its own that stays open. */
  say(id: number, message: Message, body?: Uint8Array): Promise<ProbeConnection>
}

const sceneOf = (node: RingNode, probes: ReadonlyMap<number, Probe>): Scene => ({
  node,
  probe: (id) => probeOf(probes, id),
  say: async (id, message, body) => {
    const connection = await probeOf(probes, id).connect(node)
    await connection.send(message, body)
    return connection
  },
})

export interface SceneOptions {
  /** Probes outside the ring. */
  readonly strangers?: readonly number[]
  readonly config?: Config
}

/** The node as a member of `ring`, at rest; everyone else is a probe. */
export const memberScene = async (
  bench: RingBench,
  ring: readonly number[],
  self: number,
  { strangers = [], config = {} }: SceneOptions = {},
): Promise<Scene> => {
  await bench.ids([...ring, ...strangers])
  const { node, probes } = await bench.nodeAmongProbes(ring, self, {
    config: { ...steadyPings(bench), ...config },
  })
  const all = new Map(probes)
  for (const id of strangers) all.set(id, await bench.probe(id))
  return sceneOf(node, all)
}

/** A started node that is in no ring yet, or that the case puts into one without any ping of a predecessor. */
export const looseScene = async (
  bench: RingBench,
  self: number,
  others: readonly number[],
  config: Config = {},
): Promise<Scene> => {
  await bench.ids([self, ...others])
  const probes = new Map<number, Probe>()
  for (const id of others) probes.set(id, await bench.probe(id))
  return sceneOf(await bench.node(self, { config: { ...steadyPings(bench), ...config } }), probes)
}

/** Waits for the answer of that type on a connection and judges it. */
export const requireAnswer = async (
  bench: RingBench,
  connection: ProbeConnection,
  type: string,
  expected: Expected,
): Promise<Frame> =>
  requireEvidence(bench, await connection.receive((frame) => frame.message?.type === type), expected)
