// What exists: every system with its roles, features, messages, commands and requirements in one place.
// The harness, `peerspec list` and `peerspec explain` read this and nothing else.
import { type CommonRequirementId, commonRequirements } from './common/requirements.ts'
import { controlRequirements } from './control/requirements.ts'
import { peersRequirements } from './peers/requirements.ts'
import { bindsRole, type Requirement } from './requirement.ts'
import { ringRequirements } from './ring/requirements.ts'
import { declaredSystems, type SystemName } from './systems.ts'

export type { RoleDeclaration, SystemDeclaration, SystemName } from './systems.ts'

/** Those of the common page that bind a system with a wire of its own: their subject is not the form of messages. */
const commonToPeers: readonly string[] = [
  'common.tcp.half-close',
  'common.tcp.cut',
  'common.tcp.slow',
  'common.robust.hostile',
  'common.robust.bounds',
  'common.address.config',
  'common.time.config',
] satisfies readonly CommonRequirementId[]

/** All systems by name. A wire type belongs to the system that its first word names, `error` to all with such a message. */
export const systems = {
  ring: {
    ...declaredSystems.ring,
    /** Of the system's own page; `requirementsFor` adds those of the shared pages. */
    requirements: ringRequirements as readonly Requirement[],
    /** Of the common page. */
    commonRequirements: commonRequirements as readonly Requirement[],
  },
  peers: {
    ...declaredSystems.peers,
    requirements: peersRequirements as readonly Requirement[],
    commonRequirements: commonRequirements.filter(({ id }) =>
      commonToPeers.includes(id),
    ) as readonly Requirement[],
  },
} as const

/** Features of the control channel, which no profile requires. */
export const controlFeatures = ['multi-node'] as const

/** Every requirement of the specification: common, control, then the systems. */
export const requirements: readonly Requirement[] = [
  ...commonRequirements,
  ...controlRequirements,
  ...Object.values(systems).flatMap((system) => system.requirements),
]

/** What a program with these roles of a system is held to: the system's own requirements and those of the shared pages. */
export const requirementsFor = (
  name: SystemName,
  roles: readonly string[] = systems[name].roles,
): readonly Requirement[] =>
  [...systems[name].commonRequirements, ...controlRequirements, ...systems[name].requirements].filter(
    (requirement) => roles.some((role) => bindsRole(requirement, role)),
  )

const byId = new Map(requirements.map((requirement) => [requirement.id, requirement]))

/** The requirement of this id; undefined when there is none. */
export const findRequirement = (id: string): Requirement | undefined => byId.get(id)

const features: ReadonlySet<string> = new Set(
  Object.values(systems).flatMap((system) => [...system.features]),
)

/** The feature that a program has to have for the requirement; undefined for `wire`, `control`, a system or a role. */
export const featureOf = ({ feature }: Requirement): string | undefined =>
  features.has(feature) ? feature : undefined
