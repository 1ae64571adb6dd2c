// The place where most cases put the one node that they judge: peer 100 in a ring of six at rest, everyone else a probe.
//
//     far 20 -> near 60 -> NODE 100 -> first 140 -> second 180 -> other 220 -> (far 20)
//
// The node owns the keys 61 to 100. `other` is neither predecessor nor successor: what it gets, the node sent to it by
// name and not by habit.
import type { RingBench, RingNode } from '../../verdict/ring-bench.ts'
import type { Probe } from '../../wire/probe.ts'
import { greet } from './procedures/standstill.ts'

export const FAR = 20
export const NEAR = 60
export const SELF = 100
export const FIRST = 140
export const SECOND = 180
export const OTHER = 220
export const RING = [FAR, NEAR, SELF, FIRST, SECOND, OTHER] as const

/** Names whose key the node owns; the first two have the same key, the node's own id. */
export const OWN_NAME = '0100'
export const OWN_NAME_SAME_KEY = '0356'
export const OWN_NAME_LOW = '0061'
/** A name whose key (159) belongs to peer 180, with a leading zero. */
export const FOREIGN_NAME = '0159'

/** A time so long that it plays no part: the longest that the configuration allows. */
export const RETRANSMIT_NEVER_MS = 60_000

export interface Neighbourhood {
  readonly node: RingNode
  /** First predecessor. */
  readonly near: Probe
  /** Second predecessor. */
  readonly far: Probe
  /** First successor. */
  readonly first: Probe
  /** Second successor. */
  readonly second: Probe
  readonly other: Probe
}

/**
 * A ping interval for nodes whose pings matter while nobody is to die: a harness that stands still for less than four of
 * them buries nobody by mistake.
 */
export const livelyPings = (bench: RingBench): Record<string, unknown> => ({
  pingIntervalMs: 3 * bench.timing.pingIntervalMs,
})

/**
 * A request timeout that cases wait for, and within which the same node must finish a transfer without a fault: long
 * enough for a busy machine.
 */
export const shortTimeout = (bench: RingBench) => ({
  requestTimeoutMs: 8 * bench.timing.pingIntervalMs,
})

/** Configuration of a node whose pings do not matter, and which does not wait for probes when it leaves. */
export const quietConfig = (bench: RingBench): Record<string, unknown> => ({
  pingIntervalMs: bench.timing.idlePingIntervalMs,
  departTimeoutMs: 10,
  retransmitTimeoutMs: RETRANSMIT_NEVER_MS,
  // Ends before the harness gives up, so that a command without an answer is judged by its error.
  requestTimeoutMs: Math.round(bench.timing.deadlineMs * 0.6),
})

export function probeOf(probes: ReadonlyMap<number, Probe>, id: number): Probe {
  const probe = probes.get(id)
  if (probe === undefined) throw new Error(`the bench gave no probe ${id}`)
  return probe
}

/** Sets up the neighbourhood above. */
export async function settle(
  bench: RingBench,
  config: Readonly<Record<string, unknown>> = {},
): Promise<Neighbourhood> {
  const { node, probes } = await bench.nodeAmongProbes(RING, SELF, {
    config: { ...quietConfig(bench), ...config },
  })
  return {
    node,
    near: probeOf(probes, NEAR),
    far: probeOf(probes, FAR),
    first: probeOf(probes, FIRST),
    second: probeOf(probes, SECOND),
    other: probeOf(probes, OTHER),
  }
}

/** A ring of one: the node alone, and a probe that is a stranger to it, whose ping it has answered. */
export async function settleAlone(
  bench: RingBench,
  otherId: number,
  config: Readonly<Record<string, unknown>> = {},
): Promise<{ node: RingNode; stranger: Probe }> {
  await bench.ids([SELF, otherId])
  const node = await bench.node(SELF, { config: { ...quietConfig(bench), ...config } })
  const stranger = await bench.probe(otherId)
  await node.command('init', { successors: [SELF, SELF] })
  await greet(bench, node, stranger)
  return { node, stranger }
}
