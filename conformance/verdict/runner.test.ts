import { describe, expect, test } from 'vitest'
import { NotReady } from '../driver/host.ts'
import { type Case, Violation } from './case.ts'
import type { CaseResult } from './result.ts'
import { type HostVariant, type RunnerOptions, runCases } from './runner.ts'
import { type Script, ScriptedHost, scriptedTiming } from './scripted-host.ts'
import { caseSeed } from './seed.ts'

const make = (slug: string, run: Case['run'], more: Partial<Case> = {}): Case => ({
  id: `ring.ping.answer/${slug}`,
  system: 'ring',
  role: 'ring.peer',
  title: slug,
  requirements: ['ring.ping.answer'],
  stage: 1,
  observes: ['wire'],
  evidence: 'a pong',
  hint: 'look at the pong',
  ...more,
  run,
})
const passing = make('passing', async (bench) => bench.evidence('a pong'))
const failing = make('failing', async () => {
  throw new Violation({ requirement: 'ring.ping.answer', expected: 'a pong', actual: 'silence' })
})

interface Setting extends Partial<Omit<RunnerOptions, 'openHost'>> {
  readonly script?: (definition: Case, variant: HostVariant) => Script
}

async function run(cases: readonly Case[], { script, ...more }: Setting = {}) {
  const hosts: ScriptedHost[] = []
  const { results } = await runCases({
    cases,
    programKind: 'command',
    standard: { profile: 'baseline', roles: ['ring.peer'] },
    seed: 42,
    jobs: 3,
    repeat: 1,
    isolated: false,
    timing: scriptedTiming,
    openHost: (variant) => {
      const host = new ScriptedHost(variant, script)
      hosts.push(host)
      return host
    },
    reproduce: (definition, seed) => `--only ${definition.id} --seed ${seed}`,
    ...more,
  })
  return { results, hosts, statuses: results.map(({ status }) => status) }
}

const only = ({ results }: { results: readonly CaseResult[] }): CaseResult => {
  const [first] = results
  if (!first || results.length > 1) throw new Error(`expected one result, got ${results.length}`)
  return first
}

describe('runCases', () => {
  test('gives one result for each case, in their order, and closes the hosts', async () => {
    const slow = make('slow', async (bench) => {
      await new Promise((resolve) => setImmediate(resolve))
      bench.evidence('a pong')
    })
    const { results, hosts } = await run([slow, failing, passing])
    expect(results.map(({ id, status }) => [id, status])).toEqual([
      ['ring.ping.answer/slow', 'pass'],
      ['ring.ping.answer/failing', 'fail'],
      ['ring.ping.answer/passing', 'pass'],
    ])
    expect(hosts.every((host) => host.closed)).toBe(true)
  })

  test('a result that is no pass carries what a reader needs', async () => {
    const result = only(await run([failing], { script: () => ({ stderr: 'Traceback' }) }))
    expect(result).toMatchObject({
      reason: { requirement: 'ring.ping.answer', expected: 'a pong', actual: 'silence' },
      hint: 'look at the pong',
      stderrTail: 'Traceback',
      reproduce: '--only ring.ping.answer/failing --seed 42',
    })
  })

  test('the seed of a case is the same alone and among others', async () => {
    const together = await run([failing, passing])
    const alone = await run([passing])
    const seedOf = (hosts: ScriptedHost[]) =>
      hosts.flatMap((host) => host.opened).find(({ caseId }) => caseId === passing.id)?.seed
    expect(seedOf(together.hosts)).toBe(caseSeed(42, passing.id))
    expect(seedOf(alone.hosts)).toBe(seedOf(together.hosts))
  })

  test('a case that never ends is inconclusive, and the others go on', async () => {
    const stuck = make('stuck', () => new Promise(() => undefined))
    const timing = (factor: number) => ({ ...scriptedTiming(factor), deadlineMs: 1 })
    expect((await run([stuck, passing], { timing })).statuses).toEqual(['inconclusive', 'pass'])
  })

  test('a case that throws without being asynchronous does not end the run', async () => {
    const throwing = make('throwing', () => {
      throw new TypeError('not a promise')
    })
    expect((await run([throwing, passing])).statuses).toEqual(['harness-error', 'pass'])
  })

  test('a program that does not come up again is a crash, another fault of open is ours', async () => {
    const refusal = (error: Error) => ({ script: () => ({ refusal: error }) })
    expect((await run([passing], refusal(new NotReady('exit code 1')))).statuses).toEqual(['crash'])
    expect((await run([passing], refusal(new Error('no port is free')))).statuses).toEqual(['harness-error'])
  })

  test('a case whose feature is missing is not run', async () => {
    const udp = make('udp', async (bench) => bench.evidence('x'), { requirements: ['ring.udp.offer'] })
    const { results, hosts } = await run([udp], {
      script: () => {
        throw new Error('it was run')
      },
      standard: { profile: 'declared', roles: [] },
    })
    expect(results.map(({ status }) => status)).toEqual(['harness-error'])
    expect(hosts).toHaveLength(1)
  })
})

