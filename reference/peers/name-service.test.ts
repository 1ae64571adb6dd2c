import { describe, expect, test } from 'vitest'
import { addressOf, ScriptedNameService } from './scripted-node.ts'

/** A name service with so many peers of the type ivan. */
function withPeers(count: number, config = {}): ScriptedNameService {
  const service = new ScriptedNameService(config)
  for (let id = 0; id < count; id += 1) service.ask('register', 'ivan', addressOf(id))
  return service
}

const idsOf = (service: ScriptedNameService, type = 'ivan') =>
  (service.ask('require_all', type) as [number, unknown][]).map(([id]) => id)

describe('register', () => {
  test('peers.register.id, peers.require.all: ids grow, also over types, and the address comes back as it was', () => {
    const service = new ScriptedNameService()
    expect(service.ask('register', 'a', ['ÄÖ "x"', 65_535])).toEqual([0, 'hash-0'])
    expect(service.ask('register', 'b', ['h', 1])).toEqual([1, 'hash-1'])
    expect(service.ask('register', 'a', ['h', 1])).toEqual([2, 'hash-2'])
    expect(service.ask('require_all', 'a')).toEqual([
      [0, ['ÄÖ "x"', 65_535]],
      [2, ['h', 1]],
    ])
    expect(service.ask('require_all', 'c')).toEqual([])
    expect(service.ask('unregister', 2, 'a', 'hash-2')).toBe(null)
    expect(service.ask('register', 'a', ['h', 1])).toEqual([3, 'hash-3'])
  })

  test('peers.register.again: the same type and address take the place of the older registration', () => {
    const service = withPeers(2, { registrationsMax: 2 })
    expect(service.ask('register', 'ivan', addressOf(0))).toEqual([2, 'hash-2'])
    expect(idsOf(service)).toEqual([1, 2])
    expect(service.ask('unregister', 0, 'ivan', 'hash-0')).toBe('ValueError')
  })

  test('peers.name-service.bounds: all types together, and there is room again after an unregister', () => {
    const service = withPeers(2, { registrationsMax: 2 })
    expect(service.ask('register', 'other', addressOf(2))).toBe('BusyError')
    expect(service.types).toEqual({
      ivan: [
        { id: 0, address: addressOf(0) },
        { id: 1, address: addressOf(1) },
      ],
    })
    service.ask('unregister', 0, 'ivan', 'hash-0')
    expect(service.ask('register', 'other', addressOf(2))).toEqual([2, 'hash-2'])
  })

  test('peers.require.types: a type may be called like anything', () => {
    const service = new ScriptedNameService()
    const types = ['__proto__', 'constructor', 'toString', 'a', 'A', 'a ', 'ä']
    for (const [id, type] of types.entries()) service.ask('register', type, addressOf(id))
    for (const [id, type] of types.entries()) {
      expect(service.ask('require_all', type)).toEqual([[id, addressOf(id)]])
      expect(service.ask('require_object', type, id)).toEqual(addressOf(id))
      expect(service.ask('require_any', type)).toEqual(addressOf(id))
    }
    expect(Object.keys(service.types).sort()).toEqual(types.toSorted())
    expect(service.ask('require_all', 'hasOwnProperty')).toEqual([])
  })
})

test('peers.require.any: each has an equal chance', () => {
  const service = withPeers(4)
  const counts = new Map<string, number>()
  for (let draw = 0; draw < 4000; draw += 1) {
    const address = JSON.stringify(service.ask('require_any', 'ivan'))
    counts.set(address, (counts.get(address) ?? 0) + 1)
    service.effects = []
  }
  // 1,000 each are expected, with a standard deviation of 27.
  expect(counts.size).toBe(4)
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(140)
})

