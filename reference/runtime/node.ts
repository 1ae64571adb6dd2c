// A machine on real sockets: a loop that feeds it what happens and performs what it asks for. Which sockets it has is a matter
// of its system: connections always, datagrams and a folder for content only where the system has them.
//
// Nothing that arrives can end the node (common.robust.hostile): the codec refuses what is not well formed, a socket error
// closes that socket, and a datagram that cannot be sent is lost, as any datagram may be. Inputs are handled one after the
// other; what an effect causes at once (core/machine.ts names these) is handled before anything else.
import { isUtf8 } from 'node:buffer'
import dgram from 'node:dgram'
import net from 'node:net'
import { DATAGRAM_BYTES_MAX } from '../../spec/common/limits.ts'
import type { Codec, DecodeText } from '../core/codec.ts'
import type { CommandReply, ConnectionNumber, Effect, Input, Machine, Vocabulary } from '../core/machine.ts'
import type { StreamCodec } from '../core/stream-codec.ts'
import { Connection } from './connection.ts'
import { type BodySink, type FileInput, Files } from './files.ts'
import { Turns } from './turns.ts'

/** common.tcp.slow: connections that others may hold open here, unless the options say otherwise. */
const INBOUND_CONNECTIONS_MAX = 256
/** How long a connection attempt may take; a peer that is suspended with a full queue never answers. */
const CONNECT_MS = 5000
/** How long a closing node lets its last bytes go out. */
const CLOSE_MS = 200

export interface NodeOptions<V extends Vocabulary> {
  readonly machine: Machine<V>
  /** Without it there is no UDP socket. */
  readonly datagramCodec?: Codec<V['datagram']>
  /** For connections that others open, and for those that this node opens. */
  readonly inboundCodec: StreamCodec<V['stream']>
  readonly outboundCodec: StreamCodec<V['stream']>
  /** Where this node listens. */
  readonly host: string
  readonly listenPort: number
  /** Connections that others may hold open here; a further one takes the place of one that is silent. */
  readonly inboundMax?: number
  readonly addressOf: (place: V['place']) => { readonly host: string; readonly port: number }
  /** Where content is kept; a machine without a folder asks for no blobs. */
  readonly folder?: string
  readonly onReply: (handle: number, reply: CommandReply<V>) => void
  readonly onEvent: (event: V['event']) => void
  /** The machine has halted and the sockets are closed. */
  readonly onHalted: () => void
}

export const decodeText: DecodeText = (bytes) =>
  isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') : undefined

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never

export class Node<V extends Vocabulary> {
  readonly #options: NodeOptions<V>
  readonly #files: Files | undefined
  readonly #udp: dgram.Socket | undefined
  readonly #tcp: net.Server
  readonly #connections = new Map<ConnectionNumber, Connection<V['stream']>>()
  /** By inbound connection, the host that it comes from. */
  readonly #inboundHosts = new Map<ConnectionNumber, string>()
  readonly #turns = new Turns()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #inputs: WithoutTime<Input<V>>[] = []
  /** Inputs that effects cause at once. */
  readonly #immediate: WithoutTime<Input<V>>[] = []
  #isStepping = false
  #isClosed = false
  #nextInbound = -1
  /** Sinks that the step under way has made for the message that it handles. */
  readonly #newSinks = new Map<ConnectionNumber, BodySink>()

  constructor(options: NodeOptions<V>) {
    this.#options = options
    const { folder, datagramCodec, host } = options
    if (folder !== undefined) this.#files = new Files(folder, (input) => this.#onFileInput(input))
    if (datagramCodec !== undefined) {
      this.#udp = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4')
      this.#udp.on('message', (bytes) => this.#onDatagram(datagramCodec, bytes))
    }
    this.#tcp = net.createServer({ allowHalfOpen: true })
  }

