// A spawned program: a process group of its own, so that what it starts ends with it; standard input and output for the
// control channel, standard error for people; an environment without the secrets and the surprises of the caller's.
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { Channel, ChannelListener, Ending } from './channel.ts'
import { LineReader } from './line-reader.ts'
import { atOwnEnd } from './own-end.ts'
import { StderrTail } from './stderr-tail.ts'

/** Where tools are found, whose account it is, which language and time zone: nothing else is handed on. */
const ENVIRONMENT_KEPT = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'JAVA_HOME',
  'GOPATH',
  'GOROOT',
  'GOCACHE',
  'CARGO_HOME',
  'RUSTUP_HOME',
  'VIRTUAL_ENV',
]

/** Stands in the environment of every program, so that a child that left the process group is still found as ours. */
const COOKIE_NAME = 'PEERSPEC_PROGRAM'

const LARGE_CHUNK_BYTES = 16_384
/** After the exit of a program its last lines may still be in the pipe; a child that holds the pipe open may not. */
const DRAIN_MS = 200
/** How long the kernel may take to end a killed process; only an uninterruptible one needs more. */
const KILL_WAIT_MS = 1000

function scrubbedEnvironment(cookie: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { [COOKIE_NAME]: cookie }
  for (const name of ENVIRONMENT_KEPT) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}

const alive = new Set<SpawnedProgram>()

const killAll = () => {
  for (const program of alive) program.signalGroup('SIGKILL')
}

export interface SpawnOptions {
  readonly argv: readonly [string, ...string[]]
  /** Where relative names in `argv` are found: the folder in which the harness was called. */
  readonly cwd: string
  readonly cookie: string
}

export class SpawnedProgram implements Channel {
  readonly isOurs = true
  private readonly child: ChildProcess
  private readonly stderr = new StderrTail()
  private reader: LineReader | undefined
  private listener: ChannelListener | undefined
  private ended = false
  private readonly gone: Promise<void>

  constructor({ argv, cwd, cookie }: SpawnOptions) {
    atOwnEnd(killAll)
    const [command, ...args] = argv
    this.child = spawn(command, args, {
      cwd,
      env: scrubbedEnvironment(cookie),
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    alive.add(this)
    const { stdin, stderr } = this.child
    // That a program does not read its input shows in its missing replies.
    stdin?.on('error', () => {})
    stderr?.on('data', (chunk: Buffer) => this.stderr.feed(chunk))
    stderr?.on('error', () => {})
    this.gone = new Promise((resolve) => {
      this.child.once('error', (error) => {
        // Also emitted when a signal could not be sent; only a process that never was has no pid.
        if (this.child.pid === undefined) this.becomeEnded({ error }, resolve)
      })
      this.child.once('exit', (code, signal) => {
        this.signalGroup('SIGKILL')
        const ending: Ending = {
          ...(code === null ? {} : { exitCode: code }),
          ...(signal === null ? {} : { signal }),
        }
        const drained = setTimeout(() => this.becomeEnded(ending, resolve), DRAIN_MS)
        this.child.once('close', () => {
          clearTimeout(drained)
          this.becomeEnded(ending, resolve)
        })
      })
    })
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  listen(listener: ChannelListener): void {
    this.listener = listener
    const reader = new LineReader({
      onLine: (line) => listener.onLine(line),
      onTrouble: (text) => {
        this.child.stdout?.destroy()
        listener.onTrouble(text)
      },
    })
    this.reader = reader
    const { stdout } = this.child
    stdout?.on('data', (chunk: Buffer) => {
      reader.feed(chunk)
      if (chunk.length < LARGE_CHUNK_BYTES) return
      // A pipe that is always full would be read again and again before any socket gets its turn.
      stdout.pause()
      setImmediate(() => stdout.resume())
    })
    stdout?.on('error', () => {})
  }

  write(line: string): void {
    if (this.child.stdin?.writable === true) this.child.stdin.write(`${line}\n`)
  }

  endInput(): void {
    this.child.stdin?.end()
  }

  stderrTail(): string {
    return this.stderr.text()
  }

  unfinishedLine(): string {
    return this.reader?.unfinished ?? ''
  }

  async kill(): Promise<void> {
    if (this.ended) return
    this.signalGroup('SIGKILL')
    await Promise.race([
      this.gone,
      new Promise((resolve) => {
        setTimeout(resolve, KILL_WAIT_MS).unref()
      }),
    ])
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): boolean {
    return this.signalGroup(signal)
  }

  signalGroup(signal: NodeJS.Signals): boolean {
    const { pid } = this.child
    if (pid === undefined || this.ended) return false
    try {
      return process.kill(-pid, signal)
    } catch {
      return false
    }
  }

  private becomeEnded(ending: Ending, resolve: () => void): void {
    if (this.ended) return
    this.ended = true
    alive.delete(this)
    this.child.stdin?.destroy()
    this.child.stdout?.destroy()
    this.child.stderr?.destroy()
    this.listener?.onEnd(ending)
    resolve()
  }
}

/**
 * Kills what programs with this cookie left behind in process groups of their own (`setsid`, `nohup`). Finds them by
 * their environment, which only Linux shows; elsewhere the process groups have to do.
 */
export function killStragglers(cookie: string): number {
  if (process.platform !== 'linux') return 0
  const mark = `${COOKIE_NAME}=${cookie}`
  let killed = 0
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      if (!readFileSync(`/proc/${entry}/environ`, 'latin1').split('\0').includes(mark)) continue
      process.kill(Number(entry), 'SIGKILL')
      killed++
    } catch {
      // Gone in the meantime, or another user's.
    }
  }
  return killed
}
