// The network of a case over real sockets, with nodes that are nothing but sockets: what they see, and what is captured.
import { createHash, randomBytes } from 'node:crypto'
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { accepted, addBareNode, allOf, type BareNode, cleanUps } from './bare-node.ts'
import { Capture, type Frame } from './capture.ts'
import { commonWire } from './common-wire.ts'
import { ringFarewell } from './farewell.ts'
import { Network } from './network.ts'
import { LOOPBACK } from './ports.ts'
import { ProbePeer } from './probe-peer.ts'

const DEADLINE_MS = 10_000
const IDS = [4, 9, 15]

function newNetwork(seed = 1): { network: Network; capture: Capture } {
  const capture = new Capture()
  const network = new Network({
    capture,
    wire: commonWire,
    farewell: ringFarewell,
    viewSize: 256,
    seed,
    deadlineMs: DEADLINE_MS,
  })
  cleanUps.push(() => network.close())
  return { network, capture }
}

async function addProbe(network: Network, id: number): Promise<ProbePeer> {
  const probe = new ProbePeer(id, network.surroundings)
  await network.play(probe)
  return probe
}

const addNode = (network: Network, id: number): Promise<BareNode> => addBareNode(network, id, IDS)

/** Two nodes and a connection from 4 to 9 by way of the relay. */
async function pair(faults: Parameters<ReturnType<Network['link']>['set']>[0] = {}) {
  const { network, capture } = newNetwork()
  const [four, nine] = [await addNode(network, 4), await addNode(network, 9)]
  network.link(4, 9).set(faults)
  await network.settling
  const accepting = accepted(nine)
  const opener = await four.dial(9)
  return { network, capture, four, nine, opener, acceptor: await accepting }
}

/**
 * Everything that comes until the connection is over. After a reset that comes on the heels of the last bytes, libuv
 * reports an end instead.
 */
async function untilOver(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await Promise.race([once(socket, 'end'), once(socket, 'error')]).catch(() => {})
  return Buffer.concat(chunks)
}

/** Everything that comes until the connection is reset. */
async function untilReset(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [error] = (await once(socket, 'error').catch((thrown: unknown) => [thrown])) as [
    NodeJS.ErrnoException,
  ]
  expect(error.code).toBe('ECONNRESET')
  return Buffer.concat(chunks)
}

async function refused(port: number): Promise<boolean> {
  const socket = connect({ port, host: LOOPBACK })
  const isRefused = await once(socket, 'connect').then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
  )
  socket.destroy()
  return isRefused
}

const line = (message: object): string => `${JSON.stringify(message)}\n`
const ping = { type: 'ring.ping', from: 4, seq: 0, slot: 1 }
const depart = { type: 'ring.depart', from: 4, successors: [9, 15] }
const departAck = { type: 'ring.depart-ack', from: 9 }
const put = (body: Uint8Array) => ({
  type: 'ring.put',
  from: 4,
  name: '2067',
  request: 1,
  digest: createHash('sha256').update(body).digest('hex'),
  bodyLength: body.length,
})
const typeAndFate = ({ message, fate }: Frame) => [message?.type, fate]

test('a datagram reaches the other node from the place where that node knows the sender', async () => {
  const { network, capture } = newNetwork()
  const [four, nine] = [await addNode(network, 4), await addNode(network, 9)]
  expect(four.viewPort).not.toBe(nine.viewPort)
  const arriving = once(nine.udp, 'message') as Promise<[Buffer, RemoteInfo]>
  four.send(9, ping)
  const [bytes, { port }] = await arriving
  expect(JSON.parse(bytes.toString())).toEqual(ping)
  expect(port).toBe(nine.viewPort + 4)
  expect(capture.frames).toMatchObject([
    { n: 0, transport: 'udp', from: 4, to: 9, message: ping, sender: 'program', fate: 'passed' },
  ])
})

test('a datagram to oneself is seen, and goes its way', async () => {
  const { network, capture } = newNetwork()
  const four = await addNode(network, 4)
  const arriving = once(four.udp, 'message')
  four.send(4, ping)
  await arriving
  expect(capture.frames).toMatchObject([{ from: 4, to: 4 }])
})

test('the faults of a link touch its own direction only', async () => {
  const { network, capture } = newNetwork()
  const [four, nine] = [await addNode(network, 4), await addNode(network, 9)]
  network.link(4, 9).set({ drop: 1 })
  const arriving = once(four.udp, 'message')
  four.send(9, ping)
  await capture.wait(({ from }) => from === 4, DEADLINE_MS)
  nine.send(4, { ...ping, from: 9 })
  await arriving
  expect(capture.frames.map(typeAndFate)).toEqual([
    ['ring.ping', 'dropped'],
    ['ring.ping', 'passed'],
  ])
})

