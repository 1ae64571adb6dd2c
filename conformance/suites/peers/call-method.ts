// A peer as the server of calls: what it refuses, and with which error. peers.md section 1.
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import { peersCase, stage } from './define.ts'
import { requireError, requireResult } from './procedures/answers.ts'
import { callBy, requireNone } from './procedures/calls.ts'
import { ask, requestText } from './procedures/lines.ts'
import { type Malformed, notOneObject, notRequests } from './procedures/malformed.ts'
import { idsOf, requireSameState, requireServes } from './procedures/standstill.ts'

const address = ['127.0.0.1', 7000] as const
/** One character more than a host may have. */
const hostTooLong = 'h'.repeat(256)

interface Refusal {
  readonly method: string
  readonly args: readonly unknown[]
}

/**
 * Calls that a joined peer must refuse with this error, each of them alone. Then nothing may have changed: no state, no event, no
 * call of its own, and the peer serves.
 */
async function requireRefused(
  bench: PeersBench,
  calls: readonly Refusal[],
  expected: {
    readonly requirement: string
    readonly name: string
    readonly about?: (call: Refusal) => string
  },
): Promise<void> {
  const { peer, lower, higher } = await bench.peerAmongPlayed(1, 1)
  const [first] = lower
  if (first === undefined) throw new Error('no lower peer')
  const before = await peer.state()
  const events = peer.events.length
  const start = bench.frames.length
  for (const call of calls) {
    const { answer } = await first.call(peer, call.method, call.args)
    const frame = requireError(bench, answer, {
      requirement: expected.requirement,
      name: expected.name,
      ...(expected.about && { about: expected.about(call) }),
      to: `${call.method} with ${JSON.stringify(call.args)}`,
    })
    bench.evidence(requestText(call.method, call.args), frame)
  }
  await requireSameState(bench, peer, before, expected.requirement, 'calls that were refused')
  const said = peer.events.slice(events)
  bench.require(said.length === 0, {
    requirement: expected.requirement,
    expected: 'no event because of calls that were refused',
    actual: JSON.stringify(said),
  })
  requireNone(bench, (frame) => frame.n >= start && callBy(peer)(frame), {
    requirement: expected.requirement,
    expected: 'no call of its own because of calls that were refused',
  })
  for (const played of [first, ...higher]) await requireServes(bench, played, peer, 'peers.call.survive')
}

