// What all systems share, as users of the package see it: `import { common } from 'peerspec'`.
import { type Validation, validateAgainst } from '../validate.ts'
import { ErrorMessage } from './messages.ts'

export * from './limits.ts'
export * from './messages.ts'
export { commonRequirements as requirements } from './requirements.ts'

/** Checks the one message that no system owns, the refusal on TCP. A receiver never answers it. */
export const validateError = (value: unknown): Validation<ErrorMessage> =>
  validateAgainst(ErrorMessage, value)
