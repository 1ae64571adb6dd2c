// Commands that a case begins and looks at later: a join that waits for a peer, a request that waits for its owner.
import { CommandError } from '../driver/node.ts'
import type { Bench } from '../verdict/bench.ts'

export type Outcome<R> =
  | { readonly ok: true; readonly result: R }
  | { readonly ok: false; readonly code: string }

export interface Begun<R> {
  /** Resolves with the reply; rejects only when the program hangs or crashes. */
  readonly outcome: Promise<Outcome<R>>
  /** The reply, once it is there. */
  settled(): Outcome<R> | undefined
}

/** Takes a command that was sent and does not wait for its reply. */
export function begun<R>(command: Promise<R>): Begun<R> {
  let settled: Outcome<R> | undefined
  const outcome = command.then(
    (result): Outcome<R> => {
      settled = { ok: true, result }
      return settled
    },
    (error: unknown): Outcome<R> => {
      if (!(error instanceof CommandError)) throw error
      settled = { ok: false, code: error.code }
      return settled
    },
  )
  // A crash while the case looks elsewhere is reported when the case awaits the outcome, not as an unhandled rejection.
  outcome.catch(() => undefined)
  return { outcome, settled: () => settled }
}

const describe = (outcome: Outcome<unknown>): string =>
  outcome.ok ? `success: ${JSON.stringify(outcome.result)}` : `the error ${outcome.code}`

/** The command succeeded; gives its result. */
export async function requireSuccess<R>(
  bench: Bench,
  command: Begun<R>,
  requirement: string,
  expected: string,
): Promise<R> {
  const outcome = await command.outcome
  bench.require(outcome.ok, { requirement, expected, actual: describe(outcome) })
  return outcome.result
}

/** The command failed with one of these codes. */
export async function requireFailure(
  bench: Bench,
  command: Begun<unknown>,
  codes: readonly string[],
  requirement: string,
  when: string,
): Promise<void> {
  const outcome = await command.outcome
  bench.require(!outcome.ok && codes.includes(outcome.code), {
    requirement,
    expected: `the error ${codes.join(' or ')} ${when}`,
    actual: describe(outcome),
  })
}

/** The command has no reply yet. */
export function requireWaiting(
  bench: Bench,
  command: Begun<unknown>,
  requirement: string,
  expected: string,
): void {
  const settled = command.settled()
  bench.require(settled === undefined, {
    requirement,
    expected,
    actual: settled === undefined ? 'no reply' : `a reply before that: ${describe(settled)}`,
  })
}
