// A peer among others: calls, join, list, leave and messages.
import { describe, expect, test } from 'vitest'
import { addressOf, nameServiceAddress, ScriptedPeer } from './scripted-node.ts'

const at = (id: number) => addressOf(id).join(':')
const left = (id: number) => ({ event: 'left', id })

/** A peer that has its id and has asked who is there. */
function asking(id: number, config = {}): { peer: ScriptedPeer; join: number } {
  const peer = new ScriptedPeer(config)
  const join = peer.command({ command: 'join' })
  peer.succeed('register', [id, 'secret'])
  return { peer, join }
}

const everybody = (...ids: number[]) => ids.map((id) => [id, addressOf(id)])

describe('join', () => {
  test('peers.join.order, peers.join.lower: register, require_all, then lower ids only', () => {
    const peer = new ScriptedPeer()
    expect(peer.open).toEqual([])
    expect(peer.ask('check')).toEqual([-1, 'ivan'])
    const join = peer.command({ command: 'join' })
    expect(peer.open).toMatchObject([
      { to: nameServiceAddress, method: 'register', args: ['ivan', ['self', 1]] },
    ])
    expect(peer.reply(peer.command({ command: 'join' }))).toBe('already-joined')
    peer.succeed('register', [5, 'secret'])
    expect(peer.open).toMatchObject([{ to: nameServiceAddress, method: 'require_all', args: ['ivan'] }])
    expect(peer.ask('check')).toEqual([5, 'ivan'])
    peer.succeed('require_all', everybody(1, 3, 5, 7))
    expect(peer.calls('register_peer')).toEqual([
      [at(1), 5, ['self', 1]],
      [at(3), 5, ['self', 1]],
    ])
    peer.succeed('register_peer', null, addressOf(3))
    expect(peer.reply(join)).toBeUndefined()
    peer.succeed('register_peer', { any: 'result' }, addressOf(1))
    const peers = [1, 3].map((id) => ({ id, address: addressOf(id) }))
    expect(peer.reply(join)).toEqual({ id: 5, peers })
    expect(peer.events).toEqual([])
    expect(peer.reply(peer.command({ command: 'join' }))).toBe('already-joined')
  })

  test('peers.join.dead: each failure leaves out one peer, and no other', () => {
    const { peer, join } = asking(9)
    peer.succeed('require_all', everybody(1, 2, 3, 4, 5, 9))
    peer.refuse('register_peer', addressOf(1))
    peer.raise('register_peer', 'LeavingError', addressOf(2))
    peer.answer('register_peer', { noAnswer: 'neither' }, addressOf(3))
    peer.succeed('register_peer', null, addressOf(4))
    expect(peer.reply(join)).toBeUndefined()
    peer.advance(100)
    expect(peer.reply(join)).toMatchObject({ id: 9, peers: [{ id: 4 }] })
    expect(peer.events).toEqual([])
  })

  test('a long list is told step by step, and completely', () => {
    const { peer, join } = asking(300)
    peer.succeed('require_all', everybody(...Array.from({ length: 301 }, (_, id) => id)))
    let most = 0
    while (peer.calls('register_peer').length > 0) {
      most = Math.max(most, peer.open.length)
      peer.succeed('register_peer', null)
    }
    expect(most).toBeLessThanOrEqual(32)
    expect(peer.reply(join)).toMatchObject({ id: 300 })
    expect(peer.list.length).toBe(300)
  })

  test('peers.join.left-meanwhile: who has left before its answer is read is not in the list', () => {
    const { peer, join } = asking(5)
    peer.succeed('require_all', everybody(1, 2, 5))
    expect(peer.ask('unregister_peer', 1)).toBe('Exception')
    peer.succeed('register_peer', null, addressOf(1))
    peer.succeed('register_peer', null, addressOf(2))
    expect(peer.reply(join)).toMatchObject({ peers: [{ id: 2 }] })
  })

  test('peers.join.left-meanwhile: also before the name service has said who is there', () => {
    const { peer, join } = asking(5)
    peer.ask('unregister_peer', 1)
    peer.succeed('require_all', everybody(1, 2, 5))
    expect(peer.calls('register_peer').map(([to]) => to)).toEqual([at(2)])
    peer.succeed('register_peer', null)
    expect(peer.reply(join)).toMatchObject({ peers: [{ id: 2 }] })
  })

  test.each([
    ['unreachable', (peer: ScriptedPeer) => peer.refuse('register')],
    ['timeout', (peer: ScriptedPeer) => peer.advance(100)],
    ['refused', (peer: ScriptedPeer) => peer.raise('register', 'BusyError')],
    ['bad-answer', (peer: ScriptedPeer) => peer.succeed('register', ['5', 'secret'])],
  ])('peers.join.refused: register that fails (%s)', (code, fail) => {
    const peer = new ScriptedPeer()
    const join = peer.command({ command: 'join' })
    fail(peer)
    expect(peer.reply(join)).toBe(code)
    expect(peer.ask('check')).toEqual([-1, 'ivan'])
    expect(peer.open).toEqual([])
    const again = peer.command({ command: 'join' })
    peer.succeed('register', [6, 'secret'])
    peer.succeed('require_all', everybody(6))
    expect(peer.reply(again)).toEqual({ id: 6, peers: [] })
  })

  test('peers.join.refused: a peer that has an id by then leaves again', () => {
    const { peer, join } = asking(5)
    peer.ask('register_peer', 7, addressOf(7))
    peer.succeed('require_all', [[1, 'nowhere']])
    expect(peer.calls('unregister')).toEqual([[nameServiceAddress.join(':'), 5, 'ivan', 'secret']])
    peer.succeed('unregister', null)
    expect(peer.calls('unregister_peer')).toEqual([[at(7), 5]])
    expect(peer.reply(join)).toBeUndefined()
    peer.refuse('unregister_peer')
    expect(peer.reply(join)).toBe('bad-answer')
    expect(peer.state()).toMatchObject({ id: -1, peers: [] })
    peer.command({ command: 'join' })
    expect(peer.calls('register').length).toBe(1)
  })
})

