// The reference implementation as a library: the machine contract, the ring peer as a pure machine, and the mutants.
export type { CommandReply, Effect, Input, Machine, Vocabulary } from './core/machine.ts'
export { type Mutant, mutants } from './mutants/index.ts'
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
