// Mistakes of who answers calls, in both roles (peers.md section 1): reading requests, finding the method, answering.
import { peersMethods } from '../../../spec/peers/messages.ts'
import type { Input, Machine } from '../../core/machine.ts'
import { type PeersRules, peersRules } from '../../peers/rules.ts'
import type {
  NameServiceInput,
  NameServiceVocabulary,
  PeerInput,
  PeersAnswer,
  PeerVocabulary,
  StatefulMachine,
} from '../../peers/vocabulary.ts'
import { type ConnectionTap, tapConnections } from '../ground.ts'
import { changeEffects } from '../rewire.ts'
import type { PeersMutant } from './mutant.ts'
import { answering, isError, requestIn } from './rewire.ts'

const LF = 0x0a
const newline = Buffer.from('\n')

/** Taps the connections of callers; those that this node opens stay as they are. */
const tapCallers = (tap: () => ConnectionTap) => () =>
  tapConnections((_socket, opener) => (opener === 'self' ? {} : tap()))

/** Answers on their way out, with their LF; undefined keeps one back. */
const tapAnswers = (change: (line: string) => string | undefined) =>
  tapCallers(() => ({
    sent: (line, deliver) => {
      const changed = change(line)
      if (changed !== undefined) deliver(changed)
    },
  }))

/** Drops the connection instead of sending such an answer. */
const aborting = (
  isSuch: (answer: PeersAnswer) => boolean,
): Pick<PeersMutant, 'wrapPeer' | 'wrapNameService'> => {
  const change = <V extends PeerVocabulary | NameServiceVocabulary>() =>
    changeEffects<V>((effect) => {
      if (effect.kind !== 'send' || 'method' in effect.message || 'noAnswer' in effect.message)
        return [effect]
      return isSuch(effect.message) ? [{ kind: 'abort', connection: effect.connection }] : [effect]
    })
  return { wrapPeer: change<PeerVocabulary>(), wrapNameService: change<NameServiceVocabulary>() }
}

/** Requests wait while a call of its own is under way. */
function oneAtATime<V extends PeerVocabulary | NameServiceVocabulary>(
  machine: StatefulMachine<V, { readonly calls: readonly { readonly isOver: boolean }[] }>,
): Machine<V> {
  const waiting: Input<V>[] = []
  return {
    step: (input) => {
      const isRequest = requestIn(input) !== undefined
      if (isRequest) waiting.push(input)
      const effects = isRequest ? [] : [...machine.step(input)]
      while (waiting.length > 0 && machine.state.calls.every(({ isOver }) => isOver)) {
        const next = waiting.shift()
        if (next !== undefined) effects.push(...machine.step(next))
      }
      return effects
    },
  }
}

/** The program ends at such an input; `newJudge` makes what one node remembers. */
const dyingOf = (
  newJudge: () => (input: PeerInput | NameServiceInput) => boolean,
): Pick<PeersMutant, 'wrapPeer' | 'wrapNameService'> => {
  const wrap = <V extends PeerVocabulary | NameServiceVocabulary>(machine: Machine<V>): Machine<V> => {
    const isDeadly = newJudge()
    return {
      step: (input) => {
        if (isDeadly(input)) throw new Error(`nobody catches this: ${input.kind}`)
        return machine.step(input)
      },
    }
  }
  return { wrapPeer: wrap, wrapNameService: wrap }
}

/** A request with these arguments. */
const requestWith = (argsOf: (value: Readonly<Record<string, unknown>>) => unknown): Partial<PeersRules> => ({
  requestOf: (value) => peersRules.requestOf({ ...value, args: argsOf(value) }),
})

const schemaSize = (schema: object): number =>
  'items' in schema && Array.isArray(schema.items) ? schema.items.length : 0

/** What an object has beside its methods for others: what every object has, and what this one has for itself. */
const isAttribute = (method: string): boolean =>
  method.startsWith('_') ||
  method in {} ||
  ['start', 'stop', 'destroy', 'id', 'type', 'peers'].includes(method)

