// The memory of a machine is one plain object: another machine can go on from a copy of it, at any moment.
import { expect, test } from 'vitest'
import { addressOf, ScriptedPeer } from './scripted-node.ts'

/** A life with everything in it, with a hook after each step. */
function live(afterStep: (peer: ScriptedPeer) => void): ScriptedPeer {
  const peer = new ScriptedPeer({ lock: true, fortunes: ['one', 'two', 'three'], seed: 9 })
  const steps: (() => void)[] = [
    () => peer.command({ command: 'join' }),
    () => peer.succeed('register', [5, 'secret']),
    () => peer.receive('register_peer', 7, addressOf(7)),
    () =>
      peer.succeed(
        'require_all',
        [3, 4, 5].map((id) => [id, addressOf(id)]),
      ),
    () => peer.ask('request_token', 1, 3),
    () => peer.succeed('register_peer', null, addressOf(4)),
    () => peer.advance(100),
    () => peer.succeed('check', [3, 'ivan']),
    () => peer.succeed('register_peer', null),
    () => peer.ask('obtain_token', [[3, 0]]),
    () => peer.succeed('read_all', ['four', 'five']),
    () => peer.succeed('obtain_token', null),
    () => peer.ask('read'),
    () => peer.receive('write', 'six'),
    () => peer.command({ command: 'write', fortune: 'seven' }),
    () => peer.ask('obtain_token', [[3, 1]]),
    () => peer.refuse('write_local', addressOf(3)),
    () => peer.command({ command: 'send', to: 4, text: 'x' }),
    () => peer.command({ command: 'stop' }),
    () => peer.advance(100),
    () => peer.ask('read'),
  ]
  for (const step of steps) {
    step()
    afterStep(peer)
  }
  return peer
}

test('a machine that goes on from a copy does exactly the same', () => {
  const whole = live(() => {})
  const inPieces = live((peer) => peer.continueFrom(structuredClone(peer.machine.state)))
  expect(inPieces.effects).toEqual(whole.effects)
  expect(inPieces.machine.state).toEqual(whole.machine.state)
  expect(whole.effects.length).toBeGreaterThan(60)
})

test('nothing but plain data: JSON keeps all of it', () => {
  live((peer) => {
    expect(JSON.parse(JSON.stringify(peer.machine.state))).toEqual(peer.machine.state)
  })
})

test('how a state came about leaves no trace in its JSON', () => {
  const jsonAfter = (ids: readonly number[]) => {
    const peer = ScriptedPeer.joined(0, [], { lock: true })
    for (const id of ids) peer.ask('register_peer', id, addressOf(id))
    peer.command({ command: 'acquire' })
    for (const id of ids) peer.ask('request_token', 1, id)
    return JSON.stringify(peer.machine.state)
  }
  expect(jsonAfter([3, 1, 2])).toBe(jsonAfter([1, 2, 3]))
})