  /** Opens the sockets; rejects if an address is taken, with none left open. */
  async listen(): Promise<void> {
    const { host, listenPort } = this.#options
    const udp = this.#udp
    this.#tcp.on('connection', (socket) => this.#onInbound(socket))
    try {
      await listening(this.#tcp, () => this.#tcp.listen({ host, port: listenPort, backlog: 511 }))
      if (udp !== undefined)
        await listening(udp, () => udp.bind({ address: host, port: listenPort, exclusive: true }))
    } catch (error) {
      // The one that succeeded must be free again when the command is answered.
      await new Promise<void>((resolve) => this.#closeSockets(resolve))
      throw error
    }
    // From here on an error of a socket concerns one datagram or one connection attempt.
    udp?.on('error', () => {})
    this.#tcp.on('error', () => {})
    const startOfNumbers = Date.now() * 1000
    this.#feed({ kind: 'start', firstNumber: startOfNumbers } as WithoutTime<Input<V>>)
  }

  command(handle: number, command: V['command']): void {
    this.#feed({ kind: 'command', handle, command } as WithoutTime<Input<V>>)
  }

  /** Ends the node without a word to anybody. */
  kill(): void {
    this.#close(() => {})
  }

  // Inputs

  #feed(input: WithoutTime<Input<V>>): void {
    this.#inputs.push(input)
    if (this.#isStepping) return
    this.#isStepping = true
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      this.#step(next)
      for (let now = this.#immediate.shift(); now !== undefined; now = this.#immediate.shift())
        this.#step(now)
    }
    this.#isStepping = false
  }

  #step(input: WithoutTime<Input<V>>): void {
    if (this.#isClosed) return
    const effects = this.#options.machine.step({ ...input, at: performance.now() } as Input<V>)
    this.#perform(effects)
  }

  #onFileInput(input: FileInput): void {
    if (this.#isStepping) this.#immediate.push(input as WithoutTime<Input<V>>)
    else this.#feed(input as WithoutTime<Input<V>>)
  }

  /** common.udp.one-object, common.udp.malformed */
  #onDatagram(codec: Codec<V['datagram']>, bytes: Buffer): void {
    if (bytes.length > DATAGRAM_BYTES_MAX) return
    const decoded = codec.decode(bytes)
    if (!decoded.isRefused) {
      this.#feed({ kind: 'datagram', message: decoded.message } as WithoutTime<Input<V>>)
    }
  }

  #onInbound(socket: net.Socket): void {
    const number = this.#nextInbound
    this.#nextInbound -= 1
    this.#makeRoom()
    this.#inboundHosts.set(number, socket.remoteAddress ?? '')
    this.#adopt(number, socket, { isUp: true })
  }

