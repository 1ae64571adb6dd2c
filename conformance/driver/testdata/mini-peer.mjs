// The smallest ring peer that a bench can be tried on: several nodes in one process; start, init, state, ping and pong,
// acknowledged departures, and nothing else. `--single` makes it a program for one node.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

const single = process.argv.includes('--single')
const nodes = new Map()
const write = (object) => process.stdout.write(`${JSON.stringify(object)}\n`)

function startNode(config) {
  const { id, basePort, listenPort = basePort + id, pingIntervalMs = 1000 } = config
  const udp = createSocket('udp4')
  const node = { id, successors: null, predecessors: [null, null], seqs: new Map() }
  const send = (peer, message) => udp.send(JSON.stringify(message), basePort + peer, '127.0.0.1')
  const ping = (slot) => {
    const peer = node.successors[slot - 1]
    if (peer === id) return
    const seq = node.seqs.get(peer) ?? 0
    node.seqs.set(peer, seq + 1)
    send(peer, { type: 'ring.ping', from: id, seq, slot })
  }
  const pingBoth = () => [1, 2].forEach(ping)
  udp.on('message', (bytes) => {
    const { type, from, seq, slot } = JSON.parse(bytes)
    if (type !== 'ring.ping') return
    node.predecessors[slot - 1] = from
    send(from, { type: 'ring.pong', from: id, seq })
  })
  const server = createServer((socket) => {
    socket.on('error', () => {})
    createInterface({ input: socket }).on('line', () => {
      socket.write(`${JSON.stringify({ type: 'ring.depart-ack', from: id })}\n`)
    })
  })
  let timer
  node.init = (successors) => {
    node.successors = successors
    pingBoth()
    timer = setInterval(pingBoth, pingIntervalMs)
  }
  node.close = () => {
    clearInterval(timer)
    server.close()
    udp.close()
  }
  return new Promise((resolve, reject) => {
    udp.once('error', reject)
    server.once('error', reject)
    udp.bind(listenPort, '127.0.0.1', () => server.listen(listenPort, '127.0.0.1', () => resolve(node)))
  })
}

const commands = {
  async start({ node, config }) {
    nodes.set(node, await startNode(config))
    return {}
  },
  init({ node, successors }) {
    nodes.get(node).init(successors)
    return {}
  },
  state({ node }) {
    const { id, successors, predecessors } = nodes.get(node)
    return { id, inRing: successors !== null, successors, predecessors, files: [] }
  },
  stop({ node }) {
    nodes.get(node)?.close()
    nodes.delete(node)
    if (single) setImmediate(() => process.exit(0))
    return {}
  },
}

write({
  event: 'hello',
  control: 1,
  name: 'mini-peer',
  version: '1',
  language: 'javascript',
  roles: ['ring.peer'],
  features: single ? [] : ['multi-node'],
})
createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const command = JSON.parse(line)
    const { seq } = command
    const run = Object.hasOwn(commands, command.command) ? commands[command.command] : undefined
    const refuse = (code, message) => write({ seq, ok: false, error: { code, message } })
    if (run === undefined) return refuse('unsupported', command.command)
    try {
      write({ seq, ok: true, result: await run(command) })
    } catch (error) {
      refuse(error.code === 'EADDRINUSE' ? 'address-in-use' : 'internal', error.message)
    }
  })
  .on('close', () => process.exit(0))
