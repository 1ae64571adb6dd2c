// Rules about the source as a whole that neither compiler nor linter knows. Each failure says what to do instead.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './example-files.ts'

const skipped = new Set(['node_modules', 'dist', 'starters', 'schema', 'examples', 'testdata', 'golden'])

function sourcesIn(folder: string): string[] {
  if (!existsSync(`${root}/${folder}`)) return []
  return readdirSync(`${root}/${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : sourcesIn(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

const files = ['spec', 'reference', 'conformance', 'bench'].flatMap(sourcesIn)
const isTest = (file: string): boolean => file.endsWith('.test.ts')
const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8')
const sources = new Map(files.map((file) => [file, read(file)]))

const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'|new URL\('([^']+)', import\.meta\.url\)/g

/** Files of the project that a file imports, or names by `new URL(..., import.meta.url)`. */
function importsOf(file: string): string[] {
  const specifiers = [...(sources.get(file) ?? '').matchAll(SPECIFIER)].map(
    (match) => match[1] ?? match[2] ?? '',
  )
  return specifiers
    .filter((specifier) => specifier.startsWith('.') && specifier.endsWith('.ts'))
    .map((specifier) => posix.join(posix.dirname(file), specifier))
}

/** Packages and built-in modules that a file imports. */
const packagesOf = (file: string): string[] =>
  [...(sources.get(file) ?? '').matchAll(SPECIFIER)]
    .map((match) => match[1] ?? '')
    .filter((specifier) => specifier !== '' && !specifier.startsWith('.'))

// What each layer may import besides itself. The longest matching prefix decides which layer a file is in.
const layers: Readonly<Record<string, readonly string[]>> = {
  'spec/': [],
  'reference/core/': ['spec/'],
  'reference/peers/': ['spec/', 'reference/core/'],
  'reference/ring/': ['spec/', 'reference/core/'],
  'reference/': ['spec/', 'reference/core/', 'reference/peers/', 'reference/ring/'],
  'conformance/': ['spec/'],
  'bench/': ['spec/', 'conformance/'],
}
const layerOf = (file: string): string =>
  Object.keys(layers)
    .filter((prefix) => file.startsWith(prefix))
    .toSorted((a, b) => b.length - a.length)[0] ?? ''

// The machines of the reference: pure, so that the socket runtime and the simulator can drive the same code.
const isPure = (file: string): boolean => /^reference\/(core|peers|ring)\//.test(file) && !isTest(file)

const impure: ReadonlyArray<[RegExp, string]> = [
  [/\bDate\b/, 'take the time from the field `at` of the input'],
  [/\bMath\.random\b/, 'draw from the seeded numbers of reference/core/random.ts'],
  [/\bprocess\b/, 'leave it to reference/runtime'],
  [/\b(setTimeout|setInterval|setImmediate|performance)\b/, 'ask for a timer with an effect'],
  [/\bBuffer\b/, 'use Uint8Array'],
]

// Strings and comments may say `process`; code may not.
const codeOf = (source: string): string =>
  source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$|\s\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")

describe('tidiness', () => {
  test('finds the sources', () => {
    expect(files).toContain('spec/tidy.test.ts')
    expect(importsOf('spec/systems.ts')).toContain('spec/ring/control.ts')
    expect(layerOf('reference/ring/peer.ts')).toBe('reference/ring/')
    expect(layerOf('reference/runtime/main.ts')).toBe('reference/')
  })

  test('imports go one way: spec <- reference/core <- reference/ring <- the rest, spec <- conformance', () => {
    const wrong = files.flatMap((file) => {
      const layer = layerOf(file)
      const allowed = [layer, ...(layers[layer] ?? [])]
      return importsOf(file)
        .filter((target) => !allowed.includes(layerOf(target)))
        .map((target) => `${file} imports ${target}; ${layer} may import ${allowed.join(', ')}`)
    })
    expect(wrong).toEqual([])
  })

  // Only where messages are checked: the harness may read its own configuration file with either.
  test('the harness and the reference do not share a validator of messages', () => {
    const typeboxInHarness = files.filter(
      (file) =>
        /^conformance\/(wire|driver|oracle|suites)\//.test(file) &&
        packagesOf(file).includes('typebox/schema'),
    )
    const ajvInReference = files.filter(
      (file) => file.startsWith('reference/') && packagesOf(file).some((name) => name.startsWith('ajv')),
    )
    expect(typeboxInHarness, 'use ajv over the published files').toEqual([])
    expect(ajvInReference, 'use the checks that TypeBox compiles').toEqual([])
  })

  test('core and machines have no clock, timer, randomness or process', () => {
    const wrong = files.filter(isPure).flatMap((file) => {
      const code = codeOf(read(file))
      const words = impure
        .filter(([word]) => word.test(code))
        .map(([word, instead]) => `${file} uses ${word.source}: ${instead}`)
      const modules = packagesOf(file).filter((name) => name.startsWith('node:'))
      return [...words, ...modules.map((name) => `${file} imports ${name}: leave it to reference/runtime`)]
    })
    expect(wrong).toEqual([])
  })

  test('no test is singled out or left out', () => {
    const focus = /\b(test|it|describe)(\.each)?\.(only|skip|todo)\b/
    const wrong = files.filter(isTest).filter((file) => focus.test(codeOf(read(file))))
    expect(wrong, 'take out .only, .skip and .todo').toEqual([])
  })

  test('every file is used', () => {
    const named = ['package.json', 'tsup.config.ts', 'vitest.config.ts']
      .filter((file) => existsSync(`${root}/${file}`))
      .map(read)
      .join('\n')
    const imported = new Set(files.flatMap(importsOf))
    const dead = files.filter((file) => !isTest(file) && !imported.has(file) && !named.includes(file))
    expect(dead, 'import the file, or delete it').toEqual([])
  })

  // The formatter breaks code at 110 columns but leaves comments alone.
  test('comments have at most 140 columns', () => {
    const wrong = files.flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, index) =>
          line.length > 140 && /^\s*(\/\/|\/?\*)/.test(line) ? [`${file}:${index + 1}`] : [],
        ),
    )
    expect(wrong, 'break the comment').toEqual([])
  })

  test('requirement ids in the source exist', () => {
    const ids = new Set(
      read('spec/requirement-ids.txt')
        .split('\n')
        .map((line) => line.split(' ')[0]),
    )
    const cited =
      /\((?:common|control|ring)\.[a-z-]+\.[a-z0-9-]+(?:, (?:common|control|ring)\.[a-z-]+\.[a-z0-9-]+)*\)/g
    const wrong = files.flatMap((file) =>
      [...read(file).matchAll(cited)]
        .flatMap((match) => match[0].slice(1, -1).split(', '))
        .filter((id) => !ids.has(id) && !id.startsWith('ring.transfer.'))
        .map((id) => `${file} cites ${id}`),
    )
    expect(wrong, 'the ids are in spec/requirement-ids.txt').toEqual([])
  })
})
