// The mutants of peers, section by section of the page whose requirements they break.
import type { Mutant } from './mutant.ts'
import { callMutants } from './peers/call.ts'
import { databaseMutants } from './peers/database.ts'
import { joinMutants } from './peers/join.ts'
import { leaveMutants } from './peers/leave.ts'
import { listMutants } from './peers/list.ts'
import { lockMutants } from './peers/lock.ts'
import { messageMutants } from './peers/message.ts'
import { toMutant } from './peers/mutant.ts'
import { nameServiceMutants } from './peers/name-service.ts'
import { stubMutants } from './peers/stub.ts'

export const peersMutants: readonly Mutant[] = [
  ...callMutants,
  ...stubMutants,
  ...nameServiceMutants,
  ...joinMutants,
  ...listMutants,
  ...leaveMutants,
  ...messageMutants,
  ...lockMutants,
  ...databaseMutants,
].map(toMutant)
