import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { decodeMessage } from './common-wire.ts'
import { channelOf } from './published-schemas.ts'

const examples = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'spec', 'ring', 'examples')

const jsonFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name))

const transportOf = (folder: string): 'udp' | 'tcp' => (channelOf(`ring.${folder}`) === 'udp' ? 'udp' : 'tcp')

const decode = (text: string, transport: 'udp' | 'tcp' = 'udp') => decodeMessage(Buffer.from(text), transport)

test.each(readdirSync(examples))('the valid examples of ring.%s have no fault', (folder) => {
  const files = jsonFiles(join(examples, folder))
  expect(files.length).toBeGreaterThan(0)
  for (const file of files) {
    const text = JSON.stringify(JSON.parse(readFileSync(file, 'utf8')))
    expect(decode(text, transportOf(folder)), file).toEqual({
      message: JSON.parse(text),
      type: `ring.${folder}`,
    })
  }
})

test.each(readdirSync(examples))('the invalid examples of ring.%s have one', (folder) => {
  const files = jsonFiles(join(examples, folder, 'invalid'))
  expect(files.length).toBeGreaterThan(0)
  for (const file of files) {
    const { message, raw } = JSON.parse(readFileSync(file, 'utf8')) as { message?: unknown; raw?: string }
    const text = raw ?? JSON.stringify(message)
    expect(decode(text, transportOf(folder)).fault?.text, file).toBeTypeOf('string')
  }
})

const ping = '{"type":"ring.ping","from":5,"seq":0,"slot":1}'

test.each([
  ['nothing', '', 0, 'common.encoding.json'],
  ['half an object', '{"type":', 8, 'common.encoding.json'],
  ['no JSON', 'ping 5 0', 0, 'common.encoding.json'],
  ['a byte order mark', `\ufeff${ping}`, 0, 'common.encoding.json'],
  ['an array', '[]', 0, 'common.encoding.json'],
  ['null', 'null', 0, 'common.encoding.json'],
  ['two objects', `${ping}${ping}`, 46, 'common.udp.one-object'],
  ['no type', '{"from":5}', '/type', 'common.encoding.json'],
  ['an unknown type', '{"type":"ring.dance","from":5}', '/type', 'common.encoding.json'],
  ['a type of a system with another wire', '{"type":"peers.request"}', '/type', 'common.encoding.json'],
  ['the name of a control schema', '{"type":"control.hello"}', '/type', 'common.encoding.json'],
  ['a name that every object has', '{"type":"constructor"}', '/type', 'common.encoding.json'],
  ['a field of the wrong type', ping.replace('"seq":0', '"seq":"0"'), '/seq', 'common.encoding.json'],
  ['a value out of range', ping.replace('"slot":1', '"slot":3'), '/slot', 'common.encoding.json'],
  ['a missing field', ping.replace('"seq":0,', ''), '', 'common.encoding.json'],
  ['an integer with a fraction', ping.replace('"seq":0', '"seq":1.0'), '/seq', 'common.encoding.json'],
  ['a key written twice', ping.replace('}', ',"seq":1}'), '/seq', 'common.encoding.duplicate-keys'],
])('%s is a fault', (_what, text, at, requirement) => {
  expect(decode(text).fault).toMatchObject({ at, requirement })
})

test('two objects in a line are a fault of the line', () => {
  const ack = '{"type":"ring.depart-ack","from":8}'
  expect(decode(`${ack}${ack}`, 'tcp').fault).toMatchObject({
    at: ack.length,
    requirement: 'common.tcp.lines',
  })
})

test('a datagram message on TCP is a fault, and the other way round', () => {
  expect(decode(ping, 'tcp').fault?.text).toContain('over UDP, not TCP')
  expect(decode('{"type":"ring.depart-ack","from":8}', 'udp').fault?.text).toContain('over TCP, not UDP')
})

test('bytes that are not UTF-8 are a fault, at the first of them', () => {
  const bytes = Buffer.concat([Buffer.from('{"type":"é'), Buffer.from([0xff]), Buffer.from('"}')])
  expect(decodeMessage(bytes, 'udp').fault?.at).toBe(11)
})

test('a datagram of 8,192 bytes is allowed, one of 8,193 is not; on TCP it is', () => {
  const padded = (length: number) => `${ping.slice(0, -1)},"x":"${'x'.repeat(length - ping.length - 7)}"}`
  expect(padded(8192)).toHaveLength(8192)
  expect(decode(padded(8192)).fault).toBeUndefined()
  expect(decode(padded(8193)).fault).toMatchObject({ at: 8192, requirement: 'common.udp.one-object' })
  const ack = `{"type":"ring.depart-ack","from":8,"x":"${'x'.repeat(9000)}"}`
  expect(decode(ack, 'tcp').fault).toBeUndefined()
})

test('unknown fields are none', () => {
  expect(decode(ping.replace('}', ',"hops":1,"ratio":0.5}')).fault).toBeUndefined()
})