test('messages on a connection pass both ways, on one number, and each end of it is passed on alone', async () => {
  const { capture, opener, acceptor } = await pair()
  const heard = allOf(acceptor)
  opener.end(line(depart))
  expect((await heard).toString()).toBe(line(depart))
  const answered = allOf(opener)
  acceptor.end(line(departAck))
  expect((await answered).toString()).toBe(line(departAck))
  expect(capture.frames).toMatchObject([
    { transport: 'tcp', from: 4, to: 9, message: depart, connection: 1, fate: 'passed' },
    { transport: 'tcp', from: 9, to: 4, message: departAck, connection: 1, fate: 'passed' },
  ])
})

test('a body of 8 MiB passes unharmed to a reader that is slow to begin', async () => {
  const { capture, opener, acceptor } = await pair()
  const body = randomBytes(8 * 1_048_576)
  opener.write(line(put(body)))
  const isWritten = new Promise((resolve) => opener.end(body, () => resolve(true)))
  await once(acceptor, 'readable')
  const received = await allOf(acceptor)
  await isWritten
  expect(received.subarray(-body.length).equals(body)).toBe(true)
  expect(capture.frames).toMatchObject([
    { message: { type: 'ring.put' }, body: { length: body.length, digest: put(body).digest } },
  ])
})

test('a reset is passed on as a reset', async () => {
  const { opener, acceptor } = await pair()
  opener.write(line(depart))
  await once(acceptor, 'data')
  opener.resetAndDestroy()
  await untilReset(acceptor)
})

test('TCP in pieces of 3 bytes is the same stream', async () => {
  const { opener, acceptor } = await pair({ tcpChunkBytes: 3 })
  const sizes: number[] = []
  acceptor.on('data', (chunk: Buffer) => sizes.push(chunk.length))
  const body = randomBytes(200)
  opener.write(line(put(body)))
  opener.end(body)
  const received = await allOf(acceptor)
  expect(received.equals(Buffer.concat([Buffer.from(line(put(body))), body]))).toBe(true)
  expect(sizes.length).toBeGreaterThan(10)
})

test('a connection is reset after so many bytes, and the capture says what was lost', async () => {
  const { capture, opener, acceptor } = await pair({ tcpResetAfterBytes: line(depart).length + 10 })
  const openerReset = untilReset(opener)
  const heard = untilOver(acceptor)
  opener.write(line(depart) + line(depart))
  await openerReset
  expect((await heard).toString()).toBe(line(depart) + line(depart).slice(0, 10))
  expect(capture.frames.map(typeAndFate)).toEqual([
    ['ring.depart', 'passed'],
    ['ring.depart', 'reset'],
  ])
})

test('a connection ends after so many bytes, the rest is swallowed, and the way back stays open', async () => {
  const { capture, opener, acceptor } = await pair({ tcpTruncateAfterBytes: 10 })
  opener.write(line(depart))
  expect((await allOf(acceptor)).toString()).toBe(line(depart).slice(0, 10))
  acceptor.write(line(departAck))
  await once(opener, 'data')
  expect(capture.frames.map(typeAndFate)).toEqual([
    ['ring.depart', 'truncated'],
    ['ring.depart-ack', 'passed'],
  ])
})

test('a black hole swallows one direction; after it is healed new connections pass', async () => {
  const { network, capture, four, nine, opener, acceptor } = await pair({ tcpBlackhole: true })
  let heard = 0
  acceptor.on('data', () => heard++)
  opener.write(line(depart))
  await capture.wait(({ fate }) => fate === 'dropped', DEADLINE_MS)
  acceptor.write(line(departAck))
  await once(opener, 'data')
  network.link(4, 9).set({})
  const accepting = accepted(nine)
  const fresh = await four.dial(9)
  fresh.write(line(depart))
  await once(await accepting, 'data')
  expect(heard).toBe(0)
})

test('a link that refuses connections refuses them, datagrams still pass, and healing opens it', async () => {
  const { network } = newNetwork()
  const [four, nine] = [await addNode(network, 4), await addNode(network, 9)]
  network.link(4, 9).set({ tcpRefuse: true })
  expect(await refused(four.viewPort + 9)).toBe(true)
  expect(await refused(nine.viewPort + 4)).toBe(false)
  const arriving = once(nine.udp, 'message')
  four.send(9, ping)
  await arriving
  network.link(4, 9).set({})
  await network.settling
  expect(await refused(four.viewPort + 9)).toBe(false)
})

