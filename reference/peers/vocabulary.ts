// What the two roles of peers put into the machine contract (core/machine.ts), all taken from the spec.
//
// A connection carries requests one way and answers the other. Which a line is, the codec of that side decides (codec.ts).

import type { Static } from 'typebox'
import type { ControlErrorCode } from '../../spec/control/messages.ts'
import type {
  ListedPeer,
  NameServiceConfig,
  nameServiceResults,
  PeerCommandArguments,
  PeerCommandName,
  PeerConfig,
  PeerEvent,
  PeerResult,
} from '../../spec/peers/control.ts'
import type { Address, PeersError, PeersRequest } from '../../spec/peers/messages.ts'
import type { Effect, Input, Machine } from '../core/machine.ts'

export type { Address, ListedPeer, PeersError, PeersRequest }

/** The answer to a call that succeeded. */
export interface PeersSuccess {
  readonly result: unknown
}
/** A line that came where an answer was due, and is none. */
export interface NoAnswer {
  readonly noAnswer: string
}
export type PeersAnswer = PeersSuccess | PeersError
export type PeersLine = PeersRequest | PeersAnswer | NoAnswer

export type PeerCommand = {
  [C in PeerCommandName]: { readonly command: C } & PeerCommandArguments<C>
}[PeerCommandName]

export interface PeerVocabulary {
  place: Address
  datagram: never
  stream: PeersLine
  command: PeerCommand
  result: PeerResult<PeerCommandName>
  event: PeerEvent
  failure: ControlErrorCode
}
export type PeerInput = Input<PeerVocabulary>
export type PeerEffect = Effect<PeerVocabulary>

/**
 * What becomes of a registration: `replaced` by a later one of the same address, `dropped` after a `check` without an answer.
 * For whoever runs a name service; on the control channel a name service has no events.
 */
export interface RegistrationEvent {
  readonly event: 'registered' | 'replaced' | 'unregistered' | 'dropped'
  readonly type: string
  readonly id: PeerId
  readonly address: Address
}

export interface NameServiceVocabulary {
  place: Address
  datagram: never
  stream: PeersLine
  command: { readonly command: 'state' } | { readonly command: 'stop' }
  result: Static<(typeof nameServiceResults)[keyof typeof nameServiceResults]>
  event: RegistrationEvent
  failure: ControlErrorCode
}
export type NameServiceInput = Input<NameServiceVocabulary>
export type NameServiceEffect = Effect<NameServiceVocabulary>

/** A machine whose whole memory is one plain object: a copy of it continues elsewhere. */
export interface StatefulMachine<V extends PeerVocabulary | NameServiceVocabulary, S> extends Machine<V> {
  readonly state: S
}

export type PeerId = number

/** Configurations in which every default is filled in. */
export type PeerSettings = Readonly<Required<Omit<PeerConfig, 'fortunes'>> & Pick<PeerConfig, 'fortunes'>>
export type NameServiceSettings = Readonly<Required<NameServiceConfig>>
