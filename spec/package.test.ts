// The package as its users meet it: built, imported by name, and compiled against its published types.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from './example-files.ts'

const consumer = `
import { common, control, findRequirement, peers, ring } from 'peerspec'

const ping: ring.RingPing = { type: 'ring.ping', from: 4, seq: 0, slot: 1 }
const error: common.ErrorMessage = { type: 'error', code: 'busy', message: '' }
const config: ring.RingConfig = { id: 4, basePort: 12000, folder: '.' }
const checked = ring.validate(ping)
if (!checked.ok || checked.message.type !== 'ring.ping') throw new Error('refused')
const slot: 1 | 2 = checked.message.slot
// @ts-expect-error A ping has no third slot: without this error the types have become \`any\`.
const wrong: ring.RingPing = { ...ping, slot: 3 }
const call: peers.PeersCall = { method: 'register', args: ['chat', ['127.0.0.1', 40001]] }
// @ts-expect-error An address has a port.
const wrongCall: peers.PeersCall = { method: 'register', args: ['chat', ['127.0.0.1']] }
const answer = peers.validateAnswer('register', { result: [2, 'secret'] })
if (!answer.ok || answer.message.error) throw new Error('refused')
const id: number = answer.message.result[0]
// @ts-expect-error A hash is a string.
const hash: number = answer.message.result[1]
console.log(JSON.stringify([
  slot,
  ring.validate(wrong).ok,
  common.validateError(error).ok,
  ring.validateConfig(config).ok,
  control.CONTROL_VERSION,
  findRequirement('ring.ping.interval')?.level,
  peers.validateRequest(call).ok,
  peers.validateRequest(wrongCall).ok,
  id + String(hash),
]))
`

const isBuilt = existsSync(join(root, 'dist/index.js')) && existsSync(join(root, 'dist/index.d.ts'))

// Without a build there is nothing to look at; `npm test` builds first, and in continuous integration it must have.
describe.runIf(isBuilt || process.env.CI)('the built package', () => {
  let folder = ''

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'peerspec-consumer-'))
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules/peerspec'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'consumer.ts'), consumer)
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('compiles and runs in the project of a user', () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    // Without skipLibCheck TypeScript spends a minute on the types of TypeBox.
    const options = '--strict --skipLibCheck --module nodenext --target es2022 --lib es2022,dom'.split(' ')
    execFileSync(process.execPath, [tsc, ...options, 'consumer.ts'], { cwd: folder, stdio: 'pipe' })
    const output = execFileSync(process.execPath, ['consumer.js'], { cwd: folder, encoding: 'utf8' })
    expect(JSON.parse(output)).toEqual([1, false, true, true, 1, 'MUST', true, false, '2secret'])
  }, 120_000)

  test('gives a schema file by its path', () => {
    const script = `
      import { readFileSync } from 'node:fs'
      import { createRequire } from 'node:module'
      const path = createRequire(import.meta.url).resolve('peerspec/schema/ring/ping.json')
      console.log(JSON.parse(readFileSync(path, 'utf8')).$id)`
    writeFileSync(join(folder, 'schema.js'), script)
    const output = execFileSync(process.execPath, ['schema.js'], { cwd: folder, encoding: 'utf8' })
    expect(output.trim()).toBe('urn:peerspec:1:ring.ping')
  })
})
