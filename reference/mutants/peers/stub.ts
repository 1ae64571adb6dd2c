// Mistakes of who makes calls (peers.md sections 1 to 3): the request, the answer, what becomes of the outcome; addresses.
import { parseObject } from '../../core/codec.ts'
import type { Machine } from '../../core/machine.ts'
import { peersRules } from '../../peers/rules.ts'
import type { PeerEffect, PeerVocabulary } from '../../peers/vocabulary.ts'
import { type ConnectionTap, tapConnections } from '../ground.ts'
import { changeEffects, FIRST_OWN_CONNECTION } from '../rewire.ts'
import type { PeersMutant } from './mutant.ts'
import { calling, redirectCalls } from './rewire.ts'

const LF = 0x0a
const newline = Buffer.from('\n')

/** Taps the connections that this node opens. */
const tapOwn = (tap: () => ConnectionTap) => () =>
  tapConnections((_socket, opener) => (opener === 'self' ? tap() : {}))

/** The connection of the call that this effect concerns. */
function connectionOf(effect: PeerEffect): number | undefined {
  if ('connection' in effect) return effect.connection > 0 ? effect.connection : undefined
  return effect.kind === 'set-timer' && effect.name.startsWith('call ')
    ? Number(effect.name.slice(5))
    : undefined
}

/** A call begins when the one before it is over. */
function oneCallAtATime(machine: Machine<PeerVocabulary>): Machine<PeerVocabulary> {
  let active: number | undefined
  const held = new Map<number, PeerEffect[]>()
  return changeEffects<PeerVocabulary>((effect) => {
    const connection = connectionOf(effect)
    if (connection === undefined) return [effect]
    if (effect.kind === 'open' && active !== undefined) held.set(connection, [])
    if (effect.kind === 'open') active ??= connection
    const waiting = held.get(connection)
    if (waiting !== undefined) {
      waiting.push(effect)
      return []
    }
    if (effect.kind !== 'abort' || connection !== active) return [effect]
    const [next, begun = []] = [...held][0] ?? []
    active = next
    if (next !== undefined) held.delete(next)
    return [effect, ...begun]
  })(machine)
}

/** A connection is kept after its answer, and the next call to that address goes over it. */
function keepConnections(machine: Machine<PeerVocabulary>): Machine<PeerVocabulary> {
  /** By address, a connection without a call. Bound: the addresses that were called. */
  const idle = new Map<string, number>()
  /** By the machine's number, the real one of a connection with a call. */
  const real = new Map<number, { readonly connection: number; readonly address: string }>()
  let last = FIRST_OWN_CONNECTION

  const outward = (effect: PeerEffect, answered: number | undefined): readonly PeerEffect[] => {
    if (effect.kind === 'open') {
      const address = String(effect.to)
      const kept = idle.get(address)
      idle.delete(address)
      if (kept === undefined) last += 1
      real.set(effect.connection, { connection: kept ?? last, address })
      return kept === undefined ? [{ ...effect, connection: last }] : []
    }
    if (!('connection' in effect) || effect.connection < 0) return [effect]
    const own = real.get(effect.connection)
    if (own === undefined) return []
    if (effect.kind !== 'abort') return [{ ...effect, connection: own.connection }]
    if (effect.connection !== answered) return [{ ...effect, connection: own.connection }]
    idle.set(own.address, own.connection)
    return []
  }

  return {
    step: (input) => {
      if (!('connection' in input) || input.connection < 0) {
        return machine.step(input).flatMap((effect) => outward(effect, undefined))
      }
      for (const [address, connection] of idle) if (connection === input.connection) idle.delete(address)
      const number = [...real].find(([, { connection }]) => connection === input.connection)?.[0]
      if (number === undefined) return []
      const answered = input.kind === 'message' ? number : undefined
      const effects = machine.step({ ...input, connection: number })
      const outer = effects.flatMap((effect) => outward(effect, answered))
      if (answered === undefined) {
        if (input.kind === 'closed' || input.kind === 'unreachable') real.delete(number)
        return outer
      }
      real.delete(number)
      const after = machine.step({ at: input.at, kind: 'closed', connection: number })
      return [...outer, ...after.flatMap((effect) => outward(effect, undefined))]
    },
  }
}

/** Every host is the own machine, as it was on the author's desk. */
const onOneMachine = redirectCalls<PeerVocabulary>(([, port]) => ['127.0.0.1', port])

