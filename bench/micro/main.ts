// `npm run bench`: measures and prints, with the machine beside the figures.
import { cpus } from 'node:os'
import { measureCodec } from './codec.ts'
import { tableOf } from './table.ts'

console.log(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}\n`)
console.log(tableOf(measureCodec()))
