// The role of the ring: a configuration becomes a ring peer on real sockets.
import fs from 'node:fs'
import { RingConfig, ringCommands, ringFeatures } from '../../spec/ring/control.ts'
import {
  type RingTcpMessage,
  type RingUdpMessage,
  ringTcpMessages,
  ringUdpMessages,
} from '../../spec/ring/messages.ts'
import { createCodec } from '../core/codec.ts'
import type { CommandReply } from '../core/machine.ts'
import { createTypedStreamCodec } from '../core/stream-codec.ts'
import { createRingMachine } from '../ring/machine.ts'
import { settingsOf } from '../ring/settings.ts'
import type { RingCommand, RingMachine, RingVocabulary } from '../ring/vocabulary.ts'
import { decodeText, Node } from './node.ts'
import type { Role } from './role.ts'

/** How a ring peer is made of its configuration; a mutant makes it otherwise. */
export interface RingVariant {
  configure(config: RingConfig): RingConfig
  create(config: RingConfig): RingMachine
}
const correctVariant: RingVariant = { configure: (config) => config, create: createRingMachine }

export function ringRole(variant: RingVariant = correctVariant): Role {
  return {
    features: ringFeatures,
    config: RingConfig,
    commands: ringCommands,
    checkConfig: (checked) => {
      const { folder } = checked as RingConfig
      const isFolder = fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false
      return isFolder ? undefined : `folder: ${folder} is not an existing folder`
    },
    create: (checked, callbacks) => {
      const config = variant.configure(checked as RingConfig)
      const { host, basePort, listenPort, folder } = settingsOf(config)
      const streamCodec = createTypedStreamCodec<RingTcpMessage>(ringTcpMessages, decodeText)
      const node = new Node<RingVocabulary>({
        machine: variant.create(config),
        datagramCodec: createCodec<RingUdpMessage>(ringUdpMessages, decodeText),
        inboundCodec: streamCodec,
        outboundCodec: streamCodec,
        host,
        listenPort,
        // ring.address.port, common.address.config
        addressOf: (peer) => ({ host, port: basePort + peer }),
        folder,
        onReply: (handle, reply: CommandReply<RingVocabulary>) => callbacks.onReply(handle, reply),
        onEvent: callbacks.onEvent,
        onHalted: callbacks.onHalted,
      })
      return {
        listen: () => node.listen(),
        commands: ringCommands,
        command: (handle, name, args) => node.command(handle, { command: name, ...args } as RingCommand),
        kill: () => node.kill(),
      }
    },
  }
}
