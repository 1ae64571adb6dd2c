// Says hello, then writes each command back as it came: right `seq`, no `ok`.
import { hello, onCommand, write } from './channel.mjs'

hello('echo')
onCommand(write)
