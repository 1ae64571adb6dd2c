// The kill matrix is true: it is about the mutants and requirements that exist, every MUST has a mutant that a case kills,
// and the cases that it names kill their mutants today.
import pLimit from 'p-limit'
import { beforeAll, describe, expect, it } from 'vitest'
import { requirements } from '../../spec/registry.ts'
import { allCases } from '../suites/index.ts'
import type { Case } from '../verdict/case.ts'
import { type KillMatrixEntry, readKillMatrix, readKillMatrixTable } from './kill-matrix-file.ts'
import { isKilled, killMatrixTable, untestedRequirements } from './kill-matrix-table.ts'
import { listMutants, type MutantDescription, mutantArgv, referenceArgv } from './mutant-list.ts'
import { isNoPass, kills, tryProgram } from './mutant-trial.ts'

/** MUSTs that no mutant can break, and why. */
const exclusions: Readonly<Record<string, string>> = {}

const MUTANTS_AT_ONCE = 4
/** Every test run tries one mutant in so many again; with PEERSPEC_ALL_MUTANTS=1 it tries them all. */
const SAMPLE_EVERY = process.env.PEERSPEC_ALL_MUTANTS === '1' ? 1 : 16
/** The mutants again, a case or two each. */
const RERUN_MS = 240_000

const entries = readKillMatrix()
let mutants: readonly MutantDescription[] = []
beforeAll(() => {
  mutants = listMutants()
})

const caseOf = (id: string): Case | undefined => allCases.find((definition) => definition.id === id)
/** The cases that are run again: the second one only if the first one fails to kill. */
const rerunCases = ({ killedBy }: KillMatrixEntry): readonly Case[] =>
  killedBy
    .slice(0, 2)
    .map(caseOf)
    .filter((definition) => definition !== undefined)

describe('the kill matrix', () => {
  it('lists exactly the mutants that there are, as they describe themselves', () => {
    const listed = entries.map(({ mutant, requirement, bug }) => ({ name: mutant, requirement, bug }))
    const existing = mutants.map(({ name, requirement, bug }) => ({ name, requirement, bug }))
    expect(listed, 'stale: npm run generate:kill-matrix').toEqual(existing)
  })

  it('is the table that people read', () => {
    expect(readKillMatrixTable(), 'stale: npm run generate:kill-matrix').toBe(killMatrixTable(entries))
  })

  it('names requirements and cases that exist', () => {
    const known = new Set(requirements.map(({ id }) => id))
    const wrong = entries.filter(({ requirement }) => !known.has(requirement))
    expect(wrong.map(({ mutant }) => mutant)).toEqual([])
    const cases = entries.flatMap(({ killedBy }) => killedBy)
    expect(cases.filter((id) => caseOf(id) === undefined)).toEqual([])
  })

  it('has a killed mutant for every MUST', () => {
    const untested = untestedRequirements(entries).filter(
      ({ id, level }) => level === 'MUST' && !Object.hasOwn(exclusions, id),
    )
    expect(untested.map(({ id }) => id)).toEqual([])
  })

  it('excludes nothing that has a mutant after all', () => {
    const tested = entries.filter(isKilled).map(({ requirement }) => requirement)
    expect(Object.keys(exclusions).filter((id) => tested.includes(id))).toEqual([])
  })

  it('has no survivors', () => {
    expect(entries.filter((entry) => !isKilled(entry)).map(({ mutant }) => mutant)).toEqual([])
  })
})

describe('the cases of the kill matrix', () => {
  it('pass with the reference', { timeout: RERUN_MS }, async () => {
    const cases = [...new Set(entries.flatMap(rerunCases))]
    const { results, notReady } = await tryProgram(referenceArgv(), cases, 8)
    expect(notReady).toBeUndefined()
    const failed = results
      .filter(isNoPass)
      .map(({ id, status, reason }) => `${id}: ${status}: ${reason?.message}`)
    expect(failed).toEqual([])
  })

  it('kill their mutants, each for the requirement that it breaks', { timeout: RERUN_MS }, async () => {
    const limit = pLimit(MUTANTS_AT_ONCE)
    const survives = async (entry: KillMatrixEntry): Promise<string | undefined> => {
      const mutant = mutants.find(({ name }) => name === entry.mutant)
      if (mutant === undefined) return `${entry.mutant}: there is no such mutant`
      const seen: string[] = []
      if (entry.notReady !== undefined) {
        const anyCase = allCases.filter(({ system }) => system === mutant.system).slice(0, 1)
        const { notReady } = await tryProgram(mutantArgv(mutant), anyCase, 1)
        return notReady === undefined ? `${entry.mutant}: it is ready` : undefined
      }
      for (const definition of rerunCases(entry)) {
        const { results } = await tryProgram(mutantArgv(mutant), [definition], 1)
        if (results.some((result) => kills(result, entry.requirement))) return undefined
        seen.push(...results.map(({ id, status, reason }) => `${id} ${status} ${reason?.message ?? ''}`))
      }
      return `${entry.mutant} (${entry.requirement}): ${seen.join('; ')}`
    }
    const sample = entries.filter((entry, i) => isKilled(entry) && i % SAMPLE_EVERY === 0)
    const outcomes = await Promise.all(sample.map((entry) => limit(() => survives(entry))))
    expect(outcomes.filter((outcome) => outcome !== undefined)).toEqual([])
  })
})
