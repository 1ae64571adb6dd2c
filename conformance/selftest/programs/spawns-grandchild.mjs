// Lies, and leaves behind a process that holds the pipes of its parent, as a shell script around a program does. A
// harness that waits for the end of the output waits for that process. The arguments are passed on, so that whoever
// looks for what was left behind can tell it by them.
import { spawn } from 'node:child_process'
import { hello, LIFETIME_MS, onCommand } from './channel.mjs'
import { lyingPeer } from './lying-peer.mjs'

const idle = `setTimeout(() => {}, ${LIFETIME_MS})`
spawn(process.execPath, ['-e', idle, '--', ...process.argv.slice(2)], { stdio: 'inherit' }).unref()
hello('spawns-grandchild')
onCommand(lyingPeer())
