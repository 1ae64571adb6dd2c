// What must be true of any history of a lock, whatever the peers did: written from the prose of peers.md (sections 7 and 8) and from
// nothing else, and fed with what was seen, never with what a program says of itself.
import type { Finding, History } from './peers-history.ts'
import { judgeExclusion, judgeLiveness, judgeOrder, judgeTurns } from './peers-lock.ts'
import { judgeToken } from './peers-token.ts'
import { judgeTokenTimes } from './peers-token-times.ts'

/** What a history breaks, the gravest first: safety, then contents and order, then liveness. */
export const judgeLock = (history: History): readonly Finding[] => [
  ...judgeExclusion(history),
  ...judgeToken(history).findings,
  ...judgeTokenTimes(history),
  ...judgeOrder(history),
  ...judgeTurns(history),
  ...judgeLiveness(history),
]
