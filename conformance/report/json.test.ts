import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { runReport } from './json.ts'
import { runReportSchema } from './json-schema-file.ts'
import { sampleRun } from './sample-run.ts'

// What a reader gets is text, so that undefined fields are gone.
const written = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(runReportSchema)

test('schema/run.json is fresh (vitest -u writes it)', async () => {
  await expect(`${JSON.stringify(runReportSchema, null, 2)}\n`).toMatchFileSnapshot('schema/run.json')
})

test('a report with every kind of result is what its schema says', () => {
  validate(written(runReport(sampleRun)))
  expect(validate.errors).toBeNull()
})

test('the schema refuses what is none', () => {
  const report = written(runReport(sampleRun))
  expect(validate({ ...report, totals: undefined })).toBe(false)
  expect(validate({ ...report, cases: [{ ...sampleRun.cases[0], status: 'passed' }] })).toBe(false)
})

test('totals count each case once by status, and under each of its requirements', () => {
  const { totals, conformant, exitCode } = runReport(sampleRun)
  expect(totals.cases).toBe(10)
  expect(totals.byStatus).toMatchObject({ pass: 1, fail: 3, crash: 1, warn: 1 })
  expect(totals.byRequirement['ring.ping.answer']).toEqual({ level: 'MUST', cases: 2, byStatus: { fail: 2 } })
  expect({ conformant, exitCode }).toEqual({ conformant: false, exitCode: 3 })
})

test('an interrupted run is never conformant', () => {
  const cases = sampleRun.cases.filter(({ status }) => status === 'pass')
  expect(runReport({ ...sampleRun, cases })).toMatchObject({ conformant: true, exitCode: 0 })
  expect(runReport({ ...sampleRun, cases, interrupted: true })).toMatchObject({
    conformant: false,
    exitCode: 130,
  })
})

test('bytes that are no message are kept', () => {
  const frames = runReport(sampleRun).cases.find(({ id }) => id === 'ring.address.port/both')?.frames
  expect(Buffer.from(frames?.[1]?.base64 ?? '', 'base64').toString()).toBe('{"type":"ring.pong",}')
})
