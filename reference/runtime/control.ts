// The control channel (spec/control/control.md): lines with commands come in, lines with replies and events go out.
//
// Each line is written at once and nothing else is (control.lines).
// What a command says is checked here, against the same schemas that the harness publishes; a machine is only given commands
// that are right in form. A command that takes time holds up nothing: its reply is written when the machine gives it.
import { CONTROL_LINE_BYTES_MAX } from '../../spec/common/limits.ts'
import { CONTROL_VERSION, type ControlErrorCode } from '../../spec/control/messages.ts'
import { checkArguments } from '../core/arguments.ts'
import { parseObject } from '../core/codec.ts'
import { FrameDecoder } from '../core/frame-decoder.ts'
import type { AnyReply, Role, RunningNode } from './role.ts'

export interface ControlOptions {
  readonly name: string
  readonly version: string
  readonly roles: ReadonlyMap<string, Role>
  /** One process is one node: `node` may be missing, and `stop` ends the program. */
  readonly isSingle: boolean
  readonly writeLine: (line: string) => void
  /** A program of one node has left its ring. */
  readonly onStopped: () => void
}

interface HostedNode {
  readonly running: RunningNode
  isListening: boolean
}

export class Control {
  readonly #options: ControlOptions
  readonly #decoder = new FrameDecoder(CONTROL_LINE_BYTES_MAX)
  readonly #nodes = new Map<number, HostedNode>()
  /** Commands without a reply yet: under which `seq` the reply goes out. */
  readonly #seqs = new Map<number, number>()
  #nextHandle = 1
  #onIdle: (() => void) | undefined

  constructor(options: ControlOptions) {
    this.#options = options
  }

  /** control.hello */
  sayHello(): void {
    const { name, version, roles, isSingle } = this.#options
    const features = [...roles.values()].flatMap((role) => role.features)
    this.#write({
      event: 'hello',
      control: CONTROL_VERSION,
      name,
      version,
      language: 'typescript',
      roles: [...roles.keys()],
      features: isSingle ? features : [...features, 'multi-node'],
    })
  }

  /** Bytes from the harness. False if they cannot be understood any more: a line has no end within its bound. */
  onBytes(bytes: Uint8Array): boolean {
    this.#decoder.push(bytes)
    for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
      if (frame.kind === 'too-long') return false
      if (frame.kind === 'line') this.#onLine(Buffer.from(frame.bytes).toString('utf8'))
    }
    return true
  }

  /** control.eof: the harness is gone. What can be answered within `graceMs` is answered, and every node is killed. */
  async end(graceMs: number): Promise<void> {
    if (this.#seqs.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
        setTimeout(resolve, graceMs)
      })
    }
    for (const { running } of this.#nodes.values()) running.kill()
    this.#nodes.clear()
  }

  /** control.lines. False if the line would be longer than a line may be. */
  #write(content: object): boolean {
    const line = JSON.stringify(content)
    // A UTF-16 unit takes up to three bytes; most lines need no counting.
    const mayBeTooLong = line.length * 3 > CONTROL_LINE_BYTES_MAX
    if (mayBeTooLong && Buffer.byteLength(line) > CONTROL_LINE_BYTES_MAX) return false
    this.#options.writeLine(line)
    return true
  }

  #onLine(line: string): void {
    const command = parseObject(line)
    const seq = command?.seq
    // Without a `seq` there is nothing that a reply could repeat.
    if (command === undefined || !Number.isSafeInteger(seq)) return
    const handle = this.#nextHandle
    this.#nextHandle += 1
    this.#seqs.set(handle, seq as number)
    this.#onCommand(handle, command)
  }

  #onCommand(handle: number, command: Record<string, unknown>): void {
    const { isSingle, roles } = this.#options
    const name = command.command
    if (typeof name !== 'string') {
      this.#fail(handle, 'bad-argument', 'command: is not a string')
      return
    }
    const number = command.node ?? (isSingle ? 0 : undefined)
    const isKnown = name === 'start' || [...roles.values()].some((role) => Object.hasOwn(role.commands, name))
    // control.unsupported
    if (!isKnown) {
      this.#fail(handle, 'unsupported', `there is no command ${name}`)
      return
    }
    if (!Number.isSafeInteger(number)) {
      this.#fail(handle, 'bad-argument', 'node: is not an integer')
      return
    }
    // A program of one node may ignore the number (control.md section 3).
    const key = isSingle ? 0 : (number as number)
    if (name === 'start') {
      this.#start(handle, key, command)
      return
    }
    const node = this.#nodes.get(key)
    if (node === undefined || !node.isListening) {
      this.#fail(handle, 'not-started', `node ${key} is not started`)
      return
    }
    const schema = node.running.commands[name]
    if (schema === undefined) {
      this.#fail(handle, 'unsupported', `this node has no command ${name}`)
      return
    }
    const problem = checkArguments(schema, command)
    if (problem !== undefined) {
      this.#fail(handle, 'bad-argument', problem)
      return
    }
    const { seq: _seq, command: _command, node: _node, ...args } = command
    node.running.command(handle, name, args)
  }

  /** control.start.listening */
  #start(handle: number, key: number, command: Record<string, unknown>): void {
    if (this.#nodes.has(key)) {
      this.#fail(handle, 'already-started', `node ${key} is started already`)
      return
    }
    const { role: roleName, config } = command
    const role = typeof roleName === 'string' ? this.#options.roles.get(roleName) : undefined
    if (role === undefined) {
      const known = [...this.#options.roles.keys()].join(', ')
      this.#fail(handle, 'bad-argument', `role: is none of ${known}`)
      return
    }
    const problem = checkArguments(role.config, config) ?? role.checkConfig(config)
    if (problem !== undefined) {
      this.#fail(handle, 'bad-config', problem)
      return
    }

    const running = role.create(config, {
      onReply: (replied, reply) => this.#reply(replied, reply),
      onEvent: (event) => this.#write(this.#options.isSingle ? event : { ...event, node: key }),
      onHalted: () => {
        this.#nodes.delete(key)
        if (this.#options.isSingle) this.#options.onStopped()
      },
    })
    const node: HostedNode = { running, isListening: false }
    this.#nodes.set(key, node)
    running.listen().then(
      () => {
        node.isListening = true
        this.#reply(handle, { ok: true, result: {} })
      },
      (error: unknown) => {
        this.#nodes.delete(key)
        const { code, detail } = listenFailure(error)
        this.#fail(handle, code, detail)
      },
    )
  }

  #fail(handle: number, code: ControlErrorCode, message: string): void {
    this.#reply(handle, { ok: false, error: { code, message } })
  }

  /** control.reply: exactly one for each command. */
  #reply(handle: number, reply: AnyReply): void {
    const seq = this.#seqs.get(handle)
    if (seq === undefined) return
    this.#seqs.delete(handle)
    if (!this.#write({ seq, ...reply })) {
      const message = `the result does not fit into a line of ${CONTROL_LINE_BYTES_MAX} bytes`
      this.#write({ seq, ok: false, error: { code: 'internal', message } })
    }
    if (this.#seqs.size === 0) this.#onIdle?.()
  }
}

function listenFailure(error: unknown): { code: ControlErrorCode; detail: string } {
  const detail = error instanceof Error ? error.message : String(error)
  const cause = error instanceof Error && 'code' in error ? error.code : undefined
  if (cause === 'EADDRINUSE') return { code: 'address-in-use', detail }
  return { code: 'bad-config', detail: `host, listenPort: ${detail}` }
}
