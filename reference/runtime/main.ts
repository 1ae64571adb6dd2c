// The reference implementation as a program: `node dist/reference-main.js [--mutant NAME] [--mutants] [--listen-control PORT]
// [--single]`.
//
// Without options it hosts any number of nodes and speaks control lines over standard input and output. `--single` makes it a
// program of one node, which ends after `stop`. `--listen-control` speaks over TCP with whoever connects (control.md section
// 5), with each for itself, until the process is ended. `--mutant` gives every node one known mistake, so that a conformance
// kit can be shown to notice it; `--mutants` lists them as JSON.
import net from 'node:net'
import { parseArgs } from 'node:util'
import packageJson from '../../package.json' with { type: 'json' }
import type { Mutant } from '../mutants/mutant.ts'
import { Control } from './control.ts'
import { nameServiceRole, peerRole } from './peers-roles.ts'
import { ringRole } from './ring-role.ts'

/** How long commands under way may still be answered after the input has ended. */
const END_GRACE_MS = 250

const { values } = parseArgs({
  options: {
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    'listen-control': { type: 'string' },
    single: { type: 'boolean', default: false },
  },
})

function quit(code: number, message?: string): never {
  if (message !== undefined) process.stderr.write(`${message}\n`)
  process.exit(code)
}

/** The mutant of that name, after it has spoiled what it needs to spoil. */
async function summonMutant(name: string | undefined): Promise<Mutant | undefined> {
  if (name === undefined) return undefined
  // Loaded only when asked for: an ordinary start should not pay for the mutants.
  const { mutants } = await import('../mutants/index.ts')
  const mutant = mutants.get(name) ?? quit(2, `there is no mutant ${name}`)
  mutant.sabotage()
  return mutant
}

async function listMutants(): Promise<never> {
  const { mutants } = await import('../mutants/index.ts')
  const list = [...mutants.values()].map(({ name, system, requirement, bug, isOfProcess }) => {
    return { name, system, requirement, bug, isOfProcess }
  })
  // A pipe takes what is longer than its buffer bit by bit.
  await new Promise<void>((resolve) =>
    process.stdout.write(`${JSON.stringify(list, null, 2)}\n`, () => resolve()),
  )
  return quit(0)
}

function serve(
  mutant: Mutant | undefined,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  finish: () => void,
): void {
  // The last lines must be out before the process is gone.
  const finishAfterOutput = () => output.write('', () => finish())
  const control = new Control({
    name: 'peerspec-reference',
    version: packageJson.version,
    roles: new Map([
      ['ring.peer', ringRole(mutant?.ring)],
      ['peers.name-service', nameServiceRole(mutant?.peers)],
      ['peers.peer', peerRole(mutant?.peers)],
    ]),
    isSingle: values.single,
    writeLine: (line) => output.write(`${line}\n`),
    onStopped: finishAfterOutput,
  })
  let isEnding = false
  const end = () => {
    if (isEnding) return
    isEnding = true
    void control.end(END_GRACE_MS).then(finishAfterOutput)
  }
  // Nobody reads any more: there is nothing left to say.
  output.on('error', () => {
    isEnding = true
    void control.end(0).then(finish)
  })
  input.on('data', (bytes: Buffer) => {
    if (control.onBytes(bytes)) return
    process.stderr.write('a control line is too long\n')
    end()
  })
  input.on('end', end)
  input.on('close', end)
  control.sayHello()
}

if (values.mutants) await listMutants()
const mutant = await summonMutant(values.mutant)
const controlPort = values['listen-control']
if (controlPort === undefined) {
  serve(mutant, process.stdin, process.stdout, () => quit(0))
} else {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    serve(mutant, socket, socket, () => socket.destroy())
  })
  server.on('error', (error) => quit(2, `cannot listen for control: ${error.message}`))
  server.listen(Number(controlPort), '127.0.0.1', () => {
    const address = server.address()
    if (address !== null && typeof address === 'object')
      process.stderr.write(`control listens on 127.0.0.1:${address.port}\n`)
  })
}
