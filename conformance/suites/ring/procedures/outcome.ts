// Commands that a case begins and looks at later: a request that waits for its owner, a store that waits for `stored`.
import type { RingCommandArguments, RingCommandName, RingResult } from '../../../../spec/ring/control.ts'
import { CommandError } from '../../../driver/node.ts'
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'

export type Outcome<C extends RingCommandName> =
  | { readonly ok: true; readonly result: RingResult<C> }
  | { readonly ok: false; readonly code: string }

export interface Begun<C extends RingCommandName> {
  /** Resolves with the reply; rejects only when the program hangs or crashes. */
  readonly outcome: Promise<Outcome<C>>
  /** The reply, once it is there. */
  settled(): Outcome<C> | undefined
}

/** Sends a command without waiting for its reply. */
export function begin<C extends RingCommandName>(
  node: RingNode,
  name: C,
  args: RingCommandArguments<C>,
  withinMs?: number,
): Begun<C> {
  let settled: Outcome<C> | undefined
  const outcome = node.command(name, args, withinMs).then(
    (result): Outcome<C> => {
      settled = { ok: true, result }
      return settled
    },
    (error: unknown): Outcome<C> => {
      if (!(error instanceof CommandError)) throw error
      settled = { ok: false, code: error.code }
      return settled
    },
  )
  // A crash while the case looks elsewhere is reported when the case awaits the outcome, not as an unhandled rejection.
  outcome.catch(() => undefined)
  return { outcome, settled: () => settled }
}

const describe = (outcome: Outcome<RingCommandName>): string =>
  outcome.ok ? `success: ${JSON.stringify(outcome.result)}` : `the error ${outcome.code}`

/** The command succeeded; gives its result. */
export async function requireSuccess<C extends RingCommandName>(
  bench: RingBench,
  begun: Begun<C>,
  requirement: string,
  expected: string,
): Promise<RingResult<C>> {
  const outcome = await begun.outcome
  bench.require(outcome.ok, { requirement, expected, actual: describe(outcome) })
  return outcome.result
}

/** The command failed with one of these codes. */
export async function requireFailure<C extends RingCommandName>(
  bench: RingBench,
  begun: Begun<C>,
  codes: readonly string[],
  requirement: string,
  when: string,
): Promise<void> {
  const outcome = await begun.outcome
  bench.require(!outcome.ok && codes.includes(outcome.code), {
    requirement,
    expected: `the error ${codes.join(' or ')} ${when}`,
    actual: describe(outcome),
  })
}

/** The command has no reply yet. */
export function requireWaiting<C extends RingCommandName>(
  bench: RingBench,
  begun: Begun<C>,
  requirement: string,
  expected: string,
): void {
  const settled = begun.settled()
  bench.require(settled === undefined, {
    requirement,
    expected,
    actual: settled === undefined ? 'no reply' : `a reply before that: ${describe(settled)}`,
  })
}
