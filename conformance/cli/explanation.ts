// The pages of `peerspec explain`: a requirement with its cases, examples and usual mistakes; a case; a message type.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Colors } from 'picocolors/types.js'
import { publishedSchemas } from '../../spec/published.ts'
import { featureOf, findRequirement, requirements, systems } from '../../spec/registry.ts'
import type { Requirement } from '../../spec/requirement.ts'
import { plainProse, plural, wrap } from '../report/text.ts'
import { allCases, suites } from '../suites/index.ts'
import type { Case } from '../verdict/case.ts'
import { caseLevel } from '../verdict/requirement-level.ts'
import { suggestion, UsageError } from '../verdict/selection.ts'
import { invalidExamples, validExamples } from './message-examples.ts'
import { invocation, packageRoot } from './package-files.ts'
import { targetOf } from './targets.ts'
import { usualMistakes } from './usual-mistakes.ts'

const WIDTH = 100
/** Invalid messages beside a requirement; `explain <type>` shows all. */
const INVALID_SHOWN_MAX = 6
/** Cases that judge a requirement only beside another one. */
const FURTHER_CASES_SHOWN_MAX = 6

const messageTypes = publishedSchemas.filter(({ channel }) => channel !== 'control').map(({ name }) => name)

/** What is printed, line by line. */
class Page {
  readonly lines: string[] = []
  readonly colors: Colors

  constructor(colors: Colors) {
    this.colors = colors
  }

  print(line = ''): void {
    this.lines.push(line)
  }

  heading(text: string): void {
    this.lines.push('', this.colors.bold(text))
  }

  paragraph(text: string): void {
    for (const line of wrap(text, WIDTH - 2)) this.lines.push(`  ${line}`)
  }
}

/** The page for an id, line by line. Throws `UsageError` when there is nothing of that name. */
export function explanation(id: string, colors: Colors): readonly string[] {
  const page = new Page(colors)
  const requirement = findRequirement(id)
  const definition = allCases.find((one) => one.id === id)
  if (requirement) explainRequirement(requirement, page)
  else if (definition) explainCase(definition, page)
  else if (messageTypes.includes(id)) explainMessage(id, page)
  else {
    const known = [...requirements.map((one) => one.id), ...allCases.map((one) => one.id), ...messageTypes]
    const near = suggestion(id, known) || '; peerspec list --requirements shows what there is'
    throw new UsageError(`no requirement, case or message is called ${id}${near}`)
  }
  return page.lines
}

function printRule(requirement: Requirement, page: Page): void {
  const { id, level, file, section, source, role, profile } = requirement
  page.print(`${page.colors.bold(id)}  ${level}`)
  page.paragraph(plainProse(requirement.text))
  const feature = featureOf(requirement)
  const bound = role === undefined ? 'binds every program' : `binds ${role}`
  const whom =
    feature === undefined
      ? bound
      : `${role === undefined ? '' : `${bound}, `}belongs to the feature ${feature}`
  page.print(
    page.colors.dim(
      `  ${file}, section ${section.number} "${section.heading}"; source ${source}; profile ${profile}; ${whom}`,
    ),
  )
}

// First the cases that are about the requirement, then those that judge it beside another one.
function printCases(requirement: string, judging: readonly Case[], page: Page): void {
  const own = judging.filter(({ requirements: [first] }) => first === requirement)
  const further = judging.filter((definition) => !own.includes(definition))
  page.heading(judging.length === 0 ? 'No case judges it yet.' : 'Cases that judge it')
  for (const { id, stage, title } of [...own, ...further.slice(0, FURTHER_CASES_SHOWN_MAX)])
    page.print(`  ${id}  ${page.colors.dim(`stage ${stage}`)}\n      ${title}`)
  const rest = further.length - FURTHER_CASES_SHOWN_MAX
  if (rest > 0) page.print(`  and ${plural(rest, 'more case')}: ${invocation} list --only ${requirement}`)
}

