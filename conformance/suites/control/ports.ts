// Ports that are taken, and whether one is free: what `start` says, and what is left when a node has ended.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { LOOPBACK, reserveListenPort } from '../../wire/ports.ts'

export type Protocol = 'tcp' | 'udp'

/**
 * Occupies one port on loopback for TCP or for UDP. The other protocol of the port is free, and stays so: the port lies
 * below those that the system hands out to whoever opens a connection. It is still reserved after `release`.
 */
export async function occupy(protocol: Protocol): Promise<{ port: number; release: () => Promise<void> }> {
  const port = await reserveListenPort()
  if (protocol === 'tcp') {
    const server = createServer().listen(port, LOOPBACK)
    await once(server, 'listening')
    const release = async () => {
      server.close()
      await once(server, 'close')
    }
    return { port, release }
  }
  const socket = createSocket('udp4').bind(port, LOOPBACK)
  await once(socket, 'listening')
  const release = async () => {
    socket.close()
    await once(socket, 'close')
  }
  return { port, release }
}

/** Whether this process can take the port for both protocols, which it can only if nobody else has it. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const socket = createSocket('udp4')
  try {
    const tcp = once(server, 'listening')
    const udp = once(socket, 'listening')
    server.listen(port, LOOPBACK)
    socket.bind(port, LOOPBACK)
    await Promise.all([tcp, udp])
    return true
  } catch {
    return false
  } finally {
    server.close()
    socket.close()
  }
}
