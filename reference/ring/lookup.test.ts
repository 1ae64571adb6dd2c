import { describe, expect, test } from 'vitest'
import type { RingMessageOf } from '../../spec/ring/messages.ts'
import { ScriptedPeer } from './scripted-peer.ts'

const digest = 'a'.repeat(64)

const request = (fields: Partial<RingMessageOf<'ring.request'>>): RingMessageOf<'ring.request'> => ({
  type: 'ring.request',
  from: 8,
  origin: 2,
  name: '0010',
  request: 7,
  transport: 'tcp',
  route: [2, 8],
  ...fields,
})
const store = (fields: Partial<RingMessageOf<'ring.store'>>): RingMessageOf<'ring.store'> => ({
  type: 'ring.store',
  from: 8,
  origin: 2,
  name: '0010',
  request: 7,
  size: 5,
  route: [2, 8],
  ...fields,
})

/** Peer 12 with predecessor 8, which owns the keys 9 to 12. Nobody dies in these tests. */
function owner(): ScriptedPeer {
  const peer = ScriptedPeer.member(12, [15, 2], { pingIntervalMs: 60_000 })
  peer.pingFrom(8, 1)
  peer.take()
  return peer
}

/** Puts a file into the peer, by the whole exchange. */
function give(peer: ScriptedPeer, name: string, size: number): void {
  const before = peer.take()
  peer.receive(store({ name, size, request: 1000 }))
  const connection = peer.receive({
    type: 'ring.put',
    from: 2,
    name,
    request: 1000,
    digest,
    bodyLength: size,
  })
  const blob = peer.of('receive-body')[0]?.blob ?? 0
  peer.input({ kind: 'content', blob, size, digest })
  peer.input({ kind: 'committed', blob, path: `/folder/${name}` })
  peer.input({ kind: 'closed', connection })
  peer.effects = before
}

describe('ring.route.owner', () => {
  test.each([
    ['0009', 'first key behind the predecessor'],
    ['0012', 'its own id'],
    ['0268', 'its own id, modulo 256'],
  ])('%s is handled here: %s', (name) => {
    const peer = owner()
    peer.receive(request({ name }))
    expect(peer.onlySent('ring.not-found')).toMatchObject({ to: 2, message: { name, route: [2, 8, 12] } })
  })

  test.each([
    ['0008', "the predecessor's own key"],
    ['0013', 'beyond'],
    ['0200', 'far beyond'],
  ])('%s is passed on: %s', (name) => {
    const peer = owner()
    peer.receive(request({ name }))
    expect(peer.onlySent('ring.request').to).toBe(15)
  })

  test('while no predecessor is known, the last hop stands for it', () => {
    const peer = ScriptedPeer.member(12, [15, 2], { pingIntervalMs: 60_000 })
    peer.receive(request({ name: '0009', from: 8 }))
    expect(peer.sentOf('ring.not-found')).toHaveLength(1)
    peer.receive(request({ name: '0008', from: 8 }))
    expect(peer.onlySent('ring.request').to).toBe(15)
  })

  test('the origin itself is no hop: knowing no predecessor, it passes its lookup on', () => {
    const peer = ScriptedPeer.member(12, [15, 2], { pingIntervalMs: 60_000 })
    peer.command({ command: 'request', name: '0200', transport: 'tcp' })
    expect(peer.onlySent('ring.request')).toMatchObject({
      to: 15,
      message: { from: 12, origin: 12, route: [12] },
    })
  })

  test('a peer whose predecessor has died takes a key that the one before hands to it', () => {
    const peer = owner()
    peer.receive(request({ name: '0006', from: 4, route: [2, 4] }))
    expect(peer.onlySent('ring.not-found').message.route).toEqual([2, 4, 12])
  })
})

test('ring.route.forward: hop and route change, everything else stays', () => {
  const peer = owner()
  peer.receive(request({ name: '0159' }))
  expect(peer.onlySent('ring.request')).toEqual({
    to: 15,
    connection: expect.anything(),
    message: request({ name: '0159', from: 12, route: [2, 8, 12] }),
  })
})

