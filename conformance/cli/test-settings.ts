// From the options of `peerspec test` and its configuration file to what will be done. The command line wins over the file,
// and everything that can be wrong is found out here, before a program is started.
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Level } from '../../spec/requirement.ts'
import type { Program } from '../driver/host.ts'
import type { Case } from '../verdict/case.ts'
import type { ChosenProfile } from '../verdict/result.ts'
import { defaultJobs } from '../verdict/runner.ts'
import { chooseSeed } from '../verdict/seed.ts'
import { select, UsageError } from '../verdict/selection.ts'
import { type ConfigFile, readConfigFile } from './config-file.ts'
import { judgedProgram, secondProgram } from './judged-program.ts'
import * as values from './option-values.ts'
import { referenceCommand } from './package-files.ts'
import { casesOf, rolesOf } from './targets.ts'

/** The options, as parsed from the command line. */
export interface TestOptions {
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  readonly level?: Level
  readonly profile?: ChosenProfile
  readonly stage?: readonly [number, number]
  readonly seed?: number
  readonly timeScale?: number
  readonly jobs?: number
  readonly repeat?: number
  readonly isolated?: boolean
  readonly keepGoing?: boolean
  readonly with?: string
  readonly attach?: string
  readonly config?: string
  readonly json?: string
  readonly junit?: string
  readonly dryRun?: boolean
  readonly verbose?: boolean
  readonly color: boolean
  readonly maxFailuresShown: number
}

export interface TestSettings {
  readonly cases: readonly Case[]
  readonly program: Program
  /** The program is the bundled reference, because none was named. */
  readonly isReference: boolean
  readonly second: Program | undefined
  readonly profile: ChosenProfile
  /** Roles that the program must have: those that were named. Who names nothing gets verdicts on what is there. */
  readonly roles: readonly string[]
  readonly seed: number
  readonly timeScale: number
  readonly jobs: number
  readonly repeat: number
  readonly isolated: boolean
  readonly keepGoing: boolean
  readonly dryRun: boolean
  readonly json: string | undefined
  readonly junit: string | undefined
  readonly verbose: boolean
  readonly color: boolean
  readonly failuresShownMax: number
}

export function testSettings(
  targets: readonly string[],
  options: TestOptions,
  after: readonly string[] | undefined,
): TestSettings {
  const { config: configPath, json, junit } = options
  const config = configPath === undefined ? {} : readConfigFile(configPath)
  const program = judgedProgram({ after, attach: options.attach, config, configPath })
  if (json !== undefined && json !== '-') requireWritable('--json', json)
  if (junit !== undefined) requireWritable('--junit', junit)
  return {
    cases: chooseCases(targets, options, config),
    program,
    isReference: program.kind === 'command' && program.argv === referenceCommand,
    second: secondProgram(options.with, config, configPath),
    profile: options.profile ?? config.profile ?? 'baseline',
    roles: targets.length === 0 ? [] : rolesOf(targets),
    seed: options.seed ?? config.seed ?? chooseSeed(),
    timeScale: options.timeScale ?? config.timeScale ?? 1,
    jobs: options.jobs ?? config.jobs ?? defaultJobs(),
    repeat: options.repeat ?? config.repeat ?? 1,
    isolated: options.isolated ?? config.isolated ?? false,
    keepGoing: options.keepGoing ?? false,
    dryRun: options.dryRun ?? false,
    json,
    junit,
    verbose: options.verbose ?? false,
    color: options.color,
    failuresShownMax: options.maxFailuresShown,
  }
}

function chooseCases(targets: readonly string[], options: TestOptions, config: ConfigFile): readonly Case[] {
  const level = options.level ?? (config.level && values.level(config.level))
  const only = options.only ?? config.only
  const skip = options.skip ?? config.skip
  return select(casesOf(targets), {
    ...(only && { only }),
    ...(skip && { skip }),
    ...(level && { level }),
    ...(options.stage && { stages: options.stage }),
  })
}

// Nobody wants to learn after a minute of tests that their report has no place to go.
function requireWritable(option: string, path: string): void {
  const existing = statSync(path, { throwIfNoEntry: false })
  if (existing?.isDirectory()) throw new UsageError(`${option} ${path}: is a folder, not a file`)
  try {
    accessSync(existing ? path : dirname(path), constants.W_OK)
  } catch (error) {
    throw new UsageError(`${option} ${path}: cannot be written (${(error as NodeJS.ErrnoException).code})`)
  }
}
