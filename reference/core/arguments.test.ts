import { expect, test } from 'vitest'
import { RingConfig, ringCommands } from '../../spec/ring/control.ts'
import { checkArguments } from './arguments.ts'

const config = { id: 4, basePort: 20_000, folder: '/data' }

test.each([
  [{ ...config, mss: 0 }, 'mss: 0 is below 1'],
  [{ ...config, id: 256 }, 'id: 256 is above 255'],
  [{ ...config, dropProbability: 1.5 }, 'dropProbability: 1.5 is above 1'],
  [{ id: 4, folder: '/data' }, 'basePort: is missing'],
  [{ ...config, segmentLog: 'yes' }, 'segmentLog: "yes" is not of type boolean'],
  [{ ...config, pingIntervalMs: 10.5 }, 'pingIntervalMs: 10.5 is not of type integer'],
  ['config', 'arguments: "config" is not of type object'],
  [undefined, 'arguments: nothing is not of type object'],
])('control.bad-argument: the field and what was expected are named (%j)', (value, problem) => {
  expect(checkArguments(RingConfig, value)).toBe(problem)
})

test('control.bad-argument: an element of a list is named too', () => {
  expect(checkArguments(ringCommands.init, { successors: [4, -1] })).toBe('successors.1: -1 is below 0')
  expect(checkArguments(ringCommands.init, { successors: [4] })).toMatch(/^successors: /)
  expect(checkArguments(ringCommands.request, { name: '33', transport: 'tcp' })).toMatch(/^name: "33" /)
  expect(checkArguments(ringCommands.request, { name: '0033', transport: 'quic' })).toMatch(
    /^transport: "quic" /,
  )
})

test('arguments that fit have no problem', () => {
  expect(checkArguments(RingConfig, config)).toBeUndefined()
  expect(
    checkArguments(ringCommands.init, { seq: 1, command: 'init', node: 0, successors: [4, 8] }),
  ).toBeUndefined()
})
