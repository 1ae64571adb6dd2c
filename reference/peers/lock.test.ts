// The lock, by scripted steps. Times in the tokens are those of the page: who asked at 3 and was served at 3 waits for nothing.
import { describe, expect, test } from 'vitest'
import { addressOf, nameServiceAddress, ScriptedPeer } from './scripted-node.ts'

const at = (id: number) => addressOf(id).join(':')
const lock = { lock: true }
const token = (state: string) => ({ event: 'token', token: state })

/** A peer with others at which the token is not; one that is the lowest has made it and passed it on. */
const without = (id: number, others: number[], config = {}) => {
  const peer = ScriptedPeer.joined(id, others, { ...lock, ...config })
  if (peer.state().token === 'none') return peer
  peer.ask('request_token', 1, others[0])
  peer.succeed('obtain_token', null)
  peer.effects = []
  return peer
}

/** The token, with the time 0 for everybody. */
const fresh = (...ids: number[]) => ids.map((id) => [id, 0])

describe('making the token', () => {
  test('peers.lock.create: who has told nobody makes it, at the end of its join', () => {
    const peer = new ScriptedPeer(lock)
    const join = peer.command({ command: 'join' })
    peer.succeed('register', [5, 'secret'])
    const early = peer.receive('register_peer', 7, addressOf(7))
    peer.succeed(
      'require_all',
      [3, 5].map((id) => [id, addressOf(id)]),
    )
    expect(peer.events).toEqual([])
    peer.raise('register_peer', 'LeavingError')
    expect(peer.events).toEqual([token('present'), { event: 'joined', id: 7 }])
    expect(peer.answerOn(early)).toEqual({ result: null })
    expect(peer.reply(join)).toMatchObject({ id: 5 })
    expect(peer.state().token).toBe('present')
  })

  test('peers.lock.create: not if a call has succeeded, although that peer has left before its answer was read', () => {
    const peer = new ScriptedPeer(lock)
    const join = peer.command({ command: 'join' })
    peer.succeed('register', [5, 'secret'])
    peer.succeed(
      'require_all',
      [3, 5].map((id) => [id, addressOf(id)]),
    )
    peer.ask('unregister_peer', 3)
    peer.succeed('register_peer', null)
    expect(peer.reply(join)).toEqual({ id: 5, peers: [] })
    expect(peer.state().token).toBe('none')
  })

  test('peers.lock.create: not if the token has come meanwhile, although it has passed on since', () => {
    const peer = new ScriptedPeer(lock)
    const join = peer.command({ command: 'join' })
    // The name service has given 5 already, and a peer that leaves has seen it there.
    expect(peer.ask('obtain_token', fresh(3))).toBe(null)
    peer.succeed('register', [5, 'secret'])
    peer.succeed(
      'require_all',
      [3, 4, 5].map((id) => [id, addressOf(id)]),
    )
    peer.ask('request_token', 2, 4)
    peer.raise('register_peer', 'LeavingError', addressOf(3))
    expect(peer.open.filter(({ method }) => method === 'obtain_token')).toEqual([])
    peer.refuse('register_peer', addressOf(4))
    expect(peer.reply(join)).toMatchObject({ id: 5 })
    expect(peer.events.filter(({ event }) => event === 'token')).toEqual([token('present')])
  })

  test('peers.lock.hold-joiners: a silent peer that answers check is told three times in all', () => {
    const peer = new ScriptedPeer(lock)
    const join = peer.command({ command: 'join' })
    peer.succeed('register', [5, 'secret'])
    peer.succeed(
      'require_all',
      [1, 2, 5].map((id) => [id, addressOf(id)]),
    )
    peer.advance(100)
    expect(peer.calls('check')).toEqual([[at(1)], [at(2)]])
    peer.refuse('check', addressOf(2))
    peer.succeed('check', [1, 'ivan'], addressOf(1))
    expect(peer.calls('register_peer')).toEqual([[at(1), 5, ['self', 1]]])
    peer.advance(100)
    peer.succeed('check', [1, 'ivan'])
    expect(peer.reply(join)).toBeUndefined()
    peer.advance(100)
    expect(peer.open).toEqual([])
    expect(peer.reply(join)).toEqual({ id: 5, peers: [] })
  })

  test('peers.lock.not-ready: before join nothing is taken', () => {
    const peer = new ScriptedPeer(lock)
    expect(peer.ask('register_peer', 7, addressOf(7))).toBe('NotReadyError')
    expect(peer.ask('request_token', 1, 7)).toBe('NotReadyError')
    expect(peer.ask('obtain_token', fresh(7))).toBe('NotReadyError')
    expect(peer.state()).toMatchObject({ peers: [], token: 'none', requests: [] })
    expect(peer.reply(peer.command({ command: 'acquire' }))).toBe('not-joined')
  })
})

