// One place where one node looks for one participant: port viewPort + place, TCP, and UDP where the system has it.
//
// The UDP socket stays open for the whole case, also to send from: what peer 4 sends to node 9 leaves from the address
// at which node 9 knows peer 4. The TCP listener comes and goes, because a dead peer refuses connections.
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { LOOPBACK } from './ports.ts'
import { reset } from './tcp-stream.ts'

export interface EndpointHandlers {
  /** Absent in a system without datagrams: then there is no UDP socket. */
  readonly onDatagram?: (endpoint: Endpoint, bytes: Uint8Array) => void
  onConnection(endpoint: Endpoint, socket: Socket): void
  /** The harness itself is in trouble: a port that was ours is gone. */
  onError(error: Error): void
}

export class Endpoint {
  readonly viewer: number
  readonly target: number
  readonly port: number
  private readonly handlers: EndpointHandlers
  private readonly udp: DatagramSocket | undefined
  private server: Server | undefined
  private wanted = false
  private closed = false
  private work: Promise<void> = Promise.resolve()

  /** Binds the sockets, or rejects with EADDRINUSE and leaves none open. It listens at first. */
  static async open(
    viewer: number,
    target: number,
    port: number,
    handlers: EndpointHandlers,
  ): Promise<Endpoint> {
    const udp = handlers.onDatagram === undefined ? undefined : await bindUdp(port)
    const endpoint = new Endpoint(viewer, target, port, handlers, udp)
    try {
      endpoint.wanted = true
      await endpoint.apply()
    } catch (error) {
      await endpoint.close()
      throw error
    }
    return endpoint
  }

  private constructor(
    viewer: number,
    target: number,
    port: number,
    handlers: EndpointHandlers,
    udp: DatagramSocket | undefined,
  ) {
    this.viewer = viewer
    this.target = target
    this.port = port
    this.handlers = handlers
    this.udp = udp
    udp?.on('error', (error) => handlers.onError(error))
    udp?.on('message', (bytes) => {
      if (!this.closed) handlers.onDatagram?.(this, bytes)
    })
  }

  /** Sends a datagram from this address. Nothing is said when nobody is there, as with any datagram. */
  send(bytes: Uint8Array | string, toPort: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.closed || this.udp === undefined) resolve()
      else this.udp.send(bytes, toPort, LOOPBACK, () => resolve())
    })
  }

  /**
   * Accepts connections, or refuses them. Refusing takes effect before this returns, so that a node that is told next to
   * connect cannot slip in; accepting takes effect when the promise is fulfilled.
   */
  setListening(listening: boolean): Promise<void> {
    this.wanted = listening
    if (!listening) this.stopListening()
    this.work = this.work.then(() => this.apply()).catch((error: Error) => this.handlers.onError(error))
    return this.work
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.setListening(false)
    const { udp } = this
    if (udp !== undefined) await new Promise<void>((resolve) => udp.close(() => resolve()))
  }

  private async apply(): Promise<void> {
    if (this.wanted && !this.closed && this.server === undefined) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        // A connection that the kernel had already accepted when the peer died.
        if (this.server !== server) reset(socket)
        else this.handlers.onConnection(this, socket)
      })
      this.server = server
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) => {
          if (this.server === server) this.server = undefined
          reject(error)
        })
        server.once('close', resolve)
        server.listen({ port: this.port, host: LOOPBACK, exclusive: true }, resolve)
      })
    }
    if (!this.wanted || this.closed) this.stopListening()
  }

  private stopListening(): void {
    // The port is free as soon as `close` is called; its callback would wait for connections that may stay for long.
    this.server?.close()
    this.server = undefined
  }
}

async function bindUdp(port: number): Promise<DatagramSocket> {
  const udp = createSocket('udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject)
      udp.bind({ port, address: LOOPBACK, exclusive: true }, resolve)
    })
  } catch (error) {
    udp.close()
    throw error
  }
  udp.removeAllListeners('error')
  return udp
}
