// Starts like a peer and crashes 100 ms after that, whatever it is doing.
import { hello, onCommand, succeed } from './channel.mjs'

hello('crashes-later')
onCommand(({ seq, command }) => {
  succeed(seq)
  if (command !== 'start') return
  setTimeout(() => {
    throw new Error('index out of bounds')
  }, 100)
})
