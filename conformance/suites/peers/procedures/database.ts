// A peer with the database among played ones. Played peers are correct unless a case says otherwise: the lowest one has the token
// and gives it to whoever asks.
import { isDeepStrictEqual } from 'node:util'
import type { PeerResult } from '../../../../spec/peers/control.ts'
import type { PeerNode, PeersBench, PeersNodeOptions, PlayedPeer } from '../../../verdict/peers-bench.ts'
import type { Frame } from '../../../wire/capture.ts'
import { type Begun, begun } from '../../outcome.ts'
import { type PeersCase, stage } from '../define.ts'
import { nothing } from './answers.ts'
import { type LockScene, lockCase, lockScene } from './lock.ts'
import { type Outside, outside } from './scene.ts'

/** A case of the database: most differ in nothing of this. */
export const databaseCase = (definition: Omit<PeersCase, 'role' | 'stage' | 'observes'>) =>
  lockCase({ ...definition, stage: stage.database })

/** A peer with these fortunes and the token, all others of the list higher than it. */
export const databaseScene = (
  bench: PeersBench,
  higher: number,
  fortunes: readonly string[],
  options: PeersNodeOptions = {},
): Promise<LockScene> => lockScene(bench, 0, higher, { fortunes, ...options })

/** A peer that has started with these fortunes and not joined, above lower peers of which none gives it the token by itself. */
export const newcomerScene = (
  bench: PeersBench,
  lower: number,
  fortunes: readonly string[],
  config: Readonly<Record<string, unknown>> = {},
): Promise<Outside> => outside(bench, { lower, fortunes, config })

/** Gives the token, with a time of 0 for everyone, to whoever asks this played peer for it. */
export const givesToken = (played: PlayedPeer, peer: PeerNode): void =>
  played.on('request_token', (args) => {
    const [, asking] = args
    // Not awaited: the request is to be answered whatever becomes of the token.
    void played.call(peer, 'obtain_token', [
      [
        [played.id, 0],
        [asking, 0],
      ],
    ])
    return nothing
  })

export const write = (peer: PeerNode, fortune: string, withinMs?: number): Begun<PeerResult<'write'>> =>
  begun(peer.command('write', { fortune }, withinMs))

/** The copy in `state` is this one. */
export async function requireCopy(
  bench: PeersBench,
  peer: PeerNode,
  expected: readonly string[],
  requirement: string,
  because: string,
): Promise<void> {
  const { fortunes } = await peer.state()
  bench.require(isDeepStrictEqual(fortunes, expected), {
    requirement,
    expected: `the copy ${shortened(expected)} ${because}`,
    actual: shortened(fortunes),
  })
}

const shortened = (fortunes: readonly string[] | null): string =>
  fortunes !== null && fortunes.length > 20
    ? `${fortunes.length} fortunes, the last ${JSON.stringify(fortunes.slice(-3))}`
    : JSON.stringify(fortunes)

/** What `write_local` brought to a played peer, in the order in which it came. */
export const copiedTo = (played: PlayedPeer): readonly unknown[] =>
  played
    .received('write_local')
    .map(({ message }) => (Array.isArray(message?.args) ? message.args[0] : undefined))

/** These played peers have got exactly these fortunes, in this order. Gives a call that shows it. */
export function requireCopied(
  bench: PeersBench,
  to: readonly PlayedPeer[],
  expected: readonly string[],
  requirement: string,
): Frame | undefined {
  for (const played of to) {
    const calls = played.received('write_local')
    bench.require(isDeepStrictEqual(copiedTo(played), expected), {
      requirement,
      expected: `write_local at ${played.id} with ${JSON.stringify(expected)}, each once`,
      actual: JSON.stringify(copiedTo(played)),
      exhibits: calls.slice(-3).map(({ n }) => ({ frame: n })),
    })
  }
  return to[0]?.received('write_local').at(-1)
}
