// The types of a name service: each is a namespace of its own, whatever string it is (peers.require.types).
import type { RegisteredPeer } from './rules.ts'

/** A round of checks of one type. */
export interface Round {
  /** Ids whose `check` has not begun. */
  readonly unchecked: number[]
  /** Peers have unregistered since it began: those with a lower id than this are checked in a further round. */
  again: number | null
}

export interface Namespace {
  readonly type: string
  /** In the order of ids. Bound: `registrationsMax`, all namespaces together. */
  readonly registered: RegisteredPeer[]
  round: Round | null
}

/** Where the type is, or would be. Types are compared by their UTF-16 units, which is an order like any other. */
function placeOf(namespaces: readonly Namespace[], type: string): number {
  let low = 0
  let high = namespaces.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const namespace = namespaces[middle]
    if (namespace !== undefined && namespace.type < type) low = middle + 1
    else high = middle
  }
  return low
}

export function namespaceOf(namespaces: readonly Namespace[], type: string): Namespace | undefined {
  const namespace = namespaces[placeOf(namespaces, type)]
  return namespace?.type === type ? namespace : undefined
}

/** The namespace of that type, a new one if there is none. */
export function namespaceWithRoom(namespaces: Namespace[], type: string): Namespace {
  const place = placeOf(namespaces, type)
  const known = namespaces[place]
  if (known?.type === type) return known
  const namespace: Namespace = { type, registered: [], round: null }
  namespaces.splice(place, 0, namespace)
  return namespace
}

/** A namespace that nothing is left of is forgotten. */
export function maybeForget(namespaces: Namespace[], namespace: Namespace): void {
  if (namespace.registered.length > 0 || namespace.round !== null) return
  const place = placeOf(namespaces, namespace.type)
  if (namespaces[place] === namespace) namespaces.splice(place, 1)
}
