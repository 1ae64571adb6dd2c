// Mistakes in messages (peers.md section 6).
import type { PeerId, PeerVocabulary } from '../../peers/vocabulary.ts'
import { changeEffects, changeInputs, FIRST_OWN_CONNECTION, tell } from '../rewire.ts'
import type { PeersMutant } from './mutant.ts'
import { changeCalls, changeEvents, changeReplies, type PeerWrap } from './rewire.ts'

/** Texts of messages on their way out. */
const sending = (change: (text: string) => string): PeerWrap =>
  changeInputs((input) =>
    input.kind === 'command' && input.command.command === 'send'
      ? { ...input, command: { ...input.command, text: change(input.command.text) } }
      : input,
  )

/** Messages that have come; undefined keeps one from the user. */
const receiving = (change: (text: string) => string | undefined): PeerWrap =>
  changeEvents((event) => {
    if (event.event !== 'message') return event
    const text = change(event.text)
    return text === undefined ? undefined : { ...event, text }
  })

/** The arguments of a message that is sent. */
const calledWith = (change: (from: unknown, text: unknown) => unknown[]): PeerWrap =>
  changeCalls<PeerVocabulary>((request) => {
    const [from, text] = request.args
    return request.method === 'print_message' ? { ...request, args: change(from, text) } : request
  })

/** Each message goes to everybody in the list. */
const sendToEverybody: PeerWrap = (machine) => {
  let connection = FIRST_OWN_CONNECTION
  return changeEffects<PeerVocabulary>((effect, input) => {
    if (input.kind !== 'command' || input.command.command !== 'send' || effect.kind !== 'send')
      return [effect]
    const { to } = input.command
    const others = machine.state.list.filter(({ id }) => id !== to)
    const more = others.flatMap(({ address }) => {
      connection += 1
      return tell<PeerVocabulary>(connection, address, effect.message)
    })
    return [effect, ...more]
  })(machine)
}

/** `send` is answered when the call has begun. */
const answerAtOnce: PeerWrap = (machine) => {
  const answered = new Set<number>()
  return {
    step: (input) => {
      const effects = machine
        .step(input)
        .filter((effect) => effect.kind !== 'reply' || !answered.delete(effect.handle))
      const hasBegun = effects.some(({ kind }) => kind === 'open')
      if (input.kind !== 'command' || input.command.command !== 'send' || !hasBegun) return effects
      answered.add(input.handle)
      return [...effects, { kind: 'reply', handle: input.handle, reply: { ok: true, result: {} } }]
    },
  }
}

/** Every message is called with the id of who gets it. */
const callWithReceiver: PeerWrap = (machine) =>
  changeEffects<PeerVocabulary>((effect, input) => {
    if (effect.kind !== 'send' || input.kind !== 'command' || input.command.command !== 'send')
      return [effect]
    if (!('method' in effect.message)) return [effect]
    const { to, text } = input.command
    return [{ ...effect, message: { ...effect.message, args: [to, text] } }]
  })(machine)

/** A message to oneself comes back without a call. */
const deliverToItself: PeerWrap = (machine) => ({
  step: (input) => {
    const isToItself =
      input.kind === 'command' && input.command.command === 'send' && input.command.to === machine.state.id
    if (!isToItself || input.command.command !== 'send') return machine.step(input)
    const { to, text } = input.command
    return [
      { kind: 'event', event: { event: 'message', from: to, text } },
      { kind: 'reply', handle: input.handle, reply: { ok: true, result: {} } },
    ]
  },
})

/** The exception of the first dead peer has ended the thread that sends. */
const sendNoMoreAfterDeath: PeerWrap = (machine, config) => {
  let isOver = false
  return changeReplies('send', (reply) => {
    const failure = { code: 'unreachable', message: 'the thread that sends is dead' } as const
    if (isOver) return { ok: false, error: failure }
    isOver = !reply.ok && (reply.error.code === 'unreachable' || reply.error.code === 'timeout')
    return reply
  })(machine, config)
}

