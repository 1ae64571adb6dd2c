import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Control } from './control.ts'
import { peerRole } from './peers-roles.ts'
import { ringRole } from './ring-role.ts'
import { until } from './test-peers.ts'

type Line = Record<string, unknown>

/** Something that speaks control lines. */
abstract class Spoken {
  readonly lines: Line[] = []
  #seq = 0

  abstract write(text: string): void
  abstract close(): void

  /** Sends a command and gives its one reply. */
  async call(command: string, args: object = {}): Promise<Line> {
    this.#seq += 1
    const seq = this.#seq
    this.write(`${JSON.stringify({ seq, command, node: 0, ...args })}\n`)
    return this.reply(seq)
  }

  async reply(seq: number): Promise<Line> {
    await until(`a reply to ${seq}`, () => this.lines.some((line) => line.seq === seq))
    return this.lines.find((line) => line.seq === seq) ?? {}
  }
}

/** The control loop in this process: what it says does not depend on how its lines travel. */
class Loop extends Spoken {
  readonly #control = new Control({
    name: 'loop',
    version: '0',
    roles: new Map([
      ['ring.peer', ringRole()],
      ['peers.peer', peerRole()],
    ]),
    isSingle: false,
    writeLine: (line) => this.lines.push(JSON.parse(line) as Line),
    onStopped: () => {},
  })

  write(text: string): void {
    this.#control.onBytes(Buffer.from(text))
  }

  close(): void {
    void this.#control.end(0)
  }
}

/** The reference program as a child process, as a harness sees it. */
class Program extends Spoken {
  readonly child: ChildProcess
  log = ''

  constructor(options: readonly string[]) {
    super()
    const main = fileURLToPath(new URL('./main.ts', import.meta.url))
    this.child = spawn(process.execPath, ['--import', 'tsx', main, ...options])
    this.child.stderr?.on('data', (bytes: Buffer) => {
      this.log += bytes.toString('utf8')
    })
    if (this.child.stdout !== null) collectLines(this.child.stdout, this.lines)
  }

  write(text: string): void {
    this.child.stdin?.write(text)
  }

  close(): void {
    this.child.kill('SIGKILL')
  }

  async exitCode(): Promise<number | null> {
    await until('the program ends', () => this.child.exitCode !== null || this.child.signalCode !== null)
    return this.child.exitCode
  }
}

function collectLines(stream: NodeJS.ReadableStream, lines: Line[]): void {
  let rest = ''
  stream.on('data', (bytes: Buffer) => {
    const pieces = (rest + bytes.toString('utf8')).split('\n')
    rest = pieces.pop() ?? ''
    lines.push(...pieces.map((line) => JSON.parse(line) as Line))
  })
}

let folder: string
let opened: Spoken[]
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peerspec-control-'))
  opened = []
})
afterEach(() => {
  for (const spoken of opened) spoken.close()
  fs.rmSync(folder, { recursive: true })
})

function program(...options: string[]): Program {
  const started = new Program(options)
  opened.push(started)
  return started
}

/** Starts peer 4 as node 0, with a base port at which it finds its own port free. */
async function startPeer(spoken: Spoken): Promise<object> {
  for (;;) {
    const basePort = 20_000 + Math.floor(Math.random() * 10_000)
    const config = { id: 4, basePort, folder }
    const reply = await spoken.call('start', { role: 'ring.peer', config })
    if (reply.ok === true) return config
    expect(reply).toMatchObject({ error: { code: 'address-in-use' } })
  }
}

async function startedLoop(): Promise<{ running: Loop; config: object }> {
  const running = new Loop()
  opened.push(running)
  return { running, config: await startPeer(running) }
}

async function startedProgram(...options: string[]): Promise<Program> {
  const running = program(...options)
  await startPeer(running)
  return running
}

test('control.hello is the first line', async () => {
  const { lines } = program()
  await until('a line', () => lines.length > 0)
  expect(lines[0]).toMatchObject({ event: 'hello', control: 1, language: 'typescript' })
  expect(lines[0]?.roles).toEqual(['ring.peer', 'peers.name-service', 'peers.peer'])
  expect(lines[0]?.features).toEqual([
    'ring.join',
    'ring.leave',
    'ring.repair',
    'ring.store',
    'ring.transfer.tcp',
    'ring.transfer.udp',
    'peers.list',
    'peers.message',
    'peers.lock',
    'peers.database',
    'multi-node',
  ])
})

