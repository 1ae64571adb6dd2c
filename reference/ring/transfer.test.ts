import { describe, expect, test } from 'vitest'
import type { RingConfig } from '../../spec/ring/control.ts'
import type { RingMessageOf } from '../../spec/ring/messages.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { dataBytes } from './segment-log.ts'

const digest = 'a'.repeat(64)
/** Base64 of so many bytes. */
const bytes = (count: number) => Buffer.alloc(count, 7).toString('base64')

test('base64 text tells the number of its bytes', () => {
  for (let count = 1; count < 10; count += 1) expect(dataBytes(bytes(count))).toBe(count)
})

/** Peer 12, which owns and has file 0010 of that size and was asked for it by peer 4. */
function serving(size: number, config: Partial<RingConfig> = {}) {
  const peer = ScriptedPeer.member(12, [15, 2], {
    pingIntervalMs: 60_000,
    mss: 400,
    segmentLog: true,
    ...config,
  })
  peer.pingFrom(8, 1)
  peer.receive({ type: 'ring.store', from: 8, origin: 8, name: '0010', request: 1, size, route: [8] })
  peer.receive({ type: 'ring.put', from: 8, name: '0010', request: 1, digest, bodyLength: size })
  const stored = peer.of('receive-body')[0]?.blob ?? 0
  peer.input({ kind: 'content', blob: stored, size, digest })
  peer.input({ kind: 'committed', blob: stored, path: '/folder/0010' })
  peer.take()
  peer.receive({
    type: 'ring.request',
    from: 8,
    origin: 4,
    name: '0010',
    request: 9,
    transport: 'udp',
    route: [4, 8],
  })
  const offer = peer.onlySent('ring.offer')
  const { transfer } = offer.message
  return {
    peer,
    offer,
    ready: (from = 4) => peer.datagram({ type: 'ring.ready', from, transfer }),
    ack: (ack: number, from = 4) => peer.datagram({ type: 'ring.ack', from, transfer, ack }),
    /** Gives the machine the chunk that it wants to read, and drops what came out before. */
    read: () => {
      const wanted = peer.of('read').at(-1)
      if (wanted === undefined) throw new Error('nothing is to be read')
      peer.take()
      peer.input({ kind: 'chunk', blob: wanted.blob, offset: wanted.offset, data: bytes(wanted.length) })
      return wanted
    },
  }
}

describe('ring.udp.offer', () => {
  test('the owner opens with what it has', () => {
    const { offer } = serving(1000)
    expect(offer).toMatchObject({
      to: 4,
      message: { from: 12, request: 9, name: '0010', size: 1000, digest, mss: 400, route: [4, 8, 12] },
    })
  })
})

describe('ring.udp.segment and ring.udp.sequence', () => {
  test.each([
    [
      1000,
      [
        [1, 400],
        [401, 400],
        [801, 200],
      ],
    ],
    [
      800,
      [
        [1, 400],
        [401, 400],
      ],
    ],
    [1, [[1, 1]]],
    [0, []],
  ])('a file of %i bytes goes in segments %j, then comes the end', (size, segments) => {
    const { peer, ready, ack, read } = serving(size)
    ready()
    for (const [seq, length] of segments as [number, number][]) {
      expect(read()).toMatchObject({ offset: seq - 1, length })
      expect(peer.onlySent('ring.data')).toMatchObject({
        to: 4,
        message: { from: 12, seq, data: bytes(length) },
      })
      ack(seq + length)
    }
    expect(peer.onlySent('ring.end')).toMatchObject({ to: 4, message: { seq: size + 1 } })
    peer.take()
    ack(size + 2)
    peer.advance(10_000)
    expect(peer.sentOf('ring.end')).toEqual([])
  })
})

