// What a ring at rest must look like, computed from its member ids alone. Written from the prose of ring.md (sections 1, 6,
// 7, 8, 9) and from nothing else: no node, no wire and no other implementation stands behind it, so that a misreading in
// one of them shows up here. Cases compare what nodes do with what these functions say.
//
// Ids are the integers 0 to 255 on a circle. Walking clockwise is counting up, and 0 follows 255.

/** Number of ids on the circle (ring.md, section 1). */
const CIRCLE_SIZE = 256

/** Steps clockwise from `from` to `to`: 0 to 255. */
export const clockwiseDistance = (from: number, to: number): number => (to - from + CIRCLE_SIZE) % CIRCLE_SIZE

/** `a in (x, y]`: from x clockwise one meets a before, or exactly at, y. `(x, x]` is the whole circle. */
export const isInOpenClosed = (a: number, x: number, y: number): boolean => {
  if (x === y) return true
  const steps = clockwiseDistance(x, a)
  return steps > 0 && steps <= clockwiseDistance(x, y)
}

/** `a in (x, y)`: both ends excluded. `(x, x)` is the whole circle without x. */
export const isInOpen = (a: number, x: number, y: number): boolean => {
  if (a === x || a === y) return false
  return isInOpenClosed(a, x, y)
}

/** The members in clockwise order, beginning with the lowest id. */
export const circleOrder = (members: readonly number[]): readonly number[] =>
  [...new Set(members)].sort((a, b) => a - b)

/** The member `places` places clockwise from `self` (negative: anticlockwise). */
const neighbour = (members: readonly number[], self: number, places: number): number => {
  const order = circleOrder(members)
  const index = order.indexOf(self)
  if (index < 0) throw new Error(`peer ${self} is no member of the ring ${order.join('-')}`)
  const found = order[(index + places + 2 * order.length) % order.length]
  return found ?? self
}

/** First and second successor of a member; in a ring of two the second is the member itself, in a ring of one both. */
export const successorsOf = (members: readonly number[], self: number): [number, number] => [
  neighbour(members, self, 1),
  neighbour(members, self, 2),
]

/**
 * First and second predecessor of a member. Null where there is none: predecessors are learnt from pings, and a peer
 * does not ping itself, so the second one is missing in a ring of two, and both in a ring of one.
 */
export const predecessorsOf = (members: readonly number[], self: number): [number | null, number | null] => {
  const [first, second] = [neighbour(members, self, -1), neighbour(members, self, -2)]
  return [first === self ? null : first, second === self ? null : second]
}

/** The key of a file: its name, read as a decimal number, modulo the size of the circle. */
export const keyOf = (name: string): number => Number.parseInt(name, 10) % CIRCLE_SIZE

/** The owner of a file: the first member whose id is equal to the key or follows it clockwise. */
export const ownerOf = (members: readonly number[], name: string): number => {
  const key = keyOf(name)
  const owner = circleOrder(members).find((id) => id >= key)
  // A key above the last member belongs to the first one: the walk goes on over 255 to 0.
  return owner ?? lowest(members)
}

const lowest = (members: readonly number[]): number => {
  const first = circleOrder(members)[0]
  if (first === undefined) throw new Error('a ring without members owns nothing')
  return first
}

/** The members that one passes from `from` along first successors to `to`, both included. */
export const pathBetween = (members: readonly number[], from: number, to: number): number[] => {
  const path = [from]
  for (let at = from; at !== to; ) {
    at = neighbour(members, at, 1)
    path.push(at)
  }
  return path
}

/** The `route` of a store or request of `name` that starts at `origin`, in a ring at rest. */
export const lookupRoute = (members: readonly number[], origin: number, name: string): number[] =>
  pathBetween(members, origin, ownerOf(members, name))

/** The member that accepts a newcomer: the one with the newcomer between itself and its first successor. */
export const acceptorOf = (members: readonly number[], newcomer: number): number => {
  if (members.includes(newcomer)) throw new Error(`${newcomer} is a member already: nobody accepts it`)
  return neighbour([...members, newcomer], newcomer, -1)
}

/** What a join must bring about, in a ring at rest. */
export interface Placement {
  readonly acceptor: number
  /** From the known peer to the acceptor, both included. */
  readonly route: readonly number[]
  /** What `accept` carries and the newcomer adopts. */
  readonly successors: readonly [number, number]
}

/** Where a newcomer that asks `via` must land. */
export const placementOf = (members: readonly number[], via: number, newcomer: number): Placement => {
  const acceptor = acceptorOf(members, newcomer)
  return {
    acceptor,
    route: pathBetween(members, via, acceptor),
    successors: successorsOf([...members, newcomer], newcomer),
  }
}

/** What each member of a ring at rest must hold. */
export interface Neighbourhood {
  readonly successors: readonly [number, number]
  readonly predecessors: readonly [number | null, number | null]
}

/** The whole ring at rest: the state after any join, departure or repaired death depends on the members alone. */
export const ringOf = (members: readonly number[]): ReadonlyMap<number, Neighbourhood> =>
  new Map(
    circleOrder(members).map((id) => [
      id,
      { successors: successorsOf(members, id), predecessors: predecessorsOf(members, id) },
    ]),
  )

/** The members after a join. */
export const afterJoin = (members: readonly number[], newcomer: number): readonly number[] =>
  circleOrder([...members, newcomer])

/** The members after a departure or death. */
export const without = (members: readonly number[], gone: number): readonly number[] =>
  circleOrder(members).filter((id) => id !== gone)
