import { describe, expect, test } from 'vitest'
import { ScriptedPeer } from './scripted-peer.ts'

const pingsTo = (peer: ScriptedPeer, to: number) =>
  peer
    .sentOf('ring.ping')
    .filter((ping) => ping.to === to)
    .map(({ message }) => message)

describe('ring.ping.interval', () => {
  test('the first pings go out at once, with the slot of the successor', () => {
    const peer = new ScriptedPeer({ id: 5 })
    peer.command({ command: 'init', successors: [8, 12] })
    expect(pingsTo(peer, 8)).toEqual([{ type: 'ring.ping', from: 5, seq: 0, slot: 1 }])
    expect(pingsTo(peer, 12)).toEqual([{ type: 'ring.ping', from: 5, seq: 0, slot: 2 }])
  })

  test('one ping an interval and successor follows', () => {
    const peer = ScriptedPeer.member(5, [8, 12])
    peer.advance(99)
    expect(peer.sentOf('ring.ping')).toHaveLength(0)
    peer.advance(1)
    expect(pingsTo(peer, 8)).toHaveLength(1)
    peer.pong(8, 1)
    peer.pong(12, 1)
    peer.advance(200)
    expect(pingsTo(peer, 8).map(({ seq }) => seq)).toEqual([1, 2, 3])
  })

  test('a ring of one pings nobody, a ring of two only the other', () => {
    const alone = new ScriptedPeer({ id: 5 })
    alone.command({ command: 'init', successors: [5, 5] })
    alone.advance(1000)
    expect(alone.sent).toEqual([])
    const two = new ScriptedPeer({ id: 5 })
    two.command({ command: 'init', successors: [8, 5] })
    expect(two.sentOf('ring.ping').map(({ to }) => to)).toEqual([8])
  })
})

test('ring.ping.sequence: the count goes on when a peer moves from the second to the first place', () => {
  const peer = ScriptedPeer.member(5, [8, 12])
  peer.advance(100)
  peer.take()
  peer.receive({ type: 'ring.depart', from: 8, successors: [12, 15] })
  peer.advance(100)
  expect(pingsTo(peer, 12)).toEqual([{ type: 'ring.ping', from: 5, seq: 2, slot: 1 }])
  expect(pingsTo(peer, 15).map(({ seq }) => seq)).toEqual([0, 1])
  expect(pingsTo(peer, 8)).toEqual([])
})

test('ring.ping.answer and ring.address.pong: a peer in no ring answers too, to the peer in `from`', () => {
  const peer = new ScriptedPeer({ id: 5 })
  peer.pingFrom(3, 1, 77)
  expect(peer.sent).toEqual([
    { to: 3, connection: undefined, message: { type: 'ring.pong', from: 5, seq: 77 } },
  ])
})

describe('ring.ping.predecessors', () => {
  test('they are the senders of the latest ping with slot 1 and slot 2', () => {
    const peer = ScriptedPeer.member(5, [8, 12])
    expect(peer.state()).toMatchObject({ predecessors: [null, null] })
    peer.pingFrom(3, 2)
    expect(peer.state()).toMatchObject({ predecessors: [null, 3] })
    peer.pingFrom(200, 1)
    peer.pingFrom(4, 1)
    expect(peer.state()).toMatchObject({ predecessors: [4, 3] })
  })

  test('the peer itself is never among them', () => {
    const peer = ScriptedPeer.member(5, [8, 12])
    peer.pingFrom(5, 1)
    expect(peer.state()).toMatchObject({ predecessors: [null, null] })
  })
})

describe('ring.ping.displaced', () => {
  test('a predecessor that another has pushed out is told who stands between', () => {
    const peer = ScriptedPeer.member(12, [15, 4])
    peer.pingFrom(4, 1)
    peer.take()
    peer.pingFrom(8, 1)
    expect(peer.onlySent('ring.successor-change')).toMatchObject({
      to: 4,
      message: { from: 12, successors: [8, 12] },
    })
  })

  test('one that stands before the old one displaces nobody', () => {
    const peer = ScriptedPeer.member(12, [15, 4])
    peer.pingFrom(8, 1)
    peer.pingFrom(4, 1)
    peer.pingFrom(4, 1)
    expect(peer.sentOf('ring.successor-change')).toEqual([])
  })
})

describe('ring.dead.threshold', () => {
  test('four unanswered pings in a row, each for an interval, are death', () => {
    const peer = ScriptedPeer.member(5, [8, 12])
    for (let seq = 0; seq < 4; seq += 1) {
      peer.pong(12, seq)
      peer.advance(99)
      expect(peer.events('peer-dead')).toEqual([])
      peer.advance(1)
    }
    expect(peer.events('peer-dead')).toEqual([{ event: 'peer-dead', peer: 8 }])
    expect(peer.state()).toMatchObject({ successors: [12, 12] })
  })
})

describe('ring.dead.patience', () => {
  test('three unanswered pings in a row mean nothing, again and again', () => {
    const peer = ScriptedPeer.member(5, [8, 5])
    for (let seq = 0; seq < 40; seq += 1) {
      if (seq % 4 === 3) peer.pong(8, seq)
      peer.advance(100)
    }
    expect(peer.events('peer-dead')).toEqual([])
  })

  test('a peer that answers two intervals late is alive', () => {
    const peer = ScriptedPeer.member(5, [8, 5])
    for (let seq = 0; seq < 40; seq += 1) {
      if (seq >= 2) peer.pong(8, seq - 2)
      peer.advance(100)
    }
    expect(peer.events('peer-dead')).toEqual([])
  })

  test.each([
    ['with a number that was not sent', 8, 99],
    ['from another peer', 12, 0],
    ['that answers an earlier ping than one before', 8, 0],
  ])('a pong %s counts for nothing', (_, from, seq) => {
    const peer = ScriptedPeer.member(5, [8, 5])
    peer.pong(8, 0)
    peer.advance(100)
    for (let interval = 0; interval < 4; interval += 1) {
      peer.pong(from, seq)
      peer.advance(100)
    }
    expect(peer.events('peer-dead')).toEqual([{ event: 'peer-dead', peer: 8 }])
  })
})

test('ring.control.peer-dead: each death is reported once', () => {
  const peer = ScriptedPeer.member(5, [8, 12])
  peer.advance(10_000)
  expect(peer.events('peer-dead').map(({ peer: dead }) => dead)).toEqual([8, 12])
})
