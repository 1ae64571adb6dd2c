// Name service and peers over real sockets, in this process.
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { PeerResult } from '../../spec/peers/control.ts'
import { exchange, TestCluster, type TestNode } from './test-cluster.ts'
import { until } from './test-peers.ts'

let cluster = new TestCluster()
afterEach(() => {
  cluster.end()
  cluster = new TestCluster()
})

const ids = (peers: readonly { id: number }[]) => peers.map(({ id }) => id)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
const line = (method: string, ...args: unknown[]) => `${JSON.stringify({ method, args })}\n`

async function joined(count: number, config: Parameters<TestCluster['peer']>[0] = {}): Promise<TestNode[]> {
  const peers: TestNode[] = []
  for (let index = 0; index < count; index += 1) {
    const peer = await cluster.peer(config)
    await peer.result('join')
    peers.push(peer)
  }
  return peers
}

async function idOf(peer: TestNode): Promise<number> {
  return (await peer.state()).id
}

describe('many', () => {
  test.each([
    ['without the lock', { callTimeoutMs: 120_000, lock: false }],
    ['with the lock', { callTimeoutMs: 120_000, lock: true }],
  ])(
    '200 peers that join at once know each other, and 30 % of them may die (%s)',
    async (_, config) => {
      await cluster.nameService()
      const peers = await Promise.all(range(0, 200).map(() => cluster.peer(config)))
      const joins = await Promise.all(peers.map((peer) => peer.result<PeerResult<'join'>>('join')))
      expect(ids(joins).sort((a, b) => a - b)).toEqual(range(0, 200))
      const states = await Promise.all(peers.map((peer) => peer.state()))
      for (const { id, peers: list } of states)
        expect(ids(list)).toEqual(range(0, 200).filter((o) => o !== id))
      if (config.lock) {
        expect(states.filter(({ token }) => token !== 'none').map(({ id }) => id)).toEqual([0])
      }

      // Every third of the first 180: known to all, and told to none that it goes.
      const dead = peers.filter((_peer, index) => index < 180 && index % 3 === 0)
      const alive = peers.filter((peer) => !dead.includes(peer))
      for (const peer of dead) peer.kill()
      const deadIds = joins
        .filter((_join, index) => dead.includes(peers[index] as TestNode))
        .map(({ id }) => id)
      for (const [index, peer] of alive.entries()) {
        const next = alive[(index + 1) % alive.length] as TestNode
        const toDead = await peer.command('send', {
          to: deadIds[index % deadIds.length],
          text: 'are you there?',
        })
        expect(toDead).toMatchObject({ ok: false, error: { code: 'unreachable' } })
        await peer.result('send', { to: await idOf(next), text: `from ${index}` })
      }
      for (const [index, peer] of alive.entries()) {
        const former = (index + alive.length - 1) % alive.length
        expect(peer.events).toContainEqual({
          event: 'message',
          from: await idOf(alive[former] as TestNode),
          text: `from ${former}`,
        })
      }
      // Three seconds are enough for 20,000 calls; beside others that want the same two cores it takes ten times as long.
    },
    120_000,
  )
})

describe('a hostile client', () => {
  const malformed = [
    'x\n',
    '\n',
    '[]\n',
    'null\n',
    '{"method":1,"args":[]}\n',
    '{"method":"check"}\n',
    '{"method":"check","args":{}}\n',
    `{"method":"check","args":${'['.repeat(20_000)}${']'.repeat(20_000)}}\n`,
    new Uint8Array([0xff, 0xfe, 0x0a]),
    `${'a'.repeat(70_000)}\n`,
  ]

  test.each(['name service', 'peer'])('is answered, and the %s goes on', async (role) => {
    const nameService = await cluster.nameService()
    const [peer] = (await joined(1, { lock: true, fortunes: ['one'] })) as [TestNode]
    const { port } = role === 'peer' ? peer : nameService
    for (const bytes of malformed) {
      const [answer] = await exchange(port, [bytes])
      expect(JSON.parse(answer ?? 'null'), String(bytes).slice(0, 50)).toMatchObject({
        error: { name: 'ProtocolError', args: [expect.any(String)] },
      })
    }
    const [params] = await exchange(port, ['{"method":"check","params":[]}\n'])
    expect(params).toMatch(/\bargs\b/)
    for (const method of [
      'destroy',
      'start',
      '__class__',
      'constructor',
      'toString',
      '__proto__',
      '',
      'step',
    ]) {
      const [answer] = await exchange(port, [line(method)])
      const { error } = JSON.parse(answer ?? 'null')
      expect(error.name).toBe('AttributeError')
      expect(error.args[0]).toContain(method)
    }
    const wrong = role === 'peer' ? line('register_peer', 1) : line('register', 'ivan', ['h', 0])
    expect(await exchange(port, [wrong])).toEqual([expect.stringContaining('"TypeError"')])

    // Nothing, half a line, a cut in the middle, a reset: none of it is of consequence to others.
    const idle = range(0, 40).map((index) => {
      const socket = net.connect({ host: '127.0.0.1', port })
      socket.on('error', () => {})
      if (index % 2 === 0) socket.write('{"method":')
      return socket
    })
    const [call] = role === 'peer' ? [line('check')] : [line('require_all', 'ivan')]
    const expected = role === 'peer' ? { result: [0, 'ivan'] } : { result: [[0, peer.address]] }
    const answers = await Promise.all(range(0, 64).map(() => exchange(port, [call])))
    for (const [answer] of answers) expect(JSON.parse(answer ?? 'null')).toEqual(expected)
    for (const socket of idle) socket.resetAndDestroy()
    expect(JSON.parse((await exchange(port, [call]))[0] ?? 'null')).toEqual(expected)
    expect(await peer.state()).toMatchObject({ id: 0, peers: [], fortunes: ['one'] })
  })

  test('more connections than the node holds: the longest silent ones go', async () => {
    const { port } = await cluster.nameService()
    let closed = 0
    const silent = range(0, 300).map(() => {
      const socket = net.connect({ host: '127.0.0.1', port })
      socket.on('error', () => {})
      socket.on('close', () => {
        closed += 1
      })
      return socket
    })
    await until('the bound is enforced', () => closed === 44)
    expect(await exchange(port, [line('require_all', 'ivan')])).toEqual(['{"result":[]}'])
    for (const socket of silent) socket.destroy()
  })
})

