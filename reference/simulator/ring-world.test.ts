// The ring machine in hostile networks that heal. Every test names the seed of the run that failed.
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../core/random.ts'
import { inOpen } from '../ring/circle.ts'
import { RingWorld, simulatedTimes } from './ring-world.ts'

const { pingIntervalMs } = simulatedTimes
/** Time in which a whole network must bring the ring to rest: two deaths in a row and some refreshes. */
const HEAL_MS = 60 * pingIntervalMs

function randomBytes(random: () => number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, () => Math.floor(random() * 256))
}

function distinctIds(random: () => number, count: number): number[] {
  const ids = new Set<number>()
  while (ids.size < count) ids.add(Math.floor(random() * 256))
  return [...ids]
}

describe.each([1, 2, 3, 4, 7, 30, 256])('a ring of %i', (count) => {
  test('is at rest, stores and finds from every peer', () => {
    const seed = 100 + count
    const ring = new RingWorld({ seed })
    const ids = distinctIds(seededRandom(seed), count)
    ring.form(ids)
    expect(ring.violations(), `seed ${seed}`).toEqual([])

    const random = seededRandom(seed + 1)
    for (const [i, id] of ids.slice(0, 8).entries()) {
      const name = `${Math.floor(random() * 10_000)}`.padStart(4, '0')
      const bytes = randomBytes(random, [0, 1, 511, 512, 513, 1024, 5000, 0][i] ?? 0)
      const stored = ring.store(id, name, bytes)
      ring.world.runFor(2000)
      expect(stored.reply, `seed ${seed}, store ${name} from ${id}`).toMatchObject({ ok: true })
      for (const transport of ['tcp', 'udp'] as const) {
        const from = ids[Math.floor(random() * ids.length)] ?? 0
        const requested = ring.send(from, { command: 'request', name, transport })
        ring.world.runFor(2000)
        expect(requested.reply, `seed ${seed}, ${transport} ${name} from ${from}`).toMatchObject({
          ok: true,
          result: { size: bytes.length },
        })
        if (requested.reply === undefined) continue
        expect(ring.received(from, requested.reply), `seed ${seed}, ${name}`).toEqual(bytes)
      }
    }
    expect(ring.violations(), `seed ${seed}`).toEqual([])
  })
})

/** One of the moves that members make, drawn from the seed. Between two crashes or leaves the ring may heal: it knows two successors. */
function disturb(ring: RingWorld, random: () => number): string {
  const running = ring.world.running
  const pick = (): number => running[Math.floor(random() * running.length)] ?? 0
  const draw = random()
  if (draw < 0.4 || running.length < 4) {
    const id = Math.floor(random() * 256)
    const via = pick()
    if (running.includes(id)) return `nothing: ${id} is there`
    ring.join(id, via)
    return `join ${id} by way of ${via}`
  }
  const id = pick()
  if (draw < 0.7) {
    ring.send(id, { command: 'stop' })
    return `leave ${id}`
  }
  ring.world.crash(id)
  return `crash ${id}`
}

describe('membership changes', () => {
  test.each(Array.from({ length: 60 }, (_, i) => i + 1))(
    'heal: joins, leaves and crashes, seed %i',
    (seed) => {
      const random = seededRandom(seed)
      const ring = new RingWorld({ seed, faults: { drop: 0.05, duplicate: 0.05, jitterMs: 5 } })
      ring.form(distinctIds(random, 3 + Math.floor(random() * 8)))
      const moves: string[] = []
      for (let move = 0; move < 8; move += 1) {
        moves.push(disturb(ring, random))
        ring.world.runFor(12 * pingIntervalMs)
      }
      ring.world.faults = { ...ring.world.faults, drop: 0, duplicate: 0 }
      ring.world.runFor(HEAL_MS)
      expect(ring.violations(), `seed ${seed}: ${moves.join(', ')}`).toEqual([])
    },
  )

  test.each(Array.from({ length: 30 }, (_, i) => i + 1))(
    'heal: several newcomers at once, seed %i',
    (seed) => {
      const random = seededRandom(seed)
      const ring = new RingWorld({ seed, faults: { jitterMs: 3 } })
      const [first, second, third, ...newcomers] = distinctIds(random, 9)
      const members = [first, second, third].map((id) => id ?? 0)
      ring.form(members)
      const answers = newcomers.map((id) => ring.join(id, members[Math.floor(random() * 3)] ?? 0))
      ring.world.runFor(HEAL_MS)
      expect(
        answers.map((answer) => answer.reply?.ok),
        `seed ${seed}`,
      ).toEqual(newcomers.map(() => true))
      expect(ring.violations(), `seed ${seed}`).toEqual([])
    },
  )

  test('a peer that was declared dead by mistake comes back in', () => {
    const ring = new RingWorld({ seed: 5 })
    const ids = [10, 60, 110, 160, 210]
    ring.form(ids)
    // The predecessors of 110 hear nothing from it and cut it out; 110 itself hears everyone and knows nothing of it.
    // Its pings to 160 go on, so 160 tells 60 again and again who stands between them.
    ring.world.partitions.block(110, 10)
    ring.world.partitions.block(110, 60)
    ring.world.runFor(20 * pingIntervalMs)
    const deaths = ring.world.events.filter(({ event }) => event.event === 'peer-dead')
    expect(deaths.map(({ node, event }) => ({ node, event }))).toContainEqual({
      node: 60,
      event: { event: 'peer-dead', peer: 110 },
    })
    ring.world.partitions.heal()
    ring.world.runFor(HEAL_MS)
    expect(ring.violations()).toEqual([])
  })
})

