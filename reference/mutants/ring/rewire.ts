// What a mutant of the ring changes between its machine and the world: the shared means for its messages, and those for what only
// the ring has, datagrams, exchanges on one connection, and successors.
import type { RingTcpMessage, RingUdpMessage } from '../../../spec/ring/messages.ts'
import type { ConnectionNumber } from '../../core/machine.ts'
import type {
  PeerId,
  RingEffect,
  RingInput,
  RingMachine,
  RingSettings,
  RingVocabulary,
  Successors,
} from '../../ring/vocabulary.ts'
import * as rewire from '../rewire.ts'

export { FIRST_OWN_CONNECTION } from '../rewire.ts'

export type Wrap = (machine: RingMachine, settings: RingSettings) => RingMachine

export const changeEffects = rewire.changeEffects<RingVocabulary>
export const changeInputs = rewire.changeInputs<RingVocabulary>
export const changeMessages = rewire.changeMessages<RingVocabulary>
export const changeReceived = rewire.changeReceived<RingVocabulary>
export const madeUpMessage = rewire.madeUpMessage<RingVocabulary>
export const madeUpCommand = rewire.madeUpCommand<RingVocabulary>
export const tell = rewire.tell<RingVocabulary>

/** Changes datagrams on their way out; undefined keeps one back. */
export const changeDatagrams = (
  change: (message: RingUdpMessage, to: PeerId, input: RingInput) => RingUdpMessage | undefined,
): Wrap =>
  changeEffects((effect, input) => {
    if (effect.kind !== 'send-datagram') return [effect]
    const message = change(effect.message, effect.to, input)
    return message === undefined ? [] : [{ ...effect, message }]
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
