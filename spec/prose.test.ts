// The prose and the schemas say the same: example lines, tables of fields, lists of codes.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ErrorCode } from './common/messages.ts'
import { ControlErrorCode } from './control/messages.ts'
import { root } from './example-files.ts'
import { jsonSchemaOf } from './generate/json-schema.ts'
import { control, ring } from './index.ts'
import { publishedSchemas } from './published.ts'
import { systems } from './registry.ts'

const page = (file: string): string => readFileSync(`${root}/spec/${file}`, 'utf8')
const ringPage = page('ring/ring.md')
const controlPage = page('control/control.md')

/** The JSON text at the start of a line, up to the brace that closes it; what follows is a remark. */
function jsonAtStart(line: string): string {
  let depth = 0
  for (let index = 0; index < line.length; index += 1) {
    if (line[index] === '{') depth += 1
    if (line[index] === '}') depth -= 1
    if (depth === 0) return line.slice(0, index + 1)
  }
  throw new Error(`no closing brace in ${line}`)
}

// "…" stands for 64 digits that would tell the reader nothing, {...} for an object of any content.
const spelledOut = (json: string): string =>
  json
    .replace('"…base64…"', '"aGVsbG8="')
    .replace('"…"', `"${'0'.repeat(64)}"`)
    .replaceAll('{...}', '{}')

/** Lines of a page that are set apart as examples. */
const exampleLines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('    {'))
    .map((line) => line.trim())

