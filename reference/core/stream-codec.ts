// What one side of a connection makes of a line: a message for the machine, or a refusal that the driver sends back without
// asking it. The two sides may differ: in the ring both speak the same messages, in peers one asks and the other answers.
import { LINE_BYTES_MAX } from '../../spec/common/limits.ts'
import type { ErrorMessage } from '../../spec/common/messages.ts'
import { createCodec, type DecodeText } from './codec.ts'

export type DecodedLine<M> =
  | { readonly isRefused: false; readonly message: M }
  /** `isLast`: nobody can tell where the next message begins, so the connection ends after the answer. */
  | { readonly isRefused: true; readonly answer: M; readonly isLast: boolean }

export interface StreamCodec<M> {
  /** Longest line in bytes, the LF not counted. */
  readonly lineBytesMax: number
  /** Each line is answered by exactly one line, and the next line is handled after that. */
  readonly isEachAnswered: boolean
  decode(line: Uint8Array): DecodedLine<M>
  /** What becomes of a line that is longer than the bound. Nothing after it is read. */
  tooLong(): DecodedLine<M>
}

/** Messages told apart by their `type`, refused with an `error` message (common.tcp.malformed). */
export function createTypedStreamCodec<M extends { readonly type: string }>(
  schemas: { readonly [type in M['type']]: object },
  decodeText: DecodeText,
): StreamCodec<M | ErrorMessage> {
  const codec = createCodec<M>(schemas, decodeText)
  const refuse = (
    code: ErrorMessage['code'],
    message: string,
    isLast: boolean,
  ): DecodedLine<ErrorMessage> => {
    return { isRefused: true, answer: { type: 'error', code, message }, isLast }
  }
  return {
    lineBytesMax: LINE_BYTES_MAX,
    isEachAnswered: false,
    decode: (line) => {
      const decoded = codec.decode(line)
      // The place of the next message is unknown when a refused one may have a body.
      return decoded.isRefused ? refuse(decoded.code, decoded.detail, decoded.hasBody) : decoded
    },
    tooLong: () => refuse('too-long', `a line is at most ${LINE_BYTES_MAX} bytes long`, true),
  }
}
