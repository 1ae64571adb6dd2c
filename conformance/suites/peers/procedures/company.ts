// Several peers of the program together: who they are, whether each has all others in its list, and whether messages pass.
import { isDeepStrictEqual } from 'node:util'
import type { ListedPeer } from '../../../../spec/peers/control.ts'
import type { Bench } from '../../../verdict/bench.ts'
import type { PeerNode } from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { begun, requireSuccess } from '../../outcome.ts'
import { eventsOf } from './standstill.ts'

/** Peers of the program by the ids that they have. */
export type Company = ReadonlyMap<number, PeerNode>

/** The ids, as the peers themselves tell them; all different. */
export async function companyOf(bench: Bench, nodes: readonly PeerNode[]): Promise<Company> {
  const states = await Promise.all(nodes.map((node) => node.state()))
  const company = new Map(states.map(({ id }, i) => [id, nodes[i]] as const))
  const members = new Map(
    [...company].flatMap(([id, node]) => (node === undefined ? [] : [[id, node] as const])),
  )
  bench.require(members.size === nodes.length && !members.has(-1), {
    requirement: 'peers.control.state',
    expected: `${nodes.length} peers with ids of their own`,
    actual: JSON.stringify(states.map(({ id }) => id)),
  })
  return members
}

/** What the list of one of them has to be. */
const listFor = (company: Company, self: number, node: PeerNode): readonly ListedPeer[] =>
  [...company]
    .filter(([id]) => id !== self)
    .map(([id, other]) => ({ id, address: node.addressFor(other.seat) }))
    .toSorted((a, b) => a.id - b.id)

/** Every one of these peers has all others in its list, at their addresses, and nobody else; at the latest when the time is over. */
export async function requireComplete(
  bench: Bench,
  company: Company,
  requirement: string,
  because: string,
): Promise<void> {
  for (const [id, node] of company) {
    const expected = listFor(company, id, node)
    let held: readonly ListedPeer[] = []
    await bench.until(async () => {
      held = (await node.state()).peers
      return isDeepStrictEqual(held, expected)
    })
    bench.require(isDeepStrictEqual(held, expected), {
      requirement,
      expected: `the list ${JSON.stringify(expected.map((entry) => entry.id))} of peer ${id} ${because}`,
      actual: JSON.stringify(held.map((entry) => entry.id)),
    })
  }
  bench.evidence(`complete lists of ${[...company.keys()].join(', ')} ${because}`)
}

const printMessage =
  (from: PeerNode, to: PeerNode, text: string) =>
  (frame: Frame): boolean =>
    frame.from === from.seat &&
    frame.to === to.seat &&
    frame.message?.method === 'print_message' &&
    Array.isArray(frame.message.args) &&
    frame.message.args[1] === text

/** A message from one to the other: on the wire, and reported by the receiver with the id of the sender. */
export async function requireMessage(
  bench: Bench,
  company: Company,
  from: number,
  to: number,
  requirement = 'peers.message.send',
): Promise<void> {
  const [sender, receiver] = [company.get(from), company.get(to)]
  if (sender === undefined || receiver === undefined) throw new Error(`no peer ${from} or ${to}`)
  const text = `${from} to ${to}, ${bench.frames.length}`
  await requireSuccess(
    bench,
    begun(sender.command('send', { to, text })),
    requirement,
    `the message of ${from} to ${to} to be sent`,
  )
  const request = bench.requireFrame(bench.frames.find(printMessage(sender, receiver, text)), {
    requirement: 'peers.message.send',
    expected: `print_message of ${from} at ${to}`,
  })
  const reported = await bench.until(() =>
    eventsOf(receiver, 'message').some((message) => message.from === from && message.text === text),
  )
  bench.require(reported, {
    requirement: 'peers.message.receive',
    expected: `the event message of ${from} at ${to}`,
    actual: JSON.stringify(eventsOf(receiver, 'message').slice(-3)),
    exhibits: [{ frame: request.n }],
  })
  bench.evidence(`${from} to ${to}`, request)
}

/** Messages between all pairs, all at once. */
export async function requireAllTalk(bench: Bench, company: Company, requirement?: string): Promise<void> {
  const ids = [...company.keys()]
  await Promise.all(
    ids.flatMap((from) =>
      ids.filter((to) => to !== from).map((to) => requireMessage(bench, company, from, to, requirement)),
    ),
  )
}
