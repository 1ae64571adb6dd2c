// What relay and probes have in common when they read a TCP stream of a program.
import type { Socket } from 'node:net'
import type { Frame } from './capture.ts'
import type { Piece } from './frame-decoder.ts'
import { decodeMessage } from './validate.ts'

/**
 * Ends a connection with RST, whatever state it is in. `resetAndDestroy` of Node would first send what is waiting and a
 * FIN: a program that reads quickly then sees an orderly end instead of a reset, and one that does not read at all is
 * never reset. Its own mark makes `destroy` send the RST alone.
 */
export function reset(socket: Socket): void {
  if (socket.destroyed) return
  if (socket.connecting) {
    socket.resetAndDestroy()
    return
  }
  Object.assign(socket, { resetAndClosing: true })
  socket.destroy()
}

/**
 * The fields of a frame that the bytes themselves give. A whole message that the sender ended with a FIN instead of an
 * LF is the mistake of a program that never writes the LF; any other rest is what a dying program leaves behind.
 */
export function frameOf(
  piece: Piece,
  endedInOrder: boolean,
): Pick<Frame, 'transport' | 'bytes' | 'message' | 'fault' | 'body'> {
  const { bytes, message, fault, body, complete } = piece
  const base = { transport: 'tcp' as const, bytes }
  if (!complete && body === undefined && endedInOrder && decodeMessage(bytes, 'tcp').message !== undefined) {
    return {
      ...base,
      fault: {
        text: 'the message is not ended by LF (\\n)',
        at: bytes.length,
        requirement: 'common.tcp.lines',
      },
    }
  }
  return {
    ...base,
    ...(message === undefined ? {} : { message }),
    ...(fault === undefined ? {} : { fault }),
    ...(body === undefined ? {} : { body: { length: body.length, digest: body.digest } }),
  }
}