describe('acquire and release', () => {
  test('peers.lock.present, peers.lock.busy', () => {
    const peer = ScriptedPeer.joined(0, [1], lock)
    expect(peer.reply(peer.command({ command: 'release' }))).toBe('not-held')
    expect(peer.reply(peer.command({ command: 'acquire' }))).toEqual({})
    expect(peer.events).toEqual([token('held')])
    expect(peer.reply(peer.command({ command: 'acquire' }))).toBe('busy')
    expect(peer.ask('request_token', 1, 1)).toBe(null)
    expect(peer.open).toEqual([])
    expect(peer.state()).toMatchObject({ token: 'held', requests: [[1, 1]] })
    expect(peer.reply(peer.command({ command: 'release' }))).toEqual({})
    expect(peer.calls('obtain_token')).toEqual([
      [
        at(1),
        [
          [0, 1],
          [1, 0],
        ],
      ],
    ])
    expect(peer.state().token).toBe('none')
  })

  test('peers.lock.request, peers.lock.request-newcomer: everybody is asked once, newcomers too', () => {
    const peer = without(5, [3, 7])
    const acquire = peer.command({ command: 'acquire' })
    expect(peer.calls('request_token')).toEqual([
      [at(3), 1, 5],
      [at(7), 1, 5],
    ])
    const newcomer = peer.receive('register_peer', 9, addressOf(9))
    const sends = peer.effects.filter(({ kind }) => kind === 'send')
    expect(sends.at(-2)).toMatchObject({ connection: newcomer, message: { result: null } })
    expect(peer.calls('request_token').at(-1)).toEqual([at(9), 1, 5])
    peer.refuse('request_token', addressOf(3))
    expect(peer.list).toEqual([7, 9])
    expect(peer.reply(acquire)).toBeUndefined()
    expect(peer.ask('obtain_token', fresh(3, 5, 7))).toBe(null)
    expect(peer.reply(acquire)).toEqual({})
    expect(peer.events.at(-1)).toEqual(token('held'))
  })

  test('peers.lock.timeout, peers.lock.unwanted: a token that comes too late counts as released at once', () => {
    const peer = without(5, [7])
    const acquire = peer.command({ command: 'acquire' })
    peer.succeed('request_token', null)
    peer.advance(1000)
    expect(peer.reply(acquire)).toBe('timeout')
    peer.ask('obtain_token', [
      [5, 0],
      [7, 1],
    ])
    expect(peer.state().token).toBe('present')
    peer.ask('request_token', 4, 7)
    expect(peer.calls('obtain_token')).toEqual([
      [
        at(7),
        [
          [5, 1],
          [7, 1],
        ],
      ],
    ])
  })

  test('peers.lock.timeout: the next request has a new time', () => {
    const peer = without(5, [7])
    peer.command({ command: 'acquire' })
    peer.advance(1000)
    peer.ask('register_peer', 7, addressOf(7))
    peer.effects = []
    peer.command({ command: 'acquire' })
    expect(peer.calls('request_token')).toEqual([[at(7), 2, 5]])
  })
})

