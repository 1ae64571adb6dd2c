// The contract between a protocol and the world. Read this file first.
//
// A protocol is a pure machine: inputs go in, effects come out. It has no socket, no clock, no timer and no randomness of
// its own: time comes in with each input as `at`, the seed with the configuration. The same configuration and the same
// inputs give the same effects, byte for byte. So the socket runtime and the simulator drive the very same code, and a
// mutant is a machine around a machine.
//
// What a driver promises:
// - `at` never goes back. The first input is `start`.
// - Effects are performed in their order. Messages that come in are well formed: the driver's codec has refused the others.
// - A machine says to what place something goes in its system's own terms: in the ring a peer's id, in peers an address.
// - Connections: those that the machine opens have positive numbers, which it chooses; a number is free again when its
//   `closed` or `unreachable` has come. Those that others open have negative numbers, which never come again, and the machine
//   meets them with their first message. Each connection that the machine has met ends with exactly one `closed` or `unreachable`.
// - Where each line is answered by one line (core/stream-codec.ts), neither the next message of an inbound connection nor its
//   `ended` comes before the answer has been sent.
// - Content: bytes of files never pass through the machine, except one segment at a time. They lie in a blob, which the
//   machine names by a number that it chooses and never uses again. The driver keeps temporary blobs, computes SHA-256
//   while the bytes stream by, and forgets a blob after `discard`, `commit` or `blob-failed`.
// - `open-blob`, `commit`, `append`, `finish` and `read` take effect at once, and the inputs that they cause come before any other.
//
// What a machine promises: it never throws because of what a message says, and it bounds everything that it remembers.

/** What one system puts into the contract: its messages, commands, results and events. */
export interface Vocabulary {
  /** Where a datagram or a connection goes. */
  readonly place: unknown
  /** A message in a datagram; `never` in a system without UDP. */
  readonly datagram: object
  /** A message on a connection; one with a `bodyLength` is followed by that many bytes. */
  readonly stream: object
  readonly command: { readonly command: string }
  readonly result: object
  readonly event: { readonly event: string }
  /** Codes with which a command fails. */
  readonly failure: string
}

export type ConnectionNumber = number
export type BlobNumber = number

export type Input<V extends Vocabulary> = { readonly at: number } & (
  | {
      readonly kind: 'start'
      /** Numbers that must not repeat over the lives of a node (requests, transfers) begin here. */
      readonly firstNumber: number
    }
  | { readonly kind: 'command'; readonly handle: number; readonly command: V['command'] }
  | { readonly kind: 'datagram'; readonly message: V['datagram'] }
  /** A connection that the machine opened is up. */
  | { readonly kind: 'opened'; readonly connection: ConnectionNumber }
  /** It never came up. */
  | { readonly kind: 'unreachable'; readonly connection: ConnectionNumber }
  /** If the message has a body and the step does not ask for it with `receive-body`, the driver closes after its answers. */
  | { readonly kind: 'message'; readonly connection: ConnectionNumber; readonly message: V['stream'] }
  /** Bytes of a body have moved on this connection, in either direction. */
  | { readonly kind: 'progress'; readonly connection: ConnectionNumber }
  /** The other side sends no more, but may still read: what is due to it can be sent. */
  | { readonly kind: 'ended'; readonly connection: ConnectionNumber }
  | { readonly kind: 'closed'; readonly connection: ConnectionNumber }
  | { readonly kind: 'timer'; readonly name: string }
  /** A blob is complete: its body has arrived, or `measure`, `copy` or `finish` is done. */
  | { readonly kind: 'content'; readonly blob: BlobNumber; readonly size: number; readonly digest: string }
  | { readonly kind: 'committed'; readonly blob: BlobNumber; readonly path: string }
  /** Answer to `read`: bytes in base64. */
  | { readonly kind: 'chunk'; readonly blob: BlobNumber; readonly offset: number; readonly data: string }
  /** The file cannot be read or written, or the body was cut short. */
  | { readonly kind: 'blob-failed'; readonly blob: BlobNumber; readonly detail: string }
)

export type Effect<V extends Vocabulary> =
  | { readonly kind: 'send-datagram'; readonly to: V['place']; readonly message: V['datagram'] }
  | { readonly kind: 'open'; readonly connection: ConnectionNumber; readonly to: V['place'] }
  /** Messages wait until the connection is up. The bytes of `body` follow the message. */
  | {
      readonly kind: 'send'
      readonly connection: ConnectionNumber
      readonly message: V['stream']
      readonly body?: BlobNumber
    }
  /** No more will be sent: the driver ends the connection after what is queued, and reads on until the other side ends. */
  | { readonly kind: 'close'; readonly connection: ConnectionNumber }
  /** Drops the connection at once. */
  | { readonly kind: 'abort'; readonly connection: ConnectionNumber }
  /** Setting a timer that is set starts it anew. */
  | { readonly kind: 'set-timer'; readonly name: string; readonly delayMs: number }
  | { readonly kind: 'clear-timer'; readonly name: string }
  /** The body of the message that this step handles goes into a new temporary blob. */
  | { readonly kind: 'receive-body'; readonly connection: ConnectionNumber; readonly blob: BlobNumber }
  /** Size and digest of any readable file; the blob stands for that file. */
  | { readonly kind: 'measure'; readonly blob: BlobNumber; readonly path: string }
  /** A temporary blob with the content of any readable file. */
  | { readonly kind: 'copy'; readonly blob: BlobNumber; readonly path: string }
  /** The blob stands for a committed file as it is now, also if the file is replaced later. */
  | { readonly kind: 'open-blob'; readonly blob: BlobNumber; readonly file: string }
  /** An empty temporary blob. */
  | { readonly kind: 'create-blob'; readonly blob: BlobNumber }
  /** Adds bytes in base64. */
  | { readonly kind: 'append'; readonly blob: BlobNumber; readonly data: string }
  | { readonly kind: 'finish'; readonly blob: BlobNumber }
  | { readonly kind: 'read'; readonly blob: BlobNumber; readonly offset: number; readonly length: number }
  /** A complete temporary blob becomes the file of that plain name in the node's folder, replacing an older one as a whole. */
  | { readonly kind: 'commit'; readonly blob: BlobNumber; readonly file: string }
  | { readonly kind: 'discard'; readonly blob: BlobNumber }
  | { readonly kind: 'reply'; readonly handle: number; readonly reply: CommandReply<V> }
  | { readonly kind: 'event'; readonly event: V['event'] }
  /** The node is done: the driver closes its sockets, and performs the effects that follow only after that. */
  | { readonly kind: 'halt' }

export type CommandReply<V extends Vocabulary> =
  | { readonly ok: true; readonly result: V['result'] }
  | {
      readonly ok: false
      readonly error: { readonly code: V['failure'] | 'internal'; readonly message: string }
    }

export interface Machine<V extends Vocabulary> {
  step(input: Input<V>): readonly Effect<V>[]
}
