// How the ring's cases are written down: the id names the requirement that a case judges first, so that nobody says it twice.
import type { Case } from '../../verdict/case.ts'

/** The steps in which a student builds a ring peer, in order; the index is the stage number. */
export const ringStages = [
  'the program: hello, start, errors, end',
  'ping: answer, ask, learn predecessors',
  'store and request by name',
  'transfer over TCP',
  'transfer over UDP',
  'join',
  'leave',
  'death of a peer and repair',
  'hostile input and faults',
] as const

/** A case as its author writes it. */
export interface RingCase extends Omit<Case<'ring'>, 'system' | 'role' | 'requirements'> {
  readonly id: `${string}/${string}`
  /** Requirements beside the one in the id that the case needs or judges. */
  readonly also?: readonly string[]
}

/** The case with the requirements spelled out. */
export const ringCase = ({ also = [], ...definition }: RingCase): Case<'ring'> => ({
  ...definition,
  system: 'ring',
  role: 'ring.peer',
  requirements: [definition.id.slice(0, definition.id.indexOf('/')), ...also],
})
