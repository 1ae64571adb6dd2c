import { expect, test } from 'vitest'
import { checkSchema } from '../wire/published-schemas.ts'
import { calibrationFactor, caseDeadlineMs, stallToleratedMs, timingAt } from './timing.ts'

test.each([0.1, 1, 4, 100, 400])(
  'times at factor %d fit into a configuration and to each other',
  (factor) => {
    const timing = timingAt(factor)
    const config = {
      id: 1,
      basePort: 1000,
      folder: '/',
      pingIntervalMs: timing.pingIntervalMs,
      retransmitTimeoutMs: timing.retransmitTimeoutMs,
    }
    expect(checkSchema('control.ring.peer.config', config)).toBeUndefined()
    expect(timing.quietMs).toBeGreaterThan(2 * timing.pingIntervalMs)
    expect(timing.deadlineMs).toBeGreaterThan(2 * 6 * 3 * timing.pingIntervalMs)
    expect(caseDeadlineMs(timing)).toBeGreaterThan(timing.deadlineMs)
    expect(stallToleratedMs(timing)).toBeLessThan(timing.retransmitTimeoutMs)
  },
)

test.each([
  [1, 0.1, 1],
  [10, 0.1, 1],
  [20, 0.1, 2],
  [5, 30, 3],
  [500, 1, 4],
])(
  'a timer %d ms late and a round trip of %d ms give the factor %d',
  (timerLateMs, loopbackRoundTripMs, factor) => {
    expect(calibrationFactor({ timerLateMs, loopbackRoundTripMs })).toBe(factor)
  },
)
