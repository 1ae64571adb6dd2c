import { describe, expect, test } from 'vitest'
import { createAnswerCodec, createRequestCodec } from './codec.ts'
import { peersRules } from './rules.ts'

const decodeText = (bytes: Uint8Array) => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
const bytesOf = (text: string) => new TextEncoder().encode(text)
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

describe('requests', () => {
  const codec = createRequestCodec(decodeText, peersRules)
  const decode = (text: string) => codec.decode(bytesOf(text))

  test('peers.call.request: other keys are ignored', () => {
    expect(decode('{"args":[1,null],"method":"m","id":7,"params":[]}')).toEqual({
      isRefused: false,
      message: { method: 'm', args: [1, null] },
    })
    expect(decode(`{"method":"m","args":${nested(99)}}`).isRefused).toBe(false)
  })

  test.each([
    '',
    'x',
    '[]',
    '"method"',
    'null',
    '{"args":[]}',
    '{"method":null,"args":[]}',
    '{"method":"m"}',
    '{"method":"m","args":{}}',
    '{"method":"m","args":null}',
    '{"method":"m","params":[]}',
    `{"method":"m","args":${nested(100)}}`,
    `{"method":"m","args":${nested(30_000)}}`,
  ])('peers.call.malformed, peers.call.params: %s', (text) => {
    expect(decode(text)).toEqual({
      isRefused: true,
      isLast: false,
      answer: { error: { name: 'ProtocolError', args: [expect.stringMatching(/\bargs\b/)] } },
    })
  })

  test('what is no UTF-8 is malformed, and a line that is too long is the last', () => {
    expect(codec.decode(new Uint8Array([0x22, 0xff, 0x22]))).toMatchObject({ isRefused: true, isLast: false })
    expect(codec.tooLong()).toMatchObject({ isRefused: true, isLast: true })
  })
})

describe('answers', () => {
  const codec = createAnswerCodec(decodeText, peersRules)
  const decode = (text: string) => codec.decode(bytesOf(text))

  test.each(['null', 'false', '0', '""', '[]', '{"error":1}'])(
    'peers.call.presence: %s is a result',
    (value) => {
      expect(decode(`{"result":${value}}`)).toEqual({
        isRefused: false,
        message: { result: JSON.parse(value) as unknown },
      })
    },
  )

  test('peers.call.raise: name and arguments of an error', () => {
    const error = { name: 'Odd', args: ['a', 1, null, ['b']] }
    expect(decode(JSON.stringify({ error, more: 1 }))).toEqual({ isRefused: false, message: { error } })
  })

  test.each([
    '',
    '[]',
    '{}',
    '{"result":1,"error":{"name":"a","args":[]}}',
    '{"error":null}',
    '{"error":"a"}',
    '{"error":{"args":[]}}',
    '{"error":{"name":"a"}}',
    '{"error":{"name":"a","args":{}}}',
    `{"result":${nested(100)}}`,
  ])('peers.call.presence: %s is no answer', (text) => {
    expect(decode(text)).toEqual({ isRefused: false, message: { noAnswer: expect.any(String) } })
  })

  test('peers.call.length', () => {
    expect(codec.lineBytesMax).toBe(8_388_608)
    expect(codec.tooLong()).toEqual({ isRefused: false, message: { noAnswer: expect.any(String) } })
  })
})
