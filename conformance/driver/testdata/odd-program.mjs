// Programs that a driver must cope with, one for each name on the command line. All end after a minute, come what may.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [, , mode, argument] = process.argv

const print = (text) => process.stdout.write(text)
const write = (object) => print(`${JSON.stringify(object)}\n`)
const hello = (features = ['multi-node']) =>
  write({
    event: 'hello',
    control: 1,
    name: mode,
    version: '1',
    language: 'javascript',
    roles: ['ring.peer'],
    features,
  })
const onCommand = (answer) =>
  createInterface({ input: process.stdin }).on('line', (line) => answer(JSON.parse(line)))
const succeed = ({ seq }, result = {}) => write({ seq, ok: true, result })

const modes = {
  silent() {},
  echo() {
    process.stdin.pipe(process.stdout)
  },
  'exits-at-once'() {
    console.error('cannot open the configuration')
    process.exit(7)
  },
  garbage: () => print('Listening on port 12000\n'),
  'unfinished-hello': () => print('{"event":"hello"'),
  'wrong-hello': () => write({ event: 'hello', control: 2 }),
  'not-utf-8': () => process.stdout.write(Buffer.from([0xff, 0x0a])),
  'endless-line': () => print('x'.repeat(1_048_577)),
  'slow-hello': () => setTimeout(hello, 150),
  'crash-after-hello'() {
    hello()
    onCommand(() => {
      console.error('Traceback: it hurts')
      process.exit(3)
    })
  },
  'killed-after-hello'() {
    hello()
    onCommand(() => process.kill(process.pid, 'SIGSEGV'))
  },
  'silent-after-hello': () => hello(),
  'echo-after-hello'() {
    hello()
    process.stdin.pipe(process.stdout)
  },
  'garbage-after-hello'() {
    hello()
    onCommand(() => print('done!\n'))
  },
  flood() {
    hello()
    const flood = () => {
      while (print('{"event":"debug"}\n'.repeat(1000)));
      process.stdout.once('drain', flood)
    }
    flood()
  },
  'wrong-seq'() {
    hello()
    onCommand(({ seq }) => succeed({ seq: seq + 1000 }))
  },
  'double-reply'() {
    hello()
    onCommand((command) => {
      succeed(command)
      succeed(command)
    })
  },
  'reversed-replies'() {
    hello()
    const waiting = []
    onCommand((command) => {
      waiting.push(command)
      if (waiting.length === 3) for (const one of waiting.reverse()) succeed(one)
    })
  },
  'wrong-result'() {
    hello()
    onCommand((command) => succeed(command, command.command === 'state' ? { id: 'four' } : {}))
  },
  /** Answers the first command only when the second one comes. */
  'late-reply'() {
    hello()
    let first
    onCommand((command) => {
      if (first === undefined) {
        first = command
        return
      }
      succeed(first)
      succeed(command)
    })
  },
  'unknown-event'() {
    hello()
    onCommand((command) => {
      write({ event: 'weather', node: command.node, sun: true })
      succeed(command)
    })
  },
  'wrong-event'() {
    hello()
    onCommand(({ node }) => write({ event: 'peer-dead', node, peer: 'nine' }))
  },
  'event-without-node'() {
    hello()
    onCommand((command) => {
      write({ event: 'peer-dead', peer: 9 })
      succeed(command)
    })
  },
  'ignores-sigterm'() {
    process.on('SIGTERM', () => {})
    hello()
  },
  /** Its child stays in the process group; the argument is where to write its pid. */
  'spawns-child'() {
    const child = spawn('sleep', ['60'], { stdio: 'inherit' })
    writeFileSync(argument, String(child.pid))
    hello()
  },
  /** Its child leaves the process group, as a daemon does. */
  'spawns-daemon'() {
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    writeFileSync(argument, String(child.pid))
    hello()
  },
  'exits-and-leaves-child'() {
    const child = spawn('sleep', ['60'], { stdio: 'inherit' })
    writeFileSync(argument, String(child.pid))
    hello()
    onCommand(() => process.exit(1))
  },
  environment() {
    hello()
    onCommand((command) => succeed(command, { environment: process.env, cwd: process.cwd() }))
  },
}

modes[mode]()
setTimeout(() => process.exit(0), 60_000)
