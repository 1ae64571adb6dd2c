// The programs in Python have tests of their own, in Python: their readers read them in one language. Here they run beside all
// others. Whoever has no Python is spared them, a machine of the project is not.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { root } from '../spec/example-files.ts'

const folder = `${root}/reference/python`
const files = readdirSync(folder).filter((file) => /^test_\w+\.py$/.test(file))
const hasPython = spawnSync('python3', ['--version']).status === 0
const TIMEOUT_MS = 180_000

test('there is a file of tests for each program', () => {
  expect(files.toSorted()).toEqual(['test_peers_node.py', 'test_ring_peer.py'])
})

test.runIf(hasPython || process.env.CI).each(files)(
  '%s',
  async (file) => {
    const { exitCode, stderr } = await execa('python3', [file], {
      cwd: folder,
      reject: false,
      timeout: TIMEOUT_MS,
    })
    expect(stderr).toMatch(/\nRan [1-9]\d* tests in [^\n]*\n\nOK$/)
    expect(exitCode).toBe(0)
  },
  TIMEOUT_MS,
)
