// Mistakes in messages (peers.md section 6).
import type { PeersMutant } from './mutant.ts'

export const messageMutants: readonly PeersMutant[] = []
