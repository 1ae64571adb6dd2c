// The two roles of peers: a configuration becomes a name service or a peer on real sockets.
import { createHmac, randomBytes } from 'node:crypto'
import {
  NameServiceConfig,
  nameServiceCommands,
  PeerConfig,
  peerCommands,
  peersFeatures,
} from '../../spec/peers/control.ts'
import type { Machine, Vocabulary } from '../core/machine.ts'
import { createAnswerCodec, createRequestCodec } from '../peers/codec.ts'
import { createNameServiceMachine, type NameServiceSecrets } from '../peers/name-service-machine.ts'
import { createPeerMachine } from '../peers/peer-machine.ts'
import { type PeersRules, peersRules } from '../peers/rules.ts'
import { nameServiceSettingsOf, peerSettingsOf } from '../peers/settings.ts'
import type {
  Address,
  NameServiceVocabulary,
  PeerSettings,
  PeersLine,
  PeerVocabulary,
  RegistrationEvent,
} from '../peers/vocabulary.ts'
import { decodeText, Node, type NodeOptions } from './node.ts'
import type { NodeCallbacks, Role, RunningNode } from './role.ts'

/** How the nodes of peers are made of their configurations; a mutant makes them otherwise. */
export interface PeersVariant {
  readonly rules: PeersRules
  configurePeer(config: PeerConfig): PeerConfig
  createPeer(config: PeerConfig, rules: PeersRules): Machine<PeerVocabulary>
  configureNameService(config: NameServiceConfig): NameServiceConfig
  createNameService(
    config: NameServiceConfig,
    secrets: NameServiceSecrets,
    rules: PeersRules,
  ): Machine<NameServiceVocabulary>
}
const correctVariant: PeersVariant = {
  rules: peersRules,
  configurePeer: (config) => config,
  createPeer: (config, rules) => createPeerMachine(config, undefined, rules),
  configureNameService: (config) => config,
  createNameService: (config, secrets, rules) => createNameServiceMachine(config, secrets, undefined, rules),
}

export function peerRole(variant: PeersVariant = correctVariant): Role {
  return {
    features: peersFeatures,
    config: PeerConfig,
    commands: peerCommands,
    checkConfig: (checked) => {
      const { type, fortunes, lock } = checked as PeerConfig
      // peers.config.object
      if (variant.rules.isReservedType(type))
        return `type: ${type} is the default that every user has to replace`
      if (fortunes !== undefined && lock !== true) return 'fortunes: demands lock'
      return undefined
    },
    create: (checked, callbacks) => {
      const config = variant.configurePeer(checked as PeerConfig)
      const machine = variant.createPeer(config, variant.rules)
      const settings = peerSettingsOf(config)
      return run<PeerVocabulary>(machine, commandsOf(settings), settings, variant.rules, callbacks)
    },
  }
}

/** Commands of the lock and of the database are unknown to a peer without them (peers.md sections 7 and 8). */
function commandsOf({ lock, fortunes }: PeerSettings): RunningNode['commands'] {
  const { acquire, release, read, write, ...always } = peerCommands
  return {
    ...always,
    ...(lock && { acquire, release }),
    ...(fortunes !== undefined && { read, write }),
  }
}

/** What a name service has beside its configuration when it is run for people, and not for a harness. */
export interface NameServiceExtras {
  readonly connectionsMax?: number
  readonly onRegistration?: (event: RegistrationEvent) => void
}

export function nameServiceRole(
  variant: PeersVariant = correctVariant,
  { connectionsMax, onRegistration = () => {} }: NameServiceExtras = {},
): Role {
  return {
    features: [],
    config: NameServiceConfig,
    commands: nameServiceCommands,
    checkConfig: () => undefined,
    create: (checked, callbacks) => {
      const config = variant.configureNameService(checked as NameServiceConfig)
      const machine = variant.createNameService(config, newSecrets(), variant.rules)
      const settings = {
        ...nameServiceSettingsOf(config),
        ...(connectionsMax && { inboundMax: connectionsMax }),
      }
      // peers.md gives a name service no events; these are not for the control channel.
      const onEvent = (event: object) => onRegistration(event as RegistrationEvent)
      return run<NameServiceVocabulary>(machine, nameServiceCommands, settings, variant.rules, {
        ...callbacks,
        onEvent,
      })
    },
  }
}

/** peers.register.hash: who does not have the key cannot tell one hash from any number of others. */
function newSecrets(): NameServiceSecrets {
  const key = randomBytes(32)
  return {
    seed: randomBytes(4).readUInt32LE(),
    hashOf: (id) => createHmac('sha256', key).update(String(id)).digest('hex').slice(0, 32),
  }
}

type PeersVocabulary = Vocabulary & { readonly place: Address; readonly stream: PeersLine }

function run<V extends PeersVocabulary>(
  machine: Machine<V>,
  commands: RunningNode['commands'],
  listening: Pick<NodeOptions<PeersVocabulary>, 'host' | 'listenPort' | 'inboundMax'>,
  rules: PeersRules,
  callbacks: NodeCallbacks,
): RunningNode {
  const node = new Node<PeersVocabulary>({
    machine: machine as unknown as Machine<PeersVocabulary>,
    inboundCodec: createRequestCodec(decodeText, rules),
    outboundCodec: createAnswerCodec(decodeText, rules),
    host: listening.host,
    listenPort: listening.listenPort,
    ...(listening.inboundMax !== undefined && { inboundMax: listening.inboundMax }),
    // peers.address.given
    addressOf: ([toHost, toPort]) => ({ host: toHost, port: toPort }),
    onReply: (handle, reply) => callbacks.onReply(handle, reply as Parameters<NodeCallbacks['onReply']>[1]),
    onEvent: callbacks.onEvent,
    onHalted: callbacks.onHalted,
  })
  return {
    listen: () => node.listen(),
    commands,
    command: (handle, name, args) => node.command(handle, { command: name, ...args }),
    kill: () => node.kill(),
  }
}
