// The prose and the schemas say the same: example lines, tables of fields, lists of codes.
import { readFileSync } from 'node:fs'
import Type from 'typebox'
import { describe, expect, test } from 'vitest'
import { ErrorCode } from './common/messages.ts'
import { ControlErrorCode } from './control/messages.ts'
import { root } from './example-files.ts'
import { jsonSchemaOf } from './generate/json-schema.ts'
import { control, peers, ring } from './index.ts'
import { publishedSchemas } from './published.ts'
import { findRequirement, systems } from './registry.ts'

const page = (file: string): string => readFileSync(`${root}/spec/${file}`, 'utf8')
const ringPage = page('ring/ring.md')
const peersPage = page('peers/peers.md')
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

/** Rows of every table whose header begins with this cell; header and rule are left out. */
function tables(text: string, firstHeader: string): string[][][] {
  const lines = text.split('\n')
  const found: string[][][] = []
  for (const [index, line] of lines.entries()) {
    if (!new RegExp(`^\\| ${firstHeader} +\\|`).test(line)) continue
    const end = lines.findIndex((other, place) => place > index && !other.startsWith('|'))
    found.push(
      lines.slice(index + 2, end).map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
    )
  }
  return found
}

/** The only table with this header. */
function table(text: string, firstHeader: string): string[][] {
  const [only, ...others] = tables(text, firstHeader)
  if (!only || others.length > 0) throw new Error(`not one table with the header ${firstHeader}`)
  return only
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

/** Checks the rows of a table of configuration against the schema. */
function expectConfiguration(rows: readonly string[][], schema: Type.TObject): void {
  const config = jsonSchemaOf({ name: 'config', file: '', channel: 'control', schema })
  const properties = config.properties as Record<string, Record<string, unknown>>
  expect(rows.map(([field = '']) => words(field)[0])).toEqual(Object.keys(properties))
  for (const [fieldCell = '', rangeCell = '', defaultCell = ''] of rows) {
    const field = words(fieldCell)[0] ?? ''
    const described = properties[field]
    const range = /^(\S+)\.\.(\S+)$/.exec(rangeCell)
    if (range) {
      const [low, high] = [range[1], range[2]?.replace('2^32-1', '4294967295')].map(Number)
      expect([described?.minimum, described?.maximum], field).toEqual([low, high])
    } else
      expect(['string', 'path', 'boolean', '`type`', '`address`', 'array of `fortune`']).toContain(rangeCell)
    expect((config.required as string[]).includes(field), field).toBe(defaultCell === 'required')
    if (described?.default !== undefined)
      expect(String(described.default), field).toBe(words(defaultCell)[0] ?? defaultCell)
  }
}

describe('tables of the ring', () => {
  test('name the fields of the configuration, in order, with range and default', () => {
    expectConfiguration(table(ringPage, 'field'), ring.RingConfig)
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

describe('the page of peers', () => {
  const cells = (header: string) => tables(peersPage, header).flat()
  const named = (cell = '') => words(cell)[0] ?? ''

  test('shows a request, a success and a failure', () => {
    const [request, ...answers] = exampleLines(peersPage).map((line): unknown => JSON.parse(line))
    expect(peers.validateRequest(request)).toMatchObject({ ok: true, message: { method: 'print_message' } })
    expect(answers).toHaveLength(2)
    for (const answer of answers)
      expect(peers.validateAnswer('print_message', answer)).toMatchObject({ ok: true })
  })

  test('names the fields of both configurations, in order, with range and default', () => {
    const [both = [], nameService = [], peer = [], ...others] = tables(peersPage, 'field')
    expect(others).toEqual([])
    expectConfiguration([...both, ...nameService], peers.NameServiceConfig)
    expectConfiguration([...both, ...peer], peers.PeerConfig)
  })

  test('names each method once, with its arguments and its result', () => {
    const rows = cells('method')
    expect(rows.map(([name]) => named(name))).toEqual(Object.keys(peers.methods))
    for (const [nameCell, argumentCell = '', resultCell = ''] of rows) {
      const { args, result } = peers.methods[named(nameCell) as peers.PeersMethod]
      expect(words(argumentCell), `arguments of ${nameCell}`).toHaveLength(args.items.length)
      expect(resultCell === '`null`', `result of ${nameCell}`).toBe(Type.IsNull(result))
    }
  })

  test('names each command once, with its arguments, its result and its errors', () => {
    const rows = cells('command')
    expect(rows.map(([name]) => named(name)).toSorted()).toEqual(Object.keys(peers.peerCommands).toSorted())
    const codes = enumOf(ControlErrorCode)
    for (const [nameCell, argumentCell = '', resultCell = '', errorCell = ''] of rows) {
      const name = named(nameCell) as peers.PeerCommandName
      expect(words(argumentCell), `arguments of ${name}`).toEqual(
        Object.keys(peers.peerCommands[name].properties),
      )
      const result: Type.TSchema = peers.peerResults[name]
      const fields = Type.IsObject(result) ? Object.keys(result.properties) : ['result']
      expect(named(resultCell).match(/\w+/g) ?? [], `result of ${name}`).toEqual(fields)
      for (const code of words(errorCell)) expect(codes).toContain(code)
    }
    const sentence = /^Its only commands are ([\s\S]*?)\n\n/m.exec(peersPage)?.[1] ?? ''
    for (const name of Object.keys(peers.nameServiceCommands)) expect(words(sentence)).toContain(name)
  })

  test('names the events and their fields', () => {
    const rows = table(peersPage, 'event')
    expect(rows.map(([name]) => named(name))).toEqual(Object.keys(peers.peerEvents))
    for (const [nameCell, fieldCell = ''] of rows)
      expect(words(fieldCell)).toEqual(
        Object.keys(peers.peerEvents[named(nameCell) as peers.PeerEventName].properties),
      )
  })

  test('names the features, and those of each profile', () => {
    const listed = /^Two roles: ([\s\S]*?)\. A\n/m.exec(peersPage)?.[1] ?? ''
    const [roles = '', features = '', profiles = ''] = listed.split(/Features of a peer: |The profile /)
    expect(words(roles)).toEqual([...systems.peers.roles])
    expect(words(features)).toEqual([...peers.features])
    const [baseline = '', extended = ''] = profiles.split(';')
    expect(words(baseline)).toEqual(['baseline', ...systems.peers.profiles.baseline])
    expect(extended).toContain('`extended` requires all')
    expect(systems.peers.profiles.extended).toEqual(peers.features)
  })

  test('gives a meaning to each error that it has a name for', () => {
    const used = new Set(words(peersPage))
    expect(Object.values(peers.errorNames).filter((name) => !used.has(name))).toEqual([])
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

test.each(Object.values(systems))('the rationale of $name names requirements that exist', ({ name }) => {
  const named = words(page(`${name}/rationale.md`)).filter((word) => /^[a-z]+(\.[a-z0-9-]+){2,}$/.test(word))
  expect(named.filter((id) => !findRequirement(id))).toEqual([])
})

// The one of the ring is ordered by subjects and names no ids.
test('the rationale of peers gives the reasons for everything that is settled', () => {
  const settled = systems.peers.requirements.filter(({ source }) => source === 'settled').map(({ id }) => id)
  const named = new Set(words(page('peers/rationale.md')))
  expect(settled.length).toBeGreaterThan(20)
  expect(settled.filter((id) => !named.has(id))).toEqual([])
})
