// The name service as a class meets it: what it tells, what it survives, how it ends, and that a student's solution of long
// ago works with it and with the chat.
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { exchange } from '../runtime/test-cluster.ts'
import { hasTerminals, PATIENCE_MS, programs, TestPrograms } from './test-program.ts'

vi.setConfig({ testTimeout: 2 * PATIENCE_MS })

let world = new TestPrograms()
let sockets: net.Socket[] = []
beforeEach(() => {
  world = new TestPrograms()
  sockets = []
})
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  world.end()
})

const line = (method: string, ...args: unknown[]) => `${JSON.stringify({ method, args })}\n`

async function call(method: string, ...args: unknown[]): Promise<{ result?: unknown; error?: unknown }> {
  const [answer] = await exchange(world.port, [line(method, ...args)])
  return JSON.parse(answer ?? '{}') as { result?: unknown }
}

describe('what it tells', () => {
  test('a line for each registration, departure and dropped peer', async () => {
    const nameService = await world.nameService(['--check-timeout', '200'])
    expect(nameService.output).toBe(`The name service listens on 127.0.0.1:${world.port}.\n`)
    const { result } = await call('register', 'ivan', ['127.0.0.1', 1])
    const [id, hash] = result as [number, string]
    await call('register', 'two words', ['fe80::1', 2])
    await call('register', 'ivan', ['127.0.0.1', 3])
    await call('register', 'ivan', ['127.0.0.1', 3])
    await call('register', 'x\n\u001b[2J', ['h\nost', 4])
    await call('unregister', id, 'ivan', hash)
    await nameService.sees('dropped')
    nameService.signal('SIGTERM')
    expect(await nameService.exit).toBe(0)
    const [first, ...lines] = nameService.output.trimEnd().split('\n')
    expect(first).toContain('listens')
    expect(lines.pop()).toBe('The name service has ended.')
    for (const one of lines) expect(one).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [a-z]/)
    expect(lines.map((one) => one.slice(20))).toEqual([
      'registered   ivan(0) 127.0.0.1:1',
      'registered   two words(1) [fe80::1]:2',
      'registered   ivan(2) 127.0.0.1:3',
      'replaced     ivan(2) 127.0.0.1:3',
      'registered   ivan(3) 127.0.0.1:3',
      'registered   x\\n\\u001b[2J(4) h\\nost:4',
      'unregistered ivan(0) 127.0.0.1:1',
      'dropped      ivan(3) 127.0.0.1:3',
    ])
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s to peerspec ends it in order', async (signal) => {
    const nameService = await world.nameService([], [...programs.peerspec, 'name-service'])
    // A connection that hangs, and a call of its own that is never answered, hold nothing up.
    sockets.push(net.connect(world.port, '127.0.0.1').on('error', () => {}))
    nameService.signal(signal)
    expect(await nameService.exit).toBe(0)
    expect(nameService.output).toContain('The name service has ended.\n')
    expect(nameService.errors).toBe('')
  })
})

describe('wrong use', () => {
  test.each([
    [[], /required option '--port <n>' not specified/],
    [['--port', 'x'], /'--port <n>' argument 'x' is invalid.*1 to 65535/],
    [['--port', '1', '--registrations', '10001'], /argument '10001' is invalid.*1 to 10000/],
    [['--port', '1', '--connections', '63'], /argument '63' is invalid.*64 to 4096/],
    [['--port', '1', '--check-timeout', '9'], /argument '9' is invalid.*10 to 600000/],
    [['--port', '1', 'more'], /too many arguments/],
  ])('%j ends with 2', async (options, message) => {
    const nameService = world.start([...programs.nameService, ...options])
    expect(await nameService.exit).toBe(2)
    expect(nameService.errors).toMatch(message)
    expect(nameService.errors).not.toMatch(/^\s+at /m)
    expect(nameService.output).toBe('')
  })

  test('a port that is taken, an address that this machine does not have', async () => {
    await world.nameService()
    const command = [...programs.peerspec, 'name-service', '--port', `${world.port}`]
    for (const [options, reason] of [
      [[], `127.0.0.1, port ${world.port}: the port is taken`],
      [['--host', '192.0.2.1'], `192.0.2.1, port ${world.port}: this machine does not have that address`],
    ] as const) {
      const second = world.start([...command, ...options])
      expect(await second.exit).toBe(4)
      expect(second.errors).toBe(`peerspec name-service: cannot listen on ${reason}\n`)
    }
  })

  test('--help has an example and the exit codes', async () => {
    const help = world.start([...programs.peerspec, 'name-service', '--help'])
    expect(await help.exit).toBe(0)
    expect(help.output).toMatch(/Usage: peerspec name-service.*Examples:.*Exit codes:/s)
  })
})

