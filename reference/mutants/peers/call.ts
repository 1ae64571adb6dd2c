// Mistakes in calls (peers.md sections 1 and 2).
import type { PeersMutant } from './mutant.ts'

export const callMutants: readonly PeersMutant[] = []
