// The command that runs one case again as it was run: with the same program, seed, times and profile.
import { join as joinWords, quote } from 'shlex'
import type { Program } from '../driver/host.ts'
import type { ChosenProfile } from '../verdict/result.ts'

export interface Reproduction {
  /** `npx peerspec`. */
  readonly invocation: string
  /** A system or a role. */
  readonly target: string
  readonly caseId: string
  readonly seed: number
  readonly profile: ChosenProfile
  readonly timeScale: number
  readonly isolated: boolean
  /** Undefined for the bundled reference, which needs no words. */
  readonly program: Program | undefined
  readonly second: Program | undefined
}

export function reproduceCommand(run: Reproduction): string {
  const words = [run.invocation, 'test', run.target, '--only', quote(run.caseId), '--seed', `${run.seed}`]
  if (run.profile !== 'baseline') words.push('--profile', run.profile)
  if (run.timeScale !== 1) words.push('--time-scale', `${run.timeScale}`)
  if (run.isolated) words.push('--isolated')
  if (run.second?.kind === 'command') words.push('--with', quote(joinWords(run.second.argv)))
  if (run.program?.kind === 'attach') words.push('--attach', `${run.program.host}:${run.program.port}`)
  const inFolder =
    run.program?.kind === 'command' && run.program.cwd !== undefined && run.program.cwd !== process.cwd()
      ? `cd ${quote(run.program.cwd)} && `
      : ''
  if (run.program?.kind === 'command') words.push('--', joinWords(run.program.argv))
  return inFolder + words.join(' ')
}