const unknown = (
  slug: string,
  title: string,
  requirement: 'peers.call.unknown-method' | 'peers.call.private',
  names: readonly string[],
  hint: string,
  args: readonly (readonly unknown[])[] = [[]],
): Case<'peers'> =>
  peersCase({
    id: `${requirement}/${slug}`,
    role: 'peers.peer',
    title,
    also: ['peers.call.survive'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence:
      'an AttributeError that names the method, for each; the same state, no event, an answer to check',
    hint,
    run: (bench: PeersBench) =>
      requireRefused(
        bench,
        names.flatMap((method) => args.map((some) => ({ method, args: some }))),
        { requirement, name: 'AttributeError', about: ({ method }) => method },
      ),
  })

const wrongArguments = (
  method: string,
  lists: readonly (readonly unknown[])[],
  hint: string,
): Case<'peers'> =>
  peersCase({
    id: `peers.call.arguments/${method.replaceAll('_', '-')}`,
    role: 'peers.peer',
    title: `${method} with the wrong number or the wrong types of arguments is answered with a TypeError`,
    also: ['peers.call.survive'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'a TypeError with a text, for each; the same state, no event, an answer to check',
    hint,
    run: (bench: PeersBench) =>
      requireRefused(
        bench,
        lists.map((args) => ({ method, args })),
        { requirement: 'peers.call.arguments', name: 'TypeError' },
      ),
  })

const malformed = (slug: string, title: string, lines: readonly Malformed[], hint: string): Case<'peers'> =>
  peersCase({
    id: `peers.call.malformed/${slug}`,
    role: 'peers.peer',
    title,
    also: ['peers.call.survive', 'peers.call.answer'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence:
      'a ProtocolError with a text for each line, no peer gone from the list, and the valid request works',
    hint,
    async run(bench: PeersBench) {
      const { peer, lower } = await bench.peerAmongPlayed(1, 0)
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const before = await peer.state()
      for (const { what, bytes } of lines) {
        const { answer, connection } = await ask(
          first,
          peer,
          Buffer.concat([Buffer.from(bytes), Buffer.from('\n')]),
        )
        const frame = requireError(bench, answer, {
          requirement: 'peers.call.malformed',
          name: 'ProtocolError',
          to: what,
        })
        connection.close()
        bench.evidence(what, frame)
      }
      await requireSameState(bench, peer, before, 'peers.call.malformed', 'lines that are no request')
      const gone = await idsOf(peer, 'left')
      bench.require(gone.length === 0, {
        requirement: 'peers.call.malformed',
        expected: 'no event left because of lines that are no request',
        actual: JSON.stringify(gone),
      })
      await first.callFor(peer, 'unregister_peer', [first.id], 'peers.list.unregister')
      bench.require((await idsOf(peer, 'left')).join() === String(first.id), {
        requirement: 'peers.list.unregister',
        expected: `${first.id} to leave by the valid request`,
        actual: JSON.stringify(await peer.state()),
      })
    },
  })

/** What every case of malformed lines would do, if its lines were taken: the first lower peer, 10, leaves the list. */
const leaving = { method: 'unregister_peer', args: [10] } as const

const badAddresses: readonly unknown[] = [
  null,
  7,
  '127.0.0.1:7000',
  [],
  ['127.0.0.1'],
  ['127.0.0.1', '7000'],
  [7000, '127.0.0.1'],
  ['127.0.0.1', null],
  ['127.0.0.1', true],
  ['127.0.0.1', 7000.5],
  ['127.0.0.1', 0],
  ['127.0.0.1', -1],
  ['127.0.0.1', 65_536],
  ['', 7000],
  [hostTooLong, 7000],
  [['127.0.0.1'], 7000],
  ['127.0.0.1', 7000, 1],
  { host: '127.0.0.1', port: 7000 },
  { 0: '127.0.0.1', 1: 7000, length: 2 },
]

const badIds: readonly unknown[] = [null, '3', '', true, 3.5, [3], { id: 3 }]

export const callMethodCases: readonly Case<'peers'>[] = [
  malformed(
    'peer-not-one-object',
    'lines that are not one JSON object',
    notOneObject(requestText(leaving.method, leaving.args)),
    'Parse the whole line strictly, check that it is an object, and answer with a ProtocolError when it is not.',
  ),
  malformed(
    'peer-not-a-request',
    'objects without a string method or an array args',
    notRequests(leaving.method, leaving.args),
    'Check both types before you use them: an object or a text is no array.',
  ),
  peersCase({
    id: 'peers.call.params/peer',
    role: 'peers.peer',
    title:
      'params in place of args, as in the first edition of the course, is refused with a text that names args',
    also: ['peers.call.malformed'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'ProtocolErrors that name args, nobody gone from the list',
    hint: 'Say in the error which key is missing: whoever uses the old one learns what to change.',
    async run(bench: PeersBench) {
      const { peer, lower } = await bench.peerAmongPlayed(1, 0)
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const before = await peer.state()
      for (const params of [[], [10], [10, 'x'], { id: 10 }]) {
        for (const method of ['unregister_peer', 'check', 'dance']) {
          const text = JSON.stringify({ method, params })
          const { answer, connection } = await ask(first, peer, `${text}\n`)
          const frame = requireError(bench, answer, {
            requirement: 'peers.call.params',
            name: 'ProtocolError',
            about: 'args',
            to: text,
          })
          connection.close()
          bench.evidence(text, frame)
        }
      }
      await requireSameState(bench, peer, before, 'peers.call.params', 'requests with params')
    },
  }),
  unknown(
    'peer-names',
    'methods that nobody offers',
    'peers.call.unknown-method',
    [
      'dance',
      'Check',
      'check ',
      ' check',
      'check()',
      'print-message',
      'printMessage',
      'register_peers',
      'ünbekannt 😀',
      'a'.repeat(1000),
      'peers.check',
      '0',
    ],
    'Look the name up in a table of what you offer, and put it into the text of the error.',
    [[], [1, 'x']],
  ),
  unknown(
    'peer-empty-name',
    'the empty method name is a name that nobody offers',
    'peers.call.unknown-method',
    [''],
    'Test for the type of method, not for its truth.',
  ),
  unknown(
    'peer-object-attributes',
    'methods and attributes that the object of a peer has for itself',
    'peers.call.private',
    [
      'destroy',
      'start',
      'stop',
      'run',
      'join',
      'initialize',
      'send',
      'call',
      'state',
      'get_peers',
      'register_all',
      'peers',
      '_peers',
      'id',
      'type',
      'hash',
      'address',
      'name_service',
      'dispatch',
      'lock',
      'owner',
    ],
    'Never hand the name to getattr or to a property access: only the methods of the page can be called.',
  ),
  unknown(
    'peer-language-attributes',
    'what every object of Python, JavaScript or Java has',
    'peers.call.private',
    [
      '__class__',
      '__init__',
      '__dict__',
      '__del__',
      '__getattribute__',
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'valueOf',
      'hasOwnProperty',
      'isPrototypeOf',
      'getClass',
      'hashCode',
      'wait',
      'notify',
      'method_missing',
    ],
    'A look-up in an object finds what it has inherited: use a Map, or ask for its own keys.',
    [[], [1]],
  ),
  unknown(
    'peer-lock-off',
    'the methods of lock and database, at a peer without them',
    'peers.call.private',
    ['request_token', 'obtain_token', 'acquire', 'release', 'read', 'write', 'write_local', 'read_all'],
    'Methods of a feature that is off are unknown, whatever their arguments.',
    [[], [1, 10], [[[10, 0]]], ['a fortune']],
  ),
  unknown(
    'peer-name-service-methods',
    'the methods of a name service, at a peer',
    'peers.call.private',
    ['register', 'unregister', 'require_all', 'require_any', 'require_object'],
    'A program that can be both offers at each port only what that role has.',
    [[], ['object'], ['object', ['127.0.0.1', 7000]]],
  ),
  wrongArguments('check', [[1], [null], [[]], ['', '']], 'check takes no arguments.'),
  wrongArguments('display_peers', [[1], [null], [{}]], 'display_peers takes no arguments.'),
  wrongArguments(
    'register_peer',
    [
      [],
      [3],
      [3, address, 1],
      [address, 3],
      [3, ...address],
      ...badIds.map((id) => [id, address]),
      ...badAddresses.map((bad) => [3, bad]),
    ],
    'An id is an integer (true is none), an address a list of a host of 1 to 255 characters and a port of 1 to 65,535.',
  ),
  wrongArguments(
    'unregister_peer',
    [[], [10, 10], [10, null], [[10]], ['10'], [null], [true], [10.5], [{}]],
    'Take one integer: the text "10" is none, and it must not be turned into one.',
  ),
  wrongArguments(
    'print_message',
    [
      [],
      [1],
      [1, 'a', 'b'],
      [1, 2],
      [1, null],
      [1, true],
      [1, ['a']],
      [1, { text: 'a' }],
      ['a', 1],
      ...badIds.map((id) => [id, 'a']),
    ],
    'The first argument is an integer, the second a text.',
  ),
  peersCase({
    id: 'peers.call.arguments/extremes-that-fit',
    role: 'peers.peer',
    title: 'arguments at the edges of what is right are taken',
    also: ['peers.list.register', 'peers.list.unregister', 'peers.message.receive'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'null for ids 0 and 2^53-1, ports 1 and 65,535, hosts of 1 and 255 characters',
    hint: '0 is an id, and the largest integer of JSON is one too. An address is not looked up when it is registered.',
    async run(bench: PeersBench) {
      const { peer, lower } = await bench.peerAmongPlayed(1, 0)
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const most = Number.MAX_SAFE_INTEGER
      const calls: readonly Refusal[] = [
        { method: 'register_peer', args: [0, ['h', 1]] },
        { method: 'register_peer', args: [most, ['h'.repeat(255), 65_535]] },
        { method: 'print_message', args: [0, ''] },
        { method: 'print_message', args: [most, 'x'] },
      ]
      for (const { method, args } of calls) {
        const { answer } = await first.call(peer, method, args)
        const frame = requireResult(bench, answer, null, {
          requirement: 'peers.call.arguments',
          to: requestText(method, args),
        })
        bench.evidence(requestText(method, args), frame)
      }
      const { peers } = await peer.state()
      bench.require(peers.map(({ id }) => id).join() === [0, 10, most].join(), {
        requirement: 'peers.list.register',
        expected: `the list of 0, 10 and ${most}`,
        actual: JSON.stringify(peers),
      })
      for (const id of [0, most]) await first.callFor(peer, 'unregister_peer', [id], 'peers.list.unregister')
    },
  }),
]
