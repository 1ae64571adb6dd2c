// The lines between harness and program: hello, command, reply, event. control.md sections 1 to 4.
// What a command or event carries for one system is in that system's control.ts.
import Type, { type Static } from 'typebox'
import { SafeInteger, schemaId } from '../common/messages.ts'

/** Version of the control protocol, in every hello. */
export const CONTROL_VERSION = 1

export const ControlErrorCode = Type.Union([
  Type.Literal('unsupported'),
  Type.Literal('bad-argument'),
  Type.Literal('bad-config'),
  Type.Literal('address-in-use'),
  Type.Literal('not-started'),
  Type.Literal('already-started'),
  Type.Literal('not-in-ring'),
  Type.Literal('already-in-ring'),
  Type.Literal('duplicate-id'),
  Type.Literal('no-place'),
  Type.Literal('not-found'),
  Type.Literal('no-owner'),
  Type.Literal('unreachable'),
  Type.Literal('timeout'),
  Type.Literal('digest-mismatch'),
  Type.Literal('transfer-failed'),
  Type.Literal('busy'),
  Type.Literal('already-joined'),
  Type.Literal('not-joined'),
  Type.Literal('not-held'),
  Type.Literal('refused'),
  Type.Literal('bad-answer'),
  Type.Literal('internal'),
])
export type ControlErrorCode = Static<typeof ControlErrorCode>

export const Hello = Type.Object(
  {
    event: Type.Literal('hello'),
    control: Type.Literal(CONTROL_VERSION),
    name: Type.String({ minLength: 1, maxLength: 100 }),
    version: Type.String({ maxLength: 100 }),
    language: Type.String({ maxLength: 100 }),
    roles: Type.Array(Type.String(), { minItems: 1 }),
    features: Type.Array(Type.String()),
  },
  { $id: schemaId('control.hello'), description: 'The first line that a program writes.' },
)
export type Hello = Static<typeof Hello>

export const Command = Type.Object(
  { seq: SafeInteger, command: Type.String({ minLength: 1 }), node: Type.Integer() },
  {
    $id: schemaId('control.command'),
    description: 'A command of the harness; the arguments lie beside these fields.',
  },
)
export type Command = Static<typeof Command> & Record<string, unknown>

export const Reply = Type.Union(
  [
    Type.Object({ seq: SafeInteger, ok: Type.Literal(true), result: Type.Object({}) }),
    Type.Object({
      seq: SafeInteger,
      ok: Type.Literal(false),
      error: Type.Object({ code: ControlErrorCode, message: Type.String() }),
    }),
  ],
  { $id: schemaId('control.reply'), description: 'The one reply to a command.' },
)
export type Reply = Static<typeof Reply>

export const Event = Type.Object(
  { event: Type.String({ minLength: 1 }), node: Type.Optional(Type.Integer()) },
  { $id: schemaId('control.event'), description: 'Something that happened; the fields lie beside these.' },
)
export type Event = Static<typeof Event> & Record<string, unknown>
