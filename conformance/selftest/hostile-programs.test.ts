// Programs that do no work must earn nothing, whatever they say, and must not harm whoever judges them: see programs/.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../cli/package-files.ts'
import type { RunReport } from '../report/json-schema.ts'
import { exitCodes } from '../verdict/exit-codes.ts'

/** Nobody waits longer than this for the verdict that a program is no good. */
const PATIENCE_MS = 60_000
/** What is never answered is waited for in vain, so the waiting is made short. */
const TIME_SCALE = '0.3'

const { failures, programNotReady } = exitCodes
const programs: Readonly<Record<string, number>> = {
  'exits-at-once': programNotReady,
  echo: failures,
  constant: failures,
  'always-error': failures,
  'garbage-after-hello': failures,
  random: failures,
  'crashes-at-start': failures,
}

const folder = mkdtempSync(join(tmpdir(), 'peerspec-hostile-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Verdict {
  readonly exitCode: number | null
  readonly durationMs: number
  readonly stderr: string
  readonly report: RunReport | undefined
}

/** Judges the program with the built command line, as a user would; `mark` is an argument by which its processes are found. */
async function judge(program: string, mark: string): Promise<Verdict> {
  const cli = join(packageRoot, 'dist', 'cli.js')
  const file = join(packageRoot, 'conformance', 'selftest', 'programs', `${program}.mjs`)
  const json = join(folder, `${program}.json`)
  const options = ['--seed', '1', '--time-scale', TIME_SCALE, '--json', json]
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

describe.concurrent('a hostile program', () => {
  it.each(Object.entries(programs))(
    '%s earns no pass, ends the run with exit code %i and leaves nothing behind',
    { timeout: PATIENCE_MS + 10_000 },
    async (program, exitCode) => {
      const mark = `--mark=${program}-${process.pid}`
      const verdict = await judge(program, mark)
      const cases = verdict.report?.cases ?? []
      const passed = cases.filter(({ status }) => status === 'pass').map(({ id }) => id)
      const faults = cases.filter(({ status }) => status === 'harness-error')
      const unexplained = cases.filter(({ reason }) => (reason?.message ?? '') === '')

      expect(passed, 'cases passed').toEqual([])
      expect(faults.map(({ id, reason }) => `${id}: ${reason?.message}`)).toEqual([])
      expect(
        unexplained.map(({ id }) => id),
        'cases without a reason',
      ).toEqual([])
      expect(verdict.exitCode, verdict.stderr).toBe(exitCode)
      if (exitCode === programNotReady) expect(verdict.stderr).toMatch(/not ready/)
      else expect(cases.length).toBeGreaterThan(0)
      expect(processesWith(mark), 'processes left behind').toEqual([])
    },
  )
})
