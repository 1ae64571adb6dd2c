// Seeded random numbers: sfc32 by Chris Doty-Humphrey (PractRand), three words of state and a counter, which passes
// PractRand to terabytes. The seed fills the state through the first steps, as its author proposes.

/** The next number in [0, 1). */
export type Random = () => number

/** Three words and the counter: plain data, so that a machine's whole state can be copied. */
export type RandomState = [number, number, number, number]

export function randomState(seed: number): RandomState {
  const state: RandomState = [0, seed | 0, 0, 1]
  for (let mixed = 0; mixed < 12; mixed += 1) draw(state)
  return state
}

/** Draws the next number in [0, 1) and moves the state on. */
export function draw(state: RandomState): number {
  const [a, b, c, counter] = state
  const sum = (((a + b) | 0) + counter) | 0
  state[0] = b ^ (b >>> 9)
  state[1] = (c + (c << 3)) | 0
  state[2] = (((c << 21) | (c >>> 11)) + sum) | 0
  state[3] = (counter + 1) | 0
  return (sum >>> 0) / 4_294_967_296
}

/** The same seed gives the same numbers on every platform. */
export function seededRandom(seed: number): Random {
  const state = randomState(seed)
  return () => draw(state)
}
