// The list of derived files: path from the root of the package, and content. generate.ts writes them, checks compare them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publishedSchemas, schemaFile } from '../published.ts'
import { type Requirement, tagsWithoutFeature } from '../requirement.ts'
import { ringFeatures } from '../ring/control.ts'
import { jsonSchemaOf, schemaIndex } from './json-schema.ts'
import { messagesPage } from './messages-page.ts'
import { type Page, parseRequirements, renderRequirements } from './requirements.ts'

/** The pages that hold requirements. */
export const pages: readonly Page[] = [
  { part: 'common', file: 'spec/common/common.md', features: tagsWithoutFeature },
  { part: 'control', file: 'spec/control/control.md', features: tagsWithoutFeature },
  { part: 'ring', file: 'spec/ring/ring.md', features: [...tagsWithoutFeature, ...ringFeatures] },
]

/** Folder of the examples of a schema: spec/ring/examples/ping for `ring.ping`. `plain.json` is the one that pages show. */
export const exampleFolder = (name: string): string =>
  `spec/${schemaFile(name).replace('/', '/examples/').replace('.json', '')}`

export function requirementsInProse(root: string): Requirement[] {
  return pages.flatMap((page) => parseRequirements(page, readFileSync(join(root, page.file), 'utf8')))
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Content by path of everything that is derived, except the ledger, which only grows. */
export function derivedFiles(root: string): Map<string, string> {
  const files = new Map<string, string>()
  for (const page of pages) {
    const requirements = parseRequirements(page, readFileSync(join(root, page.file), 'utf8'))
    files.set(`spec/${page.part}/requirements.ts`, renderRequirements(page, requirements))
  }
  for (const published of publishedSchemas)
    files.set(`spec/schema/${published.file}`, json(jsonSchemaOf(published)))
  files.set(
    'spec/ring/messages.md',
    messagesPage(
      'Messages of the ring',
      publishedSchemas.filter((published) => published.channel !== 'control'),
      (published) => readFileSync(join(root, exampleFolder(published.name), 'plain.json'), 'utf8'),
    ),
  )
  files.set('spec/schema/index.json', json(schemaIndex()))
  return files
}

/** Files below spec/schema that no schema accounts for: what a renamed message leaves behind. */
export function leftOverFiles(root: string, derived: ReadonlyMap<string, string>): string[] {
  return readdirSync(join(root, 'spec/schema'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((file) => !derived.has(file))
}
