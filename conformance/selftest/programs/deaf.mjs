// Lies like lying.mjs, but its sockets are open: datagrams and connections are taken and never answered. Every case that
// says "this message is dropped without an answer" is right about it, and must not reward it.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { hello, onCommand } from './channel.mjs'
import { lyingPeer } from './lying-peer.mjs'

hello('deaf')
const answer = lyingPeer()
onCommand((command) => {
  if (command.command !== 'start' || !Number.isInteger(command.config?.id)) return answer(command)
  const { host = '127.0.0.1', basePort, id, listenPort = basePort + id } = command.config
  createSocket('udp4').bind(listenPort, host)
  createServer((connection) => connection.on('error', () => {}).resume()).listen(listenPort, host, () =>
    answer(command),
  )
})
