// How the cases of peers are written down: the id names the requirement that a case judges first, so that nobody says it
// twice. A requirement that binds both roles is judged by two cases, one for each.
import type { Case } from '../../verdict/case.ts'

/** The steps in which a student builds a name service and a peer, in order; the index is the stage number. */
export const peersStages = [
  'the program: hello, start, errors, end',
  'name service: register and require',
  'name service: unregister, check, bounds',
  'calls: stub and skeleton',
  'join and list',
  'messages',
  'leave and dead peers',
  'many peers at once',
  'hostile input and faults',
  'lock',
  'database',
] as const

/** The steps by the words that cases use for them. */
export const stage = {
  program: 0,
  register: 1,
  unregister: 2,
  call: 3,
  join: 4,
  message: 5,
  leave: 6,
  many: 7,
  faults: 8,
  lock: 9,
  database: 10,
} as const

/** A case as its author writes it. */
export interface PeersCase extends Omit<Case<'peers'>, 'system' | 'requirements'> {
  readonly id: `${string}/${string}`
  /** Requirements beside the one in the id that the case needs or judges. */
  readonly also?: readonly string[]
}

/** The case with the requirements spelled out. */
export const peersCase = ({ also = [], ...definition }: PeersCase): Case<'peers'> => ({
  ...definition,
  system: 'peers',
  requirements: [definition.id.slice(0, definition.id.indexOf('/')), ...also],
})
