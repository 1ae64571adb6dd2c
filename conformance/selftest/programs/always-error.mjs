// Refuses every command, with the code that `control.unsupported` asks for.
import { hello, onCommand, refuse } from './channel.mjs'

hello('always-error')
onCommand(({ seq }) => refuse(seq, 'unsupported'))