export const stubMutants: readonly PeersMutant[] = [
  {
    name: 'calls-with-an-id',
    requirement: 'peers.call.request',
    bug: 'The library for JSON-RPC writes its version and the id of the call into each request.',
    ...calling((request) => ({ jsonrpc: '2.0', ...request, id: 1 })),
  },
  {
    name: 'calls-with-params-and-args',
    requirement: 'peers.call.request',
    bug: 'To be on the safe side the arguments are sent under both names, that of the first edition too.',
    ...calling((request) => ({ ...request, params: request.args })),
  },
  {
    name: 'result-by-its-truth',
    requirement: 'peers.call.presence',
    bug: 'Whether there is a result is decided by its truth: null, false, 0 and the empty text are none.',
    rules: {
      answerOf: (value) =>
        value.result || !('result' in value) ? peersRules.answerOf(value) : { noAnswer: 'no result' },
    },
  },
  {
    name: 'null-is-no-result',
    requirement: 'peers.call.presence',
    bug: 'A result that is null counts as no result, and every method without one fails.',
    rules: {
      answerOf: (value) => (value.result === null ? { noAnswer: 'no result' } : peersRules.answerOf(value)),
    },
  },
  {
    name: 'both-keys-taken',
    requirement: 'peers.call.presence',
    bug: 'An answer with a result is a success, whatever else is in it.',
    rules: {
      answerOf: (value) => ('result' in value ? { result: value.result } : peersRules.answerOf(value)),
    },
  },
  {
    name: 'neither-key-taken',
    requirement: 'peers.call.presence',
    bug: 'What has no error is a success: an object without result gives null.',
    rules: {
      answerOf: (value) => ('error' in value ? peersRules.answerOf(value) : { result: value.result ?? null }),
    },
  },
  {
    name: 'any-error-taken',
    requirement: 'peers.call.presence',
    bug: 'An error of any form is raised: a text, null, or an object without arguments.',
    rules: {
      answerOf: (value) => {
        const answer = peersRules.answerOf(value)
        if (!('noAnswer' in answer) || 'result' in value || !('error' in value)) return answer
        return { error: { name: 'Exception', args: [value.error] } }
      },
    },
  },
  {
    name: 'error-returned',
    requirement: 'peers.call.raise',
    bug: 'The stub makes the exception and returns it instead of raising it.',
    rules: {
      outcomeOf: (line) =>
        'error' in line ? { kind: 'result', result: line.error } : peersRules.outcomeOf(line),
    },
  },
  {
    name: 'error-swallowed',
    requirement: 'peers.call.raise',
    bug: 'The stub catches what the other side raises, and returns null.',
    rules: {
      outcomeOf: (line) => ('error' in line ? { kind: 'result', result: null } : peersRules.outcomeOf(line)),
    },
  },
  {
    name: 'error-args-as-one-list',
    requirement: 'peers.call.raise',
    bug: 'The arguments of an error are not spread: the exception has one argument, the list of them.',
    rules: {
      outcomeOf: (line) =>
        'error' in line
          ? { kind: 'error', name: line.error.name, args: [line.error.args] }
          : peersRules.outcomeOf(line),
    },
  },
  {
    name: 'error-args-as-text',
    requirement: 'peers.call.raise',
    bug: 'The arguments of an error are made texts, as for printing.',
    rules: {
      outcomeOf: (line) =>
        'error' in line
          ? { kind: 'error', name: line.error.name, args: line.error.args.map(String) }
          : peersRules.outcomeOf(line),
    },
  },
  {
    name: 'error-name-lost',
    requirement: 'peers.call.raise',
    bug: 'Whatever the other side raises arrives as an Exception.',
    rules: {
      outcomeOf: (line) =>
        'error' in line
          ? { kind: 'error', name: 'Exception', args: line.error.args }
          : peersRules.outcomeOf(line),
    },
  },
  {
    name: 'connection-not-closed',
    requirement: 'peers.call.one',
    bug: 'The connection of a call is closed nowhere, and each call leaves one behind.',
    wrapPeer: changeEffects((effect) => (effect.kind === 'abort' && effect.connection > 0 ? [] : [effect])),
    wrapNameService: changeEffects((effect) =>
      effect.kind === 'abort' && effect.connection > 0 ? [] : [effect],
    ),
  },
  {
    name: 'connection-not-closed-after-an-error',
    requirement: 'peers.call.one',
    bug: 'The connection is closed behind the line that raises, and each error leaves one open.',
    wrapPeer: changeEffects((effect, input) => {
      const isRaised = input.kind === 'message' && 'error' in input.message
      return isRaised && effect.kind === 'abort' ? [] : [effect]
    }),
  },
  {
    name: 'one-connection-for-all-calls',
    requirement: 'peers.call.one',
    bug: 'A connection is kept for the next call to the same address.',
    wrapPeer: keepConnections,
  },
  {
    name: 'request-sent-twice',
    requirement: 'peers.call.one',
    bug: 'What has no answer in the first moment is sent again, on the same connection.',
    wrapPeer: changeEffects((effect) =>
      effect.kind === 'send' && effect.connection > 0 ? [effect, effect] : [effect],
    ),
  },
  {
    name: 'answer-cut-at-8000-bytes',
    requirement: 'peers.call.length',
    bug: 'The answer is what one recv(8000) gives: long lists of peers are cut.',
    sabotage: tapOwn(() => {
      let isRead = false
      return {
        received: (bytes, deliver) => {
          if (isRead) return
          isRead = true
          deliver(Buffer.concat([bytes.subarray(0, 8000), newline]))
        },
      }
    }),
  },
  {
    name: 'one-read-is-one-answer',
    requirement: 'peers.call.split',
    bug: 'What one read gives is taken for the answer, whether its LF is there or not.',
    sabotage: tapOwn(() => ({
      received: (bytes, deliver) => {
        const end = bytes.indexOf(LF)
        deliver(end === -1 ? Buffer.concat([bytes, newline]) : bytes.subarray(0, end + 1))
      },
    })),
  },
  {
    name: 'answer-of-at-most-65536-bytes',
    requirement: 'peers.call.length',
    bug: 'One bound holds for requests and answers, and a thousand peers do not fit into it.',
    rules: { answerBytesMax: 65_536 },
  },
  {
    name: 'answer-without-bound',
    requirement: 'peers.call.length',
    bug: 'An answer is collected until its LF comes, and a single server can fill the memory.',
    rules: { answerBytesMax: Number.MAX_SAFE_INTEGER },
  },
  {
    name: 'call-without-timeout',
    requirement: 'peers.call.survive',
    bug: 'A call waits until the other side answers or closes, for ever if need be.',
    wrapPeer: changeEffects((effect) =>
      effect.kind === 'set-timer' && effect.name.startsWith('call ') ? [] : [effect],
    ),
  },
  {
    name: 'call-blocks-the-next-call',
    requirement: 'peers.call.survive',
    bug: 'One call at a time: the next begins when the last is over, and a silent side holds up all.',
    wrapPeer: oneCallAtATime,
  },
  {
    name: 'sender-known-by-its-source-address',
    requirement: 'peers.address.given',
    bug: 'The host of a peer is taken from the connection over which it has called, not from what it says.',
    sabotage: () =>
      tapConnections((socket, opener) =>
        opener === 'self'
          ? {}
          : {
              received: (bytes, deliver) => {
                const request = parseObject(bytes.toString('utf8'))
                const [id, address] = Array.isArray(request?.args) ? request.args : []
                if (request?.method !== 'register_peer' || !Array.isArray(address)) return deliver(bytes)
                const args = [id, [socket.remoteAddress, address[1]]]
                deliver(Buffer.from(`${JSON.stringify({ method: 'register_peer', args })}\n`))
              },
            },
      ),
  },
  {
    name: 'every-host-is-this-one',
    requirement: 'peers.address.given',
    bug: 'Of an address only the port is used, since all peers run on one machine while the author tries them.',
    wrapPeer: onOneMachine,
    wrapNameService: redirectCalls(([, port]) => ['127.0.0.1', port]),
  },
  {
    name: 'advertise-ignored',
    requirement: 'peers.address.own',
    bug: 'A peer gives the address at which it listens, whatever it is told to advertise.',
    peerConfig: ({ host = '127.0.0.1', listenPort }) => ({ advertise: [host, listenPort] }),
  },
  {
    name: 'own-address-is-the-name-of-the-machine',
    requirement: 'peers.address.own',
    bug: 'Without advertise a peer gives the name of its machine, which need not lead to where it listens.',
    peerConfig: ({ advertise, listenPort }) => ({ advertise: advertise ?? ['localhost', listenPort] }),
  },
  {
    name: 'type-object-taken',
    requirement: 'peers.config.object',
    bug: 'The default type of the course is as good as any, and all who forget to replace it meet.',
    rules: { isReservedType: () => false },
  },
]
