import { expect, test } from 'vitest'
import { allCases } from '../suites/index.ts'
import { caseSeed, chooseSeed, SEED_MAX } from './seed.ts'

test('the seed of a case depends on the run and on the case, and on nothing else', () => {
  expect(caseSeed(1, 'ring.ping.answer/everyone')).toBe(caseSeed(1, 'ring.ping.answer/everyone'))
  const seeds = [1, 2].flatMap((run) => allCases.map(({ id }) => caseSeed(run, id)))
  expect(new Set(seeds).size).toBe(seeds.length)
})

test('seeds are what a configuration takes', () => {
  for (const seed of [chooseSeed(), ...allCases.map(({ id }) => caseSeed(7, id))]) {
    expect(Number.isInteger(seed)).toBe(true)
    expect(seed).toBeGreaterThanOrEqual(0)
    expect(seed).toBeLessThanOrEqual(SEED_MAX)
  }
})
