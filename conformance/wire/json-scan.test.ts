import { expect, test } from 'vitest'
import { scanJson } from './json-scan.ts'

test.each([
  '{}',
  '[]',
  '""',
  '{"a":1,"b":[1,2,{"a":3}],"c":{"a":1}}',
  '{"text":"1.0, {\\"a\\":1e3} \\\\"}',
  '{"a":0.5,"b":-1,"c":1.25e-3,"d":-0}',
  ' { "a" : [ ] , "b" : { } , "c" : null } ',
  '[{"a":1},{"a":2}]',
])('nothing is wrong with %s', (text) => {
  expect(scanJson(text)).toBeUndefined()
})

test.each([
  ['{"a":1,"a":2}', '/a'],
  ['{"a":1,"\\u0061":2}', '/a'],
  ['{"a":{"b":1,"c":[],"b":2}}', '/a/b'],
  ['[0,{"b":1,"b":1}]', '/1/b'],
  ['{"a/b":1,"a/b":1}', '/a~1b'],
  ['{"a":[{}],"b":{"c":{}},"a":0}', '/a'],
])('a key is written twice in %s', (text, at) => {
  expect(scanJson(text)).toMatchObject({ kind: 'duplicate-key', at })
})

test.each([
  ['{"seq":1.0}', '/seq'],
  ['{"seq":1e3}', '/seq'],
  ['{"a":[1,2,30e-1]}', '/a/2'],
  ['{"a":"x","b":-0.0}', '/b'],
])('an integer has a fraction or exponent in %s', (text, at) => {
  expect(scanJson(text)).toMatchObject({ kind: 'integer-form', at })
})
