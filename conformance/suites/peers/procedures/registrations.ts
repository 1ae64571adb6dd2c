// Registering at the name service under test, and asking it who is registered.
import { isDeepStrictEqual } from 'node:util'
import type { Address } from '../../../../spec/peers/messages.ts'
import type {
  NameServiceNode,
  PeersBench,
  PeersNode,
  Played,
  PlayedPeer,
} from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import type { ProbeConnection } from '../../../wire/probe.ts'
import { callText, requireRefused, resultOf } from './call-results.ts'
import { requestLine } from './lines.ts'

export interface Registration {
  readonly type: string
  readonly address: Address
  readonly id: number
  readonly hash: string
  /** The answer that gave id and hash. */
  readonly frame: Frame
}

export type Call = readonly [method: string, args: readonly unknown[]]

/** An address at which nobody is, and which nobody is to call: no type with such peers is checked in a case. */
export const farAddress = (n: number): Address => [`peer-${n}.example`, 40_001 + (n % 20_000)]

/** A name service of the program, and somebody who speaks to it. */
export async function nameServiceAndCaller(
  bench: PeersBench,
  config: Readonly<Record<string, unknown>> = {},
  seats?: number,
): Promise<{ node: NameServiceNode; caller: PlayedPeer }> {
  const node = await bench.nameService({ config, ...(seats !== undefined && { seats }) })
  return { node, caller: await bench.playPeer() }
}

const isRegistered = (result: unknown): result is [number, string] => {
  if (!Array.isArray(result) || result.length !== 2) return false
  const [id, hash] = result as unknown[]
  return Number.isSafeInteger(id) && Number(id) >= 0 && typeof hash === 'string' && hash !== ''
}

/** Reads the answer to a `register`. */
export function registrationOf(
  bench: PeersBench,
  answer: Frame | undefined,
  type: string,
  address: Address,
  requirement = 'peers.register.id',
): Registration {
  const what = callText('register', [type, address])
  const result = resultOf(bench, answer, { requirement, to: what })
  bench.require(isRegistered(result), {
    requirement,
    expected: `[id, hash] for ${what}, an integer of 0 or more and a string`,
    actual: JSON.stringify(result),
    ...(answer && { exhibits: [{ frame: answer.n, at: '/result' }] }),
  })
  const [id, hash] = result
  // `resultOf` has seen the frame.
  return { type, address, id, hash, frame: bench.requireFrame(answer, { requirement, expected: what }) }
}

export async function register(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  address: Address,
  type = bench.type,
  requirement?: string,
): Promise<Registration> {
  const { answer } = await caller.call(node, 'register', [type, address])
  return registrationOf(bench, answer, type, address, requirement)
}

/** Takes a registration back; it must work. */
export async function unregister(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  { id, type, hash }: Registration,
  requirement = 'peers.unregister.removes',
): Promise<Frame> {
  const args = [id, type, hash]
  const { answer } = await caller.call(node, 'unregister', args)
  const result = resultOf(bench, answer, { requirement, to: callText('unregister', args) })
  const frame = bench.requireFrame(answer, { requirement, expected: 'an answer to unregister' })
  bench.require(result === null, {
    requirement,
    expected: 'the result null of unregister',
    actual: JSON.stringify(result),
    exhibits: [{ frame: frame.n, at: '/result' }],
  })
  return frame
}

/**
 * Sends lines one after the other, each after the answer to the one before, on as few connections as the server allows: it may
 * close after an answer. One that neither closes nor goes on reading is judged by `peers.call.several`, which is no MUST: here
 * it gets a connection for each line from then on. Gives the answers in the order of the lines.
 */
export async function linesInTurn(
  bench: PeersBench,
  node: PeersNode,
  caller: Played,
  lines: readonly { readonly line: string | Uint8Array; readonly what: string }[],
  requirement: string,
): Promise<readonly Frame[]> {
  const answers: Frame[] = []
  let kept: ProbeConnection | undefined
  let goesOn = true
  for (const { line, what } of lines) {
    await kept?.sendBytes(line)
    let answer = await kept?.receive()
    if (answer === undefined) {
      if (kept !== undefined) goesOn = await kept.closedByNode(0)
      kept?.close()
      kept = await caller.connect(node)
      await kept.sendBytes(line)
      answer = await kept.receive()
    }
    answers.push(bench.requireFrame(answer, { requirement, expected: `an answer to ${what}` }))
    if (goesOn) continue
    kept?.close()
    kept = undefined
  }
  kept?.close()
  return answers
}

