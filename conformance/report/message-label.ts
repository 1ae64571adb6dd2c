// A message in a few words, for an arrow: `ping seq=7 slot=1`, `register("chat", ["127.0.0.1", 5003])`.
import type { Frame } from '../wire/capture.ts'
import { count, jsonOf, shortValue } from './message-line.ts'
import { harmless } from './text.ts'

/** What tells one message of the ring from the next; the rest of a label is cut first. */
const telling = [
  'id',
  'dead',
  'name',
  'seq',
  'slot',
  'ack',
  'successors',
  'successor',
  'code',
  'reason',
  'route',
]
const rank = (field: string): number => {
  const place = telling.indexOf(field)
  return place < 0 ? telling.length : place
}

function typedLabel(type: string, message: NonNullable<Frame['message']>): string {
  const { type: _, from, digest, data, message: text, ...fields } = message
  const name = type.slice(type.indexOf('.') + 1)
  const words = Object.entries(fields)
    .toSorted(([a], [b]) => rank(a) - rank(b))
    .map(([key, value]) => (typeof value === 'string' ? `${key}=${value}` : `${key}=${jsonOf(value)}`))
  return [name, ...words].join(' ')
}

const listed = (values: unknown): string =>
  Array.isArray(values) ? values.map((value) => shortValue(value)).join(', ') : shortValue(values)

/** A call as one writes it down, its result, or the error that it raises. */
function callLabel({ type, message = {} }: Frame): string {
  const { method, args, result, error } = message
  if (typeof method === 'string') return `${method}(${listed(args)})`
  if (typeof error === 'object' && error !== null && 'name' in error)
    return `raises ${error.name}(${'args' in error ? listed(error.args) : ''})`
  const asked = type?.replace(/^peers\.|\.?result$/g, '') ?? ''
  return 'result' in message
    ? `${asked === '' ? 'result' : asked}: ${shortValue(result)}`
    : shortValue(message)
}

export function messageLabel(frame: Frame): string {
  const { message, bytes } = frame
  if (!message) return bytes.length === 0 ? '(empty)' : `${count(bytes.length)} bytes, no JSON object`
  const { type } = message
  const isTyped = typeof type === 'string' && frame.type?.startsWith('peers.') !== true
  return harmless(isTyped ? typedLabel(type, message) : callLabel(frame))
}
