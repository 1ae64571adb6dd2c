import { describe, expect, test } from 'vitest'
import { ScriptedPeer } from './scripted-peer.ts'

/** Newcomer 15 that asks peer 4. */
function newcomer() {
  const peer = new ScriptedPeer({ id: 15 })
  const handle = peer.command({ command: 'join', via: 4 })
  return { peer, handle, connection: peer.onlySent('ring.join').connection }
}

describe('ring.join.listen-first', () => {
  test('the newcomer asks the known peer and keeps the connection open', () => {
    const { peer, connection } = newcomer()
    expect(peer.onlySent('ring.join')).toMatchObject({ to: 4, message: { from: 15, id: 15, route: [] } })
    expect(peer.of('close').map((close) => close.connection)).not.toContain(connection)
  })
})

describe('ring.join.place', () => {
  test.each([
    ['between', 4, [8, 12], 6],
    ['above the last peer', 19, [4, 8], 200],
    ['below the first peer', 19, [4, 8], 2],
    ['as id 0', 19, [4, 8], 0],
    ['in a ring of one', 19, [19, 19], 7],
  ] as const)('a newcomer %s is accepted', (_, id, successors, joining) => {
    const peer = ScriptedPeer.member(id, [...successors])
    peer.receive({ type: 'ring.join', from: joining, id: joining, route: [] })
    expect(peer.onlySent('ring.accept').to).toBe(joining)
    expect(peer.state()).toMatchObject({ successors: [joining, successors[0]] })
  })
})

test('ring.join.forward: another peer passes the join on as it is, with its own id as hop', () => {
  const peer = ScriptedPeer.member(4, [8, 12])
  peer.receive({ type: 'ring.join', from: 2, id: 9, route: [1, 2] })
  expect(peer.onlySent('ring.join')).toMatchObject({ to: 8, message: { from: 4, id: 9, route: [1, 2, 4] } })
  expect(peer.sentOf('ring.accept')).toEqual([])
})

test('ring.join.accept: the newcomer is given the successors as they were', () => {
  const peer = ScriptedPeer.member(14, [19, 2])
  peer.receive({ type: 'ring.join', from: 9, id: 15, route: [4, 9] })
  expect(peer.onlySent('ring.accept')).toMatchObject({
    to: 15,
    message: { from: 14, successors: [19, 2], route: [4, 9, 14] },
  })
  const alone = ScriptedPeer.member(14, [14, 14])
  alone.receive({ type: 'ring.join', from: 15, id: 15, route: [] })
  expect(alone.onlySent('ring.accept').message.successors).toEqual([14, 15])
})

describe('ring.join.tell-predecessor', () => {
  test('the first predecessor hears of the newcomer', () => {
    const peer = ScriptedPeer.member(14, [19, 2])
    peer.pingFrom(9, 1)
    peer.receive({ type: 'ring.join', from: 9, id: 15, route: [4, 9] })
    expect(peer.onlySent('ring.successor-change')).toMatchObject({
      to: 9,
      message: { from: 14, successors: [14, 15] },
    })
  })

  test('one that is not known yet hears of it with its first ping', () => {
    const peer = ScriptedPeer.member(14, [19, 2])
    peer.receive({ type: 'ring.join', from: 9, id: 15, route: [4, 9] })
    expect(peer.sentOf('ring.accept')).toHaveLength(1)
    expect(peer.sentOf('ring.successor-change')).toEqual([])
    peer.pingFrom(9, 1)
    peer.pingFrom(9, 1)
    expect(peer.onlySent('ring.successor-change')).toMatchObject({ to: 9, message: { successors: [14, 15] } })
  })

  test('a peer that was alone tells nobody', () => {
    const peer = ScriptedPeer.member(14, [14, 14])
    peer.receive({ type: 'ring.join', from: 15, id: 15, route: [] })
    peer.pingFrom(15, 1)
    expect(peer.sentOf('ring.successor-change')).toEqual([])
  })
})

describe('ring.join.successor-change', () => {
  test.each([
    ['from the first successor about its newcomer', 9, [9, 11], [9, 11]],
    ['from the first successor about a peer before it', 9, [6, 9], [6, 9]],
    ['from the first successor about a peer that is not before it', 9, [200, 9], [9, 14]],
    ['from the second successor', 14, [14, 15], [9, 14]],
    ['from a stranger behind', 2, [2, 3], [9, 14]],
    ['about somebody else', 9, [20, 21], [9, 14]],
    ['that names one peer twice', 9, [9, 9], [9, 14]],
  ] as const)('%s', (_, from, successors, expected) => {
    const peer = ScriptedPeer.member(4, [9, 14])
    peer.receive({ type: 'ring.successor-change', from, successors: [...successors] })
    expect(peer.state()).toMatchObject({ successors: expected })
  })

  test('ring.join.pass-on: one that concerns a peer further on is passed on unchanged', () => {
    const peer = ScriptedPeer.member(4, [9, 14])
    peer.receive({ type: 'ring.successor-change', from: 14, successors: [14, 15] })
    expect(peer.onlySent('ring.successor-change')).toMatchObject({
      to: 9,
      message: { from: 14, successors: [14, 15] },
    })
    peer.take()
    peer.receive({ type: 'ring.successor-change', from: 2, successors: [3, 2] })
    expect(peer.sent).toEqual([])
  })
})