describe('list', () => {
  test('peers.list.register, peers.list.self, peers.list.unregister, peers.list.display', () => {
    const peer = ScriptedPeer.joined(5)
    expect(peer.ask('register_peer', 7, addressOf(7))).toBe(null)
    expect(peer.ask('register_peer', 7, ['elsewhere', 2])).toBe(null)
    expect(peer.ask('register_peer', 5, addressOf(5))).toBe('ValueError')
    expect(peer.events).toEqual([{ event: 'joined', id: 7 }])
    expect(peer.state().peers).toEqual([{ id: 7, address: ['elsewhere', 2] }])
    expect(peer.ask('display_peers')).toBe(null)
    expect(peer.events.at(-1)).toEqual({ event: 'display', peers: [{ id: 7, address: ['elsewhere', 2] }] })
    const unknown = peer.receive('unregister_peer', 6)
    expect(peer.answerOn(unknown)).toEqual({ error: { name: 'Exception', args: ["No peer with id: '6'"] } })
    expect(peer.ask('unregister_peer', 7)).toBe(null)
    expect(peer.events.at(-1)).toEqual(left(7))
    expect(peer.list).toEqual([])
  })

  test('peers.list.bounds: 10,000 peers, and no more', () => {
    const peer = ScriptedPeer.joined(0)
    for (let id = 1; id <= 10_000; id += 1) peer.ask('register_peer', id, addressOf(id))
    peer.effects = []
    expect(peer.ask('register_peer', 10_001, addressOf(10_001))).toBe('BusyError')
    expect(peer.ask('register_peer', 10_000, addressOf(10_002))).toBe(null)
    expect(peer.list.length).toBe(10_000)
  })

  test('peers.call.unknown-method, peers.call.private: only what the page lists, and the lock only where there is one', () => {
    const peer = ScriptedPeer.joined(5)
    const names = [
      'destroy',
      'start',
      '__class__',
      '_peers',
      'constructor',
      '__proto__',
      'hasOwnProperty',
      '',
    ]
    for (const name of [...names, 'request_token', 'obtain_token', 'read', 'write_local', 'register']) {
      const answer = peer.answerOn(peer.receive(name))
      expect(answer).toMatchObject({
        error: { name: 'AttributeError', args: [expect.stringContaining(name)] },
      })
    }
    expect(peer.ask('register_peer', '7', addressOf(7))).toBe('TypeError')
    expect(peer.ask('register_peer', 7.5, addressOf(7))).toBe('TypeError')
    expect(peer.ask('register_peer', 7)).toBe('TypeError')
    expect(peer.ask('check', 1)).toBe('TypeError')
    expect(peer.state()).toMatchObject({ peers: [], token: null, requests: null, fortunes: null })
  })
})

describe('messages', () => {
  test('peers.message.send, peers.message.receive', () => {
    const peer = ScriptedPeer.joined(5, [3, 7])
    const text = ' a "b"\n\u0000ü\ud83d\ude00 '
    const send = peer.command({ command: 'send', to: 7, text })
    expect(peer.calls('print_message')).toEqual([[at(7), 5, text]])
    peer.succeed('print_message', null)
    expect(peer.reply(send)).toEqual({})
    expect(peer.ask('print_message', 99, '')).toBe(null)
    expect(peer.events).toEqual([{ event: 'message', from: 99, text: '' }])
  })

  test('peers.message.not-found, peers.message.dead', () => {
    const peer = ScriptedPeer.joined(5, [3, 7, 8])
    for (const to of [5, 4]) {
      expect(peer.reply(peer.command({ command: 'send', to, text: 'x' }))).toBe('not-found')
    }
    expect(peer.open).toEqual([])
    const sends = [3, 7, 8].map((to) => peer.command({ command: 'send', to, text: 'x' }))
    peer.refuse('print_message', addressOf(3))
    peer.raise('print_message', 'Odd', addressOf(8))
    peer.advance(100)
    expect(sends.map((handle) => peer.reply(handle))).toEqual(['unreachable', 'timeout', 'refused'])
    expect(peer.events).toEqual([left(3), left(7)])
    expect(peer.list).toEqual([8])
  })

  test('peers.list.dead: not if the peer has come back at another address meanwhile', () => {
    const peer = ScriptedPeer.joined(5, [7])
    peer.command({ command: 'send', to: 7, text: 'x' })
    peer.ask('register_peer', 7, ['elsewhere', 2])
    peer.refuse('print_message')
    expect(peer.list).toEqual([7])
  })
})

