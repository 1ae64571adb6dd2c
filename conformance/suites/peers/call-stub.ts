// A peer as the caller, by its command `call`: what it sends, and what becomes of the answer. peers.md section 1.
import { isDeepStrictEqual } from 'node:util'
import type { Address } from '../../../spec/peers/messages.ts'
import type { Case } from '../../verdict/case.ts'
import type { Answer, PeerNode, PeersBench, Played } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { type Begun, begun, requireFailure, requireSuccess } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { failure, nothing } from './procedures/answers.ts'
import { requireCall } from './procedures/calls.ts'
import { outside } from './procedures/scene.ts'

type CallResult = Awaited<ReturnType<typeof makeCall>>

const makeCall = (peer: PeerNode, address: Address, method: string, args: readonly unknown[] = []) =>
  peer.command('call', { address, method, args: [...args] })

const beginCall = (
  peer: PeerNode,
  played: Played,
  method: string,
  args: readonly unknown[] = [],
): Begun<CallResult> => begun(makeCall(peer, played.addressFor(peer), method, args))

/** The command ended with this answer. */
async function requireAnswer(
  bench: PeersBench,
  call: Begun<CallResult>,
  answer: unknown,
  requirement: string,
  to: string,
): Promise<void> {
  const outcome = await call.outcome
  const actual = outcome.ok ? outcome.result : `the error ${outcome.code}`
  bench.require(isDeepStrictEqual(actual, answer), {
    requirement,
    expected: `${JSON.stringify(answer)} as the result of the command, for ${to}`,
    actual: JSON.stringify(actual),
  })
}

/** The program closed the connection of this request, after which nothing more came on it. */
async function requireClosed(
  bench: PeersBench,
  played: Played,
  request: Frame,
  after: string,
): Promise<void> {
  const closed = await played.connectionOf(request).closedByNode()
  bench.require(closed, {
    requirement: 'peers.call.one',
    expected: `the caller to close its connection after ${after}`,
    actual: 'it stays open',
    exhibits: [{ frame: request.n }],
  })
  const lines = bench.frames.filter(
    ({ connection, from }) => connection === request.connection && from === request.from,
  )
  bench.require(lines.length === 1, {
    requirement: 'peers.call.one',
    expected: 'one request on a connection',
    actual: `${lines.length} lines`,
    exhibits: lines.map(({ n }) => ({ frame: n })),
  })
}

const present = (slug: string, title: string, results: readonly unknown[], hint: string): Case<'peers'> =>
  peersCase({
    id: `peers.call.presence/${slug}`,
    role: 'peers.peer',
    title,
    also: ['peers.control.call', 'peers.call.one'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'each result unchanged as the result of the command',
    hint,
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      for (const result of results) {
        stranger.on('give', () => ({ result }))
        const call = beginCall(peer, stranger, 'give')
        const request = await requireCall(bench, stranger, 'give', {
          requirement: 'peers.control.call',
          expected: 'the call',
        })
        const text = JSON.stringify(result).slice(0, 60)
        await requireAnswer(bench, call, { result }, 'peers.call.presence', `the answer {"result":${text}}`)
        bench.evidence(`the result ${text}`, request)
      }
    },
  })

interface NoAnswer {
  readonly what: string
  readonly answer: Answer
  readonly codes: readonly string[]
}

const broken = (what: string, raw: string | Uint8Array): NoAnswer => ({
  what,
  answer: { raw: typeof raw === 'string' ? `${raw}\n` : raw },
  codes: ['bad-answer'],
})

const noAnswer = (
  id: `${string}/${string}`,
  title: string,
  answers: readonly NoAnswer[],
  hint: string,
): Case<'peers'> =>
  peersCase({
    id,
    role: 'peers.peer',
    title,
    also: ['peers.control.call', 'peers.call.survive'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'the request, then the error of the command; a call after each of them that works',
    hint,
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      stranger.on('again', () => ({ result: 'well' }))
      for (const { what, answer, codes } of answers) {
        stranger.on('give', () => answer)
        const call = beginCall(peer, stranger, 'give')
        const request = await requireCall(bench, stranger, 'give', {
          requirement: 'peers.control.call',
          expected: 'the call',
        })
        await requireFailure(bench, call, codes, id.slice(0, id.indexOf('/')), `when the answer is ${what}`)
        bench.evidence(what, request)
        const next = beginCall(peer, stranger, 'again')
        await requireAnswer(bench, next, { result: 'well' }, 'peers.call.survive', `a call after ${what}`)
      }
    },
  })

