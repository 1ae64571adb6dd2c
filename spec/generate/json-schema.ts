// Turns a TypeBox schema into a plain JSON Schema file of the 2020-12 dialect.
// TypeBox writes tuples in the older dialect (`items` as an array), keeps internal marks such as `~kind`, and writes a
// choice of words as `anyOf` of constants. A reader in another language wants `prefixItems`, no marks, and `enum`.
import { type PublishedSchema, publishedSchemas } from '../published.ts'

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

// `{type, const}` in every branch: the choice is an enumeration.
function enumerationOf(branches: Json[]): JsonObject | undefined {
  const constants = branches.filter(isObject).filter((branch) => 'const' in branch)
  const type = constants[0]?.type
  if (constants.length < branches.length || constants.some((branch) => branch.type !== type)) return undefined
  return {
    type: type === 'number' ? 'integer' : (type ?? null),
    enum: constants.map((one) => one.const ?? null),
  }
}

function toDialect(value: Json): Json {
  if (Array.isArray(value)) return value.map(toDialect)
  if (!isObject(value)) return value
  const { anyOf, items, additionalItems, ...rest } = value
  const result: JsonObject = {}
  for (const [key, inner] of Object.entries(rest)) result[key] = toDialect(inner)
  // A tuple without members: `prefixItems` may not be empty.
  if (Array.isArray(items) && items.length === 0 && additionalItems === false) result.maxItems = 0
  else if (Array.isArray(items)) {
    result.prefixItems = items.map(toDialect)
    result.items = additionalItems === false ? false : toDialect(additionalItems ?? true)
  } else if (items !== undefined) result.items = toDialect(items)
  if (Array.isArray(anyOf)) {
    const enumeration = enumerationOf(anyOf)
    if (enumeration) Object.assign(result, enumeration)
    else result.anyOf = anyOf.map(toDialect)
  }
  return result
}

/** The published form of a schema. Serialising drops TypeBox's marks, which are not enumerable. */
export function jsonSchemaOf(published: PublishedSchema): JsonObject {
  const plain = JSON.parse(JSON.stringify(published.schema)) as JsonObject
  const { $id, description, ...rest } = toDialect(plain) as JsonObject
  if (typeof $id !== 'string' || typeof description !== 'string')
    throw new Error(
      `The schema of ${published.name} needs an $id and a description: add them where it is defined.`,
    )
  return { $schema: DIALECT, $id, title: published.name, description, ...rest }
}

/** Content of schema/index.json: which file holds which schema, and where it is used. */
export function schemaIndex(): JsonObject {
  return {
    description:
      'All schemas of this folder. Generated; the sources are the messages.ts and control.ts files.',
    schemas: publishedSchemas.map((published) => {
      const { $id, description } = jsonSchemaOf(published)
      return {
        name: published.name,
        file: published.file,
        $id: $id ?? null,
        channel: published.channel,
        description: description ?? null,
      }
    }),
  }
}
