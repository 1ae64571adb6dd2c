import { expect, test } from 'vitest'
import type { Frame } from '../wire/capture.ts'
import { messageLabel } from './message-label.ts'
import { markLine, messageLine } from './message-line.ts'

const frame = (message: Frame['message'] | undefined, bytes = ''): Frame => ({
  n: 0,
  atMs: 0,
  transport: 'udp',
  from: 8,
  to: 5,
  bytes: Buffer.from(bytes),
  ...(message && { message }),
  sender: 'program',
  fate: 'passed',
})
const pong = { type: 'ring.pong', from: 8, seq: 0 }

function drawn(one: Frame, at?: string | number): string {
  const { text, mark } = messageLine(one, at)
  return mark ? `${text}\n${markLine(mark)}` : text
}

test('marks the field that is wrong', () => {
  expect(drawn(frame(pong), '/seq')).toMatchInlineSnapshot(`
    "{"type": "ring.pong", "from": 8, "seq": 0}
                                     ^^^^^^^^"
  `)
})

test('marks a place within a field by the whole field', () => {
  const message = { type: 'ring.join', from: 4, id: 15, route: [4, 300] }
  expect(drawn(frame(message), '/route/1')).toMatchInlineSnapshot(`
    "{"type": "ring.join", "from": 4, "id": 15, "route": [4, 300]}
                                               ^^^^^^^^^^^^^^^^^"
  `)
})

test('says which field is missing', () => {
  expect(drawn(frame(pong), '/slot')).toMatchInlineSnapshot(`
    "{"type": "ring.pong", "from": 8, "seq": 0}
                                             ^ slot is missing"
  `)
})

test('marks the byte at fault where there is no message', () => {
  expect(drawn(frame(undefined, '{"seq":0,}\r\n'), 9)).toMatchInlineSnapshot(`
    "{"seq":0,}\\r\\n
             ^"
  `)
  expect(drawn(frame(undefined, '{"seq":0'), 8)).toMatchInlineSnapshot(`
    "{"seq":0
            ^ it ends here"
  `)
  expect(drawn(frame(undefined, ''))).toBe('(no bytes)')
})

test('shows the neighbourhood of a fault in many bytes, and the mark stands under it', () => {
  const { text, mark } = messageLine(frame(undefined, `${'a'.repeat(1000)}!${'b'.repeat(1000)}`), 1000)
  expect(text).toMatch(/^\(970 bytes\) … a{30}!b{29} … \(971 bytes\)$/)
  expect(text[mark?.column ?? 0]).toBe('!')
})

test('cuts long values and says how long they were', () => {
  const data = 'x'.repeat(5464)
  expect(drawn(frame({ type: 'ring.data', seq: 1, data }))).toBe(
    '{"type": "ring.data", "seq": 1, "data": "xxxxxxxxxxxxxxxx…" (5,464 characters)}',
  )
  const route = Array.from({ length: 200 }, (_, id) => id)
  expect(drawn(frame({ type: 'ring.join', route }))).toBe(
    '{"type": "ring.join", "route": [0, 1, 2, 3, 4, 5, …] (200 elements)}',
  )
})

test('a label tells messages apart', () => {
  const request = {
    type: 'ring.request',
    transport: 'tcp',
    from: 4,
    origin: 4,
    request: 9,
    name: '2067',
    route: [4],
  }
  expect(messageLabel(frame(request))).toBe('request name=2067 route=[4] transport=tcp origin=4 request=9')
  expect(messageLabel(frame(undefined, 'ping'))).toBe('4 bytes, no JSON object')
})

test.each([
  [
    'peers.register',
    { method: 'register', args: ['chat', ['127.0.0.1', 5003]] },
    'register("chat", ["127.0.0.1", 5003])',
  ],
  ['peers.check', { method: 'check', args: [] }, 'check()'],
  ['peers.request', { method: 'dance', args: {} }, 'dance({})'],
  ['peers.register.result', { result: [10, 'secret'] }, 'register: [10, "secret"]'],
  ['peers.unregister.result', { result: null }, 'unregister: null'],
  ['peers.result', { result: false }, 'result: false'],
  ['peers.error', { error: { name: 'TypeError', args: ['no', 7] } }, 'raises TypeError("no", 7)'],
  [undefined, { answer: 1 }, '{"answer":1}'],
])('a label of a call of peers, %s', (type, message, label) => {
  expect(messageLabel({ ...frame(message), ...(type && { type }) })).toBe(label)
})

test('what a program writes cannot steer the terminal', () => {
  const message = { type: 'ring.join', from: 4, id: 15, note: '\u001b[2J' }
  expect(messageLabel(frame(message))).toContain('note=\\x1b[2J')
  expect(drawn(frame(message))).not.toContain('\u001b')
  expect(drawn(frame(undefined, '\u001b[2J'))).toBe('\\x1b[2J')
})

// Without a bound on the levels the first of these takes for ever, and the others run out of stack.
test.each([60, 30_000])('a message nested %d levels deep is shown by its first levels', (levels) => {
  const nested = JSON.parse('['.repeat(levels) + ']'.repeat(levels))
  const nestedObject = JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
  expect(messageLabel(frame({ result: nested }))).toContain('[[[[…]]]]')
  expect(messageLabel(frame({ method: 'register', args: [nested, nestedObject] })).length).toBeLessThan(300)
  expect(drawn(frame({ type: 'ring.join', note: nestedObject })).length).toBeLessThan(300)
  expect(messageLabel(frame({ type: 'ring.join', note: nestedObject }))).toContain('note=')
})
