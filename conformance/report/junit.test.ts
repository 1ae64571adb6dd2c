import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { junitReport } from './junit.ts'
import { sampleRun } from './sample-run.ts'

interface Suite {
  readonly '@name': string
  readonly '@tests': string
  readonly testcase: readonly Readonly<Record<string, unknown>>[]
}

const xml = junitReport(sampleRun)
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  isArray: (name) => name === 'testcase' || name === 'testsuite',
})
const { testsuites } = parser.parse(xml) as {
  testsuites: Readonly<Record<string, unknown>> & { readonly testsuite: readonly Suite[] }
}
const byName = new Map(
  testsuites.testsuite.flatMap((suite) => suite.testcase).map((one) => [one['@name'], one]),
)

test('is well-formed, whatever the program wrote to standard error', () => {
  expect(XMLValidator.validate(xml)).toBe(true)
  const written = JSON.stringify(byName.get('ring.ping.answer/repeats-seq')?.['system-err'])
  expect(written).toContain('ping from 5 & <unknown>')
  expect(written).not.toContain('\\u0000')
})

test('has one suite for each stage with results, and counts that add up', () => {
  expect(testsuites.testsuite.map((suite) => [suite['@name'], suite['@tests']])).toEqual([
    ['ring stage 1: ping: answer, ask, learn predecessors', '4'],
    ['ring stage 4: transfer over UDP', '1'],
    ['ring stage 5: join', '1'],
    ['ring stage 6: leave', '1'],
    ['ring stage 7: death of a peer and repair', '2'],
    ['ring stage 8: hostile input and faults', '1'],
  ])
  expect(testsuites).toMatchObject({ '@tests': '10', '@failures': '5', '@errors': '2', '@skipped': '1' })
})

test.each([
  ['ring.ping.interval/slots', []],
  ['ring.ping.answer/repeats-seq', ['failure', 'system-err']],
  ['ring.dead.threshold/first', ['failure']],
  ['ring.join.place/wrap', ['failure']],
  ['common.udp.malformed/not-json', ['error', 'system-out', 'system-err']],
  ['ring.leave.ack/all', ['error']],
  ['ring.udp.offer/opens', ['skipped']],
  ['ring.dead.refresh/asks', ['system-out']],
])('%s has the elements %j', (name, elements) => {
  const found = Object.keys(byName.get(name) ?? {}).filter((key) => !key.startsWith('@') && key !== '#text')
  expect(found).toEqual(elements)
})

test('a failure says what a reader of the CI log needs', () => {
  const failure = byName.get('ring.ping.answer/repeats-seq')?.failure as Readonly<Record<string, string>>
  expect(failure['@message']).toBe('fail: expected a pong with seq 7; got a pong with seq 0')
  expect(failure['#text']).toContain('rule: ring.ping.answer')
  expect(failure['#text']).toContain('again: npx peerspec test ring')
})
