// A run with one result of every kind, for tests of the reports.

import type { CaseResult, RunResult } from '../verdict/result.ts'
import type { Frame } from '../wire/capture.ts'

const frame = (n: number, from: number, to: number, message: Frame['message'], bytes: string): Frame => ({
  n,
  atMs: 3.25 + n,
  transport: 'udp',
  from,
  to,
  bytes: Buffer.from(bytes),
  ...(message && { message }),
  sender: from === 8 ? 'program' : 'probe',
  fate: 'passed',
})

const pingFrame = frame(0, 5, 8, { type: 'ring.ping', from: 5, seq: 7, slot: 1 }, '')
const pongFrame = frame(1, 8, 5, { type: 'ring.pong', from: 8, seq: 0 }, '')
const brokenFrame: Frame = {
  ...frame(1, 8, 5, undefined, '{"type":"ring.pong",}'),
  fault: { text: 'is no JSON object', at: 20, requirement: 'common.encoding.json' },
}

const participants = { 5: 'probe 5', 8: 'node 8' }

const base = (id: string, stage: number, durationMs: number) => ({
  id,
  system: 'ring' as const,
  role: 'ring.peer',
  title: `what ${id} does`,
  requirements: [id.split('/')[0] ?? id],
  stage,
  durationMs,
  seed: 42,
  evidence: [],
  reproduce: `npx peerspec test ring --only ${id} --seed 42 -- ./node`,
})

const passed: CaseResult = {
  ...base('ring.ping.interval/slots', 1, 120),
  status: 'pass',
  evidence: ['a ping in each slot'],
}
const failed: CaseResult = {
  ...base('ring.ping.answer/repeats-seq', 1, 84),
  status: 'fail',
  reason: {
    requirement: 'ring.ping.answer',
    expected: 'a pong with seq 7',
    actual: 'a pong with seq 0',
    message: 'expected a pong with seq 7; got a pong with seq 0',
    exhibits: [{ frame: 1, at: '/seq' }],
  },
  hint: 'Copy seq from the ping.',
  frames: [pingFrame, pongFrame],
  participants,
  stderrTail: 'ping from 5 & <unknown>\n\u001b[31mred\u0000',
}
const failedAlike: CaseResult = { ...failed, id: 'ring.ping.answer/everyone' }
const malformed: CaseResult = {
  ...base('ring.address.port/both', 1, 90),
  status: 'fail',
  reason: {
    requirement: 'common.encoding.json',
    expected: 'one JSON object',
    actual: 'a comma too many',
    message: 'expected one JSON object; got a comma too many',
    exhibits: [{ frame: 1 }],
  },
  hint: 'Peer i is at basePort + i.',
  frames: [pingFrame, brokenFrame],
  participants,
  stderrTail: '',
}
const crashed: CaseResult = {
  ...base('common.udp.malformed/not-json', 8, 300),
  status: 'crash',
  reason: {
    requirement: 'common.udp.malformed',
    message: 'the program ended with exit code 1',
    exhibits: [],
  },
  hint: 'Catch what the JSON parser throws.',
  frames: [],
  stderrTail: 'Traceback (most recent call last):\n  File "node.py", line 12\nJSONDecodeError',
  notes: ['run again in a process of its own, because the process that it shared failed: exit code 1'],
}
const warned: CaseResult = {
  ...base('ring.dead.refresh/asks', 7, 900),
  status: 'warn',
  reason: {
    requirement: 'ring.dead.refresh',
    expected: 'a query each 100 ms',
    actual: 'none',
    message: 'expected a query each 100 ms; got none',
    exhibits: [],
  },
  hint: 'Ask the first successor at that interval.',
  frames: [],
  stderrTail: '',
}
const flaky: CaseResult = {
  ...base('ring.dead.threshold/first', 7, 2400),
  status: 'flaky',
  reason: {
    requirement: 'ring.dead.threshold',
    expected: 'peer-dead for 5',
    actual: 'nothing',
    message: 'passed 2 of 3 runs; fail with seed 43: expected peer-dead for 5; got nothing',
    exhibits: [],
  },
  repeated: { runs: 3, passed: 2 },
  hint: 'Count the pings in a row.',
  frames: [],
  stderrTail: '',
}
const notApplicable: CaseResult = {
  ...base('ring.udp.offer/opens', 4, 0),
  status: 'not-applicable',
  reason: { message: 'the program does not declare the feature ring.transfer.udp', exhibits: [] },
}
const inconclusive: CaseResult = {
  ...base('ring.join.place/wrap', 5, 60_000),
  status: 'inconclusive',
  reason: { message: 'the case did not end within 60000 ms', exhibits: [] },
  hint: 'Look at the wrap.',
  frames: [],
  stderrTail: '',
}
const harnessError: CaseResult = {
  ...base('ring.leave.ack/all', 6, 5),
  status: 'harness-error',
  reason: { message: 'TypeError: x is undefined\n    at run (case.js:1:1)', exhibits: [] },
  hint: 'Acknowledge.',
  frames: [],
  stderrTail: '',
}

/** The run, with the cases in the order of the suite. */
export const sampleRun: RunResult = {
  peerspecVersion: '0.1.0',
  systems: ['ring'],
  profile: 'declared',
  seed: 42,
  timeScale: 1,
  jobs: 8,
  isolated: false,
  repeat: 3,
  calibration: { timerLateMs: 1.2, loopbackRoundTripMs: 0.3, factor: 1 },
  machine: { platform: 'linux', arch: 'x64', cpus: 2, node: 'v20.0.0' },
  program: {
    name: 'my-ring',
    version: '0.1',
    language: 'python',
    roles: ['ring.peer'],
    features: ['ring.join', 'ring.leave', 'ring.repair'],
  },
  startedAt: '2026-01-02T03:04:05.000Z',
  durationMs: 6240,
  interrupted: false,
  cases: [
    passed,
    failed,
    failedAlike,
    malformed,
    notApplicable,
    inconclusive,
    harnessError,
    warned,
    flaky,
    crashed,
  ],
}
