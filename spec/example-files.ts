// Reads the example files, for the tests. An example is a message; an invalid one wraps it and names what it breaks.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { exampleFolder } from './generate/derived-files.ts'
import { type PublishedSchema, publishedSchemas } from './published.ts'

/** The root of the package, without a final slash. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

export interface Example {
  schema: PublishedSchema
  /** Path from the root of the package, which is what a failing test prints. */
  file: string
  value: unknown
}

export interface InvalidExample {
  schema: PublishedSchema
  file: string
  /** Id of the requirement that its sender breaks. */
  breaks: string
  why: string
  /** The text as it is on the wire; not necessarily JSON. */
  text: string
}

const jsonFilesIn = (folder: string): string[] =>
  existsSync(`${root}/${folder}`)
    ? readdirSync(`${root}/${folder}`)
        .filter((name) => name.endsWith('.json'))
        .map((name) => `${folder}/${name}`)
    : []

const read = (file: string): unknown => JSON.parse(readFileSync(`${root}/${file}`, 'utf8'))

function invalidExample(schema: PublishedSchema, file: string): InvalidExample {
  const value = read(file) as Partial<{ breaks: string; why: string; raw: string; message: unknown }>
  const { breaks, why, raw, message, ...others } = value
  const isWhole =
    typeof breaks === 'string' && typeof why === 'string' && 'raw' in value !== 'message' in value
  if (!isWhole || Object.keys(others).length > 0)
    throw new Error(`${file}: an invalid example has the fields breaks, why and either message or raw`)
  return { schema, file, breaks, why, text: raw ?? JSON.stringify(message) }
}

/** Every valid example. */
export const examples: readonly Example[] = publishedSchemas.flatMap((schema) =>
  jsonFilesIn(exampleFolder(schema.name)).map((file) => ({ schema, file, value: read(file) })),
)

/** Every invalid example. */
export const invalidExamples: readonly InvalidExample[] = publishedSchemas.flatMap((schema) =>
  jsonFilesIn(`${exampleFolder(schema.name)}/invalid`).map((file) => invalidExample(schema, file)),
)