describe('ring.route.loop', () => {
  test('a lookup that comes back is not passed on', () => {
    const peer = owner()
    peer.receive(request({ name: '0200', route: [2, 12, 15] }))
    expect(peer.sent).toEqual([])
  })

  test("the origin's command fails with no-owner", () => {
    const peer = owner()
    const handle = peer.command({ command: 'request', name: '0200', transport: 'tcp' })
    const sent = peer.onlySent('ring.request').message
    peer.receive({ ...sent, from: 8, route: [12, 15, 8] })
    expect(peer.reply(handle)).toBe('no-owner')
  })
})

describe('ring.route.retry', () => {
  test('a message that cannot be passed on is tried again, to the first successor of that moment', () => {
    const peer = ScriptedPeer.member(12, [15, 2], { pingIntervalMs: 100 })
    peer.pingFrom(8, 1)
    peer.take()
    peer.receive(request({ name: '0200' }))
    peer.input({ kind: 'unreachable', connection: peer.onlySent('ring.request').connection })
    peer.take()
    peer.receive({ type: 'ring.depart', from: 15, successors: [2, 4] })
    peer.advance(100)
    expect(peer.onlySent('ring.request')).toMatchObject({
      to: 2,
      message: { name: '0200', route: [2, 8, 12] },
    })
  })

  test('and given up when its time is over', () => {
    const peer = ScriptedPeer.member(12, [15, 2], { pingIntervalMs: 300, requestTimeoutMs: 1000 })
    peer.pingFrom(8, 1)
    const handle = peer.command({ command: 'request', name: '0200', transport: 'tcp' })
    for (let attempt = 0; attempt < 8; attempt += 1) {
      for (const { connection } of peer.sentOf('ring.request'))
        peer.input({ kind: 'unreachable', connection })
      const reply = peer.reply(handle)
      if (reply !== undefined) {
        expect(reply).toMatch(/^unreachable$|^timeout$/)
        return
      }
      peer.take()
      peer.advance(300)
    }
    expect.unreachable('the command never ended')
  })

  test('a peer that is alone by then handles it itself', () => {
    const peer = ScriptedPeer.member(12, [15, 12], { pingIntervalMs: 100 })
    peer.pingFrom(15, 1)
    peer.take()
    peer.receive(request({ name: '0014', from: 15, route: [15] }))
    peer.input({ kind: 'unreachable', connection: peer.onlySent('ring.request').connection })
    peer.receive({ type: 'ring.depart', from: 15, successors: [12, 15] })
    peer.advance(100)
    expect(peer.onlySent('ring.not-found').message.route).toEqual([15, 12])
  })
})

describe('ring.store.place, the owner', () => {
  test('it asks for the content, keeps it and says so', () => {
    const peer = owner()
    peer.receive(store({}))
    expect(peer.onlySent('ring.store-accept')).toMatchObject({
      to: 2,
      message: { request: 7, route: [2, 8, 12] },
    })
    const put = { type: 'ring.put', from: 2, name: '0010', request: 7, digest, bodyLength: 5 } as const
    const connection = peer.receive(put)
    const blob = peer.of('receive-body')[0]?.blob ?? 0
    peer.input({ kind: 'content', blob, size: 5, digest })
    expect(peer.of('commit')).toEqual([{ kind: 'commit', blob, file: '0010' }])
    expect(peer.state()).toMatchObject({ files: [] })
    peer.input({ kind: 'committed', blob, path: '/folder/0010' })
    expect(peer.onlySent('ring.stored')).toMatchObject({
      connection,
      message: { from: 12, name: '0010', request: 7 },
    })
    expect(peer.state()).toMatchObject({ files: ['0010'] })
    expect(peer.events('stored')).toEqual([{ event: 'stored', name: '0010', size: 5, digest }])
  })
})

