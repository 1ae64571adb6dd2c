// Addresses on their way between two nodes of peers: each node hears of the others as it knows them, and everything that is
// no address passes byte by byte, in whatever pieces it comes and whatever the link does to it.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { Address } from '../../spec/peers/messages.ts'
import { accepted, addBareNode, allOf, type BareNode, cleanUps } from './bare-node.ts'
import { Capture } from './capture.ts'
import { peersFarewell } from './farewell.ts'
import { Network } from './network.ts'
import { peersWire } from './peers-wire.ts'
import { LOOPBACK } from './ports.ts'
import type { Faults } from './relay.ts'

const SEATS = [0, 1, 2, 3]
const line = (message: unknown): string => `${JSON.stringify(message)}\n`

interface Scene {
  readonly capture: Capture
  readonly network: Network
  readonly caller: BareNode
  readonly server: BareNode
  /** From node 1 to node 2, as each has it. */
  readonly opener: Socket
  readonly acceptor: Socket
}

async function scene(faults: { readonly forth?: Faults; readonly back?: Faults } = {}): Promise<Scene> {
  const capture = new Capture()
  const network = new Network({
    capture,
    wire: peersWire(() => false),
    farewell: peersFarewell,
    seed: 1,
    deadlineMs: 10_000,
  })
  cleanUps.push(() => network.close())
  const [caller, server] = [await addBareNode(network, 1, SEATS), await addBareNode(network, 2, SEATS)]
  network.link(1, 2).set(faults.forth ?? {})
  network.link(2, 1).set(faults.back ?? {})
  await network.settling
  const accepting = accepted(server)
  const opener = await caller.dial(2)
  return { capture, network, caller, server, opener, acceptor: await accepting }
}

/** A seat as a node knows it. */
const at = (node: BareNode, seat: number): Address => [LOOPBACK, node.viewPort + seat]

type Exchange = readonly [said: unknown, heard: unknown]

/** What each message with an address is to the one who says it, and to the one who hears it. */
const requests = ({ caller, server }: Scene): readonly Exchange[] => [
  [
    { method: 'register', args: ['chat', at(caller, 1)] },
    { method: 'register', args: ['chat', at(server, 1)] },
  ],
  [
    { method: 'register_peer', args: [7, at(caller, 3)] },
    { method: 'register_peer', args: [7, at(server, 3)] },
  ],
]
const answers = ({ caller, server }: Scene): readonly (readonly [request: unknown, ...Exchange])[] => [
  [
    { method: 'require_all', args: ['chat'] },
    {
      result: [
        [0, at(server, 1)],
        [7, at(server, 2)],
        [9, ['example.org', 80]],
      ],
    },
    {
      result: [
        [0, at(caller, 1)],
        [7, at(caller, 2)],
        [9, ['example.org', 80]],
      ],
    },
  ],
  [{ method: 'require_any', args: ['chat'] }, { result: at(server, 3) }, { result: at(caller, 3) }],
  [{ method: 'require_object', args: ['chat', 7] }, { result: at(server, 0) }, { result: at(caller, 0) }],
]

test('a request carries the address as the other side knows it, and the capture shows what was said', async () => {
  const stage = await scene()
  const heard = allOf(stage.acceptor)
  const exchanges = requests(stage)
  stage.opener.end(exchanges.map(([said]) => line(said)).join(''))
  expect((await heard).toString()).toBe(exchanges.map(([, there]) => line(there)).join(''))
  expect(stage.capture.frames.map(({ message }) => message)).toEqual(exchanges.map(([said]) => said))
})

test('an answer is exchanged by the request that it answers, several on one connection', async () => {
  const stage = await scene()
  const all = answers(stage)
  const asked = allOf(stage.acceptor)
  stage.opener.end(all.map(([request]) => line(request)).join(''))
  await asked
  const heard = allOf(stage.opener)
  stage.acceptor.end(all.map(([, said]) => line(said)).join(''))
  expect((await heard).toString()).toBe(all.map(([, , there]) => line(there)).join(''))
  expect(stage.capture.frames.slice(all.length)).toMatchObject(
    all.map(([, said], n) => ({ message: said, answers: n, from: 2, to: 1 })),
  )
})

test('wherever a line is split', async () => {
  const stage = await scene()
  const [[said, there] = []] = requests(stage)
  const bytes = Buffer.from(line(said))
  let heard = ''
  stage.acceptor.on('data', (chunk) => {
    heard += chunk
  })
  for (let cut = 1; cut < bytes.length; cut += 1) {
    stage.opener.write(bytes.subarray(0, cut))
    await new Promise((resolve) => setImmediate(resolve))
    stage.opener.write(bytes.subarray(cut))
  }
  const ended = once(stage.acceptor, 'end')
  stage.opener.end()
  await ended
  expect(heard).toBe(line(there).repeat(bytes.length - 1))
})

