// The decisions of a name service and of a peer, one function each, without state. The machines ask them through a
// `PeersRules` object, so that a mutant, a node with one known mistake, is the machine with one rule replaced.
import type { TokenState } from '../../spec/peers/control.ts'
import { ANSWER_BYTES_MAX, NO_ID, REQUEST_BYTES_MAX } from '../../spec/peers/messages.ts'
import { checkArguments } from '../core/arguments.ts'
import type { Outcome } from './calls.ts'
import { CALLS_AT_ONCE, CHECKS_OF_TYPE_AT_ONCE, LIST_MAX } from './limits.ts'
import type { Address, ListedPeer, NoAnswer, PeerId, PeersAnswer, PeersRequest } from './vocabulary.ts'

// Calls

/** peers.call.malformed, peers.call.params: the request, or what is wrong with it. */
function requestOf(value: Readonly<Record<string, unknown>>): PeersRequest | string {
  const { method, args } = value
  if (typeof method !== 'string') return 'method is not a string; a request has method and args'
  if (Array.isArray(args)) return { method, args }
  if (Object.hasOwn(value, 'params')) return 'the arguments are in args, not in params'
  return 'args is not an array; a request has method and args'
}

/** peers.call.presence */
function answerOf(value: Readonly<Record<string, unknown>>): PeersAnswer | NoAnswer {
  const hasResult = Object.hasOwn(value, 'result')
  if (hasResult === Object.hasOwn(value, 'error')) {
    return { noAnswer: `an answer has result or error, this one has ${hasResult ? 'both' : 'neither'}` }
  }
  if (hasResult) return { result: value.result }
  const { error } = value
  if (typeof error !== 'object' || error === null) return { noAnswer: 'error is not an object' }
  const { name, args } = error as Readonly<Record<string, unknown>>
  if (typeof name !== 'string') return { noAnswer: 'error.name is not a string' }
  if (!Array.isArray(args)) return { noAnswer: 'error.args is not an array' }
  return { error: { name, args } }
}

/** peers.call.presence, peers.call.raise */
function outcomeOf(line: PeersAnswer | NoAnswer): Outcome {
  if ('noAnswer' in line) return { kind: 'bad-answer', detail: line.noAnswer }
  if ('error' in line) return { kind: 'error', name: line.error.name, args: line.error.args }
  return { kind: 'result', result: line.result }
}

// The name service

export interface RegisteredPeer {
  readonly id: PeerId
  readonly address: Address
  readonly hash: string
}

const isSameAddress = (a: Address, b: Address): boolean => a[0] === b[0] && a[1] === b[1]

/** peers.unregister.check: the answer to `check` of a peer that stays. One that has not yet read its id says -1. */
function isAnswerOf(outcome: Outcome, id: PeerId, type: string): boolean {
  if (outcome.kind !== 'result' || !Array.isArray(outcome.result)) return false
  const [answeredId, answeredType, ...more] = outcome.result
  return (answeredId === id || answeredId === NO_ID) && answeredType === type && more.length === 0
}

// The lock

/** What a peer knows at the end of its join about the token. */
export interface TokenView {
  readonly self: PeerId
  readonly list: readonly ListedPeer[]
  /** One of its `register_peer` calls has succeeded. */
  readonly hasTold: boolean
  /** The token has been here. */
  readonly hasSeenToken: boolean
}

/** peers.lock.order */
function inOrder(self: PeerId, ids: readonly PeerId[]): PeerId[] {
  return [...ids.filter((id) => id > self), ...ids.filter((id) => id < self)]
}

