// How many peers a list holds: at least 1,000, at most 10,000. peers.md section 5.
import type { Address } from '../../../spec/peers/messages.ts'
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench, PlayedPeer } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { peersCase, stage } from './define.ts'
import { requireResult } from './procedures/answers.ts'
import { requireRefused } from './procedures/call-results.ts'
import { requestLine } from './procedures/lines.ts'
import { requireServes } from './procedures/standstill.ts'

const BOUNDS = 'peers.list.bounds'
const LEAST = 1000
const MOST = 10_000
/** Requests that are sent on one connection before their answers are read. */
const BATCH = 1000

/** An address of its own for each id (peers.list.address), at which nobody listens: the discard port of some loopback host. */
const addressOf = (id: number): Address => [`127.9.${id >> 8}.${id & 255}`, 9]

const isSuccess = (frame: Frame): boolean =>
  frame.message !== undefined && Object.hasOwn(frame.message, 'result')

/**
 * Calls `register_peer` with the ids from `first` on, many on one connection, and with one connection each once the peer has
 * closed one after an answer, as it may. Gives the first answer that is no success, and how many successes came before it.
 */
async function fill(
  bench: PeersBench,
  peer: PeerNode,
  caller: PlayedPeer,
  first: number,
  count: number,
): Promise<{ readonly taken: number; readonly refusal: Frame | undefined }> {
  let batch = BATCH
  let taken = 0
  while (taken < count) {
    const size = Math.min(batch, count - taken)
    const start = bench.frames.length
    const connection = await caller.connect(peer)
    const lines = Array.from({ length: size }, (_, i) =>
      requestLine('register_peer', [first + taken + i, addressOf(first + taken + i)]),
    )
    await connection.sendBytes(lines.join(''))
    let successes = 0
    let refusal: Frame | undefined
    // One look at each frame: a wait for each of 10,000 answers would begin 10,000 times at the first of 20,000 frames.
    const answered = bench.seen((frame) => {
      if (frame.n < start || frame.connection !== connection.number || frame.from !== peer.seat) return false
      if (isSuccess(frame)) successes += 1
      else refusal = frame
      return refusal !== undefined || successes === size
    })
    await Promise.race([answered, connection.closedByNode()])
    connection.close()
    taken += successes
    if (refusal !== undefined) return { taken, refusal }
    bench.require(successes > 0, {
      requirement: BOUNDS,
      expected: `an answer to register_peer number ${taken + 1}`,
      actual: 'none',
    })
    // A peer that closes after an answer gets one request at a time.
    if (successes < size) batch = 1
  }
  return { taken, refusal: undefined }
}

export const listBoundsCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.list.bounds/thousand',
    role: 'peers.peer',
    title: 'a list of 1,000 peers',
    also: ['peers.list.register', 'peers.control.state'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: '1,000 successes and 1,000 entries in the order of ids',
    hint: 'A map from ids to addresses holds 1,000 as well as ten.',
    async run(bench: PeersBench) {
      const { peer } = await bench.peerAmongPlayed(0, 0)
      const caller = await bench.playPeer()
      const { taken, refusal } = await fill(bench, peer, caller, 100, LEAST)
      bench.require(refusal === undefined, {
        requirement: BOUNDS,
        expected: 'room for 1,000 peers',
        actual: `register_peer number ${taken + 1} is refused: ${JSON.stringify(refusal?.message)}`,
      })
      const { peers } = await peer.state()
      const ids = peers.map(({ id }) => id)
      bench.require(ids.length === LEAST && ids.every((id, i) => id === 100 + i), {
        requirement: BOUNDS,
        expected: '1,000 peers in the order of ids',
        actual: `${ids.length} peers: ${ids.slice(0, 5).join(', ')}...`,
      })
      bench.evidence('1,000 peers', await requireServes(bench, caller, peer, BOUNDS))
    },
  }),
  peersCase({
    id: 'peers.list.bounds/full',
    role: 'peers.peer',
    title: 'a full list refuses a further peer with a BusyError, and has room again when one leaves',
    also: ['peers.list.register', 'peers.list.unregister', 'common.robust.bounds'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence:
      'a BusyError after at most 10,000 peers, a new address for one in the list, room after a departure',
    hint: 'Count before you take one in; a known id takes no room.',
    async run(bench: PeersBench) {
      const { peer } = await bench.peerAmongPlayed(0, 0)
      const caller = await bench.playPeer()
      const { taken, refusal } = await fill(bench, peer, caller, 100, MOST + 1)
      bench.require(taken >= LEAST && taken <= MOST, {
        requirement: BOUNDS,
        expected: 'a bound between 1,000 and 10,000 peers',
        actual: taken > MOST ? `${taken} peers are taken` : `peer ${taken + 1} is refused`,
        exhibits: refusal === undefined ? [] : [{ frame: refusal.n }],
      })
      bench.evidence(
        `full at ${taken}`,
        requireRefused(bench, refusal, 'BusyError', { requirement: BOUNDS, to: 'a further register_peer' }),
      )
      const known = await caller.call(peer, 'register_peer', [100, addressOf(50)])
      requireResult(bench, known.answer, null, { requirement: BOUNDS, to: 'register_peer of a known id' })
      await caller.callFor(peer, 'unregister_peer', [100], 'peers.list.unregister')
      const late = await caller.call(peer, 'register_peer', [50_000, addressOf(50_000)])
      const frame = requireResult(bench, late.answer, null, {
        requirement: BOUNDS,
        to: 'register_peer once there is room',
      })
      const again = await caller.call(peer, 'register_peer', [50_001, addressOf(50_001)])
      requireRefused(bench, again.answer, 'BusyError', { requirement: BOUNDS, to: 'one more' })
      bench.evidence('room for one', frame)
    },
  }),
]
