// The system peers as users of the package see it: `import { peers } from 'peerspec'`.
import { type Validation, validateAgainst } from '../validate.ts'
import { NameServiceConfig, PeerConfig } from './control.ts'
import {
  type PeersAnswer,
  type PeersCall,
  PeersError,
  type PeersMethod,
  PeersRequest,
  peersMethods,
  peersTcpMessages,
} from './messages.ts'

export * from './control.ts'
export { peersFeatures as features } from './control.ts'
export * from './messages.ts'
export { peersMethods as methods, peersTcpMessages as messages } from './messages.ts'
export { peersRequirements as requirements } from './requirements.ts'

// Own properties only: `constructor` names no method.
const isMethod = (name: string): name is PeersMethod => Object.hasOwn(peersMethods, name)

const schemaOf = (name: string) => {
  const schema = peersTcpMessages[name]
  if (!schema) throw new Error(`no schema is called ${name}`)
  return schema
}

/**
 * Checks a parsed request. What is no request at all, an unknown method and wrong arguments are three errors with three names on
 * the wire; here they are told apart by the path: the whole message, `/method`, or something below `/args`.
 */
export function validateRequest(value: unknown): Validation<PeersCall> {
  const request = validateAgainst(PeersRequest, value)
  if (!request.ok) return request
  const { method } = request.message
  if (!isMethod(method))
    return {
      ok: false,
      errors: [{ path: '/method', message: `must be a known method, not ${JSON.stringify(method)}` }],
    }
  return validateAgainst(schemaOf(`peers.${method}`), value) as Validation<PeersCall>
}

/** Checks a parsed answer to a call of this method, a success or a failure. Only presence says which of the two it is. */
export function validateAnswer<M extends PeersMethod>(method: M, value: unknown): Validation<PeersAnswer<M>> {
  const isFailure = typeof value === 'object' && value !== null && Object.hasOwn(value, 'error')
  return validateAgainst(isFailure ? PeersError : schemaOf(`peers.${method}.result`), value) as Validation<
    PeersAnswer<M>
  >
}

/** Checks the configuration of `start` for a name service. Defaults are not filled in. */
export const validateNameServiceConfig = (value: unknown): Validation<NameServiceConfig> =>
  validateAgainst(NameServiceConfig, value)

/** Checks the configuration of `start` for a peer. Defaults are not filled in; it does not look at the rules of two fields. */
export const validatePeerConfig = (value: unknown): Validation<PeerConfig> =>
  validateAgainst(PeerConfig, value)
