// What to tell a person whose program did not come up: what happened, what was seen of it, and what to do.
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { closest, distance } from 'fastest-levenshtein'
import type { Ending } from './channel.ts'
import type { HelloProblem } from './control.ts'
import type { Program } from './host.ts'
import { quote } from './line-reader.ts'

const nameOf = (program: Program): string =>
  program.kind === 'command' ? program.argv.join(' ') : `${program.host}:${program.port}`

const EXPECTED =
  'The first line on standard output must be the hello event of spec/control/control.md section 2, flushed at once.'

/** A file beside the missing one whose name differs by a slip of the fingers. */
function nearMatch(path: string): string | undefined {
  let names: string[]
  try {
    names = readdirSync(dirname(path))
  } catch {
    return undefined
  }
  const wanted = basename(path)
  const candidates = names.filter((name) => distance(name, wanted) <= Math.max(2, wanted.length / 3))
  return candidates.length === 0 ? undefined : closest(wanted, candidates)
}

const exists = (path: string): boolean => {
  try {
    return statSync(path) !== undefined
  } catch {
    return false
  }
}

function missing(argv: readonly string[], cwd: string): string {
  const command = argv[0] ?? ''
  if (!exists(cwd)) return `the folder ${cwd} does not exist.`
  if (!command.includes('/')) {
    const inFolder = exists(resolve(cwd, command))
      ? ` There is a file of that name here: try ./${command}`
      : ''
    return `no program '${command}' is on the PATH.${inFolder}`
  }
  const path = resolve(cwd, command)
  if (exists(path)) {
    return `'${command}' exists, but the interpreter that its first line (#!) names does not.`
  }
  const near = nearMatch(path)
  const hint =
    near === undefined ? '' : ` Did you mean '${command.slice(0, -basename(command).length)}${near}'?`
  return `the file '${command}' does not exist in ${cwd}.${hint}`
}

function notStarted(program: Program, cwd: string, error: Error): string {
  const code = 'code' in error ? error.code : undefined
  if (program.kind === 'attach') {
    return code === 'ECONNREFUSED'
      ? 'nobody listens there. Start the program first, and let it listen on that port.'
      : `the connection failed: ${error.message}`
  }
  if (code === 'ENOENT') return missing(program.argv, cwd)
  if (code === 'EACCES') {
    return `'${program.argv[0]}' may not be executed. Try chmod +x ${program.argv[0]}, or name the interpreter before it.`
  }
  return error.message
}

/** An argument that looks like the file to run: `reference/python/ring_peer.py`, not `-c` and no piece of code. */
const SCRIPT_NAME = /^[\w./~+][\w./~+-]*\.[A-Za-z0-9]{1,5}$/

// The interpreter runs, but what it was to run is not there: its own message is often about something else.
function missingScript(program: Program, cwd: string): string {
  if (program.kind === 'attach') return ''
  for (const argument of program.argv.slice(1)) {
    if (!SCRIPT_NAME.test(argument)) continue
    const path = resolve(cwd, argument)
    if (exists(path)) return ''
    const near = nearMatch(path)
    const hint =
      near === undefined ? '' : ` Did you mean '${argument.slice(0, -basename(argument).length)}${near}'?`
    return `\nThe file '${argument}' does not exist in ${cwd}.${hint}`
  }
  return ''
}

/** How a program ended, in words. */
export function describeEnding({ exitCode, signal, error }: Ending): string {
  if (error !== undefined) return `failed: ${error.message}`
  if (signal !== undefined) return `was ended by ${signal}`
  return exitCode === undefined ? 'closed the connection' : `ended with exit code ${exitCode}`
}

const stderrPart = (stderr: string): string =>
  stderr === ''
    ? '\nIt wrote nothing on standard error.'
    : `\nLast lines of standard error:\n${indent(stderr)}`

const indent = (text: string): string =>
  text
    .split('\n')
    .slice(-15)
    .map((line) => `  ${line.slice(0, 300)}`)
    .join('\n')

/** The whole message. */
export function describeNotReady(
  program: Program,
  cwd: string,
  problem: HelloProblem,
  stderr: string,
): string {
  const name = nameOf(program)
  switch (problem.kind) {
    case 'ended':
      return problem.ending.error !== undefined
        ? `Cannot start ${name}: ${notStarted(program, cwd, problem.ending.error)}`
        : `${name} ${describeEnding(problem.ending)} before it said hello.${missingScript(program, cwd)}${stderrPart(stderr)}`
    case 'silent':
      return `${name} printed nothing within ${problem.afterMs / 1000} seconds. ${EXPECTED} Is the output buffered?${stderrPart(stderr)}`
    case 'wrong':
      return `${name} said no valid hello: ${problem.text}.${problem.line === '' ? '' : `\nIts first line: ${quote(problem.line)}`}\n${EXPECTED}${stderr === '' ? '' : stderrPart(stderr)}`
  }
}
