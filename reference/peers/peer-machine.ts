// The peer as one machine: which part takes which input.
//
// calls.ts is the caller's side of a call and skeleton.ts the server's; list.ts knows the others; join.ts and leave.ts keep the
// list; lock.ts passes the token and database.ts writes under it. rules.ts has the decisions. All share one `Peer` (peer.ts),
// whose state is everything that the machine remembers.
import type { PeerConfig } from '../../spec/peers/control.ts'
import { databaseMethods, listMethods, lockMethods, type peerMethods } from '../../spec/peers/messages.ts'
import { isDeeperThan } from './codec.ts'
import { type Failure, stopped } from './failure.ts'
import { notReady } from './join.ts'
import { LEVELS_MAX } from './limits.ts'
import { initialState, Peer, type PeerState } from './peer.ts'
import { type PeersRules, peersRules } from './rules.ts'
import { peerSettingsOf } from './settings.ts'
import { type CheckedRequest, checkRequest } from './skeleton.ts'
import type {
  PeerCommand,
  PeerEffect,
  PeerInput,
  PeerSettings,
  PeersRequest,
  PeerVocabulary,
  StatefulMachine,
} from './vocabulary.ts'

export type PeerMachine = StatefulMachine<PeerVocabulary, PeerState>
type Method = keyof typeof peerMethods

/** A peer; given a state it goes on from there, and makes that object its own. */
export function createPeerMachine(
  config: PeerConfig,
  state?: PeerState,
  rules: PeersRules = peersRules,
): PeerMachine {
  const settings = peerSettingsOf(config)
  return new PeerOfType(new Peer(settings, state ?? initialState(settings), rules))
}

/** peers.call.private: what a peer with these features offers. */
function methodsOf({ lock, fortunes }: PeerSettings): ReadonlySet<Method> {
  return new Set([
    ...Object.keys(listMethods),
    ...(lock ? Object.keys(lockMethods) : []),
    ...(fortunes === undefined ? [] : Object.keys(databaseMethods)),
  ] as Method[])
}

const unsupported: Failure = { code: 'unsupported', message: 'this peer is configured without it' }
const notJoined: Failure = { code: 'not-joined', message: 'this peer has not joined' }

class PeerOfType implements PeerMachine {
  readonly #peer: Peer
  readonly #offered: ReadonlySet<Method>

  constructor(peer: Peer) {
    this.#peer = peer
    this.#offered = methodsOf(peer.settings)
  }

  get state(): PeerState {
    return this.#peer.state
  }

  step(input: PeerInput): readonly PeerEffect[] {
    if (!this.state.isHalted) this.#handle(input)
    return this.#peer.takeEffects()
  }

