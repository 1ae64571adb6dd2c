// Each row is a stream and what it consists of; every row is fed whole, byte by byte, and cut in two at every place.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { LINE_BYTES_MAX } from '../../spec/common/limits.ts'
import { commonWire } from './common-wire.ts'
import { FrameDecoder, type Piece } from './frame-decoder.ts'

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

const ack = '{"type":"ring.depart-ack","from":8}'
const put = (body: string): string =>
  `${JSON.stringify({ type: 'ring.put', from: 2, name: '2067', request: 1, digest: sha256(body), bodyLength: body.length })}\n${body}`

interface Row {
  readonly stream: string
  readonly pieces: readonly {
    readonly text: string
    readonly type?: string
    readonly body?: string
    readonly complete?: false
  }[]
}

const putLine = (body: string): string => put(body).split('\n')[0] ?? ''

const rows: Record<string, Row> = {
  'nothing at all': { stream: '', pieces: [] },
  'one line': { stream: `${ack}\n`, pieces: [{ text: ack, type: 'ring.depart-ack' }] },
  'a CR before the LF': { stream: `${ack}\r\n`, pieces: [{ text: ack, type: 'ring.depart-ack' }] },
  'two lines': {
    stream: `${ack}\n${ack}\n`,
    pieces: [
      { text: ack, type: 'ring.depart-ack' },
      { text: ack, type: 'ring.depart-ack' },
    ],
  },
  'an empty line': { stream: '\n', pieces: [{ text: '' }] },
  'garbage, then a line': {
    stream: `hello?\n${ack}\n`,
    pieces: [{ text: 'hello?' }, { text: ack, type: 'ring.depart-ack' }],
  },
  'a body with line feeds in it, then a line': {
    stream: `${put('a\n\n{"b\n')}${ack}\n`,
    pieces: [
      { text: putLine('a\n\n{"b\n'), type: 'ring.put', body: 'a\n\n{"b\n' },
      { text: ack, type: 'ring.depart-ack' },
    ],
  },
  'an empty body': { stream: put(''), pieces: [{ text: putLine(''), type: 'ring.put', body: '' }] },
  'bytes behind the last LF': {
    stream: `${ack}\n{"type":`,
    pieces: [
      { text: ack, type: 'ring.depart-ack' },
      { text: '{"type":', complete: false },
    ],
  },
  'a body that ends early': {
    stream: put('abcdef').slice(0, -2),
    pieces: [{ text: putLine('abcdef'), type: 'ring.put', body: 'abcd', complete: false }],
  },
}

function decode(chunks: readonly Uint8Array[], keepBodies = true): Piece[] {
  const pieces: Piece[] = []
  const decoder = new FrameDecoder(commonWire.converse().opener, (piece) => pieces.push(piece), {
    keepBodies,
  })
  for (const chunk of chunks) decoder.feed(chunk)
  decoder.end(false)
  return pieces
}

const summary = (pieces: readonly Piece[]) =>
  pieces.map(({ bytes, message, body, complete }) => ({
    text: Buffer.from(bytes).toString(),
    ...(message === undefined ? {} : { type: message.type }),
    ...(body === undefined ? {} : { body: Buffer.from(body.content ?? []).toString() }),
    ...(complete ? {} : { complete }),
  }))

test.each(Object.entries(rows))('%s', (_name, { stream, pieces }) => {
  const bytes = Buffer.from(stream)
  const expected = [...pieces]
  expect(summary(decode([bytes]))).toEqual(expected)
  expect(summary(decode(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))))).toEqual(expected)
  for (let cut = 1; cut < bytes.length; cut++) {
    const halves = [bytes.subarray(0, cut), bytes.subarray(cut)]
    expect(summary(decode(halves)), `cut at ${cut}`).toEqual(expected)
  }
})

test('the offsets of a piece are those of its first byte and of the byte behind it', () => {
  const stream = `${ack}\r\n${put('four')}${ack}`
  const first = ack.length + 2
  const second = first + put('four').length
  const offsets = [
    [0, first],
    [first, second],
    [second, second + ack.length],
  ]
  const bytes = Buffer.from(stream)
  for (const chunks of [[bytes], Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))])
    expect(decode(chunks).map(({ startOffset, endOffset }) => [startOffset, endOffset])).toEqual(offsets)
})

test('a body is hashed as it streams by and kept only on request', () => {
  const body = 'x'.repeat(100_000)
  const [piece] = decode([Buffer.from(put(body))], false)
  expect(piece?.body).toEqual({ length: body.length, digest: sha256(body) })
})

test('a body of more than 1 MiB is not kept', () => {
  const body = 'x'.repeat(1_048_577)
  const [piece] = decode([Buffer.from(put(body))])
  expect(piece?.body).toEqual({ length: body.length, digest: sha256(body) })
})

test.each([
  ['of 65,536 bytes is a line', LINE_BYTES_MAX, '\n', undefined],
  ['of 65,536 bytes and a CR is a line', LINE_BYTES_MAX, '\r\n', undefined],
  ['of 65,537 bytes is too long', LINE_BYTES_MAX + 1, '\n', 'common.tcp.lines'],
  ['of 65,538 bytes is too long', LINE_BYTES_MAX + 2, '\n', 'common.tcp.lines'],
  ['of 200,000 bytes is too long', 200_000, '\r\n', 'common.tcp.lines'],
])('a line %s, and the next line is read', (_what, length, ending, requirement) => {
  const long = `${ack.slice(0, -1)},"x":"${'x'.repeat(length - ack.length - 7)}"}`
  expect(long).toHaveLength(length)
  const bytes = Buffer.from(`${long}${ending}${ack}\n`)
  for (const chunks of [[bytes], [bytes.subarray(0, 70_000), bytes.subarray(70_000)]]) {
    const [first, second, ...more] = decode(chunks)
    expect(first?.fault?.requirement).toBe(requirement)
    expect(second?.message?.type).toBe('ring.depart-ack')
    expect(more).toEqual([])
  }
})
