// Control channel and life of a program: control.md sections 1 to 3, ring.md sections 3 and 4.
import type { Case } from '../../verdict/case.ts'
import type { RingBench, RingNode } from '../../verdict/ring-bench.ts'
import { isFree } from '../control/ports.ts'
import { programCases as casesOfRole, type RoleOfProgram } from '../control/program.ts'
import { codeOf, requireCode } from '../control/replies.ts'
import { requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { ringCase } from './define.ts'
import { anyTcp, requireSent, sent, sentTo } from './frames.ts'
import { FIRST, OWN_NAME, quietConfig, SELF, settle, settleAlone } from './neighbourhood.ts'
import { randomContent, writeContent } from './procedures/content.ts'
import { begin } from './procedures/outcome.ts'
import { greet, requireSameState } from './procedures/standstill.ts'

/** One node that is started and in no ring, and has answered the ping of its only acquaintance. */
async function startedNode(bench: RingBench): Promise<RingNode> {
  await bench.ids([SELF, FIRST])
  const node = await bench.node(SELF, { config: quietConfig(bench) })
  await greet(bench, node, await bench.probe(FIRST))
  return node
}

const peer: RoleOfProgram<RingBench, RingNode> = {
  prefix: '',
  async scene(bench) {
    await bench.ids([SELF, FIRST])
    const acquaintance = await bench.probe(FIRST)
    return {
      start: (config = {}) => bench.node(SELF, { config: { ...quietConfig(bench), ...config } }),
      greet: (node, requirement) => greet(bench, node, acquaintance, requirement),
      connect: (node) => acquaintance.connect(node),
      enter: (node) => node.command('init', { successors: [FIRST, SELF] }),
    }
  },
  serving: ['ring.ping.answer', 'ring.address.port'],
  async freshState(bench: RingBench, node) {
    const { id, inRing } = await node.state()
    bench.require(id === SELF && !inRing, {
      requirement: 'ring.control.state',
      expected: `the id ${SELF} that the configuration gave, in no ring`,
      actual: `id ${id}, inRing ${inRing}`,
    })
    return `node ${id}, in no ring`
  },
  protocols: ['tcp', 'udp'],
  unknownCommands: ['dance', 'Init', 'toString', 'constructor', '__proto__'],
  wrongConfigs: [
    { mss: 0 },
    { mss: 4097 },
    { pingIntervalMs: 9 },
    { requestTimeoutMs: '1000' },
    { dropProbability: 1.5 },
    { segmentLog: 'yes' },
  ],
  extremeConfig: {
    mss: 4096,
    dropProbability: 1,
    retransmissionsMax: 1000,
    seed: 0,
    refreshIntervalMs: 0,
  },
  configTable: 'the table in section 3 of ring.md',
  slowToLeave: { departTimeoutMs: 600_000 },
  isLeaving: sent('ring.depart'),
}

const badNames = ['33', '01590', 'a912', '', ' 159', '159 ', '0159\n', '-159', '1.59', '０１５９', 159, null]

export const programCases: readonly Case[] = [
  ...casesOfRole(peer, ringCase),
  ringCase({
    id: 'control.lines/long-command',
    title: 'a command of 200,000 bytes is read as one line',
    stage: 0,
    observes: ['control'],
    evidence: 'bad-argument for a store from an unreadable path of 200,000 characters, then a state',
    hint: 'Read standard input up to the LF, however many reads that takes.',
    async run(bench: RingBench) {
      const node = await startedNode(bench)
      const reply = await node.rawCommand('store', { name: '0001', path: `/${'n'.repeat(200_000)}` })
      const code = codeOf(reply)
      bench.require(code === 'bad-argument' || code === 'not-in-ring', {
        requirement: 'control.lines',
        expected: 'bad-argument or not-in-ring for a path that cannot be read',
        actual: code,
      })
      const state = await node.state()
      bench.evidence(`${code} for the long line, and the program goes on: id ${state.id}`)
    },
  }),
  ringCase({
    id: 'control.lines/utf-8',
    also: ['ring.store.self'],
    title: 'a path with letters beyond ASCII arrives unharmed',
    stage: 2,
    observes: ['control'],
    evidence: 'a file stored from a path with accents and a snowman',
    hint: 'Decode standard input as UTF-8, whatever the locale says.',
    async run(bench: RingBench) {
      const { node } = await settleAlone(bench, FIRST)
      const path = await writeContent(bench, 'grün-☃-école.bin', randomContent(bench, 20))
      const stored = await requireSuccess(
        bench,
        begin(node, 'store', { name: '0001', path }),
        'control.lines',
        'a store from a path with letters beyond ASCII',
      )
      bench.evidence(`stored by ${stored.owner} from ${path}`)
    },
  }),
  ringCase({
    id: 'control.reply/does-not-wait',
    also: ['ring.request.ends', 'ring.route.forward'],
    title: 'a command that waits does not hold up the next one',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'a state and a not-found while an earlier request has no reply',
    hint: 'Do not wait for the owner inside the loop that reads standard input.',
    async run(bench: RingBench) {
      const { node, first } = await settle(bench)
      const waiting = begin(node, 'request', { name: '0150', transport: 'tcp' })
      await requireSent(bench, sentTo(first.id, 'ring.request', { name: '0150' }), {
        requirement: 'ring.route.forward',
        expected: 'the request for 0150 at the first successor',
      })
      const own = begin(node, 'request', { name: OWN_NAME, transport: 'tcp' })
      await requireFailure(bench, own, ['not-found'], 'control.reply', 'while another request waits')
      await node.state()
      requireWaiting(bench, waiting, 'ring.request.ends', 'no reply before the owner answers')
      bench.evidence('two commands were answered while request 0150 waited')
    },
  }),
  ringCase({
    id: 'control.bad-argument/init',
    also: ['ring.control.init'],
    title: 'init with wrong successors changes nothing',
    stage: 0,
    observes: ['control'],
    evidence: 'bad-argument for each, a peer in no ring after it, and a good init at the end',
    hint: 'Check the arguments before you touch the state: two integers from 0 to 255.',
    async run(bench: RingBench) {
      const node = await startedNode(bench)
      const before = await node.state()
      const wrong: readonly Record<string, unknown>[] = [
        {},
        { successors: null },
        { successors: FIRST },
        { successors: [] },
        { successors: [FIRST] },
        { successors: [FIRST, FIRST, FIRST] },
        { successors: [FIRST, 256] },
        { successors: [-1, FIRST] },
        { successors: [FIRST, 1.5] },
        { successors: [String(FIRST), String(FIRST)] },
        { successors: [FIRST, null] },
        { successors: [true, FIRST] },
        // Equal ids of another peer, and the own id in the first place only, describe no ring.
        { successors: [FIRST, FIRST] },
        { successors: [SELF, FIRST] },
      ]
      for (const args of wrong) {
        requireCode(
          bench,
          codeOf(await node.rawCommand('init', args)),
          'bad-argument',
          'control.bad-argument',
          `init ${JSON.stringify(args)}`,
        )
      }
      await requireSameState(bench, node, before, 'control.bad-argument', 'refused commands')
      await node.command('init', { successors: [FIRST, SELF] })
      bench.require((await node.state()).inRing, {
        requirement: 'ring.control.init',
        expected: 'a member after a good init',
        actual: 'inRing false',
      })
      bench.evidence(`${wrong.length} wrong inits refused, the good one taken`)
    },
  }),
  ringCase({
    id: 'control.bad-argument/names',
    also: ['ring.circle.name'],
    title: 'store and request refuse everything but four digits',
    stage: 2,
    observes: ['control'],
    evidence: 'bad-argument for each wrong name, success for a good one',
    hint: 'A name is exactly four of the digits 0 to 9, and stays a string. Look out for $ that matches before a final LF, and for digits of other alphabets.',
    async run(bench: RingBench) {
      const { node } = await settleAlone(bench, FIRST)
      const path = await writeContent(bench, 'content', randomContent(bench, 10))
      for (const name of badNames) {
        const what = `the name ${JSON.stringify(name)}`
        const store = await node.rawCommand('store', { name, path })
        requireCode(bench, codeOf(store), 'bad-argument', 'ring.circle.name', `store of ${what}`)
        const request = await node.rawCommand('request', { name, transport: 'tcp' })
        requireCode(bench, codeOf(request), 'bad-argument', 'ring.circle.name', `request of ${what}`)
      }
      await node.command('store', { name: '0159', path })
      const { files } = await node.state()
      bench.require(JSON.stringify(files) === '["0159"]', {
        requirement: 'ring.circle.name',
        expected: 'the one good name 0159 in files',
        actual: JSON.stringify(files),
      })
      bench.evidence(`${badNames.length} wrong names refused, 0159 stored`)
    },
  }),
  ringCase({
    id: 'control.bad-argument/store-and-request',
    also: ['ring.store.self'],
    title: 'missing, unreadable and unknown arguments are refused',
    stage: 2,
    observes: ['control'],
    evidence: 'bad-argument for each, success for the same command without the fault',
    hint: 'Check that path is a readable file and that transport is tcp or udp before you send anything.',
    async run(bench: RingBench) {
      const { node } = await settleAlone(bench, FIRST)
      const path = await writeContent(bench, 'content', randomContent(bench, 10))
      const wrong: readonly (readonly [string, Record<string, unknown>])[] = [
        ['store', { name: '0001' }],
        ['store', { path }],
        ['store', { name: '0001', path: `${path}-that-does-not-exist` }],
        ['store', { name: '0001', path: bench.folder }],
        ['store', { name: '0001', path: 7 }],
        ['request', { name: '0001' }],
        ['request', { name: '0001', transport: 'ftp' }],
        ['request', { transport: 'tcp' }],
      ]
      for (const [name, args] of wrong) {
        requireCode(
          bench,
          codeOf(await node.rawCommand(name, args)),
          'bad-argument',
          'control.bad-argument',
          `${name} ${JSON.stringify(args)}`,
        )
      }
      bench.require((await node.state()).files.length === 0, {
        requirement: 'control.bad-argument',
        expected: 'no file after refused stores',
        actual: JSON.stringify((await node.state()).files),
      })
      await node.command('store', { name: '0001', path })
      await node.command('request', { name: '0001', transport: 'udp' })
      bench.evidence(`${wrong.length} wrong commands refused, store and request without a fault succeed`)
    },
  }),
  ringCase({
    id: 'control.stop/alone',
    also: ['ring.leave.tell'],
    title: 'a ring of one just ends',
    stage: 0,
    observes: ['wire', 'control'],
    evidence: 'a pong before, no message after, and free ports',
    hint: 'In a ring of one there is nobody to tell and nothing to wait for.',
    async run(bench: RingBench) {
      const { node, stranger } = await settleAlone(bench, FIRST, { departTimeoutMs: 60_000 })
      await stranger.ping(node, 1, 0)
      const pong = await requireSent(bench, sentTo(FIRST, 'ring.pong', { seq: 0 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong before stop',
      })
      await node.stop()
      bench.require(!bench.frames.some(anyTcp), {
        requirement: 'ring.leave.tell',
        expected: 'no message from a peer that is alone',
        actual: 'a message over TCP',
      })
      bench.require(await isFree(node.listenPort), {
        requirement: 'control.stop',
        expected: 'both sockets closed when stop is answered',
        actual: `port ${node.listenPort} is still taken`,
      })
      bench.evidence('stopped without a message', pong)
    },
  }),
]
