// The file of `--config`: the options of `peerspec test` for a project, so that its people type only `peerspec test`'s
// target. What is given on the command line wins.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { SEED_MAX } from '../verdict/seed.ts'
import { nearMatch, suggestion, UsageError } from '../verdict/selection.ts'
import { profiles, TIME_SCALE_RANGE } from './option-values.ts'

const Argv = Type.Array(Type.String(), { minItems: 1 })
const Patterns = Type.Array(Type.String({ minLength: 1 }))
const [timeScaleMin, timeScaleMax] = TIME_SCALE_RANGE

export const ConfigFile = Type.Object(
  {
    command: Type.Optional(Argv),
    with: Type.Optional(Argv),
    attach: Type.Optional(
      Type.Object(
        { host: Type.String({ minLength: 1 }), port: Type.Integer({ minimum: 1, maximum: 65_535 }) },
        { additionalProperties: false },
      ),
    ),
    profile: Type.Optional(Type.Enum([...profiles])),
    level: Type.Optional(Type.Enum(['must', 'should', 'may'])),
    only: Type.Optional(Patterns),
    skip: Type.Optional(Patterns),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: SEED_MAX })),
    timeScale: Type.Optional(Type.Number({ minimum: timeScaleMin, maximum: timeScaleMax })),
    jobs: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
    repeat: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    isolated: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type ConfigFile = Static<typeof ConfigFile>

const validator = Compile(ConfigFile)

interface ValidationError {
  readonly keyword: string
  readonly instancePath: string
  readonly message: string
  readonly params: unknown
}

// The schema's own words are for programmers; these are for the person who wrote `"port": 70000`.
function expectationOf({ keyword, params, message }: ValidationError, found: unknown): string {
  const given = params as {
    readonly limit?: number
    readonly type?: string
    readonly allowedValues?: string[]
  }
  switch (keyword) {
    case 'enum': {
      const words = given.allowedValues ?? []
      return `one of ${words.join(', ')}${suggestion(String(found), words)}`
    }
    case 'minimum':
      return `${given.limit} or more`
    case 'maximum':
      return `${given.limit} or less`
    case 'type':
      return given.type === 'integer' ? 'an integer' : `of the type ${given.type}`
    case 'minItems':
    case 'minLength':
      return 'not empty'
    default:
      return message.replace(/^must (be )?/, '')
  }
}

function at(value: unknown, pointer: string): unknown {
  let here: unknown = value
  for (const key of pointer.split('/').slice(1))
    here = typeof here === 'object' && here !== null ? (here as Record<string, unknown>)[key] : undefined
  return here
}

const fieldName = (pointer: string): string => pointer.slice(1).replaceAll('/', '.')

function schemaOf(pointer: string): { readonly properties?: Record<string, unknown> } {
  return pointer === ''
    ? ConfigFile
    : (at(ConfigFile.properties, pointer) as { properties: Record<string, unknown> })
}

function complaint(value: unknown, errors: readonly ValidationError[]): string {
  const extra = errors.find((error) => error.keyword === 'additionalProperties')
  if (extra) {
    const [field = ''] = (extra.params as { additionalProperties: string[] }).additionalProperties
    const known = Object.keys(schemaOf(extra.instancePath).properties ?? {})
    const full = fieldName(`${extra.instancePath}/${field}`)
    return `unknown field ${full}${suggestion(field, known) || `; the fields are ${known.join(', ')}`}`
  }
  const required = errors.find((error) => error.keyword === 'required')
  if (required) {
    const [field = ''] = (required.params as { requiredProperties: string[] }).requiredProperties
    return `the field ${fieldName(`${required.instancePath}/${field}`)} is missing`
  }
  const [error] = errors
  if (!error) return 'it breaks the schema'
  const found = at(value, error.instancePath)
  const field = error.instancePath === '' ? 'the file' : fieldName(error.instancePath)
  return `${field}: ${JSON.stringify(found)} must be ${expectationOf(error, found)}`
}

function nearFile(path: string): string {
  try {
    const near = nearMatch(basename(path), readdirSync(dirname(resolve(path))))
    return near === undefined ? '' : `; did you mean ${near}?`
  } catch {
    return ''
  }
}

/** Reads and checks the file. Every fault is a `UsageError` that names the path. */
export function readConfigFile(path: string): ConfigFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT'
        ? `no such file${nearFile(path)}`
        : code === 'EISDIR'
          ? 'is a folder, not a file'
          : `cannot be read (${code})`
    throw new UsageError(`--config ${path}: ${why}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`--config ${path}: is not JSON: ${(error as Error).message}`)
  }
  const [, errors] = validator.Errors(value)
  if (!validator.Check(value)) throw new UsageError(`--config ${path}: ${complaint(value, errors)}`)
  return value
}
