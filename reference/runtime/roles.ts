// What this program can be: for each role the schemas of its commands, and how a configuration becomes a node.
import type { ControlErrorCode } from '../../spec/control/messages.ts'
import { RingConfig, ringCommands, ringFeatures } from '../../spec/ring/control.ts'
import { ringTcpMessages, ringUdpMessages } from '../../spec/ring/messages.ts'
import type { CommandReply } from '../core/machine.ts'
import { createRingMachine } from '../ring/machine.ts'
import { settingsOf } from '../ring/settings.ts'
import type { RingCommand, RingMachine, RingVocabulary } from '../ring/vocabulary.ts'
import { Node } from './node.ts'

/** A reply without the schema of one system. */
export type AnyReply =
  | { readonly ok: true; readonly result: object }
  | { readonly ok: false; readonly error: { readonly code: ControlErrorCode; readonly message: string } }

export interface RunningNode {
  listen(): Promise<void>
  command(handle: number, name: string, args: object): void
  kill(): void
}

export interface NodeCallbacks {
  readonly onReply: (handle: number, reply: AnyReply) => void
  readonly onEvent: (event: object) => void
  readonly onHalted: () => void
}

export interface Role {
  readonly features: readonly string[]
  readonly config: object
  /** By command, the schema of its arguments. */
  readonly commands: Readonly<Record<string, object>>
  /** `config` has been checked against the schema. Throws if the folder cannot be used. */
  create(config: unknown, callbacks: NodeCallbacks): RunningNode
}

/** How a ring peer is made of its configuration; a mutant makes it otherwise. */
export interface RingVariant {
  configure(config: RingConfig): RingConfig
  create(config: RingConfig): RingMachine
}
const correctVariant: RingVariant = { configure: (config) => config, create: createRingMachine }

export function ringRole(variant: RingVariant = correctVariant): Role {
  return {
    features: ringFeatures,
    config: RingConfig,
    commands: ringCommands,
    create: (checked, callbacks) => {
      const config = variant.configure(checked as RingConfig)
      const { host, basePort, listenPort, folder } = settingsOf(config)
      const node = new Node<RingVocabulary>({
        machine: variant.create(config),
        datagramSchemas: ringUdpMessages,
        streamSchemas: ringTcpMessages,
        host,
        listenPort,
        // ring.address.port, common.address.config
        addressOf: (peer) => ({ host, port: basePort + peer }),
        folder,
        onReply: (handle, reply: CommandReply<RingVocabulary>) => callbacks.onReply(handle, reply),
        onEvent: callbacks.onEvent,
        onHalted: callbacks.onHalted,
      })
      return {
        listen: () => node.listen(),
        command: (handle, name, args) => node.command(handle, { command: name, ...args } as RingCommand),
        kill: () => node.kill(),
      }
    },
  }
}
