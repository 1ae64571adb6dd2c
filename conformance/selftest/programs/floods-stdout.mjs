// Says hello and then fills its standard output with well-formed events for as long as someone reads them.
import { hello, LIFETIME_MS } from './channel.mjs'

hello('floods-stdout')
const chunk = '{"event":"debug","text":"still here"}\n'.repeat(1000)
const flood = () => {
  while (process.stdout.write(chunk));
  process.stdout.once('drain', flood)
}
flood()
setTimeout(() => process.exit(0), LIFETIME_MS)
