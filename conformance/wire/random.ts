// Random numbers from a seed, so that a run can be repeated. Each user takes its own stream: what the relay draws for the
// link 4 -> 9 does not depend on how many datagrams happened to cross the link 9 -> 4 before.

/** Uniform in [0, 1). */
export type Random = () => number

/** FNV-1a over the characters: spreads seeds that differ little, like `7/ring.join/4/9` and `7/ring.join/9/4`. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

/** The stream that belongs to this seed and these names. The generator is mulberry32. */
export function seededRandom(seed: number, ...names: readonly (string | number)[]): Random {
  let state = hash([seed, ...names].join('/'))
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
