// `peerspec list`: what exists. Cases by stage, or requirements with the number of cases that judge each.
import { Command } from 'commander'
import type { Colors } from 'picocolors/types.js'
import { requirementsFor, systems } from '../../spec/registry.ts'
import type { Level } from '../../spec/requirement.ts'
import { plural } from '../report/text.ts'
import { suites } from '../suites/index.ts'
import type { Case } from '../verdict/case.ts'
import { caseLevel } from '../verdict/requirement-level.ts'
import { select } from '../verdict/selection.ts'
import * as values from './option-values.ts'
import { colorsFor, type Output } from './output.ts'
import { casesOf, rolesOf, systemsOf } from './targets.ts'

interface ListOptions {
  readonly json?: boolean
  readonly requirements?: boolean
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  readonly level?: Level
  readonly stage?: readonly [number, number]
}

export function listCommand({ stdout }: Output): Command {
  const colors = colorsFor(stdout)
  return new Command('list')
    .summary('list cases or requirements')
    .description(
      'Lists the conformance cases by stage, or with --requirements the requirements and how many cases judge each.',
    )
    .usage('[system|role ...] [options]')
    .argument('[targets...]', 'systems or roles')
    .option('--requirements', 'requirements instead of cases')
    .option('--only <pattern>', 'as for peerspec test', values.list)
    .option('--skip <pattern>', 'as for peerspec test', values.list)
    .option('--level <level>', 'must, should (and must), may (all)', values.level)
    .option('--stage <n|n-m>', 'only these stages', values.stages)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Examples:
  peerspec list ring --stage 1
  peerspec list peers.name-service
  peerspec list --requirements
  peerspec list --json | jq -r '.[].id'`,
    )
    .action((targets: string[], options: ListOptions) => {
      const lines = options.requirements
        ? requirementLines(targets, options, colors)
        : caseLines(targets, options, colors)
      stdout.write(`${lines.join('\n')}\n`)
    })
}

// Where a system has several roles, the part of the name that tells them apart.
const shortRole = ({ system, role }: Case): string =>
  systems[system].roles.length === 1 ? '' : `${role.slice(system.length + 1).padEnd(12)} `

function caseLines(targets: readonly string[], options: ListOptions, colors: Colors): readonly string[] {
  const chosen = systemsOf(targets)
  const cases = select(casesOf(targets), {
    ...(options.only && { only: options.only }),
    ...(options.skip && { skip: options.skip }),
    ...(options.level && { level: options.level }),
    ...(options.stage && { stages: options.stage }),
  })
  if (options.json) {
    const rows = cases.map((definition) => {
      const { run: _, ...data } = definition
      return { ...data, level: caseLevel(definition) }
    })
    return [JSON.stringify(rows, null, 2)]
  }
  const lines: string[] = []
  for (const system of chosen)
    suites[system].stages.forEach((title, stage) => {
      const inStage = cases.filter((one) => one.system === system && one.stage === stage)
      if (inStage.length === 0) return
      lines.push(colors.bold(`${system} stage ${stage}: ${title}`))
      for (const definition of inStage) {
        const level = colors.dim(caseLevel(definition).padEnd(6))
        const role = colors.dim(shortRole(definition))
        lines.push(`  ${definition.id.padEnd(52)} ${level} ${role}${definition.title}`)
      }
      lines.push('')
    })
  return [...lines, plural(cases.length, 'case')]
}

function requirementLines(
  targets: readonly string[],
  options: ListOptions,
  colors: Colors,
): readonly string[] {
  const cases = casesOf(targets)
  const roles = rolesOf(targets)
  const chosen = systemsOf(targets).flatMap((system) => requirementsFor(system, roles))
  const rows = [...new Set(chosen)].map((requirement) => ({
    ...requirement,
    cases: cases.filter(({ requirements }) => requirements.includes(requirement.id)).length,
  }))
  if (options.json) return [JSON.stringify(rows, null, 2)]
  const without = rows.filter(({ cases: count }) => count === 0).length
  return [
    colors.bold(
      `${'requirement'.padEnd(36)} ${'level'.padEnd(7)} ${'profile'.padEnd(9)} ${'feature'.padEnd(18)} cases`,
    ),
    ...rows.map(({ id, level, profile, feature, cases: count }) => {
      const counted = String(count).padStart(5)
      const shown = count === 0 ? colors.yellow(counted) : counted
      return `${id.padEnd(36)} ${level.padEnd(7)} ${profile.padEnd(9)} ${feature.padEnd(18)} ${shown}`
    }),
    '',
    `${plural(rows.length, 'requirement')}, ${without} of them without a case`,
  ]
}