describe('ring.udp.stop-and-wait', () => {
  test.each([
    ['too low', 400, 4],
    ['too high', 402, 4],
    ['of the next segment', 801, 4],
    ['of another peer', 401, 5],
  ])('an ack that is %s moves nothing', (_, number, from) => {
    const { peer, ready, ack, read } = serving(1000)
    ready()
    read()
    peer.take()
    ack(number, from)
    expect(peer.of('read')).toEqual([])
    expect(peer.sent).toEqual([])
    ack(401)
    expect(peer.of('read')).toHaveLength(1)
  })

  test('a ready of another peer, or a second one, begins nothing', () => {
    const { peer, ready, read } = serving(1000)
    ready(5)
    expect(peer.of('read')).toEqual([])
    ready()
    read()
    ready()
    expect(peer.of('read')).toEqual([])
  })
})

describe('ring.udp.retransmit', () => {
  test('offer, segment and end are sent again with the same content', () => {
    const { peer, offer, ready, ack, read } = serving(400)
    peer.take()
    peer.advance(50)
    expect(peer.onlySent('ring.offer')).toEqual(offer)
    ready()
    read()
    const segment = peer.onlySent('ring.data').message
    peer.take()
    peer.advance(49)
    expect(peer.sent).toEqual([])
    peer.advance(51)
    expect(peer.sentOf('ring.data').map(({ message }) => message)).toEqual([segment, segment])
    peer.take()
    ack(401)
    peer.advance(50)
    expect(peer.sentOf('ring.end').map(({ message }) => message.seq)).toEqual([401, 401])
  })

  test('after so many retransmissions without an answer the transfer ends', () => {
    const { peer, ready, read } = serving(1000, { retransmissionsMax: 3 })
    peer.advance(10_000)
    expect(peer.sentOf('ring.offer')).toHaveLength(4)
    ready()
    expect(peer.of('read')).toEqual([])
    const again = serving(1000, { retransmissionsMax: 3 })
    again.peer.advance(120)
    again.ready()
    again.read()
    again.peer.advance(10_000)
    expect(again.peer.sentOf('ring.data')).toHaveLength(4)
    expect(() => read()).toThrow()
  })
})

describe('ring.udp.drop', () => {
  test('with probability 1 no segment goes out, the timeout runs all the same, and nothing else is dropped', () => {
    const { peer, ready, read } = serving(1000, { dropProbability: 1, retransmissionsMax: 5 })
    ready()
    read()
    peer.pingFrom(3, 2)
    peer.advance(10_000)
    expect(peer.sentOf('ring.data')).toEqual([])
    expect(peer.events('segment').map(({ action }) => action)).toEqual(Array(6).fill('drop'))
    expect(peer.sentOf('ring.pong')).toHaveLength(1)
  })

  test('about the configured share is dropped, retransmissions included', () => {
    const { peer, ready, read } = serving(1000, { dropProbability: 0.3, retransmissionsMax: 1000, seed: 42 })
    ready()
    read()
    peer.advance(50 * 999)
    const actions = peer.events('segment').map(({ action }) => action)
    expect(actions).toHaveLength(1000)
    const dropped = actions.filter((action) => action === 'drop').length
    // 300 are expected with a standard deviation of 14.5.
    expect(Math.abs(dropped - 300)).toBeLessThan(75)
  })
})

describe('common.robust.bounds', () => {
  test('64 transfers are served at once, and the 65th when one of them is over', () => {
    const { peer } = serving(1000, { retransmissionsMax: 1000 })
    const first = peer.onlySent('ring.offer').message.transfer
    peer.take()
    for (let count = 1; count < 66; count += 1) {
      peer.receive({
        type: 'ring.request',
        from: 8,
        origin: 20,
        name: '0010',
        request: count,
        transport: 'udp',
        route: [20, 8],
      })
    }
    expect(peer.sentOf('ring.offer')).toHaveLength(63)
    peer.datagram({ type: 'ring.ready', from: 4, transfer: first })
    const blob = peer.of('read').at(-1)?.blob ?? 0
    peer.take()
    peer.input({ kind: 'blob-failed', blob, detail: 'gone' })
    expect(peer.onlySent('ring.offer').message.request).toBe(64)
  })
})

