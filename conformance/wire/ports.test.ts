import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test, vi } from 'vitest'
import { LOOPBACK, releaseListenPort, releaseViewPort, reserveListenPort, reserveViewPort } from './ports.ts'

const repeat = <T>(count: number, reserve: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, reserve))

/** Blocks have their places; a view that lies elsewhere is one of those for which there was no block left. */
const isOwned = (viewPort: number): boolean => (viewPort - 5000) % 256 === 0

/** Another harness: it has the same code and shares nothing with this one but the machine. */
async function otherHarness(): Promise<typeof import('./ports.ts')> {
  vi.resetModules()
  return import('./ports.ts')
}

test('views that are open at once have blocks of their own, apart from listening ports', async () => {
  const views = await repeat(20, () => reserveViewPort())
  const owned = views.filter(isOwned)
  expect(owned.length).toBeGreaterThan(0)
  expect(new Set(owned).size).toBe(owned.length)
  const listenPorts = await repeat(20, reserveListenPort)
  expect(new Set(listenPorts).size).toBe(20)
  for (const port of listenPorts) {
    expect(port).toBeLessThan(32_768)
    for (const view of views) expect(port < view || port >= view + 256).toBe(true)
  }
  views.forEach(releaseViewPort)
  listenPorts.forEach(releaseListenPort)
})

test('small views share a block, apart from each other and from whole ones, and give it back', async () => {
  const small = await repeat(20, () => reserveViewPort(17))
  const whole = await repeat(5, () => reserveViewPort())
  const ranges = [...small.map((port) => [port, port + 17]), ...whole.map((port) => [port, port + 256])]
  const owned = ranges.filter(([from = 0]) => (from - 5000) % 2 === 0)
  for (const [from = 0, to = 0] of owned)
    expect(owned.filter(([otherFrom = 0, otherTo = 0]) => otherFrom < to && from < otherTo)).toHaveLength(1)
  const blocks = new Set(small.map((port) => Math.floor((port - 5000) / 256)))
  expect(blocks.size).toBeLessThan(small.length)
  for (const port of [...small, ...whole]) releaseViewPort(port)
  // A block whose last part is given back is free for a whole view again.
  const other = await otherHarness()
  const later = await repeat(100, other.reserveViewPort)
  expect(later.some((port) => blocks.has(Math.floor((port - 5000) / 256)))).toBe(true)
  later.forEach(other.releaseViewPort)
})

test('a reserved listening port can be bound for both protocols', async () => {
  const port = await reserveListenPort()
  const server = createServer().listen(port, LOOPBACK)
  const socket = createSocket('udp4').bind(port, LOOPBACK)
  await Promise.all([once(server, 'listening'), once(socket, 'listening')])
  server.close()
  socket.close()
  releaseListenPort(port)
})

// Harnesses that are at work on this machine meanwhile have blocks too, so that nothing is said about how many are left.
test('two harnesses on one machine own different blocks, until one gives its own back', async () => {
  const other = await otherHarness()
  const [ours, theirs] = await Promise.all([repeat(10, reserveViewPort), repeat(10, other.reserveViewPort)])
  const owned = [...ours, ...theirs].filter(isOwned)
  expect(ours.some(isOwned) && theirs.some(isOwned)).toBe(true)
  expect(new Set(owned).size).toBe(owned.length)

  theirs.forEach(other.releaseViewPort)
  const later = await repeat(100, reserveViewPort)
  expect(later.some((port) => theirs.includes(port))).toBe(true)
  for (const port of [...ours, ...later]) releaseViewPort(port)
})

test('with every block taken there is a view all the same, and its release takes no block from its owner', async () => {
  const other = await otherHarness()
  const views = await repeat(100, reserveViewPort)
  const shared = views.filter((port) => !isOwned(port))
  expect(shared.length).toBeGreaterThan(0)
  expect(Math.max(...views) + 255).toBeLessThan(29_000)
  shared.forEach(releaseViewPort)
  const theirs = await repeat(10, other.reserveViewPort)
  expect(theirs.filter((port) => isOwned(port) && views.includes(port))).toEqual([])
  views.forEach(releaseViewPort)
  theirs.forEach(other.releaseViewPort)
})

test('two harnesses reserve different listening ports', async () => {
  const other = await otherHarness()
  const [ours, theirs] = await Promise.all([
    repeat(300, reserveListenPort),
    repeat(300, other.reserveListenPort),
  ])
  expect(new Set([...ours, ...theirs]).size).toBe(600)
  ours.forEach(releaseListenPort)
  theirs.forEach(other.releaseListenPort)
})
