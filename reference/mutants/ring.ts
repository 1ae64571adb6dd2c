// The mutants of the ring, section by section of the pages whose requirements they break.
import type { Mutant } from './mutant.ts'
import { controlMutants } from './ring/control.ts'
import { joinMutants } from './ring/join.ts'
import { leaveMutants } from './ring/leave.ts'
import { lookupMutants } from './ring/lookup.ts'
import { memberMutants } from './ring/member.ts'
import { toMutant } from './ring/mutant.ts'
import { pingMutants } from './ring/ping.ts'
import { repairMutants } from './ring/repair.ts'
import { transferMutants } from './ring/transfer.ts'
import { wireMutants } from './ring/wire.ts'

export const ringMutants: readonly Mutant[] = [
  ...wireMutants,
  ...controlMutants,
  ...memberMutants,
  ...pingMutants,
  ...repairMutants,
  ...joinMutants,
  ...leaveMutants,
  ...lookupMutants,
  ...transferMutants,
].map(toMutant)
