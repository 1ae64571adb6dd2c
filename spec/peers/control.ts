// What the control channel carries for the two roles of peers: configuration, arguments and results of commands, events.
// peers.md sections 3 to 8.
import Type, { type Static } from 'typebox'
import { schemaId } from '../common/messages.ts'
import { Address, Fortune, Fortunes, Id, ObjectType, OwnId, Time } from './messages.ts'

/** Features that a program with the role `peers.peer` may declare. */
export const peersFeatures = ['peers.list', 'peers.message', 'peers.lock', 'peers.database'] as const
/** Those that the profile `baseline` requires; `extended` requires all. */
export const peersBaselineFeatures = ['peers.list', 'peers.message'] as const

const milliseconds = (defaultMs: number) =>
  Type.Optional(Type.Integer({ minimum: 10, maximum: 600_000, default: defaultMs }))
const listening = {
  host: Type.Optional(Type.String({ minLength: 1, default: '127.0.0.1' })),
  listenPort: Type.Integer({ minimum: 1, maximum: 65_535 }),
}

export const NameServiceConfig = Type.Object(
  {
    ...listening,
    checkTimeoutMs: milliseconds(2000),
    registrationsMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 10_000 })),
  },
  { $id: schemaId('control.peers.name-service.config'), description: 'Configuration of a name service.' },
)
export type NameServiceConfig = Static<typeof NameServiceConfig>

/** Two rules are beyond the schema: the type is not `object`, and `fortunes` demands `lock`. */
export const PeerConfig = Type.Object(
  {
    ...listening,
    type: ObjectType,
    nameService: Address,
    advertise: Type.Optional(Address),
    callTimeoutMs: milliseconds(5000),
    lock: Type.Optional(Type.Boolean({ default: false })),
    acquireTimeoutMs: milliseconds(60_000),
    fortunes: Type.Optional(Fortunes),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff_ffff, default: 1 })),
  },
  { $id: schemaId('control.peers.peer.config'), description: 'Configuration of a peer.' },
)
export type PeerConfig = Static<typeof PeerConfig>

const ListedPeer = Type.Object({ id: Id, address: Address })
const ListedPeers = Type.Array(ListedPeer)
export type ListedPeer = Static<typeof ListedPeer>
// Type.Record would ask for names that match ^.*$, and a line end matches no dot.
const ByType = Type.Unsafe<Record<string, ListedPeer[]>>(
  Type.Object({}, { additionalProperties: ListedPeers }),
)
const TokenState = Type.Union([Type.Literal('none'), Type.Literal('present'), Type.Literal('held')])
export type TokenState = Static<typeof TokenState>
const orNull = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** Arguments of each command of a name service, beside `seq`, `command` and `node`. */
export const nameServiceCommands = { state: Type.Object({}), stop: Type.Object({}) } as const
/** Results of each command of a name service. */
export const nameServiceResults = {
  state: Type.Object({ types: ByType }),
  stop: Type.Object({}),
} as const

/** Arguments of each command of a peer, beside `seq`, `command` and `node`. */
export const peerCommands = {
  join: Type.Object({}),
  call: Type.Object({ address: Address, method: Type.String(), args: Type.Array(Type.Unknown()) }),
  send: Type.Object({ to: Id, text: Type.String() }),
  acquire: Type.Object({}),
  release: Type.Object({}),
  read: Type.Object({}),
  write: Type.Object({ fortune: Fortune }),
  state: Type.Object({}),
  stop: Type.Object({}),
} as const
/** Results of each command of a peer. */
export const peerResults = {
  join: Type.Object({ id: Id, peers: ListedPeers }),
  call: Type.Union([
    Type.Object({ result: Type.Unknown() }),
    Type.Object({ error: Type.Object({ name: Type.String(), args: Type.Array(Type.Unknown()) }) }),
  ]),
  send: Type.Object({}),
  acquire: Type.Object({}),
  release: Type.Object({}),
  read: Type.Object({ fortune: orNull(Fortune) }),
  write: Type.Object({}),
  state: Type.Object({
    id: OwnId,
    type: ObjectType,
    peers: ListedPeers,
    token: orNull(TokenState),
    requests: orNull(Type.Array(Type.Tuple([Id, Time]))),
    fortunes: orNull(Fortunes),
  }),
  stop: Type.Object({}),
} as const
export type PeerCommandName = keyof typeof peerCommands
export type PeerCommandArguments<C extends PeerCommandName> = Static<(typeof peerCommands)[C]>
export type PeerResult<C extends PeerCommandName> = Static<(typeof peerResults)[C]>

/** Fields of each event of a peer, beside `event` and `node`. A name service has none. */
export const peerEvents = {
  joined: Type.Object({ id: Id }),
  left: Type.Object({ id: Id }),
  display: Type.Object({ peers: ListedPeers }),
  message: Type.Object({ from: Id, text: Type.String() }),
  token: Type.Object({ token: TokenState }),
} as const
export type PeerEventName = keyof typeof peerEvents
export type PeerEvent = { [E in PeerEventName]: { event: E } & Static<(typeof peerEvents)[E]> }[PeerEventName]
