// What a name service refuses, with which error, and that nothing changes by it. peers.md sections 1 and 4.
import type { Address } from '../../../spec/peers/messages.ts'
import type { Case } from '../../verdict/case.ts'
import type { NameServiceNode, PeersBench, Played } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { stage } from './define.ts'
import { nameServiceCase } from './name-service-case.ts'
import { requireError } from './procedures/answers.ts'
import { callText } from './procedures/call-results.ts'
import { requestText } from './procedures/lines.ts'
import { type Malformed, notOneObject, notRequests } from './procedures/malformed.ts'
import {
  type Call,
  callsInTurn,
  farAddress,
  linesInTurn,
  nameServiceAndCaller,
  type Registration,
  register,
  registrationOf,
  requireUnchanged,
} from './procedures/registrations.ts'

const withLf = (bytes: Uint8Array | string): Uint8Array =>
  Buffer.concat([Buffer.from(bytes), Buffer.from('\n')])

/** Sends lines that are no request: each is answered with a ProtocolError. Gives the answers. */
async function requireAllMalformed(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  lines: readonly Malformed[],
  requirement: string,
  about = '',
): Promise<readonly Frame[]> {
  const answers = await linesInTurn(
    bench,
    node,
    caller,
    lines.map(({ what, bytes }) => ({ line: withLf(bytes), what })),
    requirement,
  )
  for (const [i, { what }] of lines.entries())
    requireError(bench, answers[i], { requirement, name: 'ProtocolError', about, to: what })
  return answers
}

/** Makes calls that are all refused with this error. Gives the answers. */
async function requireAllRefused(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  calls: readonly Call[],
  name: string,
  requirement: string,
): Promise<readonly Frame[]> {
  const answers = await callsInTurn(bench, node, caller, calls, requirement)
  for (const [i, [method, args]] of calls.entries())
    requireError(bench, answers[i], {
      requirement,
      name,
      about: name === 'AttributeError' ? method : '',
      to: callText(method, args),
    })
  return answers
}

/** Registers at the end of a case: the name service serves, and the refused requests have left nothing behind. */
async function requireServes(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  known: readonly Registration[],
  requirement: string,
  after: string,
): Promise<void> {
  await requireUnchanged(bench, node, caller, known, requirement, after)
  const next = await register(bench, node, caller, farAddress(9000), bench.type, requirement)
  bench.evidence(`registers after ${after}`, next.frame)
}

/** Names of methods that the object behind a name service has in some language, or that a name service might offer. */
const privateNames: readonly string[] = [
  '__class__',
  '__init__',
  '__dict__',
  '__del__',
  '__doc__',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'getClass',
  'wait',
  '_registry',
  '_peers',
  'peers',
  'types',
  'registrations',
  'config',
  'address',
  'start',
  'stop',
  'state',
  'run',
  'exit',
  'close',
  'destroy',
  'register.__call__',
]

const argumentsOf = (name: string): readonly unknown[] => (name === 'config' ? [{}] : [])

