// Mutants of a peer that lay hands on its memory: what it forgets, or believes, around a step that is otherwise correct.
import type { PeerConfig } from '../../../spec/peers/control.ts'
import type { ConnectionNumber } from '../../core/machine.ts'
import type { LockState } from '../../peers/lock.ts'
import type { PeerState, Purpose } from '../../peers/peer.ts'
import type { PeerMachine } from '../../peers/peer-machine.ts'
import type {
  Address,
  PeerCommand,
  PeerEffect,
  PeerInput,
  PeersRequest,
  PeerVocabulary,
} from '../../peers/vocabulary.ts'
import { FIRST_OWN_CONNECTION, tell } from '../rewire.ts'
import { type PeerWrap, requestIn } from './rewire.ts'

export const isRequest = (input: PeerInput, ...methods: readonly string[]): boolean => {
  const request = requestIn(input)
  return request !== undefined && methods.includes(request.method)
}
export const isCommand = (input: PeerInput, ...commands: readonly PeerCommand['command'][]): boolean =>
  input.kind === 'command' && commands.includes(input.command.command)

/** Changes the memory before each step. */
export const beforeSteps =
  (change: (state: PeerState, input: PeerInput) => void): PeerWrap =>
  (machine) => ({
    step: (input) => {
      change(machine.state, input)
      return machine.step(input)
    },
  })

/** Changes the memory after each step. */
export const afterSteps =
  (change: (state: PeerState, input: PeerInput) => void): PeerWrap =>
  (machine) => ({
    step: (input) => {
      const effects = machine.step(input)
      change(machine.state, input)
      return effects
    },
  })

/** Changes the memory of the lock for a step, and back after it: `change` says how to get back, or that nothing is changed. */
export const forOneStep =
  (change: (lock: LockState, input: PeerInput, state: PeerState) => (() => void) | undefined): PeerWrap =>
  (machine) => ({
    step: (input) => {
      const { lock } = machine.state
      const undo = lock === null ? undefined : change(lock, input, machine.state)
      const effects = machine.step(input)
      undo?.()
      return effects
    },
  })

/** For a step nobody has asked for the token. */
export const withoutRequests = (lock: LockState): (() => void) => {
  const { requests } = lock
  const before = requests.splice(0)
  return () => {
    for (const request of requests.splice(0)) {
      const place = before.findIndex(({ id }) => id === request.id)
      before.splice(place === -1 ? before.length : place, place === -1 ? 0 : 1, request)
    }
    requests.push(...before.toSorted((a, b) => a.id - b.id))
  }
}

const callTimer = /^call (\d+)$/

/** The call of the peer's own that ends without a result by this input, if one does. */
export function failingCall(state: PeerState, input: PeerInput): Purpose | undefined {
  const connectionOf = (): ConnectionNumber | undefined => {
    if (input.kind === 'timer') return Number(callTimer.exec(input.name)?.[1])
    if (input.kind === 'message') return 'result' in input.message ? undefined : input.connection
    return input.kind === 'ended' || input.kind === 'closed' || input.kind === 'unreachable'
      ? input.connection
      : undefined
  }
  const connection = connectionOf()
  return state.calls.find((call) => call.connection === connection && !call.isOver)?.purpose
}

/** Changes the memory when a call of that kind has failed, before the machine learns it. */
export const onFailure = (kind: Purpose['kind'], change: (state: PeerState) => void): PeerWrap =>
  beforeSteps((state, input) => {
    if (failingCall(state, input)?.kind === kind) change(state)
  })

/** Takes the failure of such a call for a success. */
export const failureIsSuccess =
  (isTaken: (purpose: Purpose, state: PeerState) => boolean): PeerWrap =>
  (machine) => ({
    step: (input) => {
      const purpose = failingCall(machine.state, input)
      const call = machine.state.calls.find((known) => known.purpose === purpose)
      if (purpose === undefined || call === undefined || !isTaken(purpose, machine.state))
        return machine.step(input)
      const { connection } = call
      const taken = machine.step({ at: input.at, kind: 'message', connection, message: { result: null } })
      return input.kind === 'message' ? taken : [...taken, ...machine.step(input)]
    },
  })

