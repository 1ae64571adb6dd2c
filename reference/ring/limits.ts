// The bounds of everything that a peer keeps because of what others send (common.robust.bounds; ring.md sections 7, 9, 10).

/** Newcomers whose connections wait for an answer here. */
export const NEWCOMERS_MAX = 64
/** Messages kept while the first successor cannot be reached, and again those kept while this peer is itself joining. */
export const HELD_MAX = 64
/** Own commands under way. */
export const COMMANDS_MAX = 256
/** Puts allowed or arriving. */
export const PUTS_MAX = 256
/** UDP transfers served at once. */
export const TRANSFERS_MAX = 64
/** Requests that wait for one of those places. */
export const TRANSFERS_WAITING_MAX = 256
/** Finished UDP transfers whose segments and ends are still acknowledged. */
export const FINISHED_TRANSFERS_MAX = 256
/** Connections that this peer has opened and not yet seen closed. */
export const CONNECTIONS_OPEN_MAX = 512
/** Queries for a second successor that wait for their answers. */
export const QUERIES_MAX = 8