describe('a process shared by several nodes', () => {
  const crash = { kind: 'crash', message: 'exit code 139' } as const
  const script =
    (crashing: readonly string[]) =>
    (definition: Case, { isolated }: HostVariant): Script => {
      if (!isolated) return { incident: { ...crash, shared: true } }
      return crashing.includes(definition.id) ? { incident: crash } : {}
    }

  test('each case that was in it when it crashed is judged by a run alone', async () => {
    const guilty = make('guilty', async (bench) => bench.evidence('a pong'))
    const { results } = await run([guilty, passing], { script: script([guilty.id]) })
    expect(results.map(({ status }) => status)).toEqual(['crash', 'pass'])
    for (const { notes } of results)
      expect(notes).toEqual([
        'run again in a process of its own, because the process that it shared failed: exit code 139',
      ])
  })

  test('a crash of a process that nobody shared counts at once', async () => {
    const result = only(await run([passing], { script: () => ({ incident: crash }) }))
    expect(result.status).toBe('crash')
    expect(result.notes).toBeUndefined()
  })
})

describe('a harness that stood still', () => {
  const stalledOnce =
    (stallMs: number) =>
    (_: Case, { timeFactor }: HostVariant): Script =>
      timeFactor === 1 ? { stallMs } : {}

  test('gives a failure a second run with four times the time, and says so', async () => {
    let runs = 0
    const late = make('late', async (bench) => {
      runs += 1
      if (bench.timing.deadlineMs < 4000)
        throw new Violation({ requirement: 'ring.ping.answer', expected: 'a pong', actual: 'silence' })
      bench.evidence('a pong')
    })
    const result = only(await run([late], { script: stalledOnce(41) }))
    expect(runs).toBe(2)
    expect(result.status).toBe('pass')
    expect(result.notes?.[0]).toMatch(
      /4 times the time: it ended as fail, but peerspec itself stood still for 41 ms/,
    )
  })

  test('does not touch a failure when the stall was short, nor a pass', async () => {
    expect(only(await run([failing], { script: stalledOnce(40) })).notes).toBeUndefined()
    expect(only(await run([passing], { script: stalledOnce(500) })).notes).toBeUndefined()
  })

  test('does not touch what no stall can have caused', async () => {
    const wireViolation = new Violation({
      requirement: 'common.encoding.json',
      expected: 'an object',
      actual: 'a list',
    })
    const result = only(await run([passing], { script: () => ({ stallMs: 500, wireViolation }) }))
    expect(result.status).toBe('fail')
    expect(result.notes).toBeUndefined()
  })

  test('a second failure is reported, even if the harness stood still again', async () => {
    const result = only(await run([failing], { script: () => ({ stallMs: 10_000 }) }))
    expect(result.status).toBe('fail')
    expect(result.notes).toHaveLength(1)
  })

  const silent = (name: string, runs: string[], passesWithTime = false): Case =>
    make(name, async (bench) => {
      runs.push(name)
      if (passesWithTime && bench.timing.deadlineMs >= 4000) return bench.evidence('a pong')
      throw new Violation({ requirement: 'ring.ping.answer', expected: 'a pong', actual: 'silence' })
    })
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

  test('ends second runs once four were confirmed and none was overturned, and says so', async () => {
    const runs: string[] = []
    const cases = names.map((name) => silent(name, runs))
    const { results } = await run(cases, { jobs: 1, script: () => ({ stallMs: 500 }) })
    expect(results.map((result) => result.status)).toEqual(names.map(() => 'fail'))
    expect(runs).toHaveLength(names.length + 4)
    expect(results.at(-1)?.notes).toEqual([
      'a run with more time was not done: 4 others failed again and none passed',
    ])
  })

  test('goes on with second runs when one of them passed', async () => {
    const runs: string[] = []
    const cases = names.map((name) => silent(name, runs, name === 'b'))
    const { results } = await run(cases, { jobs: 1, script: () => ({ stallMs: 500 }) })
    expect(results.map((result) => result.status)).toEqual(
      names.map((name) => (name === 'b' ? 'pass' : 'fail')),
    )
    expect(runs).toHaveLength(2 * names.length)
  })
})

