import { expect, test } from 'vitest'
import type { Frame } from '../wire/capture.ts'
import { sequenceDiagram } from './sequence-diagram.ts'

const frame = (n: number, from: number, to: number, type: string, more: Partial<Frame> = {}): Frame => ({
  n,
  atMs: n * 12.5,
  transport: 'udp',
  from,
  to,
  bytes: new Uint8Array(),
  message: { type, from, seq: n },
  sender: from === 8 ? 'program' : 'probe',
  fate: 'passed',
  ...more,
})
const participants = Object.fromEntries(
  Array.from({ length: 16 }, (_, id) => [id, id === 8 ? 'node 8' : `probe ${id}`]),
)
const drawn = (frames: readonly Frame[], offending: readonly number[] = [], width = 90) =>
  `\n${sequenceDiagram(frames, new Set(offending), width, participants)
    .map(({ text }) => text)
    .join('\n')}\n`

test('two peers', () => {
  expect(drawn([frame(1, 5, 8, 'ring.ping'), frame(2, 8, 5, 'ring.pong')], [2])).toMatchInlineSnapshot(`
    "
           probe 5          node 8
    #1      │── ping seq=1 ─▶│   13 ms  udp
    #2      │◀━ pong seq=2 ━━│   25 ms  udp  ✗
    "
  `)
})

test('an arrow crosses the lanes between, and what is left out is said', () => {
  const frames = [
    frame(1, 5, 8, 'ring.ping'),
    frame(6, 5, 12, 'ring.join', { transport: 'tcp', connection: 3, fate: 'delayed' }),
    frame(7, 12, 8, 'ring.put', { transport: 'tcp', connection: 4, body: { length: 5000, digest: '' } }),
  ]
  expect(drawn(frames)).toMatchInlineSnapshot(`
    "
           probe 5          node 8          probe 12
    #1      │── ping seq=1 ─▶│               │   13 ms  udp
            ⋮ 4 frames left out
    #6      │── join seq=6 ─────────────────▶│   75 ms  tcp 3  delayed by the harness
    #7      │                │◀─ put seq=7 ──│   88 ms  tcp 4  + body of 5,000 bytes
    "
  `)
})

test('more peers than lanes become a list', () => {
  const frames = Array.from({ length: 7 }, (_, id) => frame(id, id, id + 1, 'ring.join'))
  expect(drawn(frames, [3])).toMatchInlineSnapshot(`
    "
    #0      probe 0 → probe 1     join seq=0                                  0 ms  udp
    #1      probe 1 → probe 2     join seq=1                                 13 ms  udp
    #2      probe 2 → probe 3     join seq=2                                 25 ms  udp
    #3      probe 3 → probe 4     join seq=3                                 38 ms  udp  ✗
    #4      probe 4 → probe 5     join seq=4                                 50 ms  udp
    #5      probe 5 → probe 6     join seq=5                                 63 ms  udp
    #6      probe 6 → probe 7     join seq=6                                 75 ms  udp
    "
  `)
})

test('where there is no room, the arrow is short and the label stands beside it', () => {
  const frames = [5, 6, 7].map((id, n) => frame(n, id, 8, 'ring.successor-change'))
  expect(drawn([...frames, frame(9, 8, 5, 'ring.pong')], [9], 70)).toMatchInlineSnapshot(`
    "
           probe 5     probe 6      probe 7      node 8
    #0      │── successor-change seq=0 ──────────▶│    0 ms  udp
    #1      │           │── successor-change s… ─▶│   13 ms  udp  successor-change seq=1
    #2      │           │            │── succe… ─▶│   25 ms  udp  successor-change seq=2
            ⋮ 6 frames left out
    #9      │◀━━━━━━━━━━━━━━━━━━━━━━ pong seq=9 ━━│  113 ms  udp  ✗
    "
  `)
})

test('a lane has room for its name, and a call and its answer say what they are', () => {
  const names = { 0: 'name service, played', 1: 'peer 1 (id 10)' }
  const over = { transport: 'tcp', connection: 1 } as const
  const asked = frame(1, 1, 0, '', {
    ...over,
    type: 'peers.register',
    message: { method: 'register', args: ['t'] },
  })
  const answer = frame(2, 0, 1, '', {
    ...over,
    type: 'peers.register.result',
    message: { result: [10, 'h'] },
    answers: 1,
  })
  const lines = sequenceDiagram([asked, answer], new Set([2]), 90, names).map(({ text }) => text)
  expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
    "
           name service, played      peer 1 (id 10)
    #1      │◀─────── register("t") ──│   13 ms  tcp 1
    #2      │━━ register: [10, "h"] ━▶│   25 ms  tcp 1  ✗
    "
  `)
})

test('marks exactly the offending frames', () => {
  const lines = sequenceDiagram([frame(1, 5, 8, 'ring.ping'), frame(2, 8, 5, 'ring.pong')], new Set([2]), 90)
  expect(lines.map(({ offending }) => offending)).toEqual([false, false, true])
})
