// The smallest name service and the smallest peer that a bench can be tried on: register and require_all, a peer that joins
// and keeps its list, nothing of lock and database. Arguments: `--single` makes it a program for one node, `--role <role>`
// leaves the other role out, `--flaw <name>` breaks one thing (see `flaws`).
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

const textOf = (option) =>
  process.argv.includes(option) ? process.argv[process.argv.indexOf(option) + 1] : undefined
const single = process.argv.includes('--single')
const flaw = textOf('--flaw')
const role = textOf('--role')
const nodes = new Map()
const write = (object) => process.stdout.write(`${JSON.stringify(object)}\n`)

/** `answer`: a list of ids instead of peers. `request`: another key beside method and args. `self`: a peer that calls itself. */
const flaws = { answer: flaw === 'answer', request: flaw === 'request', self: flaw === 'self' }

const raise = (name, ...args) => ({ error: { name, args } })

function call([host, port], method, args) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed')))
    createInterface({ input: socket })
      .on('error', () => {})
      .on('line', (line) => {
        socket.end()
        try {
          resolve(JSON.parse(line))
        } catch (error) {
          reject(error)
        }
      })
    socket.write(`${JSON.stringify({ method, args, ...(flaws.request && { id: 1 }) })}\n`)
  })
}

/** Serves the methods of an object, one answer to each line. */
async function serve(methods, { host = '127.0.0.1', listenPort }) {
  const sockets = new Set()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    createInterface({ input: socket })
      .on('error', () => {})
      .on('line', (line) => {
        const { method, args } = JSON.parse(line)
        const answer = Object.hasOwn(methods, method)
          ? methods[method](...args)
          : raise('AttributeError', `no ${method}`)
        socket.write(`${JSON.stringify(answer?.error ? answer : { result: answer })}\n`)
      })
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(listenPort, host, resolve))
  return () => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  }
}

async function nameService(config) {
  const peers = []
  let nextId = 0
  const methods = {
    register: (type, address) => [peers.push({ id: nextId, type, address }) && nextId++, `hash-${nextId}`],
    require_all: (type) =>
      peers
        .filter((peer) => peer.type === type)
        .map(({ id, address }) => (flaws.answer ? id : [id, address])),
    unregister: (id) =>
      void peers.splice(
        peers.findIndex((peer) => peer.id === id),
        1,
      ) ?? null,
  }
  const close = await serve(methods, config)
  const state = () => ({
    types: Object.fromEntries(
      peers.map(({ type }) => [
        type,
        peers.filter((peer) => peer.type === type).map(({ id, address }) => ({ id, address })),
      ]),
    ),
  })
  return { close, commands: { state } }
}

async function peer(config, emit) {
  const { type } = config
  const own = config.advertise ?? ['127.0.0.1', config.listenPort]
  const list = new Map()
  let id = -1
  let hash
  const methods = {
    check: () => [id, type],
    register_peer(other, address) {
      list.set(other, address)
      emit({ event: 'joined', id: other })
      return null
    },
    unregister_peer(other) {
      list.delete(other)
      return null
    },
    print_message(from, text) {
      emit({ event: 'message', from, text })
      return null
    },
  }
  const close = await serve(methods, config)
  const listed = () => [...list].map(([other, address]) => ({ id: other, address }))
  const commands = {
    async join() {
      ;[id, hash] = (await call(config.nameService, 'register', [type, own])).result
      const { result } = await call(config.nameService, 'require_all', [type])
      for (const [other, address] of result) {
        if (other > id || (other === id && !flaws.self)) continue
        await call(address, 'register_peer', [id, own])
        if (other !== id) list.set(other, address)
      }
      return { id, peers: listed() }
    },
    call: ({ address, method, args }) => call(address, method, args),
    state: () => ({ id, type, peers: listed(), token: null, requests: null, fortunes: null }),
  }
  const leave = async () => {
    if (id < 0) return
    await call(config.nameService, 'unregister', [id, type, hash])
    for (const address of list.values()) await call(address, 'unregister_peer', [id])
  }
  return { close, commands, leave }
}

const roles = { 'peers.name-service': nameService, 'peers.peer': peer }

write({
  event: 'hello',
  control: 1,
  name: 'mini-peers',
  version: '1',
  language: 'javascript',
  roles: role === undefined ? Object.keys(roles) : [role],
  features: ['peers.list', ...(single ? [] : ['multi-node'])],
})
createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const { seq, command, node, ...args } = JSON.parse(line)
    const refuse = (code, message) => write({ seq, ok: false, error: { code, message } })
    const started = nodes.get(node)
    try {
      if (command === 'start') {
        nodes.set(node, await roles[args.role](args.config, (event) => write({ ...event, node })))
        write({ seq, ok: true, result: {} })
      } else if (command === 'stop') {
        await started?.leave?.()
        await started?.close()
        nodes.delete(node)
        write({ seq, ok: true, result: {} })
        if (single) setImmediate(() => process.exit(0))
      } else if (started !== undefined && Object.hasOwn(started.commands, command)) {
        write({ seq, ok: true, result: await started.commands[command](args) })
      } else refuse('unsupported', command)
    } catch (error) {
      refuse(error.code === 'EADDRINUSE' ? 'address-in-use' : 'internal', error.message)
    }
  })
  .on('close', () => process.exit(0))
