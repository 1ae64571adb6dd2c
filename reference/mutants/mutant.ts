// A mutant is a program with one known mistake, of a kind that real implementations have made. A mistake sits in a decision
// of the machine, in what stands between machine and world, in the configuration, or in the ground under the runtime.
import type { RingConfig } from '../../spec/ring/control.ts'
import type { RingMachine } from '../ring/vocabulary.ts'

export interface Mutant {
  /** Kebab-case, the bug in a few words; `--mutant NAME` of the program. */
  readonly name: string
  readonly system: 'ring'
  /** The requirement that it breaks. Others may fall with it, as they do in a real program. */
  readonly requirement: string
  /** The real mistake, in a sentence. */
  readonly bug: string
  /** The mistake spoils the process, so that several nodes in one would share it in a way that no real program does. */
  readonly isOfProcess: boolean
  /** What the program makes of the configuration that it is given. */
  configure(config: RingConfig): RingConfig
  create(config: RingConfig): RingMachine
  /** Changes the process before anything is opened. */
  sabotage(): void
}
