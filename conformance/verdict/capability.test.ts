import { describe, expect, test } from 'vitest'
import { ineligible, lackingInCompany, neededFeatures, type Standard } from './capability.ts'
import type { Case } from './case.ts'
import type { ChosenProfile, ProgramDescription } from './result.ts'
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

const asked = (profile: ChosenProfile): Standard => ({ profile, roles: ['ring.peer'] })

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
  expect(ineligible(definition, program, asked(profile), 'command')?.status).toBe(status)
})

test('the reason names the feature that is missing', () => {
  const message = ineligible(udp, declaring('ring.store'), asked('baseline'), 'command')?.message
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
  expect(ineligible(killing, scriptedProgram, asked('baseline'), 'command')).toBeUndefined()
  expect(ineligible(killing, scriptedProgram, asked('baseline'), 'attach')?.status).toBe('untestable')
  expect(ineligible(killing, scriptedProgram, asked('declared'), 'attach')?.status).toBe('not-applicable')
})

describe('a system with two roles', () => {
  const peer: Case = {
    ...base,
    system: 'peers',
    role: 'peers.peer',
    id: 'peers.join.order/x',
    requirements: ['peers.join.order'],
  }
  const nameService: Case = { ...peer, role: 'peers.name-service' }
  const both: Case = { ...peer, cluster: true, needsRoles: ['peers.name-service'] }
  const lock: Case = { ...peer, id: 'peers.lock.present/x', requirements: ['peers.lock.present'] }
  const program = (...roles: string[]): ProgramDescription => ({ ...scriptedProgram, roles, features: [] })
  const one = program('peers.peer')
  const two = program('peers.peer', 'peers.name-service')
  const statusFor = (definition: Case, description: ProgramDescription, standard: Standard) =>
    ineligible(definition, description, standard, 'command')?.status
  const system: Standard = { profile: 'baseline', roles: ['peers.name-service', 'peers.peer'] }
  const role: Standard = { profile: 'baseline', roles: ['peers.peer'] }
  const nothing: Standard = { profile: 'baseline', roles: [] }

  test('a role that is missing is a failure for who asked for it, and only then', () => {
    expect(statusFor(nameService, one, system)).toBe('untestable')
    expect(statusFor(nameService, one, nothing)).toBe('not-applicable')
    expect(statusFor(nameService, one, { ...system, profile: 'declared' })).toBe('not-applicable')
    expect(statusFor(peer, one, system)).toBeUndefined()
    expect(ineligible(nameService, one, system, 'command')?.message).toContain('peers.name-service')
  })

  test('a case with nodes of both roles needs both, and who asked for one is not held to the other', () => {
    expect(statusFor(both, two, role)).toBeUndefined()
    expect(statusFor(both, one, role)).toBe('not-applicable')
    expect(statusFor(both, one, system)).toBe('untestable')
    expect(lackingInCompany(both, one)?.message).toContain('peers.name-service')
    expect(lackingInCompany(both, two)).toBeUndefined()
  })

  test('a feature that only the extended profile requires', () => {
    expect(statusFor(lock, one, role)).toBe('not-applicable')
    expect(statusFor(lock, one, { ...role, profile: 'extended' })).toBe('untestable')
    expect(statusFor(lock, { ...one, features: ['peers.lock'] }, role)).toBeUndefined()
  })
})
