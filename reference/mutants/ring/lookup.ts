// Mistakes in finding the owner, storing and requesting over TCP (ring.md sections 1 and 9).
import type { RingMessageOf, RingTcpMessage } from '../../../spec/ring/messages.ts'
import type { BlobNumber } from '../../core/machine.ts'
import { inHalfOpen, keyOf } from '../../ring/circle.ts'
import { owns } from '../../ring/rules.ts'
import type { PeerId, RingEffect, RingInput, RingMachine, Successors } from '../../ring/vocabulary.ts'
import type { RingMutant } from './mutant.ts'
import {
  changeEffects,
  changeMessages,
  changeReceived,
  dropExchanges,
  FIRST_OWN_BLOB,
  madeUpMessage,
  redirect,
  silently,
  successorsAfter,
  type Wrap,
} from './rewire.ts'

type Lookup = RingMessageOf<'ring.store'> | RingMessageOf<'ring.request'>
const isLookup = (message: RingTcpMessage): message is Lookup =>
  message.type === 'ring.store' || message.type === 'ring.request'

/** Puts announced content in the place of the content that arrived with `type`: nobody notices a difference. */
const believeDigest =
  (type: 'ring.put' | 'ring.file'): Wrap =>
  (machine) => {
    const announced = new Map<BlobNumber, string>()
    return {
      step: (input) => {
        const digest = input.kind === 'content' ? announced.get(input.blob) : undefined
        const seen = input.kind === 'content' && digest !== undefined ? { ...input, digest } : input
        const effects = machine.step(seen)
        if (input.kind !== 'message' || input.message.type !== type) return effects
        for (const effect of effects) {
          if (effect.kind === 'receive-body') announced.set(effect.blob, input.message.digest)
        }
        return effects
      },
    }
  }

/** Keeps commits from the driver while the machine believes that they took place. */
export const pretendCommit =
  (isPretended: (file: string) => boolean): Wrap =>
  (machine) => {
    const pretend = (at: number, effects: readonly RingEffect[]): readonly RingEffect[] =>
      effects.flatMap((effect) => {
        if (effect.kind !== 'commit' || !isPretended(effect.file)) return [effect]
        const { blob, file } = effect
        const then = machine.step({ at, kind: 'committed', blob, path: file })
        return [{ kind: 'discard', blob }, ...pretend(at, then)]
      })
    return { step: (input) => pretend(input.at, machine.step(input)) }
  }

const isRefused = (effects: readonly RingEffect[]): boolean =>
  effects.some((effect) => effect.kind === 'send' && effect.message.type === 'ring.not-found')

