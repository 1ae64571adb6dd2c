// What callers do to a server that means them no harm: broken requests by the thousand, deep nesting, connections that are cut.
// Each gives back when the server has had it all; the case then looks whether it still serves.
import type { PeersBench, PeersNode, Played } from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { answerText } from './call-results.ts'
import { answersOn } from './lines.ts'

const HOSTILE = 'common.robust.hostile'

/** Every one of these answers is an error. */
export function requireErrors(bench: PeersBench, answers: readonly Frame[], to: string): void {
  const taken = answers.find(({ message }) => message === undefined || !('error' in message))
  bench.require(taken === undefined, {
    requirement: HOSTILE,
    expected: `an error as the answer to ${to}`,
    actual: taken === undefined ? '' : answerText(taken),
    exhibits: taken === undefined ? [] : [{ frame: taken.n }],
  })
}

/**
 * Sends lines that must be refused, all on one connection, and gives the errors that came: at least one; not one for each, because
 * the server may close after an answer.
 */
export async function pour(
  bench: PeersBench,
  caller: Played,
  node: PeersNode,
  lines: readonly (Uint8Array | string)[],
): Promise<readonly Frame[]> {
  const connection = await caller.connect(node)
  await connection.sendBytes(Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])))
  const first = Buffer.from(lines[0] ?? '')
    .toString()
    .slice(0, 200)
  bench.requireFrame(await connection.receive(), {
    requirement: HOSTILE,
    expected: `an error as the answer to ${first}`,
  })
  connection.end()
  await connection.closedByNode()
  const answers = answersOn(bench.frames, connection, node)
  requireErrors(bench, answers, first)
  connection.close()
  return answers
}

/** Requests, and what is none, nested as deep as a line allows; each of them to be refused. */
export function nestedRequests(method: string): readonly string[] {
  const nested = (open: string, close: string, levels: number) =>
    `${open.repeat(levels)}1${close.repeat(levels)}`
  const deepList = nested('[', ']', 30_000)
  const deepObject = nested('{"a":', '}', 10_000)
  return [
    deepList,
    deepObject,
    '['.repeat(60_000),
    '{"a":'.repeat(13_000),
    `{"method":"${method}","args":${deepList}}`,
    `{"method":"${method}","args":[1,${deepObject}]}`,
    `{"method":"dance","args":[],"note":${deepObject}}`,
  ]
}

/** Connections that are reset, closed or left in the middle of this request. */
export async function storm(
  bench: PeersBench,
  caller: Played,
  node: PeersNode,
  request: string,
  connections = 300,
): Promise<void> {
  for (let i = 0; i < connections; i += 1) {
    const connection = await caller.connect(node)
    await connection.sendBytes(request.slice(0, Math.floor(bench.random() * (request.length - 1))))
    if (i % 3 === 0) connection.reset()
    else if (i % 3 === 1) connection.close()
    // An answer to a connection that is gone already.
    else {
      await connection.sendBytes('\n\n\n')
      connection.reset()
    }
  }
}
