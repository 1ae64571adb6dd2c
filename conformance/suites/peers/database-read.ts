// Reading, writing into one copy, and what is no fortune. peers.md section 8.

import type { Case } from '../../verdict/case.ts'
import type { PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import { requireFailure, requireSuccess } from '../outcome.ts'
import { requireError, requireResult } from './procedures/answers.ts'
import { callBy, requireNone } from './procedures/calls.ts'
import { unfairness } from './procedures/chance.ts'
import { databaseCase, databaseScene, requireCopied, requireCopy, write } from './procedures/database.ts'
import { ask, requirePass, requireTokenNow } from './procedures/lock.ts'

const READ = 'peers.database.read'
const INVALID = 'peers.database.invalid'
const BOUNDS = 'peers.database.bounds'
const LOCAL = 'peers.database.write-local'

/** 1,000 characters, each of two UTF-16 units and four bytes. */
const LONGEST = '🍀'.repeat(1000)

export const databaseReadCases: readonly Case<'peers'>[] = [
  databaseCase({
    id: 'peers.database.read/equal-chances',
    title: 'three hundred reads by command and three hundred by method of a copy with three fortunes',
    evidence: 'each fortune as often as by chance, in no pattern, and no call to the other peer',
    hint: 'Draw one of all, each time anew: not the last one written, nor one after the other.',
    async run(bench: PeersBench) {
      const fortunes = ['first', 'second', 'third']
      const { peer, higher } = await databaseScene(bench, 1, fortunes)
      const [other] = higher as [PlayedPeer]
      const start = bench.frames.length
      const commands = await Promise.all(Array.from({ length: 300 }, () => peer.command('read', {})))
      const byCommand = commands.map(({ fortune }) => fortunes.indexOf(fortune ?? ''))
      const byMethod: number[] = []
      for (let i = 0; i < 30; i += 1) {
        const answers = await Promise.all(
          Array.from({ length: 10 }, () => other.callFor(peer, 'read', [], READ)),
        )
        for (const fortune of answers)
          byMethod.push(typeof fortune === 'string' ? fortunes.indexOf(fortune) : -1)
      }
      for (const [how, draws] of [
        ['command', byCommand],
        ['method', byMethod],
      ] as const) {
        bench.require(
          draws.every((draw) => draw >= 0),
          {
            requirement: READ,
            expected: 'one of the three fortunes from each read',
            actual: 'something else',
          },
        )
        const unfair = unfairness(draws, 3)
        bench.require(unfair === undefined, {
          requirement: READ,
          expected: `equal chances for reads by ${how}`,
          actual: unfair ?? '',
        })
      }
      requireNone(bench, (frame) => frame.n >= start && callBy(peer)(frame), {
        requirement: READ,
        expected: 'no call for a read',
      })
      bench.evidence('six hundred reads, all of the own copy')
    },
  }),
  databaseCase({
    id: 'peers.database.read/empty',
    title: 'an empty copy gives null, by command and by method; after a write_local it gives that fortune',
    also: [LOCAL],
    evidence: 'null twice, then the fortune twice',
    hint: 'Nothing to choose from is no error: null.',
    async run(bench: PeersBench) {
      const { peer, higher } = await databaseScene(bench, 1, [])
      const [other] = higher as [PlayedPeer]
      for (const expected of [null, 'now there is one']) {
        const { fortune } = await peer.command('read', {})
        bench.require(fortune === expected, {
          requirement: READ,
          expected: JSON.stringify(expected),
          actual: JSON.stringify(fortune),
        })
        const { answer } = await other.call(peer, 'read', [])
        bench.evidence(
          `read gives ${JSON.stringify(expected)}`,
          requireResult(bench, answer, expected, { requirement: READ, to: 'read' }),
        )
        if (expected === null) await other.callFor(peer, 'write_local', ['now there is one'], LOCAL)
      }
    },
  }),
  databaseCase({
    id: 'peers.database.read/while-locked',
    title: 'reads and read_all are answered while the lock is held and while it is elsewhere',
    also: ['peers.call.dispatch'],
    evidence: 'answers to read and read_all in both states',
    hint: 'Reading needs no lock.',
    async run(bench: PeersBench) {
      const scene = await databaseScene(bench, 1, ['one'])
      const { peer, higher } = scene
      const [other] = higher as [PlayedPeer]
      for (const token of ['held', 'none'] as const) {
        if (token === 'held') await peer.command('acquire', {})
        else {
          await peer.command('release', {})
          await ask(scene, other, 1)
          await requirePass(scene, other, 'peers.lock.idle', 'when it asks')
        }
        await requireTokenNow(bench, peer, token, 'peers.control.state', 'now')
        const { answer } = await other.call(peer, 'read', [])
        requireResult(bench, answer, 'one', { requirement: READ, to: `read with the token ${token}` })
        const all = await other.call(peer, 'read_all', [])
        const frame = requireResult(bench, all.answer, ['one'], { requirement: READ, to: 'read_all' })
        bench.evidence(`read with the token ${token}`, frame)
      }
    },
  }),
  databaseCase({
    id: 'peers.database.write-local/appends',
    title: 'write_local appends to the own copy, equal fortunes too, and calls nobody',
    also: ['peers.control.state', 'peers.message.text'],
    evidence: 'the copy in the order of the calls, no call and no change of the token',
    hint: 'Whoever calls write_local tells all others itself. If you did too there would be no end to it.',
    async run(bench: PeersBench) {
      const { peer, higher } = await databaseScene(bench, 2, ['old'])
      const [other] = higher as [PlayedPeer, PlayedPeer]
      const start = bench.frames.length
      const added = ['b', 'a', 'b', ' two\nlines\r\n\u0000 "quoted" 🍀 ', LONGEST]
      for (const fortune of added) {
        const { answer } = await other.call(peer, 'write_local', [fortune])
        bench.evidence(
          'appended',
          requireResult(bench, answer, null, { requirement: LOCAL, to: 'write_local' }),
        )
      }
      await requireCopy(bench, peer, ['old', ...added], LOCAL, 'after five calls of write_local')
      await requireTokenNow(bench, peer, 'present', LOCAL, 'because write_local needs none')
      requireNone(bench, (frame) => frame.n >= start && callBy(peer)(frame), {
        requirement: LOCAL,
        expected: 'no call because of write_local',
      })
      const all = await other.callFor(peer, 'read_all', [], LOCAL)
      bench.require(JSON.stringify(all) === JSON.stringify(['old', ...added]), {
        requirement: LOCAL,
        expected: 'the same from read_all',
        actual: JSON.stringify(all).slice(0, 200),
      })
    },
  }),
  databaseCase({
    id: 'peers.database.invalid/not-a-fortune',
    title:
      'write and write_local of a fortune that is empty or too long fail, and change no copy; the longest one is written',
    also: ['peers.call.arguments', 'peers.database.write'],
    evidence:
      'a TypeError for each, bad-argument for the commands, then a fortune of 1,000 characters in all copies',
    hint: 'Count characters, not bytes or UTF-16 units: 1,000 clover leaves are 4,000 bytes.',
    async run(bench: PeersBench) {
      const { peer, higher } = await databaseScene(bench, 1, ['old'])
      const [other] = higher as [PlayedPeer]
      const wrong: readonly unknown[] = [
        '',
        'x'.repeat(1001),
        `${LONGEST}🍀`,
        7,
        null,
        ['old'],
        { fortune: 'old' },
      ]
      for (const fortune of wrong)
        for (const method of ['write', 'write_local']) {
          const { answer } = await other.call(peer, method, [fortune])
          const isText = typeof fortune === 'string'
          const frame = requireError(bench, answer, {
            requirement: isText ? INVALID : 'peers.call.arguments',
            name: 'TypeError',
            to: `${method} of ${isText ? `${[...fortune].length} characters` : JSON.stringify(fortune)}`,
          })
          bench.evidence(`${method} refused`, frame)
        }
      for (const fortune of ['', 'x'.repeat(1001)]) {
        const reply = await peer.rawCommand('write', { fortune })
        const error = reply.error as { readonly code?: unknown } | undefined
        bench.require(error?.code === 'bad-argument', {
          requirement: INVALID,
          expected: 'the error bad-argument',
          actual: JSON.stringify(reply),
        })
      }
      await requireCopy(bench, peer, ['old'], INVALID, 'after writes that failed')
      await requireSuccess(
        bench,
        write(peer, LONGEST),
        'peers.database.write',
        'write of 1,000 characters to succeed',
      )
      await requireCopy(bench, peer, ['old', LONGEST], INVALID, 'after a fortune of 1,000 characters')
      requireCopied(bench, [other], [LONGEST], INVALID)
      const { answer } = await other.call(peer, 'write_local', [LONGEST])
      requireResult(bench, answer, null, { requirement: INVALID, to: 'write_local of 1,000 characters' })
    },
  }),
  databaseCase({
    id: 'peers.database.bounds/full',
    title:
      'a copy of 999 fortunes takes one more; then write and write_local fail with a BusyError, and nothing changes',
    also: ['peers.database.write', 'peers.lock.release'],
    evidence: 'the thousandth in all copies, BusyError and busy for the next ones, the lock free after them',
    hint: 'Look whether there is room before you write anywhere, and release the lock all the same.',
    async run(bench: PeersBench) {
      const old = Array.from({ length: 999 }, (_, i) => `old ${i}`)
      const scene = await databaseScene(bench, 1, old)
      const { peer, higher } = scene
      const [other] = higher as [PlayedPeer]
      await requireSuccess(bench, write(peer, 'last'), BOUNDS, 'the thousandth fortune to be written')
      await requireFailure(bench, write(peer, 'beyond'), ['busy'], BOUNDS, 'for a write into a full copy')
      for (const method of ['write', 'write_local']) {
        const { answer } = await other.call(peer, method, ['beyond'])
        const frame = requireError(bench, answer, {
          requirement: BOUNDS,
          name: 'BusyError',
          to: `${method} when full`,
        })
        bench.evidence(`${method} refused`, frame)
      }
      await requireCopy(bench, peer, [...old, 'last'], BOUNDS, 'when it is full')
      requireCopied(bench, [other], ['last'], BOUNDS)
      await ask(scene, other, 1)
      await requirePass(scene, other, 'peers.lock.release', 'because no write holds the lock any more')
    },
  }),
  databaseCase({
    id: 'peers.database.bounds/two-for-one-place',
    title:
      'two writes come at once and there is room for one: one succeeds, the other one fails, and the lock is free',
    also: ['peers.database.write-queue', 'peers.lock.release'],
    evidence: 'one success, one busy, 1,000 fortunes, the token passed to the one who asks',
    hint: 'The room that was there when the write came may be gone when it has the lock: look again, and release.',
    async run(bench: PeersBench) {
      const old = Array.from({ length: 999 }, (_, i) => `old ${i}`)
      const scene = await databaseScene(bench, 1, old)
      const { peer, higher } = scene
      const [other] = higher as [PlayedPeer]
      const outcomes = await Promise.all([write(peer, 'one').outcome, write(peer, 'two').outcome])
      const codes = outcomes.map((outcome) => (outcome.ok ? 'success' : outcome.code)).toSorted()
      bench.require(codes.join() === 'busy,success', {
        requirement: BOUNDS,
        expected: 'one success and one busy',
        actual: codes.join(', '),
      })
      const { fortunes } = await peer.state()
      bench.require(fortunes?.length === 1000, {
        requirement: BOUNDS,
        expected: '1,000 fortunes',
        actual: `${fortunes?.length}`,
      })
      requireCopied(bench, [other], [fortunes?.at(-1) ?? ''], BOUNDS)
      await ask(scene, other, 1)
      await requirePass(scene, other, 'peers.lock.release', 'because no write holds the lock any more')
    },
  }),
  databaseCase({
    id: 'peers.call.private/database-methods',
    title: 'a peer without fortunes knows no method and no command of the database',
    also: ['control.unsupported', 'peers.control.state', 'peers.call.unknown-method'],
    evidence: 'an AttributeError for four methods, unsupported for two commands, null in state',
    hint: 'Offer the methods of a section only when the configuration says that the peer takes part in it.',
    async run(bench: PeersBench) {
      const { peer, higher } = await bench.peerAmongPlayed(0, 1, { lock: true })
      const [other] = higher as [PlayedPeer]
      for (const [method, args] of [
        ['read', []],
        ['write', ['x']],
        ['write_local', ['x']],
        ['read_all', []],
      ] as const) {
        const { answer } = await other.call(peer, method, args)
        const frame = requireError(bench, answer, {
          requirement: 'peers.call.private',
          name: 'AttributeError',
          about: method,
          to: `${method} at a peer without fortunes`,
        })
        bench.evidence(`${method} is unknown`, frame)
      }
      for (const [command, args] of [
        ['read', {}],
        ['write', { fortune: 'x' }],
      ] as const) {
        const reply = await peer.rawCommand(command, args)
        const error = reply.error as { readonly code?: unknown } | undefined
        bench.require(error?.code === 'unsupported', {
          requirement: 'control.unsupported',
          expected: `the error unsupported for ${command} at a peer without fortunes`,
          actual: JSON.stringify(reply),
        })
      }
      const { fortunes } = await peer.state()
      bench.require(fortunes === null, {
        requirement: 'peers.control.state',
        expected: 'fortunes null',
        actual: JSON.stringify(fortunes),
      })
    },
  }),
]
