// `peerspec test`: judge a program. Here are its options; test-settings.ts says what they come to, test-run.ts does it.
import { Command } from 'commander'
import { type ExitCode, exitCodeTable } from '../verdict/exit-codes.ts'
import * as values from './option-values.ts'
import type { Output } from './output.ts'
import { runTest } from './test-run.ts'
import { type TestOptions, testSettings } from './test-settings.ts'

const examples = `
Examples:
  peerspec test                                      the bundled reference, as a first look
  peerspec test ring -- python3 my_node.py           your program
  peerspec test peers.peer -- ./peer                 one role of a system, beside a name service of the harness
  peerspec test ring --stage 0-2 -- ./node           the first steps only
  peerspec test ring --only ring.ping -- ./node      all cases of the requirements ring.ping.*
  peerspec test ring --with './other --quiet' -- ./node    two programs mixed
  peerspec test ring --json run.json --junit run.xml -- ./node

${exitCodeTable}`

/** The command; `after` is what stands behind `--` on the command line. */
export function testCommand(
  output: Output,
  after: readonly string[] | undefined,
  done: (code: ExitCode) => void,
): Command {
  return new Command('test')
    .summary('judge a program')
    .description(
      'Runs the conformance cases of systems (ring, peers) or roles (peers.name-service) against the program whose command follows --. Without any: of everything that the program declares.',
    )
    .usage('[system|role ...] [options] [-- command args...]')
    .argument('[targets...]', 'systems or roles')
    .optionsGroup('Which cases:')
    .option(
      '--only <pattern>',
      'only these cases or requirements: id, beginning of an id, or glob; repeatable',
      values.list,
    )
    .option('--skip <pattern>', 'not these', values.list)
    .option('--level <level>', 'must, should (and must), may (all)', values.level)
    .option('--stage <n|n-m>', 'only these stages (peerspec list shows them)', values.stages)
    .option(
      '--profile <profile>',
      'baseline: what the course demanded is required; extended: all features; declared: only what the program declares',
      values.profile,
    )
    .option('--dry-run', 'only list the cases that would run')
    .optionsGroup('How they run:')
    .option('--seed <n>', 'random numbers of the run; a failure prints it', values.seed)
    .option('--time-scale <x>', 'multiply all times, for slow programs or machines', values.timeScale)
    .option('--jobs <n>', 'cases at a time', values.integer('--jobs', 1, 256))
    .option(
      '--repeat <n>',
      'run each case n times; it passes only if it passes each time',
      values.integer('--repeat', 1, 1000),
    )
    .option('--isolated', 'a process for each node, also for programs that can host several')
    .option('--keep-going', 'go on when no case of the first stage passes')
    .option('--with <command>', 'a second program, for cases with several nodes: shell words or a JSON array')
    .option('--attach <host:port>', 'a program that already runs and listens for control connections')
    .option('--config <file>', 'JSON file with these options; the command line wins')
    .optionsGroup('What is reported:')
    .option('--json <file>', 'write the JSON report (- is standard output; people then read standard error)')
    .option('--junit <file>', 'write JUnit XML')
    .option('--verbose', 'each case on a line, with what it saw')
    .option('--no-color', 'no colours')
    .option(
      '--max-failures-shown <n>',
      'failures shown in full',
      values.integer('--max-failures-shown', 0, 10_000),
      5,
    )
    .addHelpText('after', examples)
    .action(async (targets: string[], options: TestOptions) => {
      done(await runTest(testSettings(targets, options, after), output))
    })
}
