// Mistakes in the database (peers.md section 8).
import { peersMethods } from '../../../spec/peers/messages.ts'
import { checkArguments } from '../../core/arguments.ts'
import type { PeerState } from '../../peers/peer.ts'
import type { PeerEffect, PeerInput, PeerVocabulary } from '../../peers/vocabulary.ts'
import { changeEffects, changeReceived } from '../rewire.ts'
import {
  afterSteps,
  alsoTelling,
  beforeSteps,
  doesNotWaitFor,
  failingCall,
  isCommand,
  isRequest,
  onFailure,
  withoutRequests,
} from './memory.ts'
import type { PeersMutant } from './mutant.ts'
import { changeAnswers, requestIn, skipCalls } from './rewire.ts'

const fortuneOf = (input: PeerInput, method: 'write' | 'write_local'): string | undefined => {
  const request = requestIn(input)
  const [fortune] = request?.method === method ? request.args : []
  return typeof fortune === 'string' ? fortune : undefined
}

/** Arguments of `write` and `write_local` are judged like that, all others as they should be. */
const judgeFortune =
  (judge: (fortune: string) => string | undefined) =>
  (schema: object, args: readonly unknown[]): string | undefined => {
    const [fortune] = args
    const isWrite = schema === peersMethods.write.args || schema === peersMethods.write_local.args
    return isWrite && args.length === 1 && typeof fortune === 'string'
      ? judge(fortune)
      : checkArguments(schema, args)
  }

/** Connections of the peer's own call of `read_all`. */
const isCopyRead = ({ calls }: PeerState, connection: number): boolean =>
  calls.some((call) => call.connection === connection && call.purpose.kind === 'read-all')

/** Answers a write that is under way and not answered yet. */
const writeDone = ({ database }: PeerState): PeerEffect | undefined => {
  const writer = database?.isWriting ? database.writes[0]?.writer : undefined
  if (writer === undefined) return undefined
  return writer.kind === 'command'
    ? { kind: 'reply', handle: writer.handle, reply: { ok: true, result: {} } }
    : { kind: 'send', connection: writer.connection, message: { result: null } }
}

