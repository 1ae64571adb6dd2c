// Lines that are no request, each one a valid request with one fault: peers.call.malformed. If one of them were carried out,
// the result would show it.

/** A line without its LF, and what is wrong with it. */
export interface Malformed {
  readonly what: string
  readonly bytes: Uint8Array | string
}

/** Lines that are not one JSON object in UTF-8. `good` is the text of a valid request that begins with its method. */
export const notOneObject = (good: string): readonly Malformed[] => [
  { what: 'an empty line', bytes: '' },
  { what: 'a line of blanks', bytes: '   ' },
  { what: 'a word', bytes: 'check' },
  { what: 'an array', bytes: `[${good}]` },
  { what: 'an array of method and arguments', bytes: '["check",[]]' },
  { what: 'null', bytes: 'null' },
  { what: 'true', bytes: 'true' },
  { what: 'a number', bytes: '42' },
  { what: 'a string', bytes: JSON.stringify(good) },
  { what: 'half an object', bytes: good.slice(0, -1) },
  { what: 'an object cut within a string', bytes: good.slice(0, 6) },
  { what: 'an object with a bracket too many', bytes: `${good}}` },
  { what: 'two objects on one line', bytes: `${good}${good}` },
  { what: 'an object and a word', bytes: `${good} over` },
  { what: 'an object and a NUL', bytes: `${good}\0` },
  { what: 'a comma too many', bytes: `${good.slice(0, -1)},}` },
  { what: 'single quotes', bytes: good.replaceAll('"', "'") },
  { what: 'keys without quotes', bytes: good.replaceAll(/"(\w+)":/g, '$1:') },
  { what: 'a tab within a string', bytes: good.replace('"method"', '"me\tthod"') },
  { what: 'a comment', bytes: `${good.slice(0, -1)}/* please */}` },
  { what: 'NaN', bytes: `${good.slice(0, -1)},"note":NaN}` },
  { what: 'Infinity', bytes: `${good.slice(0, -1)},"note":-Infinity}` },
  { what: 'a number with a leading zero', bytes: `${good.slice(0, -1)},"note":07}` },
  {
    what: 'a byte that is no UTF-8',
    bytes: Buffer.concat([
      Buffer.from(`${good.slice(0, -1)},"note":"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]),
  },
]

/** Objects without a string `method` or an array `args`. */
export const notRequests = (method: string, args: readonly unknown[]): readonly Malformed[] => {
  const object = (what: string, fields: Readonly<Record<string, unknown>>): Malformed => ({
    what,
    bytes: JSON.stringify(fields),
  })
  return [
    object('an empty object', {}),
    object('no method', { args }),
    object('no args', { method }),
    object('a method that is null', { method: null, args }),
    object('a method that is a number', { method: 1, args }),
    object('a method in an array', { method: [method], args }),
    object('a method in an object', { method: { name: method }, args }),
    object('args that are null', { method, args: null }),
    object('args that are an object', { method, args: { ...args } }),
    object('args that are a text', { method, args: '' }),
    object('args that are a number', { method, args: 0 }),
    object('args that are false', { method, args: false }),
    object('keys in capitals', { METHOD: method, ARGS: args }),
    object('an answer', { result: null }),
    object('a message of another system', { type: 'ring.ping', from: 1, seq: 1, slot: 1 }),
  ]
}
