// Datagrams from a port that belongs to no peer: the field `from` says who sent a message, never the source address.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { RingNode } from '../../../verdict/ring-bench.ts'
import type { Message } from '../../../wire/probe.ts'

export interface Stranger {
  /** Sends a datagram to the node from this foreign port. The capture does not see it. */
  send(message: Message): Promise<void>
  /** How many datagrams came back to this port. A correct node sends none. */
  readonly received: number
  close(): void
}

/** Opens a socket on loopback that no peer has. */
export async function strangerOf(node: RingNode): Promise<Stranger> {
  const socket = createSocket('udp4')
  let received = 0
  socket.on('message', () => {
    received += 1
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    send: (message) =>
      new Promise((resolve, reject) =>
        socket.send(JSON.stringify(message), node.listenPort, '127.0.0.1', (error) =>
          error ? reject(error) : resolve(),
        ),
      ),
    get received() {
      return received
    },
    close: () => socket.close(),
  }
}
