// Whole benches on the smallest peer that there is: start, neighbours, clusters, faults, ends, and who shares what.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { type Case, Violation } from '../verdict/case.ts'
import type { RingBench } from '../verdict/ring-bench.ts'
import { type Host, type OpenBench, type Program, Untestable } from './host.ts'
import { CommandError } from './node.ts'
import { neighbours } from './ring-bench.ts'
import { hostOf, openOn as openCase, pathOf, programOf } from './test-benches.ts'

const miniPeer = programOf('mini-peer.mjs')
const singlePeer = programOf('mini-peer.mjs', '--single')
const odd = (mode: string): Program => programOf('odd-program.mjs', mode)

const definition: Case<'ring'> = {
  id: 'ring.ping.answer/test',
  system: 'ring',
  role: 'ring.peer',
  title: 'a case of a test',
  requirements: ['ring.ping.answer'],
  stage: 0,
  observes: ['wire'],
  evidence: 'none',
  hint: 'none',
  run: async () => {},
}

const openOn = (host: Host, extra: Partial<Case<'ring'>> = {}, seed = 1): Promise<OpenBench & RingBench> =>
  openCase(host, { ...definition, ...extra }, seed)

const open = (program: Program, extra: Partial<Case<'ring'>> = {}): Promise<OpenBench & RingBench> =>
  openOn(hostOf(program), extra)

test.each([
  [[7], 7, [7, 7], []],
  [[0, 255], 255, [0, 255], [0]],
  [[2, 9, 4], 9, [2, 4], [4, 2]],
  [[200, 4, 9, 15], 9, [15, 200], [4, 200]],
  [[200, 4, 9, 15], 200, [4, 9], [15, 9]],
])('the neighbours in a ring of %j of %i are %j and %j', (ids, self, successors, predecessors) => {
  expect(neighbours(ids, self)).toEqual({ successors, predecessors })
})

test.each([
  ['several nodes', miniPeer],
  ['one node', singlePeer],
])('a node among probes is at rest, with a program for %s', async (_what, program) => {
  const bench = await open(program)
  const { node, probes } = await bench.nodeAmongProbes([4, 9, 15, 200], 9)
  expect([...probes.keys()].sort((a, b) => a - b)).toEqual([4, 15, 200])
  expect(await node.state()).toMatchObject({ successors: [15, 200], predecessors: [4, 200] })
  const ping = await bench.seen(({ from, to, message }) => from === 9 && to === 15 && message?.slot === 1)
  expect(ping?.fault).toBeUndefined()
  expect(bench.incident()).toBeUndefined()
  expect(bench.wireViolation()).toBeUndefined()
})

test.each([[[9]], [[9, 200]], [[4, 9, 200]]])('a node among probes in the small ring %j', async (ids) => {
  const bench = await open(miniPeer)
  const { node } = await bench.nodeAmongProbes(ids, 9)
  const [first = null, second = null] = neighbours(ids, 9).predecessors
  expect((await node.state()).predecessors).toEqual([first, second])
})

test('a cluster is at rest, in processes that its nodes share', async () => {
  const bench = await open(miniPeer)
  const ids = [0, 5, 77, 130, 255]
  const nodes = await bench.cluster(ids, { later: [100] })
  for (const [id, node] of nodes) {
    const { successors, predecessors } = neighbours(ids, id)
    expect(await node.state()).toMatchObject({ id, successors, predecessors })
  }
  const newcomer = await bench.node(100)
  expect((await newcomer.state()).inRing).toBe(false)
})

test('a fault of a link between two nodes takes effect, and the capture shows it', async () => {
  const bench = await open(miniPeer)
  await bench.cluster([4, 9])
  bench.link(4, 9).set({ drop: 1 })
  const dropped = await bench.seen(
    ({ from, message, fate }) => from === 4 && message?.type === 'ring.ping' && fate === 'dropped',
  )
  bench.link(4, 9).set({})
  const lost = Number(dropped?.message?.seq)
  const answered = await bench.seen(
    ({ from, message }) => from === 9 && message?.type === 'ring.pong' && Number(message.seq) > lost,
  )
  expect(answered?.to).toBe(4)
})

