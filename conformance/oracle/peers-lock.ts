// Who holds the lock, who comes next, and that everyone comes (peers.md section 7), told from a history alone.
import {
  Deliveries,
  exhibitsOf,
  type Finding,
  type History,
  Membership,
  type Observation,
  type TokenSent,
} from './peers-history.ts'

/** The order in which `self` looks for a peer with an unserved request: the ids above its own, rising, then those below it. */
export const passOrder = (self: number, ids: Iterable<number>): readonly number[] => {
  const rising = [...new Set(ids)].filter((id) => id !== self).sort((a, b) => a - b)
  return [...rising.filter((id) => id > self), ...rising.filter((id) => id < self)]
}

/** To whom `self` passes the token: times of the latest requests, and of the last releases in the token. */
export const nextInOrder = (
  self: number,
  list: Iterable<number>,
  requests: ReadonlyMap<number, number>,
  served: ReadonlyMap<number, number>,
): number | undefined => passOrder(self, list).find((id) => (requests.get(id) ?? 0) > (served.get(id) ?? 0))

/** At most one peer holds the lock: from the reply to `acquire` to the command `release` or `stop`. */
export function judgeExclusion(history: History): readonly Finding[] {
  const holders = new Set<number>()
  const tokens = new Map<number, number>()
  for (const observation of history) {
    if (observation.what === 'token-sent') tokens.set(observation.to, observation.frame)
    else if (observation.what === 'held') {
      const [other] = holders
      if (other !== undefined)
        return [
          {
            requirement: 'peers.lock.one',
            expected: 'one holder of the lock at a time',
            actual: `${observation.peer} holds it while ${other} does`,
            exhibits: exhibitsOf(tokens.get(other), tokens.get(observation.peer)),
          },
        ]
      holders.add(observation.peer)
    } else if (
      observation.what === 'releasing' ||
      observation.what === 'leaving' ||
      observation.what === 'killed'
    )
      holders.delete(observation.peer)
  }
  return []
}

/** Every `acquire` of a peer that stays is answered with success. */
export function judgeLiveness(history: History): readonly Finding[] {
  const waiting = new Map<number, number[]>()
  const findings: Finding[] = []
  const failed = (peer: number, actual: string): void => {
    findings.push({
      requirement: 'peers.lock.live',
      expected: `every acquire of ${peer}, which stays, to succeed`,
      actual,
      exhibits: exhibitsOf(...(waiting.get(peer) ?? [])),
    })
  }
  for (const observation of history) {
    if (observation.what === 'asked') waiting.get(observation.by)?.push(observation.frame)
    else if (observation.what === 'acquiring') waiting.set(observation.peer, [])
    else if (observation.what === 'not-held') {
      if (waiting.has(observation.peer)) failed(observation.peer, 'one that failed')
      waiting.delete(observation.peer)
    } else if (observation.what === 'held' || observation.what === 'leaving' || observation.what === 'killed')
      waiting.delete(observation.peer)
  }
  for (const peer of waiting.keys()) failed(peer, 'one without an end')
  return findings.slice(0, 1)
}

/** What a peer knew when it was told to release. */
interface Release {
  readonly candidates: readonly number[]
  /** Peers that have refused the token since. */
  readonly passedOver: Set<number>
}

/**
 * After a `release` the token passes to the first in the order among those whose requests had been answered before the command; someone
 * who asked later may come before that one, nobody may come after it.
 */
export function judgeOrder(history: History): readonly Finding[] {
  const reader = new OrderReader()
  for (const observation of history) {
    const finding = reader.read(observation)
    if (finding !== undefined) return [finding]
  }
  return []
}

class OrderReader {
  private readonly members = new Membership()
  private readonly deliveries = new Deliveries()
  /** For each peer, whose requests it has answered: their times, and the frames of the answers. */
  private readonly known = new Map<number, Map<number, { time: number; frame: number }>>()
  private readonly releases = new Map<number, Release>()

