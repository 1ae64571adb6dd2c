// The cases of peers, file by file, in the order in which a student meets them.
// Each file exports one array; to add a file, import its array and spread it below.
import type { Case } from '../../verdict/case.ts'

export const peersCases: readonly Case<'peers'>[] = []
