import { expect, test } from 'vitest'
import { seededRandom } from './random.ts'

const draw = (seed: number, ...names: (string | number)[]): number[] => {
  const random = seededRandom(seed, ...names)
  return Array.from({ length: 1000 }, random)
}

test('the same seed and names give the same numbers, within [0, 1) and spread evenly', () => {
  const numbers = draw(7, 'link', 4, 9)
  expect(draw(7, 'link', 4, 9)).toEqual(numbers)
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length
  expect(mean).toBeGreaterThan(0.45)
  expect(mean).toBeLessThan(0.55)
})

test.each([
  [8, 'link', 4, 9],
  [7, 'link', 9, 4],
  [7, 'tcp', 4, 9],
])('another seed or name gives another stream: %s %s %s %s', (seed, ...names) => {
  expect(draw(seed, ...names)).not.toEqual(draw(7, 'link', 4, 9))
})
