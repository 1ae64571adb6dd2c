// From a line to a request or an answer. Only the form is judged here: that a line is a request at all
// (peers.call.malformed), or an answer at all (peers.call.presence). Whether there is such a method, and whether its arguments
// are right, the machine knows.
//
// What comes where an answer is due and is none goes to the machine too: the call has failed, and somebody waits for it.
import { errorNames } from '../../spec/peers/messages.ts'
import { type DecodeText, parseObject } from '../core/codec.ts'
import type { DecodedLine, StreamCodec } from '../core/stream-codec.ts'
import { LEVELS_MAX } from './limits.ts'
import type { PeersRules } from './rules.ts'
import { errorAnswer } from './skeleton.ts'
import type { PeersLine } from './vocabulary.ts'

type LineRules = Pick<PeersRules, 'requestOf' | 'requestBytesMax' | 'answerOf' | 'answerBytesMax'>

/** For connections that others open: requests come in. */
export function createRequestCodec(decodeText: DecodeText, rules: LineRules): StreamCodec<PeersLine> {
  const refuse = (text: string, isLast: boolean): DecodedLine<PeersLine> => {
    return { isRefused: true, answer: errorAnswer(errorNames.protocol, text), isLast }
  }
  return {
    lineBytesMax: rules.requestBytesMax,
    isEachAnswered: true,
    decode: (line) => {
      const value = objectIn(line, decodeText)
      if (value === undefined) return refuse('a request is one JSON object with method and args', false)
      const request = rules.requestOf(value)
      return typeof request === 'string' ? refuse(request, false) : { isRefused: false, message: request }
    },
    tooLong: () => refuse(`a request is at most ${rules.requestBytesMax} bytes long`, true),
  }
}

/** For connections that this node opens: answers come in. */
export function createAnswerCodec(decodeText: DecodeText, rules: LineRules): StreamCodec<PeersLine> {
  const none = (noAnswer: string): DecodedLine<PeersLine> => ({ isRefused: false, message: { noAnswer } })
  return {
    lineBytesMax: rules.answerBytesMax,
    isEachAnswered: false,
    decode: (line) => {
      const value = objectIn(line, decodeText)
      if (value === undefined) return none('not a JSON object')
      return { isRefused: false, message: rules.answerOf(value) }
    },
    tooLong: () => none(`longer than ${rules.answerBytesMax} bytes`),
  }
}

function objectIn(line: Uint8Array, decodeText: DecodeText): Record<string, unknown> | undefined {
  const text = decodeText(line)
  const value = text === undefined ? undefined : parseObject(text)
  return value === undefined || isDeeperThan(LEVELS_MAX, value) ? undefined : value
}

/** A value that is nested too deep cannot be written again: JSON.stringify would run out of stack. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  for (const child of Object.values(value)) {
    if (isDeeperThan(levels - 1, child)) return true
  }
  return false
}