export const peersRules = {
  requestOf,
  answerOf,
  outcomeOf,
  /** peers.call.length */
  requestBytesMax: REQUEST_BYTES_MAX as number,
  /** peers.call.length */
  answerBytesMax: ANSWER_BYTES_MAX as number,
  /** peers.call.unknown-method, peers.call.private */
  offers: (methods: ReadonlySet<string>, method: string): boolean => methods.has(method),
  /** peers.call.arguments */
  argumentProblem: (schema: object, args: readonly unknown[]): string | undefined =>
    checkArguments(schema, args),

  /** peers.register.id */
  idAfter: (id: PeerId): PeerId => id + 1,
  /** peers.register.again */
  takesPlaceOf: (registered: RegisteredPeer, address: Address): boolean =>
    isSameAddress(registered.address, address),
  /** peers.name-service.bounds */
  hasRoom: (registrations: number, registrationsMax: number): boolean => registrations < registrationsMax,
  /** peers.unregister.refused */
  mayUnregister: (registered: RegisteredPeer, hash: string): boolean => registered.hash === hash,
  /** peers.unregister.check, peers.unregister.prompt: `idsEnd` is the first id given after the `unregister`. */
  checkedAfterUnregister: (registered: readonly RegisteredPeer[], idsEnd: PeerId): PeerId[] =>
    registered.map(({ id }) => id).filter((id) => id < idsEnd),
  /** peers.unregister.rounds */
  isOneRoundAtATime: true as boolean,
  /** peers.unregister.prompt */
  checksOfTypeAtOnce: CHECKS_OF_TYPE_AT_ONCE as number,
  isAnswerOf,
  /** peers.require.all */
  visible: (registered: readonly RegisteredPeer[]): readonly RegisteredPeer[] => registered,
  /** peers.require.any: `random` lies in [0, 1). */
  choice: (random: number, count: number): number => Math.floor(random * count),

  /** How many calls of one operation are under way together. */
  callsAtOnce: CALLS_AT_ONCE as number,
  /** peers.config.object: the type that no peer may have. */
  isReservedType: (type: string): boolean => type === 'object',
  /** peers.join.lower */
  toldOnJoin: (registered: readonly ListedPeer[], self: PeerId): readonly ListedPeer[] =>
    registered.filter(({ id }) => id < self),
  /** peers.join.lower, peers.join.dead */
  isListedAfter: (outcome: Outcome): boolean => outcome.kind === 'result',
  /** peers.join.left-meanwhile */
  remembersDepartures: true as boolean,
  /** peers.list.self */
  isOwn: (id: PeerId, self: PeerId): boolean => id === self,
  /** peers.list.bounds */
  hasRoomInList: (listed: number): boolean => listed < LIST_MAX,
  /** peers.list.address: another peer of the list at this address. */
  atAddress: (list: readonly ListedPeer[], id: PeerId, address: Address): PeerId | undefined =>
    list.find((listed) => listed.id !== id && isSameAddress(listed.address, address))?.id,
  /** peers.list.dead */
  isDead: (outcome: Outcome): boolean => outcome.kind === 'unreachable' || outcome.kind === 'timeout',
  /** peers.leave.order */
  toldOnLeave: (list: readonly ListedPeer[]): readonly ListedPeer[] => list,
  /** peers.leave.joiners */
  refusesNewcomersOnLeave: true as boolean,
  /** peers.message.send, peers.message.not-found */
  receiverOf: (list: readonly ListedPeer[], to: PeerId, self: PeerId): ListedPeer | undefined =>
    self === NO_ID ? undefined : list.find(({ id }) => id === to),

  /** peers.lock.hold-joiners: a newcomer waits. */
  holdsNewcomers: true as boolean,
  /**
   * peers.lock.hold-joiners: a peer with a lower id calls the one that was at this address before, crashed, and has come back as
   * this one. It would wait for a younger peer, which waits for it.
   */
  meansEarlierLife: (caller: PeerId, self: PeerId): boolean => caller < self,
  /** peers.lock.hold-joiners: who is only waiting is not dead, but is not waited for without end. */
  asksWhetherAlive: (attempts: number): boolean => attempts < 3,
  /** peers.lock.create */
  createsToken: ({ hasTold, hasSeenToken }: TokenView): boolean => !hasTold && !hasSeenToken,
  /** peers.lock.request */
  clockAfter: (clock: number): number => clock + 1,
  /** peers.lock.request: who is asked for the token. */
  asked: (list: readonly ListedPeer[]): readonly ListedPeer[] => list,
  /** peers.lock.request-newcomer */
  asksNewcomers: true as boolean,
  /** peers.lock.record */
  recorded: (known: number, time: number): number => Math.max(known, time),
  /** peers.lock.record */
  isUnserved: (request: number, release: number): boolean => request > release,
  /** peers.lock.idle */
  passesOnRequest: (token: TokenState): boolean => token === 'present',
  /** peers.lock.release */
  releasedAt: (clock: number): number => clock,
  inOrder,
  /** peers.lock.token: the times of those that the receiver knows. */
  taken: (pairs: readonly (readonly [PeerId, number])[], isKnown: (id: PeerId) => boolean) =>
    pairs.filter(([id]) => isKnown(id)),
  /** peers.lock.pass-once: the token is here again. */
  keepsAfter: (outcome: Outcome): boolean => outcome.kind !== 'result',
  /** peers.lock.pass-once: who cannot take it has not asked. */
  dropsRequestAfter: (outcome: Outcome): boolean => outcome.kind !== 'result',
  /** peers.lock.unwanted */
  releasesUnwanted: true as boolean,
  /** peers.lock.dead */
  forgetsTimes: true as boolean,
  /** peers.lock.leave */
  handsOver: (token: TokenState): boolean => token !== 'none',
  /** peers.lock.leave: registered, but not in the list. */
  joiningPeers: (
    registered: readonly ListedPeer[],
    list: readonly ListedPeer[],
    self: PeerId,
  ): readonly ListedPeer[] =>
    registered.filter(({ id }) => id !== self && !list.some((listed) => listed.id === id)),
  /** peers.lock.leave */
  asksAgainOnLeave: true as boolean,
  /** peers.lock.leave-order */
  refusesTokenOnLeave: true as boolean,

  /** peers.database.write: who is told of a fortune. */
  toldOfWrite: (list: readonly ListedPeer[]): readonly ListedPeer[] => list,
  /** peers.database.write */
  writesUnderLock: true as boolean,
  /** peers.database.write-queue: `writes` have come and are not over. */
  mayWait: (writes: number, waitingMax: number): boolean => writes <= waitingMax,
  /** peers.database.catch-up */
  catchesUp: true as boolean,
  /** peers.database.not-ready */
  appliesWriteLocal: (isReady: boolean): boolean => isReady,
  /** peers.database.agree */
  closesCopyOnLeave: true as boolean,
  /** peers.database.bounds */
  hasRoomFor: (fortunes: number, fortunesMax: number): boolean => fortunes < fortunesMax,
}
export type PeersRules = typeof peersRules
