// For tests: ring peers in this process, on free loopback ports, each in a folder of its own.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import type { RingConfig, RingResult } from '../../spec/ring/control.ts'
import type { RingCommand } from '../ring/vocabulary.ts'
import { ringRole } from './ring-role.ts'
import type { AnyReply, RunningNode } from './role.ts'

/** Polls until the condition holds; fails after ten seconds with what was waited for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export interface TestPeer {
  readonly id: number
  readonly port: number
  readonly folder: string
  readonly events: Record<string, unknown>[]
  readonly isHalted: boolean
  send(command: RingCommand): Promise<AnyReply>
  state(): Promise<RingResult<'state'>>
  kill(): void
}

export class TestPeers {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peerspec-runtime-'))
  readonly #nodes: RunningNode[] = []
  #basePort = 0

  /** Starts one peer for each id. The first call chooses a base port at which all of them are free. */
  async start(ids: readonly number[], config: Partial<RingConfig> = {}): Promise<TestPeer[]> {
    for (let attempt = 0; ; attempt += 1) {
      if (this.#nodes.length === 0) this.#basePort = 20_000 + Math.floor(Math.random() * 10_000)
      const started: TestPeer[] = []
      try {
        for (const id of ids) started.push(await this.#startOne(id, config))
        return started
      } catch (error) {
        for (const { kill } of started) kill()
        this.#nodes.length = 0
        if (attempt === 20) throw error
      }
    }
  }

  async #startOne(id: number, config: Partial<RingConfig>): Promise<TestPeer> {
    const folder = path.join(this.folder, String(id))
    fs.mkdirSync(folder, { recursive: true })
    const replies = new Map<number, (reply: AnyReply) => void>()
    const events: Record<string, unknown>[] = []
    let isHalted = false
    const node = ringRole().create(
      {
        id,
        basePort: this.#basePort,
        folder,
        pingIntervalMs: 50,
        requestTimeoutMs: 5000,
        retransmitTimeoutMs: 10,
        retransmissionsMax: 1000,
        ...config,
      },
      {
        onReply: (handle, reply) => replies.get(handle)?.(reply),
        onEvent: (event) => events.push(event as Record<string, unknown>),
        onHalted: () => {
          isHalted = true
        },
      },
    )
    await node.listen()
    this.#nodes.push(node)
    let handle = 0
    const send = ({ command, ...args }: RingCommand) => {
      handle += 1
      const number = handle
      return new Promise<AnyReply>((resolve) => {
        replies.set(number, resolve)
        node.command(number, command, args)
      })
    }
    return {
      id,
      port: this.#basePort + id,
      folder,
      events,
      get isHalted() {
        return isHalted
      },
      send,
      state: async () => {
        const reply = await send({ command: 'state' })
        if (!reply.ok) throw new Error(reply.error.message)
        return reply.result as RingResult<'state'>
      },
      kill: () => node.kill(),
    }
  }

  /** Makes a ring out of peers that were started, and waits until everybody knows its neighbours. */
  async ring(ids: readonly number[], config: Partial<RingConfig> = {}): Promise<TestPeer[]> {
    const peers = await this.start(ids, config)
    const [first, ...others] = peers
    if (first === undefined) return []
    await first.send({ command: 'init', successors: [first.id, first.id] })
    for (const peer of others) {
      const reply = await peer.send({ command: 'join', via: first.id })
      if (!reply.ok) throw new Error(`${peer.id} could not join: ${reply.error.message}`)
    }
    const sorted = [...ids].sort((a, b) => a - b)
    await until('a ring at rest', async () => {
      const states = await Promise.all(peers.map((peer) => peer.state()))
      return states.every(({ id, successors, predecessors }) => {
        const place = sorted.indexOf(id)
        const at = (steps: number) => sorted.at((place + steps) % sorted.length)
        const isRight = successors?.[0] === at(1) && successors?.[1] === at(2)
        return isRight && (sorted.length === 1 || predecessors[0] === sorted.at(place - 1))
      })
    })
    return peers
  }

  /** One more peer at that very port. */
  startAt(id: number, listenPort: number): Promise<TestPeer> {
    return this.#startOne(id, { listenPort })
  }

  file(name: string, content: Uint8Array | string): string {
    const file = path.join(this.folder, name)
    fs.writeFileSync(file, content)
    return file
  }

  close(): void {
    for (const node of this.#nodes) node.kill()
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

/** A raw connection to a peer: what comes back is collected as lines. */
export class RawConnection {
  readonly #socket: net.Socket
  #text = ''
  isEnded = false

  constructor(port: number) {
    this.#socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (bytes) => {
      this.#text += bytes.toString('utf8')
    })
    this.#socket.on('end', () => {
      this.isEnded = true
    })
    this.#socket.on('error', () => {
      this.isEnded = true
    })
  }

  write(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()))
  }

  end(): void {
    this.#socket.end()
  }

  /** Reads no more. */
  pause(): void {
    this.#socket.pause()
  }

  /** Bytes that were written and not yet taken by the kernel. */
  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  destroy(): void {
    this.#socket.destroy()
  }

  get messages(): Record<string, unknown>[] {
    return this.#text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  async message(index = 0): Promise<Record<string, unknown>> {
    await until(`message ${index} on the connection`, () => this.messages.length > index)
    return this.messages[index] ?? {}
  }
}
