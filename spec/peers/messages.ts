// The calls of peers, method by method: what the arguments are and what the result is. Sections of peers.md: 4 name
// service, 5 join, list and leave, 6 messages, 7 lock, 8 database.
//
// The wire has no types: a request names its method, an answer only makes sense beside its request. So each method has
// two schemas, `peers.<method>` for the whole request and `peers.<method>.result` for the whole answer of a success.
// Everything else that speaks of these messages (JSON Schema files, tables, validators) is derived from this file.
import Type, { type Static } from 'typebox'
import { SafeInteger, schemaId } from '../common/messages.ts'

/** Bytes of a request and of an answer, the LF not counted. peers.call.length */
export const REQUEST_BYTES_MAX = 65_536
export const ANSWER_BYTES_MAX = 8_388_608

export const Id = SafeInteger
/** The id of a peer to which the name service has given none yet. */
export const NO_ID = -1
export const OwnId = Type.Integer({ minimum: NO_ID, maximum: Number.MAX_SAFE_INTEGER })
export const Address = Type.Tuple([
  Type.String({ minLength: 1, maxLength: 255 }),
  Type.Integer({ minimum: 1, maximum: 65_535 }),
])
/** Host and port. */
export type Address = Static<typeof Address>
export const ObjectType = Type.String({ minLength: 1, maxLength: 100 })
const Hash = Type.String({ minLength: 1, maxLength: 100 })
const Text = Type.String()
export const Time = SafeInteger
/** JSON Schema counts the characters of a string in code points. */
export const Fortune = Type.String({ minLength: 1, maxLength: 1000 })
export const Fortunes = Type.Array(Fortune, { maxItems: 1000 })
/** Pairs, because the keys of a JSON object would be strings. */
export const Token = Type.Array(Type.Tuple([Id, Time]))
export type Token = Static<typeof Token>

const Nothing = Type.Null()
const RegisteredPeers = Type.Array(Type.Tuple([Id, Address]))

interface Method<A extends Type.TSchema[], R extends Type.TSchema> {
  readonly description: string
  readonly args: Type.TTuple<A>
  readonly result: R
}
const method = <A extends Type.TSchema[], R extends Type.TSchema>(
  description: string,
  args: [...A],
  result: R,
): Method<A, R> => ({ description, args: Type.Tuple(args), result })

/** What a name service offers. */
export const nameServiceMethods = {
  register: method('Makes a peer known under a type.', [ObjectType, Address], Type.Tuple([Id, Hash])),
  unregister: method('Takes a registration back.', [Id, ObjectType, Hash], Nothing),
  require_all: method('Who is registered under a type?', [ObjectType], RegisteredPeers),
  require_any: method('Where is some peer of a type?', [ObjectType], Address),
  require_object: method('Where is the peer with this type and id?', [ObjectType, Id], Address),
} as const

/** What every peer offers. */
export const listMethods = {
  check: method('Who are you?', [], Type.Tuple([OwnId, ObjectType])),
  register_peer: method('The sender has come.', [Id, Address], Nothing),
  unregister_peer: method('The sender leaves.', [Id], Nothing),
  display_peers: method('Show your list to your user.', [], Nothing),
  print_message: method('A message for your user.', [Id, Text], Nothing),
} as const
/** What a peer with `lock` offers beside that. */
export const lockMethods = {
  request_token: method('The sender wants the token.', [Time, Id], Nothing),
  obtain_token: method('The token passes to the receiver.', [Token], Nothing),
} as const
/** What a peer with `fortunes` offers beside that. */
export const databaseMethods = {
  read: method('A random fortune.', [], Type.Union([Fortune, Type.Null()])),
  write: method('Write this into all copies.', [Fortune], Nothing),
  write_local: method('Write this into your copy.', [Fortune], Nothing),
  read_all: method('Your whole copy.', [], Fortunes),
} as const
export const peerMethods = { ...listMethods, ...lockMethods, ...databaseMethods } as const

/** All methods; no name occurs in both roles. */
export const peersMethods = { ...nameServiceMethods, ...peerMethods } as const
export type PeersMethod = keyof typeof peersMethods
export type PeersArguments<M extends PeersMethod> = Static<(typeof peersMethods)[M]['args']>
export type PeersResult<M extends PeersMethod> = Static<(typeof peersMethods)[M]['result']>
/** A request whose method is known and whose arguments fit it. */
export type PeersCall = { [M in PeersMethod]: { method: M; args: PeersArguments<M> } }[PeersMethod]

/** Names of errors that this page gives a meaning. Others are as good; a caller raises them all. */
export const errorNames = {
  /** No request at all. */
  protocol: 'ProtocolError',
  unknownMethod: 'AttributeError',
  wrongArguments: 'TypeError',
  /** An argument that is well formed but wrong: a hash, one's own id. */
  wrongValue: 'ValueError',
  nobody: 'LookupError',
  noSuchPeer: 'Exception',
  full: 'BusyError',
  leaving: 'LeavingError',
  notReady: 'NotReadyError',
  timeout: 'TimeoutError',
} as const

/** Any request, before its method is looked up. */
export const PeersRequest = Type.Object(
  { method: Type.String(), args: Type.Array(Type.Unknown()) },
  { $id: schemaId('peers.request'), description: 'Any call.' },
)
export type PeersRequest = Static<typeof PeersRequest>

/** A key that must not be there: the presence of `result` or `error` tells a success from a failure. */
const Absent = Type.Optional(Type.Never())

/** The answer to a call that failed. */
export const PeersError = Type.Object(
  { error: Type.Object({ name: Type.String(), args: Type.Array(Type.Unknown()) }), result: Absent },
  {
    $id: schemaId('peers.error'),
    description: 'The method failed, or there is none: raise this at the caller.',
  },
)
export type PeersError = Static<typeof PeersError>
/** What a call of this method may be answered with. */
export type PeersAnswer<M extends PeersMethod> = { result: PeersResult<M>; error?: never } | PeersError

/** The schema of a whole request with this method. */
export const requestSchema = (name: PeersMethod): Type.TObject =>
  Type.Object(
    { method: Type.Literal(name), args: peersMethods[name].args },
    { $id: schemaId(`peers.${name}`), description: peersMethods[name].description },
  )

/** The schema of a whole answer to this method, when it has succeeded. */
export const answerSchema = (name: PeersMethod): Type.TObject =>
  Type.Object(
    { result: peersMethods[name].result, error: Absent },
    { $id: schemaId(`peers.${name}.result`), description: `Answer to ${name}.` },
  )

const methodNames = Object.keys(peersMethods) as PeersMethod[]

/** Schemas of the lines by the names under which they are published: any call and any failure, then method by method. */
export const peersTcpMessages: Readonly<Record<string, Type.TObject>> = {
  'peers.request': PeersRequest,
  'peers.error': PeersError,
  ...Object.fromEntries(
    methodNames.flatMap((name) => [
      [`peers.${name}`, requestSchema(name)],
      [`peers.${name}.result`, answerSchema(name)],
    ]),
  ),
}