export const callMutants: readonly PeersMutant[] = [
  {
    name: 'other-keys-of-a-request-refused',
    requirement: 'peers.call.request',
    bug: 'A request with a key beside method and args is refused, so that no JSON-RPC client can call.',
    rules: {
      requestOf: (value) =>
        Object.keys(value).length > 2 ? 'a request has two keys' : peersRules.requestOf(value),
    },
  },
  {
    name: 'params-win-over-args',
    requirement: 'peers.call.request',
    bug: 'For old clients params are taken wherever they stand, also when args stand beside them.',
    rules: requestWith(({ args, params }) => (args !== undefined && Array.isArray(params) ? params : args)),
  },
  {
    name: 'request-ends-with-a-brace',
    requirement: 'peers.call.request',
    bug: 'A request is recognised by its text, which has to begin with {"method" and end with a brace: no blanks, no CR.',
    sabotage: tapCallers(() => {
      let unread = ''
      return {
        received: (bytes, deliver) => {
          const lines = `${unread}${bytes.toString('latin1')}`.split('\n')
          unread = lines.pop() ?? ''
          for (const line of lines) {
            const isKnown = line.startsWith('{"method"') && line.endsWith('}')
            deliver(Buffer.from(`${isKnown ? line : ''}\n`, 'latin1'))
          }
        },
      }
    }),
  },
  {
    name: 'nothing-sent-when-the-method-fails',
    requirement: 'peers.call.answer',
    bug: 'The answer is written after the method has returned: when it raises, nothing is written and the caller waits.',
    ...answering((answer, request) => (isError(answer) && request !== undefined ? undefined : answer)),
  },
  {
    name: 'connection-dies-with-the-exception',
    requirement: 'peers.call.answer',
    bug: 'The class of the exception is put into the answer. It cannot be written as JSON, and the second failure closes the connection.',
    ...aborting((answer) => isError(answer)),
  },
  {
    name: 'error-as-text',
    requirement: 'peers.call.answer',
    bug: 'The error of an answer is the text of the exception, without name and arguments.',
    sabotage: tapAnswers((line) =>
      line.startsWith('{"error"')
        ? `${JSON.stringify({ error: `${JSON.parse(line).error.name}: ${JSON.parse(line).error.args}` })}\n`
        : line,
    ),
  },
  {
    name: 'answer-without-lf',
    requirement: 'peers.call.answer',
    bug: 'An answer is written without its LF, because closing the connection ends it too.',
    sabotage: tapAnswers((line) => line.trimEnd()),
  },
  {
    name: 'answered-twice',
    requirement: 'peers.call.answer',
    bug: 'The error handler answers and goes on to the code that answers.',
    sabotage: tapAnswers((line) => (line.startsWith('{"error"') ? `${line}{"result":null}\n` : line)),
  },
  {
    name: 'result-omitted-when-none',
    requirement: 'peers.call.answer',
    bug: 'Keys without a value are left out of the JSON, and the answer of a method that returns nothing is {}.',
    sabotage: tapAnswers((line) => (line === '{"result":null}\n' ? '{}\n' : line)),
  },
  {
    name: 'request-of-a-closing-caller-dropped',
    requirement: 'peers.call.close',
    bug: 'The end of the stream is noticed before the request in front of it is handled, and the connection is cleaned up.',
    sabotage: tapCallers(() => {
      const DELAY_MS = 30
      let hasEnded = false
      return {
        received: (bytes, deliver) => {
          setTimeout(() => {
            if (!hasEnded) deliver(bytes)
          }, DELAY_MS)
        },
        ended: (_deliver, end) => {
          hasEnded = true
          end()
        },
      }
    }),
  },
  {
    name: 'second-request-unread',
    requirement: 'peers.call.several',
    bug: 'After its answer the server reads no more, but leaves the connection open: who asks again waits.',
    sabotage: tapCallers(() => {
      let isRead = false
      return {
        received: (bytes, deliver) => {
          const end = bytes.indexOf(LF)
          if (!isRead) deliver(end === -1 ? bytes : bytes.subarray(0, end + 1))
          isRead ||= end !== -1
        },
      }
    }),
  },
  {
    name: 'one-read-is-one-request',
    requirement: 'peers.call.split',
    bug: 'What one read gives is taken for one request: of two in one piece the second is lost, and one in two pieces is malformed.',
    sabotage: tapCallers(() => ({
      received: (bytes, deliver) => {
        const end = bytes.indexOf(LF)
        deliver(end === -1 ? Buffer.concat([bytes, newline]) : bytes.subarray(0, end + 1))
      },
    })),
  },
  {
    name: 'characters-torn-between-reads',
    requirement: 'peers.call.split',
    bug: 'Each read is decoded for itself, and a character whose bytes come in two reads is lost.',
    sabotage: tapCallers(() => ({
      received: (bytes, deliver) => deliver(Buffer.from(bytes.toString('utf8'))),
    })),
  },
  {
    name: 'request-of-at-most-8192-bytes',
    requirement: 'peers.call.length',
    bug: 'The buffer for a request has 8,192 bytes, and what is longer is refused.',
    rules: { requestBytesMax: 8192 },
  },
  {
    name: 'request-without-bound',
    requirement: 'peers.call.length',
    bug: 'A request is collected until its LF comes, however long that takes.',
    rules: { requestBytesMax: Number.MAX_SAFE_INTEGER },
  },
  {
    name: 'long-request-closed-without-a-word',
    requirement: 'peers.call.length',
    bug: 'A request that is too long closes the connection, and its caller takes the server for dead.',
    sabotage: tapAnswers((line) => (line.includes('a request is at most') ? undefined : line)),
  },
  {
    name: 'malformed-request-unanswered',
    requirement: 'peers.call.malformed',
    bug: 'A line that cannot be read is dropped without a word.',
    sabotage: tapAnswers((line) =>
      line.includes('"ProtocolError"') && !line.includes('at most') ? undefined : line,
    ),
  },
  {
    name: 'missing-args-are-none',
    requirement: 'peers.call.malformed',
    bug: 'A request without args, or with null for them, is a call without arguments.',
    rules: requestWith(({ args, params }) => args ?? (params === undefined ? [] : args)),
  },
  {
    name: 'named-arguments-taken',
    requirement: 'peers.call.malformed',
    bug: 'Arguments in an object are taken in its order, as the library for JSON-RPC does it.',
    rules: requestWith(({ args }) =>
      typeof args === 'object' && args !== null && !Array.isArray(args) ? Object.values(args) : args,
    ),
  },
  {
    name: 'method-name-converted',
    requirement: 'peers.call.malformed',
    bug: 'The method is made a text before it is looked up: ["check"] is check.',
    rules: {
      requestOf: ({ method, ...value }) =>
        peersRules.requestOf({ ...value, method: method === undefined ? method : String(method) }),
    },
  },
  {
    name: 'params-taken-for-args',
    requirement: 'peers.call.params',
    bug: 'The arguments are taken from params, where the first edition of the course had them.',
    rules: requestWith(({ args, params }) => args ?? params),
  },
  {
    name: 'params-not-explained',
    requirement: 'peers.call.params',
    bug: 'A request with params is malformed, and its author is not told why.',
    rules: {
      requestOf: (value) =>
        'params' in value && !('args' in value) ? 'malformed request' : peersRules.requestOf(value),
    },
  },
  {
    name: 'unknown-method-unanswered',
    requirement: 'peers.call.unknown-method',
    bug: 'The handler for unknown methods uses a variable that nobody has set, and the connection dies.',
    ...aborting((answer) => isError(answer, 'AttributeError')),
  },
  {
    name: 'unknown-method-gives-null',
    requirement: 'peers.call.unknown-method',
    bug: 'A method that does not exist does nothing and succeeds.',
    ...answering((answer, request) =>
      isError(answer, 'AttributeError') && request !== undefined && !isAttribute(request.method)
        ? { result: null }
        : answer,
    ),
  },
  {
    name: 'unknown-method-not-named',
    requirement: 'peers.call.unknown-method',
    bug: 'The error about an unknown method does not say which.',
    ...answering((answer) =>
      isError(answer, 'AttributeError')
        ? { error: { name: 'AttributeError', args: ['there is no such thing'] } }
        : answer,
    ),
  },
  {
    name: 'methods-looked-up-in-the-object',
    requirement: 'peers.call.private',
    bug: 'The method is looked up by its name in the object (getattr), and whatever is found is called: destroy, __class__, _peers.',
    ...answering((answer, request) =>
      isError(answer, 'AttributeError') && request !== undefined && isAttribute(request.method)
        ? { result: null }
        : answer,
    ),
  },
  {
    name: 'methods-of-every-feature-offered',
    requirement: 'peers.call.private',
    bug: 'One class has all methods, and those of lock and database can be called where they are switched off.',
    ...answering((answer, request) =>
      isError(answer, 'AttributeError') && request !== undefined && request.method in peersMethods
        ? { result: null }
        : answer,
    ),
  },
  {
    name: 'further-arguments-ignored',
    requirement: 'peers.call.arguments',
    bug: 'A method takes the arguments that it knows and does not look at the others.',
    rules: {
      argumentProblem: (schema, args) =>
        peersRules.argumentProblem(schema, args.slice(0, schemaSize(schema))),
    },
  },
  {
    name: 'arguments-not-checked',
    requirement: 'peers.call.arguments',
    bug: 'Only the number of the arguments is checked; their types are whatever comes.',
    rules: {
      argumentProblem: (schema, args) => (args.length === schemaSize(schema) ? undefined : 'not so many'),
    },
  },
  {
    name: 'wrong-arguments-are-a-value-error',
    requirement: 'peers.call.arguments',
    bug: 'Arguments of the wrong type are refused with the error for arguments of the wrong value.',
    ...answering((answer) =>
      isError(answer, 'TypeError')
        ? { error: { name: 'ValueError', args: ['something is wrong with the arguments'] } }
        : answer,
    ),
  },
  {
    name: 'reset-ends-the-program',
    requirement: 'peers.call.survive',
    bug: 'A connection that is reset raises an exception where nobody catches it.',
    ...dyingOf(() => {
      const ended = new Set<number>()
      return (input) => {
        if (input.kind === 'ended') ended.add(input.connection)
        return input.kind === 'closed' && input.connection < 0 && !ended.delete(input.connection)
      }
    }),
  },
  {
    name: 'bad-answer-ends-the-program',
    requirement: 'peers.call.survive',
    bug: 'An answer that is no JSON raises an exception where nobody catches it.',
    ...dyingOf(() => (input) => input.kind === 'message' && 'noAnswer' in input.message),
  },
  {
    name: 'server-waits-with-the-caller',
    requirement: 'peers.call.dispatch',
    bug: 'One thread does everything: while it waits for the answer to its own call nobody gets one from it.',
    wrapPeer: oneAtATime,
    wrapNameService: oneAtATime,
  },
]
