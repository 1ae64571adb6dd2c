import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { FrameDecoder, type Piece } from './frame-decoder.ts'
import { peersWire } from './peers-wire.ts'
import type { Conversation, Decoded, Message } from './wire.ts'

const examples = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'spec', 'peers', 'examples')
const wire = peersWire(() => false)
const bytesOf = (message: unknown): Buffer => Buffer.from(JSON.stringify(message))

const jsonFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name))

/** Arguments of the plainest request of a method, so that an answer has something to answer. */
const plainRequest = (method: string): Buffer => readFileSync(join(examples, method, 'plain.json')) as Buffer

function decodeExample(folder: string, bytes: Uint8Array): Decoded {
  const { opener, acceptor } = wire.converse()
  if (folder !== 'error' && !folder.endsWith('.result')) return opener.decode(bytes)
  opener.decode(plainRequest(folder === 'error' ? 'check' : folder.replace('.result', '')))
  return acceptor.decode(bytes)
}

test.each(readdirSync(examples))('the valid examples of peers.%s have no fault', (folder) => {
  const files = jsonFiles(join(examples, folder))
  expect(files.length).toBeGreaterThan(0)
  for (const file of files) {
    const message = JSON.parse(readFileSync(file, 'utf8')) as Message
    const { fault, type } = decodeExample(folder, bytesOf(message))
    // A server has to put up with other keys, and a caller must not write any.
    const hasOther = 'method' in message && Object.keys(message).length > 2
    expect(fault?.requirement, file).toBe(hasOther ? 'peers.call.request' : undefined)
    if (folder !== 'request') expect(type, file).toBe(`peers.${folder}`)
  }
})

test.each(readdirSync(examples))('the invalid examples of peers.%s have one', (folder) => {
  const files = jsonFiles(join(examples, folder, 'invalid'))
  expect(files.length).toBeGreaterThan(0)
  for (const file of files) {
    const { message, raw } = JSON.parse(readFileSync(file, 'utf8')) as { message?: unknown; raw?: string }
    expect(
      decodeExample(folder, raw === undefined ? bytesOf(message) : Buffer.from(raw)).fault,
      file,
    ).toBeDefined()
  }
})

test.each([
  ['nothing', '', 0],
  ['no JSON', 'check', 0],
  ['an array', '[]', 0],
  ['two objects', '{"method":"check","args":[]}{}', 28],
  ['no method', '{"args":[]}', ''],
  ['a method that is no string', '{"method":1,"args":[]}', '/method'],
  ['args that are no array', '{"method":"check","args":{}}', '/args'],
  ['the key of the first edition', '{"method":"check","params":[]}', ''],
  ['another key', '{"method":"check","args":[],"id":1}', '/id'],
  ['an integer with a fraction', '{"method":"unregister_peer","args":[1.0]}', '/args/0'],
  ['one argument too many', '{"method":"check","args":[1]}', '/args'],
])('%s is a fault of a request', (_what, text, at) => {
  const { fault } = wire.converse().opener.decode(Buffer.from(text))
  expect(fault).toMatchObject({ at, requirement: 'peers.call.request' })
})

test('an unknown method is no fault of who asks, and neither are arguments that the case has ordered', () => {
  expect(wire.converse().opener.decode(bytesOf({ method: 'dance', args: [1] }))).toMatchObject({
    type: 'peers.request',
  })
  const ordered = peersWire((method, args) => method === 'check' && args[0] === 1).converse().opener
  expect(ordered.decode(bytesOf({ method: 'check', args: [1] })).fault).toBeUndefined()
  expect(ordered.decode(bytesOf({ method: 'check', args: [2] })).fault).toBeDefined()
})

