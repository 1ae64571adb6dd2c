// Says in words what is wrong with the arguments of a command, naming the field and what was expected:
// "mss: 0 is below 1" (control.bad-argument).
import { Compile } from 'typebox/schema'

interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly message: string
  readonly params: Readonly<Record<string, unknown>>
}
interface Compiled {
  Check(value: unknown): boolean
  Errors(value: unknown): [boolean, SchemaError[]]
}

const compiled = new WeakMap<object, Compiled>()

/** The first problem, or undefined if the value fits the schema. */
export function checkArguments(schema: object, value: unknown): string | undefined {
  let validator = compiled.get(schema)
  if (validator === undefined) {
    validator = Compile(schema) as unknown as Compiled
    compiled.set(schema, validator)
  }
  if (validator.Check(value)) return undefined
  const [, errors] = validator.Errors(value)
  const first = errors[0]
  return first === undefined ? 'breaks the schema' : describe(first, value)
}

function describe(error: SchemaError, root: unknown): string {
  const path = error.instancePath.split('/').slice(1)
  const { params } = error
  if (error.keyword === 'required') {
    const missing = Array.isArray(params.requiredProperties) ? params.requiredProperties : []
    return `${[...path, missing[0] ?? 'a field'].join('.')}: is missing`
  }
  const where = path.length === 0 ? 'arguments' : path.join('.')
  const shown = show(path.reduce<unknown>(child, root))
  if (error.keyword === 'minimum') return `${where}: ${shown} is below ${String(params.limit)}`
  if (error.keyword === 'maximum') return `${where}: ${shown} is above ${String(params.limit)}`
  if (error.keyword === 'type') return `${where}: ${shown} is not of type ${String(params.type)}`
  return `${where}: ${shown} ${error.message}`
}

function child(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80)
}
