import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { LOOPBACK, releaseListenPort, releaseViewPort, reserveListenPort, reserveViewPort } from './ports.ts'

test('the blocks of views that are open at once do not overlap, and lie apart from listening ports', async () => {
  const views = Array.from({ length: 40 }, () => reserveViewPort())
  const sorted = [...views].sort((a, b) => a - b)
  sorted.forEach((port, i) => {
    const next = sorted[i + 1]
    if (next !== undefined) expect(next - port).toBeGreaterThanOrEqual(256)
  })
  const listenPorts = await Promise.all(Array.from({ length: 20 }, () => reserveListenPort()))
  expect(new Set(listenPorts).size).toBe(20)
  for (const port of listenPorts) {
    expect(port).toBeLessThan(32_768)
    for (const view of views) expect(port < view || port >= view + 256).toBe(true)
  }
  views.forEach(releaseViewPort)
  listenPorts.forEach(releaseListenPort)
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
