// Mistakes in the database (peers.md section 8).
import type { PeersMutant } from './mutant.ts'

export const databaseMutants: readonly PeersMutant[] = []