describe('ring.store.unasked', () => {
  test.each([
    ['nobody asked for', {}, false],
    ['of another size', { bodyLength: 6 }, true],
    ['of another origin', { from: 3 }, true],
    ['of another request', { request: 8 }, true],
    ['of another name', { name: '0011' }, true],
  ] as const)('a put %s is refused', (_, fields, isAsked) => {
    const peer = owner()
    if (isAsked) peer.receive(store({}))
    peer.take()
    const connection = peer.receive({
      type: 'ring.put',
      from: 2,
      name: '0010',
      request: 7,
      digest,
      bodyLength: 5,
      ...fields,
    })
    expect(peer.onlySent('error')).toMatchObject({ connection, message: { code: 'unexpected' } })
    expect(peer.of('close').map((close) => close.connection)).toEqual([connection])
    expect(peer.of('receive-body')).toEqual([])
  })

  test('one whose content does not match its digest is not stored', () => {
    const peer = owner()
    peer.receive(store({}))
    peer.receive({ type: 'ring.put', from: 2, name: '0010', request: 7, digest, bodyLength: 5 })
    const blob = peer.of('receive-body')[0]?.blob ?? 0
    peer.input({ kind: 'content', blob, size: 5, digest: 'b'.repeat(64) })
    expect(peer.of('commit')).toEqual([])
    expect(peer.of('discard')).toEqual([{ kind: 'discard', blob }])
    expect(peer.onlySent('error').message.code).toBe('unexpected')
  })

  test('one that stops half way gives its place free and leaves nothing', () => {
    const peer = owner()
    peer.receive(store({}))
    const connection = peer.receive({
      type: 'ring.put',
      from: 2,
      name: '0010',
      request: 7,
      digest,
      bodyLength: 5,
    })
    peer.advance(900)
    peer.input({ kind: 'progress', connection })
    peer.advance(999)
    expect(peer.of('abort')).toEqual([])
    peer.advance(1)
    expect(peer.of('abort')).toEqual([{ kind: 'abort', connection }])
  })
})

/** The origin of a store of 0100, up to the lookup. */
function storing() {
  const peer = owner()
  const handle = peer.command({ command: 'store', name: '0100', path: '/elsewhere/song' })
  const blob = peer.of('measure')[0]?.blob ?? 0
  peer.input({ kind: 'content', blob, size: 5, digest })
  const message = peer.onlySent('ring.store')
  const accept = () =>
    peer.receive({
      type: 'ring.store-accept',
      from: 100,
      name: '0100',
      request: message.message.request,
      route: [12, 100],
    })
  return { peer, handle, blob, message, accept }
}

describe('ring.store.place, the origin', () => {
  test('the command succeeds only when the owner has stored the file', () => {
    const { peer, handle, blob, message, accept } = storing()
    expect(message).toMatchObject({
      to: 15,
      message: { from: 12, origin: 12, name: '0100', size: 5, route: [12] },
    })
    accept()
    const put = peer.onlySent('ring.put')
    expect(put).toMatchObject({ to: 100, message: { bodyLength: 5, digest } })
    expect(peer.of('send').find((send) => send.connection === put.connection)?.body).toBe(blob)
    expect(peer.reply(handle)).toBeUndefined()
    peer.receive(
      { type: 'ring.stored', from: 100, name: '0100', request: put.message.request },
      put.connection,
    )
    expect(peer.reply(handle)).toEqual({ owner: 100, route: [12, 100] })
  })

  test.each([
    ['an owner that cannot be reached', { kind: 'unreachable' }, 'unreachable'],
    ['an owner that ends the connection', { kind: 'ended' }, 'transfer-failed'],
    ['an owner that is cut off', { kind: 'closed' }, 'transfer-failed'],
  ] as const)('%s', (_, { kind }, code) => {
    const { peer, handle, accept } = storing()
    accept()
    peer.input({ kind, connection: peer.onlySent('ring.put').connection })
    expect(peer.reply(handle)).toBe(code)
  })

  test('a file that cannot be read is a bad argument', () => {
    const peer = owner()
    const handle = peer.command({ command: 'store', name: '0100', path: '/nowhere' })
    peer.input({ kind: 'blob-failed', blob: peer.of('measure')[0]?.blob ?? 0, detail: 'ENOENT' })
    expect(peer.reply(handle)).toBe('bad-argument')
  })
})

