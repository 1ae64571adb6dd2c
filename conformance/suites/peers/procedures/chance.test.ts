import { describe, expect, test } from 'vitest'
import { fairRange, unfairness } from './chance.ts'

describe('fairRange', () => {
  test('small ranges can be counted by hand', () => {
    // 10 coins: no heads at all has the probability 1/1024, one head 10/1024, two 45/1024.
    expect(fairRange(10, 0.5, 0)).toEqual({ least: 0, most: 10 })
    expect(fairRange(10, 0.5, 2 / 1024)).toEqual({ least: 1, most: 9 })
    expect(fairRange(10, 0.5, 23 / 1024)).toEqual({ least: 2, most: 8 })
    expect(fairRange(10, 0.5, 110 / 1024)).toEqual({ least: 2, most: 8 })
    expect(fairRange(10, 0.5, 113 / 1024)).toEqual({ least: 3, most: 7 })
  })

  test('lies around the mean, more than six standard deviations wide', () => {
    const { least, most } = fairRange(800, 1 / 3, 2e-10)
    const deviation = Math.sqrt((800 * 2) / 9)
    for (const edge of [least, most]) {
      expect(Math.abs(edge - 800 / 3)).toBeGreaterThan(6 * deviation)
      expect(Math.abs(edge - 800 / 3)).toBeLessThan(7 * deviation)
    }
  })
})

describe('unfairness', () => {
  // The generator of "Numerical Recipes": a test that draws by chance would fail by chance.
  function* numbers(): Generator<number> {
    for (let state = 20_240_117; ; ) {
      state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0
      yield state / 2 ** 32
    }
  }
  const drawn = (choose: (random: number, i: number) => number): readonly number[] => {
    const source = numbers()
    return Array.from({ length: 800 }, (_, i) => choose(source.next().value ?? 0, i))
  }

  test('fair draws pass', () => {
    expect(
      unfairness(
        drawn((random) => Math.floor(random * 3)),
        3,
      ),
    ).toBeUndefined()
  })

  test.each([
    ['always the first', () => 0],
    ['never the last', (random: number) => Math.floor(random * 2)],
    ['the ends half as often as the middle', (random: number) => Math.round(random * 2)],
    ['in turns', (_: number, i: number) => i % 3],
    ['the same for a hundred draws', (_: number, i: number) => Math.floor(i / 100) % 3],
  ] as const)('%s is noticed', (_, choose) => {
    expect(unfairness(drawn(choose), 3)).toBeTypeOf('string')
  })
})
