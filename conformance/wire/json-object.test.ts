import { expect, test } from 'vitest'
import { LEVELS_KEPT_MAX, readObject } from './json-object.ts'

const nested = (levels: number, inside = '"[[{"'): string =>
  `{"a":"\\"[","b":${'['.repeat(levels - 1)}${inside}${']'.repeat(levels - 1)}}`
const messageOf = (text: string): unknown => {
  const read = readObject(Buffer.from(text))
  return 'problem' in read ? read.problem : read.message
}

test('a message of up to 1,000 levels is read as it is', () => {
  for (const levels of [2, 100, LEVELS_KEPT_MAX])
    expect(JSON.stringify(messageOf(nested(levels)))).toBe(nested(levels))
})

test('of one that is nested deeper the rest is left out, so that everyone can walk it', () => {
  expect(JSON.stringify(messageOf(nested(LEVELS_KEPT_MAX + 1)))).toBe(nested(LEVELS_KEPT_MAX, 'null'))
  expect(JSON.stringify(messageOf(nested(30_000)))).toBe(nested(LEVELS_KEPT_MAX, 'null'))
})

test.each([
  ['', 'not JSON: Unexpected end of JSON input', false],
  ['{}{}', 'more than one object', true],
  ['[]', 'not a JSON object', false],
])('%j is no object', (text, problem, hasMore) => {
  expect(messageOf(text)).toMatchObject({ text: problem, hasMore })
})
