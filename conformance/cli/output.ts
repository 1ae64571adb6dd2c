// Where a command writes: the process's streams, or what a test gives.
import pc from 'picocolors'
import type { Stream } from '../report/status-line.ts'

export interface Output {
  readonly stdout: Stream
  readonly stderr: Stream
}

/** Colours are for terminals, unless FORCE_COLOR or NO_COLOR says otherwise. */
export function usesColor(stream: Stream): boolean {
  if (process.env.NO_COLOR) return false
  return stream.isTTY === true || Boolean(process.env.FORCE_COLOR)
}

export const colorsFor = (stream: Stream) => pc.createColors(usesColor(stream))
