// The example messages of the specification: valid ones, and invalid ones with the rule that each breaks and why.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { packageRoot } from './package-files.ts'

export interface InvalidExample {
  readonly name: string
  /** Id of the requirement. */
  readonly breaks: string
  readonly why: string
  /** What would be on the wire. */
  readonly wire: string
}

export interface ValidExample {
  readonly name: string
  readonly wire: string
}

// `ring.ping` has its examples in spec/ring/examples/ping, `error` in spec/common/examples/error.
function folderOf(type: string): string {
  const dot = type.indexOf('.')
  const [part, name] = dot < 0 ? ['common', type] : [type.slice(0, dot), type.slice(dot + 1)]
  return join(packageRoot, 'spec', part, 'examples', name)
}

function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => join(folder, file))
}

const nameOf = (file: string): string => basename(file, '.json')
const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))

/** The plainest first. */
export function validExamples(type: string): readonly ValidExample[] {
  return filesIn(folderOf(type))
    .map((file) => ({ name: nameOf(file), wire: JSON.stringify(read(file)) }))
    .toSorted((a, b) => Number(b.name === 'plain') - Number(a.name === 'plain'))
}

export function invalidExamples(type: string): readonly InvalidExample[] {
  return filesIn(join(folderOf(type), 'invalid')).map((file) => {
    const { breaks, why, message, raw } = read(file) as {
      breaks: string
      why: string
      message?: unknown
      raw?: string
    }
    return { name: nameOf(file), breaks, why, wire: raw ?? JSON.stringify(message) }
  })
}
