// Fills in the defaults of peers.md section 3. Every time that a node waits comes from here (common.time.config).
import { NameServiceConfig, PeerConfig } from '../../spec/peers/control.ts'
import { withDefaults } from '../core/defaults.ts'
import type { Address, NameServiceSettings, PeerSettings } from './vocabulary.ts'

export function peerSettingsOf(config: PeerConfig): PeerSettings {
  const settings = withDefaults<PeerConfig>(PeerConfig, {}, config) as PeerSettings
  // peers.address.own
  const own: Address = [settings.host, settings.listenPort]
  return { ...settings, advertise: config.advertise ?? own }
}

export function nameServiceSettingsOf(config: NameServiceConfig): NameServiceSettings {
  return withDefaults<NameServiceConfig>(NameServiceConfig, {}, config) as NameServiceSettings
}
