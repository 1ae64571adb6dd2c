import { expect, test } from 'vitest'
import type { Frame } from '../wire/capture.ts'
import { excerpt, FRAMES_MAX } from './excerpt.ts'

const frame = (n: number, type: string, more: Partial<Frame> = {}): Frame => ({
  n,
  atMs: n,
  transport: 'udp',
  from: 1,
  to: 2,
  bytes: new Uint8Array(),
  message: { type },
  type,
  sender: 'program',
  fate: 'passed',
  ...more,
})
const numbers = (frames: readonly Frame[]) => frames.map(({ n }) => n)

test('without exhibits: the last frames that are no pings', () => {
  const frames = [frame(0, 'ring.join'), ...Array.from({ length: 50 }, (_, i) => frame(i + 1, 'ring.ping'))]
  expect(numbers(excerpt(frames, []))).toEqual([0])
  expect(excerpt(frames.slice(1), [])).toHaveLength(FRAMES_MAX)
})

test('an exhibit is always there, and so is what was said on its connection before', () => {
  const tcp = { transport: 'tcp', connection: 7 } as const
  const frames = [
    frame(0, 'ring.join', tcp),
    ...Array.from({ length: 60 }, (_, i) => frame(i + 1, 'ring.ping', { from: 3, to: 4 })),
    frame(61, 'ring.decline', tcp),
  ]
  const shown = numbers(excerpt(frames, [{ frame: 61 }]))
  expect(shown).toHaveLength(FRAMES_MAX)
  expect(shown).toContain(0)
  expect(shown).toContain(61)
  expect(shown).toEqual(shown.toSorted((a, b) => a - b))
})

test('pings count when the exhibit is one', () => {
  const frames = Array.from({ length: 100 }, (_, i) => frame(i, 'ring.ping'))
  const shown = numbers(excerpt(frames, [{ frame: 50 }]))
  expect(shown).toContain(49)
  expect(shown).toContain(51)
  expect(shown).not.toContain(0)
})

test('an exhibit that names no frame shows the last ones', () => {
  expect(numbers(excerpt([frame(0, 'ring.join')], [{ frame: 99 }]))).toEqual([0])
})
