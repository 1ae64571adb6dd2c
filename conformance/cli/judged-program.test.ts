import { describe, expect, test } from 'vitest'
import { UsageError } from '../verdict/selection.ts'
import { commandWords, judgedProgram, type ProgramChoice, secondProgram } from './judged-program.ts'
import { referenceCommand } from './package-files.ts'

const nothing: ProgramChoice = { after: undefined, attach: undefined, config: {}, configPath: undefined }
const configPath = '/home/ann/ring/peerspec.json'

describe('the program', () => {
  test('is the bundled reference when none is named', () => {
    expect(judgedProgram(nothing)).toEqual({ kind: 'command', argv: referenceCommand, cwd: process.cwd() })
  })

  test('is the command after --, which wins over the file', () => {
    const choice = { ...nothing, after: ['./node', '--id', '1'], config: { command: ['other'] }, configPath }
    expect(judgedProgram(choice)).toEqual({
      kind: 'command',
      argv: ['./node', '--id', '1'],
      cwd: process.cwd(),
    })
  })

  test('is the command of the file, meant from where the file is', () => {
    expect(judgedProgram({ ...nothing, config: { command: ['./node'] }, configPath })).toEqual({
      kind: 'command',
      argv: ['./node'],
      cwd: '/home/ann/ring',
    })
  })

  test('is what already listens', () => {
    const attach = { host: '127.0.0.1', port: 7400 }
    expect(judgedProgram({ ...nothing, attach: '127.0.0.1:7400' })).toEqual({ kind: 'attach', ...attach })
    expect(judgedProgram({ ...nothing, config: { attach } })).toEqual({ kind: 'attach', ...attach })
  })
})

test('the second program comes from the option or the file', () => {
  expect(secondProgram(undefined, {}, undefined)).toBeUndefined()
  expect(secondProgram("java 'my ring'", { with: ['x'] }, configPath)).toMatchObject({
    argv: ['java', 'my ring'],
  })
  expect(secondProgram(undefined, { with: ['x'] }, configPath)).toMatchObject({ cwd: '/home/ann/ring' })
})

test.each([
  ['python3 node.py', ['python3', 'node.py']],
  ["java -cp 'a b' Main", ['java', '-cp', 'a b', 'Main']],
  ['./a\\ b "c \\"d\\""', ['./a b', 'c "d"']],
  ['["a b", "$HOME"]', ['a b', '$HOME']],
  ['', []],
])('the words of %s', (text, words) => {
  expect(commandWords(text)).toEqual(words)
})

test.each(["'unclosed", '[1, 2]', '["unclosed'])('%s is no command', (text) => {
  expect(() => commandWords(text)).toThrow(UsageError)
})