export const messageMutants: readonly PeersMutant[] = [
  {
    name: 'text-before-id',
    requirement: 'peers.message.send',
    bug: 'print_message is called with the text and then the id.',
    wrapPeer: calledWith((from, text) => [text, from]),
  },
  {
    name: 'sender-left-out',
    requirement: 'peers.message.send',
    bug: 'print_message is called with the text alone, and the receiver cannot tell from whom it is.',
    wrapPeer: calledWith((_from, text) => [text]),
  },
  {
    name: 'receiver-named-as-sender',
    requirement: 'peers.message.send',
    bug: 'print_message is called with the id of the peer that gets the message.',
    wrapPeer: callWithReceiver,
  },
  {
    name: 'receiver-by-its-place',
    requirement: 'peers.message.send',
    bug: 'The id is taken for a place in the list.',
    rules: { receiverOf: (list, to) => list[to % Math.max(1, list.length)] },
  },
  {
    name: 'message-to-everybody',
    requirement: 'peers.message.send',
    bug: 'A message goes to all peers of the list, and each decides whether it is meant.',
    wrapPeer: sendToEverybody,
  },
  {
    name: 'send-answered-at-once',
    requirement: 'peers.message.send',
    bug: 'send is answered when the call has begun, whatever becomes of it.',
    wrapPeer: answerAtOnce,
  },
  {
    name: 'refusal-taken-for-delivery',
    requirement: 'peers.message.send',
    bug: 'An error that the other side raises is an answer, and so the message counts as sent.',
    wrapPeer: changeReplies('send', (reply) =>
      !reply.ok && reply.error.code === 'refused' ? { ok: true, result: {} } : reply,
    ),
  },
  {
    name: 'long-text-cut',
    requirement: 'peers.message.send',
    bug: 'A text that is too long for a request is cut until it fits.',
    wrapPeer: sending((text) => text.slice(0, 60_000)),
  },
  {
    name: 'strangers-not-heard',
    requirement: 'peers.message.receive',
    bug: 'A message from a peer that is not in the list is dropped, and with it the first words of every newcomer.',
    wrapPeer: (machine) =>
      changeEvents((event) =>
        event.event === 'message' && !machine.state.list.some(({ id }) => id === event.from)
          ? undefined
          : event,
      )(machine),
  },
  {
    name: 'same-message-reported-once',
    requirement: 'peers.message.receive',
    bug: 'A message that was there before is taken for a repetition and dropped.',
    wrapPeer: (machine) => {
      const seen = new Set<string>()
      return changeEvents((event) => {
        if (event.event !== 'message') return event
        const key = `${event.from} ${event.text}`
        if (seen.has(key)) return undefined
        seen.add(key)
        return event
      })(machine)
    },
  },
  {
    name: 'messages-not-reported',
    requirement: 'peers.message.receive',
    bug: 'print_message prints on the screen, where no program can read it.',
    wrapPeer: receiving(() => undefined),
  },
  {
    name: 'text-trimmed',
    requirement: 'peers.message.text',
    bug: 'The text is stripped of blanks and line ends, as every line is that comes in.',
    wrapPeer: receiving((text) => text.trim()),
  },
  {
    name: 'empty-text-dropped',
    requirement: 'peers.message.text',
    bug: 'The empty text is none, and is not reported.',
    wrapPeer: receiving((text) => (text === '' ? undefined : text)),
  },
  {
    name: 'first-line-only',
    requirement: 'peers.message.text',
    bug: 'A text ends at its first line end.',
    wrapPeer: sending((text) => text.split('\n')[0] ?? ''),
  },
  {
    name: 'letters-beyond-latin-1-lost',
    requirement: 'peers.message.text',
    bug: 'Texts are encoded in Latin-1, and what is not in it becomes a question mark.',
    wrapPeer: sending((text) => text.replaceAll(/[^\0-\u00ff]/gu, '?')),
  },
  {
    name: 'text-normalised',
    requirement: 'peers.message.text',
    bug: 'Texts are brought into a normal form of Unicode, which replaces what only looks the same.',
    wrapPeer: receiving((text) => text.normalize('NFC')),
  },
  {
    name: 'markup-escaped',
    requirement: 'peers.message.text',
    bug: 'Texts are escaped for a web page that does not exist.',
    wrapPeer: sending((text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')),
  },
  {
    name: 'message-to-nobody-sent',
    requirement: 'peers.message.not-found',
    bug: 'send to an id that nobody has does nothing and succeeds.',
    wrapPeer: changeReplies('send', (reply) =>
      !reply.ok && reply.error.code === 'not-found' ? { ok: true, result: {} } : reply,
    ),
  },
  {
    name: 'message-to-oneself',
    requirement: 'peers.message.not-found',
    bug: 'A peer can send messages to itself.',
    wrapPeer: deliverToItself,
  },
  {
    name: 'messages-before-join',
    requirement: 'peers.message.not-found',
    bug: 'A peer without an id sends messages from -1 to whoever has called here.',
    rules: { receiverOf: (list, to: PeerId) => list.find(({ id }) => id === to) },
  },
  {
    name: 'dead-receiver-is-success',
    requirement: 'peers.message.dead',
    bug: 'send catches the exception of a dead peer, writes it to the log, and succeeds.',
    wrapPeer: changeReplies('send', (reply) =>
      !reply.ok && (reply.error.code === 'unreachable' || reply.error.code === 'timeout')
        ? { ok: true, result: {} }
        : reply,
    ),
  },
  {
    name: 'dead-receiver-refuses',
    requirement: 'peers.message.dead',
    bug: 'All failures of send are one, as if the dead had answered.',
    wrapPeer: changeReplies('send', (reply) =>
      !reply.ok && (reply.error.code === 'unreachable' || reply.error.code === 'timeout')
        ? { ok: false, error: { code: 'refused', message: 'the message was not taken' } }
        : reply,
    ),
  },
  {
    name: 'one-death-ends-all-messages',
    requirement: 'peers.message.dead',
    bug: 'The exception of a dead peer ends the thread that sends, and no message after it goes out.',
    wrapPeer: sendNoMoreAfterDeath,
  },
]
