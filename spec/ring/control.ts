// What the control channel carries for a ring peer: configuration, arguments and results of commands, events.
// ring.md sections 3 and 4.
import Type, { type Static } from 'typebox'
import { Digest, SafeInteger, schemaId } from '../common/messages.ts'
import { FileName, Mss, PeerId, Route, Successors } from './messages.ts'

/** Features that a ring program may declare. */
export const ringFeatures = [
  'ring.join',
  'ring.leave',
  'ring.repair',
  'ring.store',
  'ring.transfer.tcp',
  'ring.transfer.udp',
] as const

const milliseconds = (minimum: number, maximum: number, defaultMs: number) =>
  Type.Optional(Type.Integer({ minimum, maximum, default: defaultMs }))

export const RingConfig = Type.Object(
  {
    id: PeerId,
    host: Type.Optional(Type.String({ minLength: 1, default: '127.0.0.1' })),
    basePort: Type.Integer({ minimum: 1, maximum: 65_279 }),
    listenPort: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    folder: Type.String({ minLength: 1 }),
    pingIntervalMs: milliseconds(10, 60_000, 1000),
    refreshIntervalMs: milliseconds(0, 600_000, 0),
    joinTimeoutMs: milliseconds(10, 600_000, 10_000),
    requestTimeoutMs: milliseconds(10, 600_000, 10_000),
    departTimeoutMs: milliseconds(10, 600_000, 5000),
    mss: Type.Optional(Type.Integer({ ...Mss, default: 512 })),
    retransmitTimeoutMs: milliseconds(5, 60_000, 1000),
    retransmissionsMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 20 })),
    dropProbability: Type.Optional(Type.Number({ minimum: 0, maximum: 1, default: 0 })),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff_ffff, default: 1 })),
    segmentLog: Type.Optional(Type.Boolean({ default: false })),
  },
  { $id: schemaId('control.ring.peer.config'), description: 'Configuration of a ring peer.' },
)
export type RingConfig = Static<typeof RingConfig>

const Path = Type.String({ minLength: 1 })
export const Transport = Type.Union([Type.Literal('tcp'), Type.Literal('udp')])

/** Arguments of each command of a ring peer, beside `seq`, `command` and `node`. */
export const ringCommands = {
  init: Type.Object({ successors: Successors }),
  join: Type.Object({ via: PeerId }),
  store: Type.Object({ name: FileName, path: Path }),
  request: Type.Object({ name: FileName, transport: Transport }),
  state: Type.Object({}),
  stop: Type.Object({}),
} as const
export type RingCommandName = keyof typeof ringCommands
export type RingCommandArguments<C extends RingCommandName> = Static<(typeof ringCommands)[C]>

/** Results of each command of a ring peer. */
export const ringResults = {
  init: Type.Object({}),
  join: Type.Object({ successors: Successors, route: Route }),
  store: Type.Object({ owner: PeerId, route: Route }),
  request: Type.Object({ owner: PeerId, route: Route, size: SafeInteger, digest: Digest, path: Path }),
  state: Type.Object({
    id: PeerId,
    inRing: Type.Boolean(),
    successors: Type.Union([Successors, Type.Null()]),
    predecessors: Type.Tuple([Type.Union([PeerId, Type.Null()]), Type.Union([PeerId, Type.Null()])]),
    files: Type.Array(FileName),
  }),
  stop: Type.Object({}),
} as const
export type RingResult<C extends RingCommandName> = Static<(typeof ringResults)[C]>

export const SegmentAction = Type.Union([
  Type.Literal('snd'),
  Type.Literal('rcv'),
  Type.Literal('drop'),
  Type.Literal('RTX'),
])
export const SuccessorsCause = Type.Union([
  Type.Literal('init'),
  Type.Literal('join'),
  Type.Literal('successor-change'),
  Type.Literal('depart'),
  Type.Literal('dead'),
  Type.Literal('repair'),
])
export type SuccessorsCause = Static<typeof SuccessorsCause>

/** Fields of each event of a ring peer, beside `event` and `node`. */
export const ringEvents = {
  successors: Type.Object({ successors: Successors, cause: SuccessorsCause }),
  'peer-dead': Type.Object({ peer: PeerId }),
  'peer-departed': Type.Object({ peer: PeerId }),
  stored: Type.Object({ name: FileName, size: SafeInteger, digest: Digest }),
  segment: Type.Object({
    name: FileName,
    peer: PeerId,
    action: SegmentAction,
    timeMs: Type.Number({ minimum: 0 }),
    seq: SafeInteger,
    bytes: SafeInteger,
    ack: SafeInteger,
  }),
} as const
export type RingEventName = keyof typeof ringEvents
export type RingEvent = { [E in RingEventName]: { event: E } & Static<(typeof ringEvents)[E]> }[RingEventName]
