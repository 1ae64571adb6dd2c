// Which ports a case uses. Everything lies below the ephemeral ranges of Linux (from 32768) and macOS (from 49152), so
// that no outgoing connection can sit on a port that a node is about to be told.
//
// Views and listening ports come from separate ranges: a node that sends to a peer it was never told about, at
// viewPort + 77, must not hit the listening port of a node in another case. For the same reason the blocks of 256 ports
// of all views that are open at once do not overlap, as long as there is room.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { RING_SIZE } from '../../spec/ring/messages.ts'

export const LOOPBACK = '127.0.0.1'

const VIEW_PORT_MIN = 5000
const LISTEN_PORT_MIN = 29_000
const LISTEN_PORT_MAX = 32_767
const VIEW_PORT_MAX = LISTEN_PORT_MIN - RING_SIZE
const ATTEMPTS_MAX = 200

const viewsOpen = new Set<number>()
const listenPortsTaken = new Set<number>()

// Not from the seed: two harnesses that run the same case with the same seed must not want the same ports.
const between = (minimum: number, maximum: number): number =>
  minimum + Math.floor(Math.random() * (maximum - minimum + 1))

const overlapsOpenView = (port: number): boolean => {
  for (const open of viewsOpen) if (Math.abs(open - port) < RING_SIZE) return true
  return false
}

/** True when the error says that somebody else has the port. */
export const isAddressInUse = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')

/** A block of 256 ports for one view, not used by another view of this process; give it back with `releaseViewPort`. */
export function reserveViewPort(): number {
  let port = between(VIEW_PORT_MIN, VIEW_PORT_MAX)
  for (let i = 0; i < ATTEMPTS_MAX && overlapsOpenView(port); i++)
    port = between(VIEW_PORT_MIN, VIEW_PORT_MAX)
  viewsOpen.add(port)
  return port
}

export function releaseViewPort(port: number): void {
  viewsOpen.delete(port)
}

const udpIsFree = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', (error) => {
      socket.close()
      if (isAddressInUse(error)) resolve(false)
      else reject(error)
    })
    socket.bind({ port, address: LOOPBACK, exclusive: true }, () => socket.close(() => resolve(true)))
  })

const tcpIsFree = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) => (isAddressInUse(error) ? resolve(false) : reject(error)))
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => server.close(() => resolve(true)))
  })

/**
 * A port that is free for UDP and TCP at this moment, for a node to listen on. No other case of this process gets it
 * before `releaseListenPort`; a foreign process may, and then `start` answers `address-in-use` and is tried again.
 */
export async function reserveListenPort(): Promise<number> {
  for (let i = 0; i < ATTEMPTS_MAX; i++) {
    const port = between(LISTEN_PORT_MIN, LISTEN_PORT_MAX)
    if (listenPortsTaken.has(port)) continue
    listenPortsTaken.add(port)
    if ((await udpIsFree(port)) && (await tcpIsFree(port))) return port
    listenPortsTaken.delete(port)
  }
  throw new Error(`no free port between ${LISTEN_PORT_MIN} and ${LISTEN_PORT_MAX} on ${LOOPBACK}`)
}

export function releaseListenPort(port: number): void {
  listenPortsTaken.delete(port)
}
