// Public entry `peerspec/bench`: measurements that a program can run and judge for itself.
export { type CodecBenchOptions, type Measurement, measureCodec } from './micro/codec.ts'
export { tableOf } from './micro/table.ts'
