// Answers every command with the same success.
import { hello, onCommand, succeed } from './channel.mjs'

hello('constant')
onCommand(({ seq }) => succeed(seq))