  /** Who holds most connections is the first to lose one: a single host cannot push out the others. */
  #makeRoom(): void {
    if (this.#inboundHosts.size < (this.#options.inboundMax ?? INBOUND_CONNECTIONS_MAX)) return
    const counts = new Map<string, number>()
    for (const host of this.#inboundHosts.values()) counts.set(host, (counts.get(host) ?? 0) + 1)
    const most = Math.max(...counts.values())
    let goes: Connection<V['stream']> | undefined
    for (const [number, host] of this.#inboundHosts) {
      const connection = this.#connections.get(number)
      if (connection === undefined || counts.get(host) !== most) continue
      if (goes === undefined || goesBefore(connection, goes)) goes = connection
    }
    goes?.abort()
  }

  #adopt(number: ConnectionNumber, socket: net.Socket, state: { isUp: boolean }): void {
    const { inboundCodec, outboundCodec } = this.#options
    const codec = number < 0 ? inboundCodec : outboundCodec
    const connection = new Connection<V['stream']>(socket, codec, this.#files, {
      onMessage: (message) => {
        this.#feed({ kind: 'message', connection: number, message } as WithoutTime<Input<V>>)
        const sink = this.#newSinks.get(number)
        this.#newSinks.delete(number)
        return sink
      },
      onProgress: () => this.#feed({ kind: 'progress', connection: number } as WithoutTime<Input<V>>),
      onYield: (goOn) => this.#turns.wait(goOn),
      onEnded: () => this.#feed({ kind: 'ended', connection: number } as WithoutTime<Input<V>>),
      onClosed: () => {
        this.#connections.delete(number)
        this.#inboundHosts.delete(number)
        const kind = state.isUp ? 'closed' : 'unreachable'
        this.#feed({ kind, connection: number } as WithoutTime<Input<V>>)
      },
    })
    this.#connections.set(number, connection)
  }

  // Effects

  #perform(effects: readonly Effect<V>[]): void {
    for (const [index, effect] of effects.entries()) {
      if (effect.kind === 'halt') {
        const rest = effects.slice(index + 1)
        this.#close(() => {
          this.#perform(rest)
          this.#options.onHalted()
        })
        return
      }
      this.#performOne(effect)
    }
  }

  #performOne(effect: Exclude<Effect<V>, { kind: 'halt' }>): void {
    switch (effect.kind) {
      case 'send-datagram':
        this.#sendDatagram(effect.to, effect.message)
        break
      case 'open':
        this.#open(effect.connection, effect.to)
        break
      case 'send':
        this.#connections.get(effect.connection)?.send(effect.message, effect.body)
        break
      case 'close':
        this.#connections.get(effect.connection)?.close()
        break
      case 'abort':
        this.#connections.get(effect.connection)?.abort()
        break
      case 'set-timer':
        this.#setTimer(effect.name, effect.delayMs)
        break
      case 'clear-timer':
        clearTimeout(this.#timers.get(effect.name))
        this.#timers.delete(effect.name)
        return
      case 'receive-body':
        this.#receiveBody(effect.connection, effect.blob)
        break
      case 'reply':
        this.#options.onReply(effect.handle, effect.reply)
        break
      case 'event':
        this.#options.onEvent(effect.event)
        break
      default:
        if (this.#files !== undefined) performOnBlob(this.#files, effect)
    }
  }

  #sendDatagram(to: V['place'], message: V['datagram']): void {
    const { host, port } = this.#options.addressOf(to)
    // A refused or unroutable datagram is a lost datagram.
    this.#udp?.send(JSON.stringify(message), port, host, () => {})
  }

  #open(number: ConnectionNumber, to: V['place']): void {
    const { host, port } = this.#options.addressOf(to)
    const state = { isUp: false }
    const socket = net.connect({ host, port, allowHalfOpen: true })
    const giveUp = setTimeout(() => socket.destroy(), CONNECT_MS)
    socket.once('close', () => clearTimeout(giveUp))
    socket.once('connect', () => {
      clearTimeout(giveUp)
      state.isUp = true
      this.#feed({ kind: 'opened', connection: number } as WithoutTime<Input<V>>)
    })
    this.#adopt(number, socket, state)
  }

  #receiveBody(connection: ConnectionNumber, blob: number): void {
    const sink = this.#files?.receive(blob)
    if (sink !== undefined) this.#newSinks.set(connection, sink)
  }

  #setTimer(name: string, delayMs: number): void {
    clearTimeout(this.#timers.get(name))
    const fire = () => {
      this.#timers.delete(name)
      this.#feed({ kind: 'timer', name } as WithoutTime<Input<V>>)
    }
    this.#timers.set(name, setTimeout(fire, delayMs))
  }

  // The end

  #close(onClosed: () => void): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#files?.discardAll()
    for (const connection of this.#connections.values()) connection.destroySoon()
    const cut = setTimeout(() => {
      for (const connection of this.#connections.values()) connection.abort()
    }, CLOSE_MS)
    this.#closeSockets(() => {
      clearTimeout(cut)
      onClosed()
    })
  }

  /** The server is closed when the last of its connections is. */
  #closeSockets(onClosed: () => void): void {
    let open = this.#udp === undefined ? 1 : 2
    const closed = () => {
      open -= 1
      if (open === 0) onClosed()
    }
    this.#tcp.close(closed)
    this.#udp?.close(closed)
  }
}

type BlobEffect = Extract<
  Effect<Vocabulary>,
  {
    kind:
      | 'measure'
      | 'copy'
      | 'open-blob'
      | 'create-blob'
      | 'append'
      | 'finish'
      | 'read'
      | 'commit'
      | 'discard'
  }
>

function performOnBlob(files: Files, effect: BlobEffect): void {
  switch (effect.kind) {
    case 'measure':
      files.measure(effect.blob, effect.path)
      break
    case 'copy':
      files.copy(effect.blob, effect.path)
      break
    case 'open-blob':
      files.open(effect.blob, effect.file)
      break
    case 'create-blob':
      files.create(effect.blob)
      break
    case 'append':
      files.append(effect.blob, effect.data)
      break
    case 'finish':
      files.finish(effect.blob)
      break
    case 'read':
      files.read(effect.blob, effect.offset, effect.length)
      break
    case 'commit':
      files.commit(effect.blob, effect.file)
      break
    case 'discard':
      files.discard(effect.blob)
      break
  }
}

/** The longest silent goes. One that waits for an answer of this node is silent for a good reason, and goes only if all do. */
const goesBefore = (a: Standing, b: Standing): boolean =>
  a.isWaitingForAnswer === b.isWaitingForAnswer ? a.lastActiveAt < b.lastActiveAt : b.isWaitingForAnswer
type Standing = Pick<Connection<object>, 'isWaitingForAnswer' | 'lastActiveAt'>

async function listening(socket: dgram.Socket | net.Server, open: () => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('listening', () => {
      socket.off('error', reject)
      resolve()
    })
    open()
  })
}