test.each<[string, (stage: Scene) => string]>([
  ['a message without an address', () => line({ method: 'print_message', args: [1, 'a'] })],
  ['blanks and an order of keys that nobody else has', () => '{ "args" : [ ] , "method" : "check" }\r\n'],
  ['an address that is nobody’s', () => line({ method: 'register_peer', args: [7, [LOOPBACK, 9]] })],
  ['an address with a name', () => line({ method: 'register', args: ['chat', ['localhost', 80]] })],
  ['an address in another place', ({ caller }) => line({ method: 'write', args: [at(caller, 3)] })],
  [
    'an address of the wrong form',
    ({ caller }) => line({ method: 'register_peer', args: [7, at(caller, 3).join(':')] }),
  ],
  ['no JSON', () => 'register_peer\n'],
  ['an empty line', () => '\n'],
  ['a line that is too long', () => `${'x'.repeat(70_000)}\n${line({ method: 'check', args: [] })}`],
  ['bytes that are no text', () => Buffer.from([0xff, 0x00, 0x0a]).toString('latin1')],
  ['half a line', () => '{"method":"regis'],
  ['nothing', () => ''],
])('%s passes as it is', async (_what, text) => {
  const stage = await scene()
  const heard = allOf(stage.acceptor)
  const bytes = Buffer.from(text(stage), 'latin1')
  stage.opener.end(bytes)
  expect((await heard).equals(bytes)).toBe(true)
})

test('a node that gives another address than it was told is known by that', async () => {
  const stage = await scene()
  const { network, caller, server } = stage
  await network.nodeUp(1, caller.listenPort, [['me.example', caller.listenPort]])
  expect(network.addresses.addressIn(1, 1)).toEqual(['me.example', caller.listenPort])
  const heard = allOf(stage.acceptor)
  stage.opener.end(line({ method: 'register', args: ['chat', ['me.example', caller.listenPort]] }))
  expect(JSON.parse((await heard).toString())).toEqual({
    method: 'register',
    args: ['chat', at(server, 1)],
  })
})

test('a link that delays and cuts into pieces delays and cuts the exchanged line', async () => {
  const stage = await scene({ forth: { delayMs: 20, tcpChunkBytes: 7 } })
  const [[said, there] = []] = requests(stage)
  const chunks: number[] = []
  stage.acceptor.on('data', (chunk: Buffer) => chunks.push(chunk.length))
  const heard = allOf(stage.acceptor)
  stage.opener.end(line(said))
  expect((await heard).toString()).toBe(line(there))
  expect(chunks.length).toBeGreaterThan(1)
  expect(stage.capture.frames).toMatchObject([{ fate: 'delayed' }])
})

test('a link that ends a connection after so many bytes counts those of the exchanged line', async () => {
  const stage = await scene({ forth: { tcpTruncateAfterBytes: 20 } })
  const [[said, there] = []] = requests(stage)
  const heard = allOf(stage.acceptor)
  stage.opener.write(line(said))
  expect((await heard).toString()).toBe(line(there).slice(0, 20))
  expect(stage.capture.frames).toMatchObject([{ fate: 'truncated', message: said }])
})

test('a link into a black hole keeps the answer back', async () => {
  const stage = await scene({ back: { tcpBlackhole: true } })
  const asked = once(stage.acceptor, 'data')
  stage.opener.write(line({ method: 'check', args: [] }))
  await asked
  stage.acceptor.write(line({ result: [1, 'chat'] }))
  const frame = await stage.capture.wait(({ from }) => from === 2, 10_000)
  expect(frame).toMatchObject({ fate: 'dropped', answers: 0 })
})

test('a peer that calls itself is seen', async () => {
  const stage = await scene()
  const { caller, capture } = stage
  const accepting = accepted(caller)
  const opener = await caller.dial(1)
  const acceptor = await accepting
  const heard = allOf(acceptor)
  opener.end(line({ method: 'register_peer', args: [7, at(caller, 1)] }))
  expect(JSON.parse((await heard).toString())).toEqual({ method: 'register_peer', args: [7, at(caller, 1)] })
  expect(capture.frames).toMatchObject([{ from: 1, to: 1 }])
})

test('at the end everyone is let go at once', async () => {
  const { network, caller } = await scene()
  await network.seeNodesOff()
  const goodbye = await caller.dial(3)
  const heard = allOf(goodbye)
  goodbye.end(
    [
      { method: 'require_all', args: ['chat'] },
      { method: 'obtain_token', args: [[]] },
      { method: 'unregister', args: [7, 'chat', 'h'] },
      { method: 'unregister_peer', args: [7] },
    ]
      .map(line)
      .join(''),
  )
  const results = (await heard).toString().trim().split('\n')
  expect(results.map((text) => JSON.parse(text))).toEqual([
    { result: [] },
    { result: null },
    { result: null },
    { result: null },
  ])
})
