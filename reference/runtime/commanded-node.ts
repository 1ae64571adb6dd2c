// A node of this process, driven by commands as the control channel drives one, but with a promise for each reply.
import { checkArguments } from '../core/arguments.ts'
import type { AnyReply, Role } from './role.ts'

export interface CommandedNode {
  /** Rejects if it cannot listen where its configuration says. */
  listen(): Promise<void>
  /** Resolves with the reply. */
  command(name: string, args?: object): Promise<AnyReply>
  /** The result of a command that succeeds. */
  result<R extends object>(name: string, args?: object): Promise<R>
  kill(): void
}

/** What is wrong with a configuration; undefined if nothing is. */
export const configProblem = (role: Role, config: object): string | undefined =>
  checkArguments(role.config, config) ?? role.checkConfig(config)

/** `config` has no problem. */
export function commandedNode(
  role: Role,
  config: object,
  onEvent: (event: object) => void = () => {},
): CommandedNode {
  /** Commands without a reply, by their handle. */
  const waiting = new Map<number, (reply: AnyReply) => void>()
  let handle = 0
  const running = role.create(config, {
    onReply: (replied, reply) => {
      waiting.get(replied)?.(reply)
      waiting.delete(replied)
    },
    onEvent,
    onHalted: () => {},
  })
  const command = (name: string, args: object = {}): Promise<AnyReply> => {
    handle += 1
    const own = handle
    return new Promise((resolve) => {
      waiting.set(own, resolve)
      running.command(own, name, args)
    })
  }
  return {
    listen: () => running.listen(),
    command,
    result: async <R extends object>(name: string, args?: object): Promise<R> => {
      const reply = await command(name, args)
      if (!reply.ok) throw new Error(`${name}: ${reply.error.code}, ${reply.error.message}`)
      return reply.result as R
    },
    kill: () => running.kill(),
  }
}
