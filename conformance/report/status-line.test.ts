import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { StatusLine, type Stream } from './status-line.ts'

function terminal(columns: number | undefined) {
  let written = ''
  const writable = new Writable({
    write(chunk, _, done) {
      written += chunk
      done()
    },
  })
  const stream: Stream = columns === undefined ? writable : Object.assign(writable, { isTTY: true, columns })
  return { stream, read: () => written }
}

test('is written over, and other lines go above it', () => {
  const { stream, read } = terminal(40)
  const status = new StatusLine(stream)
  status.show('1/9')
  status.print('FAIL')
  status.stop()
  expect(read()).toBe('\r\u001b[2K  0 s  1/9\r\u001b[2KFAIL\n\r\u001b[2K  0 s  1/9\r\u001b[2K')
})

test('never takes more than one line, also in a terminal that says that it has no columns', () => {
  for (const columns of [20, 0]) {
    const { stream, read } = terminal(columns)
    const status = new StatusLine(stream)
    status.show('x'.repeat(500))
    status.stop()
    expect(read().match(/x+/)?.[0].length).toBeLessThan(columns || 80)
  }
})

test('is not there without a terminal', () => {
  const { stream, read } = terminal(undefined)
  const status = new StatusLine(stream)
  status.show('1/9')
  status.print('FAIL')
  status.stop()
  expect(read()).toBe('FAIL\n')
})
