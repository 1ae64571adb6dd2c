// Says hello, reads every command and answers none.
import { hello, onCommand } from './channel.mjs'

hello('silent-after-hello')
onCommand(() => {})