/** Opens that many connections, and opens those again that are closed, if so wished. */
function besiege(count: number, isStubborn: boolean, onConnected: (socket: net.Socket) => void): void {
  const open = () => {
    const socket = net.connect({ host: '127.0.0.1', port: world.port })
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('connect', () => onConnected(socket))
    socket.on('close', () => {
      if (isStubborn && sockets.includes(socket)) setImmediate(open)
    })
  }
  for (let index = 0; index < count; index += 1) open()
}

describe('a hostile client hurts nobody else', () => {
  const floods: Readonly<Record<string, (socket: net.Socket) => void>> = {
    'silent connections': () => {},
    'half lines': (socket) => socket.write('{"method":"require_all","ar'),
    'lines without end': (socket) => socket.write('x'.repeat(60_000)),
    'broken lines without end': (socket) => sendOnAndOn(socket, '}\n'.repeat(20_000)),
    'requests whose answers are never read': (socket) => {
      socket.pause()
      sendOnAndOn(socket, line('require_all', 'hostile').repeat(1000))
    },
    'registrations without end': (socket) => {
      socket.resume()
      sendOnAndOn(socket, line('register', 'hostile', [`host-${sockets.length}`, 1]).repeat(1000))
    },
  }

  // The silent ones come once and are pushed out by those that come later; the others send all at the same time, and come again.
  test.each([
    ['silent connections', '64'],
    ['half lines', '64'],
    ['lines without end', '64'],
    ['broken lines without end', '1024'],
    ['requests whose answers are never read', '1024'],
    ['registrations without end', '1024'],
  ])('1,000 connections: %s, %s places', async (name, places) => {
    const nameService = await world.nameService(['--connections', places])
    let connected = 0
    besiege(1000, places === '1024', (socket) => {
      connected += 1
      floods[name]?.(socket)
    })
    const enough = places === '1024' ? 500 : 1000
    await vi.waitUntil(() => connected >= enough, { timeout: PATIENCE_MS, interval: 20 })
    const [student, friend] = [await register(), await register()]
    expect(await call('require_all', 'ivan')).toEqual({
      result: [student, friend].map(({ listed }) => listed),
    })
    expect(await call('unregister', ...student.credentials)).toEqual({ result: null })
    expect(await call('require_all', 'ivan')).toMatchObject({
      result: expect.not.arrayContaining([student.listed]),
    })
    for (const socket of sockets.splice(0)) socket.destroy()
    nameService.signal('SIGINT')
    expect(await nameService.exit).toBe(0)
    expect(nameService.errors).toBe('')
  })

  let lastPort = 0
  async function register() {
    lastPort += 1
    const address = ['127.0.0.1', lastPort] as const
    const { result } = await call('register', 'ivan', address)
    const [id, hash] = result as [number, string]
    return { listed: [id, address], credentials: [id, 'ivan', hash] as const }
  }

  function sendOnAndOn(socket: net.Socket, piece: string): void {
    socket.write(piece, (error) => {
      if (error == null && !socket.destroyed) setImmediate(() => sendOnAndOn(socket, piece))
    })
  }

  // Linux has the whole of 127.0.0.0/8 on its loopback interface.
  test.runIf(process.platform === 'linux')(
    'one host cannot push out the connections of another',
    async () => {
      await world.nameService(['--connections', '64'])
      const ended: net.Socket[] = []
      const connect = (localAddress: string): Promise<net.Socket> => {
        const socket = net.connect({ host: '127.0.0.1', port: world.port, localAddress })
        sockets.push(socket)
        socket.on('error', () => {})
        socket.on('close', () => ended.push(socket))
        return new Promise((resolve) => socket.once('connect', () => resolve(socket)))
      }
      const students: net.Socket[] = []
      for (let index = 0; index < 20; index += 1) students.push(await connect('127.0.0.1'))
      for (let index = 0; index < 300; index += 1) await connect('127.0.0.2')
      await vi.waitUntil(() => ended.length >= 320 - 64, { timeout: PATIENCE_MS, interval: 20 })
      expect(students.filter((student) => ended.includes(student))).toEqual([])
      for (const student of students) {
        const answered = new Promise<string>((resolve) =>
          student.once('data', (bytes) => resolve(`${bytes}`)),
        )
        student.write(line('require_all', 'ivan'))
        expect(await answered).toBe('{"result":[]}\n')
      }
    },
  )

  test('registrations have their bound, and room comes back', async () => {
    await world.nameService(['--registrations', '2'])
    const { result } = await call('register', 'a', ['127.0.0.1', 1])
    await call('register', 'b', ['127.0.0.1', 2])
    expect(await call('register', 'c', ['127.0.0.1', 3])).toMatchObject({ error: { name: 'BusyError' } })
    const [id, hash] = result as [number, string]
    await call('unregister', id, 'a', hash)
    expect(await call('register', 'c', ['127.0.0.1', 3])).toMatchObject({ result: [2, expect.any(String)] })
  })
})

