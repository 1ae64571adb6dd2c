// Where the package's own files are. The sources lie two folders below its root, the built files one.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ownFile = fileURLToPath(import.meta.url)

function findRoot(): string {
  for (let folder = dirname(ownFile); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'spec', 'schema', 'index.json'))) return folder
    if (folder === dirname(folder))
      throw new Error('spec/schema is missing: the installation of peerspec is incomplete')
  }
}

/** The root folder of the package. */
export const packageRoot = findRoot()

/** True when this runs from TypeScript sources by tsx, as during development. */
export const runsFromSources = ownFile.endsWith('.ts')

export const packageVersion: string = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
).version

/** How a user calls this program: what printed commands begin with. */
export const invocation = runsFromSources ? 'npx tsx conformance/cli/main.ts' : 'npx peerspec'

type Argv = readonly [string, ...string[]]

const nodeCommand = (source: string, built: string): Argv =>
  runsFromSources
    ? [process.execPath, '--import', 'tsx', join(packageRoot, 'reference', source)]
    : [process.execPath, join(dirname(ownFile), built)]

/** The command that runs the bundled reference implementation. */
export const referenceCommand = nodeCommand('runtime/main.ts', 'reference-main.js')

/** The command that runs a program of the reference for people. */
export const programCommand = (name: string): Argv => nodeCommand(`programs/${name}.ts`, `${name}.js`)
