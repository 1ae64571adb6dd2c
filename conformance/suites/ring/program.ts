// Control channel and life of a program: control.md sections 1 to 3, ring.md sections 3 and 4.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { CommandError } from '../../driver/node.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench, RingNode } from '../../verdict/ring-bench.ts'
import { releaseListenPort, reserveListenPort } from '../../wire/ports.ts'
import { ringCase } from './define.ts'
import { anyTcp, requireNone, requireSent, sent, sentTo } from './frames.ts'
import { FIRST, OWN_NAME, quietConfig, SELF, settle, settleAlone } from './neighbourhood.ts'
import { randomContent, writeContent } from './procedures/content.ts'
import { begin, codeOf, requireFailure, requireSuccess, requireWaiting } from './procedures/outcome.ts'
import { greet, requireSameState } from './procedures/standstill.ts'

/** One node that is started and in no ring, and has answered the ping of its only acquaintance. */
async function startedNode(bench: RingBench): Promise<RingNode> {
  await bench.ids([SELF, FIRST])
  const node = await bench.node(SELF, { config: quietConfig(bench) })
  await greet(bench, node, await bench.probe(FIRST))
  return node
}

/** The code with which `start` is refused, or `success` of a node that answers a ping. */
async function startCode(bench: RingBench, config: Readonly<Record<string, unknown>>): Promise<string> {
  try {
    const node = await bench.node(SELF, { config: { ...quietConfig(bench), ...config } })
    await greet(bench, node, await bench.probe(FIRST), 'control.start.listening')
    return 'success'
  } catch (error) {
    if (error instanceof CommandError) return error.code
    throw error
  }
}

function requireCode(
  bench: RingBench,
  actual: string,
  expected: string,
  requirement: string,
  what: string,
): void {
  bench.require(actual === expected, { requirement, expected: `${expected} for ${what}`, actual })
}

/**
 * Occupies one port on loopback for TCP or for UDP. The other protocol of the port is free, and stays so: the port lies
 * below those that the system hands out to whoever opens a connection.
 */
async function occupy(protocol: 'tcp' | 'udp'): Promise<{ port: number; release: () => Promise<void> }> {
  const port = await reserveListenPort()
  if (protocol === 'tcp') {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    const release = async () => {
      server.close()
      await once(server, 'close')
    }
    return { port, release }
  }
  const socket = createSocket('udp4').bind(port, '127.0.0.1')
  await once(socket, 'listening')
  const release = async () => {
    socket.close()
    await once(socket, 'close')
  }
  return { port, release }
}

/** Whether this process can take the port for both protocols, which it can only if nobody else has it. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const socket = createSocket('udp4')
  try {
    const tcp = once(server, 'listening')
    const udp = once(socket, 'listening')
    server.listen(port, '127.0.0.1')
    socket.bind(port, '127.0.0.1')
    await Promise.all([tcp, udp])
    return true
  } catch {
    return false
  } finally {
    server.close()
    socket.close()
  }
}

/** A program for one node ends by itself after `stop`, with exit code 0. */
async function requireExit(bench: RingBench, node: RingNode): Promise<void> {
  await bench.until(() => node.exitCode !== null)
  bench.require(node.exitCode === 0, {
    requirement: 'control.stop',
    expected: 'exit code 0 of a program for one node after stop',
    actual: node.exitCode === null ? 'it still runs' : `exit code ${node.exitCode}`,
  })
}

const badNames = ['33', '01590', 'a912', '', ' 159', '159 ', '0159\n', '-159', '1.59', '０１５９', 159, null]

