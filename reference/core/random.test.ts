import { expect, test } from 'vitest'
import { seededRandom } from './random.ts'

test('the same seed gives the same numbers, another seed others', () => {
  const numbersOf = (seed: number) => {
    const random = seededRandom(seed)
    return Array.from({ length: 20 }, () => random())
  }
  expect(numbersOf(7)).toEqual(numbersOf(7))
  expect(numbersOf(7)).not.toEqual(numbersOf(8))
})

test('numbers lie in [0, 1) and spread evenly', () => {
  const random = seededRandom(0xffff_ffff)
  const numbers = Array.from({ length: 10_000 }, () => random())
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  const buckets = new Array<number>(10).fill(0)
  for (const number of numbers) {
    const bucket = Math.floor(number * 10)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  // 1,000 each are expected, with a standard deviation of 30.
  for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150)
})
