// Ids and hashes: what `register` gives. peers.md section 4.
import type { Address } from '../../../spec/peers/messages.ts'
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import { stage } from './define.ts'
import { nameServiceCase } from './name-service-case.ts'
import { callText, requireRefused } from './procedures/call-results.ts'
import {
  farAddress,
  nameServiceAndCaller,
  type Registration,
  register,
  registerAll,
  requireGone,
  requireRegistered,
  requireUnchanged,
  unregister,
} from './procedures/registrations.ts'

/** Each id is above the one before, and none comes twice. */
function requireRising(bench: PeersBench, registrations: readonly Registration[], when: string): void {
  for (const [i, { id, frame }] of registrations.entries()) {
    const before = registrations[i - 1]
    bench.require(before === undefined || id > before.id, {
      requirement: 'peers.register.id',
      expected: `an id above ${before?.id} ${when}`,
      actual: `${id}`,
      exhibits: [{ frame: frame.n, at: '/result/0' }],
    })
  }
}

/** The hash as a number, in the base that its characters allow. */
const asNumber = (hash: string): bigint =>
  [...hash.toLowerCase()].reduce((sum, character) => {
    const digit = '0123456789abcdefghijklmnopqrstuvwxyz'.indexOf(character)
    return digit < 0 ? sum : sum * 36n + BigInt(digit)
  }, 0n)

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a)

/** Places at which two hashes of one length differ. */
const differences = (a: string, b: string): number =>
  [...a].filter((character, i) => character !== b[i]).length

/** Whoever has one hash has to try at least about so many before hitting the next one. */
const GUESSES_MIN = 2n ** 32n

/** What lets somebody who knows some of these hashes, given one after the other, guess others; undefined if nothing does. */
function weakness(hashes: readonly string[]): string | undefined {
  if (new Set(hashes).size < hashes.length) return 'the same hash twice'
  const pairs = hashes.slice(1).map((hash, i) => [hashes[i] ?? '', hash] as const)
  const steps = pairs
    .map(([before, after]) => distance(asNumber(before), asNumber(after)))
    .toSorted((a, b) => (a < b ? -1 : 1))
  const [a, b] = pairs[0] ?? ['', '']
  // Of steps that somebody drew at random, from 2^40 on, half are far above this.
  if ((steps[Math.floor(steps.length / 2)] ?? 0n) < GUESSES_MIN)
    return `hashes that follow each other at short distance: ${a}, then ${b}`
  const similar = pairs.find(
    ([before, after]) =>
      before.length >= 16 && before.length === after.length && differences(before, after) < before.length / 4,
  )
  return similar && `hashes that differ in a few places: ${similar[0]}, then ${similar[1]}`
}

