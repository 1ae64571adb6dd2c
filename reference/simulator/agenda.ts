// What will happen when: a binary heap over virtual time. Entries of the same moment come in the order in which they
// were made, so that a run depends on nothing but its seed.

interface Entry {
  readonly at: number
  readonly order: number
  readonly act: () => void
}

export class Agenda {
  /** Heap: the children of i are at 2i+1 and 2i+2. Bounded by what nodes have under way: timers and messages in flight. */
  readonly #heap: Entry[] = []
  #order = 0

  get size(): number {
    return this.#heap.length
  }

  /** The time of the next entry; undefined when nothing is left. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at
  }

  add(at: number, act: () => void): void {
    const entry = { at, order: this.#order++, act }
    const heap = this.#heap
    let i = heap.length
    heap.push(entry)
    while (i > 0) {
      const parentIndex = (i - 1) >> 1
      const parent = heap[parentIndex]
      if (parent === undefined || isBefore(parent, entry)) break
      heap[i] = parent
      i = parentIndex
    }
    heap[i] = entry
  }

  /** Removes and gives the next entry's act. */
  take(): (() => void) | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined) return undefined
    if (heap.length > 0) this.#sink(last)
    return first.act
  }

  #sink(entry: Entry): void {
    const heap = this.#heap
    let i = 0
    for (;;) {
      const leftIndex = 2 * i + 1
      const left = heap[leftIndex]
      const right = heap[leftIndex + 1]
      if (left === undefined) break
      const isRightFirst = right !== undefined && isBefore(right, left)
      const child = isRightFirst ? right : left
      if (!isBefore(child, entry)) break
      heap[i] = child
      i = isRightFirst ? leftIndex + 1 : leftIndex
    }
    heap[i] = entry
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