describe('leave', () => {
  test('peers.leave.order, peers.leave.dead, peers.leave.joiners', () => {
    const peer = ScriptedPeer.joined(5, [3, 7, 8])
    const stop = peer.command({ command: 'stop' })
    expect(peer.open).toMatchObject([
      { to: nameServiceAddress, method: 'unregister', args: [5, 'ivan', 'secret'] },
    ])
    expect(peer.ask('register_peer', 9, addressOf(9))).toBe('LeavingError')
    expect(peer.ask('check')).toEqual([5, 'ivan'])
    peer.ask('unregister_peer', 8)
    peer.advance(100)
    expect(peer.open.map(({ method, to, args }) => [method, to.join(':'), ...args])).toEqual([
      ['unregister_peer', at(3), 5],
      ['unregister_peer', at(7), 5],
    ])
    peer.refuse('unregister_peer', addressOf(3))
    const second = peer.command({ command: 'stop' })
    expect(peer.isHalted).toBe(false)
    peer.raise('unregister_peer', 'Exception', addressOf(7))
    expect(peer.isHalted).toBe(true)
    expect([peer.reply(stop), peer.reply(second)]).toEqual([{}, {}])
  })

  test('commands that still wait end with not-started', () => {
    const peer = ScriptedPeer.joined(5)
    const call = peer.command({ command: 'call', address: ['h', 1], method: 'm', args: [] })
    peer.command({ command: 'stop' })
    const late = peer.command({ command: 'call', address: ['h', 1], method: 'm', args: [] })
    peer.succeed('unregister', null)
    expect([peer.reply(call), peer.reply(late)]).toEqual(['not-started', 'not-started'])
  })

  test('stop during join: own calls under way end first, and whom they reached is told', () => {
    const { peer, join } = asking(5)
    peer.succeed('require_all', everybody(1, 2, 5))
    peer.refuse('register_peer', addressOf(2))
    const stop = peer.command({ command: 'stop' })
    expect(peer.reply(join)).toBe('not-started')
    peer.succeed('unregister', null)
    expect(peer.calls('unregister_peer')).toEqual([])
    peer.succeed('register_peer', null, addressOf(1))
    expect(peer.calls('unregister_peer')).toEqual([[at(1), 5]])
    peer.succeed('unregister_peer', null)
    expect(peer.reply(stop)).toEqual({})
  })

  test('stop while register is under way: its id is unregistered', () => {
    const peer = new ScriptedPeer()
    peer.command({ command: 'join' })
    peer.command({ command: 'stop' })
    expect(peer.isHalted).toBe(false)
    peer.succeed('register', [5, 'secret'])
    expect(peer.calls('unregister').length).toBe(1)
    peer.succeed('unregister', null)
    expect(peer.isHalted).toBe(true)
  })

  test('stop before join calls nobody', () => {
    const peer = new ScriptedPeer()
    peer.ask('register_peer', 7, addressOf(7))
    const stop = peer.command({ command: 'stop' })
    expect(peer.reply(stop)).toEqual({})
    expect(peer.open).toEqual([])
  })
})

test('connection numbers are used again, but not before they are free', () => {
  const peer = ScriptedPeer.joined(5)
  const call = () => peer.command({ command: 'call', address: ['h', 1], method: 'm', args: [] })
  call()
  call()
  expect(peer.open.map(({ connection }) => connection)).toEqual([1, 2])
  peer.input({ kind: 'message', connection: 1, message: { result: 1 } })
  call()
  expect(peer.open.map(({ connection }) => connection)).toEqual([2, 3])
  peer.input({ kind: 'closed', connection: 1 })
  call()
  expect(peer.open.map(({ connection }) => connection)).toEqual([2, 3, 1])
})

test('a value that is nested too deep is not sent', () => {
  const peer = ScriptedPeer.joined(5)
  let args: unknown[] = []
  for (let level = 0; level < 5000; level += 1) args = [args]
  expect(peer.reply(peer.command({ command: 'call', address: ['h', 1], method: 'm', args }))).toBe(
    'bad-argument',
  )
})
