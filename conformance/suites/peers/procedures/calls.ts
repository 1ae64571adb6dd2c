// Calls that a node has to make, and those that it must not make.
import { isDeepStrictEqual } from 'node:util'
import type { Bench } from '../../../verdict/bench.ts'
import { argsOf, methodOf, type PeersNode, type Played } from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'

export type FramePredicate = (frame: Frame) => boolean

/** A call that this node makes, of this method if one is named. */
export const callBy =
  (node: PeersNode, method?: string): FramePredicate =>
  (frame) => {
    const called = frame.from === node.seat ? methodOf(frame) : undefined
    return called !== undefined && (method === undefined || called === method)
  }

/** All calls that this node has made so far, of this method if one is named. */
export const callsOf = (bench: Bench, node: PeersNode, method?: string): readonly Frame[] =>
  bench.frames.filter(callBy(node, method))

/** The node calls this method at the played participant, with these arguments. Takes the request. */
export async function requireCall(
  bench: Bench,
  played: Played,
  method: string,
  details: {
    readonly requirement: string
    readonly expected: string
    readonly args?: readonly unknown[]
  },
): Promise<Frame> {
  const { requirement, expected, args } = details
  const request = bench.requireFrame(await played.receive(method), {
    requirement,
    expected,
    actual: `no call of ${method} at seat ${played.seat}`,
  })
  if (args !== undefined) requireArgs(bench, request, args, { requirement, expected })
  return request
}

/** The request has exactly these arguments. */
export const requireArgs = (
  bench: Bench,
  request: Frame,
  args: readonly unknown[],
  { requirement, expected }: { readonly requirement: string; readonly expected: string },
): void =>
  bench.require(isDeepStrictEqual(argsOf(request), args), {
    requirement,
    expected: `${expected}, with the arguments ${JSON.stringify(args)}`,
    actual: JSON.stringify(request.message) ?? 'no request',
    exhibits: [{ frame: request.n, at: '/args' }],
  })

/** None of the frames so far matches. */
export function requireNone(
  bench: Bench,
  matches: FramePredicate,
  details: { readonly requirement: string; readonly expected: string },
): void {
  const found = bench.frames.find(matches)
  bench.require(found === undefined, {
    ...details,
    actual: `to seat ${found?.to}: ${JSON.stringify(found?.message)}`,
    exhibits: found === undefined ? [] : [{ frame: found.n }],
  })
}
