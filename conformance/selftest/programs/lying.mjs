// A right hello, plausible results, and not one socket: see lying-peer.mjs.
import { hello, onCommand } from './channel.mjs'
import { lyingPeer } from './lying-peer.mjs'

hello('lying')
onCommand(lyingPeer())
