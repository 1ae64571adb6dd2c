import { describe, expect, test } from 'vitest'
import { judgeCopies, type Write } from './peers-database.ts'

const write = (
  fortune: string,
  begunAt: number,
  endedAt: number,
  outcome: Write['outcome'] = 'done',
): Write => ({
  fortune,
  outcome,
  begunAt,
  endedAt,
  frames: [begunAt, endedAt],
})
const judged = (copies: readonly (readonly string[])[], writes: readonly Write[]) =>
  judgeCopies(new Map(copies.map((copy, id) => [id, copy])), ['old'], writes)[0]?.requirement

describe('copies at rest', () => {
  const writes = [write('a', 1, 5), write('b', 2, 4), write('c', 6, 8)]

  test('are equal, whole and in order', () => {
    expect(judged([], [])).toBeUndefined()
    expect(
      judged(
        [
          ['old', 'a', 'b', 'c'],
          ['old', 'a', 'b', 'c'],
        ],
        writes,
      ),
    ).toBeUndefined()
    expect(judged([['old', 'b', 'a', 'c']], writes)).toBeUndefined()
  })

  test('that differ are found out, with the calls of the fortune', () => {
    expect(
      judged(
        [
          ['old', 'a', 'b', 'c'],
          ['old', 'b', 'a', 'c'],
        ],
        writes,
      ),
    ).toBe('peers.database.agree')
    expect(
      judged(
        [
          ['old', 'a', 'b', 'c'],
          ['old', 'a', 'b'],
        ],
        writes,
      ),
    ).toBe('peers.database.agree')
    const [finding] = judgeCopies(
      new Map([
        [0, ['old', 'a']],
        [1, ['old']],
      ]),
      ['old'],
      writes,
    )
    expect(finding?.exhibits).toEqual([{ frame: 1 }, { frame: 5 }])
  })

  test('lose nothing and double nothing', () => {
    expect(judged([['old', 'a', 'b']], writes)).toBe('peers.database.write')
    expect(judged([['old', 'a', 'b', 'c', 'c']], writes)).toBe('peers.database.write')
    expect(judged([['old', 'a', 'b', 'c', 'unheard of']], writes)).toBe('peers.database.write')
    expect(judged([['a', 'b', 'c']], writes)).toBe('peers.database.catch-up')
    expect(judged([['old', 'x', 'x']], [write('x', 1, 2), write('x', 3, 4)])).toBeUndefined()
  })

  test('have nothing of a write that was refused, and perhaps one whose end nobody saw', () => {
    expect(judged([['old', 'a']], [write('a', 1, 2, 'refused')])).toBe('peers.database.write-timeout')
    expect(judged([['old']], [write('a', 1, 2, 'refused')])).toBeUndefined()
    expect(judged([['old']], [write('a', 1, 2, 'open')])).toBeUndefined()
    expect(judged([['old', 'a']], [write('a', 1, 2, 'open')])).toBeUndefined()
    expect(judged([['old', 'a', 'a']], [write('a', 1, 2, 'open')])).toBe('peers.database.write')
  })

  test('have no write before one that had ended when it began', () => {
    expect(judged([['old', 'c', 'a', 'b']], writes)).toBe('peers.database.agree')
  })
})
