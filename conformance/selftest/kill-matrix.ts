// Generates the kill matrix: which case notices which mutant. `npm run generate:kill-matrix [-- --only PATTERN]...`, where a
// pattern names mutants, what they break, or a system, as `peerspec test --only` names cases; other entries stay as they are.
//
// Each mutant meets the cases of the requirement that it breaks, and their neighbours, the cases of the same part of the
// page (`ring.join.*` for `ring.join.place`), which show what else falls with it. The reference goes through these cases
// first: what it does not pass proves nothing about a mutant.
import { parseArgs } from 'node:util'
import pLimit from 'p-limit'
import { allCases } from '../suites/index.ts'
import type { Case } from '../verdict/case.ts'
import { matcher } from '../verdict/selection.ts'
import { type KillMatrixEntry, readKillMatrix, writeKillMatrix } from './kill-matrix-file.ts'
import { listMutants, type MutantDescription, mutantArgv, referenceArgv } from './mutant-list.ts'
import { isNoPass, kills, tryProgram } from './mutant-trial.ts'

/** Mutants at a time, and cases at a time for each. */
const MUTANTS_AT_ONCE = 3
const CASES_AT_ONCE = 8

/** `ring.join` of `ring.join.place`, `control` of everything about the control channel. */
const partOf = (requirement: string): string =>
  requirement.startsWith('control.') ? 'control' : requirement.split('.').slice(0, 2).join('.')

const casesFor = ({ system, requirement }: MutantDescription): readonly Case[] =>
  allCases.filter(
    (definition) =>
      definition.system === system &&
      (definition.id.startsWith(`${partOf(requirement)}.`) || definition.requirements.includes(requirement)),
  )

async function tryMutant(mutant: MutantDescription): Promise<KillMatrixEntry> {
  const { name, requirement, bug } = mutant
  const { results, notReady } = await tryProgram(mutantArgv(mutant), casesFor(mutant), CASES_AT_ONCE)
  const killing = results.filter((result) => kills(result, requirement))
  const others = results.filter((result) => isNoPass(result) && !killing.includes(result))
  return {
    mutant: name,
    requirement,
    bug,
    killedBy: killing.toSorted((a, b) => a.durationMs - b.durationMs).map(({ id }) => id),
    alsoFailing: others.map(({ id }) => id).toSorted(),
    ...(notReady !== undefined && { notReady }),
  }
}

async function requireReferencePasses(cases: readonly Case[]): Promise<void> {
  const { results, notReady } = await tryProgram(referenceArgv(), cases, CASES_AT_ONCE)
  const failed = results.filter(isNoPass)
  if (notReady === undefined && failed.length === 0) return
  const reasons = failed.map(({ id, status, reason }) => `  ${id}: ${status}: ${reason?.message}`)
  throw new Error(`the reference itself does not pass:\n${[notReady, ...reasons].join('\n')}`)
}

/** The mutants that this pattern names. */
function named(pattern: string, mutants: readonly MutantDescription[]): readonly MutantDescription[] {
  const matches = matcher(pattern)
  const found = mutants.filter(({ name, requirement, system }) => [name, requirement, system].some(matches))
  if (found.length === 0) throw new Error(`--only ${pattern}: no mutant, requirement with one, or system`)
  return found
}

async function generate(only: readonly string[] | undefined): Promise<void> {
  const mutants = listMutants()
  const wanted =
    only === undefined ? mutants : [...new Set(only.flatMap((pattern) => named(pattern, mutants)))]
  await requireReferencePasses([...new Set(wanted.flatMap(casesFor))])

  const limit = pLimit(MUTANTS_AT_ONCE)
  let done = 0
  const fresh = await Promise.all(
    wanted.map((mutant) =>
      limit(async () => {
        const entry = await tryMutant(mutant)
        done += 1
        const outcome = entry.killedBy.length > 0 ? `killed by ${entry.killedBy.length}` : 'SURVIVES'
        process.stderr.write(`${done}/${wanted.length} ${entry.mutant}: ${outcome}\n`)
        return entry
      }),
    ),
  )
  const known = only === undefined ? [] : readKillMatrix()
  const entries = mutants.flatMap(({ name }) => {
    const entry = [...fresh, ...known].find(({ mutant }) => mutant === name)
    return entry === undefined ? [] : [entry]
  })
  writeKillMatrix(entries)
}

// As in the command itself: what a mutant makes of a promise that a case forgot must not end the trials of the others.
process.on('unhandledRejection', (reason) => {
  process.stderr.write(`a case left a promise behind: ${reason instanceof Error ? reason.message : reason}\n`)
})

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } })
await generate(values.only)
// A connection that a mutant left half open can keep the event loop alive, and nothing is left to wait for.
process.exit(0)
