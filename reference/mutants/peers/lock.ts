// Mistakes in the lock (peers.md section 7).
import type { PeersMutant } from './mutant.ts'

export const lockMutants: readonly PeersMutant[] = []