export const programCases: readonly Case[] = [
  ringCase({
    id: 'control.hello/then-start',
    title: 'hello, start, a pong, state',
    stage: 0,
    observes: ['control'],
    evidence: 'a valid hello with the role ring.peer, a started node that answers a ping, and its state',
    hint: 'The first line on standard output must be the hello event; flush it at once.',
    async run(bench: RingBench) {
      const node = await startedNode(bench)
      const state = await node.state()
      bench.require(state.id === SELF, {
        requirement: 'ring.control.state',
        expected: `the id ${SELF} that the configuration gave`,
        actual: `id ${state.id}`,
      })
      bench.evidence(`hello with features ${[...node.features].join(', ')}; state of node ${state.id}`)
    },
  }),
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
    id: 'control.reply/burst',
    title: '50 commands in one go get 50 replies',
    stage: 0,
    observes: ['control'],
    evidence: '50 replies, each with the seq of its command',
    hint: 'Several commands may arrive in one read; handle every line.',
    async run(bench: RingBench) {
      const node = await startedNode(bench)
      const replies = await Promise.all(Array.from({ length: 50 }, () => node.state()))
      bench.require(
        replies.every((state) => state.id === SELF && !state.inRing),
        { requirement: 'control.reply', expected: '50 equal states', actual: JSON.stringify(replies) },
      )
      bench.evidence(`${replies.length} replies`)
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
    id: 'control.unsupported/unknown-commands',
    title: 'unknown commands are refused and the program goes on',
    stage: 0,
    observes: ['control'],
    evidence: 'the code unsupported for each unknown command, then a state',
    hint: 'Answer every command that you do not know with the code unsupported. Beware of names that every object has.',
    async run(bench: RingBench) {
      const node = await startedNode(bench)
      for (const name of ['dance', 'Init', 'toString', 'constructor', '__proto__']) {
        requireCode(
          bench,
          codeOf(await node.rawCommand(name, {})),
          'unsupported',
          'control.unsupported',
          `command ${name}`,
        )
      }
      bench.evidence(`unsupported five times, then state of ${(await node.state()).id}`)
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
    id: 'control.bad-argument/config',
    title: 'a configuration out of range is refused, and start may be tried again',
    stage: 0,
    observes: ['control'],
    evidence: 'bad-config for each, then a node that starts with the extreme values allowed',
    hint: 'Check every field of the table in section 3 of ring.md: type and range.',
    async run(bench: RingBench) {
      await bench.ids([SELF, FIRST])
      const wrong: readonly Record<string, unknown>[] = [
        { mss: 0 },
        { mss: 4097 },
        { pingIntervalMs: 9 },
        { requestTimeoutMs: '1000' },
        { dropProbability: 1.5 },
        { segmentLog: 'yes' },
      ]
      for (const config of wrong) {
        requireCode(
          bench,
          await startCode(bench, config),
          'bad-config',
          'control.bad-argument',
          JSON.stringify(config),
        )
      }
      const extreme = {
        mss: 4096,
        dropProbability: 1,
        retransmissionsMax: 1000,
        seed: 0,
        refreshIntervalMs: 0,
      }
      requireCode(
        bench,
        await startCode(bench, extreme),
        'success',
        'control.bad-argument',
        JSON.stringify(extreme),
      )
      bench.evidence(`${wrong.length} wrong configurations refused, the extreme one started`)
    },
  }),
  ringCase({
    id: 'control.start.listening/serves-at-once',
    also: ['ring.ping.answer', 'ring.address.port'],
    title: 'right after start both sockets are open',
    stage: 0,
    observes: ['wire'],
    evidence: 'a connection accepted and a pong, both before init',
    hint: 'Reply to start only after bind and listen have succeeded.',
    async run(bench: RingBench) {
      await bench.ids([SELF, FIRST])
      const probe = await bench.probe(FIRST)
      const node = await bench.node(SELF, { config: quietConfig(bench) })
      const connection = await probe.connect(node)
      await probe.ping(node, 1, 0)
      const pong = await requireSent(bench, sentTo(FIRST, 'ring.pong', { seq: 0 }), {
        requirement: 'control.start.listening',
        expected: 'a pong from a peer that has just been started',
      })
      connection.close()
      bench.evidence('pong before init', pong)
    },
  }),
  ringCase({
    id: 'control.start.listening/address-in-use',
    title: 'a taken port is reported, and another one can be tried',
    stage: 0,
    observes: ['control'],
    evidence: 'address-in-use when TCP or UDP is taken, then a start that succeeds',
    hint: 'Wait for the result of both binds; close the socket that succeeded when the other one failed.',
    async run(bench: RingBench) {
      await bench.ids([SELF, FIRST])
      for (const protocol of ['tcp', 'udp'] as const) {
        const occupied = await occupy(protocol)
        try {
          const code = await startCode(bench, { listenPort: occupied.port })
          requireCode(
            bench,
            code,
            'address-in-use',
            'control.start.listening',
            `a port taken for ${protocol}`,
          )
        } finally {
          await occupied.release()
        }
        bench.require(await bench.until(() => isFree(occupied.port)), {
          requirement: 'control.start.listening',
          expected: `nothing left open on the port after the failed start (${protocol} was taken)`,
          actual: 'the other protocol of the port is still taken',
        })
        // Not before: another case would take it, and this one would see it taken.
        releaseListenPort(occupied.port)
      }
      requireCode(bench, await startCode(bench, {}), 'success', 'control.start.listening', 'a free port')
      bench.evidence('address-in-use for TCP and for UDP, then a start that succeeded')
    },
  }),
  ringCase({
    id: 'control.stop/closes-the-sockets',
    title: 'stop closes the sockets and ends the program',
    stage: 0,
    observes: ['wire', 'control'],
    evidence:
      'a pong before, both ports free after the reply to stop, and exit code 0 of a program for one node',
    hint: 'Close both sockets before you reply. A thread that is not a daemon keeps the process alive.',
    ownProcesses: true,
    async run(bench: RingBench) {
      const node = await startedNode(bench)
      const probe = await bench.probe(FIRST)
      await probe.ping(node, 1, 0)
      const pong = await requireSent(bench, sentTo(FIRST, 'ring.pong', { seq: 0 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong before stop',
      })
      await node.stop()
      bench.require(await isFree(node.listenPort), {
        requirement: 'control.stop',
        expected: 'both sockets closed when stop is answered',
        actual: `port ${node.listenPort} is still taken`,
      })
      if (!node.features.has('multi-node')) await requireExit(bench, node)
      bench.evidence('the port is free after stop', pong)
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
  ringCase({
    id: 'control.eof/ends',
    title: 'the program ends when its standard input ends, without leaving in order',
    stage: 0,
    observes: ['control'],
    evidence: 'a pong before, exit code 0 after its input ended, and no depart',
    hint: 'End the process when standard input ends, whatever threads and timers still run; do not wait for predecessors.',
    ownProcesses: true,
    async run(bench: RingBench) {
      await bench.ids([SELF, FIRST])
      const node = await bench.node(SELF, { config: { ...quietConfig(bench), departTimeoutMs: 600_000 } })
      const probe = await bench.probe(FIRST)
      await node.command('init', { successors: [FIRST, SELF] })
      const connection = await probe.connect(node)
      await probe.ping(node, 1, 0)
      const pong = await requireSent(bench, sentTo(FIRST, 'ring.pong', { seq: 0 }), {
        requirement: 'ring.ping.answer',
        expected: 'a pong while the input is open',
      })
      node.endInput()
      await bench.until(() => node.exitCode !== null)
      bench.require(node.exitCode === 0, {
        requirement: 'control.eof',
        expected: 'exit code 0 after the end of its input',
        actual: node.exitCode === null ? 'it still runs' : `exit code ${node.exitCode}`,
      })
      requireNone(bench, sent('ring.depart'), {
        requirement: 'control.eof',
        expected: 'no depart: the program ends without leaving in order',
      })
      connection.close()
      bench.require(await isFree(node.listenPort), {
        requirement: 'control.eof',
        expected: 'nothing that the program started stays behind',
        actual: `something still holds port ${node.listenPort}`,
      })
      bench.evidence('ended after its input ended', pong)
    },
  }),
]
