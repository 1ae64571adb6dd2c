// The database: each peer has a copy of the same list of fortunes. One may be read anywhere; a write goes to all copies, under
// the lock (peers.database.*).
//
// A copy is of use once it is like the others': a peer that joins takes over another's, under the lock, so that no write can
// fall between. Writes that come to one peer wait here for their turn, because a peer asks for the token once at a time.
import { answerSchema, errorNames } from '../../spec/peers/messages.ts'
import { checkArguments } from '../core/arguments.ts'
import { draw, type RandomState, randomState } from '../core/random.ts'
import type { Outcome } from './calls.ts'
import { type Failure, stopped } from './failure.ts'
import { FORTUNES_MAX, WRITES_WAITING_MAX } from './limits.ts'
import type { Peer } from './peer.ts'
import { type ErrorName, errorAnswer } from './skeleton.ts'
import type { PeerId, PeersAnswer } from './vocabulary.ts'

/** Who waits for the end of a write: a command here, or a caller. */
export type Writer =
  | { readonly kind: 'command'; readonly handle: number }
  | { readonly kind: 'call'; readonly connection: number }

export interface DatabaseState {
  /** Bound: FORTUNES_MAX. */
  fortunes: string[]
  /** The copy is like the others'. */
  isReady: boolean
  /** The first one is under way or next. Bound: WRITES_WAITING_MAX + 1. */
  writes: { readonly fortune: string; readonly writer: Writer }[]
  /** The first write has the lock: it is in the own copy and goes to the others. */
  isWriting: boolean
  untold: PeerId[]
  /** Peers whose copy this one may take over. */
  unread: PeerId[]
  readonly random: RandomState
}

export function emptyDatabase(fortunes: readonly string[], seed: number): DatabaseState {
  return {
    fortunes: [...fortunes],
    isReady: false,
    writes: [],
    isWriting: false,
    untold: [],
    unread: [],
    random: randomState(seed),
  }
}

interface Refusal extends Failure {
  readonly name: ErrorName
}
const full: Refusal = { name: errorNames.full, code: 'busy', message: 'the database is full' }
const crowded: Refusal = { name: errorNames.full, code: 'busy', message: 'too many writes wait here' }
const late: Refusal = { name: errorNames.timeout, code: 'timeout', message: 'the lock was not free in time' }
const notReady: Refusal = {
  name: errorNames.notReady,
  code: 'not-joined',
  message: 'this peer has not joined',
}
const leaving: Refusal = { name: errorNames.leaving, ...stopped }

const copyAnswer = answerSchema('read_all')

export class Database {
  readonly #peer: Peer
  readonly #state: DatabaseState

  constructor(peer: Peer, state: DatabaseState) {
    this.#peer = peer
    this.#state = state
  }

  get isWriting(): boolean {
    return this.#state.isWriting
  }

