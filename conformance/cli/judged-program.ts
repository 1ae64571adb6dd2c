// Which program is judged, and how the user would write it again.
import { dirname, resolve } from 'node:path'
import { split as splitWords } from 'shlex'
import type { Program } from '../driver/host.ts'
import { UsageError } from '../verdict/selection.ts'
import type { ConfigFile } from './config-file.ts'
import { hostAndPort } from './option-values.ts'
import { referenceCommand } from './package-files.ts'

type Argv = readonly [string, ...string[]]

const isArgv = (words: readonly string[]): words is Argv => words.length > 0

function command(words: readonly string[], option: string, cwd: string): Program {
  if (!isArgv(words)) throw new UsageError(`${option}: a command is missing`)
  return { kind: 'command', argv: words, cwd }
}

/** A command in one word: a JSON array of strings, or words as a shell splits them. Nothing else of a shell is done. */
export function commandWords(text: string): readonly string[] {
  if (!text.trimStart().startsWith('[')) {
    try {
      return splitWords(text)
    } catch (error) {
      throw new UsageError(`--with ${text}: ${(error as Error).message}`)
    }
  }
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return value
  } catch {
    // Falls through to the error below, which says what would be right.
  }
  throw new UsageError(`--with ${text}: is not a JSON array of strings`)
}

export interface ProgramChoice {
  /** What stands after `--`, if that stands there. */
  readonly after: readonly string[] | undefined
  readonly attach: string | undefined
  readonly config: ConfigFile
  readonly configPath: string | undefined
}

/** The command after `--` wins over `--attach`'s and the command of the file; without any, the bundled reference. */
export function judgedProgram({ after, attach, config, configPath }: ProgramChoice): Program {
  if (after !== undefined && attach !== undefined)
    throw new UsageError('--attach and a command after -- exclude each other')
  if (after !== undefined) return command(after, '--', process.cwd())
  if (attach !== undefined) return { kind: 'attach', ...hostAndPort(attach) }
  if (config.attach && config.command)
    throw new UsageError(`--config ${configPath}: attach and command exclude each other`)
  if (config.attach) return { kind: 'attach', ...config.attach }
  if (config.command) return command(config.command, 'command', folderOf(configPath))
  return { kind: 'command', argv: referenceCommand, cwd: process.cwd() }
}

export function secondProgram(
  option: string | undefined,
  config: ConfigFile,
  configPath: string | undefined,
) {
  if (option !== undefined) return command(commandWords(option), '--with', process.cwd())
  return config.with && command(config.with, 'with', folderOf(configPath))
}

// Commands of a file are meant from where the file is, wherever the user stands.
const folderOf = (configPath: string | undefined): string =>
  configPath === undefined ? process.cwd() : dirname(resolve(configPath))
