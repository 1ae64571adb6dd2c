// The oracle against deliberately dumb walks: one step on the circle at a time, no arithmetic, no sorting.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  acceptorOf,
  afterJoin,
  circleOrder,
  isInOpen,
  isInOpenClosed,
  keyOf,
  lookupRoute,
  ownerOf,
  pathBetween,
  placementOf,
  predecessorsOf,
  ringOf,
  successorsOf,
  without,
} from './ring.ts'

const next = (id: number): number => (id === 255 ? 0 : id + 1)
const back = (id: number): number => (id === 0 ? 255 : id - 1)

/** Walks from `id`, which does not count itself until it comes round, to the nearest member. */
const walk = (members: readonly number[], id: number, step: (id: number) => number): number => {
  let at = step(id)
  while (!members.includes(at)) at = step(at)
  return at
}

/** Meets a before or at y on the way from x; the way round the whole circle ends where it began. */
const dumbInOpenClosed = (a: number, x: number, y: number): boolean => {
  for (let at = next(x); ; at = next(at)) {
    if (at === a) return true
    if (at === y) return false
  }
}

const ids = fc.integer({ min: 0, max: 255 })
const rings = fc.uniqueArray(ids, { minLength: 1, maxLength: 12 })
const names = fc.integer({ min: 0, max: 9999 }).map((n) => String(n).padStart(4, '0'))

describe('intervals', () => {
  test('agree with a walk', () => {
    fc.assert(
      fc.property(ids, ids, ids, (a, x, y) => {
        expect(isInOpenClosed(a, x, y)).toBe(dumbInOpenClosed(a, x, y))
        expect(isInOpen(a, x, y)).toBe(a !== x && a !== y && dumbInOpenClosed(a, x, y))
      }),
      { numRuns: 2000 },
    )
  })

  test('of equal ends are the whole circle', () => {
    expect(isInOpenClosed(7, 7, 7)).toBe(true)
    expect(isInOpenClosed(200, 7, 7)).toBe(true)
    expect(isInOpen(7, 7, 7)).toBe(false)
    expect(isInOpen(200, 7, 7)).toBe(true)
  })
})

describe('neighbours', () => {
  test('agree with a walk', () => {
    fc.assert(
      fc.property(rings, (members) => {
        for (const self of members) {
          const first = walk(members, self, next)
          expect(successorsOf(members, self)).toEqual([first, walk(members, first, next)])
          const before = walk(members, self, back)
          const beforeThat = walk(members, before, back)
          expect(predecessorsOf(members, self)).toEqual([
            before === self ? null : before,
            beforeThat === self ? null : beforeThat,
          ])
        }
      }),
    )
  })

  test('of the ring in the course handout', () => {
    const ring = [2, 4, 5, 8, 9, 14, 19]
    expect(successorsOf(ring, 14)).toEqual([19, 2])
    expect(successorsOf(ring, 19)).toEqual([2, 4])
    expect(predecessorsOf(ring, 2)).toEqual([19, 14])
    expect(predecessorsOf(ring, 4)).toEqual([2, 19])
  })

  test('of one and of two peers', () => {
    expect(ringOf([9])).toEqual(new Map([[9, { successors: [9, 9], predecessors: [null, null] }]]))
    expect(successorsOf([9, 0], 0)).toEqual([9, 0])
    expect(predecessorsOf([9, 0], 0)).toEqual([9, null])
  })

  test('of a stranger do not exist', () => {
    expect(() => successorsOf([1, 2], 3)).toThrow('peer 3 is no member')
  })
})

describe('owners', () => {
  test('agree with a walk from the key', () => {
    fc.assert(
      fc.property(rings, names, (members, name) => {
        let at = Number(name)
        while (at > 255) at -= 256
        while (!members.includes(at)) at = next(at)
        expect(ownerOf(members, name)).toBe(at)
      }),
    )
  })

  test('agree with the definition by predecessor', () => {
    fc.assert(
      fc.property(rings, names, (members, name) => {
        const claims = members.filter((id) =>
          dumbInOpenClosed(keyOf(name), predecessorsOf(members, id)[0] ?? id, id),
        )
        expect(claims).toEqual([ownerOf(members, name)])
      }),
    )
  })

  test('of the names in the course handout', () => {
    const ring = [2, 4, 5, 8, 9, 14, 19]
    expect(keyOf('2067')).toBe(19)
    expect(ownerOf(ring, '2067')).toBe(19)
    expect(ownerOf(ring, '4103')).toBe(8)
    expect(ownerOf(ring, '0159')).toBe(2)
  })

  test('a lookup passes every peer on its way once', () => {
    expect(lookupRoute([2, 4, 5, 8, 9, 14, 19], 4, '2067')).toEqual([4, 5, 8, 9, 14, 19])
    expect(lookupRoute([2, 4, 5, 8, 9, 14, 19], 14, '4103')).toEqual([14, 19, 2, 4, 5, 8])
    expect(lookupRoute([9], 9, '0000')).toEqual([9])
  })
})

describe('changes', () => {
  test('a newcomer lands between its acceptor and its first successor', () => {
    fc.assert(
      fc.property(rings, ids, (members, newcomer) => {
        fc.pre(!members.includes(newcomer))
        const via = members[0] ?? 0
        const { acceptor, route, successors } = placementOf(members, via, newcomer)
        expect(acceptor).toBe(walk(members, newcomer, back))
        expect(members.filter((p) => isInOpen(newcomer, p, successorsOf(members, p)[0]))).toEqual([acceptor])
        expect(route[0]).toBe(via)
        expect(route.at(-1)).toBe(acceptor)
        expect(new Set(route).size).toBe(route.length)
        const [first, second] = successorsOf(members, acceptor)
        expect(successors).toEqual([first, members.length === 1 ? newcomer : second])
      }),
    )
  })

  test('the join of the course handout', () => {
    expect(placementOf([2, 4, 5, 8, 9, 14, 19], 4, 15)).toEqual({
      acceptor: 14,
      route: [4, 5, 8, 9, 14],
      successors: [19, 2],
    })
  })

  test('nobody accepts a member', () => {
    expect(() => acceptorOf([1, 2], 2)).toThrow('member already')
  })

  test('join and departure undo each other', () => {
    fc.assert(
      fc.property(rings, ids, (members, newcomer) => {
        fc.pre(!members.includes(newcomer))
        expect(without(afterJoin(members, newcomer), newcomer)).toEqual(circleOrder(members))
      }),
    )
  })

  test('a path ends only at its end', () => {
    expect(pathBetween([10, 20, 30], 20, 10)).toEqual([20, 30, 10])
    expect(pathBetween([10, 20, 30], 20, 20)).toEqual([20])
  })
})
