// The oracle against histories of a model of the lock that is as dumb as can be: peers of which all have joined, and messages that
// arrive in any order. The right model must be found right, and each wrong one must be found wrong for its reason.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeLock } from './peers.ts'
import type { History, Observation, Times } from './peers-history.ts'
import {
  judgeExclusion,
  judgeLiveness,
  judgeOrder,
  judgeTurns,
  nextInOrder,
  passOrder,
} from './peers-lock.ts'
import { judgeToken } from './peers-token.ts'
import { judgeTokenTimes } from './peers-token-times.ts'

type Flaw =
  | 'smallest-first'
  | 'grants-while-held'
  | 'keeps-token'
  | 'writes-no-time'
  | 'writes-others'
  | 'forgets-one'

interface Peer {
  clock: number
  state: 'none' | 'present' | 'held'
  waits: boolean
  requests: Map<number, number>
  token: Map<number, number>
}

type Message =
  | { kind: 'request'; from: number; to: number; time: number; frame: number }
  | { kind: 'token'; from: number; to: number; times: Times; frame: number }

class Model {
  readonly history: Observation[] = []
  private readonly peers = new Map<number, Peer>()
  private readonly messages: Message[] = []
  private frame = 0
  private readonly ids: readonly number[]
  private readonly flaw: Flaw | undefined

  constructor(ids: readonly number[], flaw?: Flaw) {
    this.ids = ids
    this.flaw = flaw
    for (const id of ids) {
      this.peers.set(id, {
        clock: 0,
        state: id === Math.min(...ids) ? 'present' : 'none',
        waits: false,
        requests: new Map(),
        token: new Map(ids.map((other) => [other, 0])),
      })
      this.history.push({ what: 'joined', peer: id })
    }
  }

  private peer(id: number): Peer {
    const peer = this.peers.get(id)
    if (peer === undefined) throw new Error(`no peer ${id}`)
    return peer
  }

  /** One step of what is possible, chosen by a number. */
  step(choice: number, mayAcquire: boolean): boolean {
    const steps: (() => void)[] = []
    for (const id of this.ids) {
      const { state, waits } = this.peer(id)
      if (state === 'held') steps.push(() => this.release(id))
      else if (mayAcquire && !waits) steps.push(() => this.acquire(id))
    }
    for (const message of this.messages) steps.push(() => this.deliver(message))
    steps[choice % Math.max(1, steps.length)]?.()
    return steps.length > 0
  }

  private acquire(id: number): void {
    const peer = this.peer(id)
    this.history.push({ what: 'acquiring', peer: id })
    peer.clock += 1
    if (peer.state === 'present') {
      this.hold(id)
      return
    }
    peer.waits = true
    for (const to of this.ids) {
      if (to === id) continue
      this.frame += 1
      this.history.push({ what: 'asked', by: id, of: to, time: peer.clock, frame: this.frame })
      this.messages.push({ kind: 'request', from: id, to, time: peer.clock, frame: this.frame })
    }
  }

  private hold(id: number): void {
    const peer = this.peer(id)
    peer.state = 'held'
    peer.waits = false
    this.history.push({ what: 'held', peer: id })
  }

  private release(id: number): void {
    const peer = this.peer(id)
    this.history.push({ what: 'releasing', peer: id })
    if (this.flaw !== 'writes-no-time') peer.token.set(id, peer.clock)
    peer.state = 'present'
    this.passOn(id)
  }

  private passOn(id: number): void {
    const peer = this.peer(id)
    const unserved = this.ids.filter(
      (other) => (peer.requests.get(other) ?? 0) > (peer.token.get(other) ?? 0),
    )
    const above = unserved.filter((other) => other > id)
    const next = (this.flaw !== 'smallest-first' && above.length > 0 ? above : unserved).toSorted(
      (a, b) => a - b,
    )[0]
    if (next === undefined) return
    if (this.flaw !== 'keeps-token') peer.state = 'none'
    if (this.flaw === 'writes-others') peer.token.set(next, (peer.token.get(next) ?? 0) + 1)
    this.frame += 1
    const times = [...peer.token]
    this.history.push({ what: 'token-sent', by: id, to: next, times, frame: this.frame })
    this.messages.push({ kind: 'token', from: id, to: next, times, frame: this.frame })
  }

