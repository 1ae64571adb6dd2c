// What exists: every system with its roles, features, messages, commands and requirements in one place.
// Generators, the harness, `peerspec list` and `peerspec explain` read this and nothing else.
import { commonRequirements } from './common/requirements.ts'
import { controlRequirements } from './control/requirements.ts'
import type { Profile, Requirement } from './requirement.ts'
import { RingConfig, ringCommands, ringEvents, ringFeatures, ringResults } from './ring/control.ts'
import { ringTcpMessages, ringUdpMessages } from './ring/messages.ts'
import { ringRequirements } from './ring/requirements.ts'

/** All systems by name. A wire type belongs to the system that its first word names, `error` to all of them. */
export const systems = {
  ring: {
    name: 'ring',
    title: 'a circular DHT',
    roles: ['ring.peer'],
    features: ringFeatures,
    /** Features that a program must declare to be held against a profile. */
    profiles: { baseline: ringFeatures } satisfies Record<Profile, readonly string[]>,
    udpMessages: ringUdpMessages,
    tcpMessages: ringTcpMessages,
    config: RingConfig,
    commands: ringCommands,
    results: ringResults,
    events: ringEvents,
    /** Of the system's own page; `requirementsFor` adds those that all systems share. */
    requirements: ringRequirements,
  },
} as const

export type SystemName = keyof typeof systems

/** Features of the control channel, which no profile requires. */
export const controlFeatures = ['multi-node'] as const

/** Every requirement of the specification: common, control, then the systems. */
export const requirements: readonly Requirement[] = [
  ...commonRequirements,
  ...controlRequirements,
  ...Object.values(systems).flatMap((system) => system.requirements),
]

/** What a program of this system is held to: the system's own requirements and those of the shared pages. */
export const requirementsFor = (name: SystemName): readonly Requirement[] => [
  ...commonRequirements,
  ...controlRequirements,
  ...systems[name].requirements,
]

const byId = new Map(requirements.map((requirement) => [requirement.id, requirement]))

/** The requirement of this id; undefined when there is none. */
export const findRequirement = (id: string): Requirement | undefined => byId.get(id)
