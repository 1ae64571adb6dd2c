// The nodes of a small world of peers: a name service and up to a handful of peers with the lock. Letters stand for addresses.

import { createNameServiceMachine, type NameServiceState } from '../../peers/name-service-machine.ts'
import type { PeerState } from '../../peers/peer.ts'
import { createPeerMachine } from '../../peers/peer-machine.ts'
import { type PeersRules, peersRules } from '../../peers/rules.ts'
import type { Address, NameServiceVocabulary, PeerCommand, PeerVocabulary } from '../../peers/vocabulary.ts'
import type { Actor } from '../world.ts'

export type PeersVocabulary = PeerVocabulary | NameServiceVocabulary

export const NAME_SERVICE = 'name service'
const TYPE = 't'
const addressOf = (name: string): Address => [name, 1]

/** `rules` without the checks that follow an `unregister`: they concern dead peers only. */
export function nameService(rules: PeersRules, hasChecks: boolean): Actor<PeersVocabulary> {
  const own = hasChecks ? rules : { ...rules, checkedAfterUnregister: () => [] }
  const config = { listenPort: 1 }
  const secrets = { seed: 1, hashOf: (id: number) => `#${id}` }
  return {
    name: NAME_SERVICE,
    place: addressOf(NAME_SERVICE),
    create: (state) => createNameServiceMachine(config, secrets, state as NameServiceState | undefined, own),
    script: [],
  }
}

export type Act = PeerCommand['command'] | 'crash' | 'restart'

/** Lines of acts, each as words with blanks between: `join acquire release`. */
export function peer(
  name: string,
  lines: readonly string[],
  rules: PeersRules = peersRules,
): Actor<PeersVocabulary> {
  const [host, listenPort] = addressOf(name)
  const config = { host, listenPort, type: TYPE, nameService: addressOf(NAME_SERVICE), lock: true }
  return {
    name,
    place: addressOf(name),
    create: (state) => createPeerMachine(config, state as PeerState | undefined, rules),
    script: lines.map((line) =>
      line
        .split(' ')
        .filter((word) => word !== '')
        .map(actOf),
    ),
  }
}

function actOf(word: string): PeerCommand | 'crash' | 'restart' {
  switch (word) {
    case 'join':
    case 'acquire':
    case 'release':
    case 'stop':
      return { command: word }
    case 'crash':
    case 'restart':
      return word
    default:
      throw new Error(`no act is called ${word}`)
  }
}
