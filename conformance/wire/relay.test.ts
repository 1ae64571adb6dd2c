import { expect, test } from 'vitest'
import { type Faults, RelayLink } from './relay.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** Sends the datagrams `0000`, `0001`, ... over a link; gives what was delivered, and the fates. */
function send(faults: Faults, count: number, seed = 1) {
  const link = new RelayLink(4, 9, seed)
  link.set(faults)
  const passages = Array.from({ length: count }, (_, n) =>
    link.pass(Buffer.from(String(n).padStart(4, '0')), { type: 'ring.ping', seq: n }),
  )
  return {
    delivered: passages.flatMap(({ deliveries }) => deliveries.map(({ bytes }) => text(bytes))),
    delays: passages.flatMap(({ deliveries }) => deliveries.map(({ afterMs }) => afterMs)),
    fates: passages.map(({ fate }) => fate),
  }
}

const numbers = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => String(n).padStart(4, '0'))

test('a healthy link passes everything, in order and at once', () => {
  const { delivered, fates, delays } = send({}, 100)
  expect(delivered).toEqual(numbers(100))
  expect(new Set(fates)).toEqual(new Set(['passed']))
  expect(new Set(delays)).toEqual(new Set([0]))
})

test.each<[string, Faults]>([
  ['drop', { drop: 0.3 }],
  ['duplicate', { duplicate: 0.3 }],
  ['reorder', { reorder: 0.3 }],
  ['corrupt', { corrupt: 0.3 }],
  ['truncate', { truncate: 0.3 }],
  ['jitter', { jitterMs: 50 }],
  ['all of them', { drop: 0.2, duplicate: 0.2, reorder: 0.2, corrupt: 0.2, truncate: 0.2, jitterMs: 9 }],
])('%s: the same seed meets the same luck, another seed another', (_name, faults) => {
  expect(send(faults, 200, 5)).toEqual(send(faults, 200, 5))
  expect(send(faults, 200, 5)).not.toEqual(send(faults, 200, 6))
})

test('drop of 1 is a one-way partition', () => {
  expect(send({ drop: 1 }, 50)).toMatchObject({ delivered: [], fates: Array(50).fill('dropped') })
})

test('drop of 0.3 drops about that share, and never changes what passes', () => {
  const { delivered, fates } = send({ drop: 0.3 }, 2000)
  expect(delivered.length).toBeGreaterThan(1300)
  expect(delivered.length).toBeLessThan(1500)
  expect(delivered).toEqual(numbers(2000).filter((_, n) => fates[n] === 'passed'))
})

test('the luck of a fault does not depend on which others are configured', () => {
  const dropped = send({ drop: 0.3 }, 200).fates.map((fate) => fate === 'dropped')
  const both = send({ drop: 0.3, duplicate: 0.5, corrupt: 0.5 }, 200).fates.map((fate) => fate === 'dropped')
  expect(both).toEqual(dropped)
})

test('a duplicate follows its original', () => {
  expect(send({ duplicate: 1 }, 2)).toMatchObject({
    delivered: ['0000', '0000', '0001', '0001'],
    fates: ['duplicated', 'duplicated'],
  })
})

test('a reordered datagram comes after the next one', () => {
  expect(send({ reorder: 1 }, 4)).toMatchObject({
    delivered: ['0001', '0000', '0003', '0002'],
    fates: ['reordered', 'passed', 'reordered', 'passed'],
  })
})

test('a corrupted datagram differs in exactly one byte', () => {
  const { delivered, fates } = send({ corrupt: 1 }, 100)
  expect(new Set(fates)).toEqual(new Set(['corrupted']))
  delivered.forEach((received, n) => {
    const sent = String(n).padStart(4, '0')
    expect([...received].filter((character, i) => character !== sent[i])).toHaveLength(1)
  })
})

test('a truncated datagram is a shorter beginning', () => {
  send({ truncate: 1 }, 100).delivered.forEach((received, n) => {
    expect(received.length).toBeLessThan(4)
    expect(String(n).padStart(4, '0').startsWith(received)).toBe(true)
  })
})

test('an empty datagram cannot be corrupted or truncated', () => {
  const link = new RelayLink(4, 9, 1)
  link.set({ corrupt: 1, truncate: 1 })
  expect(link.pass(new Uint8Array(), undefined)).toMatchObject({ fate: 'passed' })
})

test('the delay lies between delayMs and delayMs + jitterMs', () => {
  const { delays, fates } = send({ delayMs: 20, jitterMs: 10 }, 500)
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(20)
  expect(Math.max(...delays)).toBeLessThan(30)
  expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(5)
  expect(new Set(fates)).toEqual(new Set(['delayed']))
})

test('`only` spares what it does not choose, and what was held comes with what passes', () => {
  const even = (message: Readonly<Record<string, unknown>> | undefined) => Number(message?.seq) % 2 === 0
  expect(send({ drop: 1, only: even }, 4).delivered).toEqual(['0001', '0003'])
  expect(send({ reorder: 1, only: even }, 4).delivered).toEqual(['0001', '0000', '0003', '0002'])
})

test('a link without faults again is healed, and tells that it changed', () => {
  let changes = 0
  const link = new RelayLink(4, 9, 1, () => changes++)
  link.set({ drop: 1 })
  expect(link.pass(Buffer.from('a'), undefined).deliveries).toEqual([])
  link.set({})
  expect(link.pass(Buffer.from('b'), undefined).deliveries).toHaveLength(1)
  expect(changes).toBe(2)
})
