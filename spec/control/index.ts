// The control channel as users of the package see it: `import { control } from 'peerspec'`.
import { type Validation, validateAgainst } from '../validate.ts'
import { Command, Event, Hello, Reply } from './messages.ts'

export * from './messages.ts'
export { controlRequirements as requirements } from './requirements.ts'

/** Checks the first line that a program writes. Whether roles and features exist is the registry's business. */
export const validateHello = (value: unknown): Validation<Hello> => validateAgainst(Hello, value)

/** Checks the fields that all commands have; the arguments are the system's (`ring.commands`). */
export const validateCommand = (value: unknown): Validation<Command> =>
  validateAgainst(Command, value) as Validation<Command>

/** Checks the frame of a reply; what `result` holds is the system's (`ring.results`). */
export const validateReply = (value: unknown): Validation<Reply> => validateAgainst(Reply, value)

/** Checks the fields that all events have; the others are the system's (`ring.events`). */
export const validateEvent = (value: unknown): Validation<Event> =>
  validateAgainst(Event, value) as Validation<Event>
