// The published JSON Schema files, compiled with ajv the first time that each is needed.
//
// The harness reads the files that everyone else gets, not the TypeBox objects that they are generated from: the
// reference validates with those, so an error in the generated files shows up as a difference between the two.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'

/** What is wrong with a value, and the JSON pointer to the place. */
export interface SchemaFault {
  readonly text: string
  readonly at: string
}

type Channel = 'udp' | 'tcp' | 'control'
interface IndexEntry {
  readonly name: string
  readonly file: string
  readonly channel: Channel
}

// The sources lie two folders below the package, the built files one: the first `spec/schema` upwards is the right one.
function findSchemaFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    const candidate = join(folder, 'spec', 'schema')
    if (existsSync(join(candidate, 'index.json'))) return candidate
    const parent = dirname(folder)
    if (parent === folder)
      throw new Error('spec/schema is missing: the installation of peerspec is incomplete')
    folder = parent
  }
}

const ajv = new Ajv2020({ strict: true })
const compiled = new Map<string, ValidateFunction>()
let index: ReadonlyMap<string, IndexEntry & { readonly path: string }> | undefined

function entries(): ReadonlyMap<string, IndexEntry & { readonly path: string }> {
  if (index === undefined) {
    const folder = findSchemaFolder()
    const parsed = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
      schemas: readonly IndexEntry[]
    }
    index = new Map(parsed.schemas.map((entry) => [entry.name, { ...entry, path: join(folder, entry.file) }]))
  }
  return index
}

/** The channel of a published schema, or undefined when there is none of that name. */
export const channelOf = (name: string): Channel | undefined => entries().get(name)?.channel

/** The names of all published schemas. */
export const publishedNames = (): readonly string[] => [...entries().keys()]

function validatorOf(name: string): ValidateFunction {
  const known = compiled.get(name)
  if (known !== undefined) return known
  const entry = entries().get(name)
  if (entry === undefined) throw new Error(`no published schema is called ${name}`)
  const validate = ajv.compile(JSON.parse(readFileSync(entry.path, 'utf8')) as object)
  compiled.set(name, validate)
  return validate
}

function describe(error: ErrorObject): SchemaFault {
  const { params } = error
  if (error.keyword === 'required') {
    return { text: `the field '${String(params.missingProperty)}' is missing`, at: error.instancePath }
  }
  const place = error.instancePath === '' ? 'the object' : `'${error.instancePath.slice(1)}'`
  if (error.keyword === 'enum') {
    return {
      text: `${place} must be one of ${(params.allowedValues as unknown[]).join(', ')}`,
      at: error.instancePath,
    }
  }
  if (error.keyword === 'const') {
    return { text: `${place} must be ${JSON.stringify(params.allowedValue)}`, at: error.instancePath }
  }
  return { text: `${place} ${error.message ?? 'is wrong'}`, at: error.instancePath }
}

/** What is wrong with `value` by the published schema of this name; undefined when nothing is. */
export function checkSchema(name: string, value: unknown): SchemaFault | undefined {
  const validate = validatorOf(name)
  if (validate(value)) return undefined
  // Of the errors of a union the last one is 'must match a schema in anyOf'; the deepest place tells more.
  const errors = [...(validate.errors ?? [])]
  const deepest = errors.sort((a, b) => b.instancePath.length - a.instancePath.length)[0]
  return deepest === undefined ? { text: 'breaks its schema', at: '' } : describe(deepest)
}
