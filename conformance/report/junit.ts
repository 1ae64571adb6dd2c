// The report as JUnit XML, which every CI service reads. JUnit knows fewer words than peerspec: what makes a run other
// than conformant is a failure or an error there, and nothing else is.
import type { CaseResult, RunResult, Status } from '../verdict/result.ts'
import { resultsByStage } from './stages.ts'

const failures: ReadonlySet<Status> = new Set(['fail', 'flaky', 'untestable', 'inconclusive', 'xpass'])
const errors: ReadonlySet<Status> = new Set(['crash', 'hang', 'harness-error'])
/** Passed for JUnit, with a remark. */
const remarkable: ReadonlySet<Status> = new Set(['warn', 'info', 'xfail'])

// XML 1.0 has no way to write most control characters, and a student's stderr may hold any of them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be replaced.
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const text = (raw: string): string =>
  raw.replace(unwritable, '\ufffd').replace(/[&<>"]/g, (character) => entities[character] ?? character)

type Attributes = Readonly<Record<string, string | number>>

function element(name: string, attributes: Attributes, children: readonly string[]): string {
  // A line break in an attribute would be read as a space.
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${text(String(value)).replaceAll('\n', '&#10;')}"`)
    .join('')
  return children.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${children.join(name.startsWith('testsuite') ? '\n' : '')}</${name}>`
}

const inSeconds = (ms: number): string => (ms / 1000).toFixed(3)

function detail(result: CaseResult): string {
  const { reason, hint, reproduce } = result
  return [
    reason?.requirement && `rule: ${reason.requirement}`,
    reason?.message,
    hint && `hint: ${hint}`,
    `again: ${reproduce}`,
  ]
    .filter((line) => line)
    .join('\n')
}

function testCase(result: CaseResult): string {
  const { status, reason } = result
  const message = `${status}: ${reason?.message.split('\n')[0] ?? ''}`
  const children: string[] = []
  if (status === 'not-applicable') children.push(element('skipped', { message: reason?.message ?? '' }, []))
  if (failures.has(status))
    children.push(element('failure', { message, type: status }, [text(detail(result))]))
  if (errors.has(status)) children.push(element('error', { message, type: status }, [text(detail(result))]))
  const out = [...(remarkable.has(status) ? [`${status}: ${detail(result)}`] : []), ...(result.notes ?? [])]
  if (out.length > 0) children.push(element('system-out', {}, [text(out.join('\n'))]))
  if (result.stderrTail) children.push(element('system-err', {}, [text(result.stderrTail)]))
  const attributes = {
    name: result.id,
    classname: result.requirements[0] ?? result.id,
    time: inSeconds(result.durationMs),
  }
  return element('testcase', attributes, children)
}

function countsOf(results: readonly CaseResult[]) {
  const count = (wanted: (status: Status) => boolean) => results.filter(({ status }) => wanted(status)).length
  return {
    tests: results.length,
    failures: count((status) => failures.has(status)),
    errors: count((status) => errors.has(status)),
    skipped: count((status) => status === 'not-applicable'),
  }
}

/** One suite for each stage. */
export function junitReport(run: RunResult): string {
  const elements = resultsByStage(run).map(({ system, stage, title, results }) => {
    const attributes = {
      name: `${system} stage ${stage}: ${title}`,
      timestamp: run.startedAt,
      time: inSeconds(results.reduce((sum, result) => sum + result.durationMs, 0)),
      ...countsOf(results),
    }
    return element('testsuite', attributes, results.map(testCase))
  })
  const attributes = {
    name: `peerspec ${run.systems.join(', ')}`,
    time: inSeconds(run.durationMs),
    ...countsOf(run.cases),
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', attributes, elements)}\n`
}
