// The ring as users of the package see it: `import { ring } from 'peerspec'`.
import { type Validation, validateAgainst, validateMessage } from '../validate.ts'
import { RingConfig } from './control.ts'
import { type RingMessage, ringTcpMessages, ringUdpMessages } from './messages.ts'

export * from './control.ts'
export {
  ringCommands as commands,
  ringEvents as events,
  ringFeatures as features,
  ringResults as results,
} from './control.ts'
export * from './messages.ts'
export { ringTcpMessages as tcpMessages, ringUdpMessages as udpMessages } from './messages.ts'
export { ringRequirements as requirements } from './requirements.ts'

/** Schemas by wire type: those of datagrams and those of TCP lines. No type is in both tables. */
export const messages = { ...ringUdpMessages, ...ringTcpMessages } as const

/** Checks a parsed message of any type. It does not look at the transport; `error` counts as a message of the ring. */
export const validate = (value: unknown): Validation<RingMessage> => validateMessage(messages, value)

/** Checks the configuration of `start`. Defaults are not filled in. */
export const validateConfig = (value: unknown): Validation<RingConfig> => validateAgainst(RingConfig, value)
