// What the README promises: its program works, its commands and files exist.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './example-files.ts'

const cli = join(root, 'dist/cli.js')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'spec/README.md',
  'spec/ring/ring.md',
  'spec/ring/rationale.md',
  'spec/peers/peers.md',
  'spec/peers/rationale.md',
]
const hasPython = spawnSync('python3', ['--version']).status === 0

const run = (...words: string[]) =>
  spawnSync(process.execPath, [cli, ...words], { cwd: root, encoding: 'utf8' })

test.each(pages)('the links of %s lead somewhere', (page) => {
  const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(
    (match) => match[1] ?? '',
  )
  const files = links.filter((link) => !link.startsWith('https:'))
  expect(files.filter((file) => !existsSync(join(root, dirname(page), file)))).toEqual([])
})

describe.runIf(existsSync(cli) || process.env.CI)('the commands of the README', () => {
  test.runIf(hasPython || process.env.CI)(
    'judge its first program, which passes its case and no whole profile',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'peerspec-readme-'))
      try {
        const program = join(folder, 'my_ring.py')
        writeFileSync(program, /```python\n([\s\S]*?)```/.exec(readme)?.[1] ?? '')
        const only = /--only (\S+) -- python3 my_ring\.py/.exec(readme)?.[1] ?? ''
        const passes = run('test', 'ring', '--only', only, '--', 'python3', program)
        expect(passes.stdout + passes.stderr).toContain(`pass  ${only}`)
        expect(passes.status).toBe(0)
        const fails = run('test', 'ring', '--only', 'ring.ping.predecessors/slots', '--', 'python3', program)
        expect(fails.status).toBe(1)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
    120_000,
  )

  test.each(
    [...readme.matchAll(/^ {4}node dist\/cli\.js ((?:list|explain|schema|doctor)\S*(?: [a-z.-]+)?)/gm)].map(
      (match) => match[1] ?? '',
    ),
  )(
    '%s ends with 0',
    (words) => {
      expect(run(...words.split(' ')).status).toBe(0)
    },
    120_000,
  )

  test('are all that there are', () => {
    const table = [...readme.matchAll(/^\| `([a-z-]+)[ `]/gm)].map((match) => match[1])
    const help = run('--help').stdout
    const commands = [
      ...(/Commands:\n([\s\S]*?)\n\n/.exec(help)?.[1] ?? '').matchAll(/^ {2}([a-z-]+)\b.*? {2}/gm),
    ].map((match) => match[1])
    expect(table).toEqual(commands.slice(0, table.length))
    expect(commands.slice(table.length)).toEqual(['help'])
  })

  test('end with the codes that its table has', () => {
    const codes = [...readme.matchAll(/^\| (\d+) +\|/gm)].map((match) => match[1])
    const help = run('test', '--help').stdout
    expect(codes).toEqual(
      [...(help.split('Exit codes:')[1] ?? '').matchAll(/^ {2}(\d+) {2}/gm)].map((match) => match[1]),
    )
  })
})
