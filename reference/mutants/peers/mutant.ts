// How a mutant of peers is written down: its story, and the one thing in which it differs from the reference.
import type { NameServiceConfig, PeerConfig } from '../../../spec/peers/control.ts'
import { createNameServiceMachine, type NameServiceSecrets } from '../../peers/name-service-machine.ts'
import { createPeerMachine } from '../../peers/peer-machine.ts'
import { type PeersRules, peersRules } from '../../peers/rules.ts'
import type { Mutant, MutantStory } from '../mutant.ts'
import type { NameServiceWrap, PeerWrap } from './rewire.ts'

export interface PeersMutant extends MutantStory {
  /** Values that are compiled in, whatever the configuration says. */
  readonly peerConfig?: (given: PeerConfig) => Partial<PeerConfig>
  readonly nameServiceConfig?: (given: NameServiceConfig) => Partial<NameServiceConfig>
  /** Decisions that are taken otherwise. */
  readonly rules?: Partial<PeersRules>
  /** What stands between a peer, or a name service, and the world. */
  readonly wrapPeer?: PeerWrap
  readonly wrapNameService?: NameServiceWrap
  /** What the name service takes for its secrets. */
  readonly secrets?: (given: NameServiceSecrets) => NameServiceSecrets
  /** What is done to sockets and standard streams. */
  readonly sabotage?: () => void
}

export function toMutant(mutant: PeersMutant): Mutant {
  const { name, requirement, bug, sabotage } = mutant
  return {
    name,
    requirement,
    bug,
    system: 'peers',
    isOfProcess: sabotage !== undefined,
    peers: {
      rules: { ...peersRules, ...mutant.rules },
      configurePeer: (given) => ({ ...given, ...mutant.peerConfig?.(given) }),
      createPeer: (config, rules) => {
        const machine = createPeerMachine(config, undefined, rules)
        return mutant.wrapPeer?.(machine, config) ?? machine
      },
      configureNameService: (given) => ({ ...given, ...mutant.nameServiceConfig?.(given) }),
      createNameService: (config, secrets, rules) => {
        const known = mutant.secrets?.(secrets) ?? secrets
        const machine = createNameServiceMachine(config, known, undefined, rules)
        return mutant.wrapNameService?.(machine, config) ?? machine
      },
    },
    sabotage: sabotage ?? (() => {}),
  }
}
