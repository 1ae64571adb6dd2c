import { expect, test } from 'vitest'
import { Capture, type Frame } from './capture.ts'

const frame = (from: number): Omit<Frame, 'n' | 'atMs'> => ({
  transport: 'udp',
  from,
  to: 9,
  bytes: new Uint8Array(4),
  sender: 'program',
  fate: 'passed',
})

const isFrom = (from: number) => (candidate: Frame) => candidate.from === from

test('frames are numbered in order, with a time that never goes back', () => {
  const capture = new Capture()
  for (let i = 0; i < 5; i++) capture.add(frame(i))
  expect(capture.frames.map(({ n, from }) => [n, from])).toEqual([0, 1, 2, 3, 4].map((i) => [i, i]))
  const times = capture.frames.map(({ atMs }) => atMs)
  expect(times).toEqual([...times].sort((a, b) => a - b))
})

test('a wait finds a frame of the past, or waits for one of the future', async () => {
  const capture = new Capture()
  capture.add(frame(4))
  expect((await capture.wait(isFrom(4), 10_000))?.n).toBe(0)
  const waiting = capture.wait(isFrom(5), 10_000)
  capture.add(frame(6))
  capture.add(frame(5))
  expect((await waiting)?.n).toBe(2)
})

test('a wait from a position on does not see what came before', async () => {
  const capture = new Capture()
  capture.add(frame(4))
  expect(await capture.wait(isFrom(4), 1, { fromIndex: 1 })).toBeUndefined()
})

test('a wait ends without a frame when its time is over, when nothing more can come, and when the case ends', async () => {
  const capture = new Capture()
  expect(await capture.wait(isFrom(4), 1)).toBeUndefined()
  const over = new AbortController()
  const waiting = capture.wait(isFrom(4), 10_000, { over: over.signal })
  over.abort()
  expect(await waiting).toBeUndefined()
  const last = capture.wait(isFrom(4), 10_000)
  capture.close()
  expect(await last).toBeUndefined()
})

test('a loop that goes on after the end of the case goes to sleep and holds up nobody', async () => {
  const capture = new Capture()
  let rounds = 0
  const loop = async () => {
    for (;;) {
      await capture.wait(isFrom(4), 10_000)
      rounds += 1
    }
  }
  void loop()
  capture.close()
  await new Promise((resolve) => setImmediate(resolve))
  expect(rounds).toBe(1)
})

test('frames that come after the end of the case are not recorded', () => {
  const capture = new Capture()
  capture.close()
  capture.add(frame(4))
  expect(capture.frames).toEqual([])
})

test('when the case cannot go on, everyone who waits is refused, now and later', async () => {
  const capture = new Capture()
  const waiting = capture.wait(isFrom(4), 10_000)
  capture.fail(new Error('the program ended'))
  capture.fail(new Error('a later reason'))
  await expect(waiting).rejects.toThrow('the program ended')
  await expect(capture.wait(isFrom(4), 10_000)).rejects.toThrow('the program ended')
  expect(() => capture.throwIfFailed()).toThrow('the program ended')
})

test('a frame that was seen before the failure is still found', async () => {
  const capture = new Capture()
  capture.add(frame(4))
  capture.fail(new Error('the program ended'))
  expect((await capture.wait(isFrom(4), 10_000))?.n).toBe(0)
})

test('a predicate that throws refuses its own wait only', async () => {
  const capture = new Capture()
  const broken = capture.wait(() => {
    throw new Error('in the predicate')
  }, 10_000)
  const sound = capture.wait(isFrom(4), 10_000)
  capture.add(frame(4))
  await expect(broken).rejects.toThrow('in the predicate')
  expect((await sound)?.n).toBe(0)
})

test('at most 8,192 bytes of a frame are kept', () => {
  const capture = new Capture()
  capture.add({ ...frame(4), bytes: new Uint8Array(10_000) })
  expect(capture.frames[0]?.bytes).toHaveLength(8192)
})