describe('ring.join.adopt', () => {
  test('the newcomer takes the successors and pings them', () => {
    const { peer, handle } = newcomer()
    peer.receive({ type: 'ring.accept', from: 14, successors: [19, 2], route: [4, 14] })
    expect(peer.reply(handle)).toEqual({ successors: [19, 2], route: [4, 14] })
    expect(peer.sentOf('ring.ping').map(({ to }) => to)).toEqual([19, 2])
  })

  test('an accept that nobody waits for is refused', () => {
    const peer = ScriptedPeer.member(15, [19, 2])
    const connection = peer.receive({ type: 'ring.accept', from: 14, successors: [99, 100], route: [4, 14] })
    expect(peer.onlySent('error')).toMatchObject({ connection, message: { code: 'unexpected' } })
    expect(peer.state()).toMatchObject({ successors: [19, 2] })
  })
})

describe('ring.join.duplicate', () => {
  test.each([4, 8])('the id %i of the receiver or of its first successor is declined', (id) => {
    const peer = ScriptedPeer.member(4, [8, 12])
    const connection = peer.receive({ type: 'ring.join', from: id, id, route: [] })
    expect(peer.onlySent('ring.decline')).toMatchObject({
      connection,
      message: { from: 4, id, reason: 'duplicate-id' },
    })
    expect(peer.state()).toMatchObject({ successors: [8, 12] })
  })

  test('a newcomer that waits already is declined the second time', () => {
    const peer = ScriptedPeer.member(4, [8, 12])
    peer.receive({ type: 'ring.join', from: 9, id: 9, route: [] })
    const second = peer.receive({ type: 'ring.join', from: 9, id: 9, route: [] })
    expect(peer.onlySent('ring.decline').connection).toBe(second)
  })

  test('one that has closed its connection may ask again', () => {
    const peer = ScriptedPeer.member(4, [8, 12])
    const first = peer.receive({ type: 'ring.join', from: 9, id: 9, route: [] })
    peer.input({ kind: 'closed', connection: first })
    peer.receive({ type: 'ring.join', from: 9, id: 9, route: [] })
    expect(peer.sentOf('ring.decline')).toEqual([])
    expect(peer.sentOf('ring.join')).toHaveLength(2)
  })
})

describe('ring.join.decline-path', () => {
  test('a peer on the way declines to the first peer of the route', () => {
    const peer = ScriptedPeer.member(12, [14, 2])
    peer.receive({ type: 'ring.join', from: 8, id: 14, route: [4, 8] })
    expect(peer.onlySent('ring.decline')).toMatchObject({
      to: 4,
      message: { from: 12, id: 14, reason: 'duplicate-id' },
    })
  })

  test('the known peer writes it to the connection on which the newcomer waits', () => {
    const peer = ScriptedPeer.member(4, [8, 12])
    const connection = peer.receive({ type: 'ring.join', from: 14, id: 14, route: [] })
    peer.take()
    peer.receive({ type: 'ring.decline', from: 12, id: 14, reason: 'duplicate-id' })
    expect(peer.onlySent('ring.decline')).toMatchObject({ connection, message: { from: 12, id: 14 } })
  })

  test('it does so although the newcomer has ended its sending side (common.tcp.half-close)', () => {
    const peer = ScriptedPeer.member(4, [8, 12])
    const connection = peer.receive({ type: 'ring.join', from: 14, id: 14, route: [] })
    peer.input({ kind: 'ended', connection })
    expect(peer.of('close').map((close) => close.connection)).not.toContain(connection)
    peer.receive({ type: 'ring.decline', from: 12, id: 14, reason: 'no-place' })
    expect(peer.onlySent('ring.decline').connection).toBe(connection)
    expect(peer.of('close').map((close) => close.connection)).toContain(connection)
  })

  test('a decline that nobody waits for is refused', () => {
    const peer = ScriptedPeer.member(4, [8, 12])
    peer.receive({ type: 'ring.decline', from: 12, id: 14, reason: 'no-place' })
    expect(peer.onlySent('error').message.code).toBe('unexpected')
  })

  test('a declined newcomer fails with the reason', () => {
    const { peer, handle, connection } = newcomer()
    peer.receive({ type: 'ring.decline', from: 9, id: 15, reason: 'duplicate-id' }, connection)
    expect(peer.reply(handle)).toBe('duplicate-id')
    expect(peer.state()).toMatchObject({ inRing: false })
  })
})

