// For tests: the programs as processes, over pipes or on a terminal of their own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { afterAll } from 'vitest'
import { Screen } from './test-screen.ts'

/** Generous: the machine may be busy. */
export const PATIENCE_MS = 30_000

const root = fileURLToPath(new URL('../..', import.meta.url))
const testdata = (file: string): string => join(root, 'reference/programs/testdata', file)

// Built once for all tests of a file: loading the sources takes each process several times as long as what it is started for.
// The folder lies in the project, so that the programs find what they import.
const folder = join(root, 'node_modules', '.cache', `peerspec-programs-${process.pid}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))
await build({
  config: false,
  entry: {
    'name-service': join(root, 'reference/programs/name-service.ts'),
    chat: join(root, 'reference/programs/chat.ts'),
    cli: join(root, 'conformance/cli/main.ts'),
  },
  format: 'esm',
  target: 'node20',
  splitting: false,
  silent: true,
  outDir: folder,
})
const built = (file: string): string[] => [process.execPath, join(folder, file)]

export const programs = {
  nameService: built('name-service.js'),
  chat: built('chat.js'),
  peerspec: built('cli.js'),
  coursePeer: ['python3', testdata('course_peer.py')],
} as const

export class TestProgram {
  readonly #child: ChildProcess
  readonly #exit: Promise<number | NodeJS.Signals>
  readonly #lookers = new Set<() => void>()
  readonly screen: Screen | undefined
  output = ''
  errors = ''

  constructor(argv: readonly string[], screen?: Screen) {
    const [file = '', ...args] = argv
    this.screen = screen
    this.#child = spawn(file, args, {
      cwd: root,
      env: { ...process.env, TERM: 'xterm', PYTHONUNBUFFERED: '1' },
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
      screen?.write(text)
      for (const look of [...this.#lookers]) look()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.#exit = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'))
    })
  }

  /** Waits until the screen, or the output, has it. Fails with what is there instead. */
  sees(what: string | RegExp): Promise<void> {
    const isThere = () => (typeof what === 'string' ? this.#text.includes(what) : what.test(this.#text))
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!isThere()) return
        end()
        resolve()
      }
      const fail = (why: string) => {
        end()
        reject(new Error(`${what} is not there ${why}:\n${this.#text}\n${this.errors}`))
      }
      const timer = setTimeout(() => fail('in time'), PATIENCE_MS)
      const end = () => {
        clearTimeout(timer)
        this.#lookers.delete(look)
      }
      this.#lookers.add(look)
      void this.#exit.then((code) => fail(`when the program ends with ${code}`))
      look()
    })
  }

  get #text(): string {
    return this.screen?.text ?? this.output
  }

  type(text: string): void {
    this.#child.stdin?.write(text)
  }

  endInput(): void {
    this.#child.stdin?.end()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The exit code, or the signal that has ended it. */
  get exit(): Promise<number | NodeJS.Signals> {
    return this.#exit
  }
}

/** Terminals, and the solution of the course, are made with Python. Who has none is spared their tests; a machine of the project is not. */
export const hasTerminals = spawnSync('python3', ['--version']).status === 0 || process.env.CI !== undefined

/** What one test starts, and ends with it. */
export class TestPrograms {
  readonly #programs: TestProgram[] = []
  #port = 0

  start(argv: readonly string[]): TestProgram {
    const program = new TestProgram(argv)
    this.#programs.push(program)
    return program
  }

  onTerminal(argv: readonly string[], rows = 40, columns = 100): TestProgram {
    const terminal = ['python3', testdata('terminal.py'), `${rows}x${columns}`]
    const program = new TestProgram([...terminal, ...argv], new Screen(rows, columns))
    this.#programs.push(program)
    return program
  }

  /** A name service at a free port. */
  async nameService(options: readonly string[] = [], command = programs.nameService): Promise<TestProgram> {
    for (;;) {
      // Below the ports that systems give to outgoing connections.
      this.#port = randomInt(10_000, 30_000)
      const program = this.start([...command, '--port', `${this.#port}`, ...options])
      try {
        await program.sees('listens')
        return program
      } catch (error) {
        if (!program.errors.includes('the port is taken')) throw error
      }
    }
  }

  /** Of the latest name service. */
  get port(): number {
    return this.#port
  }

  /** Options of a chat there. */
  chatOptions(type = 'ivan'): string[] {
    return ['--name-service', `127.0.0.1:${this.#port}`, '-t', type]
  }

  /** A chat at a terminal that has joined. */
  async chat(type = 'ivan', rows?: number, columns?: number): Promise<TestProgram> {
    const chat = this.onTerminal([...programs.chat, ...this.chatOptions(type)], rows, columns)
    await chat.sees(/\)>$/)
    return chat
  }

  end(): void {
    for (const program of this.#programs) program.signal('SIGKILL')
  }
}
