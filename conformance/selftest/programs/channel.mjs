// The control channel as the hostile programs beside this file use it: the lines are right, what they say is not.
import { createInterface } from 'node:readline'

/** Every hostile program ends by itself after this, should the harness fail to end it. */
export const LIFETIME_MS = 60_000

export const write = (object) => process.stdout.write(`${JSON.stringify(object)}\n`)

/** A hello that claims everything. */
export const hello = (name) =>
  write({
    event: 'hello',
    control: 1,
    name,
    version: '1',
    language: 'javascript',
    roles: ['ring.peer'],
    features: [
      'ring.join',
      'ring.leave',
      'ring.repair',
      'ring.store',
      'ring.transfer.tcp',
      'ring.transfer.udp',
    ],
  })

export const succeed = (seq, result = {}) => write({ seq, ok: true, result })
export const refuse = (seq, code) => write({ seq, ok: false, error: { code, message: code } })

/** Calls `answer` with every command, and ends the program with its standard input. */
export const onCommand = (answer) =>
  createInterface({ input: process.stdin })
    .on('line', (line) => answer(JSON.parse(line)))
    .on('close', () => process.exit(0))
