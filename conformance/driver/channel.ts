// What the control client needs of a program, whether it was spawned or attached to.

/** How a program, or the connection to it, ended. */
export interface Ending {
  /** Undefined when it ended by a signal, could not be started, or is only a connection. */
  readonly exitCode?: number
  readonly signal?: NodeJS.Signals
  /** It could not be started, or the connection failed. */
  readonly error?: Error
}

export interface ChannelListener {
  onLine(line: string): void
  /** The output breaks a limit or is no text. */
  onTrouble(text: string): void
  /** Nothing more comes. */
  onEnd(ending: Ending): void
}

export interface Channel {
  /** The process was started here, so that it can be paused and killed. */
  readonly isOurs: boolean
  /** Starts to read. Called once, before anything is written. */
  listen(listener: ChannelListener): void
  write(line: string): void
  /** Ends the program's standard input, or the connection. */
  endInput(): void
  /** What the program wrote last on standard error. */
  stderrTail(): string
  /** The beginning of a line that has not ended yet. */
  unfinishedLine(): string
  /** Ends it for sure, with everything that it started; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGSTOP or SIGCONT to all of it; false when it is not ours to signal. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): boolean
}
