// Does what `peerspec test` was asked to: runs the cases, reports while they run and after, and says how it ended.
import { writeFileSync } from 'node:fs'
import { NotReady } from '../driver/host.ts'
import { runReport } from '../report/json.ts'
import { junitReport } from '../report/junit.ts'
import { type TerminalReport, terminalReport } from '../report/terminal.ts'
import { plural } from '../report/text.ts'
import { runConformance } from '../verdict/conformance-run.ts'
import { type ExitCode, exitCodeOf, exitCodes } from '../verdict/exit-codes.ts'
import type { RunResult } from '../verdict/result.ts'
import { Interrupted } from '../verdict/runner.ts'
import { type Output, usesColor } from './output.ts'
import { invocation, packageVersion } from './package-files.ts'
import { reproduceCommand } from './reproduce.ts'
import { targetOf } from './targets.ts'
import type { TestSettings } from './test-settings.ts'

export async function runTest(settings: TestSettings, { stdout, stderr }: Output): Promise<ExitCode> {
  const { cases, json, junit } = settings
  if (settings.dryRun) {
    for (const definition of cases) stdout.write(`${definition.id}\n`)
    stderr.write(`${plural(cases.length, 'case')} would run\n`)
    return exitCodes.conformant
  }
  // Standard output belongs to the JSON report when it goes there.
  const stream = json === '-' ? stderr : stdout
  const report = terminalReport({
    stream,
    color: settings.color && usesColor(stream),
    verbose: settings.verbose,
    failuresShownMax: settings.failuresShownMax,
    invocation,
  })
  let run: RunResult
  try {
    run = await interruptible((signal) => judge(settings, report, signal))
  } catch (error) {
    report.stop()
    if (error instanceof Interrupted) return exitCodes.interrupted
    if (!(error instanceof NotReady)) throw error
    stderr.write(`peerspec: the program is not ready: ${error.message}\n`)
    return exitCodes.programNotReady
  }
  report.end(run)
  if (json !== undefined) {
    const text = `${JSON.stringify(runReport(run), null, 2)}\n`
    if (json === '-') stdout.write(text)
    else writeFileSync(json, text)
  }
  if (junit !== undefined) writeFileSync(junit, junitReport(run))
  return run.interrupted ? exitCodes.interrupted : exitCodeOf(run.cases)
}

function judge(settings: TestSettings, report: TerminalReport, signal: AbortSignal): Promise<RunResult> {
  const {
    cases,
    program,
    isReference,
    second,
    profile,
    roles,
    seed,
    timeScale,
    jobs,
    repeat,
    isolated,
    keepGoing,
  } = settings
  const systems = [...new Set(cases.map(({ system }) => system))].join(', ')
  report.begin(
    `peerspec ${packageVersion}: ${systems}, profile ${profile}, ${plural(cases.length, 'case')}, seed ${seed}`,
    cases.length,
  )
  return runConformance({
    peerspecVersion: packageVersion,
    cases,
    program,
    ...(second && { second }),
    profile,
    roles,
    seed,
    timeScale,
    jobs,
    repeat,
    isolated,
    keepGoing,
    signal,
    reproduce: (definition, runSeed) =>
      reproduceCommand({
        invocation,
        target: targetOf(definition),
        caseId: definition.id,
        seed: runSeed,
        profile,
        timeScale,
        isolated,
        program: isReference ? undefined : program,
        second,
      }),
    onHello: report.hello,
    onStart: report.started,
    onResult: report.finished,
  })
}

// The first signal ends the run in order and keeps what is done; the second one is from somebody who will not wait.
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController()
  const onSignal = () => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted)
    interruption.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    return await work(interruption.signal)
  } finally {
    process.removeListener('SIGINT', onSignal)
    process.removeListener('SIGTERM', onSignal)
  }
}
