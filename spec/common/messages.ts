// Message parts that all systems share, and the one message that none of them owns: `error`.
// A schema const and its static type have one name, which is also the name used in the prose.
import Type, { type Static } from 'typebox'

/** Version of the wire. Part of every schema's `$id`. */
export const WIRE_VERSION = 1

/** The stable `$id` of the schema of a message type. */
export const schemaId = (type: string): string => `urn:peerspec:${WIRE_VERSION}:${type}`

export const ErrorCode = Type.Union([
  Type.Literal('malformed'),
  Type.Literal('schema'),
  Type.Literal('unknown-type'),
  Type.Literal('too-long'),
  Type.Literal('unexpected'),
  Type.Literal('not-in-ring'),
  Type.Literal('busy'),
  Type.Literal('internal'),
])
export type ErrorCode = Static<typeof ErrorCode>

/** Answer on TCP to a message that is refused. Source: design, section 3. */
export const ErrorMessage = Type.Object(
  { type: Type.Literal('error'), code: ErrorCode, message: Type.String({ maxLength: 1024 }) },
  { $id: schemaId('error'), description: 'Answer on TCP to a message that is refused.' },
)
export type ErrorMessage = Static<typeof ErrorMessage>

/** An integer that JSON carries without loss. */
export const SafeInteger = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** SHA-256 in lower-case hexadecimal. The length keeps out a final line end, which `$` lets pass in some languages. */
export const Digest = Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64 })
