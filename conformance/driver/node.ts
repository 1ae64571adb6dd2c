// One node of the program under test, driven over the control channel.
import type { RingCommandArguments, RingCommandName, RingEvent, RingResult } from '../../spec/ring/control.ts'

/** The program answered a command with an error. */
export class CommandError extends Error {
  readonly command: string
  readonly code: string
  constructor(command: string, code: string, message: string) {
    super(`${command}: ${code}: ${message}`)
    this.name = 'CommandError'
    this.command = command
    this.code = code
  }
}

export interface Node {
  readonly id: number
  readonly listenPort: number
  /** Peer i is at this + i, as this node sees it. */
  readonly viewPort: number
  /** Its folder; everything it writes must lie within. */
  readonly folder: string
  /** Features that its program declared. */
  readonly features: ReadonlySet<string>
  /** Sends a command; rejects with `CommandError`, or with a hang or crash of the program. Result checked by schema. */
  command<C extends RingCommandName>(
    name: C,
    args: RingCommandArguments<C>,
    withinMs?: number,
  ): Promise<RingResult<C>>
  /** Sends any command line, for wrong ones; gives the whole reply. */
  rawCommand(
    name: string,
    args: Readonly<Record<string, unknown>>,
    withinMs?: number,
  ): Promise<Readonly<Record<string, unknown>>>
  /** Events so far, in order, with the time in ms since the case began. */
  readonly events: readonly (RingEvent & { readonly atMs: number })[]
  state(): Promise<RingResult<'state'>>
  /** Leaves in order. */
  stop(withinMs?: number): Promise<void>
  /** SIGKILL to its process; connections to it are refused from now on. Only in cases with `ownProcesses`. */
  kill(): Promise<void>
  /** SIGSTOP and SIGCONT. Only in cases with `ownProcesses`. */
  pause(): void
  resume(): void
  /** Ends the program's standard input. Only in cases with `ownProcesses`. */
  endInput(): void
  /** The node's process has ended: its exit code, or null while it runs. */
  readonly exitCode: number | null
}
