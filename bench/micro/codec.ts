// What one message costs: parse, write, and check against its schema, by TypeBox (as the reference does) and by ajv (as
// the harness does). The floor of a check is the JSON.parse beside it in the same run: a check is fine when it is small
// against a parse that has to be done anyway.
import { Ajv2020 } from 'ajv/dist/2020.js'
import Benchmark from 'benchmark'
import { Compile } from 'typebox/schema'
import { ringTcpMessages, ringUdpMessages } from '../../spec/ring/messages.ts'
import { type Sample, samples } from './samples.ts'

/** Throughput of one operation on one sample. */
export interface Measurement {
  readonly sample: string
  readonly operation: 'parse' | 'write' | 'check by TypeBox' | 'check by ajv'
  /** Operations per second, mean over the samples that benchmark.js took. */
  readonly perSecond: number
  /** Relative margin of error of the mean at 95 % confidence, in percent. */
  readonly marginPercent: number
  /** Time of this operation divided by the time of the parse of the same sample, measured in the same run. */
  readonly ofParse: number
}

export interface CodecBenchOptions {
  /** Longest time for one operation on one sample, in seconds; more gives a smaller margin. Default 1. */
  readonly secondsEach?: number
}

const schemas: Readonly<Record<string, object>> = { ...ringUdpMessages, ...ringTcpMessages }

function operationsOn({ message }: Sample): Record<Measurement['operation'], () => unknown> {
  const schema = schemas[message.type]
  if (schema === undefined) throw new Error(`no schema for ${message.type}`)
  const text = JSON.stringify(message)
  const byTypeBox = Compile(schema)
  const byAjv = new Ajv2020({ strict: true }).compile(schema)
  if (!byTypeBox.Check(message) || !byAjv(message)) throw new Error(`the sample ${text} is not valid`)
  return {
    parse: () => JSON.parse(text),
    write: () => JSON.stringify(message),
    'check by TypeBox': () => byTypeBox.Check(message),
    'check by ajv': () => byAjv(message),
  }
}

interface Timed {
  readonly operation: Measurement['operation']
  readonly perSecond: number
  readonly marginPercent: number
}

function time(operation: Measurement['operation'], run: () => unknown, secondsEach: number): Timed {
  const benchmark = new Benchmark(operation, run, {
    maxTime: secondsEach,
    // Of one sample, of which benchmark.js takes five or more: 50 ms is what it finds for a clock like ours by itself.
    minTime: Math.min(0.05, secondsEach / 10),
  })
  benchmark.run({ async: false })
  if (benchmark.error !== undefined) throw benchmark.error
  return { operation, perSecond: benchmark.hz, marginPercent: benchmark.stats.rme }
}

/** Measures every operation on every sample, one after the other in this thread. */
export function measureCodec({ secondsEach = 1 }: CodecBenchOptions = {}): readonly Measurement[] {
  return samples.flatMap((sample) => {
    const timed = Object.entries(operationsOn(sample)).map(([operation, run]) =>
      time(operation as Measurement['operation'], run, secondsEach),
    )
    const parse = timed.find(({ operation }) => operation === 'parse')
    return timed.map((one) => ({
      sample: sample.name,
      ...one,
      ofParse: (parse?.perSecond ?? Number.NaN) / one.perSecond,
    }))
  })
}
