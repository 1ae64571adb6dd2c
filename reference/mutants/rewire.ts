// How a mutant stands between a correct machine and the world, in any system: it changes what goes in, or what comes out.
//
// Rule of this file: the machine inside stays correct. A mutant may lie to it, keep things from it, or change its words; so
// each mistake is a few lines, and everything that it does not touch goes on working.
import type { ConnectionNumber, Effect, Input, Machine, Vocabulary } from '../core/machine.ts'

export type Rewire<V extends Vocabulary> = (machine: Machine<V>) => Machine<V>

/** Replaces each effect by those that `change` gives for it. */
export const changeEffects =
  <V extends Vocabulary>(change: (effect: Effect<V>, input: Input<V>) => readonly Effect<V>[]): Rewire<V> =>
  (machine) => ({ step: (input) => machine.step(input).flatMap((effect) => change(effect, input)) })

/** Replaces each input; undefined keeps it from the machine. */
export const changeInputs =
  <V extends Vocabulary>(change: (input: Input<V>) => Input<V> | undefined): Rewire<V> =>
  (machine) => ({
    step: (input) => {
      const changed = change(input)
      return changed === undefined ? [] : machine.step(changed)
    },
  })

/** Changes messages on their way out over TCP; undefined keeps one back, while its connection lives as before. */
export const changeMessages = <V extends Vocabulary>(
  change: (message: V['stream'], input: Input<V>, connection: ConnectionNumber) => V['stream'] | undefined,
): Rewire<V> =>
  changeEffects((effect, input) => {
    if (effect.kind !== 'send') return [effect]
    const message = change(effect.message, input, effect.connection)
    return message === undefined ? [] : [{ ...effect, message }]
  })

/** Changes messages that have come in over TCP; undefined keeps one from the machine. */
export const changeReceived = <V extends Vocabulary>(
  change: (message: V['stream'], connection: ConnectionNumber) => V['stream'] | undefined,
): Rewire<V> =>
  changeInputs((input) => {
    if (input.kind !== 'message') return input
    const message = change(input.message, input.connection)
    return message === undefined ? undefined : { ...input, message }
  })

/** A connection that exists only between a mutant and its machine, from the side that did not open it. */
const MADE_UP_CONNECTION = -1_000_000_000
const MADE_UP_HANDLE = -1

/** A message that nobody sent. */
export const madeUpMessage = <V extends Vocabulary>(at: number, message: V['stream']): Input<V> => ({
  at,
  kind: 'message',
  connection: MADE_UP_CONNECTION,
  message,
})

/** A command that nobody gave. */
export const madeUpCommand = <V extends Vocabulary>(at: number, command: V['command']): Input<V> => ({
  at,
  kind: 'command',
  handle: MADE_UP_HANDLE,
  command,
})

/** The effects that carry one message to another node. The number of the connection must be one that the machine never uses. */
export const tell = <V extends Vocabulary>(
  connection: ConnectionNumber,
  to: V['place'],
  message: V['stream'],
): Effect<V>[] => [
  { kind: 'open', connection, to },
  { kind: 'send', connection, message },
  { kind: 'close', connection },
]

/** Numbers for connections that a mutant opens itself. */
export const FIRST_OWN_CONNECTION = 1_000_000_000