/** Calls with a wrong number or wrong types of arguments, around a registration that exists. */
function wrongCalls({ type, id, hash }: Registration): readonly Call[] {
  const address: Address = ['wrong.example', 4001]
  const tooLong = 'x'.repeat(101)
  const wrongAddresses: readonly unknown[] = [
    'wrong.example:4001',
    { host: 'wrong.example', port: 4001 },
    null,
    [],
    ['wrong.example'],
    ['wrong.example', 4001, 4002],
    ['wrong.example', '4001'],
    ['wrong.example', 0],
    ['wrong.example', 65_536],
    ['wrong.example', -1],
    ['wrong.example', 4001.5],
    ['wrong.example', true],
    ['wrong.example', null],
    ['', 4001],
    ['h'.repeat(256), 4001],
    [4001, 'wrong.example'],
    [null, 4001],
    [['wrong.example'], 4001],
  ]
  const wrongTypes: readonly unknown[] = ['', tooLong, 5, 0, null, true, [type], { type }]
  const wrongIds: readonly unknown[] = [String(id), id + 0.5, null, true, false, [id], {}, '']
  const wrongHashes: readonly unknown[] = ['', tooLong, 7, null, true, [hash], {}]
  return [
    ['register', []],
    ['register', [type]],
    ['register', [type, address, 1]],
    ['register', [type, ...address]],
    ['register', [address, type]],
    ['register', [[type, address]]],
    ...wrongTypes.map((wrong): Call => ['register', [wrong, address]]),
    ...wrongAddresses.map((wrong): Call => ['register', [type, wrong]]),
    ['unregister', []],
    ['unregister', [id]],
    ['unregister', [id, type]],
    ['unregister', [id, type, hash, null]],
    ['unregister', [type, id, hash]],
    ['unregister', [[id, type, hash]]],
    ...wrongIds.map((wrong): Call => ['unregister', [wrong, type, hash]]),
    ...wrongTypes.map((wrong): Call => ['unregister', [id, wrong, hash]]),
    ...wrongHashes.map((wrong): Call => ['unregister', [id, type, wrong]]),
    ...['require_all', 'require_any'].flatMap((method): Call[] => [
      [method, []],
      [method, [type, type]],
      [method, [type, null]],
      ...wrongTypes.map((wrong): Call => [method, [wrong]]),
    ]),
    ['require_object', []],
    ['require_object', [type]],
    ['require_object', [type, id, id]],
    ['require_object', [id, type]],
    ...wrongIds.map((wrong): Call => ['require_object', [type, wrong]]),
    ...wrongTypes.map((wrong): Call => ['require_object', [wrong, id]]),
  ]
}

