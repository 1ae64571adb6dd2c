import { describe, expect, test } from 'vitest'
import type { Case } from './case.ts'
import { nearMatch, type Selection, select, UsageError } from './selection.ts'

const make = (id: string, stage: number, ...also: string[]): Case => ({
  id,
  system: 'ring',
  role: 'ring.peer',
  title: id,
  requirements: [id.split('/')[0] ?? id, ...also],
  stage,
  observes: ['wire'],
  evidence: 'something',
  hint: 'none',
  run: async () => undefined,
})

const cases = [
  make('ring.dead.refresh/asks', 7),
  make('ring.ping.answer/member', 1),
  make('ring.ping.answer/not-member', 1),
  make('ring.ping.interval/slots', 1, 'common.time.config'),
  make('ring.join.place/wrap', 5),
]
const ids = (selection: Selection) => select(cases, selection).map(({ id }) => id)

describe('select', () => {
  test('nothing chosen is everything, by stage', () => {
    expect(ids({})).toEqual([
      'ring.ping.answer/member',
      'ring.ping.answer/not-member',
      'ring.ping.interval/slots',
      'ring.join.place/wrap',
      'ring.dead.refresh/asks',
    ])
  })

  test.each([
    ['a case', 'ring.ping.answer/member', ['ring.ping.answer/member']],
    ['a requirement', 'ring.ping.answer', ['ring.ping.answer/member', 'ring.ping.answer/not-member']],
    ['a requirement that is not the first', 'common.time.config', ['ring.ping.interval/slots']],
    ['the beginning of ids', 'ring.join', ['ring.join.place/wrap']],
    ['a glob', '*/w*', ['ring.join.place/wrap']],
    ['a glob with one character', 'ring.?oin.place', ['ring.join.place/wrap']],
  ])('--only %s', (_, pattern, expected) => {
    expect(ids({ only: [pattern] })).toEqual(expected)
  })

  test('a dot in a pattern is a dot, and a beginning ends at a dot or slash', () => {
    expect(() => ids({ only: ['ring.pin'] })).toThrow(UsageError)
    expect(() => ids({ only: ['ringxping'] })).toThrow(UsageError)
  })

  test('--skip, --stage and --level take cases away', () => {
    expect(ids({ skip: ['ring.ping', 'ring.dead'] })).toEqual(['ring.join.place/wrap'])
    expect(ids({ stages: [5, 7] })).toEqual(['ring.join.place/wrap', 'ring.dead.refresh/asks'])
    expect(ids({ level: 'MUST', stages: [5, 7] })).toEqual(['ring.join.place/wrap'])
    expect(ids({ level: 'SHOULD', stages: [5, 7] })).toHaveLength(2)
  })

  test.each([
    [{ only: ['ring.pnig'] }, /--only ring\.pnig: .*did you mean ring\.ping\?/],
    [{ only: ['ring.ping.answer/membre'] }, /did you mean ring\.ping\.answer\/member\?/],
    [{ only: ['ring.ping', 'zzz'] }, /--only zzz/],
    [{ skip: ['ring.jion'] }, /--skip ring\.jion: .*did you mean ring\.join\?/],
    [{ only: ['ring.ping'], stages: [5, 7] }, /no case is left/],
  ] as [Selection, RegExp][])('%j is wrong use', (selection, message) => {
    expect(() => ids(selection)).toThrow(UsageError)
    expect(() => ids(selection)).toThrow(message)
  })
})

test('a near match is near', () => {
  expect(nearMatch('rnig', ['ring', 'chord'])).toBe('ring')
  expect(nearMatch('--tiem-scale', ['--time-scale', '--seed'])).toBe('--time-scale')
  expect(nearMatch('banana', ['ring', 'chord'])).toBeUndefined()
  expect(nearMatch('anything', [])).toBeUndefined()
})
