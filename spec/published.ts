// Every schema that is published as a JSON Schema file, with the name that its $id ends with.
// The name gives the file: `ring.ping` is schema/ring/ping.json, `control.ring.config` is schema/control/ring.config.json.
import Type from 'typebox'
import { ErrorMessage, schemaId } from './common/messages.ts'
import { Command, Event, Hello, Reply } from './control/messages.ts'
import { RingConfig, ringCommands, ringEvents, ringResults } from './ring/control.ts'
import { ringTcpMessages, ringUdpMessages } from './ring/messages.ts'

/** Where a schema is used: a datagram, a line on TCP, or the control channel. */
export type Channel = 'udp' | 'tcp' | 'control'

export interface PublishedSchema {
  /** `ring.ping`, `error`, `control.ring.result.join`. */
  readonly name: string
  /** Path below spec/schema. */
  readonly file: string
  readonly channel: Channel
  readonly schema: Type.TSchema
}

/** Path below spec/schema of the file that holds the schema of this name. */
export const schemaFile = (name: string): string => {
  const dot = name.indexOf('.')
  return dot < 0 ? `common/${name}.json` : `${name.slice(0, dot)}/${name.slice(dot + 1)}.json`
}

const publish = (name: string, channel: Channel, schema: Type.TSchema): PublishedSchema => ({
  name,
  file: schemaFile(name),
  channel,
  schema,
})

// A command is published as the whole line: the arguments lie beside `seq`, `command` and `node`.
const commandLine = (system: string, command: string, args: Type.TObject) =>
  Type.Object(
    { ...Command.properties, command: Type.Literal(command), ...args.properties },
    {
      $id: schemaId(`control.${system}.command.${command}`),
      description: `The command ${command} of a ${system} program, as the harness writes it.`,
    },
  )

const eventLine = (system: string, event: string, fields: Type.TObject) =>
  Type.Object(
    { ...Event.properties, event: Type.Literal(event), ...fields.properties },
    {
      $id: schemaId(`control.${system}.event.${event}`),
      description: `The event ${event} of a ${system} program.`,
    },
  )

const result = (system: string, command: string, fields: Type.TObject) =>
  Type.Object(
    { ...fields.properties },
    {
      $id: schemaId(`control.${system}.result.${command}`),
      description: `The field result of the reply to a successful ${command} of a ${system} program.`,
    },
  )

/** All published schemas, in the order of the prose. */
export const publishedSchemas: readonly PublishedSchema[] = [
  publish('error', 'tcp', ErrorMessage),
  publish('control.hello', 'control', Hello),
  publish('control.command', 'control', Command),
  publish('control.reply', 'control', Reply),
  publish('control.event', 'control', Event),
  publish('control.ring.config', 'control', RingConfig),
  ...Object.entries(ringCommands).map(([command, args]) =>
    publish(`control.ring.command.${command}`, 'control', commandLine('ring', command, args)),
  ),
  ...Object.entries(ringResults).map(([command, fields]) =>
    publish(`control.ring.result.${command}`, 'control', result('ring', command, fields)),
  ),
  ...Object.entries(ringEvents).map(([event, fields]) =>
    publish(`control.ring.event.${event}`, 'control', eventLine('ring', event, fields)),
  ),
  ...Object.entries(ringUdpMessages).map(([name, schema]) => publish(name, 'udp', schema)),
  ...Object.entries(ringTcpMessages)
    .filter(([name]) => name !== 'error')
    .map(([name, schema]) => publish(name, 'tcp', schema)),
]
