// Lies, and does not go: it ignores SIGTERM, SIGINT, `stop` and the end of its standard input.
import { createInterface } from 'node:readline'
import { hello, LIFETIME_MS, succeed } from './channel.mjs'
import { lyingPeer } from './lying-peer.mjs'

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {})
hello('ignores-sigterm')
const answer = lyingPeer()
createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line)
  if (command.command === 'stop') succeed(command.seq)
  else answer(command)
})
setTimeout(() => process.exit(0), LIFETIME_MS)
