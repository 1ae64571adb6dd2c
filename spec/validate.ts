// Validation for users of the package: is this value a message, and if not, where and why?
// TypeBox compiles a schema on its first use, so that importing the package costs nothing.
import type Type from 'typebox'
import type { Static } from 'typebox'
import { Compile, type Validator } from 'typebox/schema'

/** One reason why a value is refused. `path` is a JSON pointer; it is empty for the message as a whole. */
export interface SchemaError {
  readonly path: string
  readonly message: string
}

/** The message, now typed, or the reasons why it is none; there is at least one reason. */
export type Validation<M> =
  | { readonly ok: true; readonly message: M }
  | { readonly ok: false; readonly errors: readonly SchemaError[] }

const compiled = new WeakMap<Type.TSchema, Validator>()

function validatorFor(schema: Type.TSchema): Validator {
  const known = compiled.get(schema)
  if (known) return known
  const validator = Compile(schema)
  compiled.set(schema, validator)
  return validator
}

// A choice of words fails once for each word; a reader wants one line: `/slot must be one of 1, 2`.
function errorsOf(validator: Validator, value: unknown): SchemaError[] {
  const byPath = new Map<string, { message: string; allowed: unknown[] }>()
  for (const error of validator.Errors(value)[1]) {
    const entry = byPath.get(error.instancePath) ?? { message: error.message, allowed: [] }
    if (error.keyword === 'const') entry.allowed.push(error.params.allowedValue)
    byPath.set(error.instancePath, entry)
  }
  return [...byPath].map(([path, { message, allowed }]) => ({
    path,
    message:
      allowed.length === 0
        ? message
        : `must be ${allowed.length > 1 ? 'one of ' : ''}${allowed.map((one) => JSON.stringify(one)).join(', ')}`,
  }))
}

/** Checks a value against one schema. Unknown fields are no error: receivers ignore them. */
export function validateAgainst<S extends Type.TSchema>(schema: S, value: unknown): Validation<Static<S>> {
  const validator = validatorFor(schema)
  return validator.Check(value)
    ? { ok: true, message: value as Static<S> }
    : { ok: false, errors: errorsOf(validator, value) }
}

/** The message that a table of schemas, keyed by wire type, describes. */
export type MessageIn<T extends Readonly<Record<string, Type.TSchema>>> = {
  [K in keyof T]: Static<T[K]>
}[keyof T]

/** Checks a value against the schema that its field `type` chooses from the table. */
export function validateMessage<T extends Readonly<Record<string, Type.TSchema>>>(
  messages: T,
  value: unknown,
): Validation<MessageIn<T>> {
  const refused = (path: string, message: string) => ({ ok: false, errors: [{ path, message }] }) as const
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refused('', 'must be an object')
  const type = 'type' in value ? value.type : undefined
  if (typeof type !== 'string') return refused('/type', 'must be a string')
  // Own properties only: the type `constructor` names no message.
  const schema = Object.hasOwn(messages, type) ? messages[type] : undefined
  if (!schema) return refused('/type', `must be a known type, not ${JSON.stringify(type)}`)
  return validateAgainst(schema, value) as Validation<MessageIn<T>>
}
