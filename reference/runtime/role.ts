// What a role of this program is to the control channel: the schemas of its commands, and how a configuration becomes a node.
import type { ControlErrorCode } from '../../spec/control/messages.ts'

/** A reply without the schema of one system. */
export type AnyReply =
  | { readonly ok: true; readonly result: object }
  | { readonly ok: false; readonly error: { readonly code: ControlErrorCode; readonly message: string } }

export interface RunningNode {
  listen(): Promise<void>
  /** By command that this node serves with its configuration, the schema of the arguments. */
  readonly commands: Readonly<Record<string, object>>
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
  /** The commands of the role, whatever the configuration. */
  readonly commands: Readonly<Record<string, object>>
  /** What is wrong with a configuration that fits the schema. */
  checkConfig(config: unknown): string | undefined
  /** `config` has been checked. Throws if the folder cannot be used. */
  create(config: unknown, callbacks: NodeCallbacks): RunningNode
}
