// Programs that do no work must earn nothing, whatever they say, and must not harm whoever judges them: see programs/.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterAll, describe, expect, it, test } from 'vitest'
import { packageRoot } from '../cli/package-files.ts'
import type { RunReport } from '../report/json-schema.ts'
import { ringCases } from '../suites/ring/index.ts'
import { exitCodes } from '../verdict/exit-codes.ts'

/** Nobody waits longer than this for the verdict that a program is no good, also beside other work. */
const PATIENCE_MS = 120_000
/** What is never answered is waited for in vain, so the waiting is made short. */
const TIME_SCALE = '0.1'

interface Expectation {
  readonly exitCode: number
  /**
   * Every case is run, not only those of the first stage, after which a program counts as hopeless. This one says what a
   * good one would say and takes whatever comes: a case that believes words, or is content when nothing happens, passes.
   */
  readonly keepsGoing?: true
}

const { failures, programNotReady } = exitCodes
const programs: Readonly<Record<string, Expectation>> = {
  // The longest first.
  deaf: { exitCode: failures, keepsGoing: true },
  null: { exitCode: programNotReady },
  'exits-at-once': { exitCode: programNotReady },
  echo: { exitCode: failures },
  constant: { exitCode: failures },
  'always-error': { exitCode: failures },
  'silent-after-hello': { exitCode: failures },
  'garbage-after-hello': { exitCode: failures },
  random: { exitCode: failures },
  lying: { exitCode: failures },
  hanging: { exitCode: failures },
  'crashes-at-start': { exitCode: failures },
  // Its sockets are never open: what it does in the 100 ms before it ends is talk, and talk earns nothing.
  'crashes-later': { exitCode: failures },
  'floods-stdout': { exitCode: failures },
  'floods-one-line': { exitCode: failures },
  // Noise on standard error is allowed, and no reason to fail: it fails because it does nothing else.
  'floods-stderr': { exitCode: failures },
  'ignores-sigterm': { exitCode: failures },
  'spawns-grandchild': { exitCode: failures },
}

const folderOfPrograms = join(packageRoot, 'conformance', 'selftest', 'programs')
/** What the programs share. */
const notPrograms = ['channel', 'lying-peer']

const folder = mkdtempSync(join(tmpdir(), 'peerspec-hostile-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Verdict {
  readonly exitCode: number | null
  readonly durationMs: number
  readonly stderr: string
  readonly report: RunReport | undefined
}

/** Judges the program with the built command line, as a user would; `mark` is an argument by which its processes are found. */
async function judge(program: string, { keepsGoing }: Expectation, mark: string): Promise<Verdict> {
  const cli = join(packageRoot, 'dist', 'cli.js')
  const file = join(folderOfPrograms, `${program}.mjs`)
  const json = join(folder, `${program}.json`)
  const options = ['--seed', '1', '--time-scale', TIME_SCALE, '--json', json]
  if (keepsGoing) options.push('--keep-going')
  const args = [cli, 'test', 'ring', ...options, '--', process.execPath, file, mark]
  const startMs = performance.now()
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      args,
      { timeout: PATIENCE_MS, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 },
      (_error, _stdout, stderr) => {
        const report = existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as RunReport) : undefined
        const durationMs = performance.now() - startMs
        resolve({ exitCode: child.exitCode, durationMs, stderr, report })
      },
    )
  })
}

const processesWith = (mark: string): readonly string[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
    .split('\n')
    .filter((line) => line.includes(mark))

test('every program in the folder is judged', () => {
  const present = readdirSync(folderOfPrograms).map((file) => basename(file, '.mjs'))
  expect(present.filter((name) => !notPrograms.includes(name)).sort()).toEqual(Object.keys(programs).sort())
})

describe.concurrent('a hostile program', () => {
  it.each(Object.entries(programs))(
    '%s earns no pass, ends the run with the right exit code and leaves nothing behind',
    { timeout: PATIENCE_MS + 10_000 },
    async (program, expectation) => {
      const { exitCode, keepsGoing } = expectation
      const mark = `--mark=${program}-${process.pid}`
      const verdict = await judge(program, expectation, mark)
      const cases = verdict.report?.cases ?? []
      const passed = cases.filter(({ status }) => status === 'pass').map(({ id }) => id)
      const faults = cases.filter(({ status }) => status === 'harness-error')
      const unexplained = cases.filter(({ reason }) => (reason?.message ?? '') === '')
      const notRun = cases.filter(({ status }) => status === 'untestable')

      expect(passed, 'cases passed').toEqual([])
      expect(faults.map(({ id, reason }) => `${id}: ${reason?.message}`)).toEqual([])
      expect(
        unexplained.map(({ id }) => id),
        'cases without a reason',
      ).toEqual([])
      expect(verdict.exitCode, verdict.stderr).toBe(exitCode)
      expect(verdict.durationMs).toBeLessThan(PATIENCE_MS)
      if (exitCode === programNotReady) expect(verdict.stderr).toMatch(/not ready/)
      else expect(cases.length).toBe(ringCases.length)
      if (keepsGoing) expect(notRun.map(({ id }) => id)).toEqual([])
      expect(processesWith(mark), 'processes left behind').toEqual([])
    },
  )
})
