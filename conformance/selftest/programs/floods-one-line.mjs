// Says hello and then writes one line that never ends: a reader that waits for its LF fills its memory.
import { hello, LIFETIME_MS } from './channel.mjs'

hello('floods-one-line')
const chunk = 'x'.repeat(65_536)
const flood = () => {
  while (process.stdout.write(chunk));
  process.stdout.once('drain', flood)
}
flood()
setTimeout(() => process.exit(0), LIFETIME_MS)
