// What the programs write and read, line by line, without a process.
import { describe, expect, test } from 'vitest'
import type { RegistrationEvent } from '../peers/vocabulary.ts'
import { messageIn } from './conversation.ts'
import { Journal } from './journal.ts'
import { printable, printableAddress } from './printable.ts'

test.each([
  ['plain, \u00e9, \u{1f469}\u200d\u{1f680}, a\tb', 'plain, \u00e9, \u{1f469}\u200d\u{1f680}, a\tb'],
  ['a\nb\rc', 'a\\nb\\rc'],
  ['\u001b[31m\u0007\u0000\u007f\u009b', '\\u001b[31m\\u0007\\u0000\\u007f\\u009b'],
  ['\u202eevil\u2066\u2028', '\\u202eevil\\u2066\\u2028'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown)
})

test('an address in which a colon could mean two things has brackets', () => {
  expect(printableAddress(['10.0.0.1', 80])).toBe('10.0.0.1:80')
  expect(printableAddress(['::1', 80])).toBe('[::1]:80')
})

describe('a message', () => {
  test.each([
    ['2 : Can anybody hear me?', { to: '2', text: ' Can anybody hear me?' }],
    ['2:12:30', { to: '2', text: '12:30' }],
    [' 02 :', { to: '2', text: '' }],
    ['0 :\u2028x', { to: '0', text: '\u2028x' }],
  ])('%j', (line, message) => {
    expect(messageIn(line)).toEqual(message)
  })

  test.each(['', 'l', ': x', 'a : x', '2 x : y', '\u0662 : x', '+2 : x'])('%j is none', (line) => {
    expect(messageIn(line)).toBeUndefined()
  })
})

test('the journal tells 1,000 lines in a second, and then how many more there were', () => {
  const lines: string[] = []
  const journal = new Journal(
    (line) => lines.push(line),
    () => new Date(2026, 10, 1, 4, 5, 6),
  )
  const event: RegistrationEvent = { event: 'registered', type: 'a', id: 1, address: ['h', 2] }
  for (let index = 0; index < 1500; index += 1) journal.note(event)
  expect(lines.length).toBe(1000)
  journal.endSecond()
  expect(lines.slice(999)).toEqual([
    '2026-11-01 04:05:06 registered   a(1) h:2',
    '2026-11-01 04:05:06 and 500 more in the same second',
  ])
  journal.note(event)
  journal.endSecond()
  expect(lines.length).toBe(1002)
})
