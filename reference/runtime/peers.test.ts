// Name service and peers over real sockets, in this process.
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { PeerResult } from '../../spec/peers/control.ts'
import { exchange, TestCluster, type TestNode } from './test-cluster.ts'
import { until } from './test-peers.ts'

let cluster = new TestCluster()
afterEach(() => {
  cluster.end()
  cluster = new TestCluster()
})

const ids = (peers: readonly { id: number }[]) => peers.map(({ id }) => id)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
const line = (method: string, ...args: unknown[]) => `${JSON.stringify({ method, args })}\n`

async function joined(count: number, config: Parameters<TestCluster['peer']>[0] = {}): Promise<TestNode[]> {
  const peers: TestNode[] = []
  for (let index = 0; index < count; index += 1) {
    const peer = await cluster.peer(config)
    await peer.result('join')
    peers.push(peer)
  }
  return peers
}

async function idOf(peer: TestNode): Promise<number> {
  return (await peer.state()).id
}

describe('many', () => {
  test.each([
    ['without the lock', { callTimeoutMs: 20_000 }],
    ['with the lock', { callTimeoutMs: 20_000, lock: true }],
  ])('200 peers that join at once know each other, and 30 % of them may die (%s)', async (_, config) => {
    await cluster.nameService()
    const peers = await Promise.all(range(0, 200).map(() => cluster.peer(config)))
    const joins = await Promise.all(peers.map((peer) => peer.result<PeerResult<'join'>>('join')))
    expect(ids(joins).sort((a, b) => a - b)).toEqual(range(0, 200))
    const states = await Promise.all(peers.map((peer) => peer.state()))
    for (const { id, peers: list } of states) expect(ids(list)).toEqual(range(0, 200).filter((o) => o !== id))
    if (config.lock !== undefined) {
      expect(states.filter(({ token }) => token !== 'none').map(({ id }) => id)).toEqual([0])
    }

    // Every third of the first 180: known to all, and told to none that it goes.
    const dead = peers.filter((_peer, index) => index < 180 && index % 3 === 0)
    const alive = peers.filter((peer) => !dead.includes(peer))
    for (const peer of dead) peer.kill()
    const deadIds = joins
      .filter((_join, index) => dead.includes(peers[index] as TestNode))
      .map(({ id }) => id)
    for (const [index, peer] of alive.entries()) {
      const next = alive[(index + 1) % alive.length] as TestNode
      const toDead = await peer.command('send', {
        to: deadIds[index % deadIds.length],
        text: 'are you there?',
      })
      expect(toDead).toMatchObject({ ok: false, error: { code: 'unreachable' } })
      await peer.result('send', { to: await idOf(next), text: `from ${index}` })
    }
    for (const [index, peer] of alive.entries()) {
      const former = (index + alive.length - 1) % alive.length
      expect(peer.events).toContainEqual({
        event: 'message',
        from: await idOf(alive[former] as TestNode),
        text: `from ${former}`,
      })
    }
  })
})
