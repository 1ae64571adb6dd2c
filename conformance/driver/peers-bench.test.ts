// Whole benches of peers on the smallest name service and the smallest peer that there are: who sits where, who is known to
// whom as what, what is seen of it, and what the participants do that the harness plays.
import { expect, test } from 'vitest'
import { type Case, Violation } from '../verdict/case.ts'
import { argsOf, methodOf, type PeersBench } from '../verdict/peers-bench.ts'
import { runCases } from '../verdict/runner.ts'
import type { Frame } from '../wire/capture.ts'
import type { Host, OpenBench, Program } from './host.ts'
import { CommandError } from './node.ts'
import { hostOf, openOn as openCase, programOf, testTiming } from './test-benches.ts'

const mini = (...options: string[]): Program => programOf('mini-peers.mjs', ...options)

const definition: Case<'peers'> = {
  id: 'peers.join.order/test',
  system: 'peers',
  role: 'peers.peer',
  title: 'a case of a test',
  requirements: ['peers.join.order'],
  stage: 0,
  observes: ['wire'],
  evidence: 'none',
  hint: 'none',
  run: async () => {},
}

const openOn = (host: Host, extra: Partial<Case<'peers'>> = {}, seed = 1): Promise<OpenBench & PeersBench> =>
  openCase(host, { ...definition, ...extra }, seed)
const open = (program = mini(), extra: Partial<Case<'peers'>> = {}): Promise<OpenBench & PeersBench> =>
  openOn(hostOf(program), extra)

const calls = (bench: PeersBench, method: string): readonly Frame[] =>
  bench.frames.filter((frame) => methodOf(frame) === method)

test.each([
  ['several nodes', mini()],
  ['one node', mini('--single')],
])('peers find each other by way of a name service of the program, for %s', async (_what, program) => {
  const bench = await open(program)
  const nameService = await bench.nameService()
  const [first, second] = await bench.cluster(2, { at: nameService })
  if (first === undefined || second === undefined) throw new Error('two peers were asked for')
  expect((await second.state()).peers).toEqual([{ id: 0, address: second.addressFor(first.seat) }])
  expect((await first.state()).peers).toEqual([{ id: 1, address: first.addressFor(second.seat) }])
  expect((await nameService.state()).types[bench.type]).toEqual([
    { id: 0, address: nameService.addressFor(first.seat) },
    { id: 1, address: nameService.addressFor(second.seat) },
  ])
  expect(first.events).toMatchObject([{ event: 'joined', id: 1 }])
  expect(bench.wireViolation()).toBeUndefined()

  // What was said, not what was heard.
  const [introduction] = calls(bench, 'register_peer')
  expect(introduction).toMatchObject({ from: second.seat, to: first.seat, type: 'peers.register_peer' })
  expect(introduction && argsOf(introduction)).toEqual([1, second.addressFor(second.seat)])
  const answer = bench.frames.find(({ answers }) => answers === introduction?.n)
  expect(answer).toMatchObject({ type: 'peers.register_peer.result', from: first.seat, to: second.seat })
  expect([0, 1, 2].map((seat) => bench.nameOf(seat))).toEqual([
    'name service',
    'peer 1 (id 0)',
    'peer 2 (id 1)',
  ])
})

test('a peer among played ones is joined, and known to those that come later', async () => {
  const bench = await open()
  const { peer, id, nameService, lower, higher } = await bench.peerAmongPlayed(2, 1)
  expect(id).toBe(12)
  expect([...lower, ...higher].map((played) => played.id)).toEqual([10, 11, 13])
  expect((await peer.state()).peers).toEqual(
    [...lower, ...higher].map((played) => ({ id: played.id, address: played.addressFor(peer) })),
  )
  for (const played of lower) expect(played.received('register_peer')).toHaveLength(1)
  for (const played of higher) expect(played.received('register_peer')).toEqual([])
  expect(nameService.registered.map((one) => [one.id, one.seat])).toEqual([
    [10, lower[0]?.seat],
    [11, lower[1]?.seat],
    [12, peer.seat],
    [13, higher[0]?.seat],
  ])
  expect(bench.nameOf(lower[0]?.seat ?? 0)).toBe('peer 1 (id 10), played')
  expect(bench.nameOf(0)).toBe('name service, played')
})

