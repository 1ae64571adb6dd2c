// The messages of the ring. Sections of ring.md: 5 ping, 6 repair, 7 join, 8 leave, 9 store and request, 10 UDP transfer.
// Everything else that speaks of these messages (JSON Schema files, tables, validators) is derived from this file.
import Type, { type Static } from 'typebox'
import { Digest, ErrorMessage, SafeInteger, schemaId } from '../common/messages.ts'

/** Number of ids on the circle; a key is a file name modulo this. */
export const RING_SIZE = 256

export const PeerId = Type.Integer({ minimum: 0, maximum: RING_SIZE - 1 })
/** Ids that a message passed, in order. Bounded by the size of the circle, because no peer appends itself twice. */
export const Route = Type.Array(PeerId, { maxItems: RING_SIZE })
/** The length says once more what the pattern says: in some languages `$` also matches before a final line end. */
export const FileName = Type.String({ pattern: '^[0-9]{4}$', maxLength: 4 })
export const Successors = Type.Tuple([PeerId, PeerId])
/** Data bytes in a segment: base64 of 4,096 bytes and the fields around it stay below a datagram's 8,192. */
export const Mss = Type.Integer({ minimum: 1, maximum: 4096 })
const Base64 = Type.String({
  pattern: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
  minLength: 4,
  maxLength: 5464,
})

const message = <T extends string, P extends Type.TProperties>(type: T, description: string, properties: P) =>
  Type.Object({ type: Type.Literal(type), from: PeerId, ...properties }, { $id: schemaId(type), description })

export const RingPing = message('ring.ping', 'Are you there? Tells the receiver which successor it is.', {
  seq: SafeInteger,
  slot: Type.Union([Type.Literal(1), Type.Literal(2)]),
})
export type RingPing = Static<typeof RingPing>
export const RingPong = message('ring.pong', 'Answer to a ping; repeats its seq.', { seq: SafeInteger })
export type RingPong = Static<typeof RingPong>

export const RingSuccessorQuery = message(
  'ring.successor-query',
  'Who is your first successor apart from this peer, which I have lost?',
  {
    dead: Type.Optional(PeerId),
  },
)
export type RingSuccessorQuery = Static<typeof RingSuccessorQuery>
export const RingSuccessorAnswer = message('ring.successor-answer', 'Answer to a successor query.', {
  successor: Type.Union([PeerId, Type.Null()]),
})
export type RingSuccessorAnswer = Static<typeof RingSuccessorAnswer>

export const RingJoin = message('ring.join', 'A newcomer looks for its place.', { id: PeerId, route: Route })
export type RingJoin = Static<typeof RingJoin>
export const RingAccept = message('ring.accept', 'The acceptor gives the newcomer its successors.', {
  successors: Successors,
  route: Route,
})
export type RingAccept = Static<typeof RingAccept>
export const RingDecline = message('ring.decline', 'The newcomer is not taken.', {
  id: PeerId,
  reason: Type.Union([Type.Literal('duplicate-id'), Type.Literal('no-place')]),
})
export type RingDecline = Static<typeof RingDecline>
export const RingSuccessorChange = message(
  'ring.successor-change',
  'Your two successors, as the sender sees them.',
  {
    successors: Successors,
  },
)
export type RingSuccessorChange = Static<typeof RingSuccessorChange>

export const RingDepart = message('ring.depart', 'The sender leaves; these were its successors.', {
  successors: Successors,
})
export type RingDepart = Static<typeof RingDepart>
export const RingDepartAck = message('ring.depart-ack', 'The departure has been taken note of.', {})
export type RingDepartAck = Static<typeof RingDepartAck>

const lookup = { origin: PeerId, name: FileName, request: SafeInteger, route: Route }
const answer = { name: FileName, request: SafeInteger }
const body = { bodyLength: SafeInteger }

