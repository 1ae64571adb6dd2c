// Why a command fails: the codes of the control channel.
import type { ControlErrorCode } from '../../spec/control/messages.ts'
import type { Outcome } from './calls.ts'

export interface Failure {
  readonly code: ControlErrorCode
  readonly message: string
}

export const stopped: Failure = { code: 'not-started', message: 'the peer was stopped' }

/** The failure of a command that needs the result of this call; undefined if there is one. */
export function failureOf(outcome: Outcome): Failure | undefined {
  switch (outcome.kind) {
    case 'result':
      return undefined
    case 'error':
      return { code: 'refused', message: `${outcome.name}(${JSON.stringify(outcome.args).slice(1, -1)})` }
    case 'bad-answer':
      return { code: 'bad-answer', message: outcome.detail }
    case 'unreachable':
      return { code: 'unreachable', message: 'it cannot be reached, or has closed without an answer' }
    case 'timeout':
      return { code: 'timeout', message: 'no answer in time' }
  }
}
