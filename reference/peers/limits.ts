// The bounds of everything that a node keeps because of what others send (common.robust.bounds; peers.md sections 4 to 8).

/** Calls of one operation under way at once: a list may be long, and each call is a connection. */
export const CALLS_AT_ONCE = 16
/** Calls of `check` under way at once, of one type and of all together. 64 slow peers must not be all (peers.unregister.prompt). */
export const CHECKS_OF_TYPE_AT_ONCE = 128
export const CHECKS_AT_ONCE = 256
/** Peers in a list. peers.list.bounds */
export const LIST_MAX = 10_000
/** Calls of `register_peer` that wait for the end of a join or leave here. */
export const NEWCOMERS_MAX = 1000
/** Peers that are remembered to have left during a join. peers.join.left-meanwhile */
export const LEFT_MAX = 10_000
/** Peers whose requests for the token are known. peers.lock.record */
export const REQUESTS_MAX = 10_000
/** Writes that wait for their turn. peers.database.write-queue */
export const WRITES_WAITING_MAX = 100
/** Fortunes in a copy. peers.database.bounds */
export const FORTUNES_MAX = 1000
/** Levels of arrays and objects in a line. common.encoding.json */
export const LEVELS_MAX = 100
