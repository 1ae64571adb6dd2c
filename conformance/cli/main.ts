#!/usr/bin/env node
// The command `peerspec`.
import { runCli } from './run-cli.ts'

const { stdout, stderr } = process

// A reader that has seen enough (`peerspec list | head`) is no fault.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3))

// A promise that a case forgot, such as the loop of a probe that is refused when its program crashes, must not end the run:
// the results of the other cases would be lost with it.
process.on('unhandledRejection', (reason) => {
  const text = reason instanceof Error ? reason.message : String(reason)
  stderr.write(`peerspec: a case left a promise behind: ${text}\n`)
})

const code = await runCli(process.argv.slice(2), { stdout, stderr })
// Leaves even if something still holds the event loop, but not before what was written has reached a pipe.
stdout.write('', () => stderr.write('', () => process.exit(code)))
