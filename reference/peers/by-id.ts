// Arrays in the order of ids: what a node knows of others, as plain data with one form only. Two states that hold the same
// look the same, however they came about.

interface WithId {
  readonly id: number
}

/** Where the id is, or would be. */
function placeOf(entries: readonly WithId[], id: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]
    if (entry !== undefined && entry.id < id) low = middle + 1
    else high = middle
  }
  return low
}

export function findById<E extends WithId>(entries: readonly E[], id: number): E | undefined {
  const entry = entries[placeOf(entries, id)]
  return entry?.id === id ? entry : undefined
}

/** Puts the entry in its place, or in the place of the one with its id. */
export function putById<E extends WithId>(entries: E[], entry: E): void {
  const place = placeOf(entries, entry.id)
  entries.splice(place, entries[place]?.id === entry.id ? 1 : 0, entry)
}

/** True if it was there. */
export function removeById(entries: WithId[], id: number): boolean {
  const place = placeOf(entries, id)
  if (entries[place]?.id !== id) return false
  entries.splice(place, 1)
  return true
}
