// Seeded random numbers: sfc32 by Chris Doty-Humphrey (PractRand), three words of state and a counter, which passes
// PractRand to terabytes. The seed fills the state through the first steps, as its author proposes.

/** The next number in [0, 1). */
export type Random = () => number

/** The same seed gives the same numbers on every platform. */
export function seededRandom(seed: number): Random {
  let a = 0
  let b = seed | 0
  let c = 0
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 4_294_967_296
  }
  for (let mixed = 0; mixed < 12; mixed += 1) next()
  return next
}
