// When to stop early. The cases of the first stage ask whether the program follows the control protocol at all. If all of
// them were run and none passed, each of the others would only wait for its deadlines, for minutes, to say the same.
import type { Case } from './case.ts'
import type { CaseResult } from './result.ts'

/** With fewer cases than these in the first stage (a run with `--only`) nothing is concluded from them. */
const FIRST_CASES_MIN = 5

export const hopelessMessage =
  'not run, because no case of the first stage passed: the program has to follow the control protocol first ' +
  '(--keep-going runs the rest all the same)'

/** True when every case of the first stage of this role among `cases` has a result, and none is a pass. */
export function isHopeless(
  role: string,
  cases: readonly Case[],
  results: ReadonlyMap<Case, CaseResult>,
): boolean {
  const first = cases.filter((definition) => definition.stage === 0 && definition.role === role)
  return (
    first.length >= FIRST_CASES_MIN &&
    first.every((definition) => {
      const status = results.get(definition)?.status
      return status !== undefined && status !== 'pass'
    })
  )
}
