// The two ways to check a message that the project has, side by side for the tests: TypeBox over the schema in code,
// which the reference uses, and ajv over the published file, which the harness uses.
import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { root } from './example-files.ts'
import { type PublishedSchema, publishedSchemas } from './published.ts'
import { validateAgainst } from './validate.ts'

const ajv = new Ajv2020({ strict: true, allErrors: true })
const functions = new Map<string, ValidateFunction>(
  publishedSchemas.map(({ name, file }) => [
    name,
    ajv.compile(JSON.parse(readFileSync(`${root}/spec/schema/${file}`, 'utf8'))),
  ]),
)

/** What each validator says of a value, and the errors that they give. */
export function bothVerdicts(published: PublishedSchema, value: unknown) {
  const byFile = functions.get(published.name)
  if (!byFile) throw new Error(`no file for ${published.name}`)
  const fileAccepts = byFile(value)
  const code = validateAgainst(published.schema, value)
  return {
    fileAccepts,
    codeAccepts: code.ok,
    fileErrors: byFile.errors,
    codeErrors: code.ok ? [] : code.errors,
  }
}
