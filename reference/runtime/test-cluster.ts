// For tests: a name service and peers in this process, on free loopback ports, each driven by commands as a program would be.
import net from 'node:net'
import type { NameServiceConfig, PeerConfig, PeerResult } from '../../spec/peers/control.ts'
import type { Address, PeerCommand } from '../peers/vocabulary.ts'
import { type CommandedNode, commandedNode } from './commanded-node.ts'
import { nameServiceRole, peerRole } from './peers-roles.ts'
import type { AnyReply, Role } from './role.ts'

export type TestEvent = { readonly event: string } & Readonly<Record<string, unknown>>

export interface TestNode {
  readonly port: number
  readonly address: Address
  readonly events: TestEvent[]
  /** Resolves with the reply to a command. */
  command(command: PeerCommand['command'], args?: object): Promise<AnyReply>
  /** The result of a command that succeeds. */
  result<R extends object>(command: PeerCommand['command'], args?: object): Promise<R>
  state(): Promise<PeerResult<'state'>>
  kill(): void
}

export class TestCluster {
  readonly #nodes: CommandedNode[] = []
  #nextPort = 20_000 + Math.floor(Math.random() * 20_000)
  #nameService: Address | undefined

  async nameService(config: Partial<NameServiceConfig> = {}): Promise<TestNode> {
    const node = await this.#start(nameServiceRole(), (listenPort) => ({ listenPort, ...config }))
    this.#nameService = node.address
    return node
  }

  async peer(config: Partial<PeerConfig> = {}): Promise<TestNode> {
    const nameService = this.#nameService ?? ['127.0.0.1', 1]
    return this.#start(peerRole(), (listenPort) => ({ listenPort, type: 'ivan', nameService, ...config }))
  }

  async #start(role: Role, configFor: (port: number) => object): Promise<TestNode> {
    for (let attempt = 0; ; attempt += 1) {
      const port = this.#nextPort
      this.#nextPort += 1
      const events: TestEvent[] = []
      const node = commandedNode(role, configFor(port), (event) => events.push(event as TestEvent))
      try {
        await node.listen()
      } catch (error) {
        if (attempt < 50) continue
        throw error
      }
      this.#nodes.push(node)
      return {
        ...node,
        port,
        address: ['127.0.0.1', port],
        events,
        state: () => node.result<PeerResult<'state'>>('state'),
      }
    }
  }

  end(): void {
    for (const node of this.#nodes) node.kill()
  }
}

/** What comes back on a connection of its own after these pieces, until the other side ends or `lines` lines are there. */
export async function exchange(
  port: number,
  pieces: readonly (string | Uint8Array)[],
  options: { readonly lines?: number; readonly halfClose?: boolean } = {},
): Promise<string[]> {
  const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.setNoDelay(true)
  socket.on('error', () => {})
  let text = ''
  await new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8')
      if (text.split('\n').length > (options.lines ?? 1)) resolve()
    })
    socket.on('end', resolve)
    socket.on('close', resolve)
    const write = (index: number): void => {
      const piece = pieces[index]
      if (piece !== undefined) socket.write(piece, () => setImmediate(() => write(index + 1)))
      else if (options.halfClose === true) socket.end()
    }
    write(0)
  })
  socket.destroy()
  return text.split('\n').filter((line) => line !== '')
}
