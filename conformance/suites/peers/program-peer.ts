// Control channel and life of a program that is a peer: control.md sections 1 to 3, peers.md sections 3 and 5.
import { isDeepStrictEqual } from 'node:util'
import { CommandError } from '../../driver/node.ts'
import type { Case } from '../../verdict/case.ts'
import { methodOf, type PeerNode, type PeersBench } from '../../verdict/peers-bench.ts'
import { programCases, type RoleOfProgram } from '../control/program.ts'
import { codeOf, requireCode } from '../control/replies.ts'
import { begun, requireWaiting } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { requireResult } from './procedures/answers.ts'
import { requireNone } from './procedures/calls.ts'
import { outside } from './procedures/scene.ts'
import { requireSameState, requireServes } from './procedures/standstill.ts'

/** Where the peer of the generic cases sits; its acquaintances sit elsewhere. */
const SELF = 1
const FRIEND = 2

const wrongAddresses: readonly unknown[] = [
  null,
  '127.0.0.1:4000',
  { host: '127.0.0.1', port: 4000 },
  [],
  ['127.0.0.1'],
  ['127.0.0.1', 4000, 4001],
  ['', 4000],
  ['h'.repeat(256), 4000],
  ['127.0.0.1', 0],
  ['127.0.0.1', 65_536],
  ['127.0.0.1', '4000'],
  ['127.0.0.1', 4000.5],
  [4000, '127.0.0.1'],
]

const peer: RoleOfProgram<PeersBench, PeerNode> = {
  prefix: 'peer-',
  async scene(bench) {
    const nameService = await bench.playNameService()
    const friend = await bench.playPeer({ seat: FRIEND })
    return {
      start: (config = {}) => bench.peer({ seat: SELF, config }),
      async greet(node, requirement = 'peers.check.answer') {
        const { id, type } = await node.state()
        const { answer } = await friend.call(node, 'check', [])
        return requireResult(bench, answer, [id, type], { requirement, to: 'check' })
      },
      connect: (node) => friend.connect(node),
      async enter(node) {
        nameService.enter(friend)
        await node.command('join', {})
        nameService.on('unregister', () => 'silent')
        friend.on('unregister_peer', () => 'silent')
      },
    }
  },
  serving: ['peers.check.answer', 'common.address.config'],
  async freshState(bench: PeersBench, node) {
    const state = await node.state()
    const expected = { id: -1, type: bench.type, peers: [], token: null, requests: null, fortunes: null }
    bench.require(isDeepStrictEqual({ ...expected, ...state }, expected), {
      requirement: 'peers.control.state',
      expected: JSON.stringify(expected),
      actual: JSON.stringify(state),
    })
    return JSON.stringify(state)
  },
  protocols: ['tcp'],
  unknownCommands: [
    'dance',
    'Join',
    'toString',
    'constructor',
    '__proto__',
    // Of the wire, and of a peer with lock or fortunes, which this one has not.
    'check',
    'register_peer',
    'print_message',
    'acquire',
    'release',
    'read',
    'write',
  ],
  wrongConfigs: [
    { listenPort: 0 },
    { listenPort: 65_536 },
    { listenPort: '4000' },
    { listenPort: 4000.5 },
    { host: '' },
    { host: 127 },
    { type: '' },
    { type: 't'.repeat(101) },
    { type: 5 },
    { type: null },
    { type: ['t'] },
    ...wrongAddresses.map((nameService) => ({ nameService })),
    ...wrongAddresses.map((advertise) => ({ advertise })),
    { callTimeoutMs: 9 },
    { callTimeoutMs: 600_001 },
    { callTimeoutMs: '5000' },
    { acquireTimeoutMs: 9 },
    { acquireTimeoutMs: 600_001 },
    { acquireTimeoutMs: '60000' },
    { seed: -1 },
    { seed: 2 ** 32 },
    { seed: '1' },
  ],
  extremeConfig: { callTimeoutMs: 600_000, acquireTimeoutMs: 10, seed: 2 ** 32 - 1 },
  configTable: 'the tables in section 3 of peers.md',
  slowToLeave: { callTimeoutMs: 600_000 },
  isLeaving: (frame) =>
    frame.from === SELF && ['unregister', 'unregister_peer'].includes(methodOf(frame) ?? ''),
}

