// The chat: commands of the user become commands of the peer, events of the peer become lines for the user.
//
// Commands are carried out one after the other, so that messages arrive in the order in which they were written.
import type { PeerEvent, PeerResult } from '../../spec/peers/control.ts'
import type { CommandedNode } from '../runtime/commanded-node.ts'
import type { ChatConsole } from './console.ts'
import { cannotSend, hasJoined, hasLeft, menu, peerList, prompt, received } from './course-lines.ts'
import { printable } from './printable.ts'

export interface Talker {
  readonly id: number
  readonly type: string
  readonly peer: Pick<CommandedNode, 'command' | 'result'>
}

/** Until the user leaves. */
export async function converse({ id, type, peer }: Talker, console: ChatConsole): Promise<void> {
  console.print(menu)
  for (;;) {
    const line = await console.next(prompt(type, id))
    const word = line?.trim()
    if (line === undefined || word === 'q') return
    if (word === 'l') console.print(peerList(type, (await peer.result<PeerResult<'state'>>('state')).peers))
    else if (word === 'h') console.print(menu)
    else if (word !== '') await sayOrRefuse(line, peer, console)
  }
}

async function sayOrRefuse(line: string, peer: Talker['peer'], console: ChatConsole): Promise<void> {
  const message = messageIn(line)
  if (message === undefined) {
    console.print(`There is no command ${printable(line)}; h prints the menu.`)
    return
  }
  const { to, text } = message
  const isId = Number.isSafeInteger(Number(to))
  const reply = isId ? await peer.command('send', { to: Number(to), text }) : undefined
  // A user who leaves meanwhile is told nothing any more.
  if (reply?.ok || reply?.error.code === 'not-started') return
  console.print(cannotSend(to))
  const code = reply?.error.code
  // The list is not to blame for these.
  if (code === 'refused' || code === 'bad-answer')
    console.print(`    ${printable(reply?.error.message ?? '')}`)
}

/**
 * `2 : Can anybody hear me?`. The message is everything behind the first colon, as in the course: the blank at its beginning
 * belongs to it, and so do further colons.
 */
export function messageIn(line: string): { readonly to: string; readonly text: string } | undefined {
  const [, digits, text] = /^\s*([0-9]+)\s*:(.*)$/su.exec(line) ?? []
  if (digits === undefined || text === undefined) return undefined
  return { to: digits.replace(/^0+(?=\d)/, ''), text }
}

/** Undefined for an event that is none of the chat's. */
export function lineFor(event: PeerEvent, type: string): string | undefined {
  switch (event.event) {
    case 'joined':
      return hasJoined(event.id)
    case 'left':
      return hasLeft(event.id)
    case 'message':
      return received(event.from, event.text)
    case 'display':
      return peerList(type, event.peers)
    case 'token':
      return undefined
  }
}
