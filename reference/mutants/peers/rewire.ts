// What a mutant of peers changes between its machine and the world: requests that it makes and gets, and their answers.
//
// Connections above 0 are those of its own calls, the others those of its callers (calls.ts).
import type { NameServiceConfig, PeerConfig } from '../../../spec/peers/control.ts'
import type { Machine } from '../../core/machine.ts'
import type { NameServiceMachine } from '../../peers/name-service-machine.ts'
import type { PeerMachine } from '../../peers/peer-machine.ts'
import type {
  Address,
  NameServiceInput,
  NameServiceVocabulary,
  PeerCommand,
  PeerEffect,
  PeerInput,
  PeersAnswer,
  PeersLine,
  PeersRequest,
  PeerVocabulary,
  StatefulMachine,
} from '../../peers/vocabulary.ts'
import { changeEffects, changeMessages, type Rewire } from '../rewire.ts'

export type PeerWrap = (machine: PeerMachine, config: PeerConfig) => Machine<PeerVocabulary>
export type NameServiceWrap = (
  machine: NameServiceMachine,
  config: NameServiceConfig,
) => Machine<NameServiceVocabulary>
type PeersVocabulary = PeerVocabulary | NameServiceVocabulary

/** The request that this input brings, if it does. */
export const requestIn = (input: PeerInput | NameServiceInput): PeersRequest | undefined =>
  input.kind === 'message' && 'method' in input.message ? input.message : undefined

/** An error with that name, any error without one. */
export const isError = (answer: PeersAnswer, name?: string): boolean =>
  'error' in answer && (name === undefined || answer.error.name === name)

/** Changes answers to others; undefined keeps one back. `request` is the one that the step handles, most often the one answered. */
export const changeAnswers = <V extends PeersVocabulary>(
  change: (answer: PeersAnswer, request: PeersRequest | undefined) => PeersLine | undefined,
): Rewire<V> =>
  changeMessages<V>((line, input, connection) =>
    connection > 0 || 'method' in line || 'noAnswer' in line ? line : change(line, requestIn(input)),
  )

/** Changes requests on their way to others. */
export const changeCalls = <V extends PeersVocabulary>(
  change: (request: PeersRequest) => PeersRequest,
): Rewire<V> => changeMessages<V>((line) => ('method' in line ? change(line) : line))

/** The same change of answers in both roles. */
export const answering = (change: Parameters<typeof changeAnswers>[0]) => ({
  wrapPeer: changeAnswers<PeerVocabulary>(change),
  wrapNameService: changeAnswers<NameServiceVocabulary>(change),
})

/** The same change of requests in both roles. */
export const calling = (change: Parameters<typeof changeCalls>[0]) => ({
  wrapPeer: changeCalls<PeerVocabulary>(change),
  wrapNameService: changeCalls<NameServiceVocabulary>(change),
})

/** Makes calls at another address than the right one. */
export const redirectCalls = <V extends PeersVocabulary>(change: (to: Address) => Address): Rewire<V> =>
  changeEffects<V>((effect) => [effect.kind === 'open' ? { ...effect, to: change(effect.to) } : effect])

/** Does not make the calls that satisfy `isSkipped`; the machine is told that they were answered so. */
export const skipCalls =
  (isSkipped: (request: PeersRequest) => boolean, answer: PeersAnswer = { result: null }) =>
  (machine: PeerMachine): Machine<PeerVocabulary> => {
    const step = (input: PeerInput): ReturnType<PeerMachine['step']> => {
      const effects = machine.step(input)
      const skipped = effects.flatMap((effect) =>
        effect.kind === 'send' && 'method' in effect.message && isSkipped(effect.message)
          ? [effect.connection]
          : [],
      )
      const isOfSkipped = (effect: (typeof effects)[number]): boolean => {
        if ('connection' in effect) return skipped.includes(effect.connection)
        return (
          effect.kind === 'set-timer' && skipped.some((connection) => effect.name === `call ${connection}`)
        )
      }
      const others = effects.filter((effect) => !isOfSkipped(effect))
      const answered = skipped.flatMap((connection) => {
        const after = step({ at: input.at, kind: 'message', connection, message: answer })
        return [
          ...after.filter((effect) => effect.kind !== 'abort' || effect.connection !== connection),
          ...step({ at: input.at, kind: 'closed', connection }),
        ]
      })
      return [...others, ...answered]
    }
    return { step }
  }

/** Answers the requests for which it has an answer; the machine never sees those. */
export const answerItself =
  <V extends PeersVocabulary, S>(
    answerTo: (request: PeersRequest, state: S, at: number) => PeersAnswer | undefined,
  ) =>
  (machine: StatefulMachine<V, S>): Machine<V> => ({
    step: (input) => {
      const request = requestIn(input)
      const answer = request === undefined ? undefined : answerTo(request, machine.state, input.at)
      if (input.kind !== 'message' || answer === undefined) return machine.step(input)
      return [{ kind: 'send', connection: input.connection, message: answer }]
    },
  })

/** Meddles with the memory of the machine before it handles a request. */
export const beforeRequests = <V extends PeersVocabulary, S>(
  meddle: (request: PeersRequest, state: S, at: number) => void,
) =>
  answerItself<V, S>((request, state, at) => {
    meddle(request, state, at)
    return undefined
  })

type Reply = Extract<PeerEffect, { kind: 'reply' }>['reply']

/** Changes what is replied to this command of the user. */
export const changeReplies =
  <C extends PeerCommand['command']>(
    name: C,
    change: (reply: Reply, command: Extract<PeerCommand, { command: C }>, machine: PeerMachine) => Reply,
  ): PeerWrap =>
  (machine) => {
    /** By the handles of their replies. Bound: the commands under way. */
    const commands = new Map<number, Extract<PeerCommand, { command: C }>>()
    const rewired = changeEffects<PeerVocabulary>((effect) => {
      const command = effect.kind === 'reply' ? commands.get(effect.handle) : undefined
      if (effect.kind !== 'reply' || command === undefined) return [effect]
      commands.delete(effect.handle)
      return [{ ...effect, reply: change(effect.reply, command, machine) }]
    })(machine)
    return {
      step: (input) => {
        if (input.kind === 'command' && input.command.command === name)
          commands.set(input.handle, input.command as Extract<PeerCommand, { command: C }>)
        return rewired.step(input)
      },
    }
  }

/** Changes events on their way to the user; undefined keeps one back. */
export const changeEvents = (
  change: (event: PeerVocabulary['event'], input: PeerInput) => PeerVocabulary['event'] | undefined,
): Rewire<PeerVocabulary> =>
  changeEffects((effect, input) => {
    if (effect.kind !== 'event') return [effect]
    const event = change(effect.event, input)
    return event === undefined ? [] : [{ ...effect, event }]
  })
