// How far a count may lie from what is expected before chance is no excuse. Exact, by summing the binomial distribution: a
// normal approximation is wrong by orders of magnitude so far out.

/** Natural logarithms of n! for n = 0, 1, ..., count. */
function logFactorials(count: number): readonly number[] {
  const logs = [0]
  for (let n = 1; n <= count; n += 1) logs.push((logs[n - 1] ?? 0) + Math.log(n))
  return logs
}

/**
 * The narrowest range such that a fair count, of `draws` each with probability `p`, lies below it with a probability of at
 * most `falseAlarm / 2`, and above it with the same.
 */
export function fairRange(draws: number, p: number, falseAlarm: number): { least: number; most: number } {
  const logs = logFactorials(draws)
  const probability = (hits: number): number =>
    Math.exp(
      (logs[draws] ?? 0) -
        (logs[hits] ?? 0) -
        (logs[draws - hits] ?? 0) +
        hits * Math.log(p) +
        (draws - hits) * Math.log(1 - p),
    )
  let least = 0
  for (let below = probability(0); below <= falseAlarm / 2; below += probability(least)) least += 1
  let most = draws
  for (let above = probability(draws); above <= falseAlarm / 2; above += probability(most)) most -= 1
  return { least, most }
}

/**
 * Four counts are looked at in `drawsLookFair`; each may raise a false alarm with this probability, so that all together
 * stay below one in a thousand million.
 */
const FALSE_ALARM = 2e-10

/**
 * Whether draws from `places` places, 0 to places - 1, one after the other, look like fair and independent ones; undefined when
 * they do, else what is wrong with them. Beside how often each place comes it counts how often one comes twice in a row:
 * taking turns is perfectly even, and no chance at all.
 */
export function unfairness(draws: readonly number[], places: number): string | undefined {
  const counted = fairRange(draws.length, 1 / places, FALSE_ALARM)
  for (let place = 0; place < places; place += 1) {
    const hits = draws.filter((draw) => draw === place).length
    if (hits < counted.least || hits > counted.most)
      return `number ${place + 1} of ${places} came ${hits} times in ${draws.length}, and by chance it comes ${counted.least} to ${counted.most} times`
  }
  const repeated = fairRange(draws.length - 1, 1 / places, FALSE_ALARM)
  const repeats = draws.filter((draw, i) => i > 0 && draw === draws[i - 1]).length
  if (repeats < repeated.least || repeats > repeated.most)
    return `the same one came twice in a row ${repeats} times in ${draws.length}, and by chance that happens ${repeated.least} to ${repeated.most} times`
  return undefined
}
