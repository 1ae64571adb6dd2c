import { describe, expect, test } from 'vitest'
import { NotReady, Untestable } from '../driver/host.ts'
import { CommandError } from '../driver/node.ts'
import { type Case, Violation } from './case.ts'
import { judge, type Observation } from './judge.ts'

const definition: Case = {
  id: 'ring.ping.answer/example',
  system: 'ring',
  role: 'ring.peer',
  title: 'example',
  requirements: ['ring.ping.answer'],
  stage: 1,
  observes: ['wire'],
  evidence: 'a pong',
  hint: 'look at the pong',
  run: async () => undefined,
}

const violation = (requirement: string) =>
  new Violation({ requirement, expected: 'a pong with seq 7', actual: 'a pong with seq 0' })
const must = violation('ring.ping.answer')
const should = violation('ring.route.retry')

const returned = { kind: 'returned' } as const
const threw = (error: unknown) => ({ kind: 'threw', error }) as const
const overran = { kind: 'overran', afterMs: 60_000 } as const
const crash = { kind: 'crash', message: 'exit code 1' } as const
const hang = { kind: 'hang', message: 'no reply to stop' } as const
const broken = { kind: 'broken', message: 'a line that is no JSON' } as const
const seen = ['a pong']

const table: [name: string, observation: Observation, status: string, requirement?: string][] = [
  ['returned with evidence', { outcome: returned, evidence: seen }, 'pass'],
  ['returned without evidence', { outcome: returned, evidence: [] }, 'inconclusive'],
  ['did not end in time', { outcome: overran, evidence: seen }, 'inconclusive'],
  ['a MUST is broken', { outcome: threw(must), evidence: seen }, 'fail', 'ring.ping.answer'],
  ['a SHOULD is broken', { outcome: threw(should), evidence: seen }, 'warn', 'ring.route.retry'],
  [
    'a frame breaks the schema',
    { outcome: returned, evidence: seen, wireViolation: must },
    'fail',
    'ring.ping.answer',
  ],
  [
    'the more binding of two violations decides',
    { outcome: threw(should), evidence: seen, wireViolation: must },
    'fail',
    'ring.ping.answer',
  ],
  [
    'a refused command is the doing of the program',
    { outcome: threw(new CommandError('init', 'internal', 'oh')), evidence: [] },
    'fail',
    'ring.ping.answer',
  ],
  [
    'any other exception',
    { outcome: threw(new TypeError('x is undefined')), evidence: seen },
    'harness-error',
  ],
  [
    'the program cannot be killed as the case needs',
    { outcome: threw(new Untestable('attached programs are not killed')), evidence: seen },
    'untestable',
  ],
  ['the program did not come up again', { outcome: threw(new NotReady('no hello')), evidence: [] }, 'crash'],
  ['something thrown that is no error', { outcome: threw('oh'), evidence: seen }, 'harness-error'],
  [
    'an unknown requirement is a fault of the suite',
    { outcome: threw(violation('ring.pong.colour')), evidence: seen },
    'harness-error',
  ],
  ['crashed', { outcome: returned, evidence: seen, incident: crash }, 'crash'],
  [
    'crashed, which made the case throw',
    { outcome: threw(new Error('gone')), evidence: [], incident: crash },
    'crash',
  ],
  ['hung, and so broke a requirement', { outcome: threw(must), evidence: seen, incident: hang }, 'hang'],
  [
    'a broken control channel',
    { outcome: returned, evidence: seen, incident: broken },
    'fail',
    'control.lines',
  ],
  [
    'a broken control channel that made the case throw',
    { outcome: threw(new Error('no reply')), evidence: seen, incident: broken },
    'fail',
    'control.lines',
  ],
  [
    'a bad frame that made the case throw',
    { outcome: threw(new TypeError('x')), evidence: seen, wireViolation: must },
    'fail',
    'ring.ping.answer',
  ],
]

describe('judge', () => {
  test.each(table)('%s', (_, observation, status, requirement) => {
    const verdict = judge(definition, observation)
    expect(verdict.status).toBe(status)
    if (requirement !== undefined) expect(verdict.reason?.requirement).toBe(requirement)
  })

  test('every verdict but a pass says why', () => {
    for (const [, observation, status] of table)
      if (status !== 'pass') expect(judge(definition, observation).reason?.message).toBeTruthy()
  })

  test('a harness error shows the stack', () => {
    const verdict = judge(definition, { outcome: threw(new TypeError('x is undefined')), evidence: [] })
    expect(verdict.reason?.message).toMatch(/TypeError: x is undefined\n\s+at .*judge\.test\.ts/)
  })
})
