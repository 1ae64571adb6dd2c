import { expect, test } from 'vitest'
import { common, control, ring } from './index.ts'

test('a message comes back typed by its wire type', () => {
  const result = ring.validate({ type: 'ring.ping', from: 5, seq: 0, slot: 1, colour: 'green' })
  if (!result.ok || result.message.type !== 'ring.ping') throw new Error('refused')
  const slot: 1 | 2 = result.message.slot
  expect(slot).toBe(1)
})

test('the reasons of a refusal name the field and what it must be', () => {
  const result = ring.validate({ type: 'ring.ping', from: 5, seq: -1, slot: 3 })
  expect(result).toEqual({
    ok: false,
    errors: [
      { path: '/seq', message: 'must be >= 0' },
      { path: '/slot', message: 'must be one of 1, 2' },
    ],
  })
})

test.each([[null], [[]], ['ring.ping'], [7], [undefined]])('%j is no message', (value) => {
  expect(ring.validate(value)).toEqual({ ok: false, errors: [{ path: '', message: 'must be an object' }] })
})

// A table that is a plain object also has inherited names; none of them is a type.
test.each(['constructor', '__proto__', 'toString', 'chord.ping'])('%s is no type of the ring', (type) => {
  expect(ring.validate({ type, from: 1 })).toEqual({
    ok: false,
    errors: [{ path: '/type', message: `must be a known type, not "${type}"` }],
  })
})

test('a type that is no string is refused', () => {
  expect(ring.validate({ type: 1 })).toEqual({
    ok: false,
    errors: [{ path: '/type', message: 'must be a string' }],
  })
})

test('the other lines have validators of their own', () => {
  expect(common.validateError({ type: 'error', code: 'busy', message: '' }).ok).toBe(true)
  expect(common.validateError({ type: 'error', code: 'lazy', message: '' }).ok).toBe(false)
  expect(control.validateEvent({ event: 'peer-dead', peer: 5 }).ok).toBe(true)
  expect(control.validateEvent({ peer: 5 }).ok).toBe(false)
  expect(ring.validateConfig({ id: 0, basePort: 12000, folder: '.' }).ok).toBe(true)
  expect(ring.validateConfig({ id: 256, basePort: 12000, folder: '.' })).toEqual({
    ok: false,
    errors: [{ path: '/id', message: 'must be <= 255' }],
  })
})
