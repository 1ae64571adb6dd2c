import dgram from 'node:dgram'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RawConnection, sha256, TestPeers, until } from './test-peers.ts'

let peers: TestPeers
beforeEach(() => {
  peers = new TestPeers()
})
afterEach(() => peers.close())

const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index]
  if (item === undefined) throw new Error(`nothing at ${index}`)
  return item
}
const query = '{"type":"ring.successor-query","from":1}\n'

describe('a ring on real sockets', () => {
  test('a file is stored with its owner and comes back over both transports, with loss', async () => {
    const [a, b, c] = await peers.ring([4, 8, 12], { dropProbability: 0.2, mss: 300 })
    if (a === undefined || b === undefined || c === undefined) throw new Error('no ring')
    const content = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251))
    const digest = sha256(content)
    const stored = await a.send({ command: 'store', name: '0012', path: peers.file('song', content) })
    expect(stored).toEqual({ ok: true, result: { owner: 12, route: [4, 8, 12] } })
    expect(fs.readFileSync(path.join(c.folder, '0012'))).toEqual(content)
    expect((await c.state()).files).toEqual(['0012'])
    for (const transport of ['tcp', 'udp'] as const) {
      const reply = await b.send({ command: 'request', name: '0012', transport })
      expect(reply).toMatchObject({ ok: true, result: { owner: 12, route: [8, 12], size: 3000, digest } })
      if (!reply.ok || !('path' in reply.result)) throw new Error('no path')
      expect(fs.readFileSync(String(reply.result.path))).toEqual(content)
    }
  })

  test.each([0, 1, 300, 600, 601])('a file of %i bytes comes back over UDP', async (size) => {
    const ring = await peers.ring([4, 8], { mss: 300 })
    const content = Buffer.alloc(size, 'x')
    await at(ring, 0).send({ command: 'store', name: '0008', path: peers.file('song', content) })
    expect(await at(ring, 0).send({ command: 'request', name: '0008', transport: 'udp' })).toMatchObject({
      result: { size, digest: sha256(content) },
    })
  })

  test('a peer that leaves is not missed', async () => {
    const ring = await peers.ring([4, 8, 12])
    expect(await at(ring, 1).send({ command: 'stop' })).toEqual({ ok: true, result: {} })
    expect((await at(ring, 0).state()).successors).toEqual([12, 4])
    expect((await at(ring, 2).state()).successors).toEqual([4, 12])
    await until('the node has halted', () => at(ring, 1).isHalted)
  })

  test('a peer that is killed is repaired, and a lookup on its way survives', async () => {
    const ring = await peers.ring([4, 8, 12, 16])
    const content = 'survives'
    await at(ring, 0).send({ command: 'store', name: '0012', path: peers.file('song', content) })
    at(ring, 1).kill()
    const reply = await at(ring, 0).send({ command: 'request', name: '0012', transport: 'tcp' })
    expect(reply).toMatchObject({ ok: true, result: { owner: 12, digest: sha256(content) } })
    await until('4 follows 12 and 16', async () => {
      const { successors } = await at(ring, 0).state()
      return successors?.[0] === 12 && successors[1] === 16
    })
    expect(at(ring, 0).events.filter(({ event }) => event === 'peer-dead')).toEqual([
      { event: 'peer-dead', peer: 8 },
    ])
  })

  test('an address that is taken is left alone, and can be used when it is free', async () => {
    const [peer] = await peers.start([4])
    const port = peer?.port ?? 0
    await expect(peers.startAt(4, port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    peer?.kill()
    await until('the port is free', () =>
      peers.startAt(4, port).then(
        () => true,
        () => false,
      ),
    )
  })

  test('control.start.listening: when only one protocol is taken, the other is free after the failure', async () => {
    const [peer] = await peers.start([4])
    const port = peer?.port ?? 0
    peer?.kill()
    const occupant = dgram.createSocket('udp4')
    await until(
      'UDP is ours',
      () =>
        new Promise((resolve) => {
          occupant.once('error', () => resolve(false))
          occupant.bind({ address: '127.0.0.1', port, exclusive: true }, () => resolve(true))
        }),
    )
    await expect(peers.startAt(4, port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const server = net.createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    server.close()
    occupant.close()
  })

  test('ring.request.stream: content streams in constant memory', async () => {
    const ring = await peers.ring([4, 8], { requestTimeoutMs: 20_000 })
    const size = 256 * 1024 * 1024
    const file = peers.file('large', 'head')
    fs.truncateSync(file, size)
    const before = process.memoryUsage.rss()
    let peak = before
    const sampling = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss())
    }, 5)
    const stored = await at(ring, 0).send({ command: 'store', name: '0008', path: file })
    expect(stored).toMatchObject({ ok: true })
    fs.rmSync(file)
    const reply = await at(ring, 0).send({ command: 'request', name: '0008', transport: 'tcp' })
    clearInterval(sampling)
    expect(reply).toMatchObject({ ok: true, result: { size } })
    // Both ends of both transfers are in this process.
    expect((peak - before) / 1_048_576).toBeLessThan(96)
  })
})