describe('replies', () => {
  test('every wrong command is answered with what is wrong, and changes nothing', async () => {
    const { running, config } = await startedLoop()
    const role = 'ring.peer'
    const table: [string, object, string, RegExp][] = [
      ['juggle', {}, 'unsupported', /juggle/],
      ['constructor', {}, 'unsupported', /constructor/],
      ['state', { node: 9 }, 'not-started', /9/],
      ['state', { node: undefined }, 'bad-argument', /^node: /],
      ['start', { role, config }, 'already-started', /0/],
      ['start', { node: 1, role: 'chord.node', config }, 'bad-argument', /^role: .*ring\.peer/],
      ['start', { node: 1, role, config: { ...config, mss: 0 } }, 'bad-config', /^mss: 0 is below 1$/],
      ['start', { node: 1, role }, 'bad-config', /object/],
      ['start', { node: 1, role, config: { ...config, folder: '/no/such' } }, 'bad-config', /^folder: /],
      ['start', { node: 1, role, config }, 'address-in-use', /EADDRINUSE/],
      ['init', { successors: [4] }, 'bad-argument', /^successors/],
      ['init', { successors: [8, 8] }, 'bad-argument', /^successors/],
      ['join', { via: 256 }, 'bad-argument', /^via: 256 is above 255$/],
      ['join', { via: 4 }, 'bad-argument', /^via/],
      ['store', { name: '33', path: '/etc/hosts' }, 'bad-argument', /^name/],
      ['store', { name: '0033', path: '/etc/hosts' }, 'not-in-ring', /ring/],
    ]
    for (const [command, args, code, message] of table) {
      const reply = await running.call(command, args)
      expect(reply, JSON.stringify([command, args])).toMatchObject({ ok: false, error: { code } })
      expect((reply.error as Line).message).toMatch(message)
    }
    expect(await running.call('state')).toMatchObject({ result: { id: 4, inRing: false, successors: null } })
  })

  test('a file that cannot be read, or is none, is a bad argument', async () => {
    const { running } = await startedLoop()
    await running.call('init', { successors: [4, 4] })
    for (const file of ['/no/such/file', folder]) {
      expect(await running.call('store', { name: '0001', path: file })).toMatchObject({
        error: { code: 'bad-argument' },
      })
    }
  })

  test('a line that is no command is passed over', async () => {
    const { running } = await startedLoop()
    running.write('\nhello\n[]\n{"command":"state","node":0}\n{"seq":"1","command":"state"}\n')
    expect(await running.call('state')).toMatchObject({ ok: true })
  })

  test('control.reply: a command that waits holds up none behind it', async () => {
    const { running } = await startedLoop()
    await running.call('init', { successors: [8, 12] })
    running.write('{"seq":901,"command":"request","node":0,"name":"0200","transport":"tcp"}\n')
    expect(await running.call('state')).toMatchObject({ ok: true })
    expect(running.lines.some((line) => line.seq === 901)).toBe(false)
  })

  test('several nodes live in one program, and their events carry the node', async () => {
    const { running, config } = await startedLoop()
    const second = path.join(folder, 'second')
    fs.mkdirSync(second)
    const other = { ...config, id: 5, folder: second }
    expect(await running.call('start', { node: 77, role: 'ring.peer', config: other })).toMatchObject({
      ok: true,
    })
    await running.call('init', { successors: [4, 4] })
    expect(await running.call('join', { node: 77, via: 4 })).toMatchObject({
      result: { successors: [4, 5], route: [4] },
    })
    await until(
      'both have reported',
      () => running.lines.filter((line) => line.event === 'successors').length >= 3,
    )
    const reporting = running.lines.filter((line) => line.event === 'successors').map((line) => line.node)
    expect(new Set(reporting)).toEqual(new Set([0, 77]))
    // A node that has stopped may be started again under its number.
    expect(await running.call('stop', { node: 77 })).toEqual({ seq: expect.anything(), ok: true, result: {} })
    expect(await running.call('start', { node: 77, role: 'ring.peer', config: other })).toMatchObject({
      ok: true,
    })
  })
})

