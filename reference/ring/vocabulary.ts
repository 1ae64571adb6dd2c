// What the ring puts into the machine contract (core/machine.ts): its messages, commands, results and events, all taken
// from the spec, so that machine, runtime, simulator and mutants speak of the same things.
import type { ControlErrorCode } from '../../spec/control/messages.ts'
import type {
  RingCommandArguments,
  RingCommandName,
  RingConfig,
  RingEvent,
  RingResult,
} from '../../spec/ring/control.ts'
import type { RingTcpMessage, RingUdpMessage } from '../../spec/ring/messages.ts'
import type { Effect, Input, Machine } from '../core/machine.ts'

export type RingCommand = {
  [C in RingCommandName]: { readonly command: C } & RingCommandArguments<C>
}[RingCommandName]

export interface RingVocabulary {
  place: PeerId
  datagram: RingUdpMessage
  stream: RingTcpMessage
  command: RingCommand
  result: RingResult<RingCommandName>
  event: RingEvent
  failure: ControlErrorCode
}

export type RingInput = Input<RingVocabulary>
export type RingEffect = Effect<RingVocabulary>
export type RingMachine = Machine<RingVocabulary>

export type PeerId = number
export type Successors = [PeerId, PeerId]

/** A configuration in which every default is filled in. */
export type RingSettings = Readonly<Required<RingConfig>>
