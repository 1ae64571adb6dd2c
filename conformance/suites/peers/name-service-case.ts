// The cases of this role alone: the name service is a node of the program, every peer is played by the harness.
import type { Case } from '../../verdict/case.ts'
import { type PeersCase, peersCase } from './define.ts'

export const nameServiceCase = (definition: Omit<PeersCase, 'role'>): Case<'peers'> =>
  peersCase({ ...definition, role: 'peers.name-service' })
