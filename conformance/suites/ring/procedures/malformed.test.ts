// A negative case is worth nothing if what it sends is not broken, or broken in another way than it says.
import { describe, expect, test } from 'vitest'
import { decodeMessage } from '../../../wire/common-wire.ts'
import { requestMessage, storeMessage } from './lookup.ts'
import { brokenPings, malformedLines, notOneObject } from './malformed.ts'
import { brokenMessage } from './mutations.ts'

const bytesOf = (bytes: Uint8Array | string): Uint8Array => Buffer.from(bytes)

const lookup = { from: 60, origin: 220, name: '0100', request: 5 }

describe('malformed messages', () => {
  test('the valid messages that they are made of are valid', () => {
    for (const message of [requestMessage(lookup), storeMessage({ ...lookup, size: 4 })]) {
      expect(decodeMessage(bytesOf(JSON.stringify(message)), 'tcp').fault).toBeUndefined()
    }
    const ping = JSON.stringify({ type: 'ring.ping', from: 140, seq: 7, slot: 1 })
    expect(decodeMessage(bytesOf(ping), 'udp').fault).toBeUndefined()
  })

  test.each(notOneObject(140))('$what is no JSON object', ({ bytes }) => {
    expect(decodeMessage(bytesOf(bytes), 'udp').fault).toBeDefined()
    expect(decodeMessage(bytesOf(bytes), 'udp').message).toBeUndefined()
  })

  test.each(brokenPings(140))('a ping with $what is an object and broken', ({ bytes }) => {
    expect(JSON.parse(Buffer.from(bytes).toString())).toBeTypeOf('object')
    expect(decodeMessage(bytesOf(bytes), 'udp').fault).toBeDefined()
  })

  test.each(malformedLines(requestMessage(lookup), storeMessage({ ...lookup, size: 4 })))(
    'a line that is $what has a fault that fits $codes',
    ({ bytes, codes }) => {
      const { message, fault } = decodeMessage(bytesOf(bytes), 'tcp')
      expect(fault).toBeDefined()
      if (codes.includes('malformed')) expect(message).toBeUndefined()
      if (codes.join() === 'unknown-type') expect(fault?.at).toBe('/type')
    },
  )
})

describe('random broken messages', () => {
  // mulberry32, as good as any: the test is about the messages, not about the numbers.
  const numbersFrom = (seed: number) => () => {
    seed = (seed + 0x6d2b79f5) >>> 0
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  test.each(['udp', 'tcp'] as const)(
    'over %s they are all broken, short, different, and the same for one seed',
    (transport) => {
      const [numbers, again] = [numbersFrom(7), numbersFrom(7)]
      const messages = Array.from({ length: 500 }, () => brokenMessage(numbers, transport))
      for (const bytes of messages) {
        expect(decodeMessage(bytes, transport).fault).toBeDefined()
        expect(bytes.length).toBeLessThan(8192)
        if (transport === 'tcp') expect(bytes.includes(0x0a)).toBe(false)
        expect(Buffer.compare(bytes, brokenMessage(again, transport))).toBe(0)
      }
      expect(new Set(messages.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBeGreaterThan(250)
    },
  )
})
