// The name service as one machine (peers.md section 4): it keeps who is registered under which type, and after each
// `unregister` it asks those who remain whether they are still there (checks.ts).
//
// All that it remembers is `NameServiceState`. What it cannot make of that is given to it as a value: a seed for the choices of
// `require_any`, and a keyed function from an id to a hash that nobody can guess who does not have the key.
import type { NameServiceConfig } from '../../spec/peers/control.ts'
import { errorNames, nameServiceMethods } from '../../spec/peers/messages.ts'
import { draw, type RandomState, randomState } from '../core/random.ts'
import { findById, putById, removeById } from './by-id.ts'
import { type Call, Calls } from './calls.ts'
import { type CheckPurpose, Checks } from './checks.ts'
import { type Namespace, namespaceOf, namespaceWithRoom } from './namespaces.ts'
import { type PeersRules, peersRules, type RegisteredPeer } from './rules.ts'
import { nameServiceSettingsOf } from './settings.ts'
import { type CheckedRequest, checkRequest, errorAnswer } from './skeleton.ts'
import type {
  Address,
  NameServiceEffect,
  NameServiceInput,
  NameServiceSettings,
  NameServiceVocabulary,
  PeersLine,
  RegistrationEvent,
  StatefulMachine,
} from './vocabulary.ts'

/** What a name service must not make up by itself. */
export interface NameServiceSecrets {
  readonly seed: number
  /** peers.register.hash */
  readonly hashOf: (id: number) => string
}

export interface NameServiceState {
  nextId: number
  readonly random: RandomState
  /** In the order of their types. One without registrations and without a round of checks is forgotten. */
  readonly namespaces: Namespace[]
  /** Bound: CHECKS_AT_ONCE. */
  readonly calls: Call<CheckPurpose>[]
  isHalted: boolean
}

export type NameServiceMachine = StatefulMachine<NameServiceVocabulary, NameServiceState>

const offered: ReadonlySet<keyof typeof nameServiceMethods> = new Set(
  Object.keys(nameServiceMethods) as (keyof typeof nameServiceMethods)[],
)

/** A name service; given a state it goes on from there, and makes that object its own. */
export function createNameServiceMachine(
  config: NameServiceConfig,
  secrets: NameServiceSecrets,
  state?: NameServiceState,
  rules: PeersRules = peersRules,
): NameServiceMachine {
  const begin: NameServiceState = {
    nextId: 0,
    random: randomState(secrets.seed),
    namespaces: [],
    calls: [],
    isHalted: false,
  }
  return new NameService(nameServiceSettingsOf(config), secrets, state ?? begin, rules)
}

class NameService implements NameServiceMachine {
  readonly state: NameServiceState
  readonly #settings: NameServiceSettings
  readonly #secrets: NameServiceSecrets
  readonly #rules: PeersRules
  readonly #calls: Calls<CheckPurpose>
  readonly #checks: Checks
  #effects: NameServiceEffect[] = []

