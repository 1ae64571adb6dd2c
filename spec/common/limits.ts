/** Largest datagram in bytes: below loopback's limit, and small enough that one fragment loss is rare elsewhere. */
export const DATAGRAM_BYTES_MAX = 8192
/** Longest line on TCP in bytes, the LF not counted. */
export const LINE_BYTES_MAX = 65_536
/** Longest control line in bytes, the LF not counted. */
export const CONTROL_LINE_BYTES_MAX = 1_048_576
