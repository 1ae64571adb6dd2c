import { expect, test } from 'vitest'
import { type Measurement, measureCodec } from './codec.ts'
import { samples } from './samples.ts'
import { tableOf } from './table.ts'

test('each operation on each sample is measured beside its parse', () => {
  const measurements = measureCodec({ secondsEach: 0.01 })
  expect(measurements).toHaveLength(4 * samples.length)
  for (const one of measurements) {
    expect(one.perSecond, `${one.operation} of ${one.sample}`).toBeGreaterThan(0)
    if (one.operation === 'parse') expect(one.ofParse).toBe(1)
  }
})

test('the table has a line for each measurement, with the ratio to the parse', () => {
  const measurement: Measurement = {
    sample: 'ping',
    operation: 'check by ajv',
    perSecond: 12_345_678,
    marginPercent: 0.52,
    ofParse: 0.0321,
  }
  expect(tableOf([measurement])).toMatchInlineSnapshot(`
    "message  operation     per second  margin  time of a parse
    ping     check by ajv  12,345,678  ±0.5 %            3.2 %"
  `)
})
