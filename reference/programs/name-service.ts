// The program behind `peerspec name-service`: the name service of the reference, for a class or for oneself.
//
// It is the very node that the conformance kit judges. What is added is what people need: it says where it listens and what
// becomes of registrations, and it ends in order. Everything that strangers can make it keep has a bound: connections and
// registrations by its options, lines by the wire (peers.call.length).
import { Command } from 'commander'
import { commandedNode } from '../runtime/commanded-node.ts'
import { nameServiceRole } from '../runtime/peers-roles.ts'
import { cannotListen, type ExitCode, exitCodes, integer, port, runProgram } from './command-line.ts'
import { askedToEnd } from './ending.ts'
import { Journal } from './journal.ts'
import { printableAddress } from './printable.ts'

interface NameServiceOptions {
  readonly port: number
  readonly host: string
  readonly registrations: number
  readonly connections: number
  readonly checkTimeout: number
}

const command = new Command('peerspec name-service')
  .description(
    'Runs a name service for peers until it is ended (Ctrl-C). Only programs of this machine can reach it, unless --host says otherwise. Each registration, departure and dropped peer is a line on standard output.',
  )
  .requiredOption('--port <n>', 'port to listen on', port)
  .option('--host <host>', 'address to listen on; 0.0.0.0: all of this machine', '127.0.0.1')
  .option('--registrations <n>', 'peers registered at a time, all types together', integer(1, 10_000), 10_000)
  .option(
    '--connections <n>',
    'connections at a time; the longest silent one gives way',
    integer(64, 4096),
    1024,
  )
  .option('--check-timeout <ms>', 'a peer is dropped if check takes longer', integer(10, 600_000), 2000)
  .addHelpText(
    'after',
    `
Examples:
  peerspec name-service --port 4242                     for programs of this machine
  peerspec name-service --port 4242 --host 0.0.0.0      for a class

Exit codes:
  0  ended in order
  2  wrong use
  4  it cannot listen there`,
  )

async function serve(options: NameServiceOptions): Promise<ExitCode> {
  const { host, port: listenPort, registrations, connections, checkTimeout } = options
  const say = (line: string) => process.stdout.write(`${line}\n`)
  const asked = askedToEnd()
  const journal = new Journal(say)
  const role = nameServiceRole(undefined, {
    connectionsMax: connections,
    onRegistration: (event) => journal.note(event),
  })
  const config = { host, listenPort, registrationsMax: registrations, checkTimeoutMs: checkTimeout }
  const node = commandedNode(role, config)
  try {
    await node.listen()
  } catch (error) {
    throw cannotListen(host, listenPort, error)
  }
  say(`The name service listens on ${printableAddress([host, listenPort])}.`)
  await asked
  await node.command('stop')
  journal.endSecond()
  say('The name service has ended.')
  return exitCodes.ended
}

await runProgram(command, serve)
