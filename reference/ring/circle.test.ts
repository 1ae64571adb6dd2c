import { describe, expect, test } from 'vitest'
import { inHalfOpen, inOpen, keyOf } from './circle.ts'

/** The definition, word for word: walk clockwise from x and see whether a comes up before, or at, y. */
function walk(a: number, x: number, y: number): boolean {
  for (let met = (x + 1) % 256; ; met = (met + 1) % 256) {
    if (met === a) return true
    if (met === y) return false
  }
}

describe('the circle of ring.circle.successors and ring.circle.owner', () => {
  test('(x, y] is what a walk round the circle says, for all of 256 ids at chosen borders', () => {
    for (const [x, y] of [
      [4, 8],
      [250, 3],
      [0, 255],
      [255, 0],
      [7, 7],
      [0, 0],
      [254, 255],
    ] as const) {
      const wrong = Array.from({ length: 256 }, (_, a) => a).filter(
        (a) => inHalfOpen(a, x, y) !== walk(a, x, y),
      )
      expect(wrong).toEqual([])
    }
  })

  test('(x, y) leaves y out, and (x, x) only x', () => {
    expect(inOpen(8, 4, 8)).toBe(false)
    expect(inOpen(7, 4, 8)).toBe(true)
    expect(inOpen(4, 4, 8)).toBe(false)
    expect(inOpen(7, 7, 7)).toBe(false)
    expect(inOpen(8, 7, 7)).toBe(true)
    expect(inOpen(0, 250, 3)).toBe(true)
  })
})

test.each([
  ['0000', 0],
  ['0255', 255],
  ['0256', 0],
  ['2067', 19],
  ['9999', 15],
])('ring.circle.owner: the key of %s is %i', (name, key) => {
  expect(keyOf(name)).toBe(key)
})
