// Mistakes in the name service (peers.md section 4).
import type { PeersMutant } from './mutant.ts'

export const nameServiceMutants: readonly PeersMutant[] = []
