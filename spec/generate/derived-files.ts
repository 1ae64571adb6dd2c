// The list of derived files: path from the root of the package, and content. generate.ts writes them, checks compare them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publishedSchemas, schemaFile } from '../published.ts'
import type { Requirement } from '../requirement.ts'
import { declaredSystems, type SystemDeclaration } from '../systems.ts'
import { jsonSchemaOf, schemaIndex } from './json-schema.ts'
import { messagesPage } from './messages-page.ts'
import { type Page, parseRequirements, renderRequirements, type Tag } from './requirements.ts'

const systems: readonly SystemDeclaration[] = Object.values(declaredSystems)

// The name of a system binds all its roles. In a system with one role nothing is gained by naming it again.
function tagsOf({ name, roles, byRole, profiles }: SystemDeclaration): ReadonlyMap<string, Tag> {
  const several = roles.length > 1
  const tags = new Map<string, Tag>([[name, { profile: 'baseline' }]])
  for (const [role, { features }] of Object.entries(byRole)) {
    const bound = several ? { role } : {}
    if (several) tags.set(role, { profile: 'baseline', ...bound })
    for (const feature of features)
      tags.set(feature, {
        profile: profiles.baseline.includes(feature) ? 'baseline' : 'extended',
        ...bound,
      })
  }
  return tags
}

const sharedPage = (part: string, tag: string): Page => ({
  part,
  file: `spec/${part}/${part}.md`,
  tags: new Map([[tag, { profile: 'baseline' }]]),
})

/** The pages that hold requirements. */
export const pages: readonly Page[] = [
  sharedPage('common', 'wire'),
  sharedPage('control', 'control'),
  ...systems.map((system) => ({
    part: system.name,
    file: `spec/${system.name}/${system.name}.md`,
    tags: tagsOf(system),
  })),
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
  const plainExample = ({ name }: { readonly name: string }) =>
    readFileSync(join(root, exampleFolder(name), 'plain.json'), 'utf8')
  for (const { name, udpMessages, tcpMessages } of systems)
    files.set(
      `spec/${name}/messages.md`,
      messagesPage(
        name,
        publishedSchemas.filter((published) =>
          Object.hasOwn({ ...udpMessages, ...tcpMessages }, published.name),
        ),
        plainExample,
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
