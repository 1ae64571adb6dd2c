// A peer among strangers that know the protocol and nothing else: well-formed messages of all types, in any order, with
// numbers that sometimes fit (common.robust.hostile, common.robust.bounds).
import { expect, test } from 'vitest'
import type { RingTcpMessage, RingUdpMessage } from '../../spec/ring/messages.ts'
import { seededRandom } from '../core/random.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import type { RingCommand, RingEffect } from './vocabulary.ts'

const digest = 'a'.repeat(64)

function stranger(seed: number) {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(...choices: readonly T[]): T => choices[below(choices.length)] as T
  // Few ids and numbers, so that they meet.
  const id = () => below(8) * 30
  const pair = (): [number, number] => [id(), id()]
  const route = () => Array.from({ length: below(4) }, id)
  const number = () => pick(below(20), below(4))
  const name = () => `00${below(10)}${below(10)}`
  const seq = () => 1 + 400 * below(4)

  const datagram = (): RingUdpMessage => {
    const from = id()
    const transfer = number()
    return pick<() => RingUdpMessage>(
      () => ({ type: 'ring.ping', from, seq: number(), slot: pick(1, 2) }),
      () => ({ type: 'ring.pong', from, seq: number() }),
      () => ({
        type: 'ring.offer',
        from,
        transfer,
        request: number(),
        name: name(),
        size: 800,
        digest,
        mss: 400,
        route: route(),
      }),
      () => ({ type: 'ring.ready', from, transfer }),
      () => ({ type: 'ring.data', from, transfer, seq: seq(), data: Buffer.alloc(400).toString('base64') }),
      () => ({ type: 'ring.ack', from, transfer, ack: seq() + 400 }),
      () => ({ type: 'ring.end', from, transfer, seq: seq() }),
    )()
  }
  const stream = (): RingTcpMessage => {
    const from = id()
    const request = number()
    const answer = { from, name: name(), request }
    const lookup = { ...answer, origin: id(), route: route() }
    return pick<() => RingTcpMessage>(
      () => ({ type: 'ring.join', from, id: id(), route: route() }),
      () => ({ type: 'ring.accept', from, successors: pair(), route: route() }),
      () => ({ type: 'ring.decline', from, id: id(), reason: pick('duplicate-id', 'no-place') }),
      () => ({ type: 'ring.successor-change', from, successors: pair() }),
      () => ({ type: 'ring.successor-query', from, ...(random() < 0.5 ? { dead: id() } : {}) }),
      () => ({ type: 'ring.successor-answer', from, successor: pick(id(), null) }),
      () => ({ type: 'ring.depart', from, successors: pair() }),
      () => ({ type: 'ring.depart-ack', from }),
      () => ({ type: 'ring.store', ...lookup, size: 800 }),
      () => ({ type: 'ring.store-accept', ...answer, route: route() }),
      () => ({ type: 'ring.put', ...answer, digest, bodyLength: 800 }),
      () => ({ type: 'ring.stored', ...answer }),
      () => ({ type: 'ring.request', ...lookup, transport: pick('tcp', 'udp') }),
      () => ({ type: 'ring.file', ...answer, digest, route: route(), bodyLength: 800 }),
      () => ({ type: 'ring.not-found', ...answer, route: route() }),
      () => ({ type: 'error', code: pick('unexpected', 'not-in-ring', 'busy'), message: '' }),
    )()
  }
  return { below, pick, id, name, datagram, stream }
}

/** The driver that surrounds the peer: it keeps the contract (core/machine.ts), however the strangers behave. */
class Surroundings {
  readonly peer: ScriptedPeer
  readonly #from: ReturnType<typeof stranger>
  readonly #connections = new Set<number>()
  /** Blobs whose content is under way. */
  readonly #blobs = new Set<number>()
  commands = 0
  replies = 0

  constructor(peer: ScriptedPeer, from: ReturnType<typeof stranger>) {
    this.peer = peer
    this.#from = from
  }

  /** Something happens: a message, the end of a connection, content, time, or a command of the user. */
  happen(): void {
    const { below, pick, id, name, datagram, stream } = this.#from
    const own = pick(...this.#connections, undefined)
    pick<() => void>(
      () => this.peer.datagram(datagram()),
      () => this.peer.datagram(datagram()),
      () => void this.peer.receive(stream(), pick(own, -1 - below(40), undefined)),
      () => void this.peer.receive(stream(), pick(own, -1 - below(40), undefined)),
      () => this.peer.advance(below(60)),
      () => this.peer.input({ kind: pick('ended', 'closed'), connection: -1 - below(40) }),
      () => own !== undefined && this.#end(own, pick('closed', 'unreachable')),
      () => own !== undefined && this.peer.input({ kind: pick('ended', 'progress'), connection: own }),
      () => this.#blobs.size > 0 && this.#complete(pick(...this.#blobs), pick(true, false)),
      () => this.#command({ command: 'store', name: name(), path: '/song' }),
      () => this.#command({ command: 'request', name: name(), transport: pick('tcp', 'udp') }),
      () => this.#command({ command: 'join', via: id() }),
    )()
    this.#perform()
  }

  #command(command: RingCommand): void {
    this.commands += 1
    this.peer.command(command)
  }

