// The server's side of a call, the skeleton: which methods can be called, and with what. Nothing else of a node can be
// reached from outside, whatever names its program has inside (peers.call.private).
import { errorNames, type PeersArguments, type PeersMethod, peersMethods } from '../../spec/peers/messages.ts'
import type { PeersRules } from './rules.ts'
import type { PeersError, PeersRequest } from './vocabulary.ts'

export type ErrorName = (typeof errorNames)[keyof typeof errorNames]

export const errorAnswer = (name: ErrorName, text: string): PeersError => ({ error: { name, args: [text] } })

/** A request for one of these methods, with arguments that fit. */
export type CheckedRequest<M extends PeersMethod> = {
  [N in M]: { readonly method: N; readonly args: PeersArguments<N> }
}[M]

export type Checked<M extends PeersMethod> =
  | { readonly isRefused: true; readonly answer: PeersError }
  | { readonly isRefused: false; readonly request: CheckedRequest<M> }

export function checkRequest<M extends PeersMethod>(
  rules: Pick<PeersRules, 'offers' | 'argumentProblem'>,
  offered: ReadonlySet<M>,
  { method, args }: PeersRequest,
): Checked<M> {
  if (!rules.offers(offered, method)) {
    const answer = errorAnswer(errorNames.unknownMethod, `there is no method ${method}`)
    return { isRefused: true, answer }
  }
  const schema = Object.hasOwn(peersMethods, method) ? peersMethods[method as M].args : undefined
  const problem = schema === undefined ? undefined : rules.argumentProblem(schema, args)
  if (problem !== undefined) {
    return { isRefused: true, answer: errorAnswer(errorNames.wrongArguments, `${method}: ${problem}`) }
  }
  return { isRefused: false, request: { method, args } as unknown as CheckedRequest<M> }
}
