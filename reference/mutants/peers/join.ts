// Mistakes in joining (peers.md section 5).
import type { PeersMutant } from './mutant.ts'

export const joinMutants: readonly PeersMutant[] = []
