// Control channel and life of a program that is a name service: control.md sections 1 to 3, peers.md section 3.
import type { Case } from '../../verdict/case.ts'
import {
  methodOf,
  NAME_SERVICE_SEAT,
  type NameServiceNode,
  type PeersBench,
} from '../../verdict/peers-bench.ts'
import { programCases, type RoleOfProgram } from '../control/program.ts'
import { codeOf, requireCode } from '../control/replies.ts'
import { stage } from './define.ts'
import { nameServiceCase } from './name-service-case.ts'
import { requireResult } from './procedures/answers.ts'
import { enlist, nameServiceAndCaller, unregister } from './procedures/registrations.ts'

const nameService: RoleOfProgram<PeersBench, NameServiceNode> = {
  prefix: 'name-service-',
  async scene(bench) {
    const acquaintance = await bench.playPeer()
    return {
      start: (config = {}) => bench.nameService({ config }),
      async greet(node, requirement = 'peers.require.all') {
        const type = `${bench.type}-of-nobody`
        const { answer } = await acquaintance.call(node, 'require_all', [type])
        return requireResult(bench, answer, [], { requirement, to: 'require_all of a type of nobody' })
      },
      connect: (node) => acquaintance.connect(node),
      // In the middle of a check that is not answered.
      async enter(node) {
        const [leaver, silent] = await enlist(bench, node, 2)
        if (leaver === undefined || silent === undefined) throw new Error('two are enlisted')
        silent.peer.on('check', () => 'silent')
        await unregister(bench, node, leaver.peer, leaver)
        bench.requireFrame(await silent.peer.receive('check'), {
          requirement: 'peers.unregister.check',
          expected: 'a check of the peer that remains',
        })
      },
    }
  },
  serving: ['peers.require.all', 'common.address.config'],
  async freshState(bench: PeersBench, node) {
    const { types } = await node.state()
    bench.require(Object.keys(types).length === 0, {
      requirement: 'peers.name-service.state',
      expected: 'no types before anybody has registered',
      actual: JSON.stringify(types),
    })
    return 'no types'
  },
  protocols: ['tcp'],
  unknownCommands: [
    'dance',
    'State',
    'toString',
    'constructor',
    '__proto__',
    // Of a peer, and of the wire.
    'join',
    'send',
    'acquire',
    'read',
    'register',
    'require_all',
  ],
  wrongConfigs: [
    { listenPort: 0 },
    { listenPort: 65_536 },
    { listenPort: '4000' },
    { listenPort: 4000.5 },
    { listenPort: null },
    { host: '' },
    { host: 127 },
    { checkTimeoutMs: 9 },
    { checkTimeoutMs: 600_001 },
    { checkTimeoutMs: '2000' },
    { checkTimeoutMs: 99.5 },
    { registrationsMax: 0 },
    { registrationsMax: 10_001 },
    { registrationsMax: '5' },
    { registrationsMax: true },
  ],
  extremeConfig: { checkTimeoutMs: 10, registrationsMax: 1 },
  configTable: 'the tables in section 3 of peers.md',
  slowToLeave: { checkTimeoutMs: 600_000 },
  // It has nobody to take leave of: any call beside the check that is under way would be one too many.
  isLeaving: (frame) => {
    const method = frame.from === NAME_SERVICE_SEAT ? methodOf(frame) : undefined
    return method !== undefined && method !== 'check'
  },
}

export const programNameServiceCases: readonly Case<'peers'>[] = [
  ...programCases(nameService, nameServiceCase),
  nameServiceCase({
    id: 'control.lines/name-service-long-command',
    title: 'a command of 200,000 bytes is read as one line',
    stage: stage.program,
    observes: ['control'],
    evidence: 'unsupported for an unknown command with 200,000 characters, then a state',
    hint: 'Read standard input up to the LF, however many reads that takes.',
    async run(bench: PeersBench) {
      const { node } = await nameServiceAndCaller(bench)
      const code = codeOf(await node.rawCommand('dance', { text: 'n'.repeat(200_000) }))
      requireCode(bench, code, 'unsupported', 'control.lines', 'an unknown command of 200,000 bytes')
      const { types } = await node.state()
      bench.evidence(`${code} for the long line, and the program goes on: ${JSON.stringify(types)}`)
    },
  }),
  nameServiceCase({
    id: 'control.stop/name-service-while-it-checks',
    also: ['peers.unregister.prompt'],
    title: 'stop does not wait for checks, nor for open connections',
    stage: stage.program,
    observes: ['wire', 'control'],
    evidence: 'the reply to stop while two peers have not answered their check',
    hint: 'Close what is open before you reply; a check that is under way is given up.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: { checkTimeoutMs: 600_000 } })
      const [leaver, ...silent] = await enlist(bench, node, 3)
      if (leaver === undefined) throw new Error('three are enlisted')
      for (const { peer } of silent) peer.on('check', () => 'silent')
      const connection = await leaver.peer.connect(node)
      await connection.sendBytes('{"method":')
      await unregister(bench, node, leaver.peer, leaver)
      for (const { peer } of silent) {
        const check = bench.requireFrame(await peer.receive('check'), {
          requirement: 'peers.unregister.check',
          expected: 'a check of each peer that remains',
        })
        bench.evidence('a check that is not answered', check)
      }
      await node.stop()
      bench.require(await connection.closedByNode(), {
        requirement: 'control.stop',
        expected: 'open connections closed by stop',
        actual: 'one stays open',
      })
    },
  }),
]
