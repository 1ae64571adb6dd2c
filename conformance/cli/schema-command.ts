// `peerspec schema`: the JSON Schema files, for every language that has a validator.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { publishedSchemas } from '../../spec/published.ts'
import { runReportSchema } from '../report/json-schema-file.ts'
import { suggestion, UsageError } from '../verdict/selection.ts'
import type { Output } from './output.ts'
import { packageRoot } from './package-files.ts'

const folder = join(packageRoot, 'spec', 'schema')
const REPORT = 'report.run'

export function schemaCommand({ stdout }: Output): Command {
  const print = (text: string) => stdout.write(`${text}\n`)
  return new Command('schema')
    .summary('print JSON schemas')
    .description('Without a type: lists the schemas. With one: prints it.')
    .argument(
      '[type]',
      'a message (ring.ping, peers.register, peers.register.result), a control line (control.hello) or report.run',
    )
    .option('--dir', 'print the folder of the schema files')
    .addHelpText(
      'after',
      `
Examples:
  peerspec schema ring.ping > ping.json
  cp -r "$(peerspec schema --dir)" schemas
  peerspec schema report.run        the schema of peerspec test --json`,
    )
    .action((type: string | undefined, options: { readonly dir?: boolean }) => {
      if (options.dir) print(folder)
      else print(type === undefined ? schemaTable() : schemaText(type))
    })
}

function schemaTable(): string {
  const width = Math.max(...publishedSchemas.map(({ name }) => name.length))
  const row = (name: string, channel: string, description: unknown) =>
    `${name.padEnd(width)} ${channel.padEnd(8)} ${description}`
  return [
    ...publishedSchemas.map(({ name, channel, schema }) =>
      row(name, channel, (schema as { description?: string }).description),
    ),
    row(REPORT, 'file', runReportSchema.description),
  ].join('\n')
}

function schemaText(type: string): string {
  if (type === REPORT) return JSON.stringify(runReportSchema, null, 2)
  const published = publishedSchemas.find(({ name }) => name === type)
  if (published) return readFileSync(join(folder, published.file), 'utf8').trimEnd()
  const known = [...publishedSchemas.map(({ name }) => name), REPORT]
  const near = suggestion(type, known) || '; peerspec schema lists them'
  throw new UsageError(`no schema is called ${type}${near}`)
}