test('a delayed datagram is held for its time', async () => {
  const { network, capture } = newNetwork()
  const [four, nine] = [await addNode(network, 4), await addNode(network, 9)]
  network.link(4, 9).set({ delayMs: 60 })
  const arriving = once(nine.udp, 'message')
  const sentAt = performance.now()
  four.send(9, ping)
  await arriving
  // Timers may fire a millisecond early.
  expect(performance.now() - sentAt).toBeGreaterThan(58)
  expect(capture.frames.map(typeAndFate)).toEqual([['ring.ping', 'delayed']])
})

test('connections to a peer that is not there are refused, before it comes and after it went', async () => {
  const { network } = newNetwork()
  const four = await addNode(network, 4)
  expect(await refused(four.viewPort + 9)).toBe(true)
  const nine = await addNode(network, 9)
  expect(await refused(four.viewPort + 9)).toBe(false)
  await network.nodeDown(9, nine.listenPort)
  expect(await refused(four.viewPort + 9)).toBe(true)
  expect(await refused(four.viewPort + 15)).toBe(true)
})

test('a probe answers pings from its place until told otherwise', async () => {
  const { network, capture } = newNetwork()
  const nine = await addProbe(network, 9)
  const four = await addNode(network, 4)
  const arriving = once(four.udp, 'message') as Promise<[Buffer, RemoteInfo]>
  four.send(9, ping)
  const [bytes, { port }] = await arriving
  expect(JSON.parse(bytes.toString())).toEqual({ type: 'ring.pong', from: 9, seq: 0 })
  expect(port).toBe(four.viewPort + 9)
  nine.answersPings = false
  four.send(9, { ...ping, seq: 1 })
  four.send(9, { ...ping, seq: 2 })
  await nine.receive(({ message }) => message?.seq === 2)
  expect(capture.frames.map(({ sender }) => sender)).toEqual(['program', 'probe', 'program', 'program'])
})

test('a probe gives each frame to one receiver only', async () => {
  const { network } = newNetwork()
  const nine = await addProbe(network, 9)
  const four = await addNode(network, 4)
  const isPing = ({ message }: Frame) => message?.type === 'ring.ping'
  const waiting = [nine.receive(isPing), nine.receive(isPing)]
  four.send(9, ping)
  four.send(9, { ...ping, seq: 1 })
  const seqs = (await Promise.all(waiting)).map((frame) => frame?.message?.seq)
  expect(seqs).toEqual([0, 1])
  expect(await nine.receive(isPing, 1)).toBeUndefined()
})

test('a probe pings with the next number, or the one that it is told', async () => {
  const { network, capture } = newNetwork()
  const nine = await addProbe(network, 9)
  const four = await addNode(network, 4)
  await nine.ping(four, 1)
  await nine.ping(four, 2)
  await nine.ping(four, 1, 77)
  await nine.ping(four, 1)
  expect(capture.frames.map(({ message }) => [message?.slot, message?.seq])).toEqual([
    [1, 0],
    [2, 1],
    [1, 77],
    [1, 78],
  ])
})

test('a probe refuses to send an invalid message by mistake, and sends it on purpose', async () => {
  const { network, capture } = newNetwork()
  const nine = await addProbe(network, 9)
  const four = await addNode(network, 4)
  await expect(nine.sendUdp(four, { type: 'ring.ping', from: 9 })).rejects.toThrow('sendUdp')
  const arriving = once(four.udp, 'message')
  await nine.sendUdpBytes(four, '{"type":"ring.ping"')
  await arriving
  expect(capture.frames).toMatchObject([{ sender: 'probe', fault: { requirement: 'common.encoding.json' } }])
  const accepting = accepted(four)
  const connection = await nine.connect(four)
  await accepting
  await expect(connection.send({ type: 'ring.depart', from: 9 })).rejects.toThrow("'send'")
  await expect(connection.send({ ...put(Buffer.from('abc')), from: 9 }, Buffer.from('ab'))).rejects.toThrow(
    'bodyLength',
  )
})

test('a probe and a node talk on a connection that the node opened', async () => {
  const { network } = newNetwork()
  const nine = await addProbe(network, 9)
  const four = await addNode(network, 4)
  const socket = await four.dial(9)
  const body = Buffer.from('\n{"type"\n')
  socket.write(line(put(body)))
  socket.write(body)
  const frame = await nine.receive(({ message }) => message?.type === 'ring.put')
  if (frame === undefined) throw new Error('no put')
  const connection = nine.connectionOf(frame)
  expect(Buffer.from(connection.body(frame) ?? []).equals(body)).toBe(true)
  await connection.send(departAck)
  expect(String((await once(socket, 'data'))[0])).toBe(line(departAck))
  expect(await connection.closedByNode(1)).toBe(false)
  socket.end()
  expect(await connection.closedByNode()).toBe(true)
  expect(await connection.receive()).toBeUndefined()
})