describe('every command ends', () => {
  test.each(Array.from({ length: 40 }, (_, i) => i + 1))('under loss, cuts and crashes, seed %i', (seed) => {
    const random = seededRandom(seed)
    const ring = new RingWorld({
      seed,
      faults: { drop: 0.2, duplicate: 0.1, jitterMs: 10, cut: 0.1 },
      config: { retransmissionsMax: 5, dropProbability: 0.1 },
    })
    const ids = distinctIds(random, 6)
    ring.form(ids)
    const stored = new Map<string, Uint8Array>()
    const asked: { name: string; from: number; answer: ReturnType<RingWorld['send']> }[] = []
    for (let round = 0; round < 12; round += 1) {
      const running = ring.world.running
      const from = running[Math.floor(random() * running.length)] ?? 0
      const name = `${Math.floor(random() * 10_000)}`.padStart(4, '0')
      const bytes = randomBytes(random, Math.floor(random() * 3000))
      const answer = ring.store(from, name, bytes)
      ring.world.runFor(Math.floor(random() * 1500))
      if (answer.reply?.ok) stored.set(name, bytes)
      if (round === 6) ring.world.crash(running.find((id) => id !== from) ?? from)
      const reader = ring.world.running[0] ?? from
      const transport = random() < 0.5 ? 'tcp' : 'udp'
      asked.push({ name, from: reader, answer: ring.send(reader, { command: 'request', name, transport }) })
    }
    ring.world.runFor(60_000)
    for (const { name, from, answer } of asked) {
      if (!ring.world.running.includes(from)) continue
      expect(answer.reply, `seed ${seed}: request of ${name} by ${from} has no end`).toBeDefined()
      const bytes = stored.get(name)
      if (answer.reply?.ok && bytes !== undefined) {
        expect(ring.received(from, answer.reply), `seed ${seed}: ${name}`).toEqual(bytes)
      }
    }
  })
})

describe('the invariants can fail', () => {
  test('a peer that takes every key is noticed', () => {
    const ring = new RingWorld({ seed: 1, rules: { isDead: () => false } })
    ring.form([10, 60, 110, 160])
    ring.world.crash(60)
    ring.world.runFor(HEAL_MS)
    expect(ring.violations().join('\n')).toContain('peer 10 has successors 60,110, not 110,160')
  })

  test('an acceptor that does not look where the newcomer belongs is noticed', () => {
    const ring = new RingWorld({ seed: 2, rules: { isPlace: () => true }, config: { refreshIntervalMs: 0 } })
    ring.form([10, 60, 110, 160])
    ring.join(130, 10)
    ring.world.runFor(HEAL_MS)
    expect(ring.violations()).not.toEqual([])
  })

  test('the same seed gives the same run', () => {
    const run = (seed: number): unknown => {
      const random = seededRandom(seed)
      const ring = new RingWorld({ seed, faults: { drop: 0.1, jitterMs: 4 } })
      ring.form(distinctIds(random, 6))
      for (let move = 0; move < 4; move += 1) {
        disturb(ring, random)
        ring.world.runFor(700)
      }
      return { events: ring.world.events, totals: ring.world.totals }
    }
    expect(run(9)).toEqual(run(9))
    expect(run(9)).not.toEqual(run(10))
  })
})

test('inOpen of the machine agrees with walking the circle', () => {
  for (let x = 0; x < 256; x += 17) {
    for (let y = 0; y < 256; y += 13) {
      for (let a = 0; a < 256; a += 1) {
        let isMet = false
        for (let at = (x + 1) % 256; at !== y; at = (at + 1) % 256) if (at === a) isMet = true
        if (x === y && a === x) isMet = false
        expect(inOpen(a, x, y), `${a} in (${x}, ${y})`).toBe(isMet)
      }
    }
  }
})
