import Type from 'typebox'
import { describe, expect, test } from 'vitest'
import { createCodec } from './codec.ts'

interface Greeting {
  type: 'greeting'
  from: number
  bodyLength?: number
}

const decodeText = (bytes: Uint8Array) => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
const schema = Type.Object({
  type: Type.Literal('greeting'),
  from: Type.Integer({ minimum: 0, maximum: 255 }),
})
const codec = createCodec<Greeting>({ greeting: schema }, decodeText)
const bytesOf = (text: string) => new TextEncoder().encode(text)

describe('common.encoding.json', () => {
  const refused: { title: string; bytes: Uint8Array; code: string }[] = [
    { title: 'no JSON', bytes: bytesOf('hello'), code: 'malformed' },
    { title: 'nothing', bytes: bytesOf(''), code: 'malformed' },
    { title: 'an array', bytes: bytesOf('[{"type":"greeting","from":1}]'), code: 'malformed' },
    { title: 'null', bytes: bytesOf('null'), code: 'malformed' },
    { title: 'a string', bytes: bytesOf('"greeting"'), code: 'malformed' },
    { title: 'two objects', bytes: bytesOf('{"type":"greeting","from":1}{}'), code: 'malformed' },
    { title: 'bytes that are not UTF-8', bytes: Uint8Array.of(0x7b, 0xff, 0x7d), code: 'malformed' },
    { title: 'a byte order mark', bytes: bytesOf('\uFEFF{"type":"greeting","from":1}'), code: 'malformed' },
    { title: 'no type', bytes: bytesOf('{"from":1}'), code: 'schema' },
    { title: 'a type that is no string', bytes: bytesOf('{"type":1,"from":1}'), code: 'schema' },
    { title: 'an unknown type', bytes: bytesOf('{"type":"farewell","from":1}'), code: 'unknown-type' },
    { title: 'a type out of the prototype', bytes: bytesOf('{"type":"constructor"}'), code: 'unknown-type' },
    { title: 'a missing field', bytes: bytesOf('{"type":"greeting"}'), code: 'schema' },
    { title: 'a field of the wrong type', bytes: bytesOf('{"type":"greeting","from":"1"}'), code: 'schema' },
    { title: 'a number out of range', bytes: bytesOf('{"type":"greeting","from":256}'), code: 'schema' },
    { title: 'a fraction', bytes: bytesOf('{"type":"greeting","from":1.5}'), code: 'schema' },
    { title: 'infinity', bytes: bytesOf('{"type":"greeting","from":1e999}'), code: 'schema' },
  ]
  test.each(refused)('$title is refused as $code', ({ bytes, code }) => {
    expect(codec.decode(bytes)).toMatchObject({ isRefused: true, code })
  })

  test('a message that fits is accepted', () => {
    expect(codec.decode(bytesOf('{"type":"greeting","from":1}'))).toEqual({
      isRefused: false,
      message: { type: 'greeting', from: 1 },
    })
  })
})

test('common.encoding.unknown-fields: a field that nobody knows is let through', () => {
  expect(codec.decode(bytesOf('{"type":"greeting","from":1,"mood":"good"}'))).toMatchObject({
    isRefused: false,
  })
})

test('common.encoding.duplicate-keys: the last value counts', () => {
  expect(codec.decode(bytesOf('{"type":"greeting","from":1,"from":2}'))).toMatchObject({
    message: { from: 2 },
  })
})

test('common.tcp.malformed: a refused message tells whether a body may follow', () => {
  expect(codec.decode(bytesOf('{"type":"farewell","bodyLength":5}'))).toMatchObject({ hasBody: true })
  expect(codec.decode(bytesOf('{"type":"farewell"}'))).toMatchObject({ hasBody: false })
})
