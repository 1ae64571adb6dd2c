// Peers in networks with delays, while others come, go and die. Every test names the seed of the run that failed.
import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../core/random.ts'
import { type Answer, PeersWorld } from './peers-world.ts'

/** Time in which everything that is under way ends, in ms: every wait of a peer, and the longest queue for the lock. */
const REST_MS = 200_000

const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

function pick(random: Random, nodes: readonly number[]): number {
  const node = nodes[Math.floor(random() * nodes.length)]
  if (node === undefined) throw new Error('there is nobody to pick')
  return node
}

interface Wish {
  readonly node: number
  readonly answer: Answer
  hasReleased: boolean
}

/** Whoever has got the lock gives it back. */
function release(peers: PeersWorld, wishes: readonly Wish[]): void {
  for (const wish of wishes) {
    if (wish.hasReleased || !wish.answer.reply?.ok || !peers.world.running.includes(wish.node)) continue
    wish.hasReleased = true
    peers.send(wish.node, { command: 'release' })
  }
}

/** One move of a user or of fate, drawn from the seed. */
function disturb(peers: PeersWorld, random: Random, wishes: Wish[]): string {
  const { members, staying } = peers
  const draw = random()
  if (draw < 0.3 || members.length < 3) return `join ${peers.join()}`
  const node = pick(random, draw < 0.5 ? staying : members)
  if (draw < 0.5) {
    peers.stop(node)
    return `stop ${node}`
  }
  if (draw < 0.6) {
    if (!peers.mayCrash(node)) return `nothing: ${node} has the token`
    peers.crash(node)
    return `crash ${node}`
  }
  wishes.push({ node, answer: peers.send(node, { command: 'acquire' }), hasReleased: false })
  return `acquire ${node}`
}

describe('peers come, go, die and want the lock', () => {
  test.each(seeds(60))('seed %i', (seed) => {
    const random = seededRandom(seed)
    const peers = new PeersWorld({ seed, faults: { connectionJitterMs: 20 } })
    const wishes: Wish[] = []
    const moves: string[] = []
    const first = 5 + Math.floor(random() * 46)
    for (let peer = 0; peer < first; peer += 1) peers.join()
    for (let move = 0; move < 30; move += 1) {
      moves.push(disturb(peers, random, wishes))
      peers.runFor(random() * 60)
      release(peers, wishes)
    }
    for (let rest = 0; rest < REST_MS; rest += 500) {
      peers.runFor(500)
      release(peers, wishes)
    }
    const context = `seed ${seed}, ${first} at first: ${moves.join(', ')}`
    expect(peers.violations(), context).toEqual([])
    // peers.lock.live. Who asks twice at once is told `busy`.
    const refused = wishes
      .filter(({ node }) => peers.members.includes(node))
      .filter(({ answer: { reply } }) => !reply?.ok && reply?.error.code !== 'busy')
    expect(refused, context).toEqual([])
  })
})

describe('every command ends', () => {
  test.each(seeds(20))('when connections are cut, seed %i', (seed) => {
    const random = seededRandom(seed)
    const peers = new PeersWorld({ seed, faults: { connectionJitterMs: 20, cut: 0.05 } })
    const wishes: Wish[] = []
    for (let peer = 0; peer < 12; peer += 1) peers.join()
    for (let move = 0; move < 30; move += 1) {
      disturb(peers, random, wishes)
      peers.runFor(random() * 200)
      release(peers, wishes)
    }
    for (let rest = 0; rest < REST_MS; rest += 500) {
      peers.runFor(500)
      release(peers, wishes)
    }
    for (const node of peers.staying) {
      expect(peers.world.waitingCommands(node), `seed ${seed}: node ${node}`).toBe(0)
    }
  })
})

test('200 peers join at once, 30 % of them are killed, and the others go on', () => {
  const seed = 200
  const random = seededRandom(seed)
  const peers = new PeersWorld({ seed, faults: { connectionJitterMs: 1 } })
  for (let peer = 0; peer < 200; peer += 1) peers.join()
  peers.runFor(60_000)
  expect(peers.members).toHaveLength(200)
  expect(peers.violations()).toEqual([])

  for (let killed = 0; killed < 60; ) {
    const node = pick(random, peers.members)
    if (!peers.mayCrash(node)) continue
    peers.crash(node)
    killed += 1
  }
  const ids = new Map(peers.members.map((node) => [node, peers.state(node).id]))
  const sent: { from: number; to: number; answer: Answer }[] = []
  for (const from of peers.members) {
    for (const { id: to } of peers.state(from).peers) {
      sent.push({ from, to, answer: peers.send(from, { command: 'send', to, text: `from ${from}` }) })
    }
  }
  peers.runFor(20_000)
  const living = new Set(ids.values())
  const wrong = sent.filter(({ to, answer }) => answer.reply?.ok !== living.has(to))
  expect(wrong).toEqual([])
  // Whoever was killed has left every list, as every list has been called through.
  for (const node of peers.members) expect(peers.state(node).peers).toHaveLength(139)
  expect(peers.violations()).toEqual([])
})

test('who only waits is not dead: the lowest peer is silent, and the others wait for each other', () => {
  const seed = 7
  const peers = new PeersWorld({ seed, faults: { connectionJitterMs: 1 } })
  const silent = peers.join()
  peers.runFor(1000)
  // Nothing comes through to it or from it: a call there has an end, but a late one.
  for (let node = 1; node < 20; node += 1) peers.world.partitions.block(silent, node)
  const joining = [peers.join(), peers.join(), peers.join()]
  peers.runFor(REST_MS)
  const tokens = joining.map((node) => peers.state(node).token)
  expect(joining.map((node) => peers.state(node).peers.length)).toEqual([2, 2, 2])
  expect(tokens.filter((token) => token !== 'none')).toHaveLength(1)
})

describe('the invariants can fail', () => {
  const runs: readonly [string, ConstructorParameters<typeof PeersWorld>[0]['rules'] & object, RegExp][] = [
    ['everybody makes a token', { createsToken: () => true }, /have the token/],
    ['whoever leaves keeps the token', { handsOver: () => false }, /have the token/],
    ['whoever leaves tells nobody', { toldOnLeave: () => [] }, /in its list/],
    ['nobody calls the older peers', { toldOnJoin: () => [] }, /does not have node/],
  ]
  test.each(runs)('%s', (_, rules, expected) => {
    const peers = new PeersWorld({ seed: 1, rules })
    for (let peer = 0; peer < 4; peer += 1) peers.join()
    peers.runFor(REST_MS)
    peers.stop(peers.members.find((node) => peers.state(node).token !== 'none') ?? 1)
    peers.runFor(REST_MS)
    expect(peers.violations().join('\n')).toMatch(expected)
  })

  test('the same seed gives the same run', () => {
    const run = (seed: number): unknown => {
      const random = seededRandom(seed)
      const peers = new PeersWorld({ seed, faults: { connectionJitterMs: 20 } })
      for (let move = 0; move < 20; move += 1) {
        disturb(peers, random, [])
        peers.runFor(50)
      }
      return { events: peers.world.events, totals: peers.world.totals }
    }
    expect(run(9)).toEqual(run(9))
    expect(run(9)).not.toEqual(run(10))
  })
})
