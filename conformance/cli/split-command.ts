// The command line up to the first `--` is ours, what follows is the command of the program under test, word by word.

export interface SplitArguments {
  readonly own: readonly string[]
  /** Undefined without `--`. */
  readonly command: readonly string[] | undefined
}

export function splitCommand(argv: readonly string[]): SplitArguments {
  const at = argv.indexOf('--')
  return at < 0 ? { own: argv, command: undefined } : { own: argv.slice(0, at), command: argv.slice(at + 1) }
}