describe('the end', () => {
  test('control.eof: the program ends when its input ends, whatever it is doing', async () => {
    const running = await startedProgram()
    await running.call('init', { successors: [8, 12] })
    running.write('{"seq":901,"command":"request","node":0,"name":"0200","transport":"tcp"}\n')
    running.write('{"seq":902,"command":"stop","node":0}\n')
    const ended = performance.now()
    running.child.stdin?.end()
    expect(await running.exitCode()).toBe(0)
    expect(performance.now() - ended).toBeLessThan(2000)
  })

  test('control.eof: a command just before it is still answered', async () => {
    const running = await startedProgram()
    running.child.stdin?.end('{"seq":901,"command":"state","node":0}\n')
    expect(await running.reply(901)).toMatchObject({ ok: true })
    expect(await running.exitCode()).toBe(0)
  })

  test('control.stop: a program of one node ends after its reply', async () => {
    const running = await startedProgram('--single')
    expect(running.lines[0]?.features).not.toContain('multi-node')
    expect(await running.call('state', { node: 12 })).toMatchObject({ ok: true })
    expect(await running.call('stop', { node: undefined })).toMatchObject({ ok: true, result: {} })
    expect(await running.exitCode()).toBe(0)
  })
})

test('a program may be spoken to over TCP', async () => {
  const running = program('--listen-control', '0')
  await until('it says where it listens', () => running.log.includes('control listens'))
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(running.log)?.[1])
  // Again and again: whoever debugs a program does not want to start it anew for each run.
  for (const round of [1, 2]) {
    const socket = net.connect(port, '127.0.0.1')
    const lines: Line[] = []
    let isClosed = false
    socket.on('close', () => {
      isClosed = true
    })
    collectLines(socket, lines)
    await until('hello', () => lines.length > 0)
    socket.end(`{"seq":${round},"command":"juggle","node":0}\n`)
    await until('a reply', () => lines.length > 1)
    expect(lines[1]).toMatchObject({ seq: round, ok: false, error: { code: 'unsupported' } })
    await until('the end of the connection', () => isClosed)
  }
})

test('a mutant that does not exist is refused at once', async () => {
  const running = program('--mutant', 'no-such-mutant')
  expect(await running.exitCode()).toBe(2)
  expect(running.log).toContain('no-such-mutant')
})

describe('roles of peers', () => {
  async function startedPeerOfType(config: object = {}): Promise<Loop> {
    const running = new Loop()
    opened.push(running)
    for (;;) {
      const listenPort = 20_000 + Math.floor(Math.random() * 10_000)
      const whole = { listenPort, type: 'ivan', nameService: ['127.0.0.1', 1], ...config }
      const reply = await running.call('start', { role: 'peers.peer', config: whole })
      if (reply.ok === true) return running
      expect(reply).toMatchObject({ error: { code: 'address-in-use' } })
    }
  }

  test('peers.config.object: what a configuration must not be', async () => {
    const running = new Loop()
    opened.push(running)
    const config = { listenPort: 20_000, type: 'ivan', nameService: ['127.0.0.1', 1] }
    for (const [wrong, message] of [
      [{ type: 'object' }, /^type: /],
      [{ fortunes: [] }, /^fortunes: demands lock/],
      [{ nameService: '127.0.0.1:1' }, /^nameService: /],
    ] as const) {
      const reply = await running.call('start', { role: 'peers.peer', config: { ...config, ...wrong } })
      expect(reply).toMatchObject({ error: { code: 'bad-config', message: expect.stringMatching(message) } })
    }
  })

  test('control.unsupported: the lock and the database are unknown to a peer without them', async () => {
    const plain = await startedPeerOfType()
    for (const name of ['acquire', 'release', 'read', 'write', 'init', 'constructor']) {
      expect(await plain.call(name), name).toMatchObject({ error: { code: 'unsupported' } })
    }
    const locking = await startedPeerOfType({ lock: true })
    expect(await locking.call('acquire')).toMatchObject({ error: { code: 'not-joined' } })
    expect(await locking.call('read')).toMatchObject({ error: { code: 'unsupported' } })
  })

  test('control.lines: a result that does not fit into a line is answered with internal', async () => {
    const running = await startedPeerOfType()
    const texts = ['x'.repeat(1_048_500), '\u00e4'.repeat(524_288)]
    const server = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.write(`${JSON.stringify({ result: texts.shift() })}\n`))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = ['127.0.0.1', (server.address() as net.AddressInfo).port]
    const args = { address, method: 'm', args: [] }
    expect(await running.call('call', args)).toMatchObject({ ok: true })
    expect(await running.call('call', args)).toMatchObject({ error: { code: 'internal' } })
    server.close()
  })
})