  get copy(): string[] {
    return [...this.#state.fortunes]
  }

  /** peers.database.read */
  read(): string | null {
    const { fortunes, random } = this.#state
    if (fortunes.length === 0) return null
    return fortunes[this.#peer.rules.choice(draw(random), fortunes.length)] ?? null
  }

  /** peers.database.not-ready. Who has told others that it leaves is not told of their writes any more: its copy is old. */
  readAll(): PeersAnswer {
    const refusal = !this.#state.isReady ? notReady : this.#peer.leave.isTelling ? leaving : undefined
    return refusal === undefined ? { result: this.copy } : errorAnswer(refusal.name, refusal.message)
  }

  /** peers.database.write-local, peers.database.bounds */
  writeLocal(fortune: string): PeersAnswer {
    const { fortunes, isReady } = this.#state
    const { rules } = this.#peer
    if (!rules.appliesWriteLocal(isReady)) return { result: null }
    if (!rules.hasRoomFor(fortunes.length, FORTUNES_MAX)) return errorAnswer(full.name, full.message)
    fortunes.push(fortune)
    return { result: null }
  }

  // Writing

  /** peers.database.write, peers.database.write-queue */
  write(fortune: string, writer: Writer): void {
    const { writes, isReady } = this.#state
    if (this.#peer.state.leave !== null) this.#refuse(writer, leaving)
    else if (!isReady) this.#refuse(writer, notReady)
    else if (!this.#peer.rules.mayWait(writes.length, WRITES_WAITING_MAX)) this.#refuse(writer, crowded)
    else {
      writes.push({ fortune, writer })
      this.goOn()
    }
  }

  #refuse(writer: Writer, refusal: Refusal): void {
    const { name, code, message } = refusal
    if (writer.kind === 'command') this.#peer.fail(writer.handle, { code, message })
    else this.#peer.answer(writer.connection, errorAnswer(name, message))
  }

  /** Begins the next write, if it is its turn. */
  goOn(): void {
    const { writes, isWriting } = this.#state
    const { lock, state, rules } = this.#peer
    if (lock === undefined || writes.length === 0 || isWriting || state.leave !== null) return
    if (!rules.writesUnderLock) this.onLocked()
    else if (lock.isFree) lock.acquire({ kind: 'write' })
  }

  onLocked(): void {
    const { writes, fortunes } = this.#state
    const { rules, list } = this.#peer
    const write = writes[0]
    if (write === undefined) return
    if (!rules.hasRoomFor(fortunes.length, FORTUNES_MAX)) {
      this.#end(full)
      return
    }
    fortunes.push(write.fortune)
    this.#state.isWriting = true
    this.#state.untold = rules.toldOfWrite(list.peers).map(({ id }) => id)
    this.tellMore()
  }

  /** peers.database.write-dead: whatever comes of one call, the others are made. */
  tellMore(): void {
    const { isWriting, untold, writes } = this.#state
    const write = writes[0]
    if (!isWriting || write === undefined) return
    const isDone = this.#peer.callEach(untold, 'write-local', 'write_local', [write.fortune])
    if (isDone) this.#end(undefined)
  }

  /** The lock is released, and then the writer is answered. */
  #end(refusal: Refusal | undefined): void {
    const write = this.#state.writes.shift()
    this.#state.isWriting = false
    if (this.#peer.rules.writesUnderLock) this.#peer.lock?.release()
    if (write === undefined) return
    const { writer } = write
    if (refusal !== undefined) this.#refuse(writer, refusal)
    else if (writer.kind === 'command') this.#peer.succeed(writer.handle, {})
    else this.#peer.answer(writer.connection, { result: null })
    this.#peer.leave.goOn()
    this.goOn()
  }

  /** peers.database.write-timeout */
  onLockTimeout(): void {
    const write = this.#state.writes.shift()
    if (write !== undefined) this.#refuse(write.writer, late)
  }

  /** `stop`: only a write that has the lock is carried to its end. */
  onLeave(): void {
    const { writes, isWriting } = this.#state
    const ended = writes.splice(isWriting ? 1 : 0)
    for (const { writer } of ended) this.#refuse(writer, leaving)
  }

  // Catching up

  /** peers.database.catch-up */
  catchUp(): void {
    if (this.#peer.rules.catchesUp) this.#peer.lock?.acquire({ kind: 'catch-up' })
    else this.#onReady()
  }

  onLockedToCatchUp(): void {
    this.#state.unread = this.#peer.list.peers.map(({ id }) => id)
    this.#readNext()
  }

  #readNext(): void {
    for (let id = this.#state.unread.shift(); id !== undefined; id = this.#state.unread.shift()) {
      const address = this.#peer.list.addressOf(id)
      if (address === undefined) continue
      this.#peer.calls.begin(address, 'read_all', [], { kind: 'read-all', id })
      return
    }
    this.#peer.lock?.release()
    this.#onReady()
  }

  onCopy(outcome: Outcome): void {
    const { state, lock } = this.#peer
    if (state.join === null || state.leave !== null) return
    if (outcome.kind === 'result' && checkArguments(copyAnswer, outcome) === undefined) {
      this.#state.fortunes = [...(outcome.result as string[])]
      this.#state.unread = []
      lock?.release()
      this.#onReady()
    } else {
      this.#readNext()
    }
  }

  #onReady(): void {
    this.#state.isReady = true
    this.#peer.join.finish()
  }
}
