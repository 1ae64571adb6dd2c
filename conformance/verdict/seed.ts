// Seeds. One number is printed for the whole run; the seed of a case follows from it and from the id of the case, so that
// a case sees the same random numbers alone (`--only`) as in the whole suite, in whatever order it ran there.
import { randomInt } from 'node:crypto'

/** Seeds are integers from 0 to this. */
export const SEED_MAX = 0xffff_ffff

/** A seed for a run that was given none: short, because people copy it. */
export const chooseSeed = (): number => randomInt(1, 1_000_000)

/** FNV-1a over the run's seed and the case id, with a last mix, because ids differ only at their end. */
export function caseSeed(runSeed: number, caseId: string): number {
  let hash = 0x811c_9dc5
  for (const byte of Buffer.from(`${runSeed}:${caseId}`)) hash = Math.imul(hash ^ byte, 0x0100_0193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
