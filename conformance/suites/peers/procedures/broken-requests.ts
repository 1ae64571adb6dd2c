// Random broken requests: each is a valid request with one to three faults, drawn from a seed. What happens to be valid still is
// thrown away, so that a server with that role has to refuse all of them. A peer is one without lock and database.
import { listMethods, nameServiceMethods } from '../../../../spec/peers/messages.ts'
import { checkSchema } from '../../../wire/published-schemas.ts'
import { breakBytes, objectOf, onOneLine, pick, type Random } from '../../broken-bytes.ts'

const address = ['broken.example', 40_001]

type Role = 'peers.name-service' | 'peers.peer'

const methodsOf: Readonly<Record<Role, object>> = {
  'peers.name-service': nameServiceMethods,
  'peers.peer': listMethods,
}

interface Request {
  readonly method: string
  readonly args: readonly unknown[]
}

const nameServiceRequests: readonly Request[] = [
  { method: 'register', args: ['broken', address] },
  { method: 'register', args: ['é☃😀', ['127.0.0.1', 1]] },
  { method: 'unregister', args: [0, 'broken', '0123456789abcdef'] },
  { method: 'require_all', args: ['broken'] },
  { method: 'require_any', args: ['broken'] },
  { method: 'require_object', args: ['broken', 7] },
]

const peerRequests: readonly Request[] = [
  { method: 'check', args: [] },
  { method: 'register_peer', args: [3, address] },
  { method: 'register_peer', args: [2 ** 40, ['127.0.0.1', 1]] },
  { method: 'unregister_peer', args: [10] },
  { method: 'display_peers', args: [] },
  { method: 'print_message', args: [10, 'é☃😀'] },
]

const validRequests: Readonly<Record<Role, readonly Request[]>> = {
  'peers.name-service': nameServiceRequests,
  'peers.peer': peerRequests,
}

const strangeValues: readonly unknown[] = [
  null,
  true,
  false,
  -1,
  1.5,
  2 ** 53,
  1e300,
  '',
  'x'.repeat(300),
  [],
  [[]],
  [null],
  ['broken', ['', 0]],
  ['broken', ['h', 65_536]],
  ['broken', ['h', '1']],
  ['broken', ['h', 1], ['h', 1]],
  Array.from({ length: 300 }, () => 1),
  {},
  { 0: 'broken', 1: address, length: 2 },
]

const strangeMethods: readonly unknown[] = [
  '',
  'regist',
  'REGISTER',
  'register\u0000',
  '__class__',
  'constructor',
  '__proto__',
  'stop',
  'destroy',
  'request_token',
  null,
  0,
  ['register'],
  { method: 'register' },
]

/** One fault among method and arguments. */
function breakFields(random: Random, request: Record<string, unknown>): Record<string, unknown> {
  switch (Math.floor(random() * 5)) {
    case 0: {
      const { [pick(random, ['method', 'args'])]: _, ...rest } = request
      return rest
    }
    case 1:
      return { ...request, method: pick(random, strangeMethods) }
    case 2:
      return { ...request, method: pick(random, [...nameServiceRequests, ...peerRequests]).method }
    case 3:
      return { ...request, args: pick(random, strangeValues) }
    default: {
      const args = Array.isArray(request.args) ? [...(request.args as unknown[])] : []
      args[Math.floor(random() * (args.length + 1))] = pick(random, strangeValues)
      return { ...request, args }
    }
  }
}

/** Whether a server has to refuse this: no request, no such method, or arguments that do not fit. */
function isBroken(role: Role, bytes: Uint8Array): boolean {
  const request = objectOf(bytes)
  if (request === undefined) return true
  const { method } = request
  if (typeof method !== 'string' || !Object.hasOwn(methodsOf[role], method)) return true
  return checkSchema(`peers.${method}`, request) !== undefined
}

/** A line that a server with this role has to refuse, without its LF. */
export function brokenRequest(random: Random, role: Role): Uint8Array {
  for (;;) {
    let request: Record<string, unknown> = { ...pick(random, validRequests[role]) }
    let bytes: Uint8Array
    if (random() < 0.6) {
      request = breakFields(random, request)
      if (random() < 0.3) request = breakFields(random, { filler: 0, ...request })
      bytes = Buffer.from(JSON.stringify(request))
    } else {
      bytes = Buffer.from(JSON.stringify(request))
      for (let faults = 1 + Math.floor(random() * 3); faults > 0 && bytes.length > 0; faults -= 1)
        bytes = breakBytes(random, bytes)
    }
    bytes = onOneLine(bytes)
    if (isBroken(role, bytes)) return bytes
  }
}
