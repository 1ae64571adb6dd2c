import { split } from 'shlex'
import { expect, test } from 'vitest'
import { type Reproduction, reproduceCommand } from './reproduce.ts'

const run: Reproduction = {
  invocation: 'npx peerspec',
  target: 'ring',
  caseId: 'ring.ping.answer/repeats-seq',
  seed: 42,
  profile: 'baseline',
  timeScale: 1,
  isolated: false,
  program: { kind: 'command', argv: ['python3', 'node.py'], cwd: process.cwd() },
  second: undefined,
}

test('is short when nothing is out of the ordinary', () => {
  expect(reproduceCommand(run)).toBe(
    'npx peerspec test ring --only ring.ping.answer/repeats-seq --seed 42 -- python3 node.py',
  )
  expect(reproduceCommand({ ...run, target: 'peers.peer' })).toMatch(/^npx peerspec test peers\.peer --only /)
  expect(reproduceCommand({ ...run, program: undefined })).toMatch(/--seed 42$/)
})

test('repeats what the run was told', () => {
  const told = { ...run, profile: 'declared', timeScale: 2.5, isolated: true } as const
  expect(reproduceCommand(told)).toContain(' --profile declared --time-scale 2.5 --isolated -- ')
  expect(reproduceCommand({ ...run, profile: 'extended' })).toContain(' --profile extended -- ')
  const attached = { kind: 'attach', host: '127.0.0.1', port: 7400 } as const
  expect(reproduceCommand({ ...run, program: attached })).toMatch(/ --attach 127\.0\.0\.1:7400$/)
})

test('survives a shell word by word', () => {
  const argv = ['./my node', '--name', "it's $HOME; rm -rf *"] as const
  const second = { kind: 'command', argv: ['java', '-cp', 'a b.jar', 'Main'] } as const
  const words = split(reproduceCommand({ ...run, program: { kind: 'command', argv }, second }))
  expect(words.slice(words.indexOf('--') + 1)).toEqual(argv)
  expect(split(words[words.indexOf('--with') + 1] ?? '')).toEqual(second.argv)
})

test('goes to the folder where the command is meant', () => {
  const program = { kind: 'command', argv: ['./node'], cwd: '/home/ann/my ring' } as const
  expect(reproduceCommand({ ...run, program })).toMatch(/^cd '\/home\/ann\/my ring' && npx peerspec /)
})
