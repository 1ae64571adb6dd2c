// The report for machines. Its schema is json-schema.ts.
import { findRequirement } from '../../spec/registry.ts'
import { exitCodeOf, exitCodes } from '../verdict/exit-codes.ts'
import { type CaseResult, type RunResult, type Status, statuses } from '../verdict/result.ts'
import type { Frame } from '../wire/capture.ts'
import { REPORT_VERSION, type RunReport } from './json-schema.ts'

type Totals = Partial<Record<Status, number>>

function totalsOf(results: readonly CaseResult[]): Totals {
  const totals: Totals = {}
  for (const status of statuses) {
    const count = results.filter((result) => result.status === status).length
    if (count > 0) totals[status] = count
  }
  return totals
}

function byRequirement(results: readonly CaseResult[]): RunReport['totals']['byRequirement'] {
  const ids = [...new Set(results.flatMap((result) => result.requirements))].toSorted()
  return Object.fromEntries(
    ids.map((id) => {
      const judging = results.filter((result) => result.requirements.includes(id))
      const level = findRequirement(id)?.level ?? 'MUST'
      return [id, { level, cases: judging.length, byStatus: totalsOf(judging) }]
    }),
  )
}

function frameOf(frame: Frame): NonNullable<RunReport['cases'][number]['frames']>[number] {
  const { bytes, message, fault, atMs, connection, body, ...rest } = frame
  return {
    ...rest,
    atMs: Math.round(atMs * 10) / 10,
    ...(connection !== undefined && { connection }),
    ...(message ? { message } : { base64: Buffer.from(bytes).toString('base64') }),
    ...(fault && { fault: { text: fault.text, ...(fault.at !== undefined && { at: fault.at }) } }),
    ...(body && { body }),
  }
}

function caseOf(result: CaseResult): RunReport['cases'][number] {
  const { frames, participants, reason, requirements, evidence, notes, ...rest } = result
  return {
    ...rest,
    requirements: [...requirements],
    evidence: [...evidence],
    ...(reason && {
      reason: {
        ...reason,
        exhibits: reason.exhibits.map(({ frame, at }) => ({ frame, ...(at !== undefined && { at }) })),
      },
    }),
    ...(frames && { frames: frames.map(frameOf) }),
    ...(participants && { participants: { ...participants } }),
    ...(notes && { notes: [...notes] }),
  }
}

/** The report of a run, as plain data. */
export function runReport(run: RunResult): RunReport {
  const { cases, systems, program, second, ...rest } = run
  const exitCode = run.interrupted ? exitCodes.interrupted : exitCodeOf(cases)
  const plain = ({ roles, features, name, version, language }: typeof program) => ({
    name,
    version,
    language,
    roles: [...roles],
    features: [...features],
  })
  return {
    report: REPORT_VERSION,
    ...rest,
    systems: [...systems],
    program: plain(program),
    ...(second && { second: plain(second) }),
    conformant: exitCode === exitCodes.conformant,
    exitCode,
    totals: { cases: cases.length, byStatus: totalsOf(cases), byRequirement: byRequirement(cases) },
    cases: cases.map(caseOf),
  }
}
