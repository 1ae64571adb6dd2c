import { expect, test } from 'vitest'
import { LineReader, quote } from './line-reader.ts'

function read(chunks: readonly (Uint8Array | string)[]) {
  const lines: string[] = []
  const troubles: string[] = []
  const reader = new LineReader({
    onLine: (line) => lines.push(line),
    onTrouble: (text) => troubles.push(text),
  })
  for (const chunk of chunks) reader.feed(Buffer.from(chunk))
  return { lines, troubles, unfinished: reader.unfinished }
}

test.each([
  ['', [], ''],
  ['a\n', ['a'], ''],
  ['a\nbc\n\nd', ['a', 'bc', ''], 'd'],
  ['grün ☃\nx', ['grün ☃'], 'x'],
])('%j', (text, lines, unfinished) => {
  const bytes = Buffer.from(text)
  expect(read([bytes])).toEqual({ lines, troubles: [], unfinished })
  const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
  expect(read(single)).toEqual({ lines, troubles: [], unfinished })
})

test('a line may have 1,048,576 bytes and not one more', () => {
  expect(read([`${'x'.repeat(1_048_576)}\n`]).lines).toHaveLength(1)
  const { lines, troubles } = read([`ok\n${'x'.repeat(1_048_577)}\n`, 'more\n'])
  expect(lines).toEqual(['ok'])
  expect(troubles).toHaveLength(1)
})

test('bytes that are not UTF-8 are trouble', () => {
  expect(read([Buffer.from([0x61, 0xff, 0x0a])]).troubles[0]).toContain('not UTF-8')
})

test('more lines than any program has reason to print are trouble, told once', () => {
  const { lines, troubles } = read(Array(100).fill('{}\n'.repeat(2000)))
  expect(troubles).toHaveLength(1)
  expect(troubles[0]).toContain('floods')
  expect(lines.length).toBeLessThan(200_000)
})

test('more bytes than that are trouble as well', () => {
  const { troubles } = read(Array(40).fill(`${'x'.repeat(1_000_000)}\n`))
  expect(troubles[0]).toContain('floods')
})

test('a quoted line is visible and short', () => {
  expect(quote('a\tb')).toBe('"a\\tb"')
  expect(quote('x'.repeat(500)).length).toBeLessThan(200)
})