test('a played name service knows whom an address means, and tells it to everyone as they know it', async () => {
  const bench = await open()
  const nameService = await bench.playNameService()
  const [first, second] = await bench.cluster(2)
  if (first === undefined || second === undefined) throw new Error('two peers were asked for')
  expect(nameService.registered).toMatchObject([
    { seat: first.seat, id: 0 },
    { seat: second.seat, id: 1 },
  ])
  const address = nameService.addressFor(first)
  const ask = async (method: string, ...args: unknown[]) => {
    const { answer } = await first.command('call', { address, method, args }).then((message) => ({
      answer: message,
    }))
    return answer
  }
  expect(await ask('require_object', bench.type, 1)).toEqual({ result: first.addressFor(second.seat) })
  expect(await ask('require_any', 'nobody')).toMatchObject({ error: { name: 'LookupError' } })
  expect(await ask('register', 'chat')).toMatchObject({ error: { name: 'TypeError' } })
  expect(await ask('dance')).toMatchObject({ error: { name: 'AttributeError' } })
  expect(await ask('unregister', 1, bench.type, 'no hash')).toMatchObject({ error: { name: 'ValueError' } })
  // These calls were the case's doing.
  expect(bench.wireViolation()).toBeUndefined()
  // Somewhere else: a name that means no seat stays as it is.
  expect(await ask('register', 'elsewhere', ['host.example', 80])).toMatchObject({
    result: [2, expect.any(String)],
  })
  expect(await ask('require_all', 'elsewhere')).toEqual({ result: [[2, ['host.example', 80]]] })
  // Who comes back takes the place of the older one.
  await first.command('join', {})
  expect(nameService.registered.filter(({ seat }) => seat === first.seat).map(({ id }) => id)).toEqual([2, 3])
})

test('a played peer does what it is told with each call, and by itself what the page says', async () => {
  const bench = await open()
  const { peer, lower } = await bench.peerAmongPlayed(1, 0)
  const [played] = lower
  if (played === undefined) throw new Error('one played peer was asked for')
  const address = played.addressFor(peer)
  const call = (method: string, ...args: unknown[]) => peer.command('call', { address, method, args })
  expect(await call('check')).toEqual({ result: [10, bench.type] })
  expect(await call('display_peers')).toEqual({ result: null })
  expect(await call('register', 'chat')).toMatchObject({ error: { name: 'AttributeError' } })
  played.on('check', async ([word], request) => ({ result: [word, request.from] }))
  expect(await call('check', 'x')).toEqual({ result: ['x', peer.seat] })
  played.on('check', () => ({ raw: '{"result":', close: true }))
  await expect(call('check')).rejects.toThrow(CommandError)
  for (const answer of ['close', 'reset'] as const) {
    played.on('check', () => answer)
    await expect(call('check')).rejects.toThrow(CommandError)
  }
  played.die()
  await expect(call('check')).rejects.toThrow('ECONNREFUSED')
  played.listening = true
  expect(await call('display_peers')).toEqual({ result: null })
  expect((await played.receive('display_peers'))?.n).toBeLessThan(
    (await played.receive('display_peers'))?.n ?? 0,
  )
  expect(await played.receive('display_peers', 20)).toBeUndefined()
})

test('several requests on one connection are answered in their order, and what is no request by an error', async () => {
  const bench = await open()
  const { peer, lower } = await bench.peerAmongPlayed(1, 0)
  const [played] = lower
  if (played === undefined) throw new Error('one played peer was asked for')
  // A request that goes to the peer itself, to see the other side of a connection that the harness opened.
  const connection = await played.connect(peer)
  await connection.sendBytes('{"method":"check","args":[]}\n{"method":"dance","args":[]}\n')
  expect((await connection.receive())?.message).toEqual({ result: [11, bench.type] })
  expect((await connection.receive())?.message).toMatchObject({ error: { name: 'AttributeError' } })
  const { request, answer } = await played.call(peer, 'check', [])
  expect(answer?.answers).toBe(request.n)
  expect(await played.callFor(peer, 'check', [], 'peers.check.answer')).toEqual([11, bench.type])
  await expect(played.callFor(peer, 'dance', [], 'peers.check.answer')).rejects.toThrow(Violation)
})

test.each([
  ['answer', 'peers.call.answer', 'the peers.require_all.result (answer to #'],
  ['request', 'peers.call.request', 'the peers.register that peer 1'],
])('a program with a flaw in its %s breaks %s', async (flaw, requirement, expected) => {
  const bench = await open(mini('--flaw', flaw))
  const nameService = await bench.nameService()
  await bench.cluster(1, { at: nameService }).catch(() => undefined)
  const violation = bench.wireViolation()
  expect(violation?.requirement).toBe(requirement)
  expect(violation?.expected).toContain(expected)
  expect(bench.frames[violation?.exhibits[0]?.frame ?? -1]?.sender).toBe('program')
})