export const nameServiceRefusalCases: readonly Case<'peers'>[] = [
  nameServiceCase({
    id: 'peers.call.malformed/name-service-lines',
    also: ['peers.name-service.state'],
    title: 'lines that are no request are answered with a ProtocolError and change nothing',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'a ProtocolError with a text for each line, the same registrations, and a new one after it',
    hint: 'Check that the line is one JSON object with a string method and an array args before you look at them. The whole line is decoded as UTF-8.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      const args = [bench.type, ['malformed.example', 4001]]
      const lines = [
        ...notOneObject(requestText('register', args)),
        ...notRequests('register', args),
        { what: 'args that come first and are no array', bytes: '{"args":{"0":1},"method":"require_all"}' },
      ]
      const requirement = 'peers.call.malformed'
      const answers = await requireAllMalformed(bench, node, caller, lines, requirement)
      bench.evidence(`${answers.length} lines refused`, answers.at(-1))
      await requireServes(bench, node, caller, [known], requirement, `${lines.length} malformed lines`)
    },
  }),
  nameServiceCase({
    id: 'peers.call.params/name-service-names-args',
    also: ['peers.call.request'],
    title: 'a request with params in place of args is malformed, and the answer names args',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'a ProtocolError whose text contains args, nobody registered; the same request with args works',
    hint: 'The first edition of the course said params. Tell those who still do: "args is missing".',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const address = farAddress(1)
      const params = [bench.type, address]
      const requirement = 'peers.call.params'
      const lines = [
        { what: 'a register with params', bytes: JSON.stringify({ method: 'register', params }) },
        { what: 'a require_all with params', bytes: JSON.stringify({ method: 'require_all', params: [] }) },
        { what: 'params before the method', bytes: JSON.stringify({ params, method: 'register' }) },
        { what: 'params and an id', bytes: JSON.stringify({ id: 1, method: 'register', params }) },
      ]
      const answers = await requireAllMalformed(bench, node, caller, lines, requirement, 'args')
      bench.evidence('refused with params', answers[0])
      await requireUnchanged(bench, node, caller, [], requirement, 'requests with params')
      const both = { method: 'register', params: [1], args: params }
      const [answer] = await linesInTurn(
        bench,
        node,
        caller,
        [{ line: withLf(JSON.stringify(both)), what: 'a register with args, and params beside them' }],
        'peers.call.request',
      )
      const registered = registrationOf(bench, answer, bench.type, address, 'peers.call.request')
      bench.evidence('registered with args', registered.frame)
    },
  }),
  nameServiceCase({
    id: 'peers.call.unknown-method/name-service-others',
    also: ['peers.name-service.state'],
    title: 'methods that a name service does not offer, those of a peer and misspelt ones',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'an AttributeError whose text names the method for each, and the same registrations',
    hint: 'Look the method up in a list of what you offer, letter by letter.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      const address = farAddress(2)
      const calls: readonly Call[] = [
        ['dance', []],
        ['dance', [bench.type, address]],
        ['Register', [bench.type, address]],
        ['REGISTER', [bench.type, address]],
        ['register ', [bench.type, address]],
        [' register', [bench.type, address]],
        ['register\n', [bench.type, address]],
        ['register\u0000', [bench.type, address]],
        ['registеr', [bench.type, address]], // The last e is Cyrillic.
        ['regist', [bench.type, address]],
        ['requireAll', [bench.type]],
        ['require', [bench.type]],
        ['require_', [bench.type]],
        ['un_register', [known.id, known.type, known.hash]],
        ['name_service.register', [bench.type, address]],
        ['check', []],
        ['register_peer', [0, address]],
        ['unregister_peer', [known.id]],
        ['print_message', [0, 'hello']],
        ['request_token', [1, 0]],
        ['write', ['a fortune']],
        ['métödé', []],
        ['m'.repeat(1000), []],
      ]
      const requirement = 'peers.call.unknown-method'
      const answers = await requireAllRefused(bench, node, caller, calls, 'AttributeError', requirement)
      bench.evidence(`${answers.length} unknown methods refused`, answers[0])
      await requireServes(bench, node, caller, [known], requirement, 'calls of unknown methods')
    },
  }),
  nameServiceCase({
    id: 'peers.call.private/name-service-attributes',
    also: ['peers.call.unknown-method', 'peers.name-service.state'],
    title: 'whatever else the object has can not be called: attributes, inherited methods, stop',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'an AttributeError whose text names the method for each, and a name service that serves on',
    hint: 'getattr(self, name), self[name] and reflection find far more than your five methods. Keep a list of what may be called.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      const requirement = 'peers.call.private'
      const calls = privateNames.map((name): Call => [name, argumentsOf(name)])
      const answers = await requireAllRefused(bench, node, caller, calls, 'AttributeError', requirement)
      bench.evidence(`${answers.length} private names refused`, answers[0])
      await requireServes(bench, node, caller, [known], requirement, 'calls of private names')
    },
  }),
  nameServiceCase({
    id: 'peers.call.arguments/name-service-wrong',
    also: ['peers.name-service.state'],
    title: 'each method with too few, too many and wrong arguments',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'a TypeError with a text for each call, the same registrations, and a new one after it',
    hint: 'Check number and types before you touch the state. In some languages true is an integer, 1.5 is rounded, and a string is an array.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      // With the ids 0 and 1, as most give them, false and true would find somebody if they were taken for integers.
      const first = await register(bench, node, caller, farAddress(0))
      const known = await register(bench, node, caller, farAddress(1))
      const requirement = 'peers.call.arguments'
      const calls = wrongCalls(known)
      const answers = await requireAllRefused(bench, node, caller, calls, 'TypeError', requirement)
      bench.evidence(`${answers.length} calls with wrong arguments refused`, answers[0])
      await requireServes(bench, node, caller, [first, known], requirement, 'calls with wrong arguments')
    },
  }),
  nameServiceCase({
    id: 'peers.call.arguments/name-service-limits',
    also: ['peers.require.all', 'peers.require.address'],
    title: 'arguments at the limits of their types are good ones',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence:
      'registrations with types of 1 and 100 characters, hosts of 1 and 255, and the ports 1 and 65535',
    hint: 'The limits are part of the range, and characters are no bytes.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const limits: readonly (readonly [string, Address])[] = [
        ['t', ['h', 1]],
        ['t'.repeat(100), ['h'.repeat(255), 65_535]],
        ['é'.repeat(100), ['ü'.repeat(255), 65_535]],
        ['☃'.repeat(100), ['☃'.repeat(255), 1]],
      ]
      for (const [type, address] of limits) {
        const requirement = 'peers.call.arguments'
        const registered = await register(bench, node, caller, [...address], type, requirement)
        const found = await caller.callFor(node, 'require_any', [type], requirement)
        bench.require(JSON.stringify(found) === JSON.stringify(address), {
          requirement: 'peers.require.address',
          expected: `the address as it was registered: ${JSON.stringify(address)}`,
          actual: JSON.stringify(found),
          exhibits: [{ frame: registered.frame.n }],
        })
        bench.evidence(
          `a type of ${type.length} and a host of ${address[0].length} characters`,
          registered.frame,
        )
      }
    },
  }),
]
