// The ground that the runtime stands on, made treacherous: sockets and standard streams that a mutant can listen in on and
// tamper with. So mistakes in reading, framing and printing need no hooks in the runtime, which stays what it is.
//
// Rule of this file: it is called once, before the runtime opens anything, in a process that is a mutant and nothing else.
import dgram from 'node:dgram'
import type { EventEmitter } from 'node:events'
import net from 'node:net'
import { LINE_BYTES_MAX } from '../../spec/common/limits.ts'
import { parseObject } from '../core/codec.ts'
import { FrameDecoder } from '../core/frame-decoder.ts'

type Emit = (event: string, ...values: unknown[]) => boolean

/** Puts `intercept` before an emitter's events; what it does not want to see it hands on with `emit`. */
function interceptEvents(
  emitter: EventEmitter,
  intercept: (emit: Emit, event: string, values: unknown[]) => boolean,
): void {
  const emit: Emit = emitter.emit.bind(emitter)
  Object.assign(emitter, { emit: (event: string, ...values: unknown[]) => intercept(emit, event, values) })
}

export interface DatagramTap {
  readonly received?: (
    bytes: Buffer,
    sender: dgram.RemoteInfo,
    deliver: (bytes: Uint8Array) => void,
    socket: dgram.Socket,
  ) => void
  readonly sent?: (text: string, port: number, deliver: (bytes: string, port: number) => void) => void
}

export function tapDatagrams({ received, sent }: DatagramTap): void {
  const { createSocket } = dgram
  Object.assign(dgram, {
    createSocket: (type: dgram.SocketType) => {
      const socket = createSocket(type)
      if (received !== undefined) {
        interceptEvents(socket, (emit, event, values) => {
          if (event !== 'message') return emit(event, ...values)
          const [bytes, sender] = values as [Buffer, dgram.RemoteInfo]
          received(bytes, sender, (changed) => emit('message', changed, sender), socket)
          return true
        })
      }
      if (sent !== undefined) {
        const send = socket.send.bind(socket)
        Object.assign(socket, {
          send: (text: string, port: number, host: string, onSent: () => void) =>
            sent(text, port, (changed, changedPort) => send(changed, changedPort, host, onSent)),
        })
      }
      return socket
    },
  })
}

export interface ConnectionTap {
  readonly received?: (bytes: Buffer, deliver: (bytes: Uint8Array) => void) => void
  /** The other side has ended. */
  readonly ended?: (deliver: (bytes: Uint8Array) => void, end: () => void) => void
  /** A line is on its way out, with its LF. */
  readonly sent?: (line: string, deliver: (line: string) => void) => void
}

/** Who opened a connection: this process, or another. */
export type Opener = 'self' | 'other'

/** Taps every connection, those that others open and those that this process opens. */
export function tapConnections(tap: (socket: net.Socket, opener: Opener) => ConnectionTap): void {
  const attach = (socket: net.Socket, opener: Opener): net.Socket => {
    const { received, ended, sent } = tap(socket, opener)
    interceptEvents(socket, (emit, event, values) => {
      const deliver = (bytes: Uint8Array) => void emit('data', bytes)
      if (event === 'data' && received !== undefined) received(values[0] as Buffer, deliver)
      else if (event === 'end' && ended !== undefined) ended(deliver, () => void emit('end'))
      else return emit(event, ...values)
      return true
    })
    if (sent !== undefined) {
      const write = socket.write.bind(socket)
      Object.assign(socket, {
        write: (content: string | Uint8Array, onWritten?: (error?: Error | null) => void) => {
          // The runtime writes lines as text and bodies as bytes.
          if (typeof content !== 'string') return write(content, onWritten)
          sent(content, (line) => void write(line))
          return true
        },
      })
    }
    return socket
  }
  tapServers((server) =>
    server.prependListener('connection', (socket: net.Socket) => attach(socket, 'other')),
  )
  const { connect } = net
  Object.assign(net, { connect: (options: net.NetConnectOpts) => attach(connect(options), 'self') })
}

/** Taps every server that this process opens. */
export function tapServers(tap: (server: net.Server) => void): void {
  const { createServer } = net
  Object.assign(net, {
    createServer: (options: net.ServerOpts) => {
      const server = createServer(options)
      tap(server)
      return server
    },
  })
}

/** Taps connections line by line, bodies left alone; `change` gives undefined for a line that is to vanish. */
export function tapLines(change: (line: string) => string | undefined): void {
  tapConnections(() => {
    const decoder = new FrameDecoder(LINE_BYTES_MAX)
    let isBroken = false
    return {
      received: (bytes, deliver) => {
        if (isBroken) return deliver(bytes)
        decoder.push(bytes)
        for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
          if (frame.kind === 'body') deliver(frame.bytes)
          if (frame.kind === 'too-long') {
            isBroken = true
            deliver(new Uint8Array(LINE_BYTES_MAX + 2).fill(0x20))
          }
          if (frame.kind !== 'line') continue
          const line = Buffer.from(frame.bytes).toString('utf8')
          const bodyLength = parseObject(line)?.bodyLength
          if (typeof bodyLength === 'number') decoder.expectBody(bodyLength)
          const changed = change(line)
          if (changed !== undefined) deliver(Buffer.from(`${changed}\n`))
        }
      },
    }
  })
}

/** Taps the commands of the harness, one line each, without its LF. */
export function tapCommands(received: (line: string, deliver: (line: string) => void) => void): void {
  let unfinished = ''
  interceptEvents(process.stdin, (emit, event, values) => {
    if (event !== 'data') return emit(event, ...values)
    const lines = `${unfinished}${String(values[0])}`.split('\n')
    unfinished = lines.pop() ?? ''
    for (const line of lines) received(line, (changed) => void emit('data', Buffer.from(`${changed}\n`)))
    return true
  })
}

/** Keeps the end of standard input from the program. */
export function hideEndOfInput(): void {
  interceptEvents(process.stdin, (emit, event, values) =>
    event === 'end' || event === 'close' ? true : emit(event, ...values),
  )
}

/** Taps replies and events, one line each, with its LF. */
export function tapOutput(sent: (line: string, deliver: (line: string) => void) => void): void {
  const write = process.stdout.write.bind(process.stdout)
  Object.assign(process.stdout, {
    write: (line: string, onWritten?: () => void) => {
      if (line === '') return write(line, onWritten)
      sent(line, (changed) => void write(changed))
      return true
    },
  })
}
