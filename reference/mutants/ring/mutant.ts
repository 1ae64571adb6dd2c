// How a mutant of the ring is written down: its story, and the one thing in which it differs from the reference.
import type { RingConfig } from '../../../spec/ring/control.ts'
import { createRingMachine } from '../../ring/machine.ts'
import { type RingRules, ringRules } from '../../ring/rules.ts'
import { settingsOf } from '../../ring/settings.ts'
import type { RingSettings } from '../../ring/vocabulary.ts'
import type { Mutant, MutantStory } from '../mutant.ts'
import type { Wrap } from './rewire.ts'

export interface RingMutant extends MutantStory {
  /** Values that are compiled in, whatever the configuration says. */
  readonly config?: (settings: RingSettings) => Partial<RingConfig>
  /** Decisions that are taken otherwise. */
  readonly rules?: Partial<RingRules>
  /** What stands between the machine and the world. */
  readonly wrap?: Wrap
  /** What is done to sockets and standard streams. */
  readonly sabotage?: () => void
}

export function toMutant({ config, rules, wrap, sabotage, ...story }: RingMutant): Mutant {
  return {
    ...story,
    system: 'ring',
    isOfProcess: sabotage !== undefined,
    ring: {
      configure: (given) => ({ ...given, ...config?.(settingsOf(given)) }),
      create: (given) => {
        const machine = createRingMachine(given, { ...ringRules, ...rules })
        return wrap?.(machine, settingsOf(given)) ?? machine
      },
    },
    sabotage: sabotage ?? (() => {}),
  }
}
