// Every schema that is published as a JSON Schema file, with the name that its $id ends with.
// The name gives the file: `ring.ping` is schema/ring/ping.json, `control.ring.peer.config` is schema/control/ring.peer.config.json.
import Type from 'typebox'
import { ErrorMessage, schemaId } from './common/messages.ts'
import { Command, Event, Hello, Reply } from './control/messages.ts'
import { declaredSystems, type RoleDeclaration, type SystemDeclaration } from './systems.ts'

/** Where a schema is used: a datagram, a line on TCP, or the control channel. */
export type Channel = 'udp' | 'tcp' | 'control'

export interface PublishedSchema {
  /** `ring.ping`, `error`, `control.ring.peer.result.join`. */
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
const commandLine = (role: string, command: string, args: Type.TObject) =>
  Type.Object(
    { ...Command.properties, command: Type.Literal(command), ...args.properties },
    {
      $id: schemaId(`control.${role}.command.${command}`),
      description: `The command ${command} of a ${role} program, as the harness writes it.`,
    },
  )

const eventLine = (role: string, event: string, fields: Type.TObject) =>
  Type.Object(
    { ...Event.properties, event: Type.Literal(event), ...fields.properties },
    {
      $id: schemaId(`control.${role}.event.${event}`),
      description: `The event ${event} of a ${role} program.`,
    },
  )

function result(role: string, command: string, schema: Type.TObject | Type.TUnion): Type.TSchema {
  const options = {
    $id: schemaId(`control.${role}.result.${command}`),
    description: `The field result of the reply to a successful ${command} of a ${role} program.`,
  }
  return Type.IsUnion(schema) ? Type.Union(schema.anyOf, options) : Type.Object(schema.properties, options)
}

const controlLines = (role: string, { config, commands, results, events }: RoleDeclaration) => [
  publish(`control.${role}.config`, 'control', config),
  ...Object.entries(commands).map(([command, args]) =>
    publish(`control.${role}.command.${command}`, 'control', commandLine(role, command, args)),
  ),
  ...Object.entries(results).map(([command, schema]) =>
    publish(`control.${role}.result.${command}`, 'control', result(role, command, schema)),
  ),
  ...Object.entries(events).map(([event, fields]) =>
    publish(`control.${role}.event.${event}`, 'control', eventLine(role, event, fields)),
  ),
]

/** The schemas of a system's own messages, in the order of its messages.ts; `error` is not among them. */
const messagesOf = ({ udpMessages, tcpMessages }: SystemDeclaration): readonly PublishedSchema[] => [
  ...Object.entries(udpMessages).map(([name, schema]) => publish(name, 'udp', schema)),
  ...Object.entries(tcpMessages)
    .filter(([name]) => name !== 'error')
    .map(([name, schema]) => publish(name, 'tcp', schema)),
]

const systems: readonly SystemDeclaration[] = Object.values(declaredSystems)

/** All published schemas, in the order of the prose. */
export const publishedSchemas: readonly PublishedSchema[] = [
  publish('error', 'tcp', ErrorMessage),
  publish('control.hello', 'control', Hello),
  publish('control.command', 'control', Command),
  publish('control.reply', 'control', Reply),
  publish('control.event', 'control', Event),
  ...systems.flatMap((system) =>
    Object.entries(system.byRole).flatMap(([role, declaration]) => controlLines(role, declaration)),
  ),
  ...systems.flatMap(messagesOf),
]
