// Mistakes about bytes: encoding, datagrams, connections (common.md), and addresses (ring.md section 2).
import type { Socket } from 'node:net'
import { ringTcpMessages, ringUdpMessages } from '../../../spec/ring/messages.ts'
import { parseObject } from '../../core/codec.ts'
import { tapConnections, tapDatagrams, tapLines, tapServers } from '../ground.ts'
import type { RingMutant } from './mutant.ts'
import { changeDatagrams, FIRST_OWN_CONNECTION, tell } from './rewire.ts'

const encode = (message: object): Buffer => Buffer.from(JSON.stringify(message))
const parse = (bytes: Uint8Array): Record<string, unknown> | undefined =>
  parseObject(Buffer.from(bytes).toString('utf8'))

/** The fields that the schema of a message's type knows; undefined for an unknown type. */
const knownFields = (message: Record<string, unknown>): readonly string[] | undefined => {
  const schemas: Record<string, { properties: object }> = { ...ringUdpMessages, ...ringTcpMessages }
  const schema = schemas[String(message.type)]
  return schema === undefined ? undefined : Object.keys(schema.properties)
}
const hasUnknownField = (message: Record<string, unknown>): boolean => {
  const known = knownFields(message)
  return known !== undefined && Object.keys(message).some((field) => !known.includes(field))
}