  constructor(
    settings: NameServiceSettings,
    secrets: NameServiceSecrets,
    state: NameServiceState,
    rules: PeersRules,
  ) {
    this.state = state
    this.#settings = settings
    this.#secrets = secrets
    this.#rules = rules
    this.#calls = new Calls<CheckPurpose>({
      calls: state.calls,
      timeoutMs: settings.checkTimeoutMs,
      rules,
      emit: (effect) => this.#effects.push(effect),
      onOutcome: (call, outcome) => this.#checks.onOutcome(call.purpose, outcome),
    })
    this.#checks = new Checks(state, rules, this.#calls, (type, peer) => this.#report('dropped', type, peer))
  }

  step(input: NameServiceInput): readonly NameServiceEffect[] {
    if (!this.state.isHalted) this.#handle(input)
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  #handle(input: NameServiceInput): void {
    switch (input.kind) {
      case 'command':
        this.#onCommand(input.handle, input.command)
        break
      case 'message':
        if (input.connection > 0) this.#calls.onLine(input.connection, input.message)
        else if ('method' in input.message) this.#onRequest(input.connection, input.message)
        break
      case 'ended':
        // Of a connection that others opened everything has been answered: nothing more is due on it.
        if (input.connection > 0) this.#calls.onEnded(input.connection)
        else this.#effects.push({ kind: 'close', connection: input.connection })
        break
      case 'closed':
      case 'unreachable':
        this.#calls.onGone(input.connection)
        break
      case 'timer':
        this.#calls.onTimer(input.name)
        break
      default:
    }
  }

  // Commands

  #onCommand(handle: number, command: NameServiceVocabulary['command']): void {
    if (command.command === 'state') {
      this.#effects.push({ kind: 'reply', handle, reply: { ok: true, result: { types: this.#types() } } })
      return
    }
    this.state.isHalted = true
    this.#effects.push({ kind: 'halt' }, { kind: 'reply', handle, reply: { ok: true, result: {} } })
  }

  /** peers.name-service.state, peers.require.types: a type may have the name of anything. */
  #types(): Record<string, { id: number; address: Address }[]> {
    return Object.fromEntries(
      this.state.namespaces
        .filter(({ registered }) => registered.length > 0)
        .map(({ type, registered }) => [type, registered.map(({ id, address }) => ({ id, address }))]),
    )
  }

  #report(event: RegistrationEvent['event'], type: string, { id, address }: RegisteredPeer): void {
    this.#effects.push({ kind: 'event', event: { event, type, id, address } })
  }

  // Requests

  #onRequest(connection: number, request: { method: string; args: unknown[] }): void {
    const checked = checkRequest(this.#rules, offered, request)
    const answer = checked.isRefused ? checked.answer : this.#answerTo(checked.request)
    this.#effects.push({ kind: 'send', connection, message: answer })
    // peers.unregister.prompt: the checks begin when the answer is on its way.
    this.#checks.begin()
  }

  #answerTo(request: CheckedRequest<keyof typeof nameServiceMethods>): PeersLine {
    switch (request.method) {
      case 'register':
        return this.#register(...request.args)
      case 'unregister':
        return this.#unregister(...request.args)
      case 'require_all': {
        const registered = namespaceOf(this.state.namespaces, request.args[0])?.registered ?? []
        return { result: this.#rules.visible(registered).map(({ id, address }) => [id, address]) }
      }
      case 'require_any':
        return this.#requireAny(request.args[0])
      case 'require_object':
        return this.#requireObject(...request.args)
    }
  }

  /** peers.register.id, peers.register.again */
  #register(type: string, address: Address): PeersLine {
    const { state } = this
    const known = namespaceOf(state.namespaces, type)
    const older = known?.registered.find((registered) => this.#rules.takesPlaceOf(registered, address))
    const count = state.namespaces.reduce((sum, { registered }) => sum + registered.length, 0)
    if (older === undefined && !this.#rules.hasRoom(count, this.#settings.registrationsMax)) {
      return errorAnswer(errorNames.full, 'too many peers are registered')
    }
    const id = state.nextId
    state.nextId = this.#rules.idAfter(id)
    const hash = this.#secrets.hashOf(id)
    const { registered } = namespaceWithRoom(state.namespaces, type)
    if (older !== undefined) {
      removeById(registered, older.id)
      this.#report('replaced', type, older)
    }
    const peer: RegisteredPeer = { id, address, hash }
    putById(registered, peer)
    this.#report('registered', type, peer)
    return { result: [id, hash] }
  }

  /** peers.unregister.removes, peers.unregister.refused */
  #unregister(id: number, type: string, hash: string): PeersLine {
    const namespace = namespaceOf(this.state.namespaces, type)
    const known = namespace === undefined ? undefined : findById(namespace.registered, id)
    if (namespace === undefined || known === undefined || !this.#rules.mayUnregister(known, hash)) {
      return errorAnswer(errorNames.wrongValue, `no registration with id ${id}, this type and this hash`)
    }
    removeById(namespace.registered, id)
    this.#report('unregistered', type, known)
    this.#checks.plan(namespace)
    return { result: null }
  }

  /** peers.require.any, peers.require.nobody */
  #requireAny(type: string): PeersLine {
    const registered = namespaceOf(this.state.namespaces, type)?.registered ?? []
    const chosen =
      registered.length === 0
        ? undefined
        : registered[this.#rules.choice(draw(this.state.random), registered.length)]
    if (chosen === undefined) return errorAnswer(errorNames.nobody, 'no peer of this type')
    return { result: chosen.address }
  }

  /** peers.require.object, peers.require.nobody */
  #requireObject(type: string, id: number): PeersLine {
    const known = findById(namespaceOf(this.state.namespaces, type)?.registered ?? [], id)
    if (known === undefined) return errorAnswer(errorNames.nobody, `no peer of this type with id ${id}`)
    return { result: known.address }
  }
}
