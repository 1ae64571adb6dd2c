// Who is registered, and where: `require_all`, `require_any`, `require_object`, and types that do not see each other.
// peers.md sections 2 and 4.
import { isDeepStrictEqual } from 'node:util'
import type { Address } from '../../../spec/peers/messages.ts'
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import { stage } from './define.ts'
import { nameServiceCase } from './name-service-case.ts'
import { requireResult } from './procedures/answers.ts'
import { callText, requireRefused, resultOf } from './procedures/call-results.ts'
import { unfairness } from './procedures/chance.ts'
import {
  type Call,
  callsInTurn,
  enlist,
  farAddress,
  listed,
  nameServiceAndCaller,
  type Registration,
  register,
  registerAll,
  requireGone,
  requireRegistered,
  requireUnchanged,
  unregister,
} from './procedures/registrations.ts'

/** Strings that some implementations would take for one another, or for something else than a type. */
const peculiarTypes = (type: string): readonly string[] => [
  type,
  type.toUpperCase(),
  ` ${type}`,
  `${type} `,
  `${type}\n`,
  `${type}\u0000`,
  `${type}/${type}`,
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  '__class__',
  'object',
  'Object',
  'null',
  'undefined',
  'true',
  '0',
  'length',
  '*',
  '%',
  '.*',
  ' ',
  // One letter, and a letter with an accent behind it.
  '\u00e9',
  'e\u0301',
  '😀',
]

/** Addresses that must come back as they are: names of all kinds, which nobody resolves, folds or trims. */
const peculiarAddresses: readonly Address[] = [
  ['127.0.0.1', 1],
  ['127.1', 40_001],
  ['localhost', 40_001],
  ['LOCALHOST', 40_001],
  ['localhost.', 40_001],
  ['::1', 40_001],
  ['[::1]', 40_001],
  ['0:0:0:0:0:0:0:1', 40_001],
  ['0.0.0.0', 65_535],
  ['chipolata2.ida.liu.se', 42_424],
  ['Mixed-Case.Example', 40_001],
  ['xn--grn-hoa.example', 40_001],
  ['grün.example', 40_001],
  [' blanks at both ends ', 40_001],
  ['tab\tand\nline end', 40_001],
  ['quote " and \\ backslash', 40_001],
  ['\u0000', 40_001],
  ['\u2028\u2029', 40_001],
  ['e\u0301.example', 40_001],
  ['☃😀', 40_001],
  ['__proto__', 40_001],
  ['12', 12],
  ['h'.repeat(255), 40_001],
]

