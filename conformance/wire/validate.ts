// Decodes a datagram or a line and says what is wrong with it. common.md sections 1 to 3.
//
// A fault names the requirement that it breaks, because a datagram of 9,000 bytes, a key written twice and a missing
// field are three different mistakes for the person who has to mend them.
import { DATAGRAM_BYTES_MAX } from '../../spec/common/limits.ts'
import { scanJson } from './json-scan.ts'
import { channelOf, checkSchema } from './published-schemas.ts'

/** What is wrong with a frame, where in it, and which requirement that breaks. */
export interface Fault {
  readonly text: string
  /** JSON pointer into the message, or byte offset into the raw bytes. */
  readonly at?: string | number
  readonly requirement: string
}

export type DecodedMessage = Readonly<Record<string, unknown>> & { readonly type: string }

export interface Decoded {
  readonly message?: DecodedMessage
  readonly fault?: Fault
}

// A byte order mark stays in the text and makes JSON.parse fail: RFC 8259 section 8.1 forbids to send one.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const broken = (text: string, at?: string | number): Decoded => ({
  fault: { text, requirement: 'common.encoding.json', ...(at === undefined ? {} : { at }) },
})

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Offset of the first byte that is not part of valid UTF-8. */
function offsetOfBadByte(bytes: Uint8Array): number {
  // U+FFFD stands for the first bad byte; what comes before it is as long as its own encoding.
  const text = new TextDecoder().decode(bytes)
  return Buffer.byteLength(text.slice(0, text.indexOf('\ufffd')))
}

/** What JSON.parse says is wrong. It tells the place only in words, and not for every mistake. */
function syntaxFault(text: string, complaint: string, transport: 'udp' | 'tcp'): Fault {
  const position = /at position (\d+)/.exec(complaint)?.[1]
  const isCutShort = complaint.includes('end of JSON')
  const parsed = isCutShort ? text : text.slice(0, Number(position ?? 0))
  const at = Buffer.byteLength(parsed)
  if (!complaint.includes('after JSON')) {
    return { text: `not JSON: ${complaint}`, at, requirement: 'common.encoding.json' }
  }
  return transport === 'udp'
    ? { text: 'more than one object in a datagram', at, requirement: 'common.udp.one-object' }
    : { text: 'more than one object in a line', at, requirement: 'common.tcp.lines' }
}

function faultOf(message: DecodedMessage, text: string, transport: 'udp' | 'tcp'): Fault | undefined {
  const scanned = scanJson(text)
  if (scanned !== undefined) {
    const requirement =
      scanned.kind === 'duplicate-key' ? 'common.encoding.duplicate-keys' : 'common.encoding.json'
    return { text: scanned.text, at: scanned.at, requirement }
  }
  const channel = channelOf(message.type)
  if (channel === undefined || channel === 'control') {
    return {
      text: `the type '${message.type}' is unknown`,
      at: '/type',
      requirement: 'common.encoding.json',
    }
  }
  if (channel !== transport) {
    return {
      text: `a ${message.type} travels over ${channel.toUpperCase()}, not ${transport.toUpperCase()}`,
      at: '/type',
      requirement: 'common.encoding.json',
    }
  }
  const fault = checkSchema(message.type, message)
  return fault === undefined ? undefined : { ...fault, requirement: 'common.encoding.json' }
}

/** Decodes one datagram, or one line without its LF. */
export function decodeMessage(bytes: Uint8Array, transport: 'udp' | 'tcp'): Decoded {
  let text: string
  try {
    text = strictUtf8.decode(bytes)
  } catch {
    return broken('the bytes are not UTF-8', offsetOfBadByte(bytes))
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { fault: syntaxFault(text, error instanceof Error ? error.message : String(error), transport) }
  }
  if (!isObject(value)) return broken('not a JSON object', 0)
  if (typeof value.type !== 'string') return broken("the field 'type' is missing or no string", '/type')
  const message = value as DecodedMessage
  if (transport === 'udp' && bytes.length > DATAGRAM_BYTES_MAX) {
    const text = `the datagram has ${bytes.length} bytes; at most ${DATAGRAM_BYTES_MAX} are allowed`
    return { message, fault: { text, at: DATAGRAM_BYTES_MAX, requirement: 'common.udp.one-object' } }
  }
  const fault = faultOf(message, text, transport)
  return fault === undefined ? { message } : { message, fault }
}
