// Random broken messages: each is a valid message of the ring with one to three faults, drawn from a seed. What happens to
// be valid still, by any reading of the rules, is thrown away, so that a node has to refuse all of them.
import { channelOf, checkSchema } from '../../../wire/published-schemas.ts'
import { breakBytes, objectOf, onOneLine, pick, type Random } from '../../broken-bytes.ts'

type Transport = 'udp' | 'tcp'

const DIGEST = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const route = [20, 60]

const validMessages: Readonly<Record<Transport, readonly Readonly<Record<string, unknown>>[]>> = {
  udp: [
    { type: 'ring.ping', from: 140, seq: 3, slot: 1 },
    { type: 'ring.pong', from: 140, seq: 0 },
    {
      type: 'ring.offer',
      from: 180,
      transfer: 1,
      request: 1,
      name: '0159',
      size: 10,
      digest: DIGEST,
      mss: 5,
      route,
    },
    { type: 'ring.ready', from: 180, transfer: 1 },
    { type: 'ring.data', from: 180, transfer: 1, seq: 1, data: 'AAECAw==' },
    { type: 'ring.ack', from: 180, transfer: 1, ack: 5 },
    { type: 'ring.end', from: 180, transfer: 1, seq: 5 },
  ],
  tcp: [
    { type: 'ring.join', from: 110, id: 110, route: [] },
    { type: 'ring.accept', from: 60, successors: [140, 180], route },
    { type: 'ring.decline', from: 60, id: 110, reason: 'no-place' },
    { type: 'ring.successor-change', from: 140, successors: [140, 220] },
    { type: 'ring.successor-query', from: 60, dead: 140 },
    { type: 'ring.successor-answer', from: 140, successor: 180 },
    { type: 'ring.depart', from: 140, successors: [180, 220] },
    { type: 'ring.depart-ack', from: 60 },
    { type: 'ring.store', from: 60, origin: 20, name: '0100', request: 1, size: 4, route },
    { type: 'ring.store-accept', from: 180, name: '0159', request: 1, route },
    { type: 'ring.put', from: 20, name: '0100', request: 1, digest: DIGEST, bodyLength: 0 },
    { type: 'ring.stored', from: 180, name: '0159', request: 1 },
    { type: 'ring.request', from: 60, origin: 20, name: '0100', request: 1, transport: 'tcp', route },
    { type: 'ring.file', from: 180, name: '0159', request: 1, digest: DIGEST, route, bodyLength: 0 },
    { type: 'ring.not-found', from: 180, name: '0159', request: 1, route },
  ],
}

const strangeValues: readonly unknown[] = [
  null,
  true,
  false,
  -1,
  256,
  1.5,
  -0.5,
  2 ** 53,
  1e300,
  '',
  '0',
  '60',
  'x'.repeat(300),
  '\u0000\u2028\ud83d\ude00',
  '../../x',
  [],
  [[]],
  [256],
  ['60', 60],
  Array.from({ length: 300 }, () => 1),
  {},
  { from: 60 },
]

const strangeTypes = [
  'ring',
  'ring.',
  'ring.pingg',
  'RING.PING',
  'chord.join',
  'constructor',
  '__proto__',
  '',
]

/** One fault among the fields. */
function breakFields(random: Random, message: Record<string, unknown>): Record<string, unknown> {
  const field = pick(random, Object.keys(message))
  switch (Math.floor(random() * 4)) {
    case 0: {
      const { [field]: _, ...rest } = message
      return rest
    }
    case 1:
      return { ...message, type: pick(random, strangeTypes) }
    case 2: {
      const other = pick(random, [...validMessages.udp, ...validMessages.tcp])
      return { ...message, type: other.type }
    }
    default:
      return { ...message, [field]: pick(random, strangeValues) }
  }
}

/** Whether every receiver has to refuse this: no JSON object, no such type on this transport, or a broken schema. */
function isBroken(bytes: Uint8Array, transport: Transport): boolean {
  const message = objectOf(bytes)
  if (message === undefined) return true
  const { type } = message
  if (typeof type !== 'string' || channelOf(type) !== transport) return true
  return checkSchema(type, message) !== undefined
}

/** A broken message for this transport; on TCP without its LF, and without any other. */
export function brokenMessage(random: Random, transport: Transport): Uint8Array {
  for (;;) {
    let message: Record<string, unknown> = { ...pick(random, validMessages[transport]) }
    let bytes: Uint8Array
    if (random() < 0.6) {
      message = breakFields(random, message)
      if (random() < 0.3) message = breakFields(random, { filler: 0, ...message })
      bytes = Buffer.from(JSON.stringify(message))
    } else {
      bytes = Buffer.from(JSON.stringify(message))
      for (let faults = 1 + Math.floor(random() * 3); faults > 0 && bytes.length > 0; faults -= 1) {
        bytes = breakBytes(random, bytes)
      }
    }
    if (transport === 'tcp') bytes = onOneLine(bytes)
    if (isBroken(bytes, transport)) return bytes
  }
}