/** `linesInTurn` for calls. */
export const callsInTurn = (
  bench: PeersBench,
  node: PeersNode,
  caller: Played,
  calls: readonly Call[],
  requirement: string,
): Promise<readonly Frame[]> =>
  linesInTurn(
    bench,
    node,
    caller,
    calls.map(([method, args]) => ({ line: requestLine(method, args), what: callText(method, args) })),
    requirement,
  )

/** Registers many addresses in turn. */
export async function registerAll(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  addresses: readonly Address[],
  type = bench.type,
): Promise<readonly Registration[]> {
  const calls = addresses.map((address): Call => ['register', [type, address]])
  const answers = await callsInTurn(bench, node, caller, calls, 'peers.register.id')
  return addresses.map((address, i) => registrationOf(bench, answers[i], type, address))
}

/** What `require_all` must give for these registrations. */
export const listed = (registrations: readonly Pick<Registration, 'id' | 'address'>[]) =>
  registrations.map(({ id, address }) => [id, address] as const).toSorted(([a], [b]) => a - b)

const shortened = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 300 ? `${text.slice(0, 297)}...` : text
}

/** `require_all` gives exactly these registrations, in the order of ids. Becomes no evidence by itself. */
export async function requireRegistered(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  registrations: readonly Pick<Registration, 'id' | 'address'>[],
  details: { readonly requirement: string; readonly when: string; readonly type?: string },
): Promise<Frame> {
  const { requirement, when, type = bench.type } = details
  const { answer } = await caller.call(node, 'require_all', [type])
  const result = resultOf(bench, answer, { requirement, to: callText('require_all', [type]) })
  const frame = bench.requireFrame(answer, { requirement, expected: 'an answer to require_all' })
  bench.require(isDeepStrictEqual(result, listed(registrations)), {
    requirement,
    expected: `${shortened(listed(registrations))} from require_all ${when}`,
    actual: shortened(result),
    exhibits: [{ frame: frame.n, at: '/result' }],
  })
  return frame
}

/** As `requireRegistered`, at the latest when the time is over: for what the name service finds out by its checks. */
export async function requireInTheEnd(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  registrations: readonly Pick<Registration, 'id' | 'address'>[],
  details: { readonly requirement: string; readonly when: string; readonly type?: string },
): Promise<Frame> {
  const { type = bench.type } = details
  await bench.until(async () => {
    const { answer } = await caller.call(node, 'require_all', [type])
    return isDeepStrictEqual(answer?.message?.result, listed(registrations))
  })
  return requireRegistered(bench, node, caller, registrations, details)
}

/** `state` and `require_all` name these registrations of this case's type, and `state` knows no other type. */
export async function requireUnchanged(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  registrations: readonly Pick<Registration, 'id' | 'address'>[],
  requirement: string,
  after: string,
): Promise<Frame> {
  const { types } = await node.state()
  const expected =
    registrations.length === 0
      ? {}
      : { [bench.type]: listed(registrations).map(([id, address]) => ({ id, address })) }
  bench.require(isDeepStrictEqual(types, expected), {
    requirement,
    expected: `the same state after ${after}: ${shortened(expected)}`,
    actual: shortened(types),
  })
  return requireRegistered(bench, node, caller, registrations, { requirement, when: `after ${after}` })
}

/** Nothing names this registration any more. */
export async function requireGone(
  bench: PeersBench,
  node: NameServiceNode,
  caller: Played,
  { id, type }: Pick<Registration, 'id' | 'type'>,
  requirement: string,
): Promise<void> {
  const { answer } = await caller.call(node, 'require_object', [type, id])
  requireRefused(bench, answer, 'LookupError', {
    requirement,
    to: `require_object of id ${id}, which has gone`,
  })
  const { types } = await node.state()
  const ids = (Object.hasOwn(types, type) ? types[type] : undefined)?.map((peer) => peer.id) ?? []
  bench.require(!ids.includes(id), {
    requirement,
    expected: `no id ${id} in state`,
    actual: `the ids ${ids.join(', ')}`,
  })
}

/** A played peer that is registered at the name service under test, and answers `check` as it must. */
export interface Enlisted extends Registration {
  readonly peer: PlayedPeer
}

export async function enlist(
  bench: PeersBench,
  node: NameServiceNode,
  count: number,
  type = bench.type,
): Promise<readonly Enlisted[]> {
  const enlisted: Enlisted[] = []
  for (let i = 0; i < count; i += 1) {
    const peer = await bench.playPeer({ type })
    const registration = await register(bench, node, peer, peer.addressFor(node), type)
    peer.id = registration.id
    enlisted.push({ ...registration, peer })
  }
  return enlisted
}
