// What a token carries (peers.md section 7): a time for its sender and for each peer of the sender's list. The times of others are
// those with which it came, the sender's own has grown when it held the lock.
//
// A peer that is joining may not know everybody yet, and drops the times of those whom it does not know. So only peers whose
// joins were over before the token came are judged strictly.
import {
  Deliveries,
  type Finding,
  type History,
  Membership,
  type Times,
  type TokenSent,
} from './peers-history.ts'

export function judgeTokenTimes(history: History): readonly Finding[] {
  const reader = new TimesReader()
  for (const observation of history) {
    const finding = reader.read(observation)
    if (finding !== undefined) return [finding]
  }
  return []
}

class TimesReader {
  private readonly members = new Membership()
  private readonly deliveries = new Deliveries()
  /** Who had joined when a token was sent, by its frame. */
  private readonly joinedAt = new Map<number, ReadonlySet<number>>()
  /**
   * Who had joined when a peer was last known to have the token and not to have passed it on: when it came, or when the lock was
   * released. What is passed on was decided after that, but maybe long before the call was seen: a connection has to be opened.
   */
  private readonly joinedBefore = new Map<number, ReadonlySet<number>>()
  /** The least own time of peers that were told to release since a token came to them. */
  private readonly leastOwn = new Map<number, number>()
  private readonly asked = new Map<number, number>()

  read(observation: History[number]): Finding | undefined {
    this.members.read(observation)
    let finding: Finding | undefined
    if (observation.what === 'asked') this.asked.set(observation.by, observation.time)
    else if (observation.what === 'releasing') {
      const { peer } = observation
      const came = this.cameWith(this.deliveries.to(peer), peer)
      this.leastOwn.set(peer, Math.max(this.asked.get(peer) ?? 0, came + 1))
      this.note(peer)
    } else if (observation.what === 'joined') {
      this.note(observation.peer)
    } else if (observation.what === 'token-sent') {
      finding = this.judge(observation)
      this.joinedAt.set(observation.frame, new Set(this.members.joined))
      this.note(observation.to)
      this.leastOwn.delete(observation.to)
    }
    this.deliveries.read(observation)
    return finding
  }

  /** A peer that has not joined itself need not know anybody. */
  private note(peer: number): void {
    const { joined } = this.members
    if (joined.has(peer)) this.joinedBefore.set(peer, new Set(joined))
  }

  private cameWith(token: TokenSent | undefined, id: number): number {
    return token?.times.find(([other]) => other === id)?.[1] ?? 0
  }

  private judge({ by, times, frame }: TokenSent): Finding | undefined {
    const fail = (expected: string, actual: string): Finding => ({
      requirement: 'peers.lock.token',
      expected,
      actual,
      exhibits: [{ frame, at: '/args/0' }],
    })
    const carried = new Map(times)
    if (carried.size !== times.length) return fail('one pair for each id', inWords(times))
    const missing = this.mustKnow(by).find((id) => !carried.has(id))
    if (missing !== undefined)
      return fail(
        `a time for ${missing === by ? 'the sender' : 'the present peer'} ${missing}`,
        inWords(times),
      )
    const token = this.deliveries.to(by)
    const least = this.leastOwn.get(by) ?? 0
    const own = carried.get(by) ?? 0
    if (own < least) return fail(`the own time of ${by} to be at least ${least} after its release`, `${own}`)
    for (const [id, time] of carried) {
      const allowed = id === by ? undefined : this.timesOf(by, id, token)
      if (allowed !== undefined && !allowed.includes(time))
        return fail(`the time of ${id} to be ${allowed.join(' or ')}, as it came to ${by}`, `${time}`)
    }
    return undefined
  }

  /** Peers that must be in a token of this sender: itself, and those that have joined as it has. */
  private mustKnow(by: number): readonly number[] {
    const others = [...(this.joinedBefore.get(by) ?? [])]
    return [by, ...others.filter((id) => id !== by && !this.members.leaving.has(id))]
  }

  /** The times that a sender may tell of another peer. */
  private timesOf(by: number, id: number, token: TokenSent | undefined): readonly number[] {
    const came = this.cameWith(token, id)
    const joined = token && this.joinedAt.get(token.frame)
    const knewIt = joined?.has(id) === true && joined.has(by)
    return knewIt || came === 0 ? [came] : [came, 0]
  }
}

const inWords = (times: Times): string => JSON.stringify(times)
