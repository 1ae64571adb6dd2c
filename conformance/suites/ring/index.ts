// The cases of the ring, file by file, in the order in which a student meets them.
// Each file exports one array; to add a file, import its array and spread it below.
import type { Case } from '../../verdict/case.ts'
import { addressCases } from './address.ts'
import { boundsCases } from './bounds.ts'
import { circleCases } from './circle.ts'
import { clusterChangeCases } from './cluster-change.ts'
import { clusterDeathCases } from './cluster-death.ts'
import { clusterRestCases } from './cluster-rest.ts'
import { departedCases } from './departed.ts'
import { encodingCases } from './encoding.ts'
import { faultsPingCases } from './faults-ping.ts'
import { faultsTransferCases } from './faults-transfer.ts'
import { framingCases } from './framing.ts'
import { hostileCases } from './hostile.ts'
import { joinAcceptorCases } from './join-acceptor.ts'
import { joinDeclineCases } from './join-decline.ts'
import { joinForwardCases } from './join-forward.ts'
import { joinNewcomerCases } from './join-newcomer.ts'
import { leaveReceiverCases } from './leave-receiver.ts'
import { leaveSenderCases } from './leave-sender.ts'
import { membershipCases } from './membership.ts'
import { pingCases } from './ping.ts'
import { programCases } from './program.ts'
import { repairDetectionCases } from './repair-detection.ts'
import { repairQueryCases } from './repair-query.ts'
import { requestCases } from './request.ts'
import { requestCommandCases } from './request-command.ts'
import { routingCases } from './routing.ts'
import { storeCases } from './store.ts'
import { passOnCases, successorChangeCases } from './successor-change.ts'
import { udpLogCases } from './udp-log.ts'
import { udpOwnerCases } from './udp-owner.ts'
import { udpRequesterCases } from './udp-requester.ts'

export const ringCases: readonly Case[] = [
  ...programCases,
  ...membershipCases,
  ...addressCases,
  ...pingCases,
  ...encodingCases,
  ...framingCases,
  ...circleCases,
  ...routingCases,
  ...storeCases,
  ...requestCases,
  ...requestCommandCases,
  ...udpOwnerCases,
  ...udpRequesterCases,
  ...udpLogCases,
  ...hostileCases,
  ...boundsCases,
  ...joinAcceptorCases,
  ...joinForwardCases,
  ...joinDeclineCases,
  ...joinNewcomerCases,
  ...passOnCases,
  ...successorChangeCases,
  ...leaveSenderCases,
  ...leaveReceiverCases,
  ...departedCases,
  ...repairDetectionCases,
  ...repairQueryCases,
  ...clusterRestCases,
  ...clusterChangeCases,
  ...clusterDeathCases,
  ...faultsPingCases,
  ...faultsTransferCases,
]
