import { describe, expect, test } from 'vitest'
import { ScriptedPeer } from './scripted-peer.ts'

function departing(successors: [number, number], first: number | null, second: number | null) {
  // Nobody answers pings in these tests: deaths must not come in between.
  const peer = ScriptedPeer.member(10, successors, { pingIntervalMs: 60_000 })
  if (first !== null) peer.pingFrom(first, 1)
  if (second !== null) peer.pingFrom(second, 2)
  peer.take()
  const handle = peer.command({ command: 'stop' })
  return { peer, handle }
}
const isHalted = (peer: ScriptedPeer) => peer.of('halt').length > 0

describe('ring.leave.tell', () => {
  test('both predecessors are told, and the peer ends when both have acknowledged', () => {
    const { peer, handle } = departing([12, 15], 8, 4)
    const told = peer.sentOf('ring.depart')
    expect(told.map(({ to }) => to)).toEqual([8, 4])
    expect(told.map(({ message }) => message.successors)).toEqual([
      [12, 15],
      [12, 15],
    ])
    for (const { to, connection } of told) {
      expect(isHalted(peer)).toBe(false)
      peer.receive({ type: 'ring.depart-ack', from: to ?? 0 }, connection)
    }
    expect(isHalted(peer)).toBe(true)
    expect(peer.reply(handle)).toEqual({})
  })

  test('one that is both predecessors is told once', () => {
    const { peer } = departing([12, 15], 8, 8)
    expect(peer.sentOf('ring.depart')).toHaveLength(1)
  })

  test.each([null, 7])('in a ring of two there is only one, whoever was the second (%s)', (second) => {
    const { peer } = departing([12, 10], 12, second)
    const { connection } = peer.onlySent('ring.depart')
    peer.receive({ type: 'ring.depart-ack', from: 12 }, connection)
    expect(isHalted(peer)).toBe(true)
  })

  test('a ring of one, or a peer in no ring, just ends', () => {
    expect(isHalted(departing([10, 10], null, null).peer)).toBe(true)
    const stranger = new ScriptedPeer({ id: 10 })
    stranger.command({ command: 'stop' })
    expect(isHalted(stranger)).toBe(true)
  })
})

describe('ring.leave.unknown', () => {
  test('a predecessor that is not known yet is waited for', () => {
    const { peer } = departing([12, 15], 8, null)
    peer.receive({ type: 'ring.depart-ack', from: 8 }, peer.onlySent('ring.depart').connection)
    expect(isHalted(peer)).toBe(false)
    peer.take()
    peer.pingFrom(4, 2)
    peer.receive({ type: 'ring.depart-ack', from: 4 }, peer.onlySent('ring.depart').connection)
    expect(isHalted(peer)).toBe(true)
  })

  test('one that cannot be reached is not', () => {
    const { peer } = departing([12, 15], 8, 8)
    peer.input({ kind: 'unreachable', connection: peer.onlySent('ring.depart').connection })
    expect(isHalted(peer)).toBe(true)
  })

  test('one that does not answer holds it up until the timeout, and no longer', () => {
    const { peer, handle } = departing([12, 15], 8, 4)
    peer.advance(999)
    expect(isHalted(peer)).toBe(false)
    peer.advance(1)
    expect(isHalted(peer)).toBe(true)
    expect(peer.reply(handle)).toEqual({})
  })
})

describe('ring.leave.ack and what the receiver of depart changes', () => {
  test.each([
    ['ring.leave.first', 10, [12, 15], [12, 15]],
    ['ring.leave.first, and the receiver is alone', 10, [4, 10], [4, 4]],
    ['ring.leave.first, and the departing peer names itself', 10, [12, 10], [12, 12]],
    ['ring.leave.second', 14, [15, 2], [10, 15]],
    ['ring.leave.second, in a ring that becomes one of two', 14, [4, 10], [10, 4]],
    ['a peer that is no successor', 99, [1, 2], [10, 14]],
  ] as const)('%s', (_, from, theirs, expected) => {
    const peer = ScriptedPeer.member(4, [10, 14])
    const connection = peer.receive({ type: 'ring.depart', from, successors: [...theirs] })
    expect(peer.state()).toMatchObject({ successors: expected })
    expect(peer.onlySent('ring.depart-ack')).toMatchObject({ connection, message: { from: 4 } })
    expect(peer.events('peer-dead')).toEqual([])
    expect(peer.events('peer-departed')).toHaveLength(from === 99 ? 0 : 1)
  })
})

test.each([
  ['knows nobody after its first successor', [12, 10], 12],
  ['names itself first', [10, 10], 14],
] as const)('ring.dead.query: a departing peer that %s is named in the query', (_, theirs, asked) => {
  const peer = ScriptedPeer.member(4, [10, 14])
  peer.receive({ type: 'ring.depart', from: 10, successors: [...theirs] })
  expect(peer.onlySent('ring.successor-query')).toMatchObject({ to: asked, message: { dead: 10 } })
})

test('ring.request.ends: a peer that stops leaves no command without a reply', () => {
  const { peer } = departing([12, 15], null, null)
  const waiting = peer.command({ command: 'request', name: '0001', transport: 'tcp' })
  expect(peer.reply(waiting)).toBeUndefined()
  peer.advance(1000)
  expect(peer.reply(waiting)).toBe('not-started')
})
