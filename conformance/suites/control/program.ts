// What a program does in whatever role: control.md sections 2 and 3. A role says how its node is started, how it shows that it
// serves, and what it sends when it leaves in order; the cases are the same for all.
import { CommandError, type Node } from '../../driver/node.ts'
import type { Bench } from '../../verdict/bench.ts'
import type { Observes } from '../../verdict/case.ts'
import type { Frame } from '../../wire/capture.ts'
import { releaseListenPort } from '../../wire/ports.ts'
import type { ProbeConnection } from '../../wire/probe.ts'
import { isFree, occupy, type Protocol } from './ports.ts'
import { codeOf, requireCode } from './replies.ts'

type Config = Readonly<Record<string, unknown>>

export interface ProgramNode extends Node {
  state(): Promise<unknown>
}

/** A place for one node in this role, and an acquaintance played by the harness. */
export interface Scene<N extends ProgramNode> {
  /** `start`; rejects with `CommandError` when it is refused, and may then be tried again. */
  start(config?: Config): Promise<N>
  /** A sign of life on the wire, which changes nothing. Words alone are no evidence. */
  greet(node: N, requirement?: string): Promise<Frame>
  /** A connection from the acquaintance to the node. */
  connect(node: N): Promise<ProbeConnection>
  /** Takes the node into the system, so that it would have somebody to tell when it leaves. */
  enter(node: N): Promise<unknown>
}

export interface RoleOfProgram<B extends Bench, N extends ProgramNode> {
  /** Before the slug of each case, to tell the roles apart. */
  readonly prefix: string
  readonly scene: (bench: B) => Promise<Scene<N>>
  /** Requirements that a node shows by greeting right after `start`. */
  readonly serving: readonly [string, ...string[]]
  /** Requires that `state` tells what a node has that has just started; gives it in words. */
  readonly freshState: (bench: B, node: N) => Promise<string>
  readonly protocols: readonly Protocol[]
  readonly unknownCommands: readonly string[]
  readonly wrongConfigs: readonly Config[]
  /** The ends of all ranges. */
  readonly extremeConfig: Config
  /** Where the ranges of the configuration are written. */
  readonly configTable: string
  /** With this, leaving in order would take far too long. */
  readonly slowToLeave: Config
  /** What a node sends that leaves in order. */
  readonly isLeaving: (frame: Frame) => boolean
}

/** A case before its suite says to which system and role it belongs. */
export interface ProgramCase<B extends Bench> {
  readonly id: `${string}/${string}`
  readonly also?: readonly string[]
  readonly title: string
  readonly stage: number
  readonly observes: readonly Observes[]
  readonly evidence: string
  readonly hint: string
  readonly ownProcesses?: true
  run(bench: B): Promise<void>
}

/** The first stage of every system. */
const STAGE = 0