/** Such calls are not waited for: the machine is told at once that they have succeeded, and makes them all the same. */
export const doesNotWaitFor =
  (isLike: (request: PeersRequest, state: PeerState) => boolean): PeerWrap =>
  (machine) => {
    const step = (input: PeerInput): readonly PeerEffect[] => {
      const effects = machine.step(input)
      const hasty = effects.flatMap((effect) =>
        effect.kind === 'send' && 'method' in effect.message && isLike(effect.message, machine.state)
          ? [effect.connection]
          : [],
      )
      const after = hasty.flatMap((connection) =>
        step({ at: input.at, kind: 'message', connection, message: { result: null } }).filter(
          (effect) => effect.kind !== 'abort' || effect.connection !== connection,
        ),
      )
      return [...effects, ...after]
    }
    return { step }
  }

/** Keeps inputs from the machine as long as that is so, and gives them to it later. */
export const holding =
  (isHeld: (input: PeerInput, state: PeerState) => boolean): PeerWrap =>
  (machine) => {
    const held: PeerInput[] = []
    return {
      step: (input) => {
        if (isHeld(input, machine.state)) {
          held.push(input)
          return []
        }
        const effects = [...machine.step(input)]
        const isDue = (waiting: PeerInput): boolean => !isHeld(waiting, machine.state)
        for (let next = held.find(isDue); next !== undefined; next = held.find(isDue)) {
          held.splice(held.indexOf(next), 1)
          effects.push(...machine.step({ ...next, at: input.at }))
        }
        return effects
      },
    }
  }

interface OwnCall {
  readonly to: Address
  readonly request: PeersRequest
}

/** A call of the mutant's own before certain effects: when a step has one of them, all its effects wait until that call has ended. */
export const callFirst =
  (
    isDue: (effect: PeerEffect, state: PeerState) => boolean,
    call: (config: PeerConfig, state: PeerState) => OwnCall,
    onResult: (result: unknown, state: PeerState) => void = () => {},
  ): PeerWrap =>
  (machine, config) => {
    let waiting: readonly PeerEffect[] | undefined
    return {
      step: (input) => {
        if ('connection' in input && input.connection === FIRST_OWN_CONNECTION) {
          if (waiting === undefined || input.kind === 'opened') return []
          if (input.kind === 'message' && 'result' in input.message)
            onResult(input.message.result, machine.state)
          const effects = waiting
          waiting = undefined
          return [{ kind: 'abort', connection: FIRST_OWN_CONNECTION }, ...effects]
        }
        const effects = machine.step(input)
        if (waiting !== undefined || !effects.some((effect) => isDue(effect, machine.state))) return effects
        waiting = effects
        const { to, request } = call(config, machine.state)
        return [
          { kind: 'open', connection: FIRST_OWN_CONNECTION, to },
          { kind: 'send', connection: FIRST_OWN_CONNECTION, message: request },
        ]
      },
    }
  }

/** Beside what a step does: calls of the mutant's own whose answers nobody reads. */
export const alsoTelling =
  (calls: (input: PeerInput, state: PeerState, config: PeerConfig) => readonly OwnCall[]): PeerWrap =>
  (machine, config) => {
    let connection = FIRST_OWN_CONNECTION
    return {
      step: (input) => {
        const told = calls(input, machine.state, config)
        const effects = machine.step(input)
        return [
          ...effects,
          ...told.flatMap(({ to, request }) => {
            connection += 1
            return tell<PeerVocabulary>(connection, to, request)
          }),
        ]
      },
    }
  }

/** Two changes around one machine; `inner` is the nearer one. */
export const both =
  (inner: PeerWrap, outer: PeerWrap): PeerWrap =>
  (machine, config) => {
    const { step } = inner(machine, config)
    const between: PeerMachine = { state: machine.state, step }
    return outer(between, config)
  }