  private deliver(message: Message): void {
    this.messages.splice(this.messages.indexOf(message), 1)
    const { from, to, frame: call } = message
    const peer = this.peer(to)
    this.frame += 1
    if (message.kind === 'request') {
      const { time } = message
      this.history.push({ what: 'ask-answered', by: from, of: to, time, frame: this.frame })
      if (this.flaw === 'forgets-one' && to === this.ids[0]) return
      peer.requests.set(from, Math.max(time, peer.requests.get(from) ?? 0))
      if (peer.state === 'present' || (this.flaw === 'grants-while-held' && peer.state === 'held'))
        this.passOn(to)
      return
    }
    this.history.push({ what: 'token-taken', call, frame: this.frame })
    peer.token = new Map(message.times)
    peer.state = 'present'
    if (peer.waits) this.hold(to)
    else {
      peer.token.set(to, peer.clock)
      this.passOn(to)
    }
  }
}

/** Random steps, then no more acquires until nothing is left to do; a flaw may go on for ever, so that ends too. */
const run = (ids: readonly number[], choices: readonly number[], flaw?: Flaw): History => {
  const model = new Model(ids, flaw)
  for (const choice of choices) model.step(choice, true)
  for (let i = 0; i < 500 && model.step(choices[i % choices.length] ?? 0, false); i += 1);
  return model.history
}

const idLists = fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { minLength: 2, maxLength: 5 })
const choiceLists = fc.array(fc.nat(), { minLength: 20, maxLength: 120 })

