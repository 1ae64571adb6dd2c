// A negative case is worth nothing if what it sends is not broken, or always broken in the same way.
import { expect, test } from 'vitest'
import { objectOf } from '../../broken-bytes.ts'
import { brokenRequest } from './broken-requests.ts'

test.each([
  ['peers.name-service', 'register'],
  ['peers.peer', 'print_message'],
] as const)(
  'broken requests to a %s are of all kinds, repeat with their seed, and have no LF',
  (role, method) => {
    const drawn = (): readonly Uint8Array[] => {
      let state = 7
      const random = () => {
        state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0
        return state / 2 ** 32
      }
      return Array.from({ length: 2000 }, () => brokenRequest(random, role))
    }
    const requests = drawn()
    expect(drawn()).toEqual(requests)
    expect(requests.some((bytes) => bytes.includes(0x0a))).toBe(false)
    const objects = requests.map(objectOf)
    const kinds = {
      noObject: objects.filter((object) => object === undefined),
      noMethod: objects.filter((object) => object && typeof object.method !== 'string'),
      noArgs: objects.filter((object) => object && !Array.isArray(object.args)),
      wrongArguments: objects.filter(
        (object) => object && object.method === method && Array.isArray(object.args),
      ),
      private: objects.filter((object) => object?.method === 'constructor'),
    }
    for (const [kind, found] of Object.entries(kinds)) expect(found.length, kind).toBeGreaterThan(10)
  },
)