export const databaseMutants: readonly PeersMutant[] = [
  {
    name: 'reads-the-first',
    requirement: 'peers.database.read',
    bug: 'read gives the first fortune each time.',
    rules: { choice: () => 0 },
  },
  {
    name: 'last-fortune-never-read',
    requirement: 'peers.database.read',
    bug: 'The random number is drawn below the number of fortunes less one.',
    rules: { choice: (random, count) => Math.floor(random * Math.max(1, count - 1)) },
  },
  {
    name: 'empty-copy-gives-an-empty-text',
    requirement: 'peers.database.read',
    bug: 'read of an empty copy gives "", which is no fortune, in place of null.',
    wrapPeer: changeAnswers<PeerVocabulary>((answer, request) =>
      request?.method === 'read' && 'result' in answer && answer.result === null ? { result: '' } : answer,
    ),
  },
  {
    name: 'first-peer-not-written',
    requirement: 'peers.database.write',
    bug: 'The loop over the list begins at 1: the lowest peer never gets the fortune.',
    rules: { toldOfWrite: (list) => list.slice(1) },
  },
  {
    name: 'writes-without-the-lock',
    requirement: 'peers.database.write',
    bug: 'write appends and tells everybody at once, without the lock.',
    rules: { writesUnderLock: false },
  },
  {
    name: 'write-answered-before-all-have-it',
    requirement: 'peers.database.write',
    bug: 'The calls of write_local run in the background, and the writer is answered when they have begun.',
    wrapPeer: (machine) => {
      const early = new Set<string>()
      const keyOf = (effect: PeerEffect): string | undefined => {
        if (effect.kind === 'reply') return `reply ${effect.handle}`
        return effect.kind === 'send' ? `send ${effect.connection}` : undefined
      }
      return {
        step: (input) => {
          const before = writeDone(machine.state)
          const effects = machine.step(input).filter((effect) => {
            const key = keyOf(effect)
            return key === undefined || !early.delete(key)
          })
          const done = writeDone(machine.state)
          const key = done === undefined ? undefined : keyOf(done)
          if (done === undefined || key === undefined) return effects
          if (before !== undefined && keyOf(before) === key) return effects
          early.add(key)
          return [...effects, done]
        },
      }
    },
  },
  {
    name: 'lock-released-before-all-have-it',
    requirement: 'peers.database.write',
    bug: 'The lock is released when the calls of write_local have begun: the next write overtakes them at some, and copies differ in order.',
    wrapPeer: doesNotWaitFor(({ method }) => method === 'write_local'),
  },
  {
    name: 'copy-is-a-set',
    requirement: 'peers.database.write',
    bug: 'The copy is a set: a fortune that is written twice is kept once.',
    wrapPeer: afterSteps(({ database }) => {
      if (database !== null) database.fortunes = [...new Set(database.fortunes)]
    }),
  },
  {
    name: 'writes-before-its-join',
    requirement: 'peers.database.write',
    bug: 'write does not look whether the peer has joined, and appends to its own copy alone.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { isJoined, database } = machine.state
        if (isJoined || database === null || input.kind !== 'command' || input.command.command !== 'write')
          return machine.step(input)
        database.fortunes.push(input.command.fortune)
        return [{ kind: 'reply', handle: input.handle, reply: { ok: true, result: {} } }]
      },
    }),
  },
  {
    name: 'write-local-is-told-on',
    requirement: 'peers.database.write-local',
    bug: 'write_local tells all others too: a fortune goes from peer to peer without end.',
    wrapPeer: alsoTelling((input, { list }) => {
      const fortune = fortuneOf(input, 'write_local')
      if (fortune === undefined) return []
      return list.map(({ address }) => ({ to: address, request: { method: 'write_local', args: [fortune] } }))
    }),
  },
  {
    name: 'write-local-trims',
    requirement: 'peers.database.write-local',
    bug: 'Fortunes lie in a file, one on a line: what stands around the first line is lost.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const fortune = fortuneOf(input, 'write_local')
        const effects = machine.step(input)
        const { database } = machine.state
        if (fortune !== undefined && database?.fortunes.at(-1) === fortune)
          database.fortunes.splice(-1, 1, fortune.trim().split('\n')[0] ?? fortune)
        return effects
      },
    }),
  },
  {
    name: 'dead-peer-ends-the-write',
    requirement: 'peers.database.write-dead',
    bug: 'The loop over the list stands inside the try: the first peer that fails ends it, and the others never get the fortune.',
    rules: { callsAtOnce: 1 },
    wrapPeer: onFailure('write-local', ({ database }) => {
      database?.untold.splice(0)
    }),
  },
  {
    name: 'lock-kept-after-a-failure',
    requirement: 'peers.database.write',
    bug: 'acquire without finally: when a write_local fails the lock is never released, and everybody waits.',
    wrapPeer: (machine) => {
      let hasFailed = false
      return {
        step: (input) => {
          const { state } = machine
          const { lock, database } = state
          hasFailed ||= failingCall(state, input)?.kind === 'write-local'
          // Whoever waits is not served, and the next write finds the lock in use.
          const isLast = database?.isWriting === true && hasFailed && lock !== null
          const undo = isLast ? withoutRequests(lock) : undefined
          const effects = machine.step(input)
          undo?.()
          if (!isLast || database?.isWriting) return effects
          lock.token = 'held'
          lock.user = { kind: 'write' }
          return effects
        },
      }
    },
  },
  {
    name: 'second-write-refused',
    requirement: 'peers.database.write-queue',
    bug: 'A write that comes while another one is under way fails with busy instead of waiting for its turn.',
    rules: { mayWait: (writes) => writes === 0 },
  },
  {
    name: 'queue-without-a-bound',
    requirement: 'peers.database.write-queue',
    bug: 'Any number of writes wait.',
    rules: { mayWait: () => true },
  },
  {
    name: 'lock-of-a-write-shared',
    requirement: 'peers.database.write-queue',
    bug: 'A user may acquire and release while a write has or wants the lock, and ends it for the write.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const isShared = machine.state.lock?.user?.kind === 'write'
        if (!isShared || input.kind !== 'command' || !isCommand(input, 'acquire', 'release'))
          return machine.step(input)
        return [{ kind: 'reply', handle: input.handle, reply: { ok: true, result: {} } }]
      },
    }),
  },
  {
    name: 'stop-breaks-a-write-off',
    requirement: 'peers.database.write-queue',
    bug: 'A stop ends the write that is under way: some copies have the fortune, others never get it.',
    wrapPeer: beforeSteps(({ database }, input) => {
      if (database === null || !isCommand(input, 'stop')) return
      database.isWriting = false
    }),
  },
  {
    name: 'writes-wait-after-stop',
    requirement: 'peers.database.write-queue',
    bug: 'Writes that wait when stop comes get no answer, and their callers wait until their time is over.',
    wrapPeer: changeAnswers<PeerVocabulary>((answer) =>
      'error' in answer && answer.error.name === 'LeavingError' ? undefined : answer,
    ),
  },
  {
    name: 'write-waits-for-ever',
    requirement: 'peers.database.write-timeout',
    bug: 'The time limit is one of the command acquire only: a write without the lock never ends.',
    wrapPeer: (machine) =>
      changeEffects<PeerVocabulary>((effect) =>
        effect.kind === 'set-timer' && effect.name === 'acquire' && machine.state.lock?.user?.kind === 'write'
          ? []
          : [effect],
      )(machine),
  },
  {
    name: 'late-write-stays',
    requirement: 'peers.database.write-timeout',
    bug: 'The caller is told that the write has failed, but the fortune stays in the own copy.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { lock, database } = machine.state
        const isLate = input.kind === 'timer' && input.name === 'acquire' && lock?.user?.kind === 'write'
        const late = isLate ? database?.writes[0]?.fortune : undefined
        const effects = machine.step(input)
        if (late !== undefined) database?.fortunes.push(late)
        return effects
      },
    }),
  },
  {
    name: 'own-fortune-in-front',
    requirement: 'peers.database.agree',
    bug: 'The writer puts its fortune in front of its own copy, and the others append it.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { database } = machine.state
        const wasWriting = database?.isWriting === true
        const effects = machine.step(input)
        if (database === null || wasWriting || !database.isWriting) return effects
        const [written] = database.fortunes.splice(-1)
        if (written !== undefined) database.fortunes.unshift(written)
        return effects
      },
    }),
  },
  {
    name: 'no-catching-up',
    requirement: 'peers.database.catch-up',
    bug: 'A newcomer keeps the fortunes that it starts with, and never has what was written before.',
    rules: { catchesUp: false },
  },
  {
    name: 'one-try-to-catch-up',
    requirement: 'peers.database.catch-up',
    bug: 'When the lowest peer gives no copy the newcomer keeps its own, although the next one has one.',
    wrapPeer: onFailure('read-all', ({ database }) => {
      database?.unread.splice(0)
    }),
  },
  {
    name: 'copy-added-to-the-own-one',
    requirement: 'peers.database.catch-up',
    bug: 'The fortunes of the other copy are appended to the own ones instead of replacing them.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { state } = machine
        const isCopy = input.kind === 'message' && isCopyRead(state, input.connection) && !state.isJoined
        const own = [...(state.database?.fortunes ?? [])]
        const effects = machine.step(input)
        if (isCopy && state.isJoined) state.database?.fortunes.unshift(...own)
        return effects
      },
    }),
  },
  {
    name: 'empty-copy-is-none',
    requirement: 'peers.database.catch-up',
    bug: 'An empty copy is false, so it counts as no answer.',
    wrapPeer: (machine) =>
      changeReceived<PeerVocabulary>((message, connection) => {
        const isEmpty = 'result' in message && Array.isArray(message.result) && message.result.length === 0
        return isEmpty && isCopyRead(machine.state, connection)
          ? { error: { name: 'Exception', args: [] } }
          : message
      })(machine),
  },
  {
    name: 'any-answer-is-a-copy',
    requirement: 'peers.database.catch-up',
    bug: 'Whatever read_all gives becomes the copy: null is none, and a text is a list of characters.',
    wrapPeer: (machine) =>
      changeReceived<PeerVocabulary>((message, connection) => {
        if (!('result' in message) || !isCopyRead(machine.state, connection)) return message
        return { result: Array.from(Object.values(Object(message.result)), String).slice(0, 1000) }
      })(machine),
  },
  {
    name: 'stays-without-a-copy',
    requirement: 'peers.database.catch-up',
    bug: 'A newcomer that gets no lock says that its join has failed, and stays registered and in the lists of the others.',
    wrapPeer: (machine) =>
      skipCalls(
        ({ method }) =>
          (method === 'unregister' || method === 'unregister_peer') &&
          machine.state.leave?.stops.length === 0,
      )(machine),
  },
  {
    name: 'own-copy-until-there-is-another',
    requirement: 'peers.database.not-ready',
    bug: 'A peer that has not caught up appends what write_local brings to the copy that it starts with.',
    rules: { appliesWriteLocal: () => true },
  },
  {
    name: 'write-local-kept-for-later',
    requirement: 'peers.database.not-ready',
    bug: 'What write_local brings while the peer catches up is appended after that, although the copy has it already.',
    wrapPeer: (machine) => {
      const later: string[] = []
      return {
        step: (input) => {
          const { database } = machine.state
          const fortune = fortuneOf(input, 'write_local')
          if (fortune !== undefined && database?.isReady === false) later.push(fortune)
          const effects = machine.step(input)
          if (database?.isReady) database.fortunes.push(...later.splice(0))
          return effects
        },
      }
    },
  },
  {
    name: 'copy-given-too-early',
    requirement: 'peers.database.not-ready',
    bug: 'read_all is answered at any time, also with a copy that is not like the others.',
    wrapPeer: (machine) => ({
      step: (input) => {
        const { database } = machine.state
        if (database === null || !isRequest(input, 'read_all')) return machine.step(input)
        const { isReady } = database
        database.isReady = true
        const effects = machine.step(input)
        database.isReady = isReady
        return effects
      },
    }),
  },
  {
    name: 'copy-given-while-leaving',
    requirement: 'peers.database.not-ready',
    bug: 'A peer that leaves still gives its copy when some no longer tell it of their writes: a newcomer misses them for ever.',
    rules: { closesCopyOnLeave: false },
  },
  {
    name: 'empty-fortune-taken',
    requirement: 'peers.database.invalid',
    bug: 'Nobody looks whether a fortune is empty.',
    rules: {
      argumentProblem: judgeFortune((fortune) =>
        [...fortune].length > 1000 ? 'a fortune has at most 1,000 characters' : undefined,
      ),
    },
  },
  {
    name: 'long-fortune-taken',
    requirement: 'peers.database.invalid',
    bug: 'Nobody looks how long a fortune is.',
    rules: {
      argumentProblem: judgeFortune((fortune) => (fortune === '' ? 'a fortune is no empty text' : undefined)),
    },
  },
  {
    name: 'fortune-measured-in-code-units',
    requirement: 'peers.database.invalid',
    bug: 'The length of a fortune is that of its UTF-16 form, where a clover leaf counts as two characters.',
    rules: {
      argumentProblem: judgeFortune((fortune) =>
        fortune.length === 0 || fortune.length > 1000 ? 'a fortune has 1 to 1,000 characters' : undefined,
      ),
    },
  },
  {
    name: 'database-without-a-bound',
    requirement: 'peers.database.bounds',
    bug: 'A copy holds any number of fortunes.',
    rules: { hasRoomFor: () => true },
  },
  {
    name: 'last-place-never-filled',
    requirement: 'peers.database.bounds',
    bug: 'The copy is full one fortune too early.',
    rules: { hasRoomFor: (fortunes, fortunesMax) => fortunes < fortunesMax - 1 },
  },
]