// Types whose form is shown in the section of the prose where the requirement stands.
function typesShownIn({ file, section }: Requirement): ReadonlySet<string> {
  const sections = readFileSync(join(packageRoot, file), 'utf8').split(/^## /m)
  const text = sections.find((one) => one.startsWith(`${section.number}. `)) ?? ''
  return new Set([...text.matchAll(/\{"type":"([^"]+)"/g)].map((match) => match[1] ?? ''))
}

// A rule speaks of messages by their names (`successor-change`, "a pong"); its id often has one in the middle. Many names
// are also ordinary words (end, file, data), so only those count whose form stands in the same section.
function isNamedByForm(type: string, requirement: Requirement): boolean {
  const text = `${requirement.text} ${requirement.id.split('.')[1]}`
  const name = type.split('.').at(-1)
  return (
    type !== 'error' &&
    typesShownIn(requirement).has(type) &&
    new RegExp(`(?<![\\w-])${name}s?(?![\\w-])`).test(text)
  )
}

// Where messages have no types, a rule names methods, in code marks; each has a request and an answer.
const isNamedByMethod = (type: string, { id, text }: Requirement): boolean => {
  const [system, method] = type.split('.')
  return id.startsWith(`${system}.`) && text.includes(`\`${method}\``)
}

const typesNamedIn = (requirement: Requirement): readonly string[] =>
  messageTypes.filter((type) => isNamedByForm(type, requirement) || isNamedByMethod(type, requirement))

function printMistakes(requirement: string, page: Page): void {
  const mistakes = usualMistakes(requirement)
  if (mistakes.length === 0) return
  page.heading('Usual mistakes')
  for (const mistake of mistakes) page.paragraph(`- ${mistake}`)
}

function explainRequirement(requirement: Requirement, page: Page): void {
  printRule(requirement, page)
  const judging = allCases.filter((one) => one.requirements.includes(requirement.id))
  printCases(requirement.id, judging, page)
  const types = typesNamedIn(requirement)
  if (types.length > 0) {
    page.heading('Messages')
    for (const type of types)
      for (const { wire } of validExamples(type).slice(0, 1))
        page.print(`  ${page.colors.green('valid  ')}  ${wire}`)
  }
  const breaking = messageTypes
    .flatMap((type) => {
      const examples = invalidExamples(type).filter((example) => example.breaks === requirement.id)
      return examples.map((example, place) => ({ ...example, place }))
    })
    // The first of each type before the second of any: six broken errors teach less than six broken messages.
    .toSorted((a, b) => a.place - b.place)
  if (breaking.length > 0) {
    page.heading('Invalid messages under this rule')
    for (const { wire, why } of breaking.slice(0, INVALID_SHOWN_MAX))
      page.print(`  ${page.colors.red('invalid')}  ${short(wire)}\n           ${page.colors.dim(why)}`)
  }
  printMistakes(requirement.id, page)
  if (judging.length > 0) printCommands(judging, requirement.id, page)
}

function explainCase(definition: Case, page: Page): void {
  const { id, title, stage, system, role, evidence, hint } = definition
  const judged = systems[system].roles.length === 1 ? '' : `, role ${role}`
  page.print(
    `${page.colors.bold(id)}  ${caseLevel(definition)}${judged}, stage ${stage}: ${suites[system].stages[stage] ?? ''}`,
  )
  page.paragraph(title)
  page.heading('A pass needs')
  page.paragraph(evidence)
  page.heading('When it fails')
  page.paragraph(hint)
  page.heading(definition.requirements.length === 1 ? 'It judges' : 'It judges or needs')
  for (const requirementId of definition.requirements) {
    const requirement = findRequirement(requirementId)
    if (!requirement) continue
    page.print()
    printRule(requirement, page)
  }
  printMistakes(definition.requirements[0], page)
  printCommands([definition], id, page)
}

function explainMessage(type: string, page: Page): void {
  const published = publishedSchemas.find(({ name }) => name === type)
  const description = (published?.schema as { description?: string } | undefined)?.description ?? ''
  page.print(`${page.colors.bold(type)}  over ${published?.channel.toUpperCase()}`)
  page.paragraph(description)
  page.print(page.colors.dim(`  ${invocation} schema ${type} prints its JSON Schema`))
  page.heading('Valid')
  for (const { name, wire } of validExamples(type)) page.print(`  ${name.padEnd(24)} ${short(wire)}`)
  page.heading('Invalid')
  for (const { name, wire, why } of invalidExamples(type))
    page.print(`  ${name.padEnd(24)} ${short(wire)}\n${' '.repeat(27)}${page.colors.dim(why)}`)
  const naming = requirements.filter((one) => typesNamedIn(one).includes(type))
  if (naming.length > 0) page.heading('Requirements that name it')
  for (const { id } of naming) page.print(`  ${id}`)
}

const short = (wire: string): string => {
  const shown = wire === '' ? '(nothing)' : JSON.stringify(wire).slice(1, -1).replaceAll('\\"', '"')
  return shown.length > 160
    ? `${shown.slice(0, 160)}… (${wire.length.toLocaleString('en')} characters)`
    : shown
}

function printCommands(judging: readonly Case[], id: string, page: Page): void {
  page.heading('Try it')
  for (const target of new Set(judging.map(targetOf)))
    page.print(`  ${invocation} test ${target} --only ${id} -- your-program`)
}