export const nameServiceRegisterCases: readonly Case<'peers'>[] = [
  nameServiceCase({
    id: 'peers.register.id/rises',
    also: ['peers.require.all', 'peers.unregister.removes'],
    title: 'ids rise with registration, also after peers have left, and never come back',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'higher and higher ids, while the latest, the first and all peers leave in between',
    hint: 'Count registrations, not peers: the next id is one more than the highest that was ever given.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const addresses = Array.from({ length: 12 }, (_, i) => farAddress(i))
      // Nobody else has this type when its last peer leaves: no check goes to an address of nobody.
      const all = [...(await registerAll(bench, node, caller, addresses))]
      requireRising(bench, all, 'for each later registration')
      const spare = `${bench.type}-spare`
      for (let round = 0; round < 3; round += 1) {
        const alone = await register(bench, node, caller, farAddress(100 + round), spare)
        all.push(alone)
        await unregister(bench, node, caller, alone)
      }
      requireRising(bench, all, 'after the only peer of a type has left')
      const again = await register(bench, node, caller, farAddress(100), spare)
      requireRising(bench, [...all, again], 'for an address that was registered before')
      const ids = new Set([...all, again].map(({ id }) => id))
      bench.require(ids.size === all.length + 1, {
        requirement: 'peers.register.id',
        expected: 'no id twice, of whatever type',
        actual: [...all, again].map(({ id }) => id).join(', '),
      })
      bench.evidence(`${ids.size} rising ids`, again.frame)
    },
  }),
  nameServiceCase({
    id: 'peers.register.id/across-types',
    title: 'no id is given twice, whatever the types',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'twelve ids of four types, all different, rising in each type',
    hint: 'One counter for the name service, not one for each type.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const registered: Registration[] = []
      for (let i = 0; i < 12; i += 1)
        registered.push(await register(bench, node, caller, farAddress(1), `${bench.type}-${i % 4}-${i > 3}`))
      const ids = registered.map(({ id }) => id)
      const twice = registered.find(({ id }, i) => ids.indexOf(id) !== i)
      bench.require(twice === undefined, {
        requirement: 'peers.register.id',
        expected: 'twelve different ids',
        actual: ids.join(', '),
        ...(twice && { exhibits: [{ frame: twice.frame.n, at: '/result/0' }] }),
      })
      bench.evidence(`the ids ${ids.join(', ')}`, registered.at(-1)?.frame)
    },
  }),
  nameServiceCase({
    id: 'peers.register.hash/not-to-be-guessed',
    title: 'a hundred hashes tell nothing about each other',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'a hundred different hashes, far apart',
    hint: 'Take a random number of 64 bits or more from the generator for secrets of your language; a counter, the time or a UUID made of them can be guessed.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const addresses = Array.from({ length: 100 }, (_, i) => farAddress(i))
      const registered = await registerAll(bench, node, caller, addresses)
      const found = weakness(registered.map(({ hash }) => hash))
      bench.require(found === undefined, {
        requirement: 'peers.register.hash',
        expected: 'hashes of which none can be told from the others',
        actual: found ?? '',
      })
      // Whoever knows everything about a peer but its hash can't take it out.
      const [one, other] = registered
      if (one === undefined || other === undefined) throw new Error('a hundred were registered')
      const guesses = [other.hash, String(one.id), one.type, one.address.join(':'), one.hash.slice(0, -1)]
      for (const guess of guesses) {
        const args = [one.id, one.type, guess]
        const { answer } = await caller.call(node, 'unregister', args)
        requireRefused(bench, answer, 'ValueError', {
          requirement: 'peers.register.hash',
          to: callText('unregister', args),
        })
      }
      const frame = await requireRegistered(bench, node, caller, registered, {
        requirement: 'peers.register.hash',
        when: 'after attempts to guess a hash',
      })
      bench.evidence('a hundred hashes, and nobody was taken out by a guess', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.register.hash/differs-from-run-to-run',
    title: 'the same registrations at another name service get other hashes',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'the hashes of three registrations, made twice, all different',
    hint: 'A digest of id, type and address is no secret, and a generator with a fixed seed gives the same again.',
    async run(bench: PeersBench) {
      const addresses: readonly Address[] = [farAddress(1), farAddress(2), farAddress(3)]
      const node = await bench.nameService()
      const caller = await bench.playPeer()
      const before = await registerAll(bench, node, caller, addresses)
      await node.stop()
      const second = await bench.nameService()
      const after = await registerAll(bench, second, caller, addresses)
      const known = new Set(before.map(({ hash }) => hash))
      for (const { hash, frame } of after)
        bench.require(!known.has(hash), {
          requirement: 'peers.register.hash',
          expected: 'a hash that the name service before it did not give for the same registrations',
          actual: hash,
          exhibits: [{ frame: frame.n, at: '/result/1' }],
        })
      bench.evidence('other hashes for the same registrations', after[0]?.frame)
    },
  }),
  nameServiceCase({
    id: 'peers.register.again/takes-the-place',
    also: [
      'peers.register.id',
      'peers.unregister.refused',
      'peers.unregister.removes',
      'peers.require.nobody',
    ],
    title: 'a peer that comes back at the same address takes the place of its older registration',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'a new and higher id, the old one gone everywhere, its hash worthless; the new one can leave',
    hint: 'A peer that crashed did not unregister. Look for its type and address before you add it.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const requirement = 'peers.register.again'
      // It answers `check` when the other one leaves at the end.
      const other = await register(bench, node, caller, caller.addressFor(node))
      caller.id = other.id
      const old = await register(bench, node, caller, farAddress(2))
      const next = await register(bench, node, caller, farAddress(2), bench.type, requirement)
      bench.require(next.id > old.id && next.hash !== old.hash, {
        requirement: 'peers.register.id',
        expected: `an id above ${old.id} and another hash`,
        actual: `id ${next.id}, hash ${next.hash === old.hash ? 'as before' : 'changed'}`,
        exhibits: [{ frame: next.frame.n, at: '/result' }],
      })
      const frame = await requireUnchanged(
        bench,
        node,
        caller,
        [other, next],
        requirement,
        'a second registration with the same address',
      )
      await requireGone(bench, node, caller, old, requirement)
      const stale = [old.id, old.type, old.hash]
      const { answer } = await caller.call(node, 'unregister', stale)
      requireRefused(bench, answer, 'ValueError', { requirement, to: callText('unregister', stale) })
      await requireUnchanged(bench, node, caller, [other, next], requirement, 'a refused unregister')
      await unregister(bench, node, caller, next)
      await requireUnchanged(bench, node, caller, [other], requirement, 'the unregister of the newer one')
      bench.evidence(`id ${next.id} in place of ${old.id}`, frame)
    },
  }),
  nameServiceCase({
    id: 'peers.register.again/other-type-or-port',
    also: ['peers.require.types'],
    title: 'the same host with another port, and the same address with another type, take nobody’s place',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'all five registrations beside each other',
    hint: 'Compare type, host and port, all three.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const host = 'one-host.example'
      const here = await registerAll(bench, node, caller, [
        [host, 4001],
        [host, 4002],
        [host.toUpperCase(), 4001],
        [`${host}.`, 4001],
      ])
      const there = await register(bench, node, caller, [host, 4001], `${bench.type}-other`)
      const requirement = 'peers.register.again'
      const frame = await requireRegistered(bench, node, caller, here, {
        requirement,
        when: 'for one host with two ports, and three ways to write a host',
      })
      await requireRegistered(bench, node, caller, [there], {
        requirement,
        when: 'for the other type',
        type: there.type,
      })
      bench.evidence('five beside each other', frame)
    },
  }),
]