test('ring.store.self: no message is sent, and the file is here', () => {
  const peer = owner()
  const handle = peer.command({ command: 'store', name: '0010', path: '/elsewhere/song' })
  peer.input({ kind: 'content', blob: peer.of('measure')[0]?.blob ?? 0, size: 5, digest })
  const blob = peer.of('copy')[0]?.blob ?? 0
  peer.input({ kind: 'content', blob, size: 5, digest })
  peer.input({ kind: 'committed', blob, path: '/folder/0010' })
  expect(peer.reply(handle)).toEqual({ owner: 12, route: [12] })
  expect(peer.sent).toEqual([])
  expect(peer.state()).toMatchObject({ files: ['0010'] })
})

describe('ring.request.found', () => {
  test('the owner sends the file on a connection of its own', () => {
    const peer = owner()
    give(peer, '0010', 5)
    peer.receive(request({}))
    expect(peer.onlySent('ring.file')).toMatchObject({
      to: 2,
      message: { name: '0010', request: 7, digest, route: [2, 8, 12], bodyLength: 5 },
    })
    expect(peer.of('open-blob')).toMatchObject([{ file: '0010' }])
  })
})

test('ring.request.name: a name with the same key is another file', () => {
  const peer = owner()
  give(peer, '0010', 5)
  peer.receive(request({ name: '0266' }))
  expect(peer.sentOf('ring.file')).toEqual([])
  expect(peer.onlySent('ring.not-found').message.name).toBe('0266')
})

test('ring.request.not-found: at once, whatever the transport', () => {
  const peer = owner()
  peer.receive(request({ transport: 'udp' }))
  expect(peer.onlySent('ring.not-found').to).toBe(2)
  const handle = peer.command({ command: 'request', name: '0100', transport: 'udp' })
  const asked = peer.onlySent('ring.request').message.request
  peer.receive({ type: 'ring.not-found', from: 100, name: '0100', request: asked, route: [12, 100] })
  expect(peer.reply(handle)).toBe('not-found')
})

test('ring.request.self: without any message', () => {
  const peer = owner()
  expect(peer.reply(peer.command({ command: 'request', name: '0010', transport: 'udp' }))).toBe('not-found')
  give(peer, '0010', 5)
  const handle = peer.command({ command: 'request', name: '0010', transport: 'udp' })
  expect(peer.reply(handle)).toEqual({ owner: 12, route: [12], size: 5, digest, path: '/folder/0010' })
  expect(peer.sent).toEqual([])
})

/** The origin of a request for 0100, with the answer `file` on its way. */
function requesting(announced: Partial<RingMessageOf<'ring.file'>> = {}) {
  const peer = owner()
  const handle = peer.command({ command: 'request', name: '0100', transport: 'tcp' })
  const asked = peer.onlySent('ring.request').message.request
  const connection = peer.receive({
    type: 'ring.file',
    from: 100,
    name: '0100',
    request: asked,
    digest,
    route: [12, 100],
    bodyLength: 5,
    ...announced,
  })
  return { peer, handle, asked, connection, blob: peer.of('receive-body')[0]?.blob ?? 0 }
}

