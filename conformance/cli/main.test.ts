// The command line as its users meet it: a process with messages, reports and exit codes. What needs no process of its
// own is in run-cli.test.ts.
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runReportSchema } from '../report/json-schema-file.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const hostile = (name: string) => join(root, 'conformance', 'selftest', 'programs', `${name}.mjs`)
/** Generous, because each process loads TypeScript sources, on a machine that may be busy. */
const PROCESS_TIMEOUT_MS = 60_000
vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS + 5000 })

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(runReportSchema)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'peerspec-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const start = (...args: readonly string[]) =>
  execa(process.execPath, ['--import', 'tsx', 'conformance/cli/main.ts', ...args], {
    cwd: root,
    reject: false,
    timeout: PROCESS_TIMEOUT_MS,
    env: { NO_COLOR: '1' },
  })

function readReport(text: string): unknown {
  const report: unknown = JSON.parse(text)
  validate(report)
  expect(validate.errors).toBeNull()
  return report
}

describe('wrong use ends with 2, says what is wrong and what is near, and shows no stack', () => {
  test.each([
    ['a misspelt system', ['test', 'rnig'], /no system or role is called rnig; did you mean ring\?/],
    ['a misspelt option', ['test', '--sede', '1'], /unknown option '--sede'\s+\(Did you mean --seed\?\)/],
    ['a pattern without a match', ['test', '--only', 'nothing-matches'], /--only nothing-matches: no case/],
    [
      'an absent configuration',
      ['test', '--config', 'pakage.json'],
      /no such file; did you mean package\.json\?/,
    ],
  ])('%s', async (_, args, message) => {
    const { exitCode, stderr, stdout } = await start(...args)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })

  test('a bad port in the configuration', async () => {
    const path = join(folder, 'peerspec.json')
    writeFileSync(path, JSON.stringify({ attach: { host: '127.0.0.1', port: 70_000 } }))
    const { exitCode, stderr } = await start('test', '--config', path)
    expect(stderr).toContain(`--config ${path}: attach.port: 70000 must be 65535 or less`)
    expect(exitCode).toBe(2)
  })
})

describe('a program that does not come up ends with 4', () => {
  test.each([
    ['one that is not there', ['./no-such-program'], /not ready: .*no-such-program/],
    ['one that ends at once', [process.execPath, hostile('exits-at-once')], /not ready: /],
  ])('%s', async (_, command, message) => {
    const { exitCode, stderr } = await start('test', 'ring', '--', ...command)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(exitCode).toBe(4)
  })
})

test('the bundled reference conforms: 0, and the JSON on standard output is what its schema says', async () => {
  const { exitCode, stdout, stderr } = await start(
    ...['test', 'ring', '--only', 'ring.ping.answer/repeats-seq', '--seed', '11', '--json', '-'],
  )
  expect(readReport(stdout)).toMatchObject({ seed: 11, conformant: true, exitCode: 0 })
  expect(stderr).toContain('conformant in what was tested')
  expect(exitCode).toBe(0)
})

test('a program that answers every command with an error fails: 1, in every report', async () => {
  const json = join(folder, 'run.json')
  const junit = join(folder, 'run.xml')
  const { exitCode, stdout } = await start(
    ...['test', '--only', 'ring.control.init/alone', '--seed', '3', '--json', json, '--junit', junit],
    ...['--', process.execPath, hostile('always-error')],
  )
  expect(exitCode).toBe(1)
  expect(stdout).toMatch(/again +npx tsx \S+ test ring --only ring\.control\.init\/\S+ --seed 3 -- /)
  expect(readReport(readFileSync(json, 'utf8'))).toMatchObject({ conformant: false, exitCode: 1 })
  expect(readFileSync(junit, 'utf8')).toContain('<failure ')
})

test.skipIf(process.platform === 'win32')(
  'SIGINT keeps what is done, ends the programs, and ends with 130',
  async () => {
    const json = join(folder, 'interrupted.json')
    const pids = join(folder, 'pids')
    // The shell becomes the program, so that its number is the program's.
    const script = `echo $$ >> '${pids}'; exec '${process.execPath}' '${hostile('silent-after-hello')}'`
    const run = start('test', 'ring', '--json', json, '--jobs', '3', '--', 'sh', '-c', script)
    let output = ''
    run.stdout.on('data', (chunk) => {
      output += chunk
    })
    while (!output.includes('features:')) await once(run.stdout, 'data')
    while (readFileSync(pids, 'utf8').trim().split('\n').length < 3) await delay(20)
    run.kill('SIGINT')
    const { exitCode, stdout } = await run
    expect(exitCode).toBe(130)
    expect(stdout).toContain('interrupted: 0 results so far, no conclusion')
    expect(readReport(readFileSync(json, 'utf8'))).toMatchObject({
      interrupted: true,
      exitCode: 130,
      cases: [],
    })
    const isAlive = (pid: number) => existsSync(`/proc/${pid}`)
    expect(readFileSync(pids, 'utf8').trim().split('\n').map(Number).filter(isAlive)).toEqual([])
  },
)
