// What a played participant does with a call, and judging what a node does with one.
import { isDeepStrictEqual } from 'node:util'
import type { Bench } from '../../../verdict/bench.ts'
import type { Answer, Handler } from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'

export const nothing: Answer = { result: null }

export const failure = (name: string, ...args: readonly unknown[]): Answer => ({ error: { name, args } })

/** A handler that answers only when the case opens it. */
export function gate(answer: Answer = nothing): { readonly handler: Handler; open(): void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    handler: async () => {
      await opened
      return answer
    },
    open: () => open(),
  }
}

export interface ExpectedError {
  readonly requirement: string
  readonly name: string
  /** What the one argument, a text, has to contain. */
  readonly about?: string
  /** The arguments, where they are laid down. */
  readonly args?: readonly unknown[]
  /** What was called. */
  readonly to: string
}

const errorOf = (frame: Frame): { readonly name?: unknown; readonly args?: unknown } => {
  const error = frame.message?.error
  return typeof error === 'object' && error !== null ? error : {}
}

const saysText = (args: unknown, about: string): boolean =>
  Array.isArray(args) && args.length === 1 && typeof args[0] === 'string' && args[0].includes(about)

/** The node answered with this error and nothing else. */
export function requireError(bench: Bench, answer: Frame | undefined, expected: ExpectedError): Frame {
  const { requirement, name, about = '', args, to } = expected
  const inWords =
    args === undefined
      ? `an error named ${name} with one argument, a text${about === '' ? '' : ` that contains ${about}`},`
      : `an error named ${name} with the arguments ${JSON.stringify(args)}`
  const frame = bench.requireFrame(answer, { requirement, expected: `${inWords} as the answer to ${to}` })
  const error = errorOf(frame)
  const fits =
    frame.message !== undefined &&
    !('result' in frame.message) &&
    error.name === name &&
    (args === undefined ? saysText(error.args, about) : isDeepStrictEqual(error.args, args))
  bench.require(fits, {
    requirement,
    expected: `${inWords} as the answer to ${to}`,
    actual: JSON.stringify(frame.message) ?? 'bytes that are no answer',
    exhibits: [{ frame: frame.n, at: '/error' }],
  })
  return frame
}

/** The node answered with this result. */
export function requireResult(
  bench: Bench,
  answer: Frame | undefined,
  result: unknown,
  details: { readonly requirement: string; readonly to: string },
): Frame {
  const expected = `the result ${JSON.stringify(result)} as the answer to ${details.to}`
  const frame = bench.requireFrame(answer, { requirement: details.requirement, expected })
  const { message } = frame
  const fits =
    message !== undefined &&
    !('error' in message) &&
    'result' in message &&
    isDeepStrictEqual(message.result, result)
  bench.require(fits, {
    requirement: details.requirement,
    expected,
    actual: JSON.stringify(message) ?? 'bytes that are no answer',
    exhibits: [{ frame: frame.n, at: '/result' }],
  })
  return frame
}
