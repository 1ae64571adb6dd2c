// Reads requirements out of the prose and writes them as TypeScript.
// A requirement is a block quote of one paragraph: > **`id`** LEVEL (feature, source): text
// A block quote that is anything else is an error, so that a slip of the pen cannot make a requirement vanish.
import type { Level, Profile, Requirement } from '../requirement.ts'

/** What the first tag of a requirement says beside the name of a feature. */
export interface Tag {
  readonly profile: Profile
  /** The one role that is bound. */
  readonly role?: string
}

/** One page of prose and what its requirements may be tagged with. */
export interface Page {
  /** First component of every id on the page: `common`, `control`, `ring`. */
  readonly part: string
  readonly file: string
  readonly tags: ReadonlyMap<string, Tag>
}

const REQUIREMENT = /^\*\*`([^`]+)`\*\* (\S+) \(([^,()]+), ([^()]+)\): (\S.*)$/
const ID = /^[a-z]+(\.[a-z0-9-]+){1,3}$/
const LEVELS: readonly Level[] = ['MUST', 'SHOULD', 'MAY']

const isLevel = (word: string): word is Level => (LEVELS as readonly string[]).includes(word)

/** The fragment that a Markdown renderer gives a heading. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** Requirements of a page in the order of the prose. Throws an error that names file and line. */
export function parseRequirements(page: Page, prose: string): Requirement[] {
  const requirements: Requirement[] = []
  let section: { number: number; heading: string } | undefined
  let anchor = ''
  const lines = prose.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const at = `${page.file}:${index + 1}`
    const line = lines[index] ?? ''
    const heading = /^## (?:(\d+)\. )?(.+)$/.exec(line)
    if (heading) {
      section = { number: Number(heading[1] ?? 0), heading: heading[2] ?? '' }
      anchor = anchorOf(line.slice(3))
    }
    if (!line.startsWith('>')) continue
    const quoted = [line]
    while (lines[index + 1]?.startsWith('>')) {
      index += 1
      quoted.push(lines[index] ?? '')
    }
    const paragraph = quoted.map((text) => text.replace(/^> ?/, '')).join(' ')
    const [, id, level, feature, source, text] = REQUIREMENT.exec(paragraph) ?? []
    if (!id || !level || !feature || !source || !text)
      throw new Error(
        `${at}: block quote is no requirement; write > **\`id\`** LEVEL (feature, source): text`,
      )
    if (!ID.test(id) || !id.startsWith(`${page.part}.`))
      throw new Error(`${at}: id ${id} must be lower-case words joined by dots and begin with ${page.part}.`)
    if (!isLevel(level)) throw new Error(`${at}: level ${level} of ${id} must be one of ${LEVELS.join(', ')}`)
    const tag = page.tags.get(feature)
    if (!tag)
      throw new Error(`${at}: feature ${feature} of ${id} must be one of ${[...page.tags.keys()].join(', ')}`)
    if (!section) throw new Error(`${at}: ${id} stands before the first "## n. heading"`)
    if (requirements.some((other) => other.id === id)) throw new Error(`${at}: id ${id} is used twice`)
    requirements.push({
      id,
      level,
      profile: tag.profile,
      feature,
      ...(tag.role !== undefined && { role: tag.role }),
      source,
      section,
      text,
      file: page.file,
      anchor,
    })
  }
  return requirements
}

// The quotes that the formatter would choose: single ones, unless double ones need fewer escapes.
function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\')
  const single = escaped.split("'").length
  const double = escaped.split('"').length
  return single > double ? `"${escaped.replaceAll('"', '\\"')}"` : `'${escaped.replaceAll("'", "\\'")}'`
}

/** Source text of `requirements.ts` of a part. */
export function renderRequirements(page: Page, requirements: readonly Requirement[]): string {
  const name = `${page.part}Requirements`
  const entries = requirements.map(
    (requirement) => `  {
    id: ${quote(requirement.id)},
    level: ${quote(requirement.level)},
    profile: ${quote(requirement.profile)},
    feature: ${quote(requirement.feature)},
${requirement.role === undefined ? '' : `    role: ${quote(requirement.role)},\n`}    source: ${quote(requirement.source)},
    section: { number: ${requirement.section.number}, heading: ${quote(requirement.section.heading)} },
    text: ${quote(requirement.text)},
    file: ${quote(requirement.file)},
    anchor: ${quote(requirement.anchor)},
  },
`,
  )
  const typeName = `${page.part.charAt(0).toUpperCase()}${page.part.slice(1)}RequirementId`
  return `// Generated from ${page.file.split('/').at(-1)} by \`npm run generate:spec\`. Edit the prose, not this file.
import type { Requirement } from '../requirement.ts'

/** The requirements of ${page.file}, in its order. */
export const ${name} = [
${entries.join('')}] as const satisfies readonly Requirement[]

export type ${typeName} = (typeof ${name})[number]['id']
`
}
