// Says hello and answers each command with something that is no line of the protocol: text, half an object, bytes that
// are no UTF-8, an array, nothing but LF.
import { hello, onCommand } from './channel.mjs'

hello('garbage-after-hello')
const garbage = [
  'Listening on port 12000...\n',
  '{"seq":\n',
  Buffer.from([0xff, 0xfe, 0x00, 0x0a]),
  '[1,2]\n',
  '\n',
]
let turn = 0
onCommand(() => process.stdout.write(garbage[turn++ % garbage.length]))
