// What the harness has to know of the wire of a system: how bytes become messages, and what is wrong with them. The
// network, the relay and the participants that the harness plays are the same for all systems; they are given one of these.
//
// A fault names the requirement that it breaks, because a datagram of 9,000 bytes, a key written twice and a missing
// field are three different mistakes for the person who has to mend them.
import type { Address } from '../../spec/peers/messages.ts'

/** What is wrong with a frame, where in it, and which requirement that breaks. */
export interface Fault {
  readonly text: string
  /** JSON pointer into the message, or byte offset into the raw bytes. */
  readonly at?: string | number
  readonly requirement: string
}

export type Message = Readonly<Record<string, unknown>>

export interface Decoded {
  readonly message?: Message
  /** The name of the published schema that the message should follow. */
  readonly type?: string
  readonly fault?: Fault
  /** Number of the frame with the request that this one answers. */
  readonly answers?: number
  /** To be told the number of this frame, once it is in the capture. */
  readonly numbered?: (n: number) => void
}

/** How the lines that one side of a connection writes are read. Lines come in order, so the rules may remember some of them. */
export interface LineRules {
  /** Bytes of a line without CR and LF. */
  readonly bytesMax: number
  /** A line without CR and LF. */
  decode(line: Uint8Array): Decoded
  /** A line of more bytes; it is reported as soon as that is certain, with what there is of it. */
  decodeTooLong(): Decoded
  /** What the end of the stream left without an LF; ended in order by a FIN, or not. */
  decodeRest(bytes: Uint8Array, endedInOrder: boolean): Decoded
  /** Bytes of the body that follows the line; undefined when none can follow. */
  bodyLength(decoded: Decoded): number | undefined
}

/** The two sides of a connection: who opened it, and who accepted it. */
export interface Conversation {
  readonly opener: LineRules
  readonly acceptor: LineRules
}

export interface Wire {
  /** Absent in a system without datagrams: then no UDP socket is opened. */
  readonly decodeDatagram?: (bytes: Uint8Array) => Decoded
  /** The rules for one new connection. */
  converse(): Conversation
  /**
   * The message with each address in it translated; undefined when there is none in it. Absent in a system whose messages
   * carry no addresses: then bytes are passed on as they come, and no line is waited for.
   */
  readonly exchangeAddresses?: (
    decoded: Decoded,
    translate: (address: Address) => Address,
  ) => Message | undefined
  /** What is wrong with a message that a case wants to send as a proper one over TCP. */
  faultOf(message: Message): Fault | undefined
}