test('the capture shows a line that was sent in pieces as one line, and half a line as it is', async () => {
  const { network, capture } = newNetwork()
  const nine = await addProbe(network, 9)
  const four = await addNode(network, 4)
  const accepting = accepted(four)
  const connection = await nine.connect(four)
  const heard = allOf(await accepting)
  for (const character of line(depart)) await connection.sendBytes(character)
  await connection.sendBytes('{"type":')
  connection.end()
  expect((await heard).toString()).toBe(`${line(depart)}{"type":`)
  connection.close()
  await capture.wait(({ bytes }) => bytes.length === 8, DEADLINE_MS)
  expect(capture.frames).toMatchObject([
    { message: depart, sender: 'probe', from: 9, to: 4 },
    { sender: 'probe', from: 9, to: 4 },
  ])
})

test('a program that ends its message with a FIN instead of an LF is told so', async () => {
  const { network, capture } = newNetwork()
  await addProbe(network, 9)
  const four = await addNode(network, 4)
  const socket = await four.dial(9)
  socket.end(JSON.stringify(depart))
  const frame = await capture.wait(() => true, DEADLINE_MS)
  expect(frame?.fault).toMatchObject({ requirement: 'common.tcp.lines' })
})

test('a probe that dies refuses connections, resets the open ones and answers nothing', async () => {
  const { network, capture } = newNetwork()
  const nine = await addProbe(network, 9)
  const four = await addNode(network, 4)
  const socket = await four.dial(9)
  socket.write(line(depart))
  await nine.receive(({ message }) => message?.type === 'ring.depart')
  const reset = untilReset(socket)
  nine.die()
  await reset
  expect(await refused(four.viewPort + 9)).toBe(true)
  four.send(9, ping)
  await capture.wait(({ message }) => message?.type === 'ring.ping', DEADLINE_MS)
  expect(capture.frames.every(({ sender }) => sender === 'program')).toBe(true)
  nine.listening = true
  await network.settling
  expect(await refused(four.viewPort + 9)).toBe(false)
})

test('when nodes are seen off, every place acknowledges departures and answers pings, unrecorded', async () => {
  const { network, capture } = newNetwork()
  const nine = await addProbe(network, 9)
  const four = await addNode(network, 4)
  nine.die()
  capture.close()
  const pinged = once(four.udp, 'message')
  await network.seeNodesOff()
  expect(JSON.parse(String((await pinged)[0]))).toMatchObject({ type: 'ring.ping', slot: 1 })
  const socket = await four.dial(9)
  socket.write(line(depart))
  expect(String((await once(socket, 'data'))[0])).toBe(line(departAck))
  expect(capture.frames).toEqual([])
})

test('two views of one case and of two cases have their own ports', async () => {
  const first = newNetwork()
  const second = newNetwork()
  const ports = [
    await first.network.openView(4, IDS),
    await first.network.openView(9, IDS),
    await second.network.openView(4, IDS),
  ]
  expect(new Set(ports).size).toBe(3)
  expect(await first.network.openView(4, IDS)).toBe(ports[0])
})

test('a view finds a place when the few blocks that are left are of no use', async () => {
  vi.resetModules()
  const other: typeof import('./ports.ts') = await import('./ports.ts')
  const views = await Promise.all(Array.from({ length: 100 }, other.reserveViewPort))
  cleanUps.push(() => views.forEach(other.releaseViewPort))
  const isBlock = (port: number) => (port - 5000) % 256 === 0
  for (const port of views.filter(isBlock).slice(0, 3)) {
    const straddler = createSocket('udp4').bind(port + 9, LOOPBACK)
    await once(straddler, 'listening')
    cleanUps.push(() => straddler.close())
    other.releaseViewPort(port)
  }
  const { network } = newNetwork()
  expect(isBlock(await network.openView(4, IDS))).toBe(false)
})

test('nobody gets the ports of a node that would not leave before it is gone', async () => {
  const { network } = newNetwork()
  const { viewPort } = await addNode(network, 4)
  const guard = 4870 + (viewPort - 5000) / 256
  const isFree = async (port: number): Promise<boolean> => {
    const socket = createSocket('udp4')
    socket.bind({ port, address: LOOPBACK, exclusive: true })
    const isBound = await once(socket, 'listening').then(
      () => true,
      () => false,
    )
    socket.close()
    return isBound
  }
  let end = (): void => undefined
  const gone = new Promise<void>((resolve) => {
    end = resolve
  })
  await network.close(new Map([[4, gone]]))
  expect(await isFree(guard)).toBe(false)
  end()
  await vi.waitFor(async () => expect(await isFree(guard)).toBe(true), DEADLINE_MS)
})
