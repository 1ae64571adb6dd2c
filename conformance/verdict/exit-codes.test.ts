import { expect, test } from 'vitest'
import { exitCodeOf } from './exit-codes.ts'
import { type Status, statuses } from './result.ts'

const codeOf = (...list: Status[]) => exitCodeOf(list.map((status) => ({ status })))

test.each([
  [0, ['pass']],
  [0, ['pass', 'warn', 'info', 'not-applicable', 'xfail']],
  [1, ['pass', 'fail']],
  [1, ['pass', 'crash']],
  [1, ['pass', 'hang']],
  [1, ['pass', 'flaky']],
  [1, ['pass', 'untestable']],
  [1, ['fail', 'inconclusive']],
  [3, ['pass', 'fail', 'harness-error']],
  [5, ['pass', 'inconclusive']],
  [6, ['pass', 'xpass']],
] as const)('exit code %i for %j', (code, list) => {
  expect(codeOf(...list)).toBe(code)
})

test('256 failures are not exit code 0', () => {
  expect(codeOf(...Array.from({ length: 256 }, () => 'fail' as const))).toBe(1)
})

test('without a single pass nothing is conformant', () => {
  expect(codeOf()).not.toBe(0)
  for (const status of statuses) if (status !== 'pass') expect(codeOf(status, status)).not.toBe(0)
})