/** An object nested deeper than this many levels ends a parser that calls itself for each level. */
const NESTING_MAX = 50
const nesting = (text: string): number => text.split(/[[{]/).length - 1

export const wireMutants: readonly RingMutant[] = [
  {
    name: 'integers-as-text',
    requirement: 'common.encoding.json',
    bug: 'Numbers are sent as strings, because the language or the library made them so.',
    wrap: changeDatagrams((message) => {
      const text: Record<string, unknown> = { ...message }
      if ('seq' in message) text.seq = String(message.seq)
      return text as typeof message
    }),
  },
  {
    name: 'integers-with-a-fraction',
    requirement: 'common.encoding.json',
    bug: 'All numbers are floating point, and 7 is written as 7.0.',
    sabotage: () =>
      tapDatagrams({
        sent: (text, port, deliver) => deliver(text.replace(/"(seq|ack)":(\d+)/g, '"$1":$2.0'), port),
      }),
  },
  {
    name: 'unknown-fields-refused-in-datagrams',
    requirement: 'common.encoding.unknown-fields',
    bug: 'A datagram with a field that is not in the schema is dropped, so that no later version can be understood.',
    sabotage: () =>
      tapDatagrams({
        received: (bytes, _sender, deliver) => {
          const message = parse(bytes)
          if (message === undefined || !hasUnknownField(message)) deliver(bytes)
        },
      }),
  },
  {
    name: 'unknown-fields-refused-on-connections',
    requirement: 'common.encoding.unknown-fields',
    bug: 'A line with a field that is not in the schema is refused as malformed.',
    sabotage: () =>
      tapLines((line) => {
        const message = parseObject(line)
        return message !== undefined && hasUnknownField(message) ? '{}' : line
      }),
  },
  {
    name: 'from-written-twice',
    requirement: 'common.encoding.duplicate-keys',
    bug: 'The text of a pong is put together by hand, and `from` is in it twice.',
    sabotage: () =>
      tapDatagrams({
        sent: (text, port, deliver) => {
          const from = parseObject(text)?.from
          deliver(text.includes('ring.pong') ? text.replace(/}$/, `,"from":${String(from)}}`) : text, port)
        },
      }),
  },
  {
    name: 'datagram-with-its-terminating-zero',
    requirement: 'common.udp.one-object',
    bug: 'A C string is sent with its terminating zero byte.',
    sabotage: () => tapDatagrams({ sent: (text, port, deliver) => deliver(`${text}\0`, port) }),
  },
  {
    name: 'two-objects-in-a-datagram',
    requirement: 'common.udp.one-object',
    bug: 'A pong waits in a buffer and leaves together with the next one.',
    sabotage: () => {
      let held = ''
      tapDatagrams({
        sent: (text, port, deliver) => {
          if (!text.includes('ring.pong')) return deliver(text, port)
          const both = held + text
          held = held === '' ? text : ''
          if (held === '') deliver(both, port)
        },
      })
    },
  },
  {
    name: 'malformed-datagram-answered',
    requirement: 'common.udp.malformed',
    bug: 'A datagram that cannot be read is answered with an error, as on TCP: two such peers keep each other busy for ever.',
    sabotage: () =>
      tapDatagrams({
        received: (bytes, sender, deliver, socket) => {
          const type = String(parse(bytes)?.type)
          if (type in ringUdpMessages) return deliver(bytes)
          socket.send(
            encode({ type: 'error', code: 'malformed', message: 'what?' }),
            sender.port,
            sender.address,
          )
        },
      }),
  },
  {
    name: 'fields-of-datagrams-not-checked',
    requirement: 'common.udp.malformed',
    bug: 'Fields are converted instead of checked: a ping from "5" in slot 7 counts like any other.',
    sabotage: () =>
      tapDatagrams({
        received: (bytes, _sender, deliver) => {
          const message = parse(bytes)
          if (message?.type !== 'ring.ping') return deliver(bytes)
          const from = Math.abs(Math.trunc(Number(message.from ?? 0))) % 256 || 0
          const seq = Math.abs(Math.trunc(Number(message.seq ?? 0))) || 0
          deliver(encode({ type: 'ring.ping', from, seq, slot: message.slot === 2 ? 2 : 1 }))
        },
      }),
  },
  {
    name: 'cr-kept-in-the-line',
    requirement: 'common.tcp.lines',
    bug: 'A line that ends with CR LF keeps its CR and is refused.',
    sabotage: () =>
      tapConnections(() => ({
        received: (bytes, deliver) =>
          deliver(Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\u0001\n'), 'latin1')),
      })),
  },
  {
    name: 'line-of-at-most-4096-bytes',
    requirement: 'common.tcp.lines',
    bug: 'The buffer for a line has 4,096 bytes, and what is longer is refused.',
    sabotage: () => tapLines((line) => (line.length > 4096 ? line.slice(0, 4096) : line)),
  },
  {
    name: 'lines-without-lf',
    requirement: 'common.tcp.lines',
    bug: 'A message is written without its LF, because closing the connection ends it too.',
    sabotage: () => tapConnections(() => ({ sent: (line, deliver) => deliver(line.trimEnd()) })),
  },
  {
    name: 'one-read-is-one-message',
    requirement: 'common.tcp.framing',
    bug: 'What one read gives is taken for one message: long ones are cut, and of two in one piece the second is lost.',
    sabotage: () =>
      tapConnections(() => {
        let hasBody = false
        return {
          received: (bytes, deliver) => {
            hasBody ||= bytes.includes('"bodyLength"')
            if (hasBody) return deliver(bytes)
            const end = bytes.indexOf('\n')
            deliver(end === -1 ? Buffer.concat([bytes, Buffer.from('\n')]) : bytes.subarray(0, end + 1))
          },
        }
      }),
  },
  {
    name: 'one-message-per-connection',
    requirement: 'common.tcp.framing',
    bug: 'After its first message a connection is not read any more, because the author’s own peers open one for each.',
    sabotage: () =>
      tapServers((server) =>
        server.prependListener('connection', (socket: Socket) => {
          let seen = ''
          const { emit } = socket
          Object.assign(socket, {
            emit(event: string, ...values: unknown[]) {
              if (event === 'data' && seen.includes('\n') && !seen.includes('"bodyLength"')) return true
              if (event === 'data') seen = `${seen}${String(values[0]).slice(0, 70_000)}`
              return Reflect.apply(emit, socket, [event, ...values])
            },
          })
        }),
      ),
  },
  {
    name: 'body-read-as-text',
    requirement: 'common.tcp.body',
    bug: 'The body is decoded as ASCII text, and every byte above 127 becomes a question mark.',
    sabotage: () =>
      tapConnections(() => {
        let isBody = false
        return {
          received: (bytes, deliver) => {
            const end = isBody ? -1 : bytes.indexOf('\n')
            const head = isBody ? 0 : end + 1
            isBody ||= bytes.subarray(0, Math.max(0, end)).includes('"bodyLength"')
            if (!isBody) return deliver(bytes)
            deliver(
              Buffer.concat([
                bytes.subarray(0, head),
                bytes.subarray(head).map((byte) => (byte > 127 ? 0x3f : byte)),
              ]),
            )
          },
        }
      }),
  },
  {
    name: 'body-collected-in-memory',
    requirement: 'ring.request.stream',
    bug: 'A body is collected in memory until it is complete, and written to disk in one piece.',
    sabotage: () =>
      tapConnections(() => {
        let missing = 0
        let collected: Buffer[] = []
        return {
          received: (bytes, deliver) => {
            let rest = bytes
            const end = bytes.indexOf('\n')
            const length = missing === 0 && end !== -1 ? parse(bytes.subarray(0, end))?.bodyLength : undefined
            if (typeof length === 'number') {
              missing = length
              deliver(bytes.subarray(0, end + 1))
              rest = bytes.subarray(end + 1)
            }
            if (missing === 0) return deliver(rest)
            collected.push(rest)
            missing = Math.max(0, missing - rest.length)
            if (missing > 0) return
            deliver(Buffer.concat(collected))
            collected = []
          },
        }
      }),
  },
  {
    name: 'malformed-line-unanswered',
    requirement: 'common.tcp.malformed',
    bug: 'A line that cannot be read is dropped without a word.',
    sabotage: () =>
      tapConnections(() => ({
        sent: (line, deliver) => {
          const code = String(parseObject(line)?.code)
          if (!['malformed', 'schema', 'unknown-type', 'too-long'].includes(code)) deliver(line)
        },
      })),
  },
  {
    name: 'error-with-an-invented-code',
    requirement: 'common.tcp.malformed',
    bug: 'The author makes up an error code where the table has one.',
    sabotage: () =>
      tapConnections(() => ({
        sent: (line, deliver) =>
          deliver(line.replace(/"code":"(malformed|schema|unknown-type)"/, '"code":"bad-request"')),
      })),
  },
  {
    name: 'half-close-ends-the-connection',
    requirement: 'common.tcp.half-close',
    bug: 'When the other side sends no more, the connection is closed at once, with messages unread and answers unsent.',
    sabotage: () =>
      tapConnections((socket) => ({
        // Messages wait a moment for a worker; the end does not.
        received: (bytes, deliver) => {
          setTimeout(() => {
            if (!socket.destroyed) deliver(bytes)
          }, 5)
        },
        ended: () => socket.destroy(),
      })),
  },
  {
    name: 'cut-line-taken-for-a-message',
    requirement: 'common.tcp.cut',
    bug: 'When a connection ends, what is left in the buffer is handled as if its LF had come.',
    sabotage: () =>
      tapConnections(() => ({
        ended: (deliver, end) => {
          deliver(Buffer.from('\n'))
          end()
        },
      })),
  },
  {
    name: 'one-connection-at-a-time',
    requirement: 'common.tcp.slow',
    bug: 'The loop that accepts connections serves each to its end before it accepts the next.',
    sabotage: () =>
      tapServers((server) => {
        const waiting: Socket[] = []
        let isBusy = false
        const { emit } = server
        const serve = (socket: Socket) => {
          isBusy = true
          socket.once('close', () => {
            isBusy = false
            const next = waiting.shift()
            if (next !== undefined) serve(next)
          })
          Reflect.apply(emit, server, ['connection', socket])
        }
        Object.assign(server, {
          emit(event: string, ...values: unknown[]) {
            if (event !== 'connection') return Reflect.apply(emit, server, [event, ...values])
            const socket = values[0] as Socket
            if (isBusy) waiting.push(socket)
            else serve(socket)
            return true
          },
        })
      }),
  },
  {
    name: 'half-a-line-holds-up-datagrams',
    requirement: 'common.tcp.slow',
    bug: 'A thread that waits for the rest of a line holds the lock that answering pings needs.',
    sabotage: () => {
      let halfLines = 0
      tapConnections((socket) => {
        let isHalf = false
        const note = (is: boolean) => {
          halfLines += Number(is) - Number(isHalf)
          isHalf = is
        }
        socket.once('close', () => note(false))
        return {
          received: (bytes, deliver) => {
            note(!bytes.includes('\n'))
            deliver(bytes)
          },
        }
      })
      tapDatagrams({
        received: (bytes, _sender, deliver) => {
          if (halfLines === 0) deliver(bytes)
        },
      })
    },
  },
  {
    name: 'malformed-line-ends-the-peer',
    requirement: 'common.robust.hostile',
    bug: 'Nobody catches the exception of the JSON parser.',
    sabotage: () =>
      tapLines((line) => {
        JSON.parse(line)
        return line
      }),
  },
  {
    name: 'malformed-datagram-ends-the-peer',
    requirement: 'common.robust.hostile',
    bug: 'Nobody catches the exception that a datagram without the expected fields raises.',
    sabotage: () =>
      tapDatagrams({
        received: (bytes, _sender, deliver) => {
          JSON.parse(bytes.toString('utf8')).type.startsWith('ring.')
          deliver(bytes)
        },
      }),
  },
  {
    name: 'deep-nesting-ends-the-peer',
    requirement: 'common.robust.hostile',
    bug: 'The author’s own JSON parser calls itself for each level of nesting.',
    sabotage: () =>
      tapLines((line) => {
        if (nesting(line) > NESTING_MAX) throw new RangeError('maximum recursion depth exceeded')
        return line
      }),
  },
  {
    name: 'any-number-of-newcomers-waits',
    requirement: 'common.robust.bounds',
    bug: 'Newcomers that wait for an answer are kept in a list without a bound.',
    wrap: (machine, { id }) => {
      let connection = FIRST_OWN_CONNECTION
      let first = id
      return {
        step: (input) =>
          machine.step(input).flatMap((effect) => {
            if (effect.kind === 'event' && effect.event.event === 'successors')
              first = effect.event.successors[0]
            const isJoin = input.kind === 'message' && input.message.type === 'ring.join'
            const isBusy =
              effect.kind === 'send' && effect.message.type === 'error' && effect.message.code === 'busy'
            if (!isJoin || !isBusy) return [effect]
            connection += 1
            return tell(connection, first, {
              ...input.message,
              from: id,
              route: [...input.message.route, id],
            })
          }),
      }
    },
  },
  {
    name: 'base-port-12000-compiled-in',
    requirement: 'common.address.config',
    bug: 'Peer i is at port 12000 + i, as in the handout’s example, whatever the configuration says.',
    config: ({ listenPort }) => ({ basePort: 12_000, listenPort }),
  },
  {
    name: 'ping-interval-of-a-second-compiled-in',
    requirement: 'common.time.config',
    bug: 'The program pings once a second, whatever the configuration says.',
    config: () => ({ pingIntervalMs: 1000 }),
  },
  {
    name: 'listens-on-base-port-plus-id',
    requirement: 'ring.address.port',
    bug: 'The peer listens where it believes that the others look for it, not on `listenPort`.',
    config: ({ basePort, id }) => ({ listenPort: basePort + id }),
  },
  {
    name: 'sender-told-by-its-port',
    requirement: 'ring.address.port',
    bug: 'Who sent a datagram is told by the port that it came from, not by `from`.',
    sabotage: () => {
      const known = new Map<number, unknown>()
      tapDatagrams({
        received: (bytes, { port }, deliver) => {
          const message = parse(bytes)
          if (message === undefined) return deliver(bytes)
          const from = known.get(port) ?? message.from
          known.set(port, from)
          deliver(encode({ ...message, from }))
        },
      })
    },
  },
  {
    name: 'answers-go-back-to-the-source',
    requirement: 'ring.address.pong',
    bug: 'A datagram is answered to the address that it came from.',
    sabotage: () => {
      let source: number | undefined
      tapDatagrams({
        received: (bytes, { port }, deliver) => {
          source = port
          deliver(bytes)
          source = undefined
        },
        sent: (text, port, deliver) =>
          deliver(text, /ring\.(pong|ready|ack)/.test(text) ? (source ?? port) : port),
      })
    },
  },
]
