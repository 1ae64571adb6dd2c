// One node of the program under test, driven over the control channel: what nodes of all systems have in common.

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
  readonly listenPort: number
  /** Features that its program declared. */
  readonly features: ReadonlySet<string>
  /** Sends any command line, for wrong ones; gives the whole reply. */
  rawCommand(
    name: string,
    args: Readonly<Record<string, unknown>>,
    withinMs?: number,
  ): Promise<Readonly<Record<string, unknown>>>
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
