// Which ports a case uses. Everything lies below the ephemeral ranges of Linux (from 32768) and macOS (from 49152), so
// that no outgoing connection can sit on a port that a node is about to be told.
//
//      1100 ..  4867   guards of listening ports
//      4870 ..  4961   guards of views
//      5000 .. 28551   views, 92 blocks of 256 ports
//     29000 .. 32767   listening ports
//
// Views and listening ports come from separate ranges: a node that sends to a peer it was never told about, at
// viewPort + 77, must not hit the listening port of a node in another case, nor the view of one. Therefore a view of the ring
// owns a whole block, although it opens a few of its ports only.
//
// Several harnesses may run on one machine. What belongs to whom, the kernel knows: every block and every listening port has
// a guard, one UDP port that its owner keeps bound for as long as it owns the rest. Whoever cannot bind the guard takes
// another block. A harness that is killed leaves nothing behind, because the kernel closes its guards.
import { createSocket, type Socket } from 'node:dgram'
import { createServer } from 'node:net'
import pLimit from 'p-limit'

export const LOOPBACK = '127.0.0.1'

const VIEW_PORT_MIN = 5000
const VIEW_BLOCKS = 92
/** As many ports as the ring has ids. */
const BLOCK_SIZE = 256
const VIEW_GUARD_MIN = 4870
const LISTEN_PORT_MIN = 29_000
const LISTEN_PORT_MAX = 32_767
const LISTEN_GUARD_MIN = 1100
const ATTEMPTS_MAX = 200

/** The guards that this process holds, by port. Bound: one per block and one per listening port. */
const guards = new Map<number, Socket>()

// Not from the seed: two harnesses that run the same case with the same seed must not want the same ports.
const between = (minimum: number, maximum: number): number =>
  minimum + Math.floor(Math.random() * (maximum - minimum + 1))

/** True when the error says that somebody else has the port. */
export const isAddressInUse = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')

const bound = (port: number): Promise<Socket | undefined> =>
  new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', (error) => {
      socket.close()
      if (isAddressInUse(error)) resolve(undefined)
      else reject(error)
    })
    socket.bind({ port, address: LOOPBACK, exclusive: true }, () => resolve(socket))
  })

/** True when what this guard stands for belongs to the caller from now on. */
async function takeGuard(port: number): Promise<boolean> {
  if (guards.has(port)) return false
  const socket = await bound(port)
  // Nobody has to wait for a guard, and what is sent to it is meant for somebody else.
  socket?.unref().on('error', () => {})
  if (socket !== undefined) guards.set(port, socket)
  return socket !== undefined
}

function giveUpGuard(port: number): void {
  guards.get(port)?.close()
  guards.delete(port)
}

const viewGuard = (viewPort: number): number => VIEW_GUARD_MIN + (viewPort - VIEW_PORT_MIN) / BLOCK_SIZE

/** Blocks that several small views of this process share: the size of a part, and the parts that are taken. */
const sharedBlocks = new Map<number, { readonly size: number; readonly taken: Set<number> }>()

const partLimit = pLimit(1)

/** A port to begin a view at when all blocks are taken: odd, so that its release is told from that of a block or a part. */
const portOfNobody = (): number =>
  VIEW_PORT_MIN + between(0, VIEW_BLOCKS - 2) * BLOCK_SIZE + between(1, BLOCK_SIZE / 2) * 2 - 1

async function takeBlock(): Promise<number | undefined> {
  const first = between(0, VIEW_BLOCKS - 1)
  for (let i = 0; i < VIEW_BLOCKS; i++) {
    const port = VIEW_PORT_MIN + ((first + i) % VIEW_BLOCKS) * BLOCK_SIZE
    if (await takeGuard(viewGuard(port))) return port
  }
  return undefined
}

function takePart(size: number): number | undefined {
  for (const [block, { size: partSize, taken }] of sharedBlocks) {
    const parts = BLOCK_SIZE / partSize
    if (partSize !== size || taken.size === parts) continue
    let part = between(0, parts - 1)
    while (taken.has(part)) part = (part + 1) % parts
    taken.add(part)
    return block + part * size
  }
  return undefined
}

/**
 * A range of so many ports for one view, which no other view on this machine has; give it back with `releaseViewPort`. A
 * view of 256 ports is a block; smaller ones share blocks. With all blocks taken it is a range that somebody else has too:
 * then cases are safe from each other only as far as nodes send to peers that they were told about.
 */
export async function reserveViewPort(ports = BLOCK_SIZE): Promise<number> {
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, ports)))
  if (size >= BLOCK_SIZE) return (await takeBlock()) ?? portOfNobody()
  // One after the other: the views of a cluster are wanted at once, and should share the block that the first one takes.
  return partLimit(async () => {
    const part = takePart(size)
    if (part !== undefined) return part
    const block = await takeBlock()
    if (block === undefined) return portOfNobody()
    sharedBlocks.set(block, { size, taken: new Set([0]) })
    return block
  })
}

export function releaseViewPort(port: number): void {
  const block = port - ((port - VIEW_PORT_MIN) % BLOCK_SIZE)
  const shared = sharedBlocks.get(block)
  if (shared === undefined) {
    giveUpGuard(viewGuard(port))
    return
  }
  const part = (port - block) / shared.size
  if (!shared.taken.delete(part) || shared.taken.size > 0) return
  sharedBlocks.delete(block)
  giveUpGuard(viewGuard(block))
}

const listenGuard = (port: number): number => LISTEN_GUARD_MIN + port - LISTEN_PORT_MIN

const udpIsFree = async (port: number): Promise<boolean> => {
  const socket = await bound(port)
  if (socket === undefined) return false
  return new Promise((resolve) => socket.close(() => resolve(true)))
}

const tcpIsFree = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) => (isAddressInUse(error) ? resolve(false) : reject(error)))
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => server.close(() => resolve(true)))
  })

/**
 * A port that is free for UDP and TCP at this moment, for a node to listen on. No other case, of this harness or of another
 * one, gets it before `releaseListenPort`; any other program may, and then `start` answers `address-in-use` and is tried
 * again.
 */
export async function reserveListenPort(): Promise<number> {
  for (let i = 0; i < ATTEMPTS_MAX; i++) {
    const port = between(LISTEN_PORT_MIN, LISTEN_PORT_MAX)
    if (!(await takeGuard(listenGuard(port)))) continue
    if ((await udpIsFree(port)) && (await tcpIsFree(port))) return port
    giveUpGuard(listenGuard(port))
  }
  throw new Error(`no free port between ${LISTEN_PORT_MIN} and ${LISTEN_PORT_MAX} on ${LOOPBACK}`)
}

export function releaseListenPort(port: number): void {
  giveUpGuard(listenGuard(port))
}