/** Commands whose arguments are wrong: each is refused, and the peer calls nobody. */
const wrongCommands = (peerAddress: unknown): readonly (readonly [string, Record<string, unknown>])[] => [
  ['call', {}],
  ['call', { method: 'check', args: [] }],
  ['call', { address: peerAddress, args: [] }],
  ['call', { address: peerAddress, method: 'check' }],
  ['call', { address: peerAddress, method: 7, args: [] }],
  ['call', { address: peerAddress, method: null, args: [] }],
  ['call', { address: peerAddress, method: 'check', args: {} }],
  ['call', { address: peerAddress, method: 'check', args: null }],
  ['call', { address: peerAddress, method: 'check', args: 'none' }],
  ...wrongAddresses.map((address) => ['call', { address, method: 'check', args: [] }] as const),
  ['send', {}],
  ['send', { to: 3 }],
  ['send', { text: 'hello' }],
  ['send', { to: '3', text: 'hello' }],
  ['send', { to: 3.5, text: 'hello' }],
  ['send', { to: null, text: 'hello' }],
  ['send', { to: true, text: 'hello' }],
  ['send', { to: 3, text: 7 }],
  ['send', { to: 3, text: null }],
  ['send', { to: 3, text: ['hello'] }],
]

export const programPeerCases: readonly Case<'peers'>[] = [
  ...programCases(peer, (definition) => peersCase({ ...definition, role: 'peers.peer' })),
  peersCase({
    id: 'peers.config.object/refused',
    role: 'peers.peer',
    title: 'the object type object is refused, and no other',
    stage: stage.program,
    observes: ['control', 'wire'],
    evidence: 'bad-config for object, and peers that start with types that look like it',
    hint: 'Users have to replace the default of the course: compare with the very string object.',
    async run(bench: PeersBench) {
      await bench.playNameService()
      const stranger = await bench.playPeer({ seat: 9 })
      let code = 'success'
      try {
        await bench.peer({ seat: 1, config: { type: 'object' } })
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        code = error.code
      }
      requireCode(bench, code, 'bad-config', 'peers.config.object', 'the type object')
      for (const [i, type] of ['Object', 'objects', 'object ', `object-${bench.type}`].entries()) {
        const node = await bench.peer({ seat: 1 + i, config: { type } })
        const { answer } = await stranger.call(node, 'check', [])
        const frame = requireResult(bench, answer, [-1, type], {
          requirement: 'peers.config.object',
          to: `check of a peer with the type ${JSON.stringify(type)}`,
        })
        bench.evidence(`starts with the type ${JSON.stringify(type)}`, frame)
      }
    },
  }),
  peersCase({
    id: 'control.bad-argument/peer-lock-and-fortunes',
    role: 'peers.peer',
    also: ['peers.database.read', 'peers.lock.create'],
    title: 'wrong configurations of lock and fortunes; fortunes without lock',
    stage: stage.program,
    observes: ['control', 'wire'],
    evidence: 'bad-config for each, then peers with the longest list of the longest fortunes, and with none',
    hint: 'fortunes demands lock. A fortune has 1 to 1,000 characters, counted as Unicode code points, and a list at most 1,000 fortunes.',
    async run(bench: PeersBench) {
      await bench.playNameService()
      const stranger = await bench.playPeer({ seat: 9 })
      const longest = '😀'.repeat(1000)
      const wrong: readonly Record<string, unknown>[] = [
        { lock: 'yes' },
        { lock: 1 },
        { lock: null },
        { fortunes: [] },
        { fortunes: ['one'], lock: false },
        { lock: true, fortunes: 'one' },
        { lock: true, fortunes: { 0: 'one' } },
        { lock: true, fortunes: [''] },
        { lock: true, fortunes: ['one', ''] },
        { lock: true, fortunes: [`${longest}x`] },
        { lock: true, fortunes: ['one', 2] },
        { lock: true, fortunes: [null] },
        { lock: true, fortunes: Array.from({ length: 1001 }, () => 'one') },
      ]
      for (const config of wrong) {
        let code = 'success'
        try {
          await bench.peer({ seat: 1, config })
        } catch (error) {
          if (!(error instanceof CommandError)) throw error
          code = error.code
        }
        requireCode(bench, code, 'bad-config', 'control.bad-argument', JSON.stringify(config).slice(0, 100))
      }
      const many = Array.from({ length: 1000 }, (_, i) => (i === 0 ? longest : `fortune ${i}`))
      for (const [seat, fortunes] of [
        [1, many],
        [2, []],
      ] as const) {
        const node = await bench.peer({ seat, lock: true, fortunes })
        const state = await node.state()
        bench.require(isDeepStrictEqual(state.fortunes, fortunes) && state.token === 'none', {
          requirement: 'peers.control.state',
          expected: `the ${fortunes.length} fortunes of the configuration, and the token none`,
          actual: `${state.fortunes?.length} fortunes, token ${state.token}`,
        })
        const served = await requireServes(bench, stranger, node, 'control.start.listening')
        bench.evidence(`starts with ${fortunes.length} fortunes`, served)
      }
    },
  }),
  peersCase({
    id: 'control.bad-argument/peer-commands',
    role: 'peers.peer',
    also: ['peers.control.call', 'peers.message.send'],
    title: 'call and send with missing and wrong arguments are refused, and nobody is called',
    stage: stage.program,
    observes: ['control', 'wire'],
    evidence: 'bad-argument for each, no call on the wire, the same state; a good call after them',
    hint: 'Check the arguments of a command before you do anything.',
    async run(bench: PeersBench) {
      const { peer: node, stranger } = await outside(bench)
      const before = await node.state()
      const address = stranger.addressFor(node)
      const wrong = wrongCommands(address)
      for (const [name, args] of wrong) {
        const code = codeOf(await node.rawCommand(name, args))
        const what = `${name} ${JSON.stringify(args).slice(0, 100)}`
        requireCode(bench, code, 'bad-argument', 'control.bad-argument', what)
      }
      await requireSameState(bench, node, before, 'control.bad-argument', 'refused commands')
      requireNone(bench, (frame) => frame.from === node.seat, {
        requirement: 'control.bad-argument',
        expected: 'no call by commands that are refused',
      })
      await node.command('call', { address, method: 'check', args: [] })
      const call = bench.requireFrame(await stranger.receive('check'), {
        requirement: 'peers.control.call',
        expected: 'a call by the command without the fault',
      })
      bench.evidence(`${wrong.length} commands refused, the good one taken`, call)
    },
  }),
  peersCase({
    id: 'control.lines/peer-long-and-unicode',
    role: 'peers.peer',
    also: ['peers.control.call'],
    title: 'a command of 200,000 bytes, and one with letters beyond ASCII, arrive unharmed',
    stage: stage.program,
    observes: ['control', 'wire'],
    evidence: 'unsupported for the long command; a call with accents, a snowman and U+2028 as it was given',
    hint: 'Read standard input up to the LF, and that is U+000A alone; decode it as UTF-8, whatever the locale says.',
    async run(bench: PeersBench) {
      const { peer: node, stranger } = await outside(bench)
      const code = codeOf(await node.rawCommand('dance', { text: 'n'.repeat(200_000) }))
      requireCode(bench, code, 'unsupported', 'control.lines', 'an unknown command of 200,000 bytes')
      const args = ['grün ☃ école 😀', 'line\u2028end\u2029and\u0085more', '\u0000\t"\\']
      await node.command('call', { address: stranger.addressFor(node), method: 'dance', args })
      const call = bench.requireFrame(await stranger.receive('dance'), {
        requirement: 'control.lines',
        expected: 'the call that the command asks for',
      })
      bench.require(isDeepStrictEqual(call.message?.args, args), {
        requirement: 'control.lines',
        expected: `the arguments ${JSON.stringify(args)}`,
        actual: JSON.stringify(call.message?.args),
        exhibits: [{ frame: call.n, at: '/args' }],
      })
      bench.evidence('all characters arrived', call)
    },
  }),
  peersCase({
    id: 'control.reply/peer-does-not-wait',
    role: 'peers.peer',
    also: ['peers.control.call'],
    title: 'a command that waits does not hold up the next one',
    stage: stage.program,
    observes: ['control', 'wire'],
    evidence: 'a state and another call answered while a call has no answer',
    hint: 'Do not wait for the answer inside the loop that reads standard input.',
    async run(bench: PeersBench) {
      const { peer: node, stranger } = await outside(bench, { config: { callTimeoutMs: 600_000 } })
      const address = stranger.addressFor(node)
      stranger.on('wait', () => 'silent')
      const waiting = begun(node.command('call', { address, method: 'wait', args: [] }, 600_000))
      const request = bench.requireFrame(await stranger.receive('wait'), {
        requirement: 'peers.control.call',
        expected: 'the call that the command asks for',
      })
      await node.state()
      await node.command('call', { address, method: 'check', args: [] })
      requireWaiting(bench, waiting, 'peers.control.call', 'no reply before the answer')
      bench.evidence('two commands answered while a call waits', request)
      stranger.die()
    },
  }),
]