test.runIf(hasTerminals)('a solution of the course works with the name service and the chat', async () => {
  const nameService = await world.nameService(['--check-timeout', '1000'])
  const student = () => world.start([...programs.coursePeer, 'ivan', `${world.port}`])
  const first = await world.chat()
  const old = student()
  await old.sees('ivan(1)> ')
  await first.sees('Peer 1 has joined the system.')
  old.type('0 : do you read me?\n')
  await first.sees('Received a message from 1:  do you read me?')
  first.type('1 : I do\r')
  await old.sees('Received a message from 0:  I do')
  old.type('call check\ncall destroy\n')
  await old.sees("check: [0, 'ivan']\nAttributeError(")
  const second = await world.chat()
  await old.sees('Peer 2 has joined the system.')
  second.type('l\r')
  await second.sees(/id: {2}0, address: .*\n {4}id: {2}1, address: \('127\.0\.0\.1', \d+\)/)
  second.type('q\r')
  await old.sees('Peer 2 has left the system.')
  await old.sees('Somebody checks whether this peer is there.')
  old.type('0 : still here\n')
  await first.sees('Received a message from 1:  still here')
  expect(await call('require_all', 'ivan')).toMatchObject({
    result: [
      [0, expect.anything()],
      [1, expect.anything()],
    ],
  })

  // It asks for the end and waits for no answer.
  old.type('q\n')
  expect(await old.exit).toBe(0)
  await first.sees('Peer 1 has left the system.')
  await nameService.sees('unregistered ivan(1)')

  const dead = student()
  await dead.sees('ivan(3)> ')
  dead.signal('SIGKILL')
  await dead.exit
  const last = student()
  // The one that is dead keeps it from joining: that is how it was.
  expect(await last.exit).toBe(1)
  expect(last.errors).toContain('ConnectionRefusedError')
  const another = await world.chat()
  another.type('q\r')
  await nameService.sees('dropped      ivan(3)')
  await nameService.sees('dropped      ivan(4)')
  expect(nameService.output).not.toContain('dropped      ivan(0)')
})