describe('common.tcp.framing', () => {
  test('common.tcp.lines: messages may be split anywhere and come several at once', async () => {
    const ring = await peers.ring([4, 8])
    const connection = new RawConnection(at(ring, 0).port)
    for (const byte of query) await connection.write(byte)
    await connection.write(query + query.slice(0, 10))
    await connection.write(query.slice(10))
    await until('three answers', () => connection.messages.length === 3)
    expect(connection.messages).toEqual(
      Array(3).fill({ type: 'ring.successor-answer', from: 4, successor: 8 }),
    )
    connection.destroy()
  })
})

describe('common.tcp.malformed', () => {
  test.each([
    ['no JSON', 'hello\n', 'malformed'],
    ['an array', '[1]\n', 'malformed'],
    ['a broken schema', '{"type":"ring.depart","from":4}\n', 'schema'],
    ['an unknown type', '{"type":"ring.hello","from":4}\n', 'unknown-type'],
    ['a message of UDP', '{"type":"ring.ping","from":4,"seq":0,"slot":1}\n', 'unknown-type'],
  ])('%s is answered with an error, and the connection serves on', async (_, line, code) => {
    const [peer] = await peers.ring([4])
    const connection = new RawConnection(peer?.port ?? 0)
    await connection.write(line)
    expect(await connection.message(0)).toMatchObject({ type: 'error', code })
    await connection.write(query)
    expect(await connection.message(1)).toMatchObject({ type: 'ring.successor-answer' })
    connection.destroy()
  })

  test('after a line that is too long, or a refused body, it closes', async () => {
    const [peer] = await peers.ring([4])
    for (const [bytes, code] of [
      ['x'.repeat(70_000), 'too-long'],
      ['{"type":"ring.put","from":4,"bodyLength":100}\nabc', 'schema'],
      [
        `{"type":"ring.put","from":4,"name":"0001","request":1,"digest":"${'0'.repeat(64)}","bodyLength":9}\n${query}`,
        'unexpected',
      ],
    ] as const) {
      const connection = new RawConnection(peer?.port ?? 0)
      await connection.write(bytes)
      expect(await connection.message(0)).toMatchObject({ type: 'error', code })
      await until('the connection ends', () => connection.isEnded)
      expect(connection.messages).toHaveLength(1)
      connection.destroy()
    }
  })
})

test('common.tcp.half-close: what is due is still sent', async () => {
  const [peer] = await peers.ring([4])
  const connection = new RawConnection(peer?.port ?? 0)
  await connection.write(query)
  connection.end()
  expect(await connection.message(0)).toMatchObject({ type: 'ring.successor-answer' })
  await until('the connection ends', () => connection.isEnded)
})

