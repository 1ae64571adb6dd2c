// The capability rule: what a program is held to. The program declares, the profile requires.
//
//   the feature is           required by the profile   not required
//   declared                 tested                    tested
//   not declared             untestable (a failure)    not applicable
//
// So a student cannot skip a part of the assignment by leaving it out of the hello, and an engineer who implements
// only pings gets no failures for parts that nobody asked for (`--profile declared`).
import { featureOf, findRequirement, systems } from '../../spec/registry.ts'
import type { Program } from '../driver/host.ts'
import type { Case } from './case.ts'
import type { ChosenProfile, ProgramDescription } from './result.ts'

export interface Ineligible {
  readonly status: 'not-applicable' | 'untestable'
  readonly message: string
}

/** Features that a program must have to run the case: those of all its requirements. */
export function neededFeatures(definition: Case): readonly string[] {
  const features = definition.requirements
    .map((id) => findRequirement(id))
    .map((requirement) => requirement && featureOf(requirement))
    .filter((feature) => feature !== undefined)
  return [...new Set(features)]
}

/** What the second program of a mixed run lacks for a cluster case. It is company, not judged: its lack is no failure. */
export function lackingInCompany(
  definition: Case,
  second: ProgramDescription | undefined,
): Ineligible | undefined {
  if (!second || !definition.cluster) return undefined
  const [role] = systems[definition.system].roles
  const missing = second.roles.includes(role)
    ? neededFeatures(definition).find((feature) => !second.features.includes(feature))
    : role
  return missing === undefined
    ? undefined
    : { status: 'not-applicable', message: `the second program does not declare ${missing}` }
}

/** Why the case is not run against this program; undefined when it is. */
export function ineligible(
  definition: Case,
  program: ProgramDescription,
  profile: ChosenProfile,
  kind: Program['kind'],
): Ineligible | undefined {
  const system = systems[definition.system]
  const required = new Set<string>(profile === 'declared' ? [] : system.profiles[profile])
  const lacking = (what: string, isRequired: boolean): Ineligible =>
    isRequired
      ? {
          status: 'untestable',
          message: `the profile ${profile} requires ${what}, which the program does not declare`,
        }
      : { status: 'not-applicable', message: `the program does not declare ${what}` }

  const [role] = system.roles
  if (!program.roles.includes(role)) return lacking(`the role ${role}`, profile !== 'declared')
  const missing = neededFeatures(definition).filter((feature) => !program.features.includes(feature))
  const [first] = [...missing.filter((feature) => required.has(feature)), ...missing]
  if (first !== undefined) return lacking(`the feature ${first}`, required.has(first))
  if (definition.ownProcesses && kind === 'attach')
    return {
      status: profile === 'declared' ? 'not-applicable' : 'untestable',
      message:
        'the case starts and kills processes, which --attach cannot; give the command after -- instead',
    }
  return undefined
}
