// Programs as processes: what is left of them (nothing), and what they are given.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Ending } from './channel.ts'
import { killStragglers, SpawnedProgram } from './program.ts'

const here = dirname(fileURLToPath(import.meta.url))
const oddProgram = join(here, 'testdata', 'odd-program.mjs')

let folder = ''
let programs: SpawnedProgram[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'peerspec-test-'))
  programs = []
})
afterEach(async () => {
  await Promise.all(programs.map((program) => program.kill()))
  rmSync(folder, { recursive: true })
})

interface Started {
  readonly program: SpawnedProgram
  readonly lines: string[]
  readonly firstLine: Promise<string>
  readonly ended: Promise<Ending>
}

function start(argv: readonly [string, ...string[]], cookie = 'test', cwd = here): Started {
  const program = new SpawnedProgram({ argv, cwd, cookie })
  programs.push(program)
  const lines: string[] = []
  let onFirst: (line: string) => void = () => {}
  const firstLine = new Promise<string>((resolve) => {
    onFirst = resolve
  })
  const ended = new Promise<Ending>((resolve) => {
    program.listen({
      onLine: (line) => {
        lines.push(line)
        onFirst(line)
      },
      onTrouble: (text) => onFirst(text),
      onEnd: resolve,
    })
  })
  return { program, lines, firstLine, ended }
}

const odd = (mode: string, ...more: string[]): [string, ...string[]] => ['node', oddProgram, mode, ...more]

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // A process that nobody has waited for yet is dead all the same.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

test('lines come in, and the exit code and the last words are known at the end', async () => {
  const { program, ended } = start(odd('exits-at-once'))
  expect(await ended).toEqual({ exitCode: 7 })
  expect(program.stderrTail()).toBe('cannot open the configuration')
})

test('the last lines before an exit are not lost', async () => {
  const { lines, ended } = start(['sh', '-c', 'for i in 1 2 3; do echo $i; done; exit 0'])
  expect(await ended).toEqual({ exitCode: 0 })
  expect(lines).toEqual(['1', '2', '3'])
})

test('a signal is told apart from an exit code', async () => {
  const { program, firstLine, ended } = start(odd('killed-after-hello'))
  await firstLine
  program.write('{"seq":0}')
  expect(await ended).toEqual({ signal: 'SIGSEGV' })
})

test('a program that is not there ends with the error', async () => {
  const { ended } = start(['./no-such-program'])
  expect((await ended).error).toMatchObject({ code: 'ENOENT' })
})

test('a program that ignores SIGTERM is gone after kill', async () => {
  const { program, firstLine } = start(odd('ignores-sigterm'))
  await firstLine
  const { pid = 0 } = program
  expect(isAlive(pid)).toBe(true)
  await program.kill()
  expect(isAlive(pid)).toBe(false)
})

test('a stopped program is gone after kill', async () => {
  const { program, firstLine } = start(odd('silent-after-hello'))
  await firstLine
  expect(program.signal('SIGSTOP')).toBe(true)
  await program.kill()
  expect(isAlive(program.pid ?? 0)).toBe(false)
})

test('kill takes the children along', async () => {
  const pidFile = join(folder, 'pid')
  const { program, firstLine } = start(odd('spawns-child', pidFile))
  await firstLine
  const child = Number(readFileSync(pidFile, 'utf8'))
  expect(isAlive(child)).toBe(true)
  await program.kill()
  await expect.poll(() => isAlive(child)).toBe(false)
})

test('a program that ends by itself does not leave its children behind, nor do they hold up the news', async () => {
  const pidFile = join(folder, 'pid')
  const { program, firstLine, ended } = start(odd('exits-and-leaves-child', pidFile))
  await firstLine
  program.write('{"seq":0}')
  expect(await ended).toEqual({ exitCode: 1 })
  await expect.poll(() => isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
})

test.runIf(process.platform === 'linux')('what left the process group is found by its cookie', async () => {
  const pidFile = join(folder, 'pid')
  const cookie = `test-${process.pid}-${Date.now()}`
  const { program, firstLine } = start(odd('spawns-daemon', pidFile), cookie)
  await firstLine
  await program.kill()
  const daemon = Number(readFileSync(pidFile, 'utf8'))
  expect(isAlive(daemon)).toBe(true)
  expect(killStragglers('another cookie')).toBe(0)
  expect(isAlive(daemon)).toBe(true)
  expect(killStragglers(cookie)).toBe(1)
  await expect.poll(() => isAlive(daemon)).toBe(false)
})

test('a program gets the folder of the caller and an environment without its secrets', async () => {
  process.env.PEERSPEC_TEST_SECRET = 'hunter2'
  const { program, firstLine, lines } = start(odd('environment'), 'cookie', folder)
  await firstLine
  program.write('{"seq":0,"node":0}')
  await expect.poll(() => lines.length).toBe(2)
  delete process.env.PEERSPEC_TEST_SECRET
  const { result } = JSON.parse(lines[1] ?? '') as {
    result: { environment: Record<string, string>; cwd: string }
  }
  expect(result.cwd).toBe(folder)
  expect(result.environment.PATH).toBe(process.env.PATH)
  expect(result.environment).not.toHaveProperty('PEERSPEC_TEST_SECRET')
})

test.each([
  ['a line without end', 'endless-line', 'longer than 1048576 bytes'],
  ['bytes that are no text', 'not-utf-8', 'not UTF-8'],
])('%s is trouble', async (_what, mode, text) => {
  expect(await start(odd(mode)).firstLine).toContain(text)
})

// The harness as a process of its own, which starts a program and is then ended in the way of the row.
test.each([
  ['ends normally', 'process.exit(0)'],
  ['throws', 'setTimeout(() => { throw new Error("fault of the harness") })'],
  ['gets SIGINT', 'process.kill(process.pid, "SIGINT")'],
  ['gets SIGTERM', 'process.kill(process.pid, "SIGTERM")'],
])('no program survives a harness that %s', async (_how, end) => {
  const script = `
    import { SpawnedProgram } from ${JSON.stringify(join(here, 'program.ts'))}
    const program = new SpawnedProgram({ argv: ${JSON.stringify(odd('ignores-sigterm'))}, cwd: '/', cookie: 'x' })
    program.listen({
      onLine() { console.log(program.pid); setImmediate(() => { ${end} }) },
      onTrouble() {},
      onEnd() {},
    })`
  const harness = spawn('node', ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: join(here, '..', '..'),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let printed = ''
  harness.stdout.on('data', (chunk) => {
    printed += chunk
  })
  await once(harness, 'close')
  const pid = Number(printed)
  expect(pid).toBeGreaterThan(1)
  await expect.poll(() => isAlive(pid)).toBe(false)
})