  read(observation: Observation): Finding | undefined {
    this.members.read(observation)
    let finding: Finding | undefined
    switch (observation.what) {
      case 'ask-answered': {
        const { by, of, time, frame } = observation
        const requests = this.known.get(of) ?? new Map<number, { time: number; frame: number }>()
        if (time > (requests.get(by)?.time ?? 0)) requests.set(by, { time, frame })
        this.known.set(of, requests)
        break
      }
      case 'releasing':
        this.releases.set(observation.peer, {
          candidates: this.unserved(observation.peer),
          passedOver: new Set(),
        })
        break
      case 'token-sent':
        finding = this.judge(observation)
        break
      case 'token-taken':
      case 'token-refused': {
        const call = this.deliveries.call(observation.call)
        if (call === undefined) break
        if (observation.what === 'token-taken') this.releases.delete(call.by)
        else this.releases.get(call.by)?.passedOver.add(call.to)
        break
      }
      case 'held':
        this.releases.delete(observation.peer)
        break
      default:
    }
    this.deliveries.read(observation)
    return finding
  }

  /** Whose requests `peer` has answered and, as far as the token with which it is says, nobody has served. */
  private unserved(peer: number): readonly number[] {
    const served = new Map(this.deliveries.to(peer)?.times)
    return [...(this.known.get(peer) ?? [])]
      .filter(([id, { time }]) => time > (served.get(id) ?? 0))
      .map(([id]) => id)
  }

  private judge({ by, to, frame }: TokenSent): Finding | undefined {
    const release = this.releases.get(by)
    if (release === undefined || this.members.leaving.has(by)) return undefined
    const first = passOrder(by, [to, ...release.candidates]).find(
      (id) => id === to || !(this.members.leaving.has(id) || release.passedOver.has(id)),
    )
    if (first === undefined || first === to) return undefined
    return {
      requirement: 'peers.lock.order',
      expected: `the token of ${by} to pass to ${first}, which asked and comes before ${to}`,
      actual: `it passes to ${to}`,
      exhibits: exhibitsOf(this.known.get(by)?.get(first)?.frame, frame),
    }
  }
}

interface Wait {
  /** The time of this request; an earlier one of this peer may still be under way to somebody. */
  time: number
  /** Peers that have not answered the request yet. */
  readonly unanswered: Set<number>
  /** How often each other peer has held the lock since all had answered. */
  readonly overtaken: Map<number, number>
  readonly frames: number[]
}

/**
 * When all have answered a request, nobody is served twice before it. Waits during which somebody joins, leaves or dies are not
 * judged: a hand-over to a newcomer goes past those who wait.
 */
export function judgeTurns(history: History): readonly Finding[] {
  const members = new Membership()
  const waits = new Map<number, Wait>()
  for (const observation of history) {
    if (members.read(observation)) waits.clear()
    const finding = readTurn(observation, waits, members)
    if (finding !== undefined) return [finding]
  }
  return []
}

function readTurn(
  observation: Observation,
  waits: Map<number, Wait>,
  members: Membership,
): Finding | undefined {
  if (observation.what === 'acquiring') {
    const others = members.present().filter((id) => id !== observation.peer)
    waits.set(observation.peer, { time: 0, unanswered: new Set(others), overtaken: new Map(), frames: [] })
  } else if (observation.what === 'asked') {
    const wait = waits.get(observation.by)
    if (wait !== undefined) wait.time = observation.time
  } else if (observation.what === 'ask-answered') {
    const wait = waits.get(observation.by)
    if (wait === undefined || observation.time !== wait.time) return undefined
    wait.unanswered.delete(observation.of)
    wait.frames.push(observation.frame)
  } else if (observation.what === 'held') {
    waits.delete(observation.peer)
    for (const [peer, { unanswered, overtaken, frames }] of waits) {
      if (unanswered.size > 0) continue
      const times = (overtaken.get(observation.peer) ?? 0) + 1
      overtaken.set(observation.peer, times)
      if (times > 1)
        return {
          requirement: 'peers.lock.order',
          expected: `${peer}, whose request everyone has answered, to be served before anyone is served twice`,
          actual: `${observation.peer} is served twice while ${peer} waits`,
          exhibits: exhibitsOf(...frames),
        }
    }
  }
  return undefined
}
