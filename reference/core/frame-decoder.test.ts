import { describe, expect, test } from 'vitest'
import { FrameDecoder } from './frame-decoder.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** All frames of `pieces`, with lines as text and body pieces put together; a line `body N` announces a body. */
function framesOf(pieces: readonly Uint8Array[], lineBytesMax: number): string[] {
  const frames = new FrameDecoder(lineBytesMax)
  const seen: string[] = []
  let body = ''
  for (const piece of pieces) {
    frames.push(piece)
    for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
      if (frame.kind === 'too-long') seen.push('too-long')
      if (frame.kind === 'line') {
        const line = decoder.decode(frame.bytes)
        seen.push(`line:${line}`)
        if (line.startsWith('body ')) frames.expectBody(Number(line.slice(5)))
      }
      if (frame.kind === 'body') {
        body += decoder.decode(frame.bytes)
        if (frame.isLast) {
          seen.push(`body:${body}`)
          body = ''
        }
      }
    }
  }
  return seen
}

const table: { title: string; bytes: string; frames: string[]; lineBytesMax?: number }[] = [
  { title: 'one line', bytes: 'one\n', frames: ['line:one'] },
  {
    title: 'several lines in one piece',
    bytes: 'one\ntwo\nthree\n',
    frames: ['line:one', 'line:two', 'line:three'],
  },
  { title: 'an empty line', bytes: '\n\n', frames: ['line:', 'line:'] },
  { title: 'a CR before the LF', bytes: 'one\r\n\r\n', frames: ['line:one', 'line:'] },
  { title: 'a CR within a line', bytes: 'o\rne\n', frames: ['line:o\rne'] },
  { title: 'bytes after the last LF', bytes: 'one\nrest', frames: ['line:one'] },
  {
    title: 'a body that holds LF',
    bytes: 'body 6\na\nb\n{}next\n',
    frames: ['line:body 6', 'body:a\nb\n{}', 'line:next'],
  },
  { title: 'an empty body', bytes: 'body 0\nnext\n', frames: ['line:body 0', 'body:', 'line:next'] },
  { title: 'a body that is cut short', bytes: 'body 6\nab', frames: ['line:body 6'] },
  {
    title: 'two bodies',
    bytes: 'body 1\nabody 1\nb',
    frames: ['line:body 1', 'body:a', 'line:body 1', 'body:b'],
  },
  { title: 'a line as long as the bound', bytes: 'abcdefgh\n', frames: ['line:abcdefgh'], lineBytesMax: 8 },
  {
    title: 'a line as long as the bound and a CR',
    bytes: 'abcdefgh\r\n',
    frames: ['line:abcdefgh'],
    lineBytesMax: 8,
  },
  {
    title: 'a line longer than the bound',
    bytes: 'abcdefghi\nnext\n',
    frames: ['too-long'],
    lineBytesMax: 8,
  },
  { title: 'a line without end', bytes: 'abcdefghij', frames: ['too-long'], lineBytesMax: 8 },
  {
    title: 'a body longer than the bound of lines',
    bytes: 'body 10\n0123456789',
    frames: ['line:body 10', 'body:0123456789'],
    lineBytesMax: 8,
  },
]

describe('common.tcp.framing', () => {
  test.each(table)('$title', ({ bytes, frames, lineBytesMax = 100 }) => {
    const whole = encoder.encode(bytes)
    expect(framesOf([whole], lineBytesMax)).toEqual(frames)
    const single = [...whole].map((byte) => Uint8Array.of(byte))
    expect(framesOf(single, lineBytesMax)).toEqual(frames)
    for (let cut = 1; cut < whole.length; cut += 1) {
      expect(framesOf([whole.subarray(0, cut), whole.subarray(cut)], lineBytesMax)).toEqual(frames)
    }
  })

  // Only where a message has ended can something new follow.
  const complete = table.filter(({ bytes, frames }) => bytes.endsWith('\n') && frames.at(-1) !== 'too-long')
  test.each(complete)('$title, then more', ({ bytes, frames, lineBytesMax = 100 }) => {
    expect(framesOf([encoder.encode(`${bytes}more\n`)], lineBytesMax)).toEqual([...frames, 'line:more'])
  })
})

describe('common.tcp.lines', () => {
  test('a line of 65,536 bytes is taken, one byte more is not', () => {
    const longest = encoder.encode(`${'x'.repeat(65_536)}\n`)
    const longer = encoder.encode(`${'x'.repeat(65_537)}\n`)
    expect(framesOf([longest], 65_536)).toHaveLength(1)
    expect(framesOf([longest], 65_536)).not.toEqual(['too-long'])
    expect(framesOf([longer], 65_536)).toEqual(['too-long'])
  })
})
