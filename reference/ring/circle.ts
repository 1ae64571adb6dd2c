// Arithmetic of the circle (ring.md section 1). Ids run clockwise, 0 to 255 and on to 0; every interval test that the
// protocol makes is one of the two below, and the wrap, id 0 and the ring of one need no case of their own.
import { RING_SIZE } from '../../spec/ring/messages.ts'

/** Steps clockwise from x to y: 0 if they are equal. */
export function clockwise(x: number, y: number): number {
  return (y - x + RING_SIZE) % RING_SIZE
}

/** a in (x, y): strictly between. (x, x) is the whole circle without x. */
export function inOpen(a: number, x: number, y: number): boolean {
  const reach = clockwise(x, y) === 0 ? RING_SIZE : clockwise(x, y)
  return clockwise(x, a) > 0 && clockwise(x, a) < reach
}

/** a in (x, y]: after x, up to y. (x, x] is the whole circle. */
export function inHalfOpen(a: number, x: number, y: number): boolean {
  return a === y || inOpen(a, x, y)
}

/** The key of a file: its name read as a decimal number, modulo 256 (ring.circle.owner). */
export function keyOf(name: string): number {
  return Number.parseInt(name, 10) % RING_SIZE
}
