// What the chat of the course says (peers.md, sources L3 and LSKEL), word for word, so that its handout can be followed with
// this one. Only the colons of the menu are in one column here; in the handout the second line is a blank short.
import type { ListedPeer } from '../../spec/peers/control.ts'
import { printable } from './printable.ts'

export const menu = `\
Choose one of the following commands:
    l                               :: display the peer list,
    <PEER_ID> : <MESSAGE>           :: send <MESSAGE> to <PEER_ID>,
    h                               :: print this menu,
    q                               :: exit.`

export const prompt = (type: string, id: number): string => `${printable(type)}(${id})> `

/** Addresses stand as Python prints its tuples. */
export const peerList = (type: string, peers: readonly ListedPeer[]): string =>
  [
    `List of peers of type '${printable(type)}':`,
    ...peers.map(
      ({ id, address: [host, port] }) =>
        `    id: ${String(id).padStart(2)}, address: ('${printable(host)}', ${port})`,
    ),
  ].join('\n')

export const hasJoined = (id: number): string => `Peer ${id} has joined the system.`
export const hasLeft = (id: number): string => `Peer ${id} has left the system.`
export const received = (from: number, text: string): string =>
  `Received a message from ${from}: ${printable(text)}`
export const cannotSend = (to: string): string =>
  `Cannot send messages to ${to}. Make sure it is in the list of peers.`
