import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Agenda } from './agenda.ts'

test('entries come by time, and those of one moment in the order in which they were made', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (times) => {
      const agenda = new Agenda()
      const taken: [number, number][] = []
      for (const [order, at] of times.entries()) agenda.add(at, () => taken.push([at, order]))
      for (let act = agenda.take(); act !== undefined; act = agenda.take()) act()
      const sorted = times.map((at, order): [number, number] => [at, order])
      sorted.sort(([a, i], [b, j]) => a - b || i - j)
      expect(taken).toEqual(sorted)
    }),
  )
})

test('an entry added while another is acted upon takes its place in time', () => {
  const agenda = new Agenda()
  const seen: string[] = []
  agenda.add(10, () => {
    seen.push('ten')
    agenda.add(20, () => seen.push('twenty'))
  })
  agenda.add(30, () => seen.push('thirty'))
  while (agenda.nextAt !== undefined) agenda.take()?.()
  expect(seen).toEqual(['ten', 'twenty', 'thirty'])
})
