// The published form of the report's schema: plain JSON Schema, as the files of spec/schema are.
import { jsonSchemaOf } from '../../spec/generate/json-schema.ts'
import { RunReport } from './json-schema.ts'

/** Content of schema/run.json. */
export const runReportSchema = jsonSchemaOf({
  name: 'report.run',
  file: 'report/run.json',
  channel: 'control',
  schema: RunReport,
})
