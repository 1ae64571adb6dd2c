// Public entry `peerspec/conformance`: run the suites from a program of one's own, read their results, write cases.
export type { Program } from './driver/host.ts'
export { NotReady } from './driver/host.ts'
export { CommandError, type Node } from './driver/node.ts'
export { runReport } from './report/json.ts'
export { RunReport } from './report/json-schema.ts'
export { junitReport } from './report/junit.ts'
export { allCases, type Suite, suites } from './suites/index.ts'
export { type PeersCase, peersCase, peersStages } from './suites/peers/define.ts'
export { type RingCase, ringCase, ringStages } from './suites/ring/define.ts'
export type { Bench, NodeOptions, Timing } from './verdict/bench.ts'
export { type Benches, type Case, type Exhibit, type Observes, Violation } from './verdict/case.ts'
export { type ConformanceRunOptions, runConformance } from './verdict/conformance-run.ts'
export { type ExitCode, exitCodeOf, exitCodes } from './verdict/exit-codes.ts'
export type {
  Answer,
  NameServiceNode,
  PeerNode,
  PeersBench,
  PlayedNameService,
  PlayedPeer,
} from './verdict/peers-bench.ts'
export {
  type Calibration,
  type CaseResult,
  type ChosenProfile,
  type ProgramDescription,
  type Reason,
  type RunResult,
  type Status,
  statuses,
  statusMeaning,
} from './verdict/result.ts'
export type { RingBench, RingNode } from './verdict/ring-bench.ts'
export { defaultJobs, Interrupted } from './verdict/runner.ts'
export { chooseSeed } from './verdict/seed.ts'
export { type Selection, select, UsageError } from './verdict/selection.ts'
export type { Frame } from './wire/capture.ts'
export type { Message, Probe, ProbeConnection } from './wire/probe.ts'
export type { Faults, Link } from './wire/relay.ts'