export const lookupMutants: readonly RingMutant[] = [
  {
    name: 'owner-only-on-equal-key',
    requirement: 'ring.circle.owner',
    bug: 'A file is stored only at a peer whose id equals the key; every other key is passed on for ever.',
    rules: { owns: ({ self, isAlone }, key) => isAlone || key === self },
  },
  {
    name: 'owner-without-lower-bound',
    requirement: 'ring.circle.owner',
    bug: 'A peer takes every key that is not larger than its id, so that the owner depends on where the lookup begins.',
    rules: { owns: ({ self, isAlone }, key) => isAlone || key <= self },
  },
  {
    name: 'keys-above-the-last-peer-unowned',
    requirement: 'ring.circle.owner',
    bug: 'The test predecessor < key <= self knows no wrap: keys above the last id and below the first belong to nobody.',
    rules: {
      owns: ({ self, predecessor, isAlone }, key) =>
        isAlone || key === self || (predecessor !== null && predecessor < key && key <= self),
    },
  },
  {
    name: 'key-modulo-255',
    requirement: 'ring.circle.owner',
    bug: 'The key is the name modulo the largest id instead of modulo the number of ids.',
    rules: { keyOf: (name) => Number.parseInt(name, 10) % 255 },
  },
  {
    name: 'key-of-an-octal-number',
    requirement: 'ring.circle.owner',
    bug: 'A name that begins with 0 is read as an octal number, as C and old JavaScript do.',
    rules: {
      keyOf: (name) => (/^0[0-7]+$/.test(name) ? Number.parseInt(name, 8) % 256 : keyOf(name)),
    },
  },
  {
    name: 'leading-zeros-lost',
    requirement: 'ring.circle.name',
    bug: 'The name is kept as a number, so that 0159 leaves the peer as 159.',
    wrap: changeMessages((message) =>
      'name' in message ? { ...message, name: `${Number(message.name)}` } : message,
    ),
  },
  {
    name: 'unknown-predecessor-owns-nothing',
    requirement: 'ring.route.owner',
    bug: 'A peer that has not been pinged yet compares with an unset predecessor and passes on what is its own.',
    rules: {
      owns: (view, key, from) => (view.predecessor !== null || view.isAlone) && owns(view, key, from),
    },
  },
  {
    name: 'unknown-predecessor-owns-everything',
    requirement: 'ring.route.owner',
    bug: 'A peer that has not been pinged yet takes itself for alone and stores whatever comes by.',
    rules: { owns: (view, key, from) => view.predecessor === null || owns(view, key, from) },
  },
  {
    name: 'predecessor-0-taken-for-none',
    requirement: 'ring.circle.owner',
    bug: 'The predecessor is tested for truth, and peer 0 counts as unknown.',
    rules: {
      owns: ({ self, predecessor, isAlone }, key, from) =>
        isAlone ||
        key === self ||
        [predecessor, from].some((border) => border && inHalfOpen(key, border, self)),
    },
  },
  {
    name: 'owner-passes-its-own-on',
    requirement: 'ring.route.owner',
    bug: 'A peer believes the last hop more than its pings: it takes a key only if it lies between that hop and itself.',
    rules: {
      owns: ({ self, isAlone }, key, from) => isAlone || (from !== null && inHalfOpen(key, from, self)),
    },
  },
  {
    name: 'lookup-forwarded-with-the-old-from',
    requirement: 'ring.route.forward',
    bug: 'Store and request are passed on as they came, with the previous hop as their sender.',
    wrap: changeMessages((message) =>
      isLookup(message) && message.route.length > 1
        ? { ...message, from: message.route.at(-2) ?? message.from }
        : message,
    ),
  },
  {
    name: 'lookup-route-not-extended',
    requirement: 'ring.route.forward',
    bug: 'A peer that passes a lookup on does not put itself into the route.',
    wrap: changeMessages((message) =>
      isLookup(message) && message.route.length > 1
        ? { ...message, route: message.route.slice(0, -1) }
        : message,
    ),
  },
  {
    name: 'lookup-takes-a-new-origin',
    requirement: 'ring.route.forward',
    bug: 'Each hop asks in its own name, so that the answer comes to it and not to the peer that waits.',
    wrap: changeMessages((message) => (isLookup(message) ? { ...message, origin: message.from } : message)),
  },
  {
    name: 'lookup-circulates',
    requirement: 'ring.route.loop',
    bug: 'Nobody looks whether a lookup has been round the ring, so that one without an owner runs for ever.',
    wrap: (machine, settings) => {
      let route: readonly PeerId[] = []
      const blind = changeReceived((message) => {
        if (!isLookup(message)) return message
        route = message.route
        return { ...message, route: route.filter((id) => id !== settings.id) }
      })
      const honest = changeMessages((message, input) =>
        isLookup(message) && input.kind === 'message'
          ? { ...message, route: [...route, settings.id].slice(-256) }
          : message,
      )
      return honest(blind(machine))
    },
  },
  {
    name: 'no-owner-not-noticed',
    requirement: 'ring.route.loop',
    bug: 'The origin drops its lookup when it comes back, and its command waits for the timeout.',
    wrap: (machine, settings) =>
      changeReceived((message) =>
        isLookup(message) && message.origin === settings.id && message.route.includes(settings.id)
          ? undefined
          : message,
      )(machine),
  },
  {
    name: 'lookup-lost-with-the-next-hop',
    requirement: 'ring.route.retry',
    bug: 'A lookup that cannot be passed on because the first successor has died is thrown away.',
    wrap: changeEffects((effect) => (effect.kind === 'set-timer' && effect.name === 'held' ? [] : [effect])),
  },
  {
    name: 'store-succeeds-before-the-content-is-sent',
    requirement: 'ring.store.place',
    bug: 'The command succeeds as soon as the owner is known, whatever becomes of the content.',
    wrap: (machine) => {
      /** Commands that wait, by their request; the number is known once the lookup leaves. */
      const handles: number[] = []
      const replied = new Set<number>()
      return {
        step: (input) => {
          if (input.kind === 'command' && input.command.command === 'store') handles.push(input.handle)
          const effects = machine
            .step(input)
            .filter((effect) => effect.kind !== 'reply' || !replied.has(effect.handle))
          const isAccepted = input.kind === 'message' && input.message.type === 'ring.store-accept'
          const handle = isAccepted ? handles.shift() : undefined
          if (!isAccepted || handle === undefined) return effects
          replied.add(handle)
          const { from: owner, route } = input.message
          return [{ kind: 'reply', handle, reply: { ok: true, result: { owner, route } } }, ...effects]
        },
      }
    },
  },
  {
    name: 'store-accept-without-the-owner-in-its-route',
    requirement: 'ring.store.place',
    bug: 'The route ends at the last peer that passed the lookup on, not at the owner.',
    wrap: changeMessages((message) =>
      message.type === 'ring.store-accept' ? { ...message, route: message.route.slice(0, -1) } : message,
    ),
  },
  {
    name: 'older-file-kept',
    requirement: 'ring.store.place',
    bug: 'A file that exists already is not written again, so that a second store of the name changes nothing.',
    wrap: (machine, settings) => {
      const kept = new Set<string>()
      return pretendCommit((file) => {
        const isKept = kept.has(file)
        kept.add(file)
        return isKept
      })(machine, settings)
    },
  },
  {
    name: 'own-file-sent-round-the-ring',
    requirement: 'ring.store.self',
    bug: 'The origin passes every lookup on without asking whether the key is its own.',
    rules: { owns: (view, key, from) => (from !== null || view.isAlone) && owns(view, key, from) },
  },
  {
    name: 'unasked-put-stored',
    requirement: 'ring.store.unasked',
    bug: 'Whatever is put is kept, whether this peer has asked for it or not.',
    wrap: (machine) => ({
      step: (input) => {
        if (input.kind === 'message' && input.message.type === 'ring.put') {
          const { from, name, request, bodyLength: size } = input.message
          const store = { from, origin: from, name, request, size, route: [from] }
          silently(machine.step(madeUpMessage(input.at, { type: 'ring.store', ...store })))
        }
        return machine.step(input)
      },
    }),
  },
  {
    name: 'put-digest-not-compared',
    requirement: 'ring.store.unasked',
    bug: 'The digest of a put is written down and never compared with the content.',
    wrap: believeDigest('ring.put'),
  },
  {
    name: 'file-by-way-of-the-last-hop',
    requirement: 'ring.request.found',
    bug: 'The content goes back to the peer that passed the request on, which never asked for it.',
    wrap: redirect((message) => (message.type === 'ring.file' ? message.route.at(-2) : undefined)),
  },
  {
    name: 'file-without-the-owner-in-its-route',
    requirement: 'ring.request.found',
    bug: 'The route of an answer ends at the last peer that passed the request on.',
    wrap: changeMessages((message) =>
      message.type === 'ring.file' ? { ...message, route: message.route.slice(0, -1) } : message,
    ),
  },
  {
    name: 'digest-of-nothing',
    requirement: 'ring.request.found',
    bug: 'The digest is computed before the first byte is read: every file has the digest of the empty one.',
    wrap: changeMessages((message) =>
      message.type === 'ring.file'
        ? { ...message, digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' }
        : message,
    ),
  },
  {
    name: 'file-found-by-its-key',
    requirement: 'ring.request.name',
    bug: 'Files are kept under their key, so that a request for 2323 is answered with 2067.',
    wrap: (machine) => {
      const stored = new Set<string>()
      /** Names that were asked for, by request, where another name was looked up. */
      const asked = new Map<number, string>()
      const lookUp = (input: RingInput): RingInput => {
        if (input.kind !== 'message' || input.message.type !== 'ring.request') return input
        const { name, request } = input.message
        const twin = [...stored].find((other) => keyOf(other) === keyOf(name))
        if (twin === undefined || stored.has(name)) return input
        asked.set(request, name)
        return { ...input, message: { ...input.message, name: twin } }
      }
      const answer = (effect: RingEffect): RingEffect => {
        if (effect.kind === 'event' && effect.event.event === 'stored') stored.add(effect.event.name)
        if (effect.kind === 'send' && effect.message.type === 'ring.file') {
          const name = asked.get(effect.message.request) ?? effect.message.name
          return { ...effect, message: { ...effect.message, name } }
        }
        if (effect.kind === 'send-datagram' && effect.message.type === 'ring.offer') {
          const name = asked.get(effect.message.request) ?? effect.message.name
          return { ...effect, message: { ...effect.message, name } }
        }
        return effect
      }
      return { step: (input) => machine.step(lookUp(input)).map(answer) }
    },
  },
  {
    name: 'unknown-file-unanswered',
    requirement: 'ring.request.not-found',
    bug: 'The owner says nothing about a file that it does not have.',
    wrap: dropExchanges((message) => message.type === 'ring.not-found'),
  },
  {
    name: 'unknown-file-passed-on',
    requirement: 'ring.request.not-found',
    bug: 'The owner that does not have a file lets its successor look for it: the request goes round the ring.',
    wrap: (machine, { id }) => {
      let successors: Successors | null = null
      return {
        step: (input) => {
          const effects = machine.step(input)
          successors = successorsAfter(effects, successors)
          const [first] = successors ?? []
          if (input.kind !== 'message' || input.message.type !== 'ring.request') return effects
          const { message: asked } = input
          if (first === undefined || asked.route.includes(id) || !isRefused(effects)) return effects
          return effects.map((effect): RingEffect => {
            if (effect.kind === 'open') return { ...effect, to: first }
            if (effect.kind !== 'send') return effect
            return { ...effect, message: { ...asked, from: id, route: [...asked.route, id] } }
          })
        },
      }
    },
  },
  {
    name: 'own-file-not-found',
    requirement: 'ring.request.self',
    bug: 'A peer that owns the key itself waits for an answer that nobody will send, and gives up at once.',
    wrap: changeEffects((effect, input) =>
      input.kind === 'command' &&
      input.command.command === 'request' &&
      effect.kind === 'reply' &&
      effect.reply.ok
        ? [{ ...effect, reply: { ok: false, error: { code: 'not-found', message: 'no answer' } } }]
        : [effect],
    ),
  },
  {
    name: 'unasked-file-saved',
    requirement: 'ring.request.unasked',
    bug: 'Every file that arrives is written to the folder, whether a command waits for it or not.',
    wrap: (machine) => {
      let blob = FIRST_OWN_BLOB
      return {
        step: (input) => {
          if (input.kind === 'content' && input.blob >= FIRST_OWN_BLOB) {
            return [{ kind: 'commit', blob: input.blob, file: `received_${input.blob}.pdf` }]
          }
          const effects = machine.step(input)
          if (input.kind !== 'message' || input.message.type !== 'ring.file') return effects
          if (effects.some((effect) => effect.kind === 'receive-body')) return effects
          blob += 1
          return [{ kind: 'receive-body', connection: input.connection, blob }]
        },
      }
    },
  },
  {
    name: 'answer-to-another-request-taken',
    requirement: 'ring.request.unasked',
    bug: 'An answer is matched by its file name alone: a late one to an old request ends the new one.',
    wrap: (machine) => {
      const latest = new Map<string, number>()
      return {
        step: (input) => {
          const isAnswer =
            input.kind === 'message' &&
            (input.message.type === 'ring.not-found' ||
              input.message.type === 'ring.file' ||
              input.message.type === 'ring.store-accept')
          const request = isAnswer ? latest.get(input.message.name) : undefined
          const seen =
            isAnswer && request !== undefined ? { ...input, message: { ...input.message, request } } : input
          const effects = machine.step(seen)
          for (const effect of effects) {
            if (effect.kind === 'send' && isLookup(effect.message) && effect.message.route.length === 1)
              latest.set(effect.message.name, effect.message.request)
          }
          return effects
        },
      }
    },
  },
  {
    name: 'received-digest-not-compared',
    requirement: 'ring.request.verify',
    bug: 'The requester reports the digest that was announced and never computes that of what it received.',
    wrap: believeDigest('ring.file'),
  },
  {
    name: 'command-never-times-out',
    requirement: 'ring.request.ends',
    bug: 'A command whose answer is lost waits for ever.',
    wrap: changeEffects((effect) =>
      effect.kind === 'set-timer' && effect.name.startsWith('request:') ? [] : [effect],
    ),
  },
  {
    name: 'one-command-at-a-time',
    requirement: 'ring.request.ends',
    bug: 'The loop that reads commands waits for the answer to one before it reads the next.',
    wrap: (machine: RingMachine) => {
      const queue: RingInput[] = []
      let current: number | undefined
      const run = (input: RingInput): readonly RingEffect[] => {
        if (input.kind === 'command') {
          if (current !== undefined) {
            queue.push(input)
            return []
          }
          current = input.handle
        }
        const effects = machine.step(input)
        const isDone = effects.some((effect) => effect.kind === 'reply' && effect.handle === current)
        if (!isDone) return effects
        current = undefined
        const next = queue.shift()
        return next === undefined ? effects : [...effects, ...run({ ...next, at: input.at })]
      }
      return { step: run }
    },
  },
]
