// A name service or a peer that the harness plays: it accepts connections, answers the requests on each in their order, and
// calls nodes. It does what peers.md says until a case tells it otherwise, method by method.
//
// It closes a connection only when the other side has: so a case sees whether the caller closes, as it must.
import type { Socket } from 'node:net'
import { type Address, errorNames, REQUEST_BYTES_MAX } from '../../spec/peers/messages.ts'
import { Violation } from '../verdict/case.ts'
import {
  type Answer,
  argsOf,
  type Handler,
  methodOf,
  type PeersNode,
  type Played,
} from '../verdict/peers-bench.ts'
import type { AddressBook } from './address-book.ts'
import type { Frame } from './capture.ts'
import { Participant, type Surroundings } from './participant.ts'
import type { ProbeConnection } from './probe.ts'
import type { PeerConnection } from './probe-connection.ts'

/** An error with one argument, a text. */
export const failure = (name: string, text: string): Answer => ({ error: { name, args: [text] } })

type OneCall = Awaited<ReturnType<Played['call']>>

/** What fails while the case looks elsewhere is reported when the case awaits it, not as a promise left behind. */
function awaitedLater<R>(work: Promise<R>): Promise<R> {
  work.catch(() => undefined)
  return work
}

export abstract class PlayedParticipant extends Participant implements Played {
  protected readonly addresses: AddressBook
  private readonly handlers = new Map<string, Handler>()
  /** What is being done on each connection; the next request on it waits for that. */
  private readonly work = new WeakMap<PeerConnection, Promise<void>>()

  constructor(seat: number, surroundings: Surroundings, addresses: AddressBook) {
    super(seat, surroundings)
    this.addresses = addresses
  }

  get seat(): number {
    return this.place
  }

  addressFor(node: PeersNode): Address {
    return this.addresses.addressIn(node.seat, this.seat)
  }

  on(method: string, handler: Handler): void {
    this.handlers.set(method, handler)
  }

  call(
    node: PeersNode,
    method: string,
    args: readonly unknown[],
    withinMs = this.surroundings.deadlineMs,
  ): Promise<OneCall> {
    return awaitedLater(this.makeCall(node, method, args, withinMs))
  }

  callFor(node: PeersNode, method: string, args: readonly unknown[], requirement: string): Promise<unknown> {
    return awaitedLater(this.resultOf(this.call(node, method, args), method, args, requirement))
  }

  private async makeCall(
    node: PeersNode,
    method: string,
    args: readonly unknown[],
    withinMs: number,
  ): Promise<OneCall> {
    const connection = await this.dial(node.seat, node.listenPort)
    try {
      await connection.sendBytes(`${JSON.stringify({ method, args })}\n`)
      const request = connection.lastSent
      if (request === undefined) throw new Error(`the call of ${method} is not in the capture`)
      return { request, answer: await connection.receive(() => true, withinMs) }
    } finally {
      connection.close()
    }
  }

  private async resultOf(
    calling: Promise<OneCall>,
    method: string,
    args: readonly unknown[],
    requirement: string,
  ): Promise<unknown> {
    const { request, answer } = await calling
    const message = answer?.message
    if (message !== undefined && Object.hasOwn(message, 'result') && !Object.hasOwn(message, 'error'))
      return message.result
    throw new Violation({
      requirement,
      expected: `a result as the answer to ${method}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`,
      actual: message === undefined ? 'no answer' : JSON.stringify(message),
      exhibits: [{ frame: (answer ?? request).n }],
    })
  }

  connect(node: PeersNode): Promise<ProbeConnection> {
    return this.dial(node.seat, node.listenPort)
  }

  receive(method: string, withinMs?: number): Promise<Frame | undefined> {
    return this.takeNext((frame) => methodOf(frame) === method, withinMs)
  }

  received(method: string): readonly Frame[] {
    return this.surroundings.capture.frames.filter(
      (frame) => frame.to === this.seat && frame.sender === 'program' && methodOf(frame) === method,
    )
  }

  override accept(node: number, socket: Socket): PeerConnection {
    const connection = super.accept(node, socket)
    // Behind the requests that came before it, however long their handlers take.
    socket.on('end', () => this.afterwards(connection, async () => connection.end()))
    return connection
  }

  /** What it does with a request when the case has said nothing. */
  protected abstract respond(method: string, args: readonly unknown[], request: Frame): Answer

  protected override onFrame(frame: Frame, connection: PeerConnection): void {
    this.afterwards(connection, () => this.serve(frame, connection))
  }

  private afterwards(connection: PeerConnection, action: () => Promise<void>): void {
    const before = this.work.get(connection) ?? Promise.resolve()
    this.work.set(
      connection,
      before.then(action).catch((error: unknown) => this.surroundings.capture.fail(error)),
    )
  }

  private async serve(request: Frame, connection: PeerConnection): Promise<void> {
    const answer = await this.answerTo(request)
    if (answer === 'silent' || !connection.isWritable) return
    if (answer === 'close') connection.end()
    else if (answer === 'reset') connection.reset()
    else if ('raw' in answer) {
      await connection.sendBytes(answer.raw)
      if (answer.close === true) connection.end()
    } else await connection.sendBytes(`${JSON.stringify(answer)}\n`)
  }

  private answerTo(request: Frame): Answer | Promise<Answer> {
    const { message, fault } = request
    // A line that is too long was never looked at.
    if (message === undefined && fault === undefined)
      return { raw: `${JSON.stringify(protocolError(TOO_LONG))}\n`, close: true }
    const method = methodOf(request)
    if (method === undefined || !Array.isArray(message?.args)) return protocolError(NO_REQUEST)
    const handler = this.handlers.get(method)
    return handler === undefined
      ? this.respond(method, argsOf(request), request)
      : handler(argsOf(request), request)
  }
}

const TOO_LONG = `a request has at most ${REQUEST_BYTES_MAX} bytes`
const NO_REQUEST = "a request is an object with 'method' and 'args'"
const protocolError = (text: string): Answer => failure(errorNames.protocol, text)
