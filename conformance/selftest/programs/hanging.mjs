// Says hello and then stands still: reads nothing, and does not notice the end of its standard input.
import { hello, LIFETIME_MS } from './channel.mjs'

hello('hanging')
// One turn of the event loop, so that the hello is written before everything stops.
setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LIFETIME_MS))
