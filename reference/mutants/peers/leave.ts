// Mistakes in leaving (peers.md section 5).
import type { PeersMutant } from './mutant.ts'

export const leaveMutants: readonly PeersMutant[] = []
