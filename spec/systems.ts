// What each system declares: its roles with features, configuration, commands and events, its profiles, its messages.
// Nothing generated is imported here, so that the generators can read this file and mend whatever they write.
// registry.ts adds the requirements; everyone else reads it there.
import type Type from 'typebox'
import {
  NameServiceConfig,
  nameServiceCommands,
  nameServiceResults,
  PeerConfig,
  peerCommands,
  peerEvents,
  peerResults,
  peersBaselineFeatures,
  peersFeatures,
} from './peers/control.ts'
import { peersTcpMessages } from './peers/messages.ts'
import type { Profile } from './requirement.ts'
import { RingConfig, ringCommands, ringEvents, ringFeatures, ringResults } from './ring/control.ts'
import { ringTcpMessages, ringUdpMessages } from './ring/messages.ts'

/** What a program can be told to be by `start`, and what the control channel then carries for it. */
export interface RoleDeclaration {
  /** Those that a program with this role may declare. A feature belongs to one role. */
  readonly features: readonly string[]
  readonly config: Type.TObject
  /** Arguments by command, beside `seq`, `command` and `node`. */
  readonly commands: Readonly<Record<string, Type.TObject>>
  /** Results by command: an object, or a choice between objects. */
  readonly results: Readonly<Record<string, Type.TObject | Type.TUnion>>
  /** Fields by event, beside `event` and `node`. */
  readonly events: Readonly<Record<string, Type.TObject>>
}

export interface SystemDeclaration {
  readonly name: string
  readonly title: string
  readonly roles: readonly string[]
  readonly byRole: Readonly<Record<string, RoleDeclaration>>
  /** The features of all roles. */
  readonly features: readonly string[]
  /**
   * Features that a program must declare to be held against a profile. Every system has every profile, so that a run over
   * several systems needs no exception: one that has nothing beyond `baseline` yet asks for the same under `extended`.
   */
  readonly profiles: Readonly<Record<Profile, readonly string[]>>
  /** Schemas by wire type, `error` among those of TCP where the system has it. */
  readonly udpMessages: Readonly<Record<string, Type.TSchema>>
  readonly tcpMessages: Readonly<Record<string, Type.TSchema>>
}

/** All systems by name, in the order of the prose. */
export const declaredSystems = {
  ring: {
    name: 'ring',
    title: 'a circular DHT',
    roles: ['ring.peer'],
    byRole: {
      'ring.peer': {
        features: ringFeatures,
        config: RingConfig,
        commands: ringCommands,
        results: ringResults,
        events: ringEvents,
      },
    },
    features: ringFeatures,
    profiles: { baseline: ringFeatures, extended: ringFeatures },
    udpMessages: ringUdpMessages,
    tcpMessages: ringTcpMessages,
  },
  peers: {
    name: 'peers',
    title: 'name service, peer list, chat, lock and replicated database',
    roles: ['peers.name-service', 'peers.peer'],
    byRole: {
      'peers.name-service': {
        features: [],
        config: NameServiceConfig,
        commands: nameServiceCommands,
        results: nameServiceResults,
        events: {},
      },
      'peers.peer': {
        features: peersFeatures,
        config: PeerConfig,
        commands: peerCommands,
        results: peerResults,
        events: peerEvents,
      },
    },
    features: peersFeatures,
    profiles: { baseline: peersBaselineFeatures, extended: peersFeatures },
    udpMessages: {},
    tcpMessages: peersTcpMessages,
  },
} as const satisfies Readonly<Record<string, SystemDeclaration>>

export type SystemName = keyof typeof declaredSystems