test('peers.require.nobody, peers.unregister.refused, peers.call.arguments', () => {
  const service = withPeers(2)
  expect(service.ask('require_any', 'nobody')).toBe('LookupError')
  expect(service.ask('require_object', 'ivan', 2)).toBe('LookupError')
  expect(service.ask('require_object', 'other', 1)).toBe('LookupError')
  expect(service.ask('unregister', 1, 'ivan', 'hash-0')).toBe('ValueError')
  expect(service.ask('unregister', 1, 'other', 'hash-1')).toBe('ValueError')
  expect(service.ask('unregister', 2, 'ivan', 'hash-2')).toBe('ValueError')
  expect(service.ask('register', 'ivan')).toBe('TypeError')
  expect(service.ask('register', 'ivan', ['h', 0])).toBe('TypeError')
  expect(service.ask('register', '', ['h', 1])).toBe('TypeError')
  expect(service.ask('require_all', 'ivan', 1)).toBe('TypeError')
  expect(service.ask('check')).toBe('AttributeError')
  expect(service.ask('constructor')).toBe('AttributeError')
  expect(idsOf(service)).toEqual([0, 1])
  expect(service.open).toEqual([])
})

describe('checks', () => {
  test('peers.unregister.check: who does not say in time who it is is dropped', () => {
    const service = withPeers(8)
    expect(service.ask('unregister', 0, 'ivan', 'hash-0')).toBe(null)
    expect(service.calls('check')).toEqual([1, 2, 3, 4, 5, 6, 7].map((id) => [addressOf(id).join(':')]))
    service.succeed('check', [1, 'ivan'], addressOf(1))
    service.succeed('check', [-1, 'ivan'], addressOf(2))
    service.succeed('check', [2, 'ivan'], addressOf(3))
    service.succeed('check', [4, 'other'], addressOf(4))
    service.raise('check', 'AttributeError', addressOf(5))
    service.refuse('check', addressOf(6))
    expect(idsOf(service)).toEqual([1, 2, 7])
    service.advance(99)
    expect(idsOf(service)).toEqual([1, 2, 7])
    service.advance(1)
    expect(idsOf(service)).toEqual([1, 2])
  })

  test('peers.unregister.prompt: who registers during the checks is not checked', () => {
    const service = withPeers(2)
    service.ask('unregister', 0, 'ivan', 'hash-0')
    service.ask('register', 'ivan', addressOf(2))
    service.ask('unregister', 1, 'ivan', 'hash-1')
    service.ask('register', 'ivan', addressOf(3))
    expect(service.calls('check')).toEqual([[addressOf(1).join(':')]])
    service.succeed('check', [1, 'ivan'])
    // The second round is for those that were there when 1 unregistered.
    expect(service.calls('check')).toEqual([[addressOf(2).join(':')]])
    service.succeed('check', [2, 'ivan'])
    expect(service.open).toEqual([])
    expect(idsOf(service)).toEqual([2, 3])
  })

  test('peers.unregister.rounds: 200 peers that leave at once cause few checks', () => {
    const service = withPeers(200)
    let checks = 0
    const answerAll = () => {
      for (let call = service.open[0]; call !== undefined; call = service.open[0]) {
        checks += 1
        service.succeed('check', [call.to[1] - 1000, 'ivan'], call.to)
      }
    }
    for (let id = 0; id < 200; id += 1) {
      service.ask('unregister', id, 'ivan', `hash-${id}`)
      if (id === 100) answerAll()
    }
    answerAll()
    expect(checks).toBeLessThan(500)
    expect(service.types).toEqual({})
    expect(service.machine.state.namespaces).toEqual([])
  })

  test('slow peers of one type hold up no check of another', () => {
    const service = withPeers(500)
    service.ask('register', 'other', addressOf(900))
    service.ask('register', 'other', addressOf(901))
    service.ask('unregister', 0, 'ivan', 'hash-0')
    expect(service.open.length).toBe(128)
    service.ask('unregister', 500, 'other', 'hash-500')
    expect(service.calls('check')).toContainEqual([addressOf(901).join(':')])
  })
})
