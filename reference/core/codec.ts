// From bytes to a checked message and back (common.encoding.json, common.udp.malformed, common.tcp.malformed).
//
// What comes from the network is refused with a value, never with an exception, and what is accepted is typed from here
// on. Unknown fields are let through (common.encoding.unknown-fields). Of a key that is written twice the last value
// counts, as common.encoding.duplicate-keys allows.
import { Compile } from 'typebox/schema'

/** Why a message was refused. The codes are those of the `error` message. */
export interface Reject {
  readonly isRefused: true
  readonly code: 'malformed' | 'schema' | 'unknown-type'
  readonly detail: string
  /** The refused message announced a body, or may have: the place of the next message is unknown. */
  readonly hasBody: boolean
}
export interface Accepted<M> {
  readonly isRefused: false
  readonly message: M
}

/** The text of UTF-8 bytes, or undefined if they are not UTF-8. Comes from the driver: no decoder belongs to ECMAScript. */
export type DecodeText = (bytes: Uint8Array) => string | undefined

interface Validator {
  Check(value: unknown): boolean
  Errors(value: unknown): [boolean, { instancePath: string; message: string }[]]
}

export interface Codec<M> {
  decode(bytes: Uint8Array): Accepted<M> | Reject
}

/** Schemas are compiled when their type is first seen: a node that never transfers a file need not compile `ring.data`. */
export function createCodec<M extends { readonly type: string }>(
  schemas: { readonly [type in M['type']]: object },
  decodeText: DecodeText,
): Codec<M> {
  const schemaOf = new Map<string, object>(Object.entries(schemas))
  const validators = new Map<string, Validator>()
  const validatorOf = (type: string, schema: object): Validator => {
    const known = validators.get(type)
    if (known !== undefined) return known
    const compiled: Validator = Compile(schema)
    validators.set(type, compiled)
    return compiled
  }

  const decode = (bytes: Uint8Array): Accepted<M> | Reject => {
    const text = decodeText(bytes)
    if (text === undefined) return refuse('malformed', 'not UTF-8', false)
    const value = parseObject(text)
    if (value === undefined) return refuse('malformed', 'not a JSON object', false)
    const hasBody = Object.hasOwn(value, 'bodyLength')
    const type = value.type
    if (typeof type !== 'string') return refuse('schema', 'type: is not a string', hasBody)
    const schema = schemaOf.get(type)
    if (schema === undefined) return refuse('unknown-type', `no message type ${type.slice(0, 100)}`, hasBody)
    const validator = validatorOf(type, schema)
    if (!validator.Check(value)) return refuse('schema', describeErrors(validator, value), hasBody)
    return { isRefused: false, message: value as unknown as M }
  }
  return { decode }
}

function refuse(code: Reject['code'], detail: string, hasBody: boolean): Reject {
  return { isRefused: true, code, detail, hasBody }
}

/** The JSON object that a text holds, or undefined. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function describeErrors(validator: Validator, value: unknown): string {
  const [, errors] = validator.Errors(value)
  const first = errors[0]
  if (first === undefined) return 'breaks the schema'
  const field = first.instancePath.slice(1).replaceAll('/', '.')
  return (field === '' ? first.message : `${field}: ${first.message}`).slice(0, 300)
}