export const nameServiceRequireCases: readonly Case<'peers'>[] = [
  nameServiceCase({
    id: 'peers.require.all/everybody-in-order',
    also: ['peers.register.id'],
    title: 'require_all gives all peers of the type, whoever asks, in the order of ids',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'nobody at first, then the first alone, then all twelve in the order of their ids',
    hint: 'The caller is in its own answer. Sort by the id as a number: 10 comes after 9.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const requirement = 'peers.require.all'
      await requireRegistered(bench, node, caller, [], { requirement, when: 'before anybody has registered' })
      const own = await register(bench, node, caller, caller.addressFor(node))
      const alone = await requireRegistered(bench, node, caller, [own], {
        requirement,
        when: 'asked by the only one who is registered',
      })
      bench.evidence('the caller itself', alone)
      const others = await registerAll(
        bench,
        node,
        caller,
        // Falling ports and names: nothing but the id gives the order.
        Array.from({ length: 11 }, (_, i): Address => [`peer-${99 - i}.example`, 50_000 - i]),
      )
      const frame = await requireRegistered(bench, node, caller, [own, ...others], {
        requirement,
        when: 'after twelve have registered',
      })
      bench.evidence('twelve in order', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.require.all/a-thousand',
    also: ['peers.call.answer', 'peers.register.id'],
    title: 'a thousand registrations are one line',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'one answer of more than 100,000 bytes with a thousand peers in the order of their ids',
    hint: 'Write the whole answer, however many writes that takes: one write may take a part only.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const filler = '-with-a-long-name'.repeat(6)
      const addresses = Array.from({ length: 1000 }, (_, i): Address => [`p${i}${filler}.example`, 1 + i])
      const registered = await registerAll(bench, node, caller, addresses)
      const frame = await requireRegistered(bench, node, caller, registered, {
        requirement: 'peers.require.all',
        when: 'after a thousand have registered',
      })
      bench.evidence(`a thousand in ${JSON.stringify(frame.message).length} bytes`, frame)
    },
  }),
  nameServiceCase({
    id: 'peers.require.any/by-chance',
    title: 'require_any gives each of three peers with equal chances',
    stage: stage.register,
    observes: ['wire'],
    evidence:
      'each of three peers in a third of 800 answers, and repeats as chance makes them (false alarm: below 1 in 10^9)',
    hint: 'Draw a place from 0 to n-1 with equal chances for each call: neither always the first, nor one after the other, nor rounded.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const addresses = [farAddress(1), farAddress(2), farAddress(3)]
      await registerAll(bench, node, caller, addresses)
      const calls = Array.from({ length: 800 }, (): Call => ['require_any', [bench.type]])
      const requirement = 'peers.require.any'
      const answers = await callsInTurn(bench, node, caller, calls, requirement)
      const draws = answers.map((answer) => {
        const result = resultOf(bench, answer, { requirement, to: callText('require_any', [bench.type]) })
        const place = addresses.findIndex((address) => isDeepStrictEqual(result, address))
        bench.require(place >= 0, {
          requirement,
          expected: `one of the registered addresses ${JSON.stringify(addresses)}`,
          actual: JSON.stringify(result),
          exhibits: [{ frame: answer.n, at: '/result' }],
        })
        return place
      })
      const unfair = unfairness(draws, addresses.length)
      bench.require(unfair === undefined, {
        requirement,
        expected: 'each of three peers with equal chances, call by call',
        actual: unfair ?? '',
      })
      const counts = addresses.map((_, place) => draws.filter((draw) => draw === place).length)
      bench.evidence(`drawn ${counts.join(', ')} times`, answers.at(-1))
    },
  }),
  nameServiceCase({
    id: 'peers.require.any/only-who-is-there',
    also: ['peers.unregister.removes', 'peers.require.nobody'],
    title: 'require_any never gives who has left, and the only one for certain',
    stage: stage.unregister,
    observes: ['wire'],
    evidence: 'thirty times one of those who are left, ten times the last, then a LookupError',
    hint: 'Draw from those that are registered now.',
    async run(bench: PeersBench) {
      const node = await bench.nameService()
      const [gone, left, last] = await enlist(bench, node, 3)
      if (gone === undefined || left === undefined || last === undefined) throw new Error('three enlisted')
      const requirement = 'peers.require.any'
      const drawn = async (from: readonly Registration[], times: number) => {
        const calls = Array.from({ length: times }, (): Call => ['require_any', [bench.type]])
        for (const answer of await callsInTurn(bench, node, last.peer, calls, requirement)) {
          const to = callText('require_any', [bench.type])
          const result = resultOf(bench, answer, { requirement, to })
          bench.require(
            from.some(({ address }) => isDeepStrictEqual(result, address)),
            {
              requirement,
              expected: `the address of one of the ids ${from.map(({ id }) => id).join(', ')}`,
              actual: JSON.stringify(result),
              exhibits: [{ frame: answer.n, at: '/result' }],
            },
          )
        }
      }
      await unregister(bench, node, gone.peer, gone)
      await drawn([left, last], 30)
      await unregister(bench, node, left.peer, left)
      await drawn([last], 10)
      await unregister(bench, node, last.peer, last)
      const { answer } = await last.peer.call(node, 'require_any', [bench.type])
      const frame = requireRefused(bench, answer, 'LookupError', {
        requirement: 'peers.require.nobody',
        to: 'require_any when all have left',
      })
      bench.evidence('nobody who has left', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.require.object/by-id-and-type',
    also: ['peers.require.nobody', 'peers.require.types'],
    title: 'require_object finds a peer by its type and its id',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'the address of each of six peers of two types; a LookupError for the id with the other type',
    hint: 'Type and id together name a peer.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const other = `${bench.type}-other`
      const registered: Registration[] = []
      for (let i = 0; i < 6; i += 1)
        registered.push(await register(bench, node, caller, farAddress(i), i % 2 === 0 ? bench.type : other))
      for (const { type, id, address } of registered) {
        const { answer } = await caller.call(node, 'require_object', [type, id])
        const frame = requireResult(bench, answer, address, {
          requirement: 'peers.require.object',
          to: callText('require_object', [type, id]),
        })
        bench.evidence(`found id ${id}`, frame)
      }
      for (const { type, id } of registered) {
        const wrong = [type === other ? bench.type : other, id]
        const refused = await caller.call(node, 'require_object', wrong)
        requireRefused(bench, refused.answer, 'LookupError', {
          requirement: 'peers.require.nobody',
          to: callText('require_object', wrong),
        })
      }
    },
  }),
  nameServiceCase({
    id: 'peers.require.nobody/lookup-error',
    also: ['peers.name-service.state'],
    title: 'questions about types without peers and ids that nobody has',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'a LookupError for each, the answers for who is there, and no new type in state',
    hint: 'An empty answer is right for require_all alone. To ask for a type does not make it.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      const calls: readonly Call[] = [
        ['require_any', [`${bench.type}-of-nobody`]],
        ['require_any', ['__proto__']],
        ['require_any', ['toString']],
        ['require_object', [`${bench.type}-of-nobody`, known.id]],
        ['require_object', ['constructor', 0]],
        ['require_object', [known.type, known.id + 1]],
        ['require_object', [known.type, known.id + 2 ** 32]],
        ['require_object', [known.type, Number.MAX_SAFE_INTEGER]],
      ]
      const requirement = 'peers.require.nobody'
      const answers = await callsInTurn(bench, node, caller, calls, requirement)
      for (const [i, [method, args]] of calls.entries())
        requireRefused(bench, answers[i], 'LookupError', { requirement, to: callText(method, args) })
      for (const type of [`${bench.type}-of-nobody`, '__proto__', 'constructor', 'toString'])
        await requireRegistered(bench, node, caller, [], {
          requirement: 'peers.require.all',
          when: `for the type ${type}, which nobody has registered`,
          type,
        })
      const { answer } = await caller.call(node, 'require_object', [known.type, known.id])
      const frame = requireResult(bench, answer, known.address, {
        requirement: 'peers.require.object',
        to: 'require_object of who is there',
      })
      await requireUnchanged(bench, node, caller, [known], requirement, 'questions about nobody')
      bench.evidence(`${calls.length} questions about nobody`, frame)
    },
  }),
  nameServiceCase({
    id: 'peers.require.address/as-registered',
    also: [
      'peers.address.given',
      'peers.require.all',
      'peers.require.object',
      'peers.name-service.state',
      'peers.call.arguments',
    ],
    title: 'addresses of all kinds come back as they were registered',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'each address in require_all, require_object, require_any and state, character by character',
    hint: 'Keep the address as you got it: do not resolve it, do not trim it, and do not take the one that the connection came from.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const registered = await registerAll(bench, node, caller, peculiarAddresses)
      const requirement = 'peers.require.address'
      const frame = await requireUnchanged(
        bench,
        node,
        caller,
        registered,
        requirement,
        'registrations with peculiar addresses',
      )
      const found = await callsInTurn(
        bench,
        node,
        caller,
        registered.map(({ type, id }): Call => ['require_object', [type, id]]),
        requirement,
      )
      for (const [i, { type, id, address }] of registered.entries())
        requireResult(bench, found[i], address, { requirement, to: callText('require_object', [type, id]) })
      // One alone of its type, so that chance has no choice.
      for (const [i, address] of peculiarAddresses.entries()) {
        if (i % 4 !== 0) continue
        const type = `${bench.type}-${i}`
        await register(bench, node, caller, address, type)
        const { answer } = await caller.call(node, 'require_any', [type])
        requireResult(bench, answer, address, { requirement, to: callText('require_any', [type]) })
      }
      bench.evidence(`${registered.length} addresses unharmed`, frame)
    },
  }),
  nameServiceCase({
    id: 'peers.require.types/whatever-strings',
    also: [
      'peers.require.all',
      'peers.require.any',
      'peers.require.nobody',
      'peers.unregister.refused',
      'peers.unregister.removes',
      'peers.name-service.state',
    ],
    title: 'types do not see each other, whatever strings they are',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence:
      'for each of 27 types nobody before and its own peer alone after; one leaves, and the others stay',
    hint: 'Keep types in a map, not as keys of an object that has keys already. Compare them as they are: no folding, no trimming, no normalizing.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const requirement = 'peers.require.types'
      const registered: Registration[] = []
      for (const [i, type] of peculiarTypes(bench.type).entries()) {
        const name = `the type ${JSON.stringify(type)}`
        await requireRegistered(bench, node, caller, [], {
          requirement,
          when: `for ${name}, still new`,
          type,
        })
        registered.push(await register(bench, node, caller, farAddress(i), type))
      }
      for (const own of registered) {
        const frame = await requireRegistered(bench, node, caller, [own], {
          requirement,
          when: `for the type ${JSON.stringify(own.type)}`,
          type: own.type,
        })
        bench.evidence(`alone in ${JSON.stringify(own.type)}`, frame)
      }
      const { types } = await node.state()
      const expected = registered.map((own) => [own.type, listed([own])] as const)
      const shown = Object.entries(types).map(
        ([type, peers]) => [type, peers.map(({ id, address }) => [id, address])] as const,
      )
      const byType = (a: readonly [string, unknown], b: readonly [string, unknown]) => (a[0] < b[0] ? -1 : 1)
      bench.require(isDeepStrictEqual(shown.toSorted(byType), expected.toSorted(byType)), {
        requirement: 'peers.name-service.state',
        expected: `these ${expected.length} types with one peer each: ${JSON.stringify(expected.map(([type]) => type))}`,
        actual: JSON.stringify(shown.map(([type, peers]) => [type, peers.length])),
      })
      // With the id and hash of another type nobody is taken out.
      for (const [i, own] of registered.entries()) {
        const other = registered[(i + 1) % registered.length] ?? own
        const args = [own.id, other.type, own.hash]
        const { answer } = await caller.call(node, 'unregister', args)
        requireRefused(bench, answer, 'ValueError', {
          requirement: 'peers.unregister.refused',
          to: callText('unregister', args),
        })
      }
      const proto = registered.find(({ type }) => type === '__proto__')
      if (proto === undefined) throw new Error('the type __proto__ is among the types')
      await unregister(bench, node, caller, proto)
      await requireGone(bench, node, caller, proto, requirement)
      for (const own of registered)
        await requireRegistered(bench, node, caller, own === proto ? [] : [own], {
          requirement,
          when: `for the type ${JSON.stringify(own.type)} after the only peer of __proto__ has left`,
          type: own.type,
        })
    },
  }),
]