test('a refused start can be tried again, on the same node of the program', async () => {
  const bench = await open(miniPeer)
  await bench.ids([4, 9])
  const four = await bench.node(4)
  const taken = bench.node(9, { config: { listenPort: four.listenPort } })
  await expect(taken).rejects.toThrow(CommandError)
  await expect(taken).rejects.toMatchObject({ code: 'address-in-use' })
  const nine = await bench.node(9)
  expect((await nine.state()).id).toBe(9)
})

test('a command that the program does not know gives its whole reply', async () => {
  const bench = await open(miniPeer)
  const { node } = await bench.nodeAmongProbes([9], 9)
  expect(await node.rawCommand('dance', { step: 1 })).toMatchObject({
    ok: false,
    error: { code: 'unsupported' },
  })
})

test('kill, and start again: peers are refused meanwhile, and it is no incident', async () => {
  const bench = await open(miniPeer, { ownProcesses: true })
  await bench.ids([4, 9])
  const four = await bench.node(4)
  const probe = await bench.probe(9)
  await four.kill()
  expect(four.exitCode).toBe(137)
  await expect(probe.connect(four)).rejects.toMatchObject({
    requirement: 'control.start.listening',
    actual: 'ECONNREFUSED',
  })
  const again = await bench.node(4)
  expect(again.viewPort).toBe(four.viewPort)
  expect((await again.state()).id).toBe(4)
  expect(bench.incident()).toBeUndefined()
})

test('a paused program answers when it is resumed', async () => {
  const bench = await open(miniPeer, { ownProcesses: true })
  const { node } = await bench.nodeAmongProbes([9], 9)
  node.pause()
  let isAnswered = false
  const state = node.state().then((result) => {
    isAnswered = true
    return result
  })
  await bench.quiet(() => true)
  expect(isAnswered).toBe(false)
  node.resume()
  expect((await state).id).toBe(9)
})

test('a case that did not ask for processes of its own may not kill', async () => {
  const bench = await open(miniPeer)
  const { node } = await bench.nodeAmongProbes([9], 9)
  await expect(node.kill()).rejects.toThrow("'ownProcesses'")
})

test.each([
  ['several nodes goes on', miniPeer, null],
  ['one node ends with exit code 0', singlePeer, 0],
])('after stop a program for %s', async (_what, program, exitCode) => {
  const bench = await open(program, { ownProcesses: true })
  const { node } = await bench.nodeAmongProbes([4, 9], 9)
  await node.stop()
  if (exitCode !== null) await bench.until(() => node.exitCode !== null)
  expect(node.exitCode).toBe(exitCode)
  expect(bench.incident()).toBeUndefined()
})

test('a program ends with its input, and that is no incident', async () => {
  const bench = await open(miniPeer, { ownProcesses: true })
  const { node } = await bench.nodeAmongProbes([9], 9)
  node.endInput()
  expect(await bench.until(() => node.exitCode !== null)).toBe(true)
  expect(bench.incident()).toBeUndefined()
})

test.each([
  ['crash-after-hello', 'crash'],
  ['garbage-after-hello', 'broken'],
])('%s: everyone who waits is told at once, and the bench knows why', async (mode, kind) => {
  const bench = await open(odd(mode))
  await bench.ids([4, 9])
  const waiting = bench.seen(() => false, 600_000)
  const polling = bench.until(() => false, 600_000)
  const starting = bench.node(9)
  await Promise.all([waiting, polling, starting].map((promise) => expect(promise).rejects.toThrow()))
  expect(bench.incident()?.kind).toBe(kind)
  if (mode === 'crash-after-hello') expect(bench.stderrTail()).toContain('Traceback: it hurts')
})

test('the crash of a shared process reaches every case in it; an isolated run tells them apart', async () => {
  const host = hostOf(odd('crash-after-hello'))
  await host.hello()
  const shared = [await openOn(host), await openOn(host), await openOn(host)]
  for (const bench of shared) await bench.ids([4])
  await Promise.all(shared.map((bench) => expect(bench.node(4)).rejects.toThrow()))
  expect(shared.some((bench) => bench.incident()?.shared === true)).toBe(true)
  const alone = await openOn(hostOf(odd('crash-after-hello'), { isolated: true }))
  await alone.ids([4])
  await expect(alone.node(4)).rejects.toThrow()
  expect(alone.incident()).toMatchObject({ kind: 'crash' })
  expect(alone.incident()?.shared).toBeUndefined()
})

