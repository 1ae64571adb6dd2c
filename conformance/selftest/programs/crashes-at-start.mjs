// Crashes at the first command.
import { hello, onCommand } from './channel.mjs'

hello('crashes-at-start')
onCommand(() => {
  throw new Error('the start command came as a surprise')
})
