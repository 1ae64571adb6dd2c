// The cases of peers, file by file, in the order in which a student meets them.
// Each file exports one array; to add a file, import its array and spread it below.
import type { Case } from '../../verdict/case.ts'
import { callMethodCases } from './call-method.ts'
import { callRequestCases } from './call-request.ts'
import { callStubCases } from './call-stub.ts'
import { callWaitCases } from './call-wait.ts'
import { clusterDeathCases } from './cluster-death.ts'
import { clusterJoinCases } from './cluster-join.ts'
import { clusterLeaveCases } from './cluster-leave.ts'
import { databaseCatchUpCases } from './database-catch-up.ts'
import { databaseClusterCases } from './database-cluster.ts'
import { databaseReadCases } from './database-read.ts'
import { databaseWriteCases } from './database-write.ts'
import { hostileAnswersCases } from './hostile-answers.ts'
import { hostileCallersCases } from './hostile-callers.ts'
import { joinDeadCases } from './join-dead.ts'
import { joinLowerCases } from './join-lower.ts'
import { joinOrderCases } from './join-order.ts'
import { joinRaceCases } from './join-race.ts'
import { joinRefusedCases } from './join-refused.ts'
import { leaveDeadCases } from './leave-dead.ts'
import { leaveOrderCases } from './leave-order.ts'
import { listBoundsCases } from './list-bounds.ts'
import { listDeadCases } from './list-dead.ts'
import { listEntryCases } from './list-entry.ts'
import { lockAcquireCases } from './lock-acquire.ts'
import { lockClusterCases } from './lock-cluster.ts'
import { lockCreateCases } from './lock-create.ts'
import { lockJoinCases } from './lock-join.ts'
import { lockLeaveCases } from './lock-leave.ts'
import { lockRecordCases } from './lock-record.ts'
import { lockReleaseCases } from './lock-release.ts'
import { messageSendCases } from './message-send.ts'
import { messageTextCases } from './message-text.ts'
import { nameServiceCallCases } from './name-service-calls.ts'
import { nameServiceCheckCases } from './name-service-check.ts'
import { nameServiceHostileCases } from './name-service-hostile.ts'
import { nameServiceRefusalCases } from './name-service-refusals.ts'
import { nameServiceRegisterCases } from './name-service-register.ts'
import { nameServiceRequireCases } from './name-service-require.ts'
import { nameServiceStateCases } from './name-service-state.ts'
import { nameServiceUnregisterCases } from './name-service-unregister.ts'
import { peerStateCases } from './peer-state.ts'
import { programNameServiceCases } from './program-name-service.ts'
import { programPeerCases } from './program-peer.ts'

export const peersCases: readonly Case<'peers'>[] = [
  ...programNameServiceCases,
  ...programPeerCases,
  ...nameServiceRegisterCases,
  ...nameServiceRequireCases,
  ...nameServiceCallCases,
  ...nameServiceRefusalCases,
  ...nameServiceUnregisterCases,
  ...nameServiceCheckCases,
  ...nameServiceStateCases,
  ...nameServiceHostileCases,
  ...callRequestCases,
  ...callMethodCases,
  ...callStubCases,
  ...callWaitCases,
  ...joinOrderCases,
  ...joinLowerCases,
  ...joinDeadCases,
  ...joinRefusedCases,
  ...joinRaceCases,
  ...peerStateCases,
  ...listEntryCases,
  ...listDeadCases,
  ...listBoundsCases,
  ...messageSendCases,
  ...messageTextCases,
  ...leaveOrderCases,
  ...leaveDeadCases,
  ...lockCreateCases,
  ...lockJoinCases,
  ...lockAcquireCases,
  ...lockRecordCases,
  ...lockReleaseCases,
  ...lockLeaveCases,
  ...lockClusterCases,
  ...databaseReadCases,
  ...databaseWriteCases,
  ...databaseCatchUpCases,
  ...databaseClusterCases,
  ...hostileCallersCases,
  ...hostileAnswersCases,
  ...clusterJoinCases,
  ...clusterLeaveCases,
  ...clusterDeathCases,
]