/** Peer 4, which has asked for 0010 and is offered that many bytes by 12. */
function receiving(size: number, fields: Partial<RingMessageOf<'ring.offer'>> = {}) {
  const peer = ScriptedPeer.member(4, [8, 12], { pingIntervalMs: 60_000, segmentLog: true })
  peer.pingFrom(2, 1)
  const handle = peer.command({ command: 'request', name: '0010', transport: 'udp' })
  const { request } = peer.onlySent('ring.request').message
  const offer: RingMessageOf<'ring.offer'> = {
    type: 'ring.offer',
    from: 12,
    transfer: 3,
    request,
    name: '0010',
    size,
    digest,
    mss: 400,
    route: [4, 8, 12],
    ...fields,
  }
  peer.take()
  peer.datagram(offer)
  const blob = peer.of('create-blob')[0]?.blob ?? 0
  return {
    peer,
    handle,
    offer,
    blob,
    data: (seq: number, count: number, from = 12) =>
      peer.datagram({ type: 'ring.data', from, transfer: 3, seq, data: bytes(count) }),
    end: (seq: number, from = 12) => peer.datagram({ type: 'ring.end', from, transfer: 3, seq }),
    acks: () => peer.sentOf('ring.ack').map(({ message }) => message.ack),
  }
}

describe('ring.udp.offer, the requester', () => {
  test('it answers ready, and again to a repeated offer', () => {
    const { peer, offer } = receiving(1000)
    expect(peer.onlySent('ring.ready')).toMatchObject({ to: 12, message: { from: 4, transfer: 3 } })
    peer.datagram(offer)
    expect(peer.sentOf('ring.ready')).toHaveLength(2)
    expect(peer.of('create-blob')).toHaveLength(1)
  })

  test.each([
    ['another request', { request: 99_999 }],
    ['another name', { name: '0011' }],
  ])('an offer for %s is dropped', (_, fields) => {
    expect(receiving(1000, fields).peer.sent).toEqual([])
  })

  test('a second offer for the same request is dropped', () => {
    const { peer, offer } = receiving(1000)
    peer.datagram({ ...offer, from: 19, transfer: 8 })
    expect(peer.sentOf('ring.ready')).toHaveLength(1)
  })
})

describe('ring.udp.duplicate', () => {
  test('a segment that came already is acknowledged again and not written twice', () => {
    const { peer, data, acks } = receiving(1000)
    data(1, 400)
    data(1, 400)
    data(401, 400)
    data(1, 400)
    expect(acks()).toEqual([401, 401, 801, 401])
    expect(peer.of('append')).toHaveLength(2)
  })

  test('a segment from beyond is neither acknowledged nor written', () => {
    const { peer, data, acks } = receiving(1000)
    data(401, 400)
    expect(acks()).toEqual([])
    expect(peer.of('append')).toEqual([])
  })

  test('a segment of another peer is nothing', () => {
    const { peer, data, acks } = receiving(1000)
    data(1, 400, 19)
    expect(acks()).toEqual([])
    expect(peer.of('append')).toEqual([])
  })
})

/** Sends the whole file of 500 bytes and its end. */
function whole() {
  const transfer = receiving(500)
  transfer.data(1, 400)
  transfer.data(401, 100)
  transfer.end(501)
  return transfer
}

describe('ring.udp.end', () => {
  test('it is acknowledged with seq + 1 and completes the file', () => {
    const { peer, handle, blob, acks } = whole()
    expect(acks()).toEqual([401, 501, 502])
    expect(peer.of('finish')).toEqual([{ kind: 'finish', blob }])
    peer.input({ kind: 'content', blob, size: 500, digest })
    peer.input({ kind: 'committed', blob, path: '/folder/received' })
    expect(peer.reply(handle)).toEqual({
      owner: 12,
      route: [4, 8, 12],
      size: 500,
      digest,
      path: '/folder/received',
    })
  })

  test('an empty file is offer, ready, end, ack', () => {
    const { peer, end, acks } = receiving(0)
    end(1)
    expect(acks()).toEqual([2])
    expect(peer.of('finish')).toHaveLength(1)
  })

  test('a short segment ends nothing', () => {
    const { peer, data } = receiving(500)
    data(1, 400)
    data(401, 100)
    expect(peer.of('finish')).toEqual([])
  })

  test('an end anywhere else, or of another peer, is nothing', () => {
    const { peer, data, end, acks } = receiving(800)
    data(1, 400)
    end(1)
    end(700)
    end(401, 19)
    expect(acks()).toEqual([401])
    expect(peer.of('finish')).toEqual([])
  })
})

