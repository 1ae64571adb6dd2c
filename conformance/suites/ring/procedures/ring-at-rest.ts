// A ring of real nodes at rest: everyone holds the successors and predecessors that the oracle computes from the ids alone,
// in `state` and on the wire. The wire is asked first, because that costs nothing.
import type { RingResult } from '../../../../spec/ring/control.ts'
import { type Neighbourhood, ringOf } from '../../../oracle/ring.ts'
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'
import { pingsGoTo, pingsInWords } from './successors.ts'

export type Nodes = ReadonlyMap<number, RingNode>

export const nodeOf = (nodes: Nodes, id: number): RingNode => {
  const node = nodes.get(id)
  if (node === undefined) throw new Error(`no node plays peer ${id}`)
  return node
}

/** The nodes without one that left or died. */
export const withoutNode = (nodes: Nodes, gone: number): Nodes =>
  new Map([...nodes].filter(([id]) => id !== gone))

// A predecessor that is none any more is forgotten by nobody: in a ring that shrank to two, the second one stays what it was.
const fits = (state: RingResult<'state'>, { successors, predecessors }: Neighbourhood): boolean =>
  state.successors?.[0] === successors[0] &&
  state.successors[1] === successors[1] &&
  predecessors.every((expected, place) => expected === null || state.predecessors[place] === expected)

const inWords = ({ successors, predecessors }: Pick<RingResult<'state'>, 'successors' | 'predecessors'>) =>
  `successors ${JSON.stringify(successors)} and predecessors ${JSON.stringify(predecessors)}`

/** Waits until these nodes form the ring of their ids, where pings since a frame count. */
export const requireAtRest = async (
  bench: RingBench,
  nodes: Nodes,
  requirement: string,
  because: string,
  start = bench.frames.length,
): Promise<void> => {
  const ring = [...ringOf([...nodes.keys()])]
  const stray = () => ring.find(([id, { successors }]) => !pingsGoTo(bench, id, successors, start))
  const misled = async (): Promise<{ id: number; expected: string; actual: string } | undefined> => {
    for (const [id, expected] of ring) {
      const state = await nodeOf(nodes, id).state()
      if (fits(state, expected)) continue
      return {
        id,
        expected: inWords({
          successors: [...expected.successors],
          predecessors: [...expected.predecessors],
        }),
        actual: inWords(state),
      }
    }
    return undefined
  }
  const isAtRest = await bench.until(async () => stray() === undefined && (await misled()) === undefined)
  if (isAtRest) {
    bench.evidence(`the ring of ${[...nodes.keys()].join(', ')} is at rest ${because}`)
    return
  }
  const wrong = await misled()
  if (wrong !== undefined)
    bench.require(false, {
      requirement,
      expected: `peer ${wrong.id} to hold ${wrong.expected} ${because}`,
      actual: wrong.actual,
    })
  const pinging = stray()
  bench.require(pinging === undefined, {
    requirement,
    expected: `peer ${pinging?.[0]} to ping ${pinging?.[1].successors.join(' with slot 1 and ')} with slot 2 ${because}`,
    actual: pinging === undefined ? '' : pingsInWords(bench, pinging[0], start),
  })
}