test('ring.join.no-place: a join that comes round is declined', () => {
  const peer = ScriptedPeer.member(4, [8, 12])
  const connection = peer.receive({ type: 'ring.join', from: 100, id: 100, route: [] })
  peer.take()
  peer.receive({ type: 'ring.join', from: 12, id: 100, route: [4, 8, 12] })
  expect(peer.onlySent('ring.decline')).toMatchObject({ connection, message: { reason: 'no-place' } })
  expect(peer.sentOf('ring.join')).toEqual([])
})

describe('ring.join.not-member', () => {
  test('a peer in no ring refuses what only a member can do', () => {
    const peer = new ScriptedPeer({ id: 4 })
    peer.receive({ type: 'ring.join', from: 9, id: 9, route: [] })
    peer.receive({ type: 'ring.store', from: 9, origin: 9, name: '0001', request: 1, size: 1, route: [9] })
    peer.receive({
      type: 'ring.request',
      from: 9,
      origin: 9,
      name: '0001',
      request: 1,
      transport: 'tcp',
      route: [9],
    })
    peer.receive({
      type: 'ring.put',
      from: 9,
      name: '0001',
      request: 1,
      digest: '0'.repeat(64),
      bodyLength: 1,
    })
    expect(peer.sentOf('error').map(({ message }) => message.code)).toEqual(Array(4).fill('not-in-ring'))
  })

  test('a peer that is joining keeps them until it is accepted', () => {
    const { peer } = newcomer()
    peer.receive({
      type: 'ring.request',
      from: 14,
      origin: 14,
      name: '0015',
      request: 1,
      transport: 'tcp',
      route: [14],
    })
    expect(peer.sentOf('error')).toEqual([])
    peer.receive({ type: 'ring.accept', from: 14, successors: [19, 2], route: [4, 14] })
    expect(peer.onlySent('ring.not-found')).toMatchObject({ to: 14, message: { name: '0015' } })
  })

  test('a newcomer that has gone meanwhile is forgotten', () => {
    const { peer } = newcomer()
    const connection = peer.receive({ type: 'ring.join', from: 9, id: 9, route: [] })
    peer.input({ kind: 'closed', connection })
    peer.receive({ type: 'ring.accept', from: 14, successors: [19, 2], route: [4, 14] })
    expect(peer.sentOf('ring.join').map(({ message }) => message.id)).toEqual([15])
  })

  test('and refuses them when its own join fails', () => {
    const { peer, handle } = newcomer()
    peer.receive({ type: 'ring.join', from: 9, id: 9, route: [] })
    peer.advance(1000)
    expect(peer.reply(handle)).toBe('timeout')
    expect(peer.onlySent('error').message.code).toBe('not-in-ring')
  })
})

describe('the errors of join', () => {
  test('a known peer that cannot be reached', () => {
    const { peer, handle, connection } = newcomer()
    peer.input({ kind: 'unreachable', connection })
    expect(peer.reply(handle)).toBe('unreachable')
  })

  test('a second join', () => {
    const { peer } = newcomer()
    expect(peer.reply(peer.command({ command: 'join', via: 4 }))).toBe('already-in-ring')
    expect(peer.reply(peer.command({ command: 'init', successors: [4, 8] }))).toBe('already-in-ring')
  })
})

test('common.robust.bounds: 64 newcomers wait, and the next one is told that the peer is busy', () => {
  const peer = ScriptedPeer.member(4, [8, 12])
  for (let id = 100; id < 164; id += 1) peer.receive({ type: 'ring.join', from: id, id, route: [] })
  expect(peer.sentOf('error')).toEqual([])
  peer.receive({ type: 'ring.join', from: 164, id: 164, route: [] })
  expect(peer.onlySent('error').message.code).toBe('busy')
})

test('a newcomer that has given up is taken out again', () => {
  const peer = ScriptedPeer.member(14, [19, 2])
  peer.pingFrom(9, 1)
  peer.receive({ type: 'ring.join', from: 9, id: 15, route: [4, 9] })
  const { connection } = peer.onlySent('ring.accept')
  peer.take()
  peer.receive({ type: 'error', code: 'unexpected', message: '' }, connection)
  expect(peer.state()).toMatchObject({ successors: [19, 19] })
  expect(peer.onlySent('ring.successor-change')).toMatchObject({ to: 9, message: { successors: [14, 19] } })
  expect(peer.onlySent('ring.successor-query')).toMatchObject({ to: 19, message: { dead: 15 } })
})