test('a peer that calls itself is seen to do so', async () => {
  const bench = await open(mini('--flaw', 'self'))
  const [peer] = await bench.cluster(1)
  expect(calls(bench, 'register_peer')).toMatchObject([{ from: peer?.seat, to: peer?.seat }])
})

test('a peer that is told nothing to advertise is known by the port on which it listens', async () => {
  const bench = await open()
  const nameService = await bench.playNameService()
  const peer = await bench.peer({ config: { advertise: undefined } })
  await peer.command('join', {})
  const own = ['127.0.0.1', peer.listenPort]
  expect(peer.addressFor(peer.seat)).toEqual(own)
  expect(calls(bench, 'register')[0]).toMatchObject({ message: { args: [bench.type, own] } })
  expect(nameService.registered).toMatchObject([{ seat: peer.seat }])
})

test('a refused start can be tried again in the same seat, and so can the seat of a peer that was killed', async () => {
  const bench = await open(mini(), { ownProcesses: true })
  const nameService = await bench.playNameService()
  const first = await bench.peer()
  await expect(bench.peer({ config: { listenPort: first.listenPort } })).rejects.toMatchObject({
    code: 'address-in-use',
  })
  const second = await bench.peer()
  expect([first.seat, second.seat]).toEqual([1, 2])
  await first.kill()
  const played = await bench.playPeer()
  await expect(played.call(first, 'check', [])).rejects.toThrow(Violation)
  const again = await bench.peer({ seat: first.seat })
  await again.command('join', {})
  expect(nameService.registered).toMatchObject([{ seat: first.seat }])
  expect(bench.incident()).toBeUndefined()
})

test('who has no seat is told so', async () => {
  const bench = await open()
  await bench.playNameService({ seats: 2 })
  await bench.playPeer()
  await expect(bench.playPeer()).rejects.toThrow('all 2 seats are taken')
  await expect(bench.playPeer({ seat: 7 })).rejects.toThrow('did not declare the place 7')
  await expect(bench.nameService({ seats: 20 })).rejects.toThrow('before anyone sits down')
})

test.each([
  [['peers.name-service', 'peers.peer'], 'untestable'],
  [['peers.peer'], 'not-applicable'],
])('of a program with one role, asked for %j, the cases of the other are %s', async (roles, status) => {
  const shows = async (bench: PeersBench) => {
    await bench.peerAmongPlayed(1, 1)
    bench.evidence('a peer that has joined')
  }
  const peer: Case<'peers'> = { ...definition, run: shows }
  const nameService: Case<'peers'> = {
    ...definition,
    id: 'peers.register.id/test',
    role: 'peers.name-service',
    requirements: ['peers.register.id'],
  }
  const { results } = await runCases({
    cases: [peer, nameService],
    programKind: 'command',
    standard: { profile: 'baseline', roles },
    seed: 1,
    jobs: 2,
    repeat: 1,
    isolated: false,
    timing: () => testTiming,
    openHost: () => hostOf(mini('--role', 'peers.peer')),
    reproduce: () => '',
  })
  expect(results.map((result) => result.status)).toEqual(['pass', status])
})

test('the second program has every second node of a cluster', async () => {
  const host = hostOf(mini(), { second: mini('--single') })
  const bench = await openOn(host, { cluster: true })
  const peers = await bench.cluster(3)
  expect(peers.map(({ features }) => features.has('multi-node'))).toEqual([true, false, true])
})

test('the type of a case is its own, and comes again with the seed', async () => {
  const host = hostOf(mini())
  const type = async (id: string, seed: number) => (await openOn(host, { id }, seed)).type
  const first = await type('peers.join.order/a', 1)
  expect(await type('peers.join.order/a', 1)).toBe(first)
  expect(await type('peers.join.order/b', 1)).not.toBe(first)
  expect(await type('peers.join.order/a', 2)).not.toBe(first)
})

test('at its end a bench lets its nodes go at once, whomever the case let die', async () => {
  const host = hostOf(mini())
  const bench = await openOn(host)
  const { nameService, lower } = await bench.peerAmongPlayed(3, 3)
  nameService.on('unregister', () => 'silent')
  for (const played of lower) played.die()
  const beganMs = performance.now()
  await bench.close()
  // A peer that waited for the silent name service would be given 1,200 ms.
  expect(performance.now() - beganMs).toBeLessThan(600)
})

test('a handler that fails ends the case', async () => {
  const bench = await open()
  const nameService = await bench.playNameService()
  nameService.on('register', () => {
    throw new Error('a slip of the case')
  })
  const peer = await bench.peer()
  peer.command('join', {}).catch(() => undefined)
  await expect(bench.seen(() => false)).rejects.toThrow('a slip of the case')
})
