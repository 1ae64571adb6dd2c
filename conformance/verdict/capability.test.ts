import { expect, test } from 'vitest'
import { ineligible, lackingInCompany, neededFeatures } from './capability.ts'
import type { Case } from './case.ts'
import type { ProgramDescription } from './result.ts'
import { scriptedProgram } from './scripted-host.ts'

const base = {
  system: 'ring',
  role: 'ring.peer',
  title: 'example',
  stage: 1,
  observes: ['wire'],
  evidence: 'something',
  hint: 'none',
  run: async () => undefined,
} as const
const ping: Case = { ...base, id: 'ring.ping.answer/x', requirements: ['ring.ping.answer'] }
const udp: Case = { ...base, id: 'ring.udp.offer/x', requirements: ['ring.udp.offer', 'ring.store.place'] }
const killing: Case = { ...ping, ownProcesses: true }

const declaring = (...features: string[]): ProgramDescription => ({ ...scriptedProgram, features })

test('a case needs the features of all its requirements, and tags are none', () => {
  expect(neededFeatures(ping)).toEqual([])
  expect(neededFeatures(udp)).toEqual(['ring.transfer.udp', 'ring.store'])
})

test.each([
  ['declared and required', udp, scriptedProgram, 'baseline', undefined],
  ['declared, not required', udp, scriptedProgram, 'declared', undefined],
  ['not declared, not required', udp, declaring('ring.store'), 'declared', 'not-applicable'],
  ['not declared, required', udp, declaring('ring.store'), 'baseline', 'untestable'],
  ['no feature needed, none declared', ping, declaring(), 'declared', undefined],
  ['no feature needed, but the profile has features', ping, declaring(), 'baseline', undefined],
  ['role missing, profile requires it', ping, { ...scriptedProgram, roles: [] }, 'baseline', 'untestable'],
  ['role missing, not required', ping, { ...scriptedProgram, roles: [] }, 'declared', 'not-applicable'],
] as const)('%s', (_, definition, program, profile, status) => {
  expect(ineligible(definition, program, profile, 'command')?.status).toBe(status)
})

test('the reason names the feature that is missing', () => {
  const message = ineligible(udp, declaring('ring.store'), 'baseline', 'command')?.message
  expect(message).toBe(
    'the profile baseline requires the feature ring.transfer.udp, which the program does not declare',
  )
})

test('a cluster case needs its features in the second program too, and only a cluster case does', () => {
  const cluster: Case = { ...udp, cluster: true }
  const second = declaring('ring.store')
  expect(lackingInCompany(cluster, second)?.message).toBe(
    'the second program does not declare ring.transfer.udp',
  )
  expect(lackingInCompany(cluster, { ...scriptedProgram, roles: [] })?.status).toBe('not-applicable')
  expect(lackingInCompany(cluster, scriptedProgram)).toBeUndefined()
  expect(lackingInCompany(cluster, undefined)).toBeUndefined()
  expect(lackingInCompany(udp, second)).toBeUndefined()
})

test('a case that kills processes cannot be judged by --attach, and that is no pass', () => {
  expect(ineligible(killing, scriptedProgram, 'baseline', 'command')).toBeUndefined()
  expect(ineligible(killing, scriptedProgram, 'baseline', 'attach')?.status).toBe('untestable')
  expect(ineligible(killing, scriptedProgram, 'declared', 'attach')?.status).toBe('not-applicable')
})
