// Fills in the defaults of ring.md section 3. Every time that a peer waits comes from here (common.time.config).
import { RingConfig } from '../../spec/ring/control.ts'
import { withDefaults } from '../core/defaults.ts'
import type { RingSettings } from './vocabulary.ts'

export function settingsOf(config: RingConfig): RingSettings {
  const derived = { listenPort: config.basePort + config.id }
  return withDefaults<RingConfig>(RingConfig, derived, config) as RingSettings
}
