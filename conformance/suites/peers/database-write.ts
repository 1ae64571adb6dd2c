// Writing into all copies, under the lock. peers.md section 8.
import type { Case } from '../../verdict/case.ts'
import { argsOf, type PeersBench, type PlayedPeer } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { begun, requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { failure, gate, nothing, requireError, requireResult } from './procedures/answers.ts'
import { callBy, requireCall, requireNone } from './procedures/calls.ts'
import {
  copiedTo,
  databaseCase,
  databaseScene,
  requireCopied,
  requireCopy,
  write,
} from './procedures/database.ts'
import {
  acquire,
  ask,
  giveToken,
  release,
  requireAcquired,
  requireNoPass,
  requirePass,
  requireReleased,
  requireRequest,
  requireTokenNow,
  timesOf,
} from './procedures/lock.ts'
import { outside } from './procedures/scene.ts'
import { requireIds } from './procedures/standstill.ts'

const WRITE = 'peers.database.write'
const DEAD = 'peers.database.write-dead'
const QUEUE = 'peers.database.write-queue'
const TIMEOUT = 'peers.database.write-timeout'

const writing: readonly Case<'peers'>[] = [
  databaseCase({
    id: 'peers.database.write/everywhere-under-the-lock',
    title:
      'a write with the token present reaches all three others, once each, while the lock is held; then the lock is free',
    also: ['peers.lock.present', 'peers.lock.release', 'peers.control.state'],
    evidence:
      'the token held at each write_local, the fortune in the own copy, the token passed on only after the last answer',
    hint: 'Acquire, append, tell all, wait for all answers, release, answer.',
    async run(bench: PeersBench) {
      const scene = await databaseScene(bench, 3, ['old'])
      const { peer, higher } = scene
      const [asking, , slow] = higher as [PlayedPeer, PlayedPeer, PlayedPeer]
      const storing = gate()
      slow.on('write_local', storing.handler)
      const writing = write(peer, 'new')
      const last = await requireCall(bench, slow, 'write_local', {
        requirement: WRITE,
        expected: 'write_local',
      })
      await requireTokenNow(bench, peer, 'held', WRITE, 'while a write is under way')
      await ask(scene, asking, 1)
      await bench.quiet(callBy(peer, 'obtain_token'), bench.timing.quietMs / 3)
      requireWaiting(bench, writing, WRITE, 'the write to wait for the answer of everyone')
      requireNoPass(scene, higher, WRITE, 'before everyone has the fortune')
      storing.open()
      await requireSuccess(bench, writing, WRITE, 'write to succeed')
      bench.evidence('held while it writes', last)
      requireCopied(bench, higher, ['new'], WRITE)
      await requireCopy(bench, peer, ['old', 'new'], WRITE, 'after the write')
      await requirePass(scene, asking, 'peers.lock.release', 'when the write is over')
    },
  }),
  databaseCase({
    id: 'peers.database.write/asks-for-the-token',
    title: 'a write while the token is elsewhere asks for it, and writes nothing before it has come',
    also: ['peers.lock.request', 'peers.lock.release'],
    evidence: 'request_token at both others, no write_local and no change before obtain_token, both after it',
    hint: 'Without the lock two writes may meet, and the copies differ for ever.',
    async run(bench: PeersBench) {
      const scene = await databaseScene(bench, 2, ['old'])
      const { peer, higher } = scene
      const [holder, other] = higher as [PlayedPeer, PlayedPeer]
      await ask(scene, holder, 1)
      await requirePass(scene, holder, 'peers.lock.idle', 'when it asks')
      const writing = write(peer, 'new')
      for (const played of higher)
        bench.evidence(`asks ${played.id}`, await requireRequest(scene, played, undefined, WRITE))
      await bench.quiet(callBy(peer, 'write_local'), bench.timing.quietMs / 3)
      requireNone(bench, callBy(peer, 'write_local'), {
        requirement: WRITE,
        expected: 'no write_local without the lock',
      })
      await requireCopy(bench, peer, ['old'], WRITE, 'while the write waits for the lock')
      await giveToken(scene, holder, timesOf(scene, { [holder.id]: 1 }))
      await requireSuccess(bench, writing, WRITE, 'write to succeed')
      requireCopied(bench, [holder, other], ['new'], WRITE)
      await requireCopy(bench, peer, ['old', 'new'], WRITE, 'after the write')
      await requireTokenNow(bench, peer, 'present', 'peers.lock.release', 'when the write is over')
    },
  }),
  databaseCase({
    id: 'peers.database.write/by-method',
    title:
      'a write that another peer calls is answered with null when all others have it, the caller included',
    also: ['peers.call.dispatch'],
    evidence: 'no answer while one write_local has none, then null; write_local at the caller too',
    hint: 'The caller is a peer of the list like any other: its copy gets the fortune from you, not from its own call.',
    async run(bench: PeersBench) {
      const { peer, higher } = await databaseScene(bench, 2, [])
      const [caller, slow] = higher as [PlayedPeer, PlayedPeer]
      const storing = gate()
      slow.on('write_local', storing.handler)
      const calling = caller.call(peer, 'write', ['by method'])
      await requireCall(bench, slow, 'write_local', {
        requirement: WRITE,
        expected: 'write_local',
        args: ['by method'],
      })
      const request = bench.frames.find(
        (frame) => frame.from === caller.seat && frame.message?.method === 'write',
      )
      const early = await bench.quiet(
        (frame) => frame.connection === request?.connection && frame.from === peer.seat,
        bench.timing.quietMs / 3,
      )
      bench.require(early === undefined, {
        requirement: WRITE,
        expected: 'no answer to write before everyone has the fortune',
        actual: JSON.stringify(early?.message),
        exhibits: early === undefined ? [] : [{ frame: early.n }],
      })
      storing.open()
      const answer = requireResult(bench, (await calling).answer, null, { requirement: WRITE, to: 'write' })
      requireCopied(bench, higher, ['by method'], WRITE)
      await requireCopy(bench, peer, ['by method'], WRITE, 'after the write')
      bench.evidence('answered when all had it', answer)
    },
  }),
  databaseCase({
    id: 'peers.database.write/equal-ones',
    title: 'the same fortune is written three times, by command and by method: every copy has it three times',
    evidence: 'three write_local at each, three in the own copy',
    hint: 'A copy is a list, not a set.',
    async run(bench: PeersBench) {
      const { peer, higher } = await databaseScene(bench, 2, ['same'])
      const [caller] = higher as [PlayedPeer, PlayedPeer]
      await requireSuccess(bench, write(peer, 'same'), WRITE, 'write to succeed')
      await caller.callFor(peer, 'write', ['same'], WRITE)
      await requireSuccess(bench, write(peer, 'same'), WRITE, 'write to succeed')
      await requireCopy(bench, peer, ['same', 'same', 'same', 'same'], WRITE, 'after three writes')
      bench.evidence('kept three times', requireCopied(bench, higher, ['same', 'same', 'same'], WRITE))
    },
  }),
  databaseCase({
    id: 'peers.database.write/alone',
    title: 'a peer that is alone writes into its own copy, by command and by a call of a stranger',
    also: ['peers.lock.present'],
    evidence: 'both in the copy, in their order',
    hint: 'Nobody to tell is no reason to fail.',
    async run(bench: PeersBench) {
      const { peer } = await databaseScene(bench, 0, [])
      const stranger = await bench.playPeer()
      await requireSuccess(bench, write(peer, 'one'), WRITE, 'write to succeed')
      await stranger.callFor(peer, 'write', ['two'], WRITE)
      await requireCopy(bench, peer, ['one', 'two'], WRITE, 'after two writes')
      await requireTokenNow(bench, peer, 'present', 'peers.lock.release', 'after two writes')
      bench.evidence('written alone')
    },
  }),
  databaseCase({
    id: 'peers.database.write/not-joined',
    title: 'write before join fails with not-joined and changes nothing',
    evidence: 'the error, then success after join',
    hint: 'Without the lock there is no write, and without an id no lock.',
    async run(bench: PeersBench) {
      const { peer } = await outside(bench, { fortunes: ['old'] })
      await requireFailure(bench, write(peer, 'early'), ['not-joined'], WRITE, 'before join')
      await requireCopy(bench, peer, ['old'], WRITE, 'after a write that failed')
      await peer.command('join', {})
      await requireSuccess(bench, write(peer, 'late'), WRITE, 'write to succeed')
      await requireCopy(bench, peer, ['old', 'late'], WRITE, 'after a write')
      bench.evidence('not-joined before, written after join')
    },
  }),
  databaseCase({
    id: 'peers.database.write-dead/skipped',
    title:
      'of six others one is dead, one resets, one closes, one is silent, one has no database: the last one gets it',
    also: [WRITE, 'peers.list.dead'],
    evidence:
      'the write answered, write_local at the last one, the dead gone from the list, the one without a database still in it',
    hint: 'Catch the failure of each write_local by itself, and always release the lock.',
    async run(bench: PeersBench) {
      const scene = await databaseScene(bench, 6, [], {
        config: { callTimeoutMs: bench.timing.callTimeoutMs },
      })
      const { peer, higher } = scene
      const [dead, resetting, closing, silent, without, last] = higher as [
        PlayedPeer,
        PlayedPeer,
        PlayedPeer,
        PlayedPeer,
        PlayedPeer,
        PlayedPeer,
      ]
      dead.die()
      resetting.on('write_local', () => 'reset')
      closing.on('write_local', () => 'close')
      silent.on('write_local', () => 'silent')
      without.on('write_local', () => failure('AttributeError', 'write_local'))
      await requireSuccess(bench, write(peer, 'survives'), DEAD, 'write to succeed among the dead')
      bench.evidence('reaches the last one', requireCopied(bench, [last], ['survives'], DEAD))
      await requireCopy(bench, peer, ['survives'], DEAD, 'after the write')
      const { peers } = await peer.state()
      bench.require(peers.map(({ id }) => id).join() === `${without.id},${last.id}`, {
        requirement: 'peers.list.dead',
        expected: `${without.id} and ${last.id} in the list`,
        actual: peers.map(({ id }) => id).join(', '),
      })
      await ask(scene, last, 1)
      await requirePass(scene, last, WRITE, 'because the lock is released, whatever became of the calls')
    },
  }),
  databaseCase({
    id: 'peers.database.write-dead/leaves-meanwhile',
    title:
      'a peer leaves while a write is under way, and another one leaves before: the rest gets the fortune',
    also: ['peers.list.unregister', 'peers.lock.release'],
    evidence: 'the write answered, write_local at the two that stay, none at the one that left before',
    hint: 'Somebody may leave the list while you go through it.',
    async run(bench: PeersBench) {
      const scene = await databaseScene(bench, 4, [])
      const { peer, higher } = scene
      const [before, slow, meanwhile, last] = higher as [PlayedPeer, PlayedPeer, PlayedPeer, PlayedPeer]
      await before.callFor(peer, 'unregister_peer', [before.id], 'peers.list.unregister')
      slow.on('write_local', async () => {
        await meanwhile.callFor(peer, 'unregister_peer', [meanwhile.id], 'peers.list.unregister')
        return nothing
      })
      await requireSuccess(bench, write(peer, 'new'), DEAD, 'write to succeed')
      await requireIds(bench, peer, 'left', [before.id, meanwhile.id], 'peers.list.unregister')
      bench.evidence('reaches those that stay', requireCopied(bench, [slow, last], ['new'], DEAD))
      requireCopied(bench, [before], [], DEAD)
    },
  }),
]

const waiting: readonly Case<'peers'>[] = [
  databaseCase({
    id: 'peers.database.write-queue/one-after-the-other',
    title:
      'twenty writes come at once, by command and by method: one is under way at a time, and all are written in one order',
    also: [WRITE, 'peers.database.agree'],
    evidence: 'twenty fortunes at both others in the order of the own copy',
    hint: 'One write at a time: the next one begins when the one before has released the lock.',
    async run(bench: PeersBench) {
      const { peer, higher } = await databaseScene(bench, 2, [])
      const [caller, other] = higher as [PlayedPeer, PlayedPeer]
      const under = { way: 0, most: 0 }
      for (const played of higher)
        played.on('write_local', async () => {
          under.way += 1
          under.most = Math.max(under.most, under.way)
          await bench.quiet(() => false, 1)
          under.way -= 1
          return nothing
        })
      const commands = Array.from({ length: 10 }, (_, i) => write(peer, `command ${i}`).outcome)
      const calls = Array.from({ length: 10 }, (_, i) =>
        caller.callFor(peer, 'write', [`method ${i}`], QUEUE),
      )
      const outcomes = await Promise.all(commands)
      await Promise.all(calls)
      bench.require(
        outcomes.every(({ ok }) => ok),
        {
          requirement: QUEUE,
          expected: 'ten writes by command to succeed',
          actual: JSON.stringify(outcomes),
        },
      )
      const copy = (await peer.state()).fortunes ?? []
      bench.require(new Set(copy).size === 20 && copy.length === 20, {
        requirement: WRITE,
        expected: 'twenty fortunes in the own copy',
        actual: JSON.stringify(copy),
      })
      // One write is under way at two peers.
      bench.require(under.most <= 2, {
        requirement: QUEUE,
        expected: 'one write at a time',
        actual: `${under.most} calls of write_local at once`,
      })
      bench.evidence(
        'one order everywhere',
        requireCopied(bench, [caller, other], copy, 'peers.database.agree'),
      )
    },
  }),
  databaseCase({
    id: 'peers.database.write-queue/waits-for-release',
    title:
      'a hundred writes come while the lock is held by a command: they wait for the release, then all are written',
    also: ['peers.lock.busy', WRITE],
    evidence: 'no write before release, a hundred after it, in one order at both',
    hint: 'Acquire of a write and acquire of a user are two things: the second one waits for the first one.',
    async run(bench: PeersBench) {
      const { peer, higher } = await databaseScene(bench, 1, [])
      const [other] = higher as [PlayedPeer]
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      const calls = Array.from({ length: 50 }, (_, i) => other.callFor(peer, 'write', [`method ${i}`], QUEUE))
      const commands = Array.from({ length: 50 }, (_, i) => write(peer, `command ${i}`))
      await bench.quiet(callBy(peer, 'write_local'), bench.timing.quietMs / 3)
      await requireCopy(bench, peer, [], QUEUE, 'while the lock is held by a command')
      for (const command of commands) requireWaiting(bench, command, QUEUE, 'the write to wait for release')
      requireNone(bench, callBy(peer, 'write_local'), {
        requirement: QUEUE,
        expected: 'no write while the lock is held',
      })
      await requireReleased(bench, peer)
      await Promise.all(calls)
      for (const command of commands)
        await requireSuccess(bench, command, QUEUE, 'a write that waited to succeed')
      const copy = (await peer.state()).fortunes ?? []
      bench.require(new Set(copy).size === 100 && copy.length === 100, {
        requirement: QUEUE,
        expected: 'a hundred fortunes in the own copy',
        actual: `${copy.length}`,
      })
      bench.evidence('a hundred waited', requireCopied(bench, [other], copy, WRITE))
    },
  }),
  databaseCase({
    id: 'peers.database.write-queue/bounded',
    title:
      'more than a thousand writes come while the lock is held: at least 100 wait, at most 1,000, the others fail with busy',
    also: ['common.robust.bounds', 'peers.database.bounds'],
    evidence:
      'busy for those that are too many, success for those that waited, as many fortunes as successes',
    hint: 'A queue without a bound is a leak. Say busy instead.',
    async run(bench: PeersBench) {
      const { peer } = await databaseScene(bench, 0, [])
      const stranger = await bench.playPeer()
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      const writes = Array.from({ length: 1010 }, (_, i) => write(peer, `${i}`))
      const refusals = () => writes.filter((each) => each.settled() !== undefined).length
      // The first one may count as under way, though it has not got the lock.
      await bench.until(() => refusals() >= 9, bench.timing.deadlineMs / 2)
      const early = refusals()
      bench.require(early >= 9 && early <= 910, {
        requirement: QUEUE,
        expected: 'between 9 and 910 of 1,010 writes refused: 100 to 1,000 wait, and one may be under way',
        actual: `${early}`,
      })
      const { answer } = await stranger.call(peer, 'write', ['one more'])
      requireError(bench, answer, { requirement: QUEUE, name: 'BusyError', to: 'write when too many wait' })
      await requireReleased(bench, peer)
      const outcomes = await Promise.all(writes.map(({ outcome }) => outcome))
      const written = outcomes.filter(({ ok }) => ok).length
      const codes = new Set(outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.code])))
      bench.require(codes.size === 1 && codes.has('busy'), {
        requirement: QUEUE,
        expected: 'the error busy for those that are too many',
        actual: [...codes].join(', '),
      })
      const copy = (await peer.state()).fortunes ?? []
      bench.require(copy.length === written && new Set(copy).size === written && written >= 100, {
        requirement: QUEUE,
        expected: `as many fortunes as writes that succeeded, ${written}`,
        actual: `${copy.length}`,
      })
      bench.evidence(`${written} written, ${outcomes.length - written} refused`)
    },
  }),
  databaseCase({
    id: 'peers.database.write-queue/busy-for-commands',
    title:
      'while a write wants the lock and while it has it, acquire fails with busy and release with not-held',
    also: ['peers.lock.busy', WRITE],
    evidence: 'busy and not-held in both states, then the write done',
    hint: 'The lock of a write belongs to the write: a user neither shares it nor ends it.',
    async run(bench: PeersBench) {
      const scene = await databaseScene(bench, 1, [])
      const { peer, higher } = scene
      const [other] = higher as [PlayedPeer]
      await ask(scene, other, 1)
      await requirePass(scene, other, 'peers.lock.idle', 'when it asks')
      const storing = gate()
      other.on('write_local', storing.handler)
      const writing = write(peer, 'new')
      await requireRequest(scene, other, undefined, WRITE)
      const refusing = async (when: string): Promise<void> => {
        await requireFailure(bench, acquire(peer), ['busy'], QUEUE, when)
        await requireFailure(bench, release(peer), ['not-held'], QUEUE, when)
      }
      await refusing('while a write waits for the lock')
      await giveToken(scene, other, timesOf(scene, { [other.id]: 1 }))
      await requireCall(bench, other, 'write_local', {
        requirement: WRITE,
        expected: 'write_local',
        args: ['new'],
      })
      await refusing('while a write has the lock')
      await requireTokenNow(bench, peer, 'held', QUEUE, 'while a write has the lock')
      storing.open()
      await requireSuccess(bench, writing, QUEUE, 'the write to succeed')
      await requireAcquired(bench, acquire(peer), 'peers.lock.present')
      bench.evidence('busy and not-held, then free')
    },
  }),
  databaseCase({
    id: 'peers.database.write-queue/stop',
    title:
      'stop comes while a write has the lock and others wait: it is finished first, the others fail with a LeavingError',
    also: [WRITE, 'peers.lock.leave', 'peers.leave.order'],
    evidence:
      'one fortune at all others, its writer answered with null, a LeavingError for those that wait and one that comes later',
    hint: 'Half a write is worse than none: finish what is in some copies, and hand the token over after that.',
    async run(bench: PeersBench) {
      const scene = await databaseScene(bench, 2, [])
      const { peer, higher } = scene
      const [caller, slow] = higher as [PlayedPeer, PlayedPeer]
      const storing = gate()
      slow.on('write_local', storing.handler)
      const first = caller.call(peer, 'write', ['first'])
      await requireCall(bench, slow, 'write_local', {
        requirement: WRITE,
        expected: 'write_local',
        args: ['first'],
      })
      const second = caller.call(peer, 'write', ['second'])
      await bench.seen((frame) => frame.from === caller.seat && argsOf(frame)[0] === 'second')
      await peer.state()
      const stopping = begun(peer.stop())
      const refusing = async (
        calling: Promise<{ readonly answer: Frame | undefined }>,
        to: string,
      ): Promise<void> => {
        const { answer } = await calling
        bench.evidence(
          `refuses ${to}`,
          requireError(bench, answer, { requirement: QUEUE, name: 'LeavingError', to }),
        )
      }
      await refusing(second, 'a write that waits at stop')
      await refusing(caller.call(peer, 'write', ['third']), 'a write after stop')
      requireNone(bench, callBy(peer, 'obtain_token'), {
        requirement: QUEUE,
        expected: 'no hand-over before the write is finished',
      })
      storing.open()
      requireResult(bench, (await first).answer, null, {
        requirement: QUEUE,
        to: 'the write under way at stop',
      })
      await requirePass(scene, caller, 'peers.lock.leave', 'because nobody has asked')
      await requireSuccess(bench, stopping, 'peers.leave.order', 'stop to succeed')
      requireCopied(bench, higher, ['first'], QUEUE)
    },
  }),
  databaseCase({
    id: 'peers.database.write-timeout/no-token',
    title:
      'writes for which no token comes fail, by command and by method; no copy changes, and a later write works',
    also: ['peers.lock.timeout', WRITE],
    evidence: 'timeout, a TimeoutError, no write_local, then the same fortunes written',
    hint: 'Append nothing before you have the lock, and drop the write when its time is over.',
    async run(bench: PeersBench) {
      const acquireTimeoutMs = bench.timing.callTimeoutMs
      const scene = await databaseScene(bench, 1, ['old'], { config: { acquireTimeoutMs } })
      const { peer, higher } = scene
      const [other] = higher as [PlayedPeer]
      await ask(scene, other, 1)
      await requirePass(scene, other, 'peers.lock.idle', 'when it asks')
      const [, { answer }] = await Promise.all([
        requireFailure(bench, write(peer, 'one'), ['timeout'], TIMEOUT, 'for a write without the lock'),
        other.call(peer, 'write', ['two']),
      ])
      const error = requireError(bench, answer, {
        requirement: TIMEOUT,
        name: 'TimeoutError',
        to: 'write without the lock',
      })
      bench.evidence('fails without the lock', error)
      await giveToken(scene, other, timesOf(scene, { [other.id]: 1 }))
      await requireCopy(bench, peer, ['old'], TIMEOUT, 'after writes that failed')
      requireCopied(bench, [other], [], TIMEOUT)
      await requireSuccess(bench, write(peer, 'three'), WRITE, 'a write with the token present to succeed')
      await requireCopy(bench, peer, ['old', 'three'], TIMEOUT, 'after one write that succeeded')
      bench.require(copiedTo(other).join() === 'three', {
        requirement: TIMEOUT,
        expected: 'write_local with three and nothing else',
        actual: copiedTo(other).join(', '),
      })
    },
  }),
]

export const databaseWriteCases: readonly Case<'peers'>[] = [...writing, ...waiting]
