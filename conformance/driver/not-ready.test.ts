import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHost } from './real-host.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'peerspec-test-'))
  mkdirSync(join(folder, 'src'))
  writeFileSync(join(folder, 'student.sh'), '#!/bin/sh\n')
  writeFileSync(join(folder, 'strange.sh'), '#!/no/such/interpreter\n')
  chmodSync(join(folder, 'strange.sh'), 0o755)
  writeFileSync(join(folder, 'src', 'peer.mjs'), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

const timing = {
  pingIntervalMs: 100,
  idlePingIntervalMs: 60_000,
  retransmitTimeoutMs: 80,
  callTimeoutMs: 250,
  deadlineMs: 5000,
  quietMs: 100,
}

async function messageOf(argv: readonly [string, ...string[]], cwd = folder): Promise<string> {
  const host = createHost({ program: { kind: 'command', argv, cwd }, timing, isolated: false })
  const error = await host.hello().catch((thrown: unknown) => thrown)
  await host.close()
  if (error instanceof Error) return error.message
  throw new Error(`${argv.join(' ')} said hello`)
}

test.each<[string, [string, ...string[]], string]>([
  ['a misspelt file', ['./studnet.sh'], "Did you mean './student.sh'?"],
  [
    'a file that is not there at all',
    ['./quite/another/thing'],
    "the file './quite/another/thing' does not exist",
  ],
  ['a program that is not on the PATH', ['no-such-program'], "no program 'no-such-program' is on the PATH"],
  ['a file named without its folder', ['student.sh'], 'try ./student.sh'],
  ['a file without the right to execute it', ['./student.sh'], 'Try chmod +x ./student.sh'],
  [
    'a script whose interpreter is missing',
    ['./strange.sh'],
    'the interpreter that its first line (#!) names',
  ],
  ['a misspelt script behind an interpreter', ['node', 'src/pear.mjs'], "Did you mean 'src/peer.mjs'?"],
  ['a program that ends at once', ['node', 'src/peer.mjs'], 'ended with exit code 0 before it said hello'],
])('%s', async (_what, argv, text) => {
  expect(await messageOf(argv)).toContain(text)
})

test('a folder that is not there', async () => {
  const missing = join(folder, 'nowhere')
  expect(await messageOf(['node', 'x.mjs'], missing)).toContain(`the folder ${missing} does not exist`)
})

test('nobody listens at the address to attach to', async () => {
  // Port 1 (tcpmux) is served by nobody, and no ordinary program may take it.
  const program = { kind: 'attach', host: '127.0.0.1', port: 1 } as const
  const host = createHost({ program, timing, isolated: false })
  await expect(host.hello()).rejects.toThrow('nobody listens there')
  await host.close()
})
