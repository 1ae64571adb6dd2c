// Which frames a reader needs in order to understand a failure: those that prove it, and what was said around them.
// A cluster case captures hundreds of pings; the join that went wrong is three frames among them.
import type { Frame } from '../wire/capture.ts'
import type { Exhibit } from './case.ts'

/** Frames in a result at most. */
export const FRAMES_MAX = 20

const heartbeats: ReadonlySet<string> = new Set(['ring.ping', 'ring.pong'])
const isHeartbeat = (frame: Frame): boolean => heartbeats.has(frame.type ?? '')

const samePeers = (a: Frame, b: Frame): boolean =>
  (a.from === b.from && a.to === b.to) || (a.from === b.to && a.to === b.from)

// How far a frame is from an exhibit, in frames; what runs between the same two peers counts as nearer, and pings,
// unless they are what the case is about, as farther.
function distanceTo(frame: Frame, exhibit: Frame): number {
  const steps = Math.abs(frame.n - exhibit.n)
  if (frame.connection !== undefined && frame.connection === exhibit.connection) return steps / 4
  const noise = isHeartbeat(frame) && !isHeartbeat(exhibit) ? 20 : 1
  return steps * noise * (samePeers(frame, exhibit) ? 1 : 2)
}

/** At most `FRAMES_MAX` frames, in order: the exhibits and what is nearest to them; without exhibits the last ones. */
export function excerpt(frames: readonly Frame[], exhibits: readonly Exhibit[]): readonly Frame[] {
  const shown = exhibits.map((exhibit) => frames[exhibit.frame]).filter((frame) => frame !== undefined)
  if (shown.length === 0) {
    const told = frames.filter((frame) => !isHeartbeat(frame))
    return (told.length > 0 ? told : frames).slice(-FRAMES_MAX)
  }
  const nearness = new Map(
    frames.map((frame) => [frame, Math.min(...shown.map((exhibit) => distanceTo(frame, exhibit)))]),
  )
  return frames
    .toSorted((a, b) => (nearness.get(a) ?? 0) - (nearness.get(b) ?? 0))
    .slice(0, FRAMES_MAX)
    .toSorted((a, b) => a.n - b.n)
}
