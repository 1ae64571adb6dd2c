// Mistakes in the list of peers (peers.md section 5).
import type { PeersMutant } from './mutant.ts'

export const listMutants: readonly PeersMutant[] = []