describe('passing', () => {
  test('peers.lock.record: a request that is served already passes nothing, and times never go back', () => {
    const peer = without(5, [3, 7])
    peer.ask('obtain_token', [
      [3, 4],
      [5, 0],
      [7, 2],
    ])
    peer.ask('request_token', 4, 3)
    peer.ask('request_token', 1, 7)
    expect(peer.open).toEqual([])
    expect(peer.state()).toMatchObject({
      token: 'present',
      requests: [
        [3, 4],
        [7, 1],
      ],
    })
    peer.ask('request_token', 5, 3)
    expect(peer.calls('obtain_token').length).toBe(1)
  })

  test.each([
    [[3, 7, 9], 7],
    [[3, 9], 9],
    [[2, 3], 2],
    [[3], 3],
  ])('peers.lock.order: of %j after 5 comes %i', (asked, next) => {
    const peer = without(5, [2, 3, 7, 9])
    peer.command({ command: 'acquire' })
    peer.ask('obtain_token', fresh(2, 3, 5, 7, 9))
    for (const id of asked) peer.ask('request_token', 1, id)
    peer.command({ command: 'release' })
    expect(peer.calls('obtain_token').map(([to]) => to)).toEqual([at(next)])
  })

  test('peers.lock.pass-once: a call that fails brings it back, and the next gets it', () => {
    const peer = ScriptedPeer.joined(5, [], lock)
    for (const id of [6, 7, 8]) peer.ask('register_peer', id, addressOf(id))
    peer.command({ command: 'acquire' })
    for (const id of [6, 7, 8]) peer.ask('request_token', 1, id)
    peer.command({ command: 'release' })
    peer.refuse('obtain_token', addressOf(6))
    expect(peer.list).toEqual([7, 8])
    peer.raise('obtain_token', 'LeavingError', addressOf(7))
    expect(peer.list).toEqual([7, 8])
    expect(peer.state().token).toBe('none')
    peer.advance(100)
    expect(peer.list).toEqual([7])
    expect(peer.state()).toMatchObject({ token: 'present', requests: [] })
    expect(peer.events.filter(({ event }) => event === 'token').map((event) => event)).toEqual([
      token('held'),
      token('none'),
      token('present'),
    ])
  })

  test('peers.lock.pass-once: who waits itself holds it when nobody takes it', () => {
    const peer = ScriptedPeer.joined(5, [], lock)
    peer.ask('register_peer', 7, addressOf(7))
    peer.ask('request_token', 1, 7)
    const acquire = peer.command({ command: 'acquire' })
    peer.refuse('obtain_token')
    expect(peer.reply(acquire)).toEqual({})
    expect(peer.state().token).toBe('held')
  })

  test('a token that comes back before the answer to its sending is one token', () => {
    const peer = ScriptedPeer.joined(5, [], lock)
    peer.ask('register_peer', 7, addressOf(7))
    peer.ask('request_token', 1, 7)
    peer.ask('obtain_token', [
      [5, 0],
      [7, 1],
    ])
    expect(peer.state().token).toBe('present')
    peer.ask('request_token', 2, 7)
    expect(peer.calls('obtain_token').length).toBe(2)
    peer.refuse('obtain_token', addressOf(7))
    expect(peer.state().token).toBe('none')
  })

  test('peers.lock.token: two tokens become one, with the higher times', () => {
    const peer = without(5, [3, 7])
    peer.ask('obtain_token', [
      [3, 4],
      [7, 1],
    ])
    peer.ask('obtain_token', [
      [3, 2],
      [7, 6],
    ])
    peer.ask('request_token', 4, 3)
    peer.ask('request_token', 6, 7)
    expect(peer.open).toEqual([])
  })

  test('peers.lock.record: a request that comes before its peer counts when the peer is in the list', () => {
    const peer = ScriptedPeer.joined(5, [], lock)
    peer.ask('request_token', 1, 9)
    expect(peer.state()).toMatchObject({ token: 'present', requests: [] })
    peer.ask('register_peer', 9, addressOf(9))
    expect(peer.calls('obtain_token').map(([to]) => to)).toEqual([at(9)])
  })

  test('requests of strangers are remembered for 10,000 ids', () => {
    const peer = ScriptedPeer.joined(5, [7], lock)
    for (let id = 100; id < 10_200; id += 1) peer.ask('request_token', 1, id)
    expect(peer.machine.state.lock?.requests.length).toBe(10_000)
    peer.ask('request_token', 1, 7)
    expect(peer.calls('obtain_token').map(([to]) => to)).toEqual([at(7)])
  })

  test('peers.lock.dead: who leaves the list is not waited for, and gets no token', () => {
    const peer = ScriptedPeer.joined(5, [7, 8], lock)
    peer.command({ command: 'acquire' })
    peer.ask('request_token', 1, 7)
    peer.ask('request_token', 1, 8)
    peer.ask('unregister_peer', 7)
    peer.command({ command: 'release' })
    expect(peer.calls('obtain_token').map(([to]) => to)).toEqual([at(8)])
    expect(peer.machine.state.lock?.requests.map(({ id }) => id)).toEqual([8])
  })
})