describe('an answer', () => {
  const asked = (...requests: Message[]): Conversation => {
    const conversation = wire.converse()
    for (const [n, request] of requests.entries()) conversation.opener.decode(bytesOf(request)).numbered?.(n)
    return conversation
  }
  const check = { method: 'check', args: [] }
  const all = { method: 'require_all', args: ['chat'] }

  test('is held against the method that was asked, in the order of the requests', () => {
    const { acceptor } = asked(check, all)
    expect(acceptor.decode(bytesOf({ result: [7, 'chat'] }))).toMatchObject({
      type: 'peers.check.result',
      answers: 0,
    })
    expect(acceptor.decode(bytesOf({ result: [7, 'chat'] }))).toMatchObject({
      type: 'peers.require_all.result',
      answers: 1,
      fault: { requirement: 'peers.call.answer' },
    })
  })

  test('to nobody is a fault', () => {
    const { acceptor } = asked(check)
    acceptor.decode(bytesOf({ result: [7, 'chat'] }))
    expect(acceptor.decode(bytesOf({ result: [7, 'chat'] })).fault?.text).toBe('an answer to no request')
  })

  test.each([
    ['both keys', '{"result":null,"error":{"name":"E","args":[]}}'],
    ['neither key', '{}'],
    ['an error without args', '{"error":{"name":"E"}}'],
    ['an error that is a text', '{"error":"E"}'],
    ['no object', 'null'],
    ['an integer with a fraction', '{"error":{"name":"E","args":[1.0]}}'],
  ])('with %s is a fault', (_what, text) => {
    expect(asked(check).acceptor.decode(Buffer.from(text)).fault?.requirement).toBe('peers.call.answer')
  })

  test('to a call with wrong arguments, of an unknown method or to no call at all may have any result', () => {
    const { acceptor } = asked({ method: 'check', args: [1] }, { method: 'dance', args: [] }, { args: 1 })
    for (const type of ['peers.check.result', 'peers.result', 'peers.result']) {
      const decoded = acceptor.decode(bytesOf({ result: { any: 'thing' } }))
      expect(decoded).toMatchObject({ type })
      expect(decoded.fault).toBeUndefined()
    }
  })

  test('to a line that is too long, or that its sender has not ended, answers that line', () => {
    const conversation = wire.converse()
    const feed = (text: string, end: boolean) => {
      const decoder = new FrameDecoder(conversation.opener, () => undefined)
      decoder.feed(Buffer.from(text))
      if (end) decoder.end(true)
    }
    feed('x'.repeat(65_538), false)
    feed('{"method":', true)
    const refusal = bytesOf({ error: { name: 'ProtocolError', args: ['no'] } })
    expect(conversation.acceptor.decode(refusal).fault).toBeUndefined()
    expect(conversation.acceptor.decode(refusal).fault).toBeUndefined()
    expect(conversation.acceptor.decode(refusal).fault).toBeDefined()
  })
})

test.each([
  ['request', 'opener', 65_536],
  ['answer', 'acceptor', 8_388_608],
] as const)('the longest %s is read, and the next line after one that is longer', (_what, side, bytesMax) => {
  const conversation = wire.converse()
  const ask = bytesOf({ method: 'print_message', args: [1, ''] })
  if (side === 'acceptor') for (let i = 0; i < 3; i++) conversation.opener.decode(ask)
  const line = (length: number) => {
    const bare = side === 'opener' ? '{"method":"print_message","args":[1,""]}' : '{"result":null,"x":""}'
    return `${bare.replace('""', `"${'x'.repeat(length - bare.length)}"`)}\n`
  }
  const pieces: Piece[] = []
  const decoder = new FrameDecoder(conversation[side], (piece) => pieces.push(piece))
  decoder.feed(Buffer.from(line(bytesMax) + line(bytesMax + 1) + line(100)))
  expect(pieces.map(({ message }) => message !== undefined)).toEqual([true, false, true])
  expect(pieces[0]?.fault).toBeUndefined()
  // Nothing forbids to ask at length, and nobody has to read it.
  expect(pieces[1]?.fault?.requirement).toBe(side === 'opener' ? undefined : 'peers.call.length')
})

test('what a program leaves without an LF is its mistake only if it was all', () => {
  const { opener, acceptor } = wire.converse()
  const whole = bytesOf({ method: 'check', args: [] })
  expect(opener.decodeRest(whole, true).fault?.requirement).toBe('peers.call.request')
  expect(opener.decodeRest(whole, false).fault).toBeUndefined()
  expect(acceptor.decodeRest(bytesOf({ result: null }), true).fault?.requirement).toBe('peers.call.answer')
  expect(acceptor.decodeRest(Buffer.from('{"resu'), true).fault).toBeUndefined()
})

test('a played participant sends proper lines as such, and others as bytes', () => {
  expect(wire.faultOf({ method: 'dance', args: [] })).toBeUndefined()
  expect(wire.faultOf({ result: null })).toBeUndefined()
  expect(wire.faultOf({ method: 'dance' })).toBeDefined()
  expect(wire.faultOf({ result: null, error: { name: 'E', args: [] } })).toBeDefined()
})
