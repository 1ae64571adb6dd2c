// The wire of ring, and of every system whose messages have a `type`: common.md sections 1 to 3.
import { DATAGRAM_BYTES_MAX, LINE_BYTES_MAX } from '../../spec/common/limits.ts'
import { readObject, type Unreadable } from './json-object.ts'
import { scanJson } from './json-scan.ts'
import { channelOf, checkSchema } from './published-schemas.ts'
import type { Decoded, Fault, LineRules, Message, Wire } from './wire.ts'

type Transport = 'udp' | 'tcp'

const broken = (text: string, at: string | number): Decoded => ({
  fault: { text, at, requirement: 'common.encoding.json' },
})

function unreadable({ text, at, hasMore }: Unreadable, transport: Transport): Decoded {
  if (!hasMore) return broken(text, at)
  return transport === 'udp'
    ? { fault: { text: `${text} in a datagram`, at, requirement: 'common.udp.one-object' } }
    : { fault: { text: `${text} in a line`, at, requirement: 'common.tcp.lines' } }
}

function faultOf(message: Message, type: string, text: string, transport: Transport): Fault | undefined {
  // Most programs write the shortest form, which has no faults: writing it again is quicker than the scan.
  const scanned = JSON.stringify(message) === text ? undefined : scanJson(text)
  if (scanned !== undefined) {
    const requirement =
      scanned.kind === 'duplicate-key' ? 'common.encoding.duplicate-keys' : 'common.encoding.json'
    return { text: scanned.text, at: scanned.at, requirement }
  }
  const channel = isOfThisWire(type) ? channelOf(type) : undefined
  if (channel === undefined) {
    return { text: `the type '${type}' is unknown`, at: '/type', requirement: 'common.encoding.json' }
  }
  if (channel !== transport) {
    return {
      text: `a ${type} travels over ${channel.toUpperCase()}, not ${transport.toUpperCase()}`,
      at: '/type',
      requirement: 'common.encoding.json',
    }
  }
  const fault = checkSchema(type, message)
  return fault === undefined ? undefined : { ...fault, requirement: 'common.encoding.json' }
}

// Schemas of the control channel, and of systems with a wire of their own, have names that no message of this one has.
const isOfThisWire = (type: string): boolean => type === 'error' || type.startsWith('ring.')

/** Decodes one datagram, or one line without its LF. */
export function decodeMessage(bytes: Uint8Array, transport: Transport): Decoded {
  const read = readObject(bytes)
  if ('problem' in read) return unreadable(read.problem, transport)
  const { message, text } = read
  const { type } = message
  if (typeof type !== 'string') return broken("the field 'type' is missing or no string", '/type')
  if (transport === 'udp' && bytes.length > DATAGRAM_BYTES_MAX) {
    const tooLong = `the datagram has ${bytes.length} bytes; at most ${DATAGRAM_BYTES_MAX} are allowed`
    return {
      message,
      type,
      fault: { text: tooLong, at: DATAGRAM_BYTES_MAX, requirement: 'common.udp.one-object' },
    }
  }
  const fault = faultOf(message, type, text, transport)
  return fault === undefined ? { message, type } : { message, type, fault }
}

/** Both sides of a connection write lines by the same rules. */
const lines: LineRules = {
  bytesMax: LINE_BYTES_MAX,
  decode: (line) => decodeMessage(line, 'tcp'),
  decodeTooLong: () => ({
    fault: {
      text: `the line is longer than ${LINE_BYTES_MAX} bytes`,
      at: LINE_BYTES_MAX,
      requirement: 'common.tcp.lines',
    },
  }),
  // A whole message that the sender ended with a FIN instead of an LF is the mistake of a program that never writes the
  // LF; any other rest is what a dying program leaves behind.
  decodeRest: (bytes, endedInOrder) =>
    endedInOrder && decodeMessage(bytes, 'tcp').message !== undefined
      ? {
          fault: {
            text: 'the message is not ended by LF (\\n)',
            at: bytes.length,
            requirement: 'common.tcp.lines',
          },
        }
      : {},
  bodyLength: ({ message }) => {
    const declared = message?.bodyLength
    return typeof declared === 'number' && Number.isSafeInteger(declared) && declared >= 0
      ? declared
      : undefined
  },
}

export const commonWire: Wire = {
  decodeDatagram: (bytes) => decodeMessage(bytes, 'udp'),
  converse: () => ({ opener: lines, acceptor: lines }),
  faultOf: (message) => decodeMessage(Buffer.from(JSON.stringify(message)), 'tcp').fault,
}
