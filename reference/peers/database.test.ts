// The replicated database, by scripted steps.
import { describe, expect, test } from 'vitest'
import { addressOf, ScriptedPeer } from './scripted-node.ts'

const at = (id: number) => addressOf(id).join(':')
const config = { lock: true, fortunes: ['one'] }

/** The first peer of its type, with younger ones in its list. */
const first = (...younger: number[]) => ScriptedPeer.joined(0, younger, config)

/** A peer that waits for the token to catch up, with older peers in its list. */
function catchingUp(id: number, ...older: number[]): { peer: ScriptedPeer; join: number } {
  const peer = new ScriptedPeer(config)
  const join = peer.command({ command: 'join' })
  peer.succeed('register', [id, 'secret'])
  peer.succeed(
    'require_all',
    [...older, id].map((one) => [one, addressOf(one)]),
  )
  for (const one of older) peer.succeed('register_peer', null, addressOf(one))
  return { peer, join }
}

test('peers.database.read: each fortune has an equal chance, and the empty copy gives null', () => {
  const peer = ScriptedPeer.joined(0, [], { lock: true, fortunes: ['a', 'b', 'c'] })
  const counts: Record<string, number> = {}
  for (let draw = 0; draw < 3000; draw += 1) {
    const fortune = String(peer.ask('read'))
    counts[fortune] = (counts[fortune] ?? 0) + 1
    peer.effects = []
  }
  // 1,000 each are expected, with a standard deviation of 26.
  expect(Object.keys(counts).sort()).toEqual(['a', 'b', 'c'])
  for (const count of Object.values(counts)) expect(Math.abs(count - 1000)).toBeLessThan(140)
  const empty = ScriptedPeer.joined(0, [], { lock: true, fortunes: [] })
  expect(empty.ask('read')).toBe(null)
  expect(empty.reply(empty.command({ command: 'read' }))).toEqual({ fortune: null })
})

describe('write', () => {
  test('peers.database.write, peers.database.write-dead: own copy, all others, release, answer', () => {
    const peer = first(1, 2, 3, 4)
    const write = peer.command({ command: 'write', fortune: 'one' })
    expect(peer.state()).toMatchObject({ token: 'held', fortunes: ['one', 'one'] })
    expect(peer.calls('write_local')).toEqual([1, 2, 3, 4].map((id) => [at(id), 'one']))
    peer.refuse('write_local', addressOf(1))
    peer.raise('write_local', 'AttributeError', addressOf(2))
    peer.succeed('write_local', null, addressOf(3))
    expect(peer.reply(write)).toBeUndefined()
    peer.advance(100)
    expect(peer.reply(write)).toEqual({})
    expect(peer.state()).toMatchObject({ token: 'present', peers: [{ id: 2 }, { id: 3 }] })
  })

  test('peers.database.write-queue: writes wait their turn, 100 of them', () => {
    const peer = first(1)
    const writes = Array.from({ length: 102 }, (_, index) => peer.receive('write', `f${index}`))
    expect(peer.answerOn(writes[101] ?? 0)).toMatchObject({ error: { name: 'BusyError' } })
    expect(peer.reply(peer.command({ command: 'write', fortune: 'x' }))).toBe('busy')
    expect(peer.reply(peer.command({ command: 'acquire' }))).toBe('busy')
    expect(peer.reply(peer.command({ command: 'release' }))).toBe('not-held')
    for (let index = 0; index < 101; index += 1) {
      expect(peer.calls('write_local')).toEqual([[at(1), `f${index}`]])
      peer.succeed('write_local', null)
      expect(peer.answerOn(writes[index] ?? 0)).toEqual({ result: null })
    }
    expect(peer.state().fortunes?.length).toBe(102)
  })

  test('peers.database.write-queue: a write waits for the release of a command', () => {
    const peer = first()
    peer.command({ command: 'acquire' })
    const write = peer.command({ command: 'write', fortune: 'two' })
    peer.advance(5000)
    expect(peer.reply(write)).toBeUndefined()
    peer.command({ command: 'release' })
    expect(peer.reply(write)).toEqual({})
  })

  test('peers.database.write-timeout: without the lock no copy changes, and the next write has its turn', () => {
    const peer = first(1)
    peer.ask('request_token', 1, 1)
    peer.succeed('obtain_token', null)
    const write = peer.receive('write', 'two')
    const next = peer.command({ command: 'write', fortune: 'three' })
    peer.succeed('request_token', null)
    peer.advance(1000)
    expect(peer.answerOn(write)).toMatchObject({ error: { name: 'TimeoutError' } })
    expect(peer.state().fortunes).toEqual(['one'])
    expect(peer.reply(next)).toBeUndefined()
    peer.ask('obtain_token', [[0, 0]])
    expect(peer.calls('write_local')).toEqual([[at(1), 'three']])
  })

  test('peers.database.invalid, peers.database.bounds', () => {
    const peer = ScriptedPeer.joined(0, [1], { lock: true, fortunes: Array.from({ length: 999 }, () => 'x') })
    expect(peer.ask('write', '')).toBe('TypeError')
    expect(peer.ask('write_local', 'x'.repeat(1001))).toBe('TypeError')
    expect(peer.ask('write_local', '\ud83d\ude00'.repeat(1000))).toBe(null)
    expect(peer.ask('write_local', 'x')).toBe('BusyError')
    expect(peer.ask('write', 'x')).toBe('BusyError')
    expect(peer.reply(peer.command({ command: 'write', fortune: 'x' }))).toBe('busy')
    expect(peer.calls('write_local')).toEqual([])
    expect(peer.state()).toMatchObject({ token: 'present' })
    expect(peer.state().fortunes?.length).toBe(1000)
  })

  test('stop: a write that has the lock is carried to its end, others are given up', () => {
    const peer = first(1)
    const write = peer.command({ command: 'write', fortune: 'two' })
    const waiting = peer.receive('write', 'three')
    peer.command({ command: 'stop' })
    expect(peer.answerOn(waiting)).toMatchObject({ error: { name: 'LeavingError' } })
    expect(peer.calls('require_all')).toEqual([])
    peer.succeed('write_local', null)
    expect(peer.reply(write)).toEqual({})
    expect(peer.calls('require_all').length).toBe(1)
    expect(peer.ask('write', 'four')).toBe('LeavingError')
  })
})

