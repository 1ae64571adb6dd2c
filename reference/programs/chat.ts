// The program behind `peerspec chat`: the chat of the course on the reference machine, for a person at a terminal or a script.
//
// The peer is the very one that the conformance kit judges, without lock and database. This file starts it, has it join, and
// sees to it that it leaves in order however the chat ends; conversation.ts is what happens between.
import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import type { PeerEvent, PeerResult } from '../../spec/peers/control.ts'
import type { Address } from '../peers/vocabulary.ts'
import { type CommandedNode, commandedNode, configProblem } from '../runtime/commanded-node.ts'
import { peerRole } from '../runtime/peers-roles.ts'
import {
  cannotListen,
  type ExitCode,
  exitCodes,
  hostAndPort,
  port as portNumber,
  Refusal,
  runProgram,
} from './command-line.ts'
import { openConsole } from './console.ts'
import { converse, lineFor } from './conversation.ts'
import { askedToEnd } from './ending.ts'
import { printableAddress } from './printable.ts'

interface ChatOptions {
  readonly nameService: Address
  readonly type: string
  readonly host: string
  readonly port?: number
  readonly advertise?: Address
}

/** Ports of the course. */
const PORTS = [40_001, 50_000] as const
/** Ports that are tried when the user has named none. */
const PORTS_TRIED_MAX = 100
/** A person waits for each call; a living peer of a class answers much sooner. */
const CALL_TIMEOUT_MS = 3000
/** Leaving calls the name service and everybody in the list; those who have not answered by then are left without a word. */
const LEAVE_MS_MAX = 10_000

const command = new Command('peerspec chat')
  .description(
    'Joins a chat of peers at the terminal. Commands: l lists the peers, "2 : hello" sends hello to peer 2, h prints the menu, q (or Ctrl-C, Ctrl-D) leaves. Input may also come from a pipe.',
  )
  .requiredOption('--name-service <host:port>', 'where the name service is', hostAndPort)
  .requiredOption('-t, --type <type>', 'object type: only peers of the same type see each other')
  .option('--host <host>', 'address to listen on', '127.0.0.1')
  .option('--port <n>', `port to listen on (default: a free one in ${PORTS.join('..')})`, portNumber)
  .option('--advertise <host:port>', 'where others reach it (default: host and port)', hostAndPort)
  .addHelpText(
    'after',
    `
Examples:
  peerspec chat --name-service 127.0.0.1:4242 -t ivan
  printf '0 : hello\\n' | peerspec chat --name-service 127.0.0.1:4242 -t ivan
  peerspec chat --name-service 10.0.0.5:4242 -t ivan --host 10.0.0.7

Exit codes:
  0  left in order
  2  wrong use
  4  it cannot listen there, or cannot reach the name service, to join or to leave`,
  )

async function chat(options: ChatOptions): Promise<ExitCode> {
  const { type, nameService } = options
  const console = openConsole(process)
  // Who reads nothing any more has left.
  const unread = new Promise<void>((resolve) => process.stdout.on('error', () => resolve()))
  const ended = Promise.race([askedToEnd(), console.interrupted, unread])
  const onEvent = (event: object) => {
    const line = lineFor(event as PeerEvent, type)
    if (line !== undefined) console.print(line)
  }
  let peer: CommandedNode | undefined
  try {
    peer = await startPeer(options, onEvent)
    const joined = await joinUnless(ended, peer, nameService)
    if (joined === undefined) return await leave(peer)
    await Promise.race([ended, converse({ id: joined.id, type, peer }, console)])
    console.close()
    return await leaveAndTell(peer, joined.id, options)
  } finally {
    console.close()
    peer?.kill()
  }
}

/** A peer that listens, at the port of the options or else at a free one. */
async function startPeer(options: ChatOptions, onEvent: (event: object) => void): Promise<CommandedNode> {
  const { host, port, type, nameService, advertise } = options
  if (advertise === undefined && ['0.0.0.0', '::'].includes(host)) {
    const text = `--host ${host} is every address of this machine: --advertise says at which others reach it`
    throw new Refusal(exitCodes.usage, text)
  }
  const role = peerRole()
  for (let tried = 1; ; tried += 1) {
    const listenPort = port ?? randomInt(PORTS[0], PORTS[1] + 1)
    const config = {
      host,
      listenPort,
      type,
      nameService,
      callTimeoutMs: CALL_TIMEOUT_MS,
      ...(advertise && { advertise }),
    }
    const problem = configProblem(role, config)
    if (problem !== undefined) throw new Refusal(exitCodes.usage, `--${problem}`)
    const peer = commandedNode(role, config, onEvent)
    try {
      await peer.listen()
      return peer
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (port !== undefined || !isTaken || tried === PORTS_TRIED_MAX)
        throw cannotListen(host, listenPort, error)
    }
  }
}

/** Undefined if the user has left meanwhile. */
async function joinUnless(
  ended: Promise<void>,
  peer: CommandedNode,
  nameService: Address,
): Promise<PeerResult<'join'> | undefined> {
  const reply = await Promise.race([ended, peer.command('join')])
  if (reply === undefined) return undefined
  if (reply.ok) return reply.result as PeerResult<'join'>
  const { message } = reply.error
  const text = `cannot join by the name service at ${printableAddress(nameService)}: ${message}`
  throw new Refusal(exitCodes.notReady, text)
}

async function leave(peer: CommandedNode): Promise<ExitCode> {
  await Promise.race([peer.command('stop'), delay(LEAVE_MS_MAX)])
  return exitCodes.ended
}

/** Leaving succeeds whatever the others answer (peers.leave.dead); a lost name service is asked for before. */
async function leaveAndTell(peer: CommandedNode, id: number, options: ChatOptions): Promise<ExitCode> {
  const { nameService, type } = options
  const address = nameService
  const asked = await peer.command('call', { address, method: 'require_object', args: [type, id] })
  await leave(peer)
  if (asked.ok) return exitCodes.ended
  const text = `the name service at ${printableAddress(address)} is lost (${asked.error.message}): it may still list this peer`
  throw new Refusal(exitCodes.notReady, text)
}

await runProgram(command, chat)
