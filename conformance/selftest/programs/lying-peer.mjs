// The best that a peer can say without opening a socket: every result and event is plausible, computed from the
// configuration and the commands alone. Whoever believes words instead of frames gives it a good grade.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { refuse, succeed, write } from './channel.mjs'

/** A lying peer: gives the function that answers a command. */
export const lyingPeer = () => {
  let config
  let successors = null
  const files = new Map()
  const adopt = (pair, cause) => {
    successors = pair
    write({ event: 'successors', successors: pair, cause })
  }

  const answers = {
    start(seq, command) {
      if (!Number.isInteger(command.config?.id)) return refuse(seq, 'bad-config')
      config = command.config
      succeed(seq)
    },
    init(seq, command) {
      if (successors !== null) return refuse(seq, 'already-in-ring')
      if (!Array.isArray(command.successors)) return refuse(seq, 'bad-argument')
      adopt(command.successors, 'init')
      succeed(seq)
    },
    join(seq, { via }) {
      if (!Number.isInteger(via)) return refuse(seq, 'bad-argument')
      adopt([via, config.id], 'join')
      succeed(seq, { successors, route: [via] })
    },
    store(seq, { name, path }) {
      if (!/^\d{4}$/.test(name)) return refuse(seq, 'bad-argument')
      const content = readFileSync(path)
      files.set(name, content)
      const digest = createHash('sha256').update(content).digest('hex')
      write({ event: 'stored', name, size: content.length, digest })
      succeed(seq, { owner: successors[0], route: [config.id, successors[0]] })
    },
    request(seq, { name }) {
      if (!/^\d{4}$/.test(name)) return refuse(seq, 'bad-argument')
      const content = files.get(name)
      if (content === undefined) return refuse(seq, 'not-found')
      const path = join(config.folder, `received-${name}`)
      writeFileSync(path, content)
      const digest = createHash('sha256').update(content).digest('hex')
      succeed(seq, {
        owner: successors[0],
        route: [config.id, successors[0]],
        size: content.length,
        digest,
        path,
      })
    },
    state(seq) {
      // In a ring of at most four the predecessors are likely to be the successors the other way round.
      const [first, second] = successors ?? [null, null]
      succeed(seq, {
        id: config.id,
        inRing: successors !== null,
        successors,
        predecessors: [second, first],
        files: [...files.keys()].sort(),
      })
    },
    stop(seq) {
      succeed(seq)
      process.exitCode = 0
      process.stdin.destroy()
    },
  }

  return (command) => {
    if (!Object.hasOwn(answers, command.command)) return refuse(command.seq, 'unsupported')
    if (config === undefined && command.command !== 'start') return refuse(command.seq, 'not-started')
    try {
      answers[command.command](command.seq, command)
    } catch {
      refuse(command.seq, 'bad-argument')
    }
  }
}