/** An answer of exactly so many bytes, the LF not counted, whose result is short: blanks may stand anywhere in JSON. */
function longAnswer(bytes: number): string {
  const begin = '{"result":'
  const end = '"long"}'
  return `${begin}${' '.repeat(bytes - begin.length - end.length)}${end}`
}

const ANSWER_BYTES_MAX = 8_388_608

const strangeArgs: readonly (readonly unknown[])[] = [
  [],
  [null],
  [0, false, '', [], {}],
  [-1, 2 ** 53 - 1, -(2 ** 53 - 1), 0.5],
  ['true', 'null', '0', '[]'],
  [[[[['deep']]]], [[], [[]]]],
  [{ args: [1], method: 'x', error: null, b: 1, a: 2 }],
  ['"\\/\b\f\n\r\t\u0001\u007f', ' blanks ', 'é€😀', '\u2028\u2029\u0000\ufeff'],
  JSON.parse('[{"__proto__":1,"constructor":{"prototype":null},"":0}]'),
  Array.from({ length: 300 }, (_, i) => i),
]

export const callStubCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.call.request/peer-as-caller',
    role: 'peers.peer',
    title: 'a call is an object with method and args and nothing else, the arguments unchanged',
    also: ['peers.control.call'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'requests with exactly these arguments, in order and with their types',
    hint: 'Hand the list of arguments over as it is: do not spread, join or convert it.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const methods = ['give', 'ünüblich', 'a b', '__class__', '', 'x'.repeat(200)]
      for (const [i, args] of [...strangeArgs, ...methods.map(() => [1])].entries()) {
        const method = methods[i - strangeArgs.length] ?? 'give'
        stranger.on(method, () => nothing)
        const call = beginCall(peer, stranger, method, args)
        const request = await requireCall(bench, stranger, method, {
          requirement: 'peers.control.call',
          expected: `the call of ${JSON.stringify(method)}`,
          args,
        })
        bench.require(
          Object.keys(request.message ?? {})
            .toSorted()
            .join() === 'args,method',
          {
            requirement: 'peers.call.request',
            expected: 'the keys args and method and no others',
            actual: JSON.stringify(request.message),
            exhibits: [{ frame: request.n }],
          },
        )
        await requireAnswer(bench, call, { result: null }, 'peers.control.call', `the call of ${method}`)
        bench.evidence(JSON.stringify(args).slice(0, 60), request)
      }
    },
  }),
  peersCase({
    id: 'peers.call.one/connection-for-each',
    role: 'peers.peer',
    title: 'each call has a connection of its own, which the caller closes after the answer',
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'three requests on three connections, closed after a result, an error and a bad answer',
    hint: 'Close the socket on every way out: result, error, bad answer (try and finally, with).',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const answers: readonly (readonly [string, Answer])[] = [
        ['a result', { result: [1] }],
        ['an error', failure('ValueError', 1)],
        ['a bad answer', { raw: 'oops\n' }],
      ]
      const connections = new Set<number | undefined>()
      for (const [what, answer] of answers) {
        stranger.on('give', () => answer)
        const call = beginCall(peer, stranger, 'give')
        const request = await requireCall(bench, stranger, 'give', {
          requirement: 'peers.call.one',
          expected: 'the call',
        })
        await call.outcome
        await requireClosed(bench, stranger, request, what)
        connections.add(request.connection)
        bench.evidence(`closed after ${what}`, request)
      }
      bench.require(connections.size === answers.length, {
        requirement: 'peers.call.one',
        expected: 'a connection for each call',
        actual: `${connections.size} connections for ${answers.length} calls`,
      })
    },
  }),
  present(
    'empty-values',
    'results that look like nothing are results: null, false, 0, "", [] and {}',
    [null, false, 0, '', [], {}],
    'Ask whether the key result is there, not whether its value is true.',
  ),
  present(
    'any-values',
    'results of every type come back unchanged',
    [
      true,
      42,
      -7.25,
      2 ** 53 - 1,
      'error',
      'é€😀 "quoted" \\ \n',
      [1, ['127.0.0.1', 7000]],
      [null, [null]],
      { error: { name: 'Exception', args: ['not raised'] } },
      { result: null },
      JSON.parse('{"__proto__":null,"toString":1}'),
    ],
    'The value of result belongs to the caller: do not look into it.',
  ),
  peersCase({
    id: 'peers.call.raise/names-and-args',
    role: 'peers.peer',
    title: 'an error comes back with its name and all its arguments, in order and with their types',
    also: ['peers.call.presence', 'peers.control.call'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'each error as the result of the command',
    hint: 'An error of the other side is an answer. Keep its args a list: not its first entry, not a text of it.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const errors: readonly (readonly [string, readonly unknown[]])[] = [
        ['Exception', ["No peer with id: '7'"]],
        ['Exception', []],
        ['ValueError', ['two', 'texts']],
        ['KeyError', [0, null, false, '', [], { a: 1 }]],
        ['NobodyHasEverHeardOfThisError', [[1, [2, [3]]], -1.5]],
        ['SystemExit', [0]],
        ['KeyboardInterrupt', []],
        ['TypeError', ['a', 1]],
        ['ProtocolError', ['no']],
        ['constructor', [1]],
        ['', ['']],
        ['Ünïcödë 😀', ['\n']],
      ]
      for (const [name, args] of errors) {
        stranger.on('give', () => failure(name, ...args))
        const call = beginCall(peer, stranger, 'give')
        const request = await requireCall(bench, stranger, 'give', {
          requirement: 'peers.control.call',
          expected: 'the call',
        })
        await requireSuccess(bench, call, 'peers.control.call', 'call to succeed: an error is an answer')
        await requireAnswer(
          bench,
          call,
          { error: { name, args } },
          'peers.call.raise',
          `the error ${JSON.stringify(name)}`,
        )
        bench.evidence(`${name} ${JSON.stringify(args)}`, request)
      }
    },
  }),
  noAnswer(
    'peers.call.presence/bad-answers',
    'an answer with both keys or neither, and what is no answer at all',
    [
      broken('both keys', '{"result":1,"error":{"name":"Exception","args":[]}}'),
      broken('both keys, the result null', '{"result":null,"error":{"name":"Exception","args":[]}}'),
      broken('both keys, the error null', '{"result":1,"error":null}'),
      broken('an empty object', '{}'),
      broken('an object with other keys', '{"Result":1,"value":1}'),
      broken('an error that is null', '{"error":null}'),
      broken('an error that is a text', '{"error":"Exception"}'),
      broken('an error without args', '{"error":{"name":"Exception"}}'),
      broken('an error without name', '{"error":{"args":[]}}'),
      broken('an error whose name is a number', '{"error":{"name":1,"args":[]}}'),
      broken('an error whose args are a text', '{"error":{"name":"Exception","args":"text"}}'),
      broken('an error whose args are an object', '{"error":{"name":"Exception","args":{}}}'),
      broken('an array', '[{"result":1}]'),
      broken('null', 'null'),
      broken('a number', '1'),
      broken('a text', '"result"'),
      broken('an empty line', ''),
      broken('a word', 'result'),
      broken('half an object', '{"result":1'),
      broken('an object and more', '{"result":1} {"result":2}'),
      broken('NaN', '{"result":NaN}'),
      broken('bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x0a])),
    ],
    'Exactly one of the two keys makes an answer; an error has a text name and a list args.',
  ),
  peersCase({
    id: 'peers.call.split/peer-as-caller',
    role: 'peers.peer',
    title: 'answers that come byte by byte, with a CR before the LF, or with more behind them',
    also: ['peers.call.one'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'the results, whole',
    hint: 'Read until the LF, however many pieces that takes, and decode the line as a whole.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const result = 'é€😀 ende'
      stranger.on('give', () => 'silent')
      const bytes = Buffer.from(`${JSON.stringify({ result })}\r\n`)
      const call = beginCall(peer, stranger, 'give')
      const request = await requireCall(bench, stranger, 'give', {
        requirement: 'peers.control.call',
        expected: 'the call',
      })
      const connection = stranger.connectionOf(request)
      for (const byte of bytes) {
        await connection.sendBytes(Uint8Array.of(byte))
        await bench.quiet(() => false, 1)
      }
      await requireAnswer(bench, call, { result }, 'peers.call.split', 'an answer byte by byte')
      bench.evidence('byte by byte', request)
      stranger.on('give', () => ({ raw: '{"result":"first"}\n{"result":"second"}\nand so on' }))
      await requireAnswer(
        bench,
        beginCall(peer, stranger, 'give'),
        { result: 'first' },
        'peers.call.split',
        'an answer with more behind it in the same piece',
      )
    },
  }),
  peersCase({
    id: 'peers.call.length/peer-long-answers',
    role: 'peers.peer',
    title: 'answers of up to 8,388,608 bytes are read, a longer one is a bad answer',
    also: ['peers.call.one', 'peers.control.call'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'the results of long answers, bad-answer for one byte more, and for one without end',
    hint: 'Read on until the LF: one recv() gives what has come so far. Stop at the limit, and fail the call.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      for (const size of [8000, 8001, 65_537, 1_000_000, ANSWER_BYTES_MAX]) {
        stranger.on('give', () => ({ raw: `${longAnswer(size)}\n` }))
        const call = beginCall(peer, stranger, 'give')
        const request = await requireCall(bench, stranger, 'give', {
          requirement: 'peers.control.call',
          expected: 'the call',
        })
        await requireAnswer(
          bench,
          call,
          { result: 'long' },
          'peers.call.length',
          `an answer of ${size} bytes`,
        )
        bench.evidence(`${size} bytes`, request)
      }
      const text = 'a'.repeat(900_000)
      stranger.on('give', () => ({ result: [text, 'end'] }))
      await requireAnswer(
        bench,
        beginCall(peer, stranger, 'give'),
        { result: [text, 'end'] },
        'peers.call.length',
        'an answer with a text of 900,000 characters',
      )
      for (const [what, raw] of [
        ['is one byte too long', `${longAnswer(ANSWER_BYTES_MAX + 1)}\n`],
        ['has no end', ' '.repeat(ANSWER_BYTES_MAX + 65_536)],
      ] as const) {
        stranger.on('give', () => ({ raw }))
        await requireFailure(
          bench,
          beginCall(peer, stranger, 'give'),
          ['bad-answer'],
          'peers.call.length',
          `when the answer ${what}`,
        )
      }
    },
  }),
  noAnswer(
    'peers.control.call/closed-without-answer',
    'a side that closes or resets the connection without a whole answer is unreachable',
    [
      { what: 'the end of the connection', answer: 'close', codes: ['unreachable'] },
      { what: 'a reset', answer: 'reset', codes: ['unreachable'] },
      {
        what: 'half a line and the end of the connection',
        answer: { raw: '{"result":', close: true },
        codes: ['unreachable', 'bad-answer'],
      },
    ],
    'The end of the stream is an answer to read() too: an empty one. It must not crash you, nor count as null.',
  ),
  noAnswer(
    'common.tcp.cut/peer-as-caller',
    'an answer without its LF is none when the connection ends',
    [
      {
        what: 'a line without LF and the end of the connection',
        answer: { raw: '{"result":1}', close: true },
        codes: ['unreachable', 'bad-answer'],
      },
    ],
    'readline() of many languages gives the rest before the end of the stream as well: look whether it ends with LF.',
  ),
  peersCase({
    id: 'peers.control.call/refused',
    role: 'peers.peer',
    title: 'a call to a side that refuses connections is unreachable, and a later one works',
    also: ['peers.call.survive'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'the error unreachable, then the call once the side listens',
    hint: 'Catch the error of connect() and report it; the next call opens a connection of its own.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      stranger.on('give', () => ({ result: 1 }))
      stranger.listening = false
      await requireFailure(
        bench,
        beginCall(peer, stranger, 'give'),
        ['unreachable'],
        'peers.control.call',
        'when nobody listens there',
      )
      bench.require(stranger.received('give').length === 0, {
        requirement: 'peers.control.call',
        expected: 'no request at an address where nobody listens',
        actual: 'one',
      })
      stranger.listening = true
      const call = beginCall(peer, stranger, 'give')
      await requireAnswer(
        bench,
        call,
        { result: 1 },
        'peers.control.call',
        'a call to the same side, which listens',
      )
      bench.evidence(
        'called again',
        await requireCall(bench, stranger, 'give', {
          requirement: 'peers.control.call',
          expected: 'the call once the side listens',
        }),
      )
    },
  }),
  peersCase({
    id: 'peers.control.call/result-too-long',
    role: 'peers.peer',
    title: 'a result that does not fit into a line of the control channel is answered with internal',
    also: ['control.lines', 'peers.call.length', 'peers.call.survive'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'the request, then the error internal; a call after it that works',
    hint: 'A line of the control channel has at most 1,048,576 bytes: measure before you write.',
    // A line that is too long spoils the control channel for all nodes of a process.
    ownProcesses: true,
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      stranger.on('give', () => ({ result: 'x'.repeat(2_000_000) }))
      const call = beginCall(peer, stranger, 'give')
      const request = await requireCall(bench, stranger, 'give', {
        requirement: 'peers.control.call',
        expected: 'the call',
      })
      await requireFailure(
        bench,
        call,
        ['internal'],
        'peers.control.call',
        'for a result of 2,000,000 characters',
      )
      stranger.on('give', () => ({ result: 'short' }))
      await requireAnswer(
        bench,
        beginCall(peer, stranger, 'give'),
        { result: 'short' },
        'peers.call.survive',
        'a call after it',
      )
      bench.evidence('internal', request)
    },
  }),
]
