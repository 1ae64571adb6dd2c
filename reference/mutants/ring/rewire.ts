// How a mutant stands between a correct machine and the world: it changes what goes in, or what comes out.
//
// Rule of this file: the machine inside stays correct. A mutant may lie to it, keep things from it, or change its words; so
// each mistake is a few lines, and everything that it does not touch goes on working.
import type { RingTcpMessage, RingUdpMessage } from '../../../spec/ring/messages.ts'
import type { ConnectionNumber } from '../../core/machine.ts'
import type {
  PeerId,
  RingCommand,
  RingEffect,
  RingInput,
  RingMachine,
  RingSettings,
  Successors,
} from '../../ring/vocabulary.ts'

export type Wrap = (machine: RingMachine, settings: RingSettings) => RingMachine

/** Replaces each effect by those that `change` gives for it. */
export const changeEffects =
  (change: (effect: RingEffect, input: RingInput) => readonly RingEffect[]): Wrap =>
  (machine) => ({ step: (input) => machine.step(input).flatMap((effect) => change(effect, input)) })

/** Replaces each input; undefined keeps it from the machine. */
export const changeInputs =
  (change: (input: RingInput) => RingInput | undefined): Wrap =>
  (machine) => ({
    step: (input) => {
      const changed = change(input)
      return changed === undefined ? [] : machine.step(changed)
    },
  })

/** Changes datagrams on their way out; undefined keeps one back. */
export const changeDatagrams = (
  change: (message: RingUdpMessage, to: PeerId, input: RingInput) => RingUdpMessage | undefined,
): Wrap =>
  changeEffects((effect, input) => {
    if (effect.kind !== 'send-datagram') return [effect]
    const message = change(effect.message, effect.to, input)
    return message === undefined ? [] : [{ ...effect, message }]
  })

/** Changes messages on their way out over TCP; undefined keeps one back, while its connection lives as before. */
export const changeMessages = (
  change: (message: RingTcpMessage, input: RingInput) => RingTcpMessage | undefined,
): Wrap =>
  changeEffects((effect, input) => {
    if (effect.kind !== 'send') return [effect]
    const message = change(effect.message, input)
    return message === undefined ? [] : [{ ...effect, message }]
  })

/** Changes messages that have come in over TCP; undefined keeps one from the machine. */
export const changeReceived = (change: (message: RingTcpMessage) => RingTcpMessage | undefined): Wrap =>
  changeInputs((input) => {
    if (input.kind !== 'message') return input
    const message = change(input.message)
    return message === undefined ? undefined : { ...input, message }
  })

/** Does not send the messages that satisfy `isDropped`, nor open the connections for them. */
export const dropExchanges =
  (isDropped: (message: RingTcpMessage, input: RingInput) => boolean): Wrap =>
  (machine) => {
    const dropped = new Set<ConnectionNumber>()
    return {
      step: (input) => {
        const effects = machine.step(input)
        for (const effect of effects) {
          if (effect.kind === 'send' && effect.connection > 0 && isDropped(effect.message, input))
            dropped.add(effect.connection)
        }
        return effects.filter((effect) => !('connection' in effect) || !dropped.has(effect.connection))
      },
    }
  }

/** Opens the connection for a message to another peer than the right one; undefined leaves it. */
export const redirect =
  (target: (message: RingTcpMessage) => PeerId | undefined): Wrap =>
  (machine) => ({
    step: (input) => {
      const effects = machine.step(input)
      return effects.map((effect) => {
        if (effect.kind !== 'open') return effect
        const sent = effects.find((other) => other.kind === 'send' && other.connection === effect.connection)
        const to = sent?.kind === 'send' ? target(sent.message) : undefined
        return to === undefined ? effect : { ...effect, to }
      })
    },
  })

/** What is left of a step that answers something made up: no reply, and nothing that goes to another peer over TCP. */
export const silently = (effects: readonly RingEffect[]): readonly RingEffect[] =>
  effects.filter((effect) => !['open', 'send', 'close', 'reply'].includes(effect.kind))

/** A connection that exists only between a mutant and its machine, from the side that did not open it. */
const MADE_UP_CONNECTION = -1_000_000_000
const MADE_UP_HANDLE = -1

/** A message that nobody sent. */
export const madeUpMessage = (at: number, message: RingTcpMessage): RingInput => ({
  at,
  kind: 'message',
  connection: MADE_UP_CONNECTION,
  message,
})

/** A command that nobody gave. */
export const madeUpCommand = (at: number, command: RingCommand): RingInput => ({
  at,
  kind: 'command',
  handle: MADE_UP_HANDLE,
  command,
})

/** The effects that carry one message to a peer. The number of the connection must be one that the machine never uses. */
export const tell = (connection: ConnectionNumber, to: PeerId, message: RingTcpMessage): RingEffect[] => [
  { kind: 'open', connection, to },
  { kind: 'send', connection, message },
  { kind: 'close', connection },
]

/** Numbers for connections that a mutant opens itself. */
export const FIRST_OWN_CONNECTION = 1_000_000_000

/** Numbers for blobs that a mutant asks for itself. */
export const FIRST_OWN_BLOB = 1_000_000_000

/** The successors after these effects, if they were `former` before. */
export const successorsAfter = (
  effects: readonly RingEffect[],
  former: Successors | null,
): Successors | null => {
  const last = effects.findLast((effect) => effect.kind === 'event' && effect.event.event === 'successors')
  return last?.kind === 'event' && last.event.event === 'successors' ? last.event.successors : former
}
