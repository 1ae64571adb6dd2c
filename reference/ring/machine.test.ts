import { describe, expect, test } from 'vitest'
import { createRingMachine } from './machine.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import type { RingInput } from './vocabulary.ts'

describe('ring.control.init', () => {
  test('the peer is a member and sends nothing but pings', () => {
    const peer = new ScriptedPeer({ id: 5 })
    expect(peer.reply(peer.command({ command: 'init', successors: [8, 12] }))).toEqual({})
    expect(peer.sent.map(({ message }) => message.type)).toEqual(['ring.ping', 'ring.ping'])
    expect(peer.events('successors')).toEqual([{ event: 'successors', successors: [8, 12], cause: 'init' }])
    expect(peer.reply(peer.command({ command: 'init', successors: [8, 12] }))).toBe('already-in-ring')
  })

  test.each([[[8, 8]], [[5, 8]]] as const)('%j are no successors of 5', (successors) => {
    const peer = new ScriptedPeer({ id: 5 })
    const handle = peer.command({ command: 'init', successors: [...successors] })
    expect(peer.reply(handle)).toBe('bad-argument')
    expect(peer.state()).toMatchObject({ inRing: false })
  })
})

test('ring.control.state: before, in a ring, and alone', () => {
  const peer = new ScriptedPeer({ id: 5 })
  const nowhere = { id: 5, inRing: false, successors: null, predecessors: [null, null], files: [] }
  expect(peer.state()).toEqual(nowhere)
  peer.command({ command: 'init', successors: [8, 5] })
  peer.pingFrom(8, 1)
  expect(peer.state()).toEqual({ ...nowhere, inRing: true, successors: [8, 5], predecessors: [8, null] })
  peer.receive({ type: 'ring.depart', from: 8, successors: [5, 8] })
  expect(peer.state()).toEqual({ ...nowhere, inRing: true, successors: [5, 5] })
})

test('the same inputs give the same effects', () => {
  const inputs: RingInput[] = [
    { at: 0, kind: 'start', firstNumber: 1 },
    { at: 1, kind: 'command', handle: 1, command: { command: 'init', successors: [8, 12] } },
    { at: 2, kind: 'datagram', message: { type: 'ring.ping', from: 4, seq: 0, slot: 1 } },
    {
      at: 3,
      kind: 'command',
      handle: 2,
      command: { command: 'request', name: '0100', transport: 'udp' },
    },
    { at: 101, kind: 'timer', name: 'ping:8' },
    { at: 102, kind: 'unreachable', connection: 1 },
  ]
  const run = () => {
    const machine = createRingMachine({ id: 5, basePort: 20_000, folder: '/folder' })
    return inputs.map((input) => machine.step(input))
  }
  expect(run()).toEqual(run())
  expect(run().flat().length).toBeGreaterThan(6)
})

test('a machine that has halted does nothing more', () => {
  const peer = ScriptedPeer.member(5, [5, 5])
  peer.command({ command: 'stop' })
  expect(peer.of('halt')).toHaveLength(1)
  peer.take()
  peer.pingFrom(8, 1)
  peer.advance(10_000)
  expect(peer.take()).toEqual([])
})