describe('a model of the lock', () => {
  test('that is right has histories that are', () => {
    fc.assert(
      fc.property(idLists, choiceLists, (ids, choices) => {
        expect(judgeLock(run(ids, choices))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  test.each<[Flaw, (history: History) => readonly { requirement: string }[], string]>([
    ['smallest-first', judgeOrder, 'peers.lock.order'],
    ['smallest-first', judgeTurns, 'peers.lock.order'],
    ['grants-while-held', judgeExclusion, 'peers.lock.one'],
    ['keeps-token', (history) => judgeToken(history).findings, 'peers.lock.one'],
    ['writes-no-time', judgeTokenTimes, 'peers.lock.token'],
    ['writes-others', judgeTokenTimes, 'peers.lock.token'],
    ['forgets-one', judgeLiveness, 'peers.lock.live'],
  ])('that %s is found out (%o: %s)', (flaw, judge, requirement) => {
    const findings = fc
      .sample(fc.tuple(idLists, choiceLists), { numRuns: 300, seed: 1 })
      .flatMap(([ids, choices]) => judge(run(ids, choices, flaw)))
    expect(findings.length).toBeGreaterThan(0)
    expect(new Set(findings.map((finding) => finding.requirement))).toEqual(new Set([requirement]))
  })
})

describe('the order of passing', () => {
  test('goes up from the own id and round', () => {
    expect(passOrder(5, [1, 9, 5, 3, 7])).toEqual([7, 9, 1, 3])
    expect(passOrder(9, [9, 1])).toEqual([1])
  })

  test('takes the first that is unserved', () => {
    const requests = new Map([
      [1, 4],
      [7, 2],
      [9, 2],
    ])
    expect(nextInOrder(5, [1, 5, 7, 9], requests, new Map([[7, 2]]))).toBe(9)
    expect(nextInOrder(5, [1, 5, 7], requests, new Map([[7, 2]]))).toBe(1)
    expect(nextInOrder(5, [5, 7], requests, new Map([[7, 3]]))).toBeUndefined()
  })
})

const joined = (...peers: readonly number[]): History => peers.map((peer) => ({ what: 'joined', peer }))
const sent = (by: number, to: number, frame: number, times: Times = []): Observation => ({
  what: 'token-sent',
  by,
  to,
  times,
  frame,
})

describe('where the token is', () => {
  const tokenOf = (...history: History) => judgeToken([...joined(1, 2, 3), ...history])

  test('stays with the sender when the call is refused', () => {
    const refused: History = [sent(1, 2, 10), { what: 'token-refused', call: 10, frame: 11 }]
    expect(tokenOf(...refused)).toEqual({ findings: [], holder: 1 })
    expect(tokenOf(...refused, sent(1, 3, 12), { what: 'token-taken', call: 12, frame: 13 }).holder).toBe(3)
  })

  test('passes with the answer, or with the first use before it', () => {
    const history: History = [
      sent(1, 2, 10),
      { what: 'held', peer: 2 },
      { what: 'token-taken', call: 10, frame: 12 },
    ]
    expect(tokenOf(...history)).toEqual({ findings: [], holder: 2 })
  })

  test('is never sent twice', () => {
    expect(tokenOf(sent(1, 2, 10), sent(1, 3, 11)).findings[0]).toMatchObject({
      requirement: 'peers.lock.one',
      exhibits: [{ frame: 10 }, { frame: 11 }],
    })
  })

  test('is sent again when the receiver has ended', () => {
    expect(tokenOf(sent(1, 2, 10), { what: 'killed', peer: 2 }, sent(1, 3, 11)).findings).toEqual([])
    expect(tokenOf({ what: 'killed', peer: 2 }, sent(1, 2, 10), sent(1, 3, 11)).findings).toEqual([])
  })

  test('can not be refused and used', () => {
    const history: History = [sent(1, 2, 10), sent(2, 3, 11), { what: 'token-refused', call: 10, frame: 12 }]
    expect(tokenOf(...history).findings[0]).toMatchObject({ exhibits: [{ frame: 10 }, { frame: 12 }] })
  })

  test('is needed for a write', () => {
    const taken: History = [sent(1, 2, 10), { what: 'token-taken', call: 10, frame: 11 }]
    expect(tokenOf(...taken, { what: 'copied', by: 2, frame: 12 }).findings).toEqual([])
    expect(tokenOf(...taken, { what: 'copied', by: 3, frame: 12 }).findings[0]?.requirement).toBe(
      'peers.database.write',
    )
  })

  test('is not taken along', () => {
    const left: History = [
      { what: 'held', peer: 1 },
      { what: 'leaving', peer: 1 },
      { what: 'left', peer: 1 },
    ]
    expect(tokenOf(...left).findings[0]?.requirement).toBe('peers.lock.leave')
    expect(judgeToken([...joined(1), ...left]).findings).toEqual([])
  })
})

describe('what a token carries', () => {
  const timesOf = (...history: History) => judgeTokenTimes([...joined(1, 2), ...history])[0]?.expected

  test('every peer that has joined, once', () => {
    const released: History = [
      { what: 'held', peer: 1 },
      { what: 'releasing', peer: 1 },
    ]
    expect(timesOf(...released, sent(1, 2, 10, [[1, 1]]))).toContain('present peer 2')
    expect(timesOf(sent(1, 2, 10, [[2, 0]]))).toContain('the sender 1')
    expect(
      timesOf(
        sent(1, 2, 10, [
          [1, 0],
          [2, 0],
          [2, 1],
        ]),
      ),
    ).toContain('one pair')
    expect(timesOf(...released, { what: 'leaving', peer: 2 }, sent(1, 2, 10, [[1, 1]]))).toBeUndefined()
  })

  test('not a peer that has joined since the token could be passed on', () => {
    const both: Times = [
      [1, 0],
      [2, 0],
    ]
    const late: Observation = { what: 'joined', peer: 3 }
    const releasing: History = [
      { what: 'held', peer: 1 },
      { what: 'releasing', peer: 1 },
    ]
    const one: Times = [
      [1, 1],
      [2, 0],
    ]
    expect(timesOf(late, sent(1, 2, 10, both))).toBeUndefined()
    expect(timesOf(...releasing, late, sent(1, 2, 10, one))).toBeUndefined()
    expect(timesOf(late, ...releasing, sent(1, 2, 10, one))).toContain('present peer 3')
    const came: History = [sent(1, 2, 10, both), { what: 'token-taken', call: 10, frame: 11 }]
    expect(timesOf(...came, late, sent(2, 1, 12, both))).toBeUndefined()
    expect(timesOf(late, ...came, sent(2, 1, 12, both))).toContain('present peer 3')
  })

  test('what it came with, unless the peer was new', () => {
    const came: History = [
      { what: 'held', peer: 1 },
      { what: 'releasing', peer: 1 },
      sent(1, 7, 10, [
        [1, 3],
        [2, 0],
      ]),
      { what: 'held', peer: 7 },
      { what: 'releasing', peer: 7 },
      sent(7, 2, 12, [
        [7, 1],
        [1, 3],
      ]),
      { what: 'token-taken', call: 12, frame: 13 },
      { what: 'joined', peer: 7 },
    ]
    const on = (one: number, seven: number): Observation =>
      sent(2, 1, 14, [
        [1, one],
        [2, 0],
        [7, seven],
      ])
    expect(timesOf(...came, on(3, 1))).toBeUndefined()
    expect(timesOf(...came, on(3, 0))).toBeUndefined()
    expect(timesOf(...came, on(2, 1))).toContain('the time of 1 to be 3')
  })

  test('a higher own time after a release', () => {
    const released: History = [
      { what: 'held', peer: 1 },
      { what: 'releasing', peer: 1 },
    ]
    const on = (own: number): Observation =>
      sent(1, 2, 10, [
        [1, own],
        [2, 0],
      ])
    expect(timesOf(...released, on(1))).toBeUndefined()
    expect(timesOf(...released, on(0))).toContain('at least 1')
    expect(timesOf({ what: 'asked', by: 1, of: 2, time: 6, frame: 3 }, ...released, on(5))).toContain(
      'at least 6',
    )
  })
})
