// The schema of the JSON report. schema/run.json is generated from this and checked to be fresh; everyone who
// reads reports (graders, dashboards) can hold them to it.
import Type, { type Static } from 'typebox'
import { schemaId } from '../../spec/common/messages.ts'
import { profiles } from '../../spec/requirement.ts'
import { statuses } from '../verdict/result.ts'

/** Version of the report. Fields may be added without a new one. */
export const REPORT_VERSION = 1

const Count = Type.Integer({ minimum: 0 })
const Milliseconds = Type.Number({ minimum: 0 })
const StatusName = Type.Enum([...statuses])

const Program = Type.Object({
  name: Type.String(),
  version: Type.String(),
  language: Type.String(),
  roles: Type.Array(Type.String()),
  features: Type.Array(Type.String()),
})

const Place = Type.Union([
  Type.String({ description: 'JSON pointer into the message.' }),
  Type.Integer({ description: 'Byte offset into the raw bytes.' }),
])

const ReportFrame = Type.Object(
  {
    n: Count,
    atMs: Milliseconds,
    transport: Type.Union([Type.Literal('udp'), Type.Literal('tcp')]),
    from: Type.Integer(),
    to: Type.Integer(),
    connection: Type.Optional(Type.Integer()),
    sender: Type.Union([Type.Literal('program'), Type.Literal('probe')]),
    fate: Type.String(),
    message: Type.Optional(Type.Object({})),
    type: Type.Optional(
      Type.String({ description: 'Name of the schema that it should follow: peerspec schema prints it.' }),
    ),
    answers: Type.Optional(
      Type.Integer({
        description: 'The n of the request that it answers, in a system whose answers do not say.',
      }),
    ),
    base64: Type.Optional(
      Type.String({ description: 'The raw bytes, given when they are not one JSON object.' }),
    ),
    fault: Type.Optional(Type.Object({ text: Type.String(), at: Type.Optional(Place) })),
    body: Type.Optional(Type.Object({ length: Count, digest: Type.String() })),
  },
  { description: 'What was on the wire: a datagram, or a line on TCP with its body.' },
)

const ReportCase = Type.Object({
  id: Type.String(),
  system: Type.String(),
  role: Type.String(),
  title: Type.String(),
  requirements: Type.Array(Type.String(), { minItems: 1 }),
  stage: Count,
  status: StatusName,
  durationMs: Milliseconds,
  seed: Count,
  evidence: Type.Array(Type.String(), { description: 'What was seen that shows the requirement at work.' }),
  reason: Type.Optional(
    Type.Object(
      {
        requirement: Type.Optional(Type.String()),
        expected: Type.Optional(Type.String()),
        actual: Type.Optional(Type.String()),
        message: Type.String(),
        exhibits: Type.Array(Type.Object({ frame: Count, at: Type.Optional(Place) })),
      },
      { description: 'Why it is not a pass; each exhibit names a frame by its number n.' },
    ),
  ),
  hint: Type.Optional(Type.String()),
  frames: Type.Optional(Type.Array(ReportFrame)),
  participants: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'Names of the participants by the numbers in from and to.',
    }),
  ),
  stderrTail: Type.Optional(Type.String()),
  notes: Type.Optional(Type.Array(Type.String())),
  repeated: Type.Optional(Type.Object({ runs: Count, passed: Count })),
  reproduce: Type.String({ description: 'The command that runs this case alone with this seed.' }),
})

const Totals = Type.Object(
  Object.fromEntries(statuses.map((status) => [status, Type.Optional(Count)])) as Record<
    string,
    Type.TOptional<typeof Count>
  >,
  { description: 'Number of cases by status; a status without cases is left out.' },
)

export const RunReport = Type.Object(
  {
    report: Type.Literal(REPORT_VERSION),
    peerspecVersion: Type.String(),
    systems: Type.Array(Type.String()),
    profile: Type.Enum([...profiles, 'declared']),
    seed: Count,
    timeScale: Type.Number(),
    jobs: Count,
    isolated: Type.Boolean(),
    repeat: Count,
    calibration: Type.Object({
      timerLateMs: Milliseconds,
      loopbackRoundTripMs: Milliseconds,
      factor: Type.Number(),
    }),
    machine: Type.Object({
      platform: Type.String(),
      arch: Type.String(),
      cpus: Count,
      node: Type.String(),
    }),
    program: Program,
    second: Type.Optional(Program),
    startedAt: Type.String({ description: 'Date and time as in RFC 3339.' }),
    durationMs: Milliseconds,
    interrupted: Type.Boolean({ description: 'The run was ended early: the cases are those done by then.' }),
    conformant: Type.Boolean({ description: 'Something passed and nothing failed.' }),
    exitCode: Type.Integer(),
    totals: Type.Object({
      cases: Count,
      byStatus: Totals,
      byRequirement: Type.Record(
        Type.String(),
        Type.Object({ level: Type.String(), cases: Count, byStatus: Totals }),
        { description: 'For each requirement the cases that judge it.' },
      ),
    }),
    cases: Type.Array(ReportCase),
  },
  { $id: schemaId('report.run'), description: 'The result of one run of peerspec test.' },
)
export type RunReport = Static<typeof RunReport>