describe('a program that passes nothing in the first stage', () => {
  const many = (prefix: string, stage: number, from: Case) =>
    Array.from({ length: 12 }, (_, i): Case => ({ ...from, id: `ring.ping.answer/${prefix}${i}`, stage }))
  const later = many('later', 3, passing)

  test('is not run through the rest, which is untestable and no pass', async () => {
    const { results } = await run([...many('first', 0, failing), ...later], { jobs: 3 })
    const rest = results.slice(12).filter(({ status }) => status === 'untestable')
    expect(rest.length).toBeGreaterThanOrEqual(9)
    expect(rest[0]?.reason?.message).toMatch(/no case of the first stage passed/)
    expect(results).toHaveLength(24)
  })

  test('is not run through the rest on a busy machine either', async () => {
    const { results } = await run([...many('first', 0, failing), ...later], {
      jobs: 3,
      script: () => ({ stallMs: 500 }),
    })
    expect(results.filter(({ status }) => status === 'untestable').length).toBeGreaterThanOrEqual(9)
  })

  test.each([
    ['with --keep-going', many('first', 0, failing), { keepGoing: true }],
    ['when one of them passes', [...many('first', 0, failing), { ...passing, stage: 0 }], {}],
    ['when there are too few of them to tell', many('first', 0, failing).slice(0, 4), {}],
  ] as const)('is run through the rest %s', async (_, first, setting) => {
    const { statuses } = await run([...first, ...later], { ...setting, jobs: 3 })
    expect(statuses).not.toContain('untestable')
  })
})

describe('--repeat', () => {
  // Passes with the seeds given, fails with others.
  const passingWith = (...seeds: number[]) =>
    make('sometimes', async (bench) => {
      bench.evidence('a pong')
      if (!seeds.map((seed) => caseSeed(seed, 'ring.ping.answer/sometimes')).includes(bench.seed))
        throw new Violation({ requirement: 'ring.ping.answer', expected: 'a pong', actual: 'silence' })
    })

  test('passes only if every run passes', async () => {
    const result = only(await run([passingWith(42, 43, 44)], { repeat: 3 }))
    expect(result).toMatchObject({ status: 'pass', repeated: { runs: 3, passed: 3 } })
  })

  test('is flaky when some pass, and reproduces a run that did not', async () => {
    const result = only(await run([passingWith(42, 44)], { repeat: 3 }))
    expect(result).toMatchObject({
      status: 'flaky',
      repeated: { runs: 3, passed: 2 },
      reproduce: '--only ring.ping.answer/sometimes --seed 43',
    })
    expect(result.reason?.message).toMatch(/^passed 2 of 3 runs; fail with seed 43: /)
  })

  test('fails when none passes', async () => {
    const result = only(await run([failing], { repeat: 2 }))
    expect(result).toMatchObject({ status: 'fail', repeated: { runs: 2, passed: 0 } })
  })
})

test('an interrupted run keeps what it has and closes the hosts', async () => {
  const interruption = new AbortController()
  const interrupting = make('interrupting', () => {
    interruption.abort()
    return new Promise(() => undefined)
  })
  const { results, hosts } = await run([passing, interrupting, failing], {
    jobs: 1,
    signal: interruption.signal,
  })
  expect(results.map(({ id }) => id)).toEqual([passing.id])
  expect(hosts.every((host) => host.closed)).toBe(true)
})
