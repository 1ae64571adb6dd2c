// The outcome of one case, and of a run. The JSON report is this, and its schema is published.
import type { SystemName } from '../../spec/registry.ts'
import type { Profile } from '../../spec/requirement.ts'
import type { Frame } from '../wire/capture.ts'
import type { Exhibit } from './case.ts'

export const statuses = [
  'pass',
  'fail',
  'warn',
  'info',
  'not-applicable',
  'untestable',
  'inconclusive',
  'xfail',
  'xpass',
  'flaky',
  'crash',
  'hang',
  'harness-error',
] as const
export type Status = (typeof statuses)[number]

/** What each status says, in the words of the summary. */
export const statusMeaning: Readonly<Record<Status, string>> = {
  pass: 'the requirement holds, and what shows it was seen',
  fail: 'a MUST is broken',
  warn: 'a SHOULD is broken',
  info: 'a MAY is not taken up',
  'not-applicable': 'the program does not claim the feature, and the profile does not require it',
  untestable: 'something that the profile requires is missing; counts as a failure',
  inconclusive: 'nothing was seen that shows the requirement holds or is broken',
  xfail: 'failed as the baseline file says',
  xpass: 'passed although the baseline file says otherwise',
  flaky: 'passed in some of the repetitions only; counts as a failure',
  crash: 'the program ended by itself',
  hang: 'the program did not answer, or did not end',
  'harness-error': 'a fault of peerspec, not of the program',
}

export interface Reason {
  readonly requirement?: string
  readonly expected?: string
  readonly actual?: string
  readonly message: string
  readonly exhibits: readonly Exhibit[]
}

export interface CaseResult {
  readonly id: string
  readonly system: SystemName
  /** The role that the case judges. */
  readonly role: string
  readonly title: string
  readonly requirements: readonly string[]
  readonly stage: number
  readonly status: Status
  readonly durationMs: number
  /** The seed of the run: `--seed` with this value gives the case the same random numbers again. */
  readonly seed: number
  readonly evidence: readonly string[]
  /** Why it is not a pass. */
  readonly reason?: Reason
  /** What to look at first; only when it is not a pass. */
  readonly hint?: string
  /** The frames around the exhibits, at most 20, and the last of stderr: only when it is not a pass. */
  readonly frames?: readonly Frame[]
  /** What people call the participants of these frames, by the numbers in `from` and `to`. */
  readonly participants?: Readonly<Record<string, string>>
  readonly stderrTail?: string
  /** How the verdict came about when it was not one plain run: a second run alone, or with more time. */
  readonly notes?: readonly string[]
  /** With `--repeat`: how many of the runs passed. */
  readonly repeated?: { readonly runs: number; readonly passed: number }
  /** The command that runs this case alone with this seed. */
  readonly reproduce: string
}

/** `declared` holds a program to what it declares itself, and to nothing else. */
export type ChosenProfile = Profile | 'declared'

export interface ProgramDescription {
  readonly name: string
  readonly version: string
  readonly language: string
  readonly roles: readonly string[]
  readonly features: readonly string[]
}

/** How fast this machine is, as measured before the run. */
export interface Calibration {
  /** How late a timer of 5 ms fires at worst. */
  readonly timerLateMs: number
  /** Longest round trip of a datagram on loopback. */
  readonly loopbackRoundTripMs: number
  /** What all times are multiplied with because of it, beside `--time-scale`. */
  readonly factor: number
}

export interface RunResult {
  readonly peerspecVersion: string
  readonly systems: readonly SystemName[]
  readonly profile: ChosenProfile
  readonly seed: number
  readonly timeScale: number
  readonly jobs: number
  readonly isolated: boolean
  readonly repeat: number
  readonly calibration: Calibration
  readonly machine: {
    readonly platform: string
    readonly arch: string
    readonly cpus: number
    readonly node: string
  }
  readonly program: ProgramDescription
  readonly second?: ProgramDescription
  readonly startedAt: string
  readonly durationMs: number
  /** Ended early by a signal: the cases are those that had a result by then. */
  readonly interrupted: boolean
  readonly cases: readonly CaseResult[]
}
