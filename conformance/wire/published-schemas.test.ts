import { expect, test } from 'vitest'
import { publishedSchemas } from '../../spec/published.ts'
import { channelOf, checkSchema, publishedNames } from './published-schemas.ts'

test('every schema of the specification is found among the published files, with its channel', () => {
  expect([...publishedNames()].sort()).toEqual(publishedSchemas.map(({ name }) => name).sort())
  for (const { name, channel } of publishedSchemas) expect(channelOf(name), name).toBe(channel)
})

test('ajv compiles each of them in its strict mode', () => {
  // No schema admits a string, so each of them must have something to say.
  for (const name of publishedNames()) expect(checkSchema(name, 'no object'), name).toBeDefined()
})

test.each([
  ['control.reply', { seq: 1, ok: true }, "the field 'result' is missing"],
  [
    'control.reply',
    { seq: 1, ok: false, error: { code: 'oops', message: '' } },
    "'error/code' must be one of",
  ],
  ['control.ring.peer.result.state', { id: 4 }, "the field 'inRing' is missing"],
  ['ring.ping', { type: 'ring.ping', from: 256, seq: 0, slot: 1 }, "'from' must be <= 255"],
])('%s: %j says "%s"', (name, value, text) => {
  expect(checkSchema(name, value)?.text).toContain(text)
})
