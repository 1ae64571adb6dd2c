// Messages that break the rules, each one a valid message with one fault. What they would do if they were taken shows in
// the next `state`: the pings come from a peer that is no predecessor, the lookups are for keys that the node owns.

/** A datagram and what is wrong with it. */
export interface Malformed {
  readonly what: string
  readonly bytes: Uint8Array | string
}

const ping = (fields: Readonly<Record<string, unknown>>, from: number) =>
  JSON.stringify({ type: 'ring.ping', from, seq: 7, slot: 1, ...fields })

/** JSON text in which a value stands that `JSON.stringify` would not write. */
const pingText = (from: number, seq: string): string =>
  `{"type":"ring.ping","from":${from},"seq":${seq},"slot":1}`

/** Datagrams that are not one JSON object in UTF-8. */
export const notOneObject = (from: number): readonly Malformed[] => {
  const good = ping({}, from)
  return [
    { what: 'an empty datagram', bytes: '' },
    { what: 'a word', bytes: 'ping' },
    { what: 'an array', bytes: `[${good}]` },
    { what: 'null', bytes: 'null' },
    { what: 'a number', bytes: '42' },
    { what: 'a string', bytes: JSON.stringify(good) },
    { what: 'half an object', bytes: good.slice(0, -1) },
    { what: 'an object with a bracket too many', bytes: `${good}}` },
    { what: 'two objects', bytes: `${good}${good}` },
    { what: 'two objects on two lines', bytes: `${good}\n${good}` },
    { what: 'an object and a word', bytes: `${good} over` },
    { what: 'a comma too many', bytes: `${good.slice(0, -1)},}` },
    { what: 'single quotes', bytes: good.replaceAll('"', "'") },
    { what: 'keys without quotes', bytes: good.replaceAll(/"(\w+)":/g, '$1:') },
    { what: 'NaN as seq', bytes: pingText(from, 'NaN') },
    { what: 'Infinity as seq', bytes: pingText(from, 'Infinity') },
    { what: 'a seq with a leading zero', bytes: pingText(from, '07') },
    { what: 'a byte that is no UTF-8', bytes: notUtf8(good) },
    { what: 'an object cut within a string', bytes: good.slice(0, 12) },
  ]
}

/** The object with a field whose value holds a byte that starts no UTF-8 character. */
export const notUtf8 = (object: string): Uint8Array =>
  Buffer.concat([
    Buffer.from(`${object.slice(0, -1)},"note":"`),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}'),
  ])

/** Datagrams that are objects and break the schema of a ping, or have no known type. */
export const brokenPings = (from: number): readonly Malformed[] => [
  { what: 'no from', bytes: ping({ from: undefined }, from) },
  { what: 'from 256', bytes: ping({ from: 256 }, from) },
  { what: 'from -1', bytes: ping({ from: -1 }, from) },
  { what: 'from as a string', bytes: ping({ from: String(from) }, from) },
  { what: 'from null', bytes: ping({ from: null }, from) },
  { what: 'from with a fraction', bytes: ping({ from: from + 0.5 }, from) },
  { what: 'from as an array', bytes: ping({ from: [from] }, from) },
  { what: 'no seq', bytes: ping({ seq: undefined }, from) },
  { what: 'seq -1', bytes: ping({ seq: -1 }, from) },
  { what: 'seq with a fraction', bytes: ping({ seq: 1.5 }, from) },
  { what: 'seq as a string', bytes: ping({ seq: '7' }, from) },
  { what: 'seq true', bytes: ping({ seq: true }, from) },
  { what: 'seq null', bytes: ping({ seq: null }, from) },
  { what: 'seq 2^53', bytes: pingText(from, '9007199254740992') },
  { what: 'seq 1e400', bytes: pingText(from, '1e400') },
  { what: 'seq of 400 digits', bytes: pingText(from, '9'.repeat(400)) },
  { what: 'no slot', bytes: ping({ slot: undefined }, from) },
  { what: 'slot 0', bytes: ping({ slot: 0 }, from) },
  { what: 'slot 3', bytes: ping({ slot: 3 }, from) },
  { what: 'slot as a string', bytes: ping({ slot: '1' }, from) },
  { what: 'slot true', bytes: ping({ slot: true }, from) },
  { what: 'an empty object', bytes: '{}' },
  { what: 'no type', bytes: ping({ type: undefined }, from) },
  { what: 'a type that is a number', bytes: ping({ type: 1 }, from) },
  { what: 'an unknown type', bytes: ping({ type: 'ring.pingg' }, from) },
  { what: 'a type in capitals', bytes: ping({ type: 'RING.PING' }, from) },
  { what: 'the type of another system', bytes: ping({ type: 'chord.ping' }, from) },
  { what: 'a type that every object has', bytes: ping({ type: 'constructor' }, from) },
]

/** A TCP line, what is wrong with it, and the codes with which it may be refused. */
export interface MalformedLine extends Malformed {
  readonly codes: readonly string[]
}

/** Lines that break a rule, made from the valid lookup messages `request` and `store`. */
export function malformedLines(
  request: Readonly<Record<string, unknown>>,
  store: Readonly<Record<string, unknown>>,
): readonly MalformedLine[] {
  const good = JSON.stringify(request)
  const malformed = (what: string, bytes: Uint8Array | string): MalformedLine => ({
    what,
    bytes,
    codes: ['malformed'],
  })
  const schema = (what: string, change: Record<string, unknown>, of = request): MalformedLine => ({
    what,
    bytes: JSON.stringify({ ...of, ...change }),
    codes: ['schema'],
  })
  const unknown = (type: string, fields: Record<string, unknown> = request): MalformedLine => ({
    what: `the type ${type}`,
    bytes: JSON.stringify({ ...fields, type }),
    codes: ['unknown-type'],
  })
  return [
    malformed('a word', 'hello'),
    malformed('an empty line', ''),
    malformed('an array', `[${good}]`),
    malformed('null', 'null'),
    malformed('a number', '42'),
    malformed('half an object', good.slice(0, -5)),
    malformed('two objects on one line', `${good}${good}`),
    malformed('NaN as request', good.replace(/"request":\d+/, '"request":NaN')),
    malformed('a byte that is no UTF-8', notUtf8(good)),
    schema('no name', { name: undefined }),
    schema('no origin', { origin: undefined }),
    schema('no route', { route: undefined }),
    schema('no transport', { transport: undefined }),
    schema('from 256', { from: 256 }),
    schema('origin as a string', { origin: '60' }),
    schema('origin true', { origin: true }),
    schema('request -1', { request: -1 }),
    schema('request with a fraction', { request: 0.5 }),
    schema('request 2^53', { request: 2 ** 53 }),
    schema('transport ftp', { transport: 'ftp' }),
    schema('a route that is a number', { route: 4 }),
    schema('a route with id 256', { route: [1, 256] }),
    schema('a route with a string', { route: ['60'] }),
    schema('a route of 257 ids', { route: Array.from({ length: 257 }, () => 1) }),
    schema('a store without size', { size: undefined }, store),
    schema('a store of size -1', { size: -1 }, store),
    schema('a store of size true', { size: true }, store),
    unknown('ring.dance'),
    unknown('chord.request'),
    unknown('toString'),
    // Pings travel over UDP only: on TCP there is no such message.
    unknown('ring.ping', { from: request.from, seq: 1, slot: 1 }),
    { what: 'an empty object', bytes: '{}', codes: ['schema', 'unknown-type'] },
    {
      what: 'a type that is a number',
      bytes: JSON.stringify({ ...request, type: 7 }),
      codes: ['schema', 'unknown-type'],
    },
  ]
}
