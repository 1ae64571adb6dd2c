// A mutant is a program with one known mistake, of a kind that real implementations have made. A mistake sits in a decision
// of the machine, in what stands between machine and world, in the configuration, or in the ground under the runtime.

import type { NameServiceConfig, PeerConfig } from '../../spec/peers/control.ts'
import type { SystemName } from '../../spec/registry.ts'
import type { RingConfig } from '../../spec/ring/control.ts'
import type { Machine } from '../core/machine.ts'
import type { NameServiceSecrets } from '../peers/name-service-machine.ts'
import type { PeersRules } from '../peers/rules.ts'
import type { NameServiceVocabulary, PeerVocabulary } from '../peers/vocabulary.ts'
import type { RingMachine } from '../ring/vocabulary.ts'

/** What the mutant tells of itself. */
export interface MutantStory {
  /** Kebab-case, the bug in a few words; `--mutant NAME` of the program. */
  readonly name: string
  /** The requirement that it breaks. Others may fall with it, as they do in a real program. */
  readonly requirement: string
  /** The real mistake, in a sentence. */
  readonly bug: string
}

/** How its ring peers are made. */
export interface RingMaking {
  /** What the program makes of the configuration that it is given. */
  configure(config: RingConfig): RingConfig
  create(config: RingConfig): RingMachine
}

/** How its name services and its peers of peers are made. */
export interface PeersMaking {
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

export interface Mutant extends MutantStory {
  readonly system: SystemName
  /** The mistake spoils the process, so that several nodes in one would share it in a way that no real program does. */
  readonly isOfProcess: boolean
  /** Absent where its nodes are made as they should be. */
  readonly ring?: RingMaking
  readonly peers?: PeersMaking
  /** Changes the process before anything is opened. */
  sabotage(): void
}
