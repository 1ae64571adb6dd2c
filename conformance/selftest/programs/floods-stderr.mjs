// Answers every command with success and fills its standard error, as a program does that was left in debug mode.
import { hello, LIFETIME_MS, onCommand, succeed } from './channel.mjs'

hello('floods-stderr')
onCommand(({ seq }) => succeed(seq))
const chunk = 'DEBUG: state is state\n'.repeat(1000)
const flood = () => {
  while (process.stderr.write(chunk));
  process.stderr.once('drain', flood)
}
flood()
setTimeout(() => process.exit(0), LIFETIME_MS)
