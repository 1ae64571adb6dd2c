// How the ring's cases are written down: the id names the requirement that a case judges first, so that nobody says it twice.
import type { Case } from '../../verdict/case.ts'

/** A case as its author writes it. */
export interface RingCase extends Omit<Case, 'system' | 'requirements'> {
  readonly id: `${string}/${string}`
  /** Requirements beside the one in the id that the case needs or judges. */
  readonly also?: readonly string[]
}

/** The case with the requirements spelled out. */
export const ringCase = ({ also = [], ...definition }: RingCase): Case => ({
  ...definition,
  system: 'ring',
  requirements: [definition.id.slice(0, definition.id.indexOf('/')), ...also],
})
