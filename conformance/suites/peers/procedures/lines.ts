// Requests as bytes: whole, in pieces, padded, on a connection that the case itself holds.
import type { PeersNode, Played } from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import type { ProbeConnection } from '../../../wire/probe.ts'

/** A request without its LF. */
export const requestText = (
  method: string,
  args: readonly unknown[],
  others: Readonly<Record<string, unknown>> = {},
): string => JSON.stringify({ ...others, method, args })

export const requestLine = (method: string, args: readonly unknown[]): string =>
  `${requestText(method, args)}\n`

/** A request of exactly `bytes` bytes, the LF not counted, filled up by a key that the server ignores; its method comes last. */
export function paddedLine(method: string, args: readonly unknown[], bytes: number): string {
  const bare = requestText(method, args, { padding: '' })
  return `${bare.replace('"padding":""', `"padding":"${'p'.repeat(bytes - Buffer.byteLength(bare))}"`)}\n`
}

/** Opens a connection, sends these bytes, and gives it with the first answer on it. */
export async function ask(
  caller: Played,
  node: PeersNode,
  bytes: Uint8Array | string,
): Promise<{ readonly connection: ProbeConnection; readonly answer: Frame | undefined }> {
  const connection = await caller.connect(node)
  await connection.sendBytes(bytes)
  return { connection, answer: await connection.receive() }
}

/** Lines that came on this connection from the node. */
export const answersOn = (
  frames: readonly Frame[],
  connection: ProbeConnection,
  node: PeersNode,
): readonly Frame[] =>
  frames.filter((frame) => frame.connection === connection.number && frame.from === node.seat)