  #handle(input: PeerInput): void {
    const { calls, lock } = this.#peer
    switch (input.kind) {
      case 'command':
        this.#onCommand(input.handle, input.command)
        break
      case 'message':
        if (input.connection > 0) calls.onLine(input.connection, input.message)
        else if ('method' in input.message) this.#onRequest(input.connection, input.message)
        break
      case 'ended':
        // Of a connection that others opened everything has been answered: nothing more is due on it.
        if (input.connection > 0) calls.onEnded(input.connection)
        else this.#peer.emit({ kind: 'close', connection: input.connection })
        break
      case 'closed':
      case 'unreachable':
        calls.onGone(input.connection)
        break
      case 'timer':
        if (!calls.onTimer(input.name)) lock?.onTimer(input.name)
        break
      default:
    }
  }

  // Commands

  #onCommand(handle: number, command: PeerCommand): void {
    const peer = this.#peer
    const { lock, database } = peer
    if (command.command === 'state') {
      this.#tellState(handle)
    } else if (command.command === 'stop') {
      peer.leave.begin(handle)
    } else if (peer.leave.isForGood) {
      peer.fail(handle, stopped)
    } else if (command.command === 'join') {
      peer.join.begin(handle)
    } else if (command.command === 'call') {
      this.#call(handle, command)
    } else if (command.command === 'send') {
      this.#send(handle, command.to, command.text)
    } else if (command.command === 'acquire') {
      if (lock === undefined) peer.fail(handle, unsupported)
      else this.#acquire(handle)
    } else if (command.command === 'release') {
      if (lock === undefined) peer.fail(handle, unsupported)
      else this.#release(handle)
    } else if (database === undefined) {
      peer.fail(handle, unsupported)
    } else if (command.command === 'read') {
      peer.succeed(handle, { fortune: database.read() })
    } else if (!this.state.isJoined) {
      peer.fail(handle, notJoined)
    } else {
      database.write(command.fortune, { kind: 'command', handle })
    }
  }

  /** peers.control.state */
  #tellState(handle: number): void {
    const { id, settings, list, lock, database } = this.#peer
    this.#peer.succeed(handle, {
      id,
      type: settings.type,
      peers: list.copy,
      token: lock?.token ?? null,
      requests: lock?.requests ?? null,
      fortunes: database?.copy ?? null,
    })
  }

  /** peers.control.call */
  #call(handle: number, { address, method, args }: Extract<PeerCommand, { command: 'call' }>): void {
    if (isDeeperThan(LEVELS_MAX, args)) {
      this.#peer.fail(handle, { code: 'bad-argument', message: 'args: is nested too deep' })
    } else {
      this.#peer.calls.begin(address, method, args, { kind: 'call', handle })
    }
  }

  /** peers.message.send, peers.message.not-found */
  #send(handle: number, to: number, text: string): void {
    const { rules, list, calls, id } = this.#peer
    const receiver = rules.receiverOf(list.peers, to, id)
    if (receiver === undefined) {
      this.#peer.fail(handle, { code: 'not-found', message: `there is no peer ${to} in the list` })
    } else {
      calls.begin(receiver.address, 'print_message', [id, text], { kind: 'send', id: receiver.id, handle })
    }
  }

  /** peers.lock.busy */
  #acquire(handle: number): void {
    const { lock } = this.#peer
    if (!this.state.isJoined) this.#peer.fail(handle, notJoined)
    else if (lock?.isFree) lock.acquire({ kind: 'acquire', handle })
    else this.#peer.fail(handle, { code: 'busy', message: 'this peer has the lock or waits for it' })
  }

  #release(handle: number): void {
    const { lock, database } = this.#peer
    if (!lock?.isHeldByCommand) {
      this.#peer.fail(handle, { code: 'not-held', message: 'this peer does not hold the lock' })
      return
    }
    lock.release()
    this.#peer.succeed(handle, {})
    database?.goOn()
  }

  // Requests

  #onRequest(connection: number, request: PeersRequest): void {
    const checked = checkRequest(this.#peer.rules, this.#offered, request)
    if (checked.isRefused) this.#peer.answer(connection, checked.answer)
    else this.#onMethod(connection, checked.request)
  }

  /** Each is answered first: what it sets off must not come before its answer. */
  #onMethod(connection: number, request: CheckedRequest<Method>): void {
    const peer = this.#peer
    const { list, lock, database } = peer
    switch (request.method) {
      case 'check':
        peer.answer(connection, { result: [peer.id, peer.settings.type] })
        break
      case 'register_peer':
        peer.join.onRegisterPeer(connection, ...request.args)
        break
      case 'unregister_peer':
        peer.answer(connection, list.unregister(...request.args))
        peer.join.onUnregistered(...request.args)
        break
      case 'display_peers':
        peer.answer(connection, { result: null })
        peer.report({ event: 'display', peers: list.copy })
        break
      case 'print_message': {
        const [from, text] = request.args
        peer.answer(connection, { result: null })
        peer.report({ event: 'message', from, text })
        break
      }
      case 'request_token':
        peer.answer(connection, peer.join.hasBegun ? { result: null } : notReady)
        if (peer.join.hasBegun) lock?.onRequest(...request.args)
        break
      case 'obtain_token': {
        const answer = lock?.answerToToken()
        if (answer === undefined) break
        peer.answer(connection, answer)
        if ('result' in answer) lock?.onObtained(...request.args)
        break
      }
      case 'read':
        peer.answer(connection, { result: database?.read() ?? null })
        break
      case 'read_all':
        if (database !== undefined) peer.answer(connection, database.readAll())
        break
      case 'write_local':
        if (database !== undefined) peer.answer(connection, database.writeLocal(...request.args))
        break
      case 'write':
        database?.write(...request.args, { kind: 'call', connection })
        break
    }
  }
}