describe('leaving with the token', () => {
  const leaving = (others: number[], registered: number[]) => {
    const peer = ScriptedPeer.joined(5, others, lock)
    if (peer.state().token === 'none') peer.ask('obtain_token', fresh(5, ...others))
    const stop = peer.command({ command: 'stop' })
    expect(peer.calls('require_all')).toEqual([[nameServiceAddress.join(':'), 'ivan']])
    const answer = registered.map((id) => [id, addressOf(id)])
    return { peer, stop, answer }
  }

  test('peers.lock.leave: to a peer that is joining, else to one that waits, else to the lowest', () => {
    const { peer, stop, answer } = leaving([3, 7, 9], [3, 5, 7, 9, 12, 11])
    peer.ask('request_token', 1, 9)
    expect(peer.ask('obtain_token', fresh(5))).toBe('LeavingError')
    const newcomer = peer.receive('register_peer', 11, addressOf(11))
    expect(peer.answerOn(newcomer)).toBeUndefined()
    peer.succeed('require_all', answer)
    const tried: string[] = []
    for (const fail of ['refuse', 'raise', 'raise', 'raise', 'raise'] as const) {
      const [to] = peer.calls('obtain_token')[0] ?? []
      tried.push(String(to))
      if (fail === 'refuse') peer.refuse('obtain_token')
      else peer.raise('obtain_token', 'LeavingError')
    }
    expect(tried).toEqual([11, 12, 9, 3, 7].map(at))
    expect(peer.calls('unregister')).toEqual([])
    // All have been tried; one has registered meanwhile.
    peer.succeed('require_all', [...answer, [13, addressOf(13)]])
    expect(peer.calls('obtain_token').map(([to]) => to)).toEqual([at(13)])
    peer.succeed('obtain_token', null)
    expect(peer.state().token).toBe('none')
    expect(peer.answerOn(newcomer)).toBeUndefined()
    peer.succeed('unregister', null)
    expect(peer.answerOn(newcomer)).toMatchObject({ error: { name: 'LeavingError' } })
    expect(peer.calls('unregister_peer').map(([to]) => to)).toEqual([3, 7, 9].map(at))
    for (let index = 0; index < 3; index += 1) peer.succeed('unregister_peer', null)
    expect(peer.reply(stop)).toEqual({})
  })

  test('peers.lock.leave: only when there is nobody does the token end', () => {
    const { peer, answer } = leaving([], [5])
    peer.succeed('require_all', answer)
    peer.succeed('require_all', answer)
    expect(peer.calls('unregister').length).toBe(1)
    expect(peer.events.at(-1)).toEqual(token('none'))
  })

  test('peers.lock.leave: without an answer of the name service the list has to do', () => {
    const { peer } = leaving([7], [])
    peer.advance(100)
    expect(peer.calls('obtain_token').map(([to]) => to)).toEqual([at(7)])
  })

  test('peers.lock.leave: a token on its way is waited for, and handed over if it comes back', () => {
    const peer = ScriptedPeer.joined(5, [7, 8], lock)
    peer.ask('request_token', 1, 7)
    peer.command({ command: 'stop' })
    expect(peer.calls('unregister')).toEqual([])
    peer.refuse('obtain_token')
    expect(peer.calls('require_all').length).toBe(1)
    peer.refuse('require_all')
    expect(peer.calls('obtain_token').map(([to]) => to)).toEqual([at(8)])
  })

  test('a held lock is handed over too, and acquire that waits ends', () => {
    const holder = ScriptedPeer.joined(5, [7], lock)
    holder.command({ command: 'acquire' })
    holder.command({ command: 'stop' })
    holder.refuse('require_all')
    expect(holder.calls('obtain_token').length).toBe(1)

    const waiter = without(5, [7])
    const acquire = waiter.command({ command: 'acquire' })
    waiter.command({ command: 'stop' })
    expect(waiter.reply(acquire)).toBe('not-started')
    expect(waiter.ask('obtain_token', fresh(5, 7))).toBe('LeavingError')
    expect(waiter.calls('unregister').length).toBe(1)
  })
})
