// The wire of peers: peers.md section 1. Who opens a connection writes requests, who accepted it one answer to each, in
// their order. An answer says nothing about itself, so it is held against the schema of the method that was asked.
import { type Address, ANSWER_BYTES_MAX, peersMethods, REQUEST_BYTES_MAX } from '../../spec/peers/messages.ts'
import { readObject } from './json-object.ts'
import { scanJson } from './json-scan.ts'
import { checkSchema } from './published-schemas.ts'
import type { Conversation, Decoded, Fault, LineRules, Message, Wire } from './wire.ts'

/** A request that has no answer yet. */
interface Asked {
  /** The schema of the answer's success; undefined when the method is unknown or the request is none. */
  readonly resultType?: string
  /** Whether that schema is binding: a call with wrong arguments may be answered with anything. */
  readonly isProper: boolean
  frame?: number
}

/** Requests of one connection without an answer that are remembered; with more, its answers are held against no schema. */
const ASKED_MAX = 10_000

const REQUEST = 'peers.call.request'
const ANSWER = 'peers.call.answer'
const LENGTH = 'peers.call.length'

const isKnown = (method: string): boolean => Object.hasOwn(peersMethods, method)

/** What is wrong with the way in which numbers are written. A key written twice is no business of peers.md. */
function integerFault(text: string, requirement: string): Fault | undefined {
  // An answer may have 8 MiB, and the scan goes character by character.
  if (!/\d[.eE]/.test(text)) return undefined
  const scanned = scanJson(text)
  return scanned?.kind === 'integer-form' ? { text: scanned.text, at: scanned.at, requirement } : undefined
}

/** What is wrong with an object as a request, whatever its method. */
function shapeFault(message: Message): Fault | undefined {
  const fault = checkSchema('peers.request', message)
  if (fault !== undefined) return { ...fault, requirement: REQUEST }
  const other = Object.keys(message).find((key) => key !== 'method' && key !== 'args')
  return other === undefined
    ? undefined
    : {
        text: `a request has the keys 'method' and 'args', and no '${other}'`,
        at: `/${other}`,
        requirement: REQUEST,
      }
}

const hasMethod = (message: Message): message is Message & { readonly method: string } =>
  typeof message.method === 'string' && Array.isArray(message.args)

type IsOrdered = (method: string, args: readonly unknown[]) => boolean

function decodeRequest(line: Uint8Array, isOrdered: IsOrdered): Decoded & { readonly asked: Asked } {
  const read = readObject(line)
  if ('problem' in read) {
    const { text, at } = read.problem
    return { fault: { text, at, requirement: REQUEST }, asked: { isProper: false } }
  }
  const { message, text } = read
  const fault = shapeFault(message) ?? integerFault(text, REQUEST)
  const base = { message, ...(fault !== undefined && { fault }) }
  if (!hasMethod(message)) return { ...base, asked: { isProper: false } }
  const { method } = message
  if (!isKnown(method)) return { ...base, type: 'peers.request', asked: { isProper: false } }
  const type = `peers.${method}`
  const detail = fault === undefined ? checkSchema(type, message) : undefined
  const asked = { resultType: `${type}.result`, isProper: fault === undefined && detail === undefined }
  // Wrong arguments are the program's own, unless the case told it to write them.
  if (detail === undefined || isOrdered(method, message.args as readonly unknown[]))
    return { ...base, type, asked }
  return { ...base, type, fault: { ...detail, requirement: REQUEST }, asked }
}

/** What is wrong with an object as an answer to that request. */
function answerFault(message: Message, asked: Asked): Fault | undefined {
  const isSuccess = Object.hasOwn(message, 'result')
  if (isSuccess === Object.hasOwn(message, 'error')) {
    const text = `an answer has either 'result' or 'error', and this has ${isSuccess ? 'both' : 'neither'}`
    return { text, at: '', requirement: ANSWER }
  }
  const schema = isSuccess ? asked.isProper && asked.resultType : 'peers.error'
  if (schema === false || schema === undefined) return undefined
  const fault = checkSchema(schema, message)
  return fault === undefined ? undefined : { ...fault, requirement: ANSWER }
}

