// From what was observed of one execution of a case to one verdict. Pure, so that the whole lattice is tested as a table.
//
// In this order, the first that holds decides:
//   1. the program crashed or hung: nothing else that happened then is worth much;
//   2. it broke a requirement, as the case says or as a frame or control line shows; of several the most binding one;
//   3. the case asked for what cannot be done to this program: untestable, which is no pass either;
//      with any other exception: a fault of the harness, never of the program;
//   4. the case did not end in time: inconclusive;
//   5. the case returned without evidence: inconclusive, because nobody saw the requirement at work;
//   6. pass.
import { findRequirement } from '../../spec/registry.ts'
import type { Level } from '../../spec/requirement.ts'
import { type Incident, NotReady, Untestable } from '../driver/host.ts'
import { CommandError } from '../driver/node.ts'
import { type Case, Violation } from './case.ts'
import { levels } from './requirement-level.ts'
import type { Reason, Status } from './result.ts'

export interface Observation {
  readonly outcome:
    | { readonly kind: 'returned' }
    | { readonly kind: 'threw'; readonly error: unknown }
    | { readonly kind: 'overran'; readonly afterMs: number }
  readonly evidence: readonly string[]
  readonly wireViolation?: Violation | undefined
  readonly incident?: Incident | undefined
}

export interface Verdict {
  readonly status: Status
  readonly reason?: Reason
  /** No stall of the harness can have brought it about: a malformed frame or line is malformed at any time. */
  readonly timeless?: true
}

const statusOfLevel: Readonly<Record<Level, Status>> = { MUST: 'fail', SHOULD: 'warn', MAY: 'info' }

function reasonOf(violation: Violation): Reason {
  const { requirement, expected, actual, exhibits } = violation
  return { requirement, expected, actual, message: `expected ${expected}; got ${actual}`, exhibits }
}

const bare = (message: string): Reason => ({ message, exhibits: [] })

const harnessError = (message: string): Verdict => ({ status: 'harness-error', reason: bare(message) })

// A command that the program refuses although the case needs it: the program does not do what the case is about.
function violationOf(error: unknown, definition: Case): Violation | undefined {
  if (error instanceof Violation) return error
  if (!(error instanceof CommandError)) return undefined
  return new Violation({
    requirement: definition.requirements[0],
    expected: `the command ${error.command} to succeed`,
    actual: `the error ${error.message.slice(error.command.length + 2)}`,
  })
}

// What the control channel shows of a broken control protocol is a broken requirement too.
const violationOfIncident = (incident: Incident | undefined): Violation | undefined =>
  incident?.kind === 'broken'
    ? new Violation({
        requirement: incident.requirement ?? 'control.lines',
        expected: 'valid lines on the control channel',
        actual: incident.message,
      })
    : undefined

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : `thrown: ${String(error)}`

export function judge(definition: Case, observation: Observation): Verdict {
  const { outcome, incident, wireViolation } = observation
  const requirement = definition.requirements[0]
  if (incident && incident.kind !== 'broken')
    return { status: incident.kind, reason: { ...bare(incident.message), requirement } }
  // The program was ready before (the host has its hello), and now it did not come up again.
  if (outcome.kind === 'threw' && outcome.error instanceof NotReady)
    return { status: 'crash', reason: { ...bare(outcome.error.message), requirement } }

  const thrown = outcome.kind === 'threw' ? violationOf(outcome.error, definition) : undefined
  // A case about datagrams that waits in vain for a pong, because two came in one datagram, has the cause in the capture.
  const isAboutTheWire =
    wireViolation !== undefined && definition.requirements.includes(wireViolation.requirement)
  const seen = isAboutTheWire ? [wireViolation, thrown] : [thrown, wireViolation]
  const violations = [...seen, violationOfIncident(incident)].filter((violation) => violation !== undefined)
  for (const violation of violations)
    if (!findRequirement(violation.requirement))
      return harnessError(`${definition.id} names ${violation.requirement}, which is no requirement`)
  for (const level of levels) {
    const violation = violations.find((one) => findRequirement(one.requirement)?.level === level)
    if (violation)
      return {
        status: statusOfLevel[level],
        reason: reasonOf(violation),
        ...(violation !== thrown && { timeless: true }),
      }
  }

  if (outcome.kind === 'threw') {
    if (outcome.error instanceof Untestable)
      return { status: 'untestable', reason: bare(outcome.error.message) }
    return harnessError(textOf(outcome.error))
  }
  if (outcome.kind === 'overran')
    return { status: 'inconclusive', reason: bare(`the case did not end within ${outcome.afterMs} ms`) }
  if (observation.evidence.length === 0)
    return {
      status: 'inconclusive',
      reason: bare(`the case ended without having seen its evidence: ${definition.evidence}`),
    }
  return { status: 'pass' }
}