test('in a mixed run every second node of a cluster case belongs to the second program', async () => {
  const host = hostOf(miniPeer, { second: singlePeer })
  const { program, second } = await host.hello()
  expect([program.features, second?.features]).toEqual([['multi-node'], []])
  const bench = await openOn(host, { cluster: true })
  const nodes = await bench.cluster([4, 9, 15, 200])
  const hostsSeveral = [...nodes.values()].map(({ features }) => features.has('multi-node'))
  expect(hostsSeveral).toEqual([true, false, true, false])
})

test('a program that was attached to is driven like any other, except that nobody may kill it', async () => {
  const server = createServer((socket) => {
    const child = spawn('node', [pathOf('mini-peer.mjs')], { stdio: ['pipe', 'pipe', 'ignore'] })
    socket.pipe(child.stdin)
    child.stdout.pipe(socket)
    socket.on('error', () => {})
    socket.on('close', () => child.kill('SIGKILL'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const host = hostOf({ kind: 'attach', host: '127.0.0.1', port })
  const bench = await openOn(host, { ownProcesses: true })
  const { node } = await bench.nodeAmongProbes([4, 9, 15], 9)
  expect((await node.state()).predecessors).toEqual([4, 15])
  await expect(node.kill()).rejects.toThrow(Untestable)
  await bench.close()
  await host.close()
  server.close()
  await once(server, 'close')
})

test('the same seed gives the same numbers, another seed others', async () => {
  const host = hostOf(miniPeer)
  const sample = async (seed: number) => (await openOn(host, {}, seed)).random()
  const first = await sample(5)
  expect(await sample(5)).toBe(first)
  expect(await sample(6)).not.toBe(first)
})

test('a closed bench leaves no folder, no port and no waiting promise', async () => {
  const bench = await open(miniPeer)
  const { node } = await bench.nodeAmongProbes([4, 9], 9)
  const waiting = bench.seen(() => false, 600_000)
  await bench.close()
  expect(await waiting).toBeUndefined()
  expect(existsSync(bench.folder)).toBe(false)
  for (const port of [node.viewPort + 4, node.listenPort]) {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
  }
})

test('a case that goes on after its end gets no more nodes, and what it was just starting is stopped', async () => {
  const host = hostOf(miniPeer)
  const bench = await openOn(host)
  await bench.ids([4, 9])
  await bench.node(4)
  const starting = bench.node(9)
  starting.catch(() => {})
  await bench.close()
  await starting.catch(() => {})
  await expect(bench.node(9)).rejects.toThrow('the case is over')
  await expect(bench.nodeAmongProbes([4, 9], 9)).rejects.toThrow('the case is over')
})

test('evidence and violations are told as they were seen', async () => {
  const bench = await open(miniPeer)
  await bench.nodeAmongProbes([4, 9], 9)
  bench.evidence('a pong', bench.frames[0])
  bench.evidence('a state')
  expect(bench.evidenceSeen).toEqual(['a pong (frame 0)', 'a state'])
  const details = { requirement: 'ring.ping.answer', expected: 'a pong', actual: 'none' }
  expect(() => bench.require(true, details)).not.toThrow()
  expect(() => bench.require(false, details)).toThrow(Violation)
  expect(() => bench.requireFrame(undefined, details)).toThrow(Violation)
})

test('the first frame of the program that breaks its schema is a violation, with the place', async () => {
  const bench = await open(miniPeer)
  const { node, probes } = await bench.nodeAmongProbes([4, 9], 9)
  // The mini peer repeats any seq that it is sent, the wrong ones too.
  await probes.get(4)?.sendUdpBytes(node, '{"type":"ring.ping","from":4,"seq":-1,"slot":1}')
  const wrong = await bench.seen(({ message, sender }) => sender === 'program' && message?.seq === -1)
  expect(bench.wireViolation()).toMatchObject({
    requirement: 'common.encoding.json',
    exhibits: [{ frame: wrong?.n, at: '/seq' }],
  })
})

test('what a case does wrong is told as a fault of the harness', async () => {
  const bench = await open(miniPeer)
  await bench.ids([4])
  await expect(bench.node(9)).rejects.toThrow('did not declare the place 9')
  await bench.node(4)
  await expect(bench.ids([9])).rejects.toThrow('before the first node')
})
