import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bothVerdicts } from './both-validators.ts'
import { examples } from './example-files.ts'

// Values that implementations confuse: booleans for numbers, numbers as text, off-by-one bounds, other alphabets.
// biome-ignore format: a table
const strange: unknown[] = [
  null, true, false, 0, 1, 2, 3, -1, 255, 256, 0.5, 4096, 4097, 65_280, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 1e300,
  '', '0', '7', '159', '0159', '2067\n', '\n2067', '٢٠٦٧', '２０６７', 'tcp', 'TCP', 'aGk=', 'aGk', '====',
  'a'.repeat(64), 'A'.repeat(64), `${'a'.repeat(64)}\n`, '😀'.repeat(600), 'x'.repeat(1025), 'ring.ping', 'error',
  'constructor', [], [0], [0, 0], [0, 0, 0], [null, null], ['0', '0'], [[0, 0]], Array(256).fill(9),
  Array(257).fill(9), {}, { 0: 5, 1: 8 }, ['::1', 1], ['', 1], ['::1', 65_536], [[0, ['::1', 1]]], 'x'.repeat(100),
  '😀'.repeat(1000), '😀'.repeat(1001), 'two\nlines', { '': [] }, { 'a\nb': null }, { name: 'E', args: [] },
]

type Container = Record<string, unknown> | unknown[]
const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null

/** Every place in a value that a mutation can change: the container and the key in it. */
function placesIn(value: unknown): Array<[Container, string]> {
  if (!isContainer(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    [value, key] as [Container, string],
    ...placesIn(inner),
  ])
}

const mutation = fc.record({
  place: fc.nat(),
  change: fc.oneof(
    fc.record({ kind: fc.constant('replace' as const), value: fc.constantFrom(...strange) }),
    fc.record({ kind: fc.constant('remove' as const) }),
    fc.record({ kind: fc.constant('add' as const), key: fc.string(), value: fc.constantFrom(...strange) }),
    fc.record({ kind: fc.constant('step' as const), by: fc.constantFrom(-1, 1, 0.5, 256) }),
    fc.record({ kind: fc.constant('json' as const), value: fc.jsonValue() }),
  ),
})

type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never

// Inserted values are copied: a later mutation of the same example must not reach into the table.
function mutate(value: unknown, { place, change }: Mutation): void {
  const places = placesIn(value)
  const [container, key] = places[place % places.length] ?? []
  if (!container || key === undefined) return
  const fields = container as Record<string, unknown>
  if (change.kind === 'remove') {
    if (Array.isArray(container)) container.splice(Number(key), 1)
    else delete fields[key]
  } else if (change.kind === 'add') {
    if (Array.isArray(container)) container.push(structuredClone(change.value))
    else fields[change.key] = structuredClone(change.value)
  } else if (change.kind === 'step') {
    const old = fields[key]
    fields[key] = typeof old === 'number' ? old + change.by : `${old}${change.by}`
  } else fields[key] = structuredClone(change.value)
}

test('the schema in code and the published one agree on mutated examples', () => {
  const seed = Number(process.env.PEERSPEC_SEED ?? 20_190_401)
  let refused = 0
  let accepted = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...examples),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      (example, list) => {
        const value: unknown = structuredClone(example.value)
        for (const one of list) mutate(value, one)
        const sent: unknown = JSON.parse(JSON.stringify(value))
        const verdicts = bothVerdicts(example.schema, sent)
        if (verdicts.codeAccepts) accepted += 1
        else refused += 1
        expect(verdicts.codeAccepts, JSON.stringify({ file: example.file, sent, verdicts })).toBe(
          verdicts.fileAccepts,
        )
      },
    ),
    { seed, numRuns: 10_000 },
  )
  // Agreement says something only if both verdicts occur often.
  expect(refused).toBeGreaterThan(2000)
  expect(accepted).toBeGreaterThan(1000)
})
