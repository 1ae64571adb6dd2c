// Writes every file that is derived from the prose and the schemas. With --check it writes nothing and fails when one of
// them is missing, stale or left over. It imports none of the files that it writes, so that it can mend any of them.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { derivedFiles, leftOverFiles, requirementsInProse } from './generate/derived-files.ts'
import { extendLedger, ledgerProblems } from './generate/ledger.ts'

const LEDGER = 'spec/requirement-ids.txt'
const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const read = (file: string): string | undefined =>
  existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : undefined

function write(file: string, content: string): void {
  if (read(file) === content) return
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), content)
  console.log(`wrote ${file}`)
}

const ids = requirementsInProse(root).map((requirement) => requirement.id)
const derived = derivedFiles(root)

if (process.argv.includes('--check')) {
  const fix = 'run npm run generate:spec and commit the result'
  const problems = [...derived]
    .filter(([file, content]) => read(file) !== content)
    .map(([file]) => `${file}: ${read(file) === undefined ? 'missing' : 'stale'}; ${fix}`)
  for (const file of leftOverFiles(root, derived)) problems.push(`${file}: nothing generates it; ${fix}`)
  problems.push(...ledgerProblems(read(LEDGER) ?? '', ids))
  for (const problem of problems) console.error(problem)
  console.log(`spec: ${derived.size} derived files, ${ids.length} requirements, ${problems.length} problems`)
  process.exitCode = problems.length === 0 ? 0 : 1
} else {
  for (const [file, content] of derived) write(file, content)
  for (const file of leftOverFiles(root, derived)) rmSync(join(root, file))
  write(LEDGER, extendLedger(read(LEDGER) ?? '', ids))
}