test('ring.udp.late-end: segments and end of a finished transfer are acknowledged again', () => {
  const { peer, blob, data, end, acks } = whole()
  peer.input({ kind: 'content', blob, size: 500, digest })
  peer.input({ kind: 'committed', blob, path: '/folder/received' })
  peer.take()
  end(501)
  data(401, 100)
  data(501, 100)
  expect(acks()).toEqual([502, 501])
  expect(peer.of('append')).toEqual([])
  expect(peer.of('finish')).toEqual([])
})

describe('ring.udp.verify', () => {
  test.each([
    ['another digest', 500, 'b'.repeat(64)],
    ['another size', 499, digest],
  ])('%s is a mismatch', (_, size, arrived) => {
    const { peer, handle, blob } = whole()
    peer.input({ kind: 'content', blob, size, digest: arrived })
    expect(peer.reply(handle)).toBe('digest-mismatch')
    expect(peer.of('commit')).toEqual([])
    expect(peer.of('discard')).toContainEqual({ kind: 'discard', blob })
  })

  test('more than was offered is noticed, but does not fill the disk', () => {
    const { peer, data, acks } = receiving(400)
    data(1, 400)
    data(401, 400)
    data(801, 400)
    expect(acks()).toEqual([401, 801])
    expect(peer.of('append')).toHaveLength(2)
  })
})

describe('ring.udp.log', () => {
  test('the owner', () => {
    const { peer, ready, ack, read } = serving(500, { retransmissionsMax: 5 })
    peer.advance(7)
    ready()
    read()
    peer.advance(50)
    ack(401)
    ack(401)
    const events = peer.events('segment')
    const common = { event: 'segment', name: '0010', peer: 4 }
    expect(events).toEqual([
      { ...common, action: 'snd', timeMs: 7, seq: 1, bytes: 400, ack: 0 },
      { ...common, action: 'RTX', timeMs: 57, seq: 1, bytes: 400, ack: 0 },
      { ...common, action: 'rcv', timeMs: 57, seq: 0, bytes: 400, ack: 401 },
      { ...common, action: 'rcv', timeMs: 57, seq: 0, bytes: 400, ack: 401 },
    ])
  })

  test('the requester', () => {
    const { peer, data, end } = receiving(500)
    data(1, 400)
    data(801, 400)
    data(401, 100)
    end(501)
    const common = { event: 'segment', name: '0010', peer: 12, timeMs: 0 }
    expect(peer.events('segment')).toEqual([
      { ...common, action: 'rcv', seq: 1, bytes: 400, ack: 0 },
      { ...common, action: 'snd', seq: 0, bytes: 400, ack: 401 },
      { ...common, action: 'rcv', seq: 801, bytes: 400, ack: 0 },
      { ...common, action: 'rcv', seq: 401, bytes: 100, ack: 0 },
      { ...common, action: 'snd', seq: 0, bytes: 100, ack: 501 },
    ])
  })

  test('without segmentLog nothing is reported', () => {
    const { peer, ready, read } = serving(500, { segmentLog: false })
    ready()
    read()
    expect(peer.events('segment')).toEqual([])
  })
})

test('ring.request.ends: a transfer that stalls times out, and what arrived is discarded', () => {
  const { peer, handle, blob, data, acks } = receiving(1000)
  peer.advance(900)
  data(1, 400)
  peer.advance(999)
  expect(peer.reply(handle)).toBeUndefined()
  peer.advance(1)
  expect(peer.reply(handle)).toBe('timeout')
  expect(peer.of('discard')).toContainEqual({ kind: 'discard', blob })
  peer.take()
  data(401, 400)
  expect(acks()).toEqual([])
})
