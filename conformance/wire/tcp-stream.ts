// What relay and probes have in common when they read a TCP stream of a program.
import type { Socket } from 'node:net'
import type { Capture, Frame } from './capture.ts'
import type { Piece } from './frame-decoder.ts'

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

/** Puts what came on a stream into the capture. */
export function capturePiece(
  capture: Capture,
  piece: Piece,
  rest: Pick<Frame, 'from' | 'to' | 'sender' | 'fate'> & { readonly connection: number },
): Frame {
  const { bytes, message, type, fault, answers, body, numbered } = piece
  const frame = capture.add({
    ...rest,
    transport: 'tcp',
    bytes,
    ...(message === undefined ? {} : { message }),
    ...(type === undefined ? {} : { type }),
    ...(fault === undefined ? {} : { fault }),
    ...(answers === undefined ? {} : { answers }),
    ...(body === undefined ? {} : { body: { length: body.length, digest: body.digest } }),
  })
  numbered?.(frame.n)
  return frame
}
