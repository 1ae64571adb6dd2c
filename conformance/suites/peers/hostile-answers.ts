// Servers that answer with rubbish: the call fails, and the caller lives on. peers.md section 1, common.md section 4.
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import { breakBytes, objectOf, onOneLine, pick, type Random } from '../broken-bytes.ts'
import { begun, requireFailure, requireSuccess } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { callsOf, requireCall } from './procedures/calls.ts'
import { join, outside } from './procedures/scene.ts'
import { requireSameState, requireServes } from './procedures/standstill.ts'

const SURVIVE = 'peers.call.survive'

const validAnswers = [
  '{"result":null}',
  '{"result":[[1,["127.0.0.1",7000]]]}',
  '{"result":[12,"0123456789abcdef"]}',
  '{"error":{"name":"Exception","args":["No peer with id: \'7\'"]}}',
  '{"error":{"name":"ValueError","args":[]}}',
] as const

/** Whether a caller has to take these bytes for no answer. */
function isBroken(bytes: Uint8Array): boolean {
  const answer = objectOf(bytes)
  if (answer === undefined) return true
  const hasError = Object.hasOwn(answer, 'error')
  if (hasError === Object.hasOwn(answer, 'result')) return true
  if (!hasError) return false
  const { error } = answer
  if (typeof error !== 'object' || error === null) return true
  const { name, args } = error as { readonly name?: unknown; readonly args?: unknown }
  return typeof name !== 'string' || !Array.isArray(args)
}

/** A line that is no answer, without its LF. */
function brokenAnswer(random: Random): Uint8Array {
  for (;;) {
    let bytes: Uint8Array = Buffer.from(pick(random, validAnswers))
    for (let faults = 1 + Math.floor(random() * 3); faults > 0 && bytes.length > 0; faults -= 1)
      bytes = breakBytes(random, bytes)
    bytes = onOneLine(bytes)
    if (isBroken(bytes)) return bytes
  }
}

export const hostileAnswersCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.call.survive/random-answers',
    role: 'peers.peer',
    title: '200 random broken answers, and lists that open 100,000 times and never close',
    also: ['peers.call.presence', 'peers.control.call', 'common.robust.hostile'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'bad-answer for each of them, the same state, and a call that works after them all',
    hint: 'The seed repeats the same answers. Catch whatever the JSON parser throws, too deep a recursion as well.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const before = await peer.state()
      const call = (method: string) =>
        begun(peer.command('call', { address: stranger.addressFor(peer), method, args: [] }))
      const answers = [
        ...Array.from({ length: 200 }, () => brokenAnswer(() => bench.random())),
        Buffer.from('['.repeat(100_000)),
        Buffer.from(`{"result":${'{"a":'.repeat(100_000)}`),
        Buffer.alloc(100_000, 0),
      ]
      for (const answer of answers) {
        stranger.on('give', () => ({ raw: Buffer.concat([answer, Buffer.from('\n')]) }))
        const text = Buffer.from(answer).toString().slice(0, 200)
        await requireFailure(bench, call('give'), ['bad-answer'], SURVIVE, `when the answer is ${text}`)
      }
      stranger.on('give', () => ({ result: 'well' }))
      const result = await requireSuccess(bench, call('give'), SURVIVE, 'a call after them to succeed')
      bench.require('result' in result && result.result === 'well', {
        requirement: SURVIVE,
        expected: 'the result of that call',
        actual: JSON.stringify(result),
      })
      await requireSameState(bench, peer, before, SURVIVE, 'broken answers')
      bench.evidence('serves after them', await requireServes(bench, stranger, peer, SURVIVE))
    },
  }),
  peersCase({
    id: 'peers.call.survive/rubbish-at-join',
    role: 'peers.peer',
    title: 'a name service and lower peers that answer with rubbish, twenty joins long',
    also: ['peers.join.refused', 'peers.join.dead', 'common.robust.hostile'],
    stage: stage.faults,
    observes: ['wire', 'control'],
    evidence: 'bad-answer for each join, then one that succeeds although its lower peer answers with rubbish',
    hint: 'Whoever you call may be broken: a join fails or goes on without it.',
    async run(bench: PeersBench) {
      const { peer, nameService, lower } = await outside(bench, { lower: 1 })
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const rubbish = () => ({ raw: Buffer.concat([brokenAnswer(() => bench.random()), Buffer.from('\n')]) })
      first.on('register_peer', rubbish)
      for (let i = 0; i < 20; i += 1) {
        const method = i % 2 === 0 ? 'register' : 'require_all'
        nameService.on('register', () => ({ result: [100 + i, 'a hash'] }))
        nameService.on(method, rubbish)
        await requireFailure(
          bench,
          join(peer),
          ['bad-answer'],
          'peers.join.refused',
          `after rubbish for ${method}`,
        )
      }
      nameService.on('register', () => ({ result: [200, 'a hash'] }))
      nameService.on('require_all', () => ({ result: [[10, first.addressFor(peer)]] }))
      const { id, peers } = await requireSuccess(bench, join(peer), SURVIVE, 'join to succeed at last')
      bench.require(id === 200 && peers.length === 0 && callsOf(bench, peer, 'register_peer').length === 1, {
        requirement: 'peers.join.dead',
        expected: 'the id 200 and an empty list: the lower peer answers with rubbish',
        actual: JSON.stringify({ id, peers }),
      })
      const told = await requireCall(bench, first, 'register_peer', {
        requirement: 'peers.join.lower',
        expected: 'register_peer',
      })
      bench.evidence('joined at last', told)
      await requireServes(bench, first, peer, SURVIVE)
    },
  }),
]