export const RingStore = message('ring.store', 'Looks for the owner of a file to be stored.', {
  ...lookup,
  size: SafeInteger,
})
export type RingStore = Static<typeof RingStore>
export const RingStoreAccept = message('ring.store-accept', 'The owner asks the origin for the content.', {
  ...answer,
  route: Route,
})
export type RingStoreAccept = Static<typeof RingStoreAccept>
export const RingPut = message('ring.put', 'The content of a file to be stored; the body follows.', {
  ...answer,
  digest: Digest,
  ...body,
})
export type RingPut = Static<typeof RingPut>
export const RingStored = message('ring.stored', 'The owner has stored the file.', answer)
export type RingStored = Static<typeof RingStored>
export const RingRequest = message('ring.request', 'Looks for a file.', {
  ...lookup,
  transport: Type.Union([Type.Literal('tcp'), Type.Literal('udp')]),
})
export type RingRequest = Static<typeof RingRequest>
export const RingFile = message('ring.file', 'The content of a requested file; the body follows.', {
  ...answer,
  digest: Digest,
  route: Route,
  ...body,
})
export type RingFile = Static<typeof RingFile>
export const RingNotFound = message('ring.not-found', 'The owner of the key does not have the file.', {
  ...answer,
  route: Route,
})
export type RingNotFound = Static<typeof RingNotFound>

const transfer = { transfer: SafeInteger }
export const RingOffer = message('ring.offer', 'The owner offers a requested file over UDP.', {
  ...transfer,
  ...answer,
  size: SafeInteger,
  digest: Digest,
  mss: Mss,
  route: Route,
})
export type RingOffer = Static<typeof RingOffer>
export const RingReady = message('ring.ready', 'The requester is ready for the first segment.', transfer)
export type RingReady = Static<typeof RingReady>
export const RingData = message('ring.data', 'One segment.', {
  ...transfer,
  seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  data: Base64,
})
export type RingData = Static<typeof RingData>
export const RingAck = message('ring.ack', 'All bytes before this number have arrived.', {
  ...transfer,
  ack: Type.Integer({ minimum: 2, maximum: Number.MAX_SAFE_INTEGER }),
})
export type RingAck = Static<typeof RingAck>
export const RingEnd = message('ring.end', 'No more data; takes one number, like the FIN of RFC 9293.', {
  ...transfer,
  seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
})
export type RingEnd = Static<typeof RingEnd>

/** The messages of the ring that travel in datagrams. */
export const ringUdpMessages = {
  'ring.ping': RingPing,
  'ring.pong': RingPong,
  'ring.offer': RingOffer,
  'ring.ready': RingReady,
  'ring.data': RingData,
  'ring.ack': RingAck,
  'ring.end': RingEnd,
} as const

/** The messages of the ring that travel on TCP connections, `error` among them. */
export const ringTcpMessages = {
  'ring.join': RingJoin,
  'ring.accept': RingAccept,
  'ring.decline': RingDecline,
  'ring.successor-change': RingSuccessorChange,
  'ring.successor-query': RingSuccessorQuery,
  'ring.successor-answer': RingSuccessorAnswer,
  'ring.depart': RingDepart,
  'ring.depart-ack': RingDepartAck,
  'ring.store': RingStore,
  'ring.store-accept': RingStoreAccept,
  'ring.put': RingPut,
  'ring.stored': RingStored,
  'ring.request': RingRequest,
  'ring.file': RingFile,
  'ring.not-found': RingNotFound,
  error: ErrorMessage,
} as const

export type RingUdpMessage = {
  [K in keyof typeof ringUdpMessages]: Static<(typeof ringUdpMessages)[K]>
}[keyof typeof ringUdpMessages]
export type RingTcpMessage = {
  [K in keyof typeof ringTcpMessages]: Static<(typeof ringTcpMessages)[K]>
}[keyof typeof ringTcpMessages]
export type RingMessage = RingUdpMessage | RingTcpMessage
/** The message of one type, by its wire name. */
export type RingMessageOf<T extends RingMessage['type']> = Extract<RingMessage, { type: T }>