describe('connections', () => {
  test('split at each byte, several requests in one piece, and a caller that ends at once', async () => {
    const { port } = await cluster.nameService()
    const requests = `${line('require_all', 'a')}${line('nope')}\r\n${line('require_any', 'a')}`
    const whole = await exchange(port, [requests], { lines: 4 })
    expect(whole.map((text) => Object.values(JSON.parse(text))[0])).toMatchObject([
      [],
      { name: 'AttributeError' },
      { name: 'ProtocolError' },
      { name: 'LookupError' },
    ])
    expect(await exchange(port, requests.split(''), { lines: 4, halfClose: true })).toEqual(whole)
    expect(await exchange(port, [requests], { lines: 9, halfClose: true })).toEqual(whole)
  })

  test('requests on one connection are answered in their order, also when the first takes its time', async () => {
    await cluster.nameService()
    const [first, second] = (await joined(2, { lock: true, fortunes: [] })) as [TestNode, TestNode]
    await first.result('acquire')
    const answers = exchange(second.port, [`${line('write', 'two')}${line('read_all')}`], {
      lines: 2,
      halfClose: true,
    })
    await until(
      'the request for the token',
      async () => (await first.state()).requests?.some(([id]) => id === 1) ?? false,
    )
    await first.result('release')
    expect(await answers).toEqual(['{"result":null}', '{"result":["two"]}'])
    expect((await first.state()).fortunes).toEqual(['two'])
  })

  test('a name service with 10,000 peers is told whole', async () => {
    const { port } = await cluster.nameService()
    const socket = net.connect({ host: '127.0.0.1', port })
    let lines = 0
    socket.on('data', (bytes: Buffer) => {
      for (const byte of bytes) if (byte === 0x0a) lines += 1
    })
    for (let index = 0; index < 10_001; index += 1)
      socket.write(line('register', 'many', [`host-${index}`, 1]))
    await until('all answers', () => lines === 10_001)
    socket.destroy()
    const peer = await cluster.peer()
    const args = { address: ['127.0.0.1', port], method: 'require_all', args: ['many'] }
    const { result } = await peer.result<{ result: [number, [string, number]][] }>('call', args)
    expect(result.length).toBe(10_000)
    expect(result[9999]).toEqual([9999, ['host-9999', 1]])
  })
})

describe('the stub', () => {
  test('peers.control.call: each end of a call has its code', async () => {
    const peer = await cluster.peer({ callTimeoutMs: 200 })
    const answers: (string | undefined | null)[] = []
    const server = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        const answer = answers.shift()
        if (answer === null) socket.end()
        else if (answer !== undefined) socket.write(answer)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    const call = async (answer: string | undefined | null) => {
      answers.push(answer)
      const reply = await peer.command('call', {
        address: ['127.0.0.1', port],
        method: 'm',
        args: [{ a: [null] }],
      })
      return reply.ok ? reply.result : reply.error.code
    }
    for (const result of [null, false, 0, '', []]) {
      expect(await call(`${JSON.stringify({ result })}\n`)).toEqual({ result })
    }
    const error = { name: 'Odd', args: ['a', 1, null, [2]] }
    expect(await call(`${JSON.stringify({ error })}\n`)).toEqual({ error })
    expect(await call('{"result":1,"error":{"name":"a","args":[]}}\n')).toBe('bad-answer')
    expect(await call('{}\n')).toBe('bad-answer')
    expect(await call('{"error":{"name":"a"}}\n')).toBe('bad-answer')
    expect(await call('what?\n')).toBe('bad-answer')
    expect(await call('x'.repeat(8_388_700))).toBe('bad-answer')
    expect(await call(`{"result":"${'x'.repeat(8_388_595)}"}\n`)).toMatchObject({
      result: expect.any(String),
    })
    expect(await call(null)).toBe('unreachable')
    expect(await call(undefined)).toBe('timeout')
    server.close()
    const nobody = { address: ['127.0.0.1', port], method: 'm', args: [] }
    expect(await peer.command('call', nobody)).toMatchObject({ ok: false, error: { code: 'unreachable' } })
  })
})
