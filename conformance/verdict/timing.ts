// Times of a run. The base values suit a laptop on which a few cases run beside each other; they are multiplied by
// what calibration finds and by `--time-scale`. Two rules tie them together:
//   - quietMs is longer than two ping intervals, so that "no ping comes" is watched for longer than a ping takes;
//   - deadlineMs is several times the time after which a death is noticed (six ping intervals), also for the cases that
//     treble the interval because they count lost pings.
import type { Timing } from './bench.ts'
import type { Calibration } from './result.ts'

const base: Timing = {
  pingIntervalMs: 100,
  idlePingIntervalMs: 60_000,
  retransmitTimeoutMs: 80,
  callTimeoutMs: 250,
  deadlineMs: 5000,
  quietMs: 300,
}

/** The longest ping interval that the configuration of a ring peer allows. */
const PING_INTERVAL_MS_MAX = 60_000
/** The longest timeout that the configurations of peers allow. */
const CALL_TIMEOUT_MS_MAX = 600_000

/** The base times, multiplied. */
export function timingAt(factor: number): Timing {
  const scaled = (ms: number) => Math.max(1, Math.round(ms * factor))
  return {
    pingIntervalMs: Math.min(PING_INTERVAL_MS_MAX, Math.max(10, scaled(base.pingIntervalMs))),
    idlePingIntervalMs: PING_INTERVAL_MS_MAX,
    retransmitTimeoutMs: Math.min(PING_INTERVAL_MS_MAX, Math.max(5, scaled(base.retransmitTimeoutMs))),
    callTimeoutMs: Math.min(CALL_TIMEOUT_MS_MAX, Math.max(10, scaled(base.callTimeoutMs))),
    deadlineMs: scaled(base.deadlineMs),
    quietMs: scaled(base.quietMs),
  }
}

/** A case that takes longer than this is given up: every wait in it ends within one deadline, and it has few. */
export const caseDeadlineMs = (timing: Timing): number => timing.deadlineMs * 12

/**
 * The stall of the harness's own event loop above which a verdict is not trusted: half of the shortest time that a case
 * can be about. A loop that stood still for 60 ms may have seen the second of two pings, 100 ms apart, as late.
 */
export const stallToleratedMs = (timing: Timing): number =>
  Math.min(timing.pingIntervalMs, timing.retransmitTimeoutMs) / 2

/** How much more time a case gets when it failed while the harness had stalled. */
export const SECOND_CHANCE_FACTOR = 4

/** Between 1 and 4: a machine on which a timer of 5 ms fires 20 ms late gets twice the time. */
export function calibrationFactor(measured: Omit<Calibration, 'factor'>): number {
  const lateMs = Math.max(measured.timerLateMs, measured.loopbackRoundTripMs)
  return Math.min(4, Math.max(1, Math.round(lateMs) / 10))
}
