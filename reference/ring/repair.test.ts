import { describe, expect, test } from 'vitest'
import { ScriptedPeer } from './scripted-peer.ts'

/** Peer 4 of 4, 5, 8, 12 after its first successor has died; 8 is asked. */
function afterFirstDied(): ScriptedPeer {
  const peer = ScriptedPeer.member(4, [5, 8])
  for (let seq = 0; seq < 4; seq += 1) {
    peer.pong(8, seq)
    peer.advance(100)
  }
  return peer
}

describe('ring.dead.first', () => {
  test('the second becomes the first and is asked, the dead peer named', () => {
    const peer = afterFirstDied()
    const query = peer.onlySent('ring.successor-query')
    expect(query).toMatchObject({ to: 8, message: { from: 4, dead: 5 } })
    peer.receive({ type: 'ring.successor-answer', from: 8, successor: 12 }, query.connection)
    expect(peer.state()).toMatchObject({ successors: [8, 12] })
    expect(peer.events('successors').map(({ cause }) => cause)).toEqual(['dead', 'repair'])
  })

  test('when the second dies, the first stays and is asked', () => {
    const peer = ScriptedPeer.member(4, [5, 8])
    for (let seq = 0; seq < 4; seq += 1) {
      peer.pong(5, seq)
      peer.advance(100)
    }
    expect(peer.onlySent('ring.successor-query')).toMatchObject({ to: 5, message: { dead: 8 } })
  })
})

describe('ring.dead.query', () => {
  test.each([
    [8, 12],
    [12, 8],
    [99, 8],
    [undefined, 8],
  ])('asked about dead %s, 5 of 5, 8, 12 answers %s', (dead, successor) => {
    const peer = ScriptedPeer.member(5, [8, 12])
    const connection = peer.receive({
      type: 'ring.successor-query',
      from: 4,
      ...(dead === undefined ? {} : { dead }),
    })
    expect(peer.onlySent('ring.successor-answer')).toMatchObject({
      connection,
      message: { from: 5, successor },
    })
    expect(peer.state()).toMatchObject({ successors: [8, 12] })
  })

  test('a peer in no ring answers null', () => {
    const peer = new ScriptedPeer({ id: 5 })
    peer.receive({ type: 'ring.successor-query', from: 4, dead: 8 })
    expect(peer.onlySent('ring.successor-answer').message.successor).toBeNull()
  })
})

describe('ring.dead.answer', () => {
  test.each([
    ['null', null],
    ['the dead peer', 5],
  ])('an answer of %s changes nothing and the question is repeated', (_, successor) => {
    const peer = afterFirstDied()
    const { connection } = peer.onlySent('ring.successor-query')
    peer.receive({ type: 'ring.successor-answer', from: 8, successor }, connection)
    expect(peer.state()).toMatchObject({ successors: [8, 8] })
    peer.take()
    peer.pong(8, 4)
    peer.advance(100)
    expect(peer.onlySent('ring.successor-query')).toMatchObject({ to: 8, message: { dead: 5 } })
  })

  test('an answer that takes longer than an interval is taken', () => {
    const peer = afterFirstDied()
    const { connection } = peer.onlySent('ring.successor-query')
    for (let seq = 4; seq < 7; seq += 1) {
      peer.pong(8, seq)
      peer.advance(100)
    }
    expect(peer.sentOf('ring.successor-query')).toHaveLength(4)
    peer.receive({ type: 'ring.successor-answer', from: 8, successor: 12 }, connection)
    expect(peer.state()).toMatchObject({ successors: [8, 12] })
  })

  test('an answer that arrives after the first successor has changed is not taken', () => {
    const peer = afterFirstDied()
    const { connection } = peer.onlySent('ring.successor-query')
    peer.pingFrom(12, 1)
    peer.receive({ type: 'ring.join', from: 6, id: 6, route: [] })
    peer.receive({ type: 'ring.successor-answer', from: 8, successor: 12 }, connection)
    expect(peer.state()).toMatchObject({ successors: [6, 8] })
  })

  test('an answer that nobody asked for is refused', () => {
    const peer = ScriptedPeer.member(4, [5, 8])
    peer.receive({ type: 'ring.successor-answer', from: 5, successor: 99 })
    expect(peer.onlySent('error').message.code).toBe('unexpected')
    expect(peer.state()).toMatchObject({ successors: [5, 8] })
  })
})

test('ring.dead.two-peers: the one that is left is a ring of one and asks nobody', () => {
  const peer = ScriptedPeer.member(4, [5, 4])
  peer.pingFrom(5, 1)
  peer.advance(400)
  expect(peer.state()).toMatchObject({ successors: [4, 4], predecessors: [null, null] })
  expect(peer.sentOf('ring.successor-query')).toEqual([])
})

test('ring.dead.both: a peer that loses both successors at once is a ring of one', () => {
  const peer = ScriptedPeer.member(4, [5, 8])
  peer.advance(400)
  expect(peer.state()).toMatchObject({ inRing: true, successors: [4, 4] })
  peer.take()
  peer.pingFrom(3, 1)
  expect(peer.sentOf('ring.pong')).toHaveLength(1)
})

describe('ring.dead.refresh', () => {
  const refreshed = () => {
    const peer = ScriptedPeer.member(4, [5, 8], { refreshIntervalMs: 150 })
    peer.advance(150)
    return { peer, query: peer.onlySent('ring.successor-query') }
  }

  test('the first successor is asked unprovoked and its answer is taken', () => {
    const { peer, query } = refreshed()
    expect(query).toMatchObject({ to: 5, message: { type: 'ring.successor-query', from: 4 } })
    expect(query.message).not.toHaveProperty('dead')
    peer.receive({ type: 'ring.successor-answer', from: 5, successor: 7 }, query.connection)
    expect(peer.state()).toMatchObject({ successors: [5, 7] })
  })

  test('null is not taken, and a ring of one asks nobody', () => {
    const { peer, query } = refreshed()
    peer.receive({ type: 'ring.successor-answer', from: 5, successor: null }, query.connection)
    expect(peer.state()).toMatchObject({ successors: [5, 8] })
    const alone = ScriptedPeer.member(4, [4, 4], { refreshIntervalMs: 150 })
    alone.advance(1000)
    expect(alone.sent).toEqual([])
  })
})
