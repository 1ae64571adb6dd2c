// `peerspec doctor`: is this machine fit for conformance runs? Each check says what it found and what to do about it.
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import { execa } from 'execa'
import { calibrate } from '../verdict/calibration.ts'
import { type ExitCode, exitCodes } from '../verdict/exit-codes.ts'

import { colorsFor, type Output } from './output.ts'

type Finding =
  | { readonly kind: 'ok' | 'missing' | 'skipped'; readonly text: string }
  | { readonly kind: 'failed' | 'warning'; readonly text: string; readonly remedy: string }

const TIMEOUT_MS = 2000
/** The highest port on which the kit lets a node listen. */
const PORT_MAX = 32_767
const NODE_MAJOR_MIN = 20
const OPEN_FILES_MIN = 4096

const checks: readonly (readonly [name: string, check: () => Finding | Promise<Finding>])[] = [
  ['node', checkNode],
  ['loopback UDP', checkUdp],
  ['loopback TCP', checkTcp],
  ['free ports', checkPorts],
  ['open files', checkOpenFiles],
  ['process groups', checkProcessGroup],
  ['exactness', checkExactness],
  ...['python3', 'go', 'java', 'rustc', 'cc'].map(
    (program) => [program, () => checkProgram(program)] as const,
  ),
]

export function doctorCommand({ stdout }: Output, done: (code: ExitCode) => void): Command {
  return new Command('doctor')
    .summary('check this machine')
    .description(
      'Checks what conformance runs need from this machine: sockets, ports, processes, exact timers.',
    )
    .addHelpText(
      'after',
      '\nEnds with 0 when runs can be relied on, and with 3 when something essential failed.',
    )
    .action(async () => {
      const pc = colorsFor(stdout)
      let failed = false
      for (const [name, check] of checks) {
        const finding = await find(check)
        failed ||= finding.kind === 'failed'
        const paint = { ok: pc.green, missing: pc.dim, skipped: pc.dim, warning: pc.yellow, failed: pc.red }[
          finding.kind
        ]
        stdout.write(`${paint(finding.kind.padEnd(8))} ${name.padEnd(15)} ${finding.text}\n`)
        if ('remedy' in finding) stdout.write(`${' '.repeat(25)}${finding.remedy}\n`)
      }
      done(failed ? exitCodes.harnessError : exitCodes.conformant)
    })
}

async function find(check: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await check()
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { kind: 'failed', text, remedy: 'conformance runs need this' }
  }
}

function checkNode(): Finding {
  const major = Number(process.versions.node.split('.')[0])
  if (major >= NODE_MAJOR_MIN) return { kind: 'ok', text: process.version }
  return { kind: 'failed', text: process.version, remedy: `install Node.js ${NODE_MAJOR_MIN} or later` }
}

async function checkUdp(): Promise<Finding> {
  const socket = createSocket('udp4')
  try {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const arrived = once(socket, 'message', { signal: AbortSignal.timeout(TIMEOUT_MS) })
    socket.send('ping', (socket.address() as AddressInfo).port, '127.0.0.1')
    await arrived
    return { kind: 'ok', text: 'a datagram to 127.0.0.1 arrives' }
  } catch {
    const remedy = 'let datagrams pass on the loopback interface (a firewall or sandbox stops them)'
    return { kind: 'failed', text: 'a datagram to 127.0.0.1 does not arrive', remedy }
  } finally {
    socket.close()
  }
}

async function checkTcp(): Promise<Finding> {
  const server = createServer((socket) => socket.end('pong'))
  try {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'data', { signal: AbortSignal.timeout(TIMEOUT_MS) })
    socket.destroy()
    return { kind: 'ok', text: 'a connection to 127.0.0.1 carries data' }
  } catch {
    const remedy = 'let connections pass on the loopback interface (a firewall or sandbox stops them)'
    return { kind: 'failed', text: 'a connection to 127.0.0.1 fails', remedy }
  } finally {
    server.close()
  }
}

// Nodes listen below the range from which the system takes ports for outgoing connections: in it, a port that was free
// at the start of a case may be taken by somebody's connection a moment later.
function checkPorts(): Finding {
  let range: string
  try {
    range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim()
  } catch {
    return { kind: 'skipped', text: 'the range of ephemeral ports is not known on this system' }
  }
  const [first = 0] = range.split(/\s+/).map(Number)
  if (first > PORT_MAX)
    return { kind: 'ok', text: `ports below ${first} are not given to outgoing connections` }
  const remedy =
    'a port may be taken just before a node gets it: sysctl net.ipv4.ip_local_port_range="32768 60999"'
  return { kind: 'warning', text: `outgoing connections take ports from ${first} on`, remedy }
}

// Every listener, connection and pipe is an open file: a run of peers with 16 jobs has about 2,000 of them at its peak.
function checkOpenFiles(): Finding {
  let limits: string
  try {
    limits = readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return { kind: 'skipped', text: 'the limit of open files is not known on this system' }
  }
  const [, limit = 'unlimited'] = /^Max open files +(\S+)/m.exec(limits) ?? []
  const text = `a process may have ${limit} open files`
  if (limit === 'unlimited' || Number(limit) >= OPEN_FILES_MIN) return { kind: 'ok', text }
  return { kind: 'warning', text, remedy: `ulimit -n ${OPEN_FILES_MIN}, or fewer cases at a time: --jobs 4` }
}

// A student's shell script starts the real program; killing only the script would leave the program behind.
async function checkProcessGroup(): Promise<Finding> {
  if (process.platform === 'win32') return { kind: 'skipped', text: 'Windows has no process groups' }
  const script =
    "require('child_process').spawn('sleep', ['30'], {stdio: 'inherit'}); console.log('up'); setInterval(() => {}, 1000)"
  const child = spawn(process.execPath, ['-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(TIMEOUT_MS) })
  const { pid } = child
  if (pid === undefined) throw new Error('a child process has no id')
  process.kill(-pid, 'SIGKILL')
  // The grandchild holds the pipe open for as long as it lives.
  const ended = once(child.stdout, 'close').then(() => true)
  if (await Promise.race([ended, delay(TIMEOUT_MS, false)]))
    return { kind: 'ok', text: 'a program and everything that it started can be ended together' }
  const remedy = 'programs under test may stay behind: look for them after a run'
  return { kind: 'failed', text: 'the child of a child outlived its group', remedy }
}

async function checkExactness(): Promise<Finding> {
  const { timerLateMs, loopbackRoundTripMs, factor } = await calibrate()
  const text = `timers up to ${timerLateMs} ms late, datagrams up to ${loopbackRoundTripMs} ms on their way`
  if (factor === 1) return { kind: 'ok', text }
  return { kind: 'ok', text: `${text}: runs take ${factor} times the time` }
}

async function checkProgram(program: string): Promise<Finding> {
  const flag = program === 'go' ? 'version' : '--version'
  const { failed, code, stdout, stderr } = await execa(program, [flag], {
    reject: false,
    timeout: TIMEOUT_MS,
  })
  if (code === 'ENOENT') return { kind: 'missing', text: 'only needed for programs written in it' }
  const [line = ''] = `${stdout}\n${stderr}`.trim().split('\n')
  return failed ? { kind: 'missing', text: `does not start: ${line}` } : { kind: 'ok', text: line }
}
