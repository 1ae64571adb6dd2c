// A node that is nothing but sockets, for tests of the network: what it gets is what the harness let through.
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import type { Network } from './network.ts'
import { LOOPBACK, releaseListenPort, reserveListenPort } from './ports.ts'

/** A node that says nothing by itself. */
export interface BareNode {
  readonly id: number
  readonly listenPort: number
  readonly viewPort: number
  readonly udp: DatagramSocket
  readonly server: Server
  /** Opens a connection to a place in this node's view. */
  dial(peer: number): Promise<Socket>
  send(peer: number, message: object): void
}

/** What a test has to undo, the last first. */
export const cleanUps: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

export async function addBareNode(
  network: Network,
  id: number,
  places: readonly number[],
): Promise<BareNode> {
  const listenPort = await reserveListenPort()
  const udp = createSocket('udp4').bind(listenPort, LOOPBACK)
  const server = createServer({ allowHalfOpen: true }).listen(listenPort, LOOPBACK)
  await Promise.all([once(udp, 'listening'), once(server, 'listening')])
  const viewPort = await network.openView(id, places)
  await network.nodeUp(id, listenPort)
  cleanUps.push(() => {
    udp.close()
    server.close()
    releaseListenPort(listenPort)
  })
  return {
    id,
    listenPort,
    viewPort,
    udp,
    server,
    async dial(peer) {
      const socket = connect({ port: viewPort + peer, host: LOOPBACK, allowHalfOpen: true })
      cleanUps.push(() => socket.destroy())
      await once(socket, 'connect')
      socket.on('error', () => {})
      return socket
    },
    send: (peer, message) => udp.send(JSON.stringify(message), viewPort + peer, LOOPBACK),
  }
}

/** The next connection that a node accepts. */
export async function accepted(node: BareNode): Promise<Socket> {
  const [socket] = (await once(node.server, 'connection')) as [Socket]
  // A test that looks at how a connection ends listens for itself; the end of the network resets all others.
  socket.on('error', () => {})
  cleanUps.push(() => socket.destroy())
  return socket
}

/** Everything that comes on a socket until its end; the other direction stays open. */
export async function allOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'end')
  return Buffer.concat(chunks)
}
