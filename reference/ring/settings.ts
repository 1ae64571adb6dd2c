// Fills in the defaults of ring.md section 3. They are written once, in the schema. Every time that a peer waits comes from
// here (common.time.config).
import { RingConfig } from '../../spec/ring/control.ts'
import type { RingSettings } from './vocabulary.ts'

export function settingsOf(config: RingConfig): RingSettings {
  const defaults: Record<string, unknown> = { listenPort: config.basePort + config.id }
  for (const [name, schema] of Object.entries<object>(RingConfig.properties)) {
    if ('default' in schema) defaults[name] = schema.default
  }
  return { ...defaults, ...config } as RingSettings
}
