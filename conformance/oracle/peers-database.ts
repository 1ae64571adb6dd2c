// What the copies of a database must hold at rest (peers.md section 8), told from the writes and their outcomes.
import { exhibitsOf, type Finding } from './peers-history.ts'

/** A write as its caller saw it. Moments are places in any order of events that the caller has. */
export interface Write {
  readonly fortune: string
  /** `open`: the writer died, or its answer was never seen: it may have happened, once. */
  readonly outcome: 'done' | 'refused' | 'open'
  readonly begunAt: number
  /** When the answer came. */
  readonly endedAt: number
  /** Frames of the calls that carried it. */
  readonly frames?: readonly number[]
}

const count = (fortunes: readonly string[], fortune: string): number =>
  fortunes.filter((other) => other === fortune).length

const shortened = (fortunes: readonly string[]): string =>
  fortunes.length > 40
    ? `${fortunes.length} fortunes, the last ${JSON.stringify(fortunes.slice(-10))}`
    : JSON.stringify(fortunes)

/**
 * Judges the copies of all present peers when no write is under way: equal, first what was there at the start, then every write that
 * succeeded, once, in one order in which none comes before another one that had ended when it began.
 */
export function judgeCopies(
  copies: ReadonlyMap<number, readonly string[]>,
  initial: readonly string[],
  writes: readonly Write[],
): readonly Finding[] {
  const [first, ...others] = [...copies]
  if (first === undefined) return []
  const [firstId, copy] = first
  for (const [id, other] of others)
    if (other.length !== copy.length || other.some((fortune, i) => fortune !== copy[i]))
      return [
        {
          requirement: 'peers.database.agree',
          expected: `the copies of ${firstId} and ${id} to be equal when no write is under way`,
          actual: `${shortened(copy)} and ${shortened(other)}`,
          exhibits: differenceFrames(copy, other, writes),
        },
      ]
  return [
    ...judgeStart(firstId, copy, initial),
    ...judgeCounts(copy, initial, writes),
    ...judgeWriteOrder(copy, writes),
  ].slice(0, 1)
}

/** The calls that carried the first fortune in which two copies differ. */
const differenceFrames = (
  one: readonly string[],
  other: readonly string[],
  writes: readonly Write[],
): Finding['exhibits'] => {
  const place = one.findIndex((fortune, i) => fortune !== other[i])
  const differing = place < 0 ? [other[one.length]] : [one[place], other[place]]
  return exhibitsOf(
    ...writes
      .filter(({ fortune }) => differing.includes(fortune))
      .flatMap(({ frames }) => (frames ?? []).slice(0, 4)),
  )
}

const judgeStart = (id: number, copy: readonly string[], initial: readonly string[]): readonly Finding[] =>
  initial.every((fortune, i) => copy[i] === fortune)
    ? []
    : [
        {
          requirement: 'peers.database.catch-up',
          expected: `the copy of ${id} to begin with ${shortened(initial)}`,
          actual: shortened(copy),
          exhibits: [],
        },
      ]

function judgeCounts(
  copy: readonly string[],
  initial: readonly string[],
  writes: readonly Write[],
): readonly Finding[] {
  for (const fortune of new Set([...copy, ...writes.map((write) => write.fortune)])) {
    const of = writes.filter((write) => write.fortune === fortune)
    const least = count(initial, fortune) + of.filter(({ outcome }) => outcome === 'done').length
    const most = least + of.filter(({ outcome }) => outcome === 'open').length
    const found = count(copy, fortune)
    if (found >= least && found <= most) continue
    const refused = found > most && of.some(({ outcome }) => outcome === 'refused')
    return [
      {
        requirement: refused ? 'peers.database.write-timeout' : 'peers.database.write',
        expected: `${JSON.stringify(fortune)} ${least} times in every copy${most > least ? `, or up to ${most} times` : ''}`,
        actual: `${found} times`,
        exhibits: exhibitsOf(...of.flatMap(({ frames }) => (frames ?? []).slice(0, 6))),
      },
    ]
  }
  return []
}

function judgeWriteOrder(copy: readonly string[], writes: readonly Write[]): readonly Finding[] {
  const placed = writes.filter(({ fortune, outcome }) => outcome === 'done' && count(copy, fortune) === 1)
  for (const earlier of placed)
    for (const later of placed)
      if (earlier.endedAt < later.begunAt && copy.indexOf(earlier.fortune) > copy.indexOf(later.fortune))
        return [
          {
            requirement: 'peers.database.agree',
            expected: `${JSON.stringify(earlier.fortune)}, whose write had ended when the other began, before ${JSON.stringify(later.fortune)}`,
            actual: 'after it, in every copy',
            exhibits: exhibitsOf(...(earlier.frames ?? []).slice(0, 2), ...(later.frames ?? []).slice(0, 2)),
          },
        ]
  return []
}
