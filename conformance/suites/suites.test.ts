// What holds for every case, whoever wrote it.
import { expect, test } from 'vitest'
import { findRequirement, requirements } from '../../spec/registry.ts'
import { allCases, suites } from './index.ts'

test('ids are unique and begin with the first requirement', () => {
  const ids = allCases.map(({ id }) => id)
  expect(ids.filter((id, place) => ids.indexOf(id) !== place)).toEqual([])
  const misnamed = allCases.filter(({ id, requirements: [first] }) => !id.startsWith(`${first}/`))
  expect(misnamed.map(({ id }) => id)).toEqual([])
})

test('every requirement that a case names exists', () => {
  const unknown = allCases.flatMap(({ id, requirements: named }) =>
    named
      .filter((requirement) => !findRequirement(requirement))
      .map((requirement) => `${id}: ${requirement}`),
  )
  expect(unknown).toEqual([])
})

test('every requirement has a case of its own or beside another', () => {
  const judged = new Set(allCases.flatMap(({ requirements: named }) => named))
  expect(requirements.map(({ id }) => id).filter((id) => !judged.has(id))).toEqual([])
})

test('stages exist, and what people read is there', () => {
  for (const { id, system, stage, title, hint, evidence } of allCases) {
    expect(suites[system].stages[stage], id).toBeDefined()
    for (const text of [title, hint, evidence]) expect(text.trim(), id).not.toBe('')
  }
})
