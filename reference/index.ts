// The reference implementation as a library: the machine contract, the machines of each system, and the mutants.
export type { CommandReply, Effect, Input, Machine, Vocabulary } from './core/machine.ts'
export { type Mutant, mutants } from './mutants/index.ts'
export {
  createNameServiceMachine,
  type NameServiceMachine,
  type NameServiceSecrets,
  type NameServiceState,
} from './peers/name-service-machine.ts'
export type { PeerState } from './peers/peer.ts'
export { createPeerMachine, type PeerMachine } from './peers/peer-machine.ts'
export { type PeersRules, peersRules } from './peers/rules.ts'
export type { NameServiceVocabulary, PeerCommand, PeersLine, PeerVocabulary } from './peers/vocabulary.ts'
export { createRingMachine } from './ring/machine.ts'
export { type RingRules, ringRules } from './ring/rules.ts'
export type {
  RingCommand,
  RingEffect,
  RingInput,
  RingMachine,
  RingSettings,
  RingVocabulary,
} from './ring/vocabulary.ts'