describe('ring.request.verify', () => {
  test('content of that size and digest becomes a file', () => {
    const { peer, handle, blob } = requesting()
    peer.input({ kind: 'content', blob, size: 5, digest })
    peer.input({ kind: 'committed', blob, path: '/folder/received' })
    expect(peer.reply(handle)).toEqual({
      owner: 100,
      route: [12, 100],
      size: 5,
      digest,
      path: '/folder/received',
    })
    expect(peer.state()).toMatchObject({ files: [] })
  })

  test('another digest is a mismatch, and the bytes are discarded', () => {
    const { peer, handle, blob } = requesting()
    peer.input({ kind: 'content', blob, size: 5, digest: 'b'.repeat(64) })
    expect(peer.reply(handle)).toBe('digest-mismatch')
    expect(peer.of('discard')).toContainEqual({ kind: 'discard', blob })
    expect(peer.of('commit')).toEqual([])
  })

  test('a connection that ends early is a failed transfer', () => {
    const { peer, handle, blob } = requesting()
    peer.input({ kind: 'blob-failed', blob, detail: 'cut' })
    expect(peer.reply(handle)).toBe('transfer-failed')
  })
})

describe('ring.request.unasked', () => {
  test.each([
    ['another request', { request: 99 }],
    ['another name', { name: '0101' }],
  ])('a file for %s is refused', (_, fields) => {
    const { peer, handle, connection } = requesting(fields)
    expect(peer.onlySent('error')).toMatchObject({ connection, message: { code: 'unexpected' } })
    expect(peer.of('receive-body')).toEqual([])
    expect(peer.of('close').map((close) => close.connection)).toContain(connection)
    expect(peer.reply(handle)).toBeUndefined()
  })

  test('a second file for the same request is refused', () => {
    const { peer, asked } = requesting()
    peer.receive({
      type: 'ring.file',
      from: 9,
      name: '0100',
      request: asked,
      digest,
      route: [9],
      bodyLength: 5,
    })
    expect(peer.onlySent('error').message.code).toBe('unexpected')
    expect(peer.of('receive-body')).toHaveLength(1)
  })

  test('a store-accept or not-found that nobody waits for is refused', () => {
    const peer = owner()
    peer.receive({ type: 'ring.store-accept', from: 9, name: '0100', request: 1, route: [9] })
    peer.receive({ type: 'ring.not-found', from: 9, name: '0100', request: 1, route: [9] })
    expect(peer.sentOf('error').map(({ message }) => message.code)).toEqual(['unexpected', 'unexpected'])
    expect(peer.sentOf('ring.put')).toEqual([])
  })
})

describe('ring.request.ends', () => {
  test('a command on which nothing happens times out', () => {
    const peer = owner()
    const handle = peer.command({ command: 'request', name: '0100', transport: 'tcp' })
    peer.advance(999)
    expect(peer.reply(handle)).toBeUndefined()
    peer.advance(1)
    expect(peer.reply(handle)).toBe('timeout')
  })

  test('one on which something happens goes on', () => {
    const { peer, handle, connection } = requesting()
    for (let part = 0; part < 5; part += 1) {
      peer.advance(900)
      peer.input({ kind: 'progress', connection })
    }
    expect(peer.reply(handle)).toBeUndefined()
    peer.advance(1000)
    expect(peer.reply(handle)).toBe('timeout')
    expect(peer.of('abort')).toEqual([{ kind: 'abort', connection }])
  })

  test('the 257th is refused, and the others go on', () => {
    const peer = owner()
    for (let count = 0; count < 256; count += 1)
      peer.command({ command: 'request', name: '0100', transport: 'tcp' })
    expect(peer.of('reply')).toEqual([])
    expect(peer.reply(peer.command({ command: 'request', name: '0100', transport: 'tcp' }))).toBe('busy')
  })

  test('a peer in no ring refuses at once', () => {
    const peer = new ScriptedPeer({ id: 12 })
    expect(peer.reply(peer.command({ command: 'request', name: '0100', transport: 'tcp' }))).toBe(
      'not-in-ring',
    )
    expect(peer.reply(peer.command({ command: 'store', name: '0100', path: '/song' }))).toBe('not-in-ring')
  })
})

test('common.tcp.malformed: an error is never answered', () => {
  const peer = owner()
  peer.receive({ type: 'error', code: 'internal', message: '' })
  expect(peer.sent).toEqual([])
})