function decodeAnswer(line: Uint8Array, asked: Asked | undefined): Decoded {
  const read = readObject(line)
  const answers = asked?.frame === undefined ? {} : { answers: asked.frame }
  if ('problem' in read) {
    const { text, at } = read.problem
    return { ...answers, fault: { text, at, requirement: ANSWER } }
  }
  const { message, text } = read
  const type = Object.hasOwn(message, 'error') ? 'peers.error' : (asked?.resultType ?? 'peers.result')
  const fault =
    asked === undefined
      ? { text: 'an answer to no request', at: '', requirement: ANSWER }
      : (answerFault(message, asked) ?? integerFault(text, ANSWER))
  return { message, type, ...answers, ...(fault !== undefined && { fault }) }
}

/** A whole message that was ended with a FIN instead of an LF; any other rest is what a dying program leaves behind. */
function restOf(bytes: Uint8Array, endedInOrder: boolean, requirement: string): Decoded {
  if (!endedInOrder || 'problem' in readObject(bytes)) return {}
  return { fault: { text: 'the line is not ended by LF (\\n)', at: bytes.length, requirement } }
}

const noBody = (): undefined => undefined

function converse(isOrdered: IsOrdered): Conversation {
  const asked: Asked[] = []
  let isLost = false
  const remember = (one: Asked): { readonly numbered: (n: number) => void } => {
    isLost ||= asked.push(one) > ASKED_MAX
    if (isLost) asked.length = 0
    return {
      numbered: (n) => {
        one.frame = n
      },
    }
  }
  const answered = (): Asked | undefined => (isLost ? { isProper: false } : asked.shift())
  const opener: LineRules = {
    bytesMax: REQUEST_BYTES_MAX,
    decode: (line) => {
      const { asked: one, ...decoded } = decodeRequest(line, isOrdered)
      return { ...decoded, ...remember(one) }
    },
    // It will be refused, which is the caller's own loss: nothing forbids to ask.
    decodeTooLong: () => remember({ isProper: false }),
    decodeRest: (bytes, endedInOrder) => {
      remember({ isProper: false })
      return restOf(bytes, endedInOrder, REQUEST)
    },
    bodyLength: noBody,
  }
  const acceptor: LineRules = {
    bytesMax: ANSWER_BYTES_MAX,
    decode: (line) => decodeAnswer(line, answered()),
    decodeTooLong: () => {
      const answers = answered()?.frame
      const text = `the answer is longer than ${ANSWER_BYTES_MAX} bytes`
      return {
        fault: { text, at: ANSWER_BYTES_MAX, requirement: LENGTH },
        ...(answers !== undefined && { answers }),
      }
    },
    decodeRest: (bytes, endedInOrder) => restOf(bytes, endedInOrder, ANSWER),
    bodyLength: noBody,
  }
  return { opener, acceptor }
}

const isAddress = (value: unknown): value is Address =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && Number.isSafeInteger(value[1])

/** Which messages carry addresses, and where: peers.md section 2. What does not look like one stays as it is. */
function exchangeAddresses(
  { message, type }: Decoded,
  translate: (address: Address) => Address,
): Message | undefined {
  const translated = (value: unknown): unknown => (isAddress(value) ? translate(value) : value)
  const { args, result } = message ?? {}
  switch (type) {
    case 'peers.register':
    case 'peers.register_peer':
      if (!Array.isArray(args) || !isAddress(args[1])) return undefined
      return { ...message, args: args.with(1, translate(args[1])) }
    case 'peers.require_any.result':
    case 'peers.require_object.result':
      return isAddress(result) ? { ...message, result: translate(result) } : undefined
    case 'peers.require_all.result':
      if (!Array.isArray(result)) return undefined
      return {
        ...message,
        result: result.map((entry) =>
          Array.isArray(entry) && entry.length === 2 ? [entry[0], translated(entry[1])] : entry,
        ),
      }
    default:
      return undefined
  }
}

/** The wire of one case. `isOrdered` tells of calls that the case made the program write, so that their arguments are its own affair. */
export const peersWire = (isOrdered: IsOrdered): Wire => ({
  converse: () => converse(isOrdered),
  exchangeAddresses,
  faultOf: (message) => (hasMethod(message) ? undefined : answerFault(message, { isProper: false })),
})

/** The method that this frame asks for or answers, as far as that is known; undefined for an error. */
export const methodOfType = (type: string | undefined): string | undefined =>
  type?.startsWith('peers.') ? type.slice('peers.'.length).replace(/\.result$/, '') : undefined