  #end(connection: number, kind: 'closed' | 'unreachable'): void {
    this.#connections.delete(connection)
    this.peer.input({ kind, connection })
  }

  #complete(blob: number, isGood: boolean): void {
    this.#blobs.delete(blob)
    if (isGood) this.peer.input({ kind: 'content', blob, size: 800, digest })
    else this.peer.input({ kind: 'blob-failed', blob, detail: 'gone' })
  }

  #perform(): void {
    for (let effects = this.peer.take(); effects.length > 0; effects = this.peer.take()) {
      for (const effect of effects) this.#performOne(effect)
    }
  }

  #performOne(effect: RingEffect): void {
    const { peer } = this
    if (effect.kind === 'reply') this.replies += 1
    if (effect.kind === 'open') this.#connections.add(effect.connection)
    if (effect.kind === 'abort' && effect.connection > 0) this.#end(effect.connection, 'closed')
    if (effect.kind === 'measure' || effect.kind === 'copy' || effect.kind === 'receive-body')
      this.#blobs.add(effect.blob)
    if (effect.kind === 'discard') this.#blobs.delete(effect.blob)
    if (effect.kind === 'finish') this.#complete(effect.blob, true)
    if (effect.kind === 'commit') peer.input({ kind: 'committed', blob: effect.blob, path: '/folder/file' })
    if (effect.kind === 'read') {
      const data = Buffer.alloc(effect.length).toString('base64')
      peer.input({ kind: 'chunk', blob: effect.blob, offset: effect.offset, data })
    }
    if (effect.kind === 'send' && effect.message.type === 'error') {
      expect(effect.message.message.length).toBeLessThan(1024)
    }
  }

  /** The files cannot be read, every connection ends, and time passes. */
  wither(): void {
    for (const blob of [...this.#blobs]) this.#complete(blob, false)
    this.#perform()
    for (let round = 0; round < 100; round += 1) {
      for (const connection of [...this.#connections]) this.#end(connection, 'unreachable')
      this.peer.advance(1000)
      this.#perform()
    }
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'seed %i: nothing throws, state stays sound, every command ends',
  (seed) => {
    const peer = new ScriptedPeer({ id: 30, mss: 400, segmentLog: true, refreshIntervalMs: 200 })
    if (seed % 2 === 0) peer.command({ command: 'init', successors: [60, 90] })
    peer.take()
    const surroundings = new Surroundings(peer, stranger(seed))
    for (let count = 0; count < 3000; count += 1) {
      surroundings.happen()
      const state = peer.state()
      if (!('successors' in state && 'inRing' in state)) throw new Error('no state')
      const [first, second] = state.successors ?? [null, null]
      expect(first === null).toBe(!state.inRing)
      // A peer that is its own first successor is alone, and then it is its own second too.
      if (first === 30) expect(second).toBe(30)
      expect(state.predecessors).not.toContain(30)
    }
    surroundings.wither()
    expect(surroundings.commands).toBeGreaterThan(100)
    expect(surroundings.replies).toBe(surroundings.commands)
    peer.pingFrom(60, 2, 12_345)
    expect(peer.sentOf('ring.pong').map(({ message }) => message.seq)).toContain(12_345)
  },
)

test('common.robust.bounds: a flood of lookups opens no more than 512 connections', () => {
  const peer = ScriptedPeer.member(30, [60, 90], { pingIntervalMs: 60_000 })
  for (let request = 0; request < 2000; request += 1) {
    peer.receive({
      type: 'ring.request',
      from: 0,
      origin: 0,
      name: '0200',
      request,
      transport: 'tcp',
      route: [0],
    })
    peer.receive({ type: 'ring.store', from: 0, origin: 0, name: '0030', request, size: 1, route: [0] })
    peer.receive({ type: 'ring.join', from: 0, id: 200, route: [0] })
  }
  expect(peer.of('open').length).toBeLessThanOrEqual(512)
  expect(peer.sentOf('error').every(({ message }) => message.code === 'busy')).toBe(true)
  expect(peer.sentOf('error').length).toBeGreaterThan(1000)
})

test('common.robust.bounds: 256 puts are allowed at once', () => {
  const peer = ScriptedPeer.member(30, [60, 90], { pingIntervalMs: 60_000 })
  for (let request = 0; request < 300; request += 1) {
    peer.receive({ type: 'ring.store', from: 0, origin: 0, name: '0030', request, size: 1, route: [0] })
  }
  expect(peer.sentOf('ring.store-accept')).toHaveLength(256)
  expect(peer.sentOf('error')).toHaveLength(44)
})
