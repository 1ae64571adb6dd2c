// Where the one token is, told from a history alone (peers.md section 7).
//
// The token lies with its sender until `obtain_token` was answered with null; a call that fails leaves it there. The receiver may
// use it as soon as it has the call, before its answer has come back: by passing it on, by holding the lock, by writing. So a
// call under way leaves the token between two peers, and the first use by the receiver settles where it is.
import {
  exhibitsOf,
  type Finding,
  frameOf,
  type History,
  Membership,
  type Observation,
  type TokenSent,
} from './peers-history.ts'

/** Nobody has used a token yet: whoever does so first made it. */
type Place =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'at'; readonly peer: number; readonly by?: TokenSent }
  | { readonly kind: 'between'; readonly call: TokenSent }

export interface TokenVerdict {
  readonly findings: readonly Finding[]
  /** Who has the token at the end; undefined when nobody has used it, or nobody knows. */
  readonly holder: number | undefined
}

const placeInWords = (place: Place): string => {
  if (place.kind === 'between') return `the token on its way from ${place.call.by} to ${place.call.to}`
  if (place.kind === 'at') return `the token at ${place.peer}`
  return 'no token yet'
}
const callOf = (place: Place): TokenSent | undefined => {
  if (place.kind === 'between') return place.call
  return place.kind === 'at' ? place.by : undefined
}

/** What a peer does that only a peer with the token may do. */
const useOf = (
  observation: Observation,
): { readonly peer: number; readonly doing: string; readonly requirement: string } | undefined => {
  if (observation.what === 'token-sent')
    return {
      peer: observation.by,
      doing: `pass the token to ${observation.to}`,
      requirement: 'peers.lock.one',
    }
  if (observation.what === 'held')
    return { peer: observation.peer, doing: 'hold the lock', requirement: 'peers.lock.one' }
  if (observation.what === 'copied')
    return { peer: observation.by, doing: 'write', requirement: 'peers.database.write' }
  return undefined
}

class TokenTrace {
  place: Place = { kind: 'unknown' }
  finding: Finding | undefined
  private readonly members = new Membership()
  /** Calls of `obtain_token` by their frames. */
  private readonly calls = new Map<number, TokenSent>()
  /** Those whose receivers have used the token. */
  private readonly used = new Set<TokenSent>()

  read(observation: Observation): void {
    this.members.read(observation)
    const use = useOf(observation)
    if (use !== undefined) this.onUse(use, observation)
    switch (observation.what) {
      case 'token-sent':
        this.calls.set(observation.frame, observation)
        // Who has ended can't take it: it stays where it is.
        if (!this.members.ended.has(observation.to)) this.place = { kind: 'between', call: observation }
        break
      case 'token-taken':
        if (this.place.kind === 'between' && this.place.call.frame === observation.call)
          this.place = { kind: 'at', peer: this.place.call.to, by: this.place.call }
        break
      case 'token-refused':
        this.onRefused(observation.call, observation.frame)
        break
      case 'left':
      case 'killed':
        this.onEnd(observation.peer, observation.what)
        break
      default:
    }
  }

  private onUse(
    { peer, doing, requirement }: { peer: number; doing: string; requirement: string },
    observation: Observation,
  ): void {
    const { place } = this
    const isThere =
      place.kind === 'unknown' ||
      (place.kind === 'at' && place.peer === peer) ||
      (place.kind === 'between' && place.call.to === peer) ||
      // A receiver that leaves may have refused, or closed, without a frame to show for it.
      (place.kind === 'between' && place.call.by === peer && this.members.leaving.has(place.call.to))
    if (!isThere)
      this.finding ??= {
        requirement,
        expected: `only the peer that has the token to ${doing}`,
        actual: `${peer}, with ${placeInWords(place)}`,
        exhibits: exhibitsOf(callOf(place)?.frame, frameOf(observation)),
      }
    const call = callOf(place)
    if (call?.to === peer) this.used.add(call)
    this.place = { kind: 'at', peer, ...(call?.to === peer && { by: call }) }
  }

  private onRefused(callFrame: number, frame: number): void {
    const call = this.calls.get(callFrame)
    if (call === undefined) return
    if (this.place.kind === 'between' && this.place.call === call) this.place = { kind: 'at', peer: call.by }
    if (this.used.has(call))
      this.finding ??= {
        requirement: 'peers.lock.one',
        expected: `${call.to} to use a token only if it takes it`,
        actual: 'an error as the answer to obtain_token, and a peer that uses that token',
        exhibits: exhibitsOf(call.frame, frame),
      }
  }

  private onEnd(peer: number, how: 'left' | 'killed'): void {
    const { place } = this
    if (place.kind === 'between') {
      if (place.call.to === peer) this.place = { kind: 'at', peer: place.call.by }
      else if (place.call.by === peer) this.place = { kind: 'at', peer: place.call.to, by: place.call }
    }
    if (this.place.kind !== 'at' || this.place.peer !== peer) return
    const others = this.members.present()
    if (how === 'left' && others.length > 0)
      this.finding ??= {
        requirement: 'peers.lock.leave',
        expected: `${peer} to pass the token on before it ends: ${others.join(', ')} are there`,
        actual: 'its end with the token',
        exhibits: exhibitsOf(this.place.by?.frame),
      }
    this.place = { kind: 'unknown' }
  }
}

/** Follows the token through a history; nobody uses it who does not have it, and nobody leaves with it. */
export function judgeToken(history: History): TokenVerdict {
  const trace = new TokenTrace()
  for (const observation of history) {
    trace.read(observation)
    if (trace.finding !== undefined) return { findings: [trace.finding], holder: undefined }
  }
  const { place } = trace
  return { findings: [], holder: place.kind === 'at' ? place.peer : undefined }
}
