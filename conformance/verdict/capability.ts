// The capability rule: what a program is held to. The program declares, the profile requires.
//
//   the feature is           required by the profile   not required
//   declared                 tested                    tested
//   not declared             untestable (a failure)    not applicable
//
// So a student cannot skip a part of the assignment by leaving it out of the hello, and an engineer who implements
// only pings gets no failures for parts that nobody asked for (`--profile declared`). Roles likewise: who asks for the role
// `peers.peer` gets no failures for a name service that is not there, who asks for `peers` does.
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

/** The roles that a program must have to run the case: the one that it judges, and those of other nodes in it. */
const neededRoles = ({ role, needsRoles = [] }: Case): readonly string[] => [role, ...needsRoles]

/** What the second program of a mixed run lacks for a cluster case. It is company, not judged: its lack is no failure. */
export function lackingInCompany(
  definition: Case,
  second: ProgramDescription | undefined,
): Ineligible | undefined {
  if (!second || !definition.cluster) return undefined
  const missing =
    neededRoles(definition).find((role) => !second.roles.includes(role)) ??
    neededFeatures(definition).find((feature) => !second.features.includes(feature))
  return missing === undefined
    ? undefined
    : { status: 'not-applicable', message: `the second program does not declare ${missing}` }
}

/** What a program is held to. */
export interface Standard {
  readonly profile: ChosenProfile
  /** Roles that it must have, because the user named them or their system; none of them with the profile `declared`. */
  readonly roles: readonly string[]
}

/** Why the case is not run against this program; undefined when it is. */
export function ineligible(
  definition: Case,
  program: ProgramDescription,
  { profile, roles }: Standard,
  kind: Program['kind'],
): Ineligible | undefined {
  const isBound = profile !== 'declared'
  const missingRole = neededRoles(definition).find((role) => !program.roles.includes(role))
  if (missingRole !== undefined)
    return isBound && roles.includes(missingRole)
      ? {
          status: 'untestable',
          message: `the role ${missingRole} was asked for, and the program does not declare it`,
        }
      : { status: 'not-applicable', message: `the program does not declare the role ${missingRole}` }

  const required = new Set<string>(isBound ? systems[definition.system].profiles[profile] : [])
  const missing = neededFeatures(definition).filter((feature) => !program.features.includes(feature))
  const [first] = [...missing.filter((feature) => required.has(feature)), ...missing]
  if (first !== undefined)
    return required.has(first)
      ? {
          status: 'untestable',
          message: `the profile ${profile} requires the feature ${first}, which the program does not declare`,
        }
      : { status: 'not-applicable', message: `the program does not declare the feature ${first}` }

  if (definition.ownProcesses && kind === 'attach')
    return {
      status: isBound ? 'untestable' : 'not-applicable',
      message:
        'the case starts and kills processes, which --attach cannot; give the command after -- instead',
    }
  return undefined
}