test('common.tcp.cut: a body that ends early leaves nothing behind', async () => {
  const ring = await peers.ring([4, 8])
  const owner = at(ring, 1)
  const asking = new RawConnection(owner.port)
  await asking.write(
    '{"type":"ring.store","from":4,"origin":99,"name":"0008","request":1,"size":9,"route":[99,4]}\n',
  )
  const cut = new RawConnection(owner.port)
  const put = `{"type":"ring.put","from":99,"name":"0008","request":1,"digest":"${'0'.repeat(64)}","bodyLength":9}`
  await cut.write(`${put}\nabc`)
  await until('the body begins to arrive', () => fs.readdirSync(owner.folder).length === 1)
  cut.end()
  await until('it is gone', () => fs.readdirSync(owner.folder).length === 0)
  expect((await owner.state()).files).toEqual([])
  asking.destroy()
})

test('common.tcp.slow: connections on which nothing or half a message arrives hold up nobody', async () => {
  const ring = await peers.ring([4, 8])
  const slow = Array.from({ length: 100 }, () => new RawConnection(at(ring, 1).port))
  await Promise.all(
    slow.map((connection, index) => connection.write(index % 2 === 0 ? '' : '{"type":"ring.st')),
  )
  const path = peers.file('song', 'la')
  expect(await at(ring, 0).send({ command: 'store', name: '0008', path })).toMatchObject({ ok: true })
  // They are served too, once they go on.
  await at(slow, 0).write(query)
  expect(await at(slow, 0).message()).toMatchObject({ type: 'ring.successor-answer' })
  for (const connection of slow) connection.destroy()
})

test('common.robust.bounds: of more than 256 silent connections the oldest gives way', async () => {
  const [peer] = await peers.ring([4])
  const connections: RawConnection[] = []
  for (let count = 0; count < 258; count += 1) {
    const connection = new RawConnection(peer?.port ?? 0)
    await connection.write(count === 0 ? '' : query)
    if (count > 0) await connection.message()
    connections.push(connection)
  }
  await until('the first is dropped', () => at(connections, 0).isEnded)
  expect(at(connections, 257).isEnded).toBe(false)
  for (const connection of connections) connection.destroy()
})

test('a stranger that never reads its answers is not read any more', async () => {
  const [peer] = await peers.ring([4])
  const connection = new RawConnection(peer?.port ?? 0)
  connection.pause()
  const flood = query.repeat(20_000)
  for (let count = 0; count < 40; count += 1) void connection.write(flood)
  const other = new RawConnection(peer?.port ?? 0)
  await other.write(query)
  expect(await other.message()).toMatchObject({ type: 'ring.successor-answer' })
  // 40 floods would be answered with 40 MiB; what the kernel does not take stays unread.
  expect(connection.unsentBytes).toBeGreaterThan(10_000_000)
  connection.destroy()
  other.destroy()
})

describe('common.udp.malformed', () => {
  test('what is no message is dropped, and the next one is served', async () => {
    const [peer, sender] = await peers.ring([4, 8])
    sender?.kill()
    const socket = dgram.createSocket('udp4')
    const pongs: number[] = []
    socket.on('message', (bytes) => {
      const message = JSON.parse(bytes.toString()) as { type: string; seq: number }
      if (message.type === 'ring.pong') pongs.push(message.seq)
    })
    await until(
      'the address of peer 8 is free',
      () =>
        new Promise((resolve) => {
          socket.once('error', () => resolve(false))
          socket.bind(sender?.port ?? 0, '127.0.0.1', () => resolve(true))
        }),
    )
    const send = (text: string | Uint8Array) => socket.send(text, peer?.port ?? 0, '127.0.0.1')
    const ping = (seq: number) => `{"type":"ring.ping","from":8,"seq":${seq},"slot":1}`
    for (const text of ['', '[]', 'null', '{', '{"type":"ring.ping","from":8}', `${ping(1)}${ping(2)}`])
      send(text)
    send(Uint8Array.of(0xff, 0xfe))
    send(ping(3).padEnd(8193))
    send('{"type":"ring.successor-query","from":8}')
    send(ping(4).padEnd(8192))
    await until('the last one is answered', () => pongs.length > 0)
    expect(pongs).toEqual([4])
    socket.close()
  })
})
