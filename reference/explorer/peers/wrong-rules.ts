// Peers with one mistake each that a reader of lab 4 might make, and a small world in which it shows. The explorer has to find each
// of them: an explorer that finds nothing may be looking at nothing.
import { type PeersRules, peersRules } from '../../peers/rules.ts'
import { type PeersConfiguration, peersConfiguration, type Sketch, smallSketches } from './configurations.ts'

export interface WrongRules {
  readonly name: string
  readonly rules: Partial<PeersRules>
  readonly sketch: Sketch
  /** What the explorer finds. */
  readonly problem: RegExp
}

export const wrongRules: readonly WrongRules[] = [
  {
    name: 'newcomers are answered at once',
    rules: { holdsNewcomers: false },
    sketch: smallSketches.join,
    problem: /waits for the token, which rests at/,
  },
  {
    name: 'whoever has an empty list makes a token',
    rules: { createsToken: ({ list }) => list.length === 0 },
    sketch: {
      name: 'all members leave while two join',
      members: ['a', 'b'],
      peers: { a: ['stop'], b: ['stop'], c: ['join'], d: ['join'] },
    },
    problem: /2 tokens/,
  },
  {
    name: 'whoever leaves does not ask the name service who is joining',
    rules: { joiningPeers: () => [] },
    sketch: smallSketches.membersLeave,
    problem: /nobody has the token/,
  },
  {
    name: 'whoever leaves keeps the token',
    rules: { handsOver: () => false },
    sketch: smallSketches.membersLeave,
    problem: /tokens|nobody has the token/,
  },
  {
    name: 'whoever leaves takes the token',
    rules: { refusesTokenOnLeave: false },
    sketch: smallSketches.membersLeave,
    problem: /tokens|nobody has the token/,
  },
  {
    name: 'whoever leaves tells nobody',
    rules: { toldOnLeave: () => [] },
    sketch: smallSketches.inOrder,
    problem: /still has/,
  },
  {
    name: 'a request is not repeated to newcomers',
    rules: { asksNewcomers: false },
    sketch: smallSketches.waiterAndNewcomer,
    problem: /waits for the token, which rests at/,
  },
  {
    name: 'a token that could not be passed is lost',
    rules: { keepsAfter: () => false },
    sketch: smallSketches.crash,
    problem: /nobody has the token/,
  },
  {
    name: 'a token that nobody waits for does not count as released',
    rules: { releasesUnwanted: false },
    sketch: smallSketches.givenUp,
    problem: /goes on for ever/,
  },
  {
    name: 'a peer that comes back lets those wait that mean its earlier life',
    rules: { meansEarlierLife: () => false },
    sketch: smallSketches.comesBack,
    problem: /never answers a call/,
  },
  {
    name: 'a peer that comes back is in the list under both ids',
    rules: { atAddress: () => undefined },
    sketch: smallSketches.comesBack,
    problem: /still has/,
  },
]

export function wrongConfiguration({ name, rules, sketch }: WrongRules): PeersConfiguration {
  return { ...peersConfiguration(sketch, { ...peersRules, ...rules }), name }
}