export function programCases<B extends Bench, N extends ProgramNode, C>(
  role: RoleOfProgram<B, N>,
  define: (definition: ProgramCase<B>) => C,
): readonly C[] {
  const { prefix, serving } = role

  const started = async (bench: B): Promise<{ scene: Scene<N>; node: N }> => {
    const scene = await role.scene(bench)
    const node = await scene.start()
    await scene.greet(node)
    return { scene, node }
  }

  /** The code with which `start` is refused, or `success` of a node that then serves. */
  const startCode = async (scene: Scene<N>, config: Config): Promise<string> => {
    try {
      await scene.greet(await scene.start(config), 'control.start.listening')
      return 'success'
    } catch (error) {
      if (error instanceof CommandError) return error.code
      throw error
    }
  }

  return [
    define({
      id: `control.hello/${prefix}then-start`,
      title: 'hello, start, a sign of life, state',
      stage: STAGE,
      observes: ['control', 'wire'],
      evidence: 'a valid hello with the role, a started node that answers on the wire, and its state',
      hint: 'The first line on standard output must be the hello event; flush it at once.',
      async run(bench: B) {
        const { node } = await started(bench)
        const state = await role.freshState(bench, node)
        bench.evidence(`hello with features ${[...node.features].join(', ')}; state: ${state}`)
      },
    }),
    define({
      id: `control.reply/${prefix}burst`,
      title: '50 commands in one go get 50 replies',
      stage: STAGE,
      observes: ['control'],
      evidence: '50 replies, each with the seq of its command',
      hint: 'Several commands may arrive in one read; handle every line.',
      async run(bench: B) {
        const { node } = await started(bench)
        const replies = await Promise.all(Array.from({ length: 50 }, () => node.state()))
        const [first, ...others] = replies.map((state) => JSON.stringify(state))
        const other = others.find((state) => state !== first)
        bench.require(other === undefined, {
          requirement: 'control.reply',
          expected: `50 equal states: ${first}`,
          actual: other ?? '',
        })
        bench.evidence(`${replies.length} replies`)
      },
    }),
    define({
      id: `control.unsupported/${prefix}unknown-commands`,
      title: 'unknown commands are refused and the program goes on',
      stage: STAGE,
      observes: ['control'],
      evidence: 'the code unsupported for each unknown command, then a state',
      hint: 'Answer every command that you do not know with the code unsupported. Beware of names that every object has.',
      async run(bench: B) {
        const { scene, node } = await started(bench)
        for (const name of role.unknownCommands) {
          const code = codeOf(await node.rawCommand(name, {}))
          requireCode(bench, code, 'unsupported', 'control.unsupported', `command ${name}`)
        }
        const state = await role.freshState(bench, node)
        bench.evidence(
          `unsupported ${role.unknownCommands.length} times, then: ${state}`,
          await scene.greet(node),
        )
      },
    }),
    define({
      id: `control.bad-argument/${prefix}config`,
      title: 'a configuration out of range is refused, and start may be tried again',
      stage: STAGE,
      observes: ['control', 'wire'],
      evidence: 'bad-config for each, then a node that starts with the extreme values allowed',
      hint: `Check every field of ${role.configTable}: type and range.`,
      async run(bench: B) {
        const scene = await role.scene(bench)
        for (const config of role.wrongConfigs) {
          const text = JSON.stringify(config)
          const code = await startCode(scene, config)
          requireCode(bench, code, 'bad-config', 'control.bad-argument', text.slice(0, 200))
        }
        const extreme = JSON.stringify(role.extremeConfig).slice(0, 200)
        const code = await startCode(scene, role.extremeConfig)
        requireCode(bench, code, 'success', 'control.bad-argument', extreme)
        bench.evidence(`${role.wrongConfigs.length} wrong configurations refused, the extreme one started`)
      },
    }),
    define({
      id: `control.start.listening/${prefix}serves-at-once`,
      also: serving,
      title: 'right after start the sockets are open',
      stage: STAGE,
      observes: ['wire'],
      evidence: 'a connection accepted and an answer, both before any other command',
      hint: 'Reply to start only after bind and listen have succeeded.',
      async run(bench: B) {
        const scene = await role.scene(bench)
        const node = await scene.start()
        const connection = await scene.connect(node)
        const answer = await scene.greet(node, 'control.start.listening')
        connection.close()
        bench.evidence('serves at once', answer)
      },
    }),
    define({
      id: `control.start.listening/${prefix}address-in-use`,
      title: 'a taken port is reported, and another one can be tried',
      stage: STAGE,
      observes: ['control', 'wire'],
      evidence: 'address-in-use when the port is taken, then a start that succeeds',
      hint: 'Wait for the result of every bind; close the socket that succeeded when another one failed.',
      async run(bench: B) {
        const scene = await role.scene(bench)
        for (const protocol of role.protocols) {
          const occupied = await occupy(protocol)
          try {
            const code = await startCode(scene, { listenPort: occupied.port })
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
            actual: 'the port is still taken',
          })
          // Not before: another case would take it, and this one would see it taken.
          releaseListenPort(occupied.port)
        }
        const code = await startCode(scene, {})
        requireCode(bench, code, 'success', 'control.start.listening', 'a free port')
        bench.evidence(`address-in-use for ${role.protocols.join(' and ')}, then a start that succeeded`)
      },
    }),
    define({
      id: `control.stop/${prefix}closes-the-sockets`,
      title: 'stop closes the sockets and ends the program',
      stage: STAGE,
      observes: ['wire', 'control'],
      evidence:
        'an answer before, a free port after the reply to stop, and exit code 0 of a program for one node',
      hint: 'Close all sockets before you reply. A thread that is not a daemon keeps the process alive.',
      ownProcesses: true,
      async run(bench: B) {
        const { scene, node } = await started(bench)
        const answer = await scene.greet(node)
        await node.stop()
        bench.require(await isFree(node.listenPort), {
          requirement: 'control.stop',
          expected: 'all sockets closed when stop is answered',
          actual: `port ${node.listenPort} is still taken`,
        })
        if (!node.features.has('multi-node')) await requireExit(bench, node, 'control.stop', 'stop')
        bench.evidence('the port is free after stop', answer)
      },
    }),
    define({
      id: `control.eof/${prefix}ends`,
      title: 'the program ends when its standard input ends, without leaving in order',
      stage: STAGE,
      observes: ['control', 'wire'],
      evidence: 'an answer before, exit code 0 after its input ended, and nothing said to others',
      hint: 'End the process when standard input ends, whatever threads and timers still run; do not wait for anybody.',
      ownProcesses: true,
      async run(bench: B) {
        const scene = await role.scene(bench)
        const node = await scene.start(role.slowToLeave)
        await scene.enter(node)
        const connection = await scene.connect(node)
        const answer = await scene.greet(node)
        node.endInput()
        await requireExit(bench, node, 'control.eof', 'the end of its input')
        const leaving = bench.frames.find(role.isLeaving)
        bench.require(leaving === undefined, {
          requirement: 'control.eof',
          expected: 'no word to others: the program ends without leaving in order',
          actual: JSON.stringify(leaving?.message),
          ...(leaving && { exhibits: [{ frame: leaving.n }] }),
        })
        connection.close()
        bench.require(await isFree(node.listenPort), {
          requirement: 'control.eof',
          expected: 'nothing that the program started stays behind',
          actual: `something still holds port ${node.listenPort}`,
        })
        bench.evidence('ended after its input ended', answer)
      },
    }),
  ]
}

/** The program ends by itself, with exit code 0. */
async function requireExit(bench: Bench, node: Node, requirement: string, after: string): Promise<void> {
  await bench.until(() => node.exitCode !== null)
  bench.require(node.exitCode === 0, {
    requirement,
    expected: `exit code 0 after ${after}`,
    actual: node.exitCode === null ? 'it still runs' : `exit code ${node.exitCode}`,
  })
}
