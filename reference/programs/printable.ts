// Text of strangers on a terminal of ours. A message may hold anything (peers.message.text), also what would clear the screen,
// forge a line of this program, or turn the order of letters round: such characters are shown as escapes.

/** Control characters but the tab, line and paragraph separators, and what changes the direction of writing. */
const DANGEROUS = /(?!\t)\p{Cc}|[\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

export const printable = (text: string): string =>
  text.replace(DANGEROUS, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\r') return '\\r'
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })

/** Host and port as people write them. */
export const printableAddress = ([host, port]: readonly [host: string, port: number]): string =>
  `${host.includes(':') ? `[${printable(host)}]` : printable(host)}:${port}`
