// For tests: one ring machine whose surroundings are a script. It keeps the machine's timers and time, numbers the
// connections that others open, and sorts the effects, so that a test reads like the page: a message comes in, this goes out.
import type { RingConfig } from '../../spec/ring/control.ts'
import type { RingMessage, RingMessageOf, RingTcpMessage, RingUdpMessage } from '../../spec/ring/messages.ts'
import { createRingMachine } from './machine.ts'
import type { PeerId, RingCommand, RingEffect, RingInput, RingMachine, RingVocabulary } from './vocabulary.ts'

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never
type ReplyEffect = Extract<RingEffect, { kind: 'reply' }>

/** A message that went out, and where: `to` a peer over UDP or a new connection, or back on `connection`. */
export interface Sent {
  readonly to: PeerId | undefined
  readonly connection: number | undefined
  readonly message: RingMessage
}

export class ScriptedPeer {
  readonly machine: RingMachine
  now = 0
  /** Everything that came out since the last `take`. */
  effects: RingEffect[] = []
  #handle = 0
  #inbound = 0
  readonly #timers = new Map<string, number>()
  /** Where the machine's own connections lead. */
  readonly #opened = new Map<number, PeerId>()

  constructor(config: Partial<RingConfig> & { id: number }) {
    this.machine = createRingMachine({
      basePort: 20_000,
      folder: '/folder',
      pingIntervalMs: 100,
      joinTimeoutMs: 1000,
      requestTimeoutMs: 1000,
      departTimeoutMs: 1000,
      retransmitTimeoutMs: 50,
      ...config,
    })
    this.input({ kind: 'start', firstNumber: 1 })
  }

  /** A member with these successors, with the effects of becoming one already taken. */
  static member(id: number, successors: [number, number], config: Partial<RingConfig> = {}): ScriptedPeer {
    const peer = new ScriptedPeer({ ...config, id })
    peer.command({ command: 'init', successors })
    peer.take()
    return peer
  }

  input(input: WithoutTime<RingInput>): void {
    const effects = this.machine.step({ ...input, at: this.now } as RingInput)
    for (const effect of effects) {
      if (effect.kind === 'set-timer') this.#timers.set(effect.name, this.now + effect.delayMs)
      if (effect.kind === 'clear-timer') this.#timers.delete(effect.name)
      if (effect.kind === 'open') this.#opened.set(effect.connection, effect.to)
    }
    this.effects.push(...effects)
  }

  /** Lets time pass; timers fire when they are due. */
  advance(ms: number): void {
    const until = this.now + ms
    for (;;) {
      const due = [...this.#timers].filter(([, at]) => at <= until).sort(([, a], [, b]) => a - b)[0]
      if (due === undefined) break
      this.#timers.delete(due[0])
      this.now = due[1]
      this.input({ kind: 'timer', name: due[0] })
    }
    this.now = until
  }

  take(): RingEffect[] {
    const taken = this.effects
    this.effects = []
    return taken
  }

  command(command: RingCommand): number {
    this.#handle += 1
    this.input({ kind: 'command', handle: this.#handle, command })
    return this.#handle
  }

  /** The reply to a command, or undefined while there is none. */
  reply(handle: number): RingVocabulary['result'] | string | undefined {
    const found = this.effects.find(
      (effect): effect is ReplyEffect => effect.kind === 'reply' && effect.handle === handle,
    )
    if (found === undefined) return undefined
    return found.reply.ok ? found.reply.result : found.reply.error.code
  }

  state(): RingVocabulary['result'] {
    const before = this.effects
    this.effects = []
    const result = this.reply(this.command({ command: 'state' }))
    this.effects = before
    if (typeof result !== 'object') throw new Error('no state')
    return result
  }

  datagram(message: RingUdpMessage): void {
    this.input({ kind: 'datagram', message })
  }

  /** A message on a connection: a new one unless it is given. Returns the connection. */
  receive(message: RingTcpMessage, connection?: number): number {
    if (connection === undefined) this.#inbound -= 1
    const number = connection ?? this.#inbound
    this.input({ kind: 'message', connection: number, message })
    return number
  }

  /** What was sent since the last `take`. */
  get sent(): Sent[] {
    return this.effects.flatMap((effect): Sent[] => {
      if (effect.kind === 'send-datagram')
        return [{ to: effect.to, connection: undefined, message: effect.message }]
      if (effect.kind !== 'send') return []
      return [
        { to: this.#opened.get(effect.connection), connection: effect.connection, message: effect.message },
      ]
    })
  }

  /** Messages of one type that were sent since the last `take`. */
  sentOf<T extends RingMessage['type']>(
    type: T,
  ): { to: PeerId | undefined; connection: number; message: RingMessageOf<T> }[] {
    return this.sent
      .filter(({ message }) => message.type === type)
      .map(({ to, connection, message }) => ({
        to,
        connection: connection ?? 0,
        message: message as RingMessageOf<T>,
      }))
  }

  /** The one message of that type that was sent since the last `take`. */
  onlySent<T extends RingMessage['type']>(
    type: T,
  ): { to: PeerId | undefined; connection: number; message: RingMessageOf<T> } {
    const [first, ...more] = this.sentOf(type)
    if (first === undefined || more.length > 0)
      throw new Error(
        `${this.sentOf(type).length} instead of one ${type} among ${JSON.stringify(this.sent.map((sent) => sent.message.type))}`,
      )
    return first
  }

  events<E extends RingVocabulary['event']['event']>(
    name: E,
  ): Extract<RingVocabulary['event'], { event: E }>[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'event' && effect.event.event === name
        ? [effect.event as Extract<RingVocabulary['event'], { event: E }>]
        : [],
    )
  }

  /** Effects of one kind since the last `take`. */
  of<K extends RingEffect['kind']>(kind: K): Extract<RingEffect, { kind: K }>[] {
    return this.effects.filter((effect): effect is Extract<RingEffect, { kind: K }> => effect.kind === kind)
  }

  pingFrom(from: PeerId, slot: 1 | 2, seq = 0): void {
    this.datagram({ type: 'ring.ping', from, seq, slot })
  }

  pong(from: PeerId, seq: number): void {
    this.datagram({ type: 'ring.pong', from, seq })
  }
}