/** Rows of the first table of a section whose header begins with this cell; the header and its rule are left out. */
function table(text: string, firstHeader: string, after = ''): string[][] {
  const lines = text.slice(text.indexOf(after)).split('\n')
  const header = lines.findIndex((line) => new RegExp(`^\\| ${firstHeader} +\\|`).test(line))
  if (header < 0) throw new Error(`no table with the header ${firstHeader}`)
  const rows: string[][] = []
  for (const line of lines.slice(header + 2)) {
    if (!line.startsWith('|')) break
    rows.push(
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  }
  return rows
}

const words = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
const enumOf = (schema: { anyOf: ReadonlyArray<{ const: string }> }) => schema.anyOf.map((one) => one.const)

describe('example lines of the ring', () => {
  const lines = exampleLines(ringPage)
  const types = lines.map((line) => JSON.parse(spelledOut(jsonAtStart(line))).type as string)

  test.each(lines)('%s', (line) => {
    const result = ring.validate(JSON.parse(spelledOut(jsonAtStart(line))))
    expect(result.ok ? [] : result.errors).toEqual([])
  })

  test('show every message of messages.ts once and no other', () => {
    expect(types.toSorted()).toEqual(
      Object.keys(ring.messages)
        .filter((type) => type !== 'error')
        .toSorted(),
    )
  })

  // What stands beside a line, or in the last sentence that speaks of a transport, is where the table has it.
  test('agree with the table on UDP and TCP', () => {
    let transport = ''
    for (const line of ringPage.split('\n')) {
      if (line.startsWith('## 5') || line.startsWith('## 10')) transport = 'UDP'
      if (line.startsWith('## 6') || line.startsWith('## 9')) transport = 'TCP'
      if (!line.startsWith('    {')) continue
      const json = jsonAtStart(line.trim())
      const remark = line.trim().slice(json.length)
      const said = /UDP|TCP/.exec(remark)?.[0] ?? transport
      const type = JSON.parse(spelledOut(json)).type as string
      expect(
        Object.hasOwn(said === 'UDP' ? ring.udpMessages : ring.tcpMessages, type),
        `${type} over ${said}`,
      ).toBe(true)
    }
  })
})

describe('tables of the ring', () => {
  const config = jsonSchemaOf({
    name: 'control.ring.peer.config',
    file: '',
    channel: 'control',
    schema: systems.ring.byRole['ring.peer'].config,
  })
  const properties = config.properties as Record<string, Record<string, unknown>>
  const rows = table(ringPage, 'field')

  test('name the fields of the configuration, in order', () => {
    expect(rows.map(([field = '']) => words(field)[0])).toEqual(Object.keys(properties))
  })

  test.each(rows)('%s has range %s and default %s', (fieldCell = '', rangeCell = '', defaultCell = '') => {
    const field = words(fieldCell)[0] ?? ''
    const schema = properties[field]
    const range = /^(\S+)\.\.(\S+)$/.exec(rangeCell)
    if (range) {
      const [low, high] = [range[1], range[2]?.replace('2^32-1', '4294967295')].map(Number)
      expect([schema?.minimum, schema?.maximum]).toEqual([low, high])
    } else expect(['string', 'path', 'boolean']).toContain(rangeCell)
    expect((config.required as string[]).includes(field)).toBe(defaultCell === 'required')
    if (schema?.default !== undefined)
      expect(String(schema.default)).toBe(words(defaultCell)[0] ?? defaultCell)
  })

  test('name the commands, their arguments, results and errors', () => {
    const codes = enumOf(ControlErrorCode)
    const commands = table(ringPage, 'command')
    expect(commands.map(([name = '']) => words(name)[0])).toEqual(Object.keys(ring.commands))
    for (const [nameCell = '', argumentCell = '', resultCell = '', errorCell = ''] of commands) {
      const name = words(nameCell)[0] as keyof typeof ring.commands
      const named = (cell: string, fields: object) =>
        Object.keys(fields).filter((field) => !new RegExp(`\\b${field}\\b`).test(cell))
      expect(named(argumentCell, ring.commands[name].properties), `arguments of ${name}`).toEqual([])
      expect(
        words(resultCell)[0]
          ?.match(/\w+/g)
          ?.map((field) => field) ?? [],
      ).toEqual(Object.keys(ring.results[name].properties))
      for (const code of words(errorCell)) expect(codes).toContain(code)
    }
  })

  test('name the events and their fields', () => {
    const events = table(ringPage, 'event')
    expect(events.map(([name = '']) => words(name)[0])).toEqual(Object.keys(ring.events))
    for (const [nameCell = '', fieldCell = ''] of events) {
      const name = words(nameCell)[0] as keyof typeof ring.events
      expect(words(fieldCell)).toEqual(Object.keys(ring.events[name].properties))
    }
  })

  test('the features are those of control.ts', () => {
    const sentence = /^Features that a program can declare: ([\s\S]*?)\. /m.exec(ringPage)?.[1] ?? ''
    expect(words(sentence)).toEqual([...ring.features])
  })
})

describe('common and control', () => {
  test('the codes of the error message are a closed table', () => {
    const rows = table(page('common/common.md'), 'code')
    expect(rows.map(([code = '']) => words(code)[0])).toEqual(enumOf(ErrorCode))
  })

  test('the codes of replies are a closed list', () => {
    const list = /Error codes of replies are a closed table: ([\s\S]*?)\.\n/.exec(controlPage)?.[1] ?? ''
    expect(words(list)).toEqual(enumOf(ControlErrorCode))
  })

  test('the example lines are what they show', () => {
    const lines = exampleLines(controlPage).map((line) => JSON.parse(spelledOut(line)))
    const [hello, command, ...replies] = lines
    expect(control.validateHello(hello)).toMatchObject({ ok: true })
    expect(control.validateCommand(command)).toMatchObject({ ok: true })
    expect(replies).toHaveLength(2)
    for (const reply of replies) expect(control.validateReply(reply)).toMatchObject({ ok: true })
  })
})

test('published names are the ends of their $id, and no two share a file', () => {
  for (const published of publishedSchemas)
    expect(jsonSchemaOf(published).$id).toBe(`urn:peerspec:1:${published.name}`)
  expect(new Set(publishedSchemas.map((published) => published.file)).size).toBe(publishedSchemas.length)
})
