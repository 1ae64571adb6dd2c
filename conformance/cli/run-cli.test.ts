// What each command says, in this process.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'peerspec-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function call(...argv: readonly string[]) {
  const text = { stdout: '', stderr: '' }
  const to = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        text[name] += chunk
        done()
      },
    })
  const exitCode = await runCli(argv, { stdout: to('stdout'), stderr: to('stderr') })
  return { ...text, exitCode }
}

function configFile(content: unknown): string {
  const path = join(folder, 'peerspec.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

describe('wrong use', () => {
  test.each([
    [['tset', 'ring'], /unknown command 'tset'\s+\(Did you mean test\?\)/],
    [['test', 'ring.pear'], /ring\.pear; did you mean ring\.peer\?/],
    [['test', 'banana'], /no system or role is called banana; there are ring, ring\.peer/],
    [['test', '--only', 'ring.pnig'], /--only ring\.pnig: .* did you mean ring\.ping\?/],
    [['test', '--skip', 'ring.pnig'], /--skip ring\.pnig: .* did you mean ring\.ping\?/],
    [['test', '--only', 'ring.ping.displaced', '--stage', '5'], /no case is left/],
    [['test', '--stage', '4-2'], /--stage: 4-2 is not a stage or a range/],
    [['test', '--level', 'shuold'], /--level: shuold is not one of .* did you mean should\?/],
    [['test', '--profile', 'basline'], /--profile: basline is not one of .* did you mean baseline\?/],
    [['test', '--seed', '-1'], /--seed: -1 is not an integer from 0/],
    [['test', '--seed', ''], /--seed: an empty value is not/],
    [['test', '--jobs', '0'], /--jobs: 0 is not an integer from 1 to 256/],
    [['test', '--time-scale', '0'], /--time-scale: 0 is not a number from 0\.1 to 100/],
    [['test', '--attach', 'localhost'], /--attach: localhost is not a host and a port/],
    [['test', '--attach', 'localhost:70000'], /the port 70000 is not from 1 to 65535/],
    [['test', '--attach', '127.0.0.1:1', '--', 'node'], /--attach and a command after -- exclude/],
    [['test', '--'], /--: a command is missing/],
    [['test', '--with', "'unclosed"], /--with 'unclosed: /],
    [['test', '--with', '[1]'], /--with \[1\]: is not a JSON array of strings/],
    [['test', '--json', '/no-such-folder/x.json'], /--json .*x\.json: cannot be written \(ENOENT\)/],
    [['test', '--junit', '/'], /--junit \/: is a folder/],
    [['explain'], /missing required argument 'id'/],
    [['explain', 'ring.ping.anwser'], /did you mean ring\.ping\.answer\?/],
    [['schema', 'ring.pnig'], /no schema is called ring\.pnig; did you mean ring\.ping\?/],
  ])('%j', async (argv, message) => {
    const { exitCode, stderr, stdout } = await call(...argv)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })

  test.each([
    [{ attach: { host: 'h', port: 70_000 } }, /attach\.port: 70000 must be 65535 or less/],
    [{ attach: { host: 'h', port: '7400' } }, /attach\.port: "7400" must be an integer/],
    [{ attach: { host: 'h' } }, /the field attach\.port is missing/],
    [{ attach: { host: 'h', port: 1, prot: 1 } }, /unknown field attach\.prot; did you mean port\?/],
    [{ comand: ['node'] }, /unknown field comand; did you mean command\?/],
    [{ command: 'node x' }, /command: "node x" must be of the type array/],
    [{ command: [] }, /command: \[\] must be not empty/],
    [{ profile: 'basline' }, /profile: "basline" must be one of .*; did you mean baseline\?/],
    [{ timeScale: 0 }, /timeScale: 0 must be 0\.1 or more/],
    [{ only: ['ring.pnig'] }, /--only ring\.pnig/],
    [{ command: ['node'], attach: { host: 'h', port: 1 } }, /attach and command exclude each other/],
    ['{"command": ', /is not JSON/],
    ['[]', /must be of the type object/],
  ])('the configuration %j', async (content, message) => {
    const { exitCode, stderr } = await call('test', '--dry-run', '--config', configFile(content))
    expect(stderr).toMatch(message)
    expect(exitCode).toBe(2)
  })

  test('a configuration that is a folder', async () => {
    const { exitCode, stderr } = await call('test', '--config', folder)
    expect(stderr).toMatch(/is a folder, not a file/)
    expect(exitCode).toBe(2)
  })
})

describe('test --dry-run', () => {
  test('names the cases and starts nothing', async () => {
    const { exitCode, stdout } = await call('test', '--dry-run', '--only', 'ring.ping.*', '--', './nothing')
    expect(stdout).toContain('ring.ping.answer/repeats-seq\n')
    expect(stdout).not.toContain('ring.store.place/')
    expect(exitCode).toBe(0)
  })

  test('takes comma lists, and options before those of the file', async () => {
    const config = configFile({ only: ['ring.join'], skip: ['ring.ping.interval'] })
    const { stdout } = await call('test', '--dry-run', '--config', config, '--only', 'ring.ping,ring.leave')
    expect(stdout).toContain('ring.leave.')
    expect(stdout).not.toMatch(/^ring\.ping\.interval/m)
    expect(stdout).not.toContain('ring.join.place/')
  })
})

describe('a system with two roles', () => {
  const chosen = async (...words: string[]) => {
    const { stdout } = await call('test', ...words, '--dry-run', '--', './nothing')
    return stdout.trim().split('\n')
  }

  test('is judged as a whole, or one role of it', async () => {
    const [all, peer, nameService] = [
      await chosen('peers'),
      await chosen('peers.peer'),
      await chosen('peers.name-service'),
    ]
    expect(peer.length).toBeGreaterThan(0)
    expect(nameService.length).toBeGreaterThan(0)
    expect([...peer, ...nameService].sort()).toEqual(all.toSorted())
    expect(await chosen('peers.peer', 'peers.name-service')).toEqual(all)
    expect(await chosen('peers', 'peers.peer')).toEqual(all)
  })

  test('patterns select within the role, and a slip of the fingers is told', async () => {
    expect(await chosen('peers.name-service', '--only', '*register*', '--profile', 'extended')).toContain(
      'peers.register.hash/not-to-be-guessed',
    )
    const elsewhere = await call('test', 'peers.peer', '--only', 'peers.register.hash', '--dry-run')
    expect(elsewhere.stderr).toMatch(/no case or requirement with a case matches/)
    const misspelt = await call('test', 'peers.name-servise')
    expect(misspelt.stderr).toMatch(/did you mean peers\.name-service\?/)
    expect([elsewhere.exitCode, misspelt.exitCode]).toEqual([2, 2])
  })
})

describe('list', () => {
  test('has the cases by stage, with level and title', async () => {
    const { stdout, exitCode } = await call('list', '--stage', '1')
    expect(stdout).toMatch(/^ring stage 1: ping: answer, ask, learn predecessors\n/)
    expect(stdout).toMatch(/^ {2}ring\.ping\.answer\/repeats-seq +MUST +a pong repeats the seq/m)
    expect(exitCode).toBe(0)
  })

  test('has the requirements, with the number of their cases', async () => {
    const { stdout } = await call('list', '--requirements')
    expect(stdout).toMatch(/^ring\.ping\.answer +MUST +baseline +ring +[1-9]\d*$/m)
  })

  test('has those of one role, and not of the other', async () => {
    const nameService = (await call('list', 'peers.name-service', '--requirements')).stdout
    const peer = (await call('list', 'peers.peer', '--requirements')).stdout
    expect(nameService).toMatch(/^peers\.register\.id +MUST +baseline +peers\.name-service +\d+$/m)
    expect(peer).toMatch(/^peers\.lock\.order +MUST +extended +peers\.lock +\d+$/m)
    for (const shared of ['peers.call.answer', 'common.tcp.slow', 'control.eof'])
      for (const text of [nameService, peer]) expect(text).toMatch(new RegExp(`^${shared} `, 'm'))
    expect(nameService).not.toMatch(/^peers\.(list|lock)|^common\.udp|^ring/m)
    expect(peer).not.toMatch(/^peers\.(register|require)|^common\.udp|^ring/m)
  })

  test('is JSON with --json', async () => {
    const cases: unknown = JSON.parse((await call('list', '--json')).stdout)
    expect(cases).toContainEqual(
      expect.objectContaining({ id: 'ring.ping.answer/repeats-seq', level: 'MUST', stage: 1 }),
    )
    const requirements: unknown = JSON.parse((await call('list', '--requirements', '--json')).stdout)
    expect(requirements).toContainEqual(expect.objectContaining({ id: 'ring.ping.answer', level: 'MUST' }))
  })
})

describe('explain', () => {
  test('a requirement: the rule, its cases, its messages', async () => {
    const { stdout } = await call('explain', 'ring.ping.answer')
    expect(stdout).toContain('answers each ping with one pong')
    expect(stdout).toContain('ring.ping.answer/repeats-seq')
    expect(stdout).toMatch(/valid +\{"type":"ring\.pong"/)
  })

  test('a requirement does not show messages whose names it has only as words', async () => {
    const { stdout } = await call('explain', 'common.robust.hostile')
    expect(stdout).toContain('ends the node')
    expect(stdout).not.toContain('"ring.end"')
  })

  test('a case: what a pass needs, and the rules', async () => {
    const { stdout } = await call('explain', 'ring.ping.answer/repeats-seq')
    expect(stdout).toContain('A pass needs')
    expect(stdout).toContain('answers each ping with one pong')
  })

  test('a requirement that names a method: the request and the answer', async () => {
    const { stdout } = await call('explain', 'peers.list.unregister')
    expect(stdout).toMatch(/binds peers\.peer, belongs to the feature peers\.list/)
    expect(stdout).toMatch(/valid +\{"method":"unregister_peer","args":\[2\]\}/)
    expect(stdout).toMatch(/valid +\{"result":null\}/)
  })

  test('a method: its examples, and the rules that name it', async () => {
    const { stdout } = await call('explain', 'peers.obtain_token')
    expect(stdout).toContain('the token is a list of pairs.')
    expect(stdout).toMatch(/^ {2}peers\.lock\.token$/m)
    expect((await call('explain', 'peers.check.result')).stdout).toContain('"result":[-1,"chat"]')
  })

  test('a message: examples, and why the invalid ones are', async () => {
    const { stdout } = await call('explain', 'ring.ping')
    expect(stdout).toContain('There are two successors, so there is no slot 3.')
    expect(stdout).toMatch(/^ {2}ring\.ping\.interval$/m)
  })
})

describe('schema', () => {
  test('prints what any validator reads', async () => {
    const schema = JSON.parse((await call('schema', 'ring.ping')).stdout) as object
    const ajv = new Ajv2020()
    expect(ajv.validate(schema, { type: 'ring.ping', from: 5, seq: 0, slot: 1 })).toBe(true)
    expect(ajv.validate(schema, { type: 'ring.ping', from: 5, seq: 0, slot: 3 })).toBe(false)
    expect(JSON.parse((await call('schema', 'report.run')).stdout)).toHaveProperty('properties.cases')
  })

  test('lists the schemas, and names their folder', async () => {
    expect((await call('schema')).stdout).toMatch(/^ring\.join +tcp +A newcomer looks for its place\.$/m)
    expect((await call('schema')).stdout).toMatch(/^control\.peers\.name-service\.config +control +Conf/m)
    const path = (await call('schema', '--dir')).stdout.trim()
    expect(existsSync(join(path, 'ring', 'ping.json'))).toBe(true)
  })
})

test('doctor finds loopback and names what is missing', async () => {
  const { stdout, exitCode } = await call('doctor')
  expect(stdout).toMatch(/^ok +loopback UDP/m)
  expect(stdout).toMatch(/^(ok|missing) +python3/m)
  expect(exitCode).toBe(0)
})

test.each([
  [['--help']],
  [['test', '--help']],
  [['list', '--help']],
  [['explain', '--help']],
  [['schema', '--help']],
])('%j ends with 0 and has examples', async (argv) => {
  const { exitCode, stdout } = await call(...argv)
  expect(exitCode).toBe(0)
  expect(stdout).toContain('Examples:')
})

test('without arguments: help', async () => {
  const { exitCode, stdout } = await call()
  expect(stdout).toContain('Usage: peerspec')
  expect(exitCode).toBe(0)
})