describe('catching up', () => {
  test('peers.database.catch-up, peers.database.not-ready: under the lock, lowest id first, until one gives its copy', () => {
    const { peer, join } = catchingUp(5, 1, 2, 3)
    expect(peer.calls('request_token').length).toBe(3)
    expect(peer.ask('read_all')).toBe('NotReadyError')
    expect(peer.ask('write', 'x')).toBe('NotReadyError')
    expect(peer.ask('write_local', 'x')).toBe(null)
    expect(peer.reply(peer.command({ command: 'write', fortune: 'x' }))).toBe('not-joined')
    peer.ask('obtain_token', [])
    expect(peer.calls('read_all')).toEqual([[at(1)]])
    peer.refuse('read_all')
    peer.raise('read_all', 'NotReadyError', addressOf(2))
    expect(peer.reply(join)).toBeUndefined()
    peer.succeed('read_all', ['a', 'a', 'b'], addressOf(3))
    expect(peer.reply(join)).toMatchObject({ id: 5, peers: [{ id: 2 }, { id: 3 }] })
    expect(peer.state()).toMatchObject({ token: 'present', fortunes: ['a', 'a', 'b'] })
    expect(peer.ask('read_all')).toEqual(['a', 'a', 'b'])
  })

  test('peers.database.catch-up: if none gives a copy it keeps its own', () => {
    const { peer, join } = catchingUp(5, 1)
    peer.ask('obtain_token', [])
    peer.succeed('read_all', ['', 'not a fortune'])
    expect(peer.reply(join)).toMatchObject({ id: 5 })
    expect(peer.state().fortunes).toEqual(['one'])
  })

  test('peers.database.catch-up: without the lock in time the peer leaves again', () => {
    const { peer, join } = catchingUp(5, 1)
    peer.succeed('request_token', null)
    peer.advance(1000)
    expect(peer.calls('unregister').length).toBe(1)
    peer.succeed('unregister', null)
    expect(peer.calls('unregister_peer')).toEqual([[at(1), 5]])
    peer.succeed('unregister_peer', null)
    expect(peer.reply(join)).toBe('timeout')
    expect(peer.isHalted).toBe(false)
    expect(peer.state()).toMatchObject({ id: -1, peers: [], token: 'none', requests: [], fortunes: ['one'] })
  })

  test('a peer that has said goodbye gives its copy to nobody: it is not told of writes any more', () => {
    const peer = first(1)
    peer.command({ command: 'stop' })
    peer.refuse('require_all')
    peer.succeed('obtain_token', null)
    expect(peer.ask('read_all')).toEqual(['one'])
    peer.succeed('unregister', null)
    expect(peer.calls('unregister_peer').length).toBe(1)
    expect(peer.ask('read_all')).toBe('LeavingError')
  })
})
