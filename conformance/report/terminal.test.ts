import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { RunResult } from '../verdict/result.ts'
import { sampleRun } from './sample-run.ts'
import { terminalReport } from './terminal.ts'

function printed(
  run: RunResult,
  options: { color?: boolean; failuresShownMax?: number; verbose?: boolean } = {},
) {
  let output = ''
  const stream = new Writable({
    write(chunk, _, done) {
      output += chunk
      done()
    },
  })
  const report = terminalReport({
    stream,
    color: false,
    verbose: false,
    failuresShownMax: 100,
    invocation: 'npx peerspec',
    ...options,
  })
  report.begin('peerspec 0.1.0: ring', run.cases.length)
  report.hello(run.program, run.second)
  for (const result of run.cases) report.finished(result)
  report.end(run)
  return `\n${output}`
}

/** Sentences of the specification may be improved; that changes no report. */
const withoutRules = (text: string): string =>
  text.replace(/^( {2}rule {6}).*\n(?: {12}.*\n)*/gm, '$1(the sentence, its level and source)\n')

describe('the terminal report', () => {
  test('of a run with one result of every kind', () => {
    expect(withoutRules(printed(sampleRun))).toMatchInlineSnapshot(`
      "
      peerspec 0.1.0: ring
      program  my-ring 0.1 (python), features: ring.join ring.leave ring.repair

      pass  ring.ping.interval/slots  0.1 s
      FAIL  ring.ping.answer/repeats-seq  0.1 s
      FAIL  ring.ping.answer/everyone  0.1 s
      FAIL  ring.address.port/both  0.1 s
      n/a   ring.udp.offer/opens  0.0 s
      INCONCLUSIVE ring.join.place/wrap  60.0 s
      HARNESS ERROR ring.leave.ack/all  0.0 s
      WARN  ring.dead.refresh/asks  0.9 s
      FLAKY ring.dead.threshold/first  2.4 s
      CRASH common.udp.malformed/not-json  0.3 s

      FAIL  ring.ping.answer/repeats-seq
        case      what ring.ping.answer/repeats-seq does
        rule      (the sentence, its level and source)
        expected  a pong with seq 7
        actual    a pong with seq 0

               probe 5                 node 8
        #0      │── ping seq=7 slot=1 ─▶│    3 ms  udp
        #1      │◀━━━━━━━━ pong seq=0 ━━│    4 ms  udp  ✗

        #1, from node 8 to probe 5
        {"type": "ring.pong", "from": 8, "seq": 0}
                                         ^^^^^^^^

        hint      Copy seq from the ping.
        stderr    ping from 5 & <unknown>
                  \\x1b[31mred\\x00
        again     npx peerspec test ring --only ring.ping.answer/repeats-seq --seed 42 -- ./node
        likewise  ring.ping.answer/everyone

      FAIL  ring.address.port/both
        case      what ring.address.port/both does
        rule      (the sentence, its level and source)
        expected  one JSON object
        actual    a comma too many

               probe 5                        node 8
        #0      │── ping seq=7 slot=1 ────────▶│    3 ms  udp
        #1      │◀━ 21 bytes, no JSON object ━━│    4 ms  udp  ✗

        #1, from node 8 to probe 5: is no JSON object
        {"type":"ring.pong",}
                            ^

        again     npx peerspec test ring --only ring.address.port/both --seed 42 -- ./node

      HARNESS ERROR  ring.leave.ack/all
        case      what ring.leave.ack/all does
        error     TypeError: x is undefined
                      at run (case.js:1:1)
        note      This is a fault of peerspec, not of your program. Please report it with the command
                  below.
        again     npx peerspec test ring --only ring.leave.ack/all --seed 42 -- ./node

      FLAKY 2/3  ring.dead.threshold/first
        case      what ring.dead.threshold/first does
        rule      (the sentence, its level and source)
        expected  peer-dead for 5
        actual    nothing
        why       passed 2 of 3 runs; fail with seed 43: expected peer-dead for 5; got nothing
        hint      Count the pings in a row.
        again     npx peerspec test ring --only ring.dead.threshold/first --seed 42 -- ./node

      CRASH  common.udp.malformed/not-json
        case      what common.udp.malformed/not-json does
        rule      (the sentence, its level and source)
        why       the program ended with exit code 1
        note      run again in a process of its own, because the process that it shared failed: exit code
                  1
        hint      Catch what the JSON parser throws.
        stderr    Traceback (most recent call last):
                    File "node.py", line 12
                  JSONDecodeError
        again     npx peerspec test ring --only common.udp.malformed/not-json --seed 42 -- ./node

      INCONCLUSIVE  ring.join.place/wrap
        case      what ring.join.place/wrap does
        rule      (the sentence, its level and source)
        why       the case did not end within 60000 ms
        hint      Look at the wrap.
        again     npx peerspec test ring --only ring.join.place/wrap --seed 42 -- ./node

      WARN  ring.dead.refresh/asks
        case      what ring.dead.refresh/asks does
        rule      (the sentence, its level and source)
        expected  a query each 100 ms
        actual    none
        hint      Ask the first successor at that interval.
        again     npx peerspec test ring --only ring.dead.refresh/asks --seed 42 -- ./node

      stage                                            passed
         1  ping: answer, ask, learn predecessors           1/4   3 fail
         4  transfer over UDP                               0/1   1 not-applicable
         5  join                                            0/1   1 inconclusive
         6  leave                                           0/1   1 harness-error
         7  death of a peer and repair                      0/2   1 warn, 1 flaky
         8  hostile input and faults                        0/1   1 crash

           1  pass           the requirement holds, and what shows it was seen
           3  fail           a MUST is broken
           1  warn           a SHOULD is broken
           1  not-applicable the program does not claim the feature, and the profile does not require it
           1  inconclusive   nothing was seen that shows the requirement holds or is broken
           1  flaky          passed in some of the repetitions only; counts as a failure
           1  crash          the program ended by itself
           1  harness-error  a fault of peerspec, not of the program

        10 cases in 6.2 s, 8 jobs, seed 42, time scale 1
        no conclusion: peerspec itself failed (ring, profile declared)
        begin with  npx peerspec explain ring.ping.answer
      "
    `)
  })

  test('quotes the rule, with its level and where it stands', () => {
    expect(printed(sampleRun).replace(/\s+/g, ' ')).toMatch(
      /rule Every started peer, .* one pong .*\. \(MUST, ring\.ping\.answer; spec\/ring\/ring\.md section 5, source U19\) expected/,
    )
  })

  test('of a conformant run is short', () => {
    const cases = sampleRun.cases.filter(({ status }) => status === 'pass')
    expect(printed({ ...sampleRun, cases })).toMatchInlineSnapshot(`
      "
      peerspec 0.1.0: ring
      program  my-ring 0.1 (python), features: ring.join ring.leave ring.repair

      pass  ring.ping.interval/slots  0.1 s

      stage                                            passed
         1  ping: answer, ask, learn predecessors           1/1

           1  pass           the requirement holds, and what shows it was seen

        1 case in 6.2 s, 8 jobs, seed 42, time scale 1
        conformant in what was tested (ring, profile declared)
      "
    `)
  })

  test('tells of passes that came about by a second run', () => {
    const [first, ...others] = sampleRun.cases
    if (!first) throw new Error('the sample run is empty')
    const cases = [{ ...first, notes: ['run again with more time'] }, ...others]
    expect(printed({ ...sampleRun, cases })).toContain(
      '  1 case passed in a second run:\n    ring.ping.interval/slots: run again with more time\n',
    )
    expect(printed(sampleRun)).not.toContain('second run')
  })

  test('shows the first failures in full and the rest in a line each', () => {
    const text = printed(sampleRun, { failuresShownMax: 1 })
    expect(text.match(/^ {2}again /gm)).toHaveLength(1)
    expect(text).toContain('6 more failures (--max-failures-shown 7 shows all in full):')
    expect(text).toMatch(/^ {2}CRASH {2}common\.udp\.malformed\/not-json/m)
  })

  test('says what was seen with --verbose', () => {
    expect(printed(sampleRun, { verbose: true })).toContain('saw a ping in each slot')
    expect(printed(sampleRun)).not.toContain('saw ')
  })

  test('has colours only where they are wanted', () => {
    expect(printed(sampleRun)).not.toContain('\u001b[1m')
    expect(printed(sampleRun, { color: true })).toContain('\u001b[31m')
  })

  test('draws no conclusion from an interrupted run, nor from one in which nothing passed', () => {
    expect(printed({ ...sampleRun, interrupted: true })).toContain(
      'interrupted: 10 results so far, no conclusion',
    )
    const cases = sampleRun.cases.filter(({ status }) => status === 'not-applicable')
    expect(printed({ ...sampleRun, cases })).toContain('no case passed, so nothing was shown')
  })
})
