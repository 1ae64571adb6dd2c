// A name service that fails a newcomer: the join fails too, leaves nothing behind, and may be tried again. peers.md section 5.
import type { Case } from '../../verdict/case.ts'
import type { Answer, PeersBench, PlayedNameService } from '../../verdict/peers-bench.ts'
import { requireFailure } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { failure, nothing } from './procedures/answers.ts'
import { callBy, callsOf, requireCall, requireNone } from './procedures/calls.ts'
import { ownAddress, requireIntroduction, requireJoined, script } from './procedures/joining.ts'
import { join, type Outside, outside } from './procedures/scene.ts'
import { entriesFor, requireSameState, requireServes } from './procedures/standstill.ts'

const REFUSED = 'peers.join.refused'

interface Failure {
  readonly what: string
  readonly answer: Answer
  readonly code: string
}

const bad = (what: string, result: unknown): Failure => ({ what, answer: { result }, code: 'bad-answer' })

/** A name service that works: the newcomer gets the id 11, and 10 is there. */
const mend = (nameService: PlayedNameService, { peer, lower }: Outside): void => {
  const [first] = lower
  if (first === undefined) throw new Error('no lower peer')
  script(nameService, {
    id: 11,
    hash: 'second try',
    all: [
      [10, first.addressFor(peer)],
      [11, ownAddress(peer)],
    ],
  })
}

/** The join fails, the peer is as before, and has told nobody. */
async function requireFailed(
  bench: PeersBench,
  scene: Outside,
  { what, code }: { readonly what: string; readonly code: string },
): Promise<void> {
  const { peer, stranger } = scene
  const before = await peer.state()
  await requireFailure(bench, join(peer), [code], REFUSED, `when ${what}`)
  await requireSameState(bench, peer, before, REFUSED, `a join that failed because ${what}`)
  requireNone(bench, callBy(peer, 'register_peer'), {
    requirement: REFUSED,
    expected: `no peer called when ${what}`,
  })
  await requireServes(bench, stranger, peer, REFUSED)
}

/** A further join succeeds. */
async function requireRetry(bench: PeersBench, scene: Outside): Promise<void> {
  const { peer, lower, nameService } = scene
  const [first] = lower
  if (first === undefined) throw new Error('no lower peer')
  nameService.listening = true
  mend(nameService, scene)
  const joining = join(peer)
  bench.evidence('tried again', await requireIntroduction(bench, peer, first, 11, REFUSED))
  await requireJoined(bench, peer, joining, { id: 11, peers: entriesFor(peer, [first]) }, REFUSED)
}

const failing = (
  slug: string,
  title: string,
  method: 'register' | 'require_all',
  failures: readonly Failure[],
  hint: string,
): Case<'peers'> =>
  peersCase({
    id: `peers.join.refused/${slug}`,
    role: 'peers.peer',
    title,
    also: ['peers.join.order', 'peers.join.done', 'peers.call.presence'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the error of join for each answer, the state as before, then a join that succeeds',
    hint,
    async run(bench: PeersBench) {
      const isWaitedFor = failures.some(({ answer }) => answer === 'silent')
      const scene = await outside(bench, {
        lower: 1,
        ...(isWaitedFor && { config: { callTimeoutMs: bench.timing.callTimeoutMs } }),
      })
      const { nameService, peer } = scene
      for (const [i, failing] of failures.entries()) {
        mend(nameService, scene)
        if (method === 'require_all') nameService.on('register', () => ({ result: [100 + i, `hash ${i}`] }))
        nameService.on(method, () => failing.answer)
        await requireFailed(bench, scene, {
          what: `${method} is answered with ${failing.what}`,
          code: failing.code,
        })
        if (method === 'register') {
          requireNone(
            bench,
            (frame) => callBy(peer, 'require_all')(frame) || callBy(peer, 'unregister')(frame),
            {
              requirement: REFUSED,
              expected: 'no require_all and no unregister of a peer that has no id',
            },
          )
        } else {
          const undone = await requireCall(bench, nameService, 'unregister', {
            requirement: REFUSED,
            expected: 'unregister of the id that the failed join was given',
            args: [100 + i, bench.type, `hash ${i}`],
          })
          bench.evidence(`unregisters ${100 + i}`, undone)
        }
      }
      await requireRetry(bench, scene)
    },
  })

const common: readonly Failure[] = [
  { what: 'an error', answer: failure('BusyError', 'full'), code: 'refused' },
  { what: 'an error without arguments', answer: failure('Exception'), code: 'refused' },
  { what: 'nothing: it closes', answer: 'close', code: 'unreachable' },
  { what: 'nothing: it resets', answer: 'reset', code: 'unreachable' },
  { what: 'no answer at all', answer: 'silent', code: 'timeout' },
  { what: 'a line that is no answer', answer: { raw: 'welcome\n' }, code: 'bad-answer' },
  {
    what: 'both keys',
    answer: { raw: '{"result":[1,"h"],"error":{"name":"E","args":[]}}\n' },
    code: 'bad-answer',
  },
]

export const joinRefusedCases: readonly Case<'peers'>[] = [
  failing(
    'register',
    'register fails: by an error, silence, the end of the connection, or no answer',
    'register',
    common,
    'Report what went wrong as the error of join, stay without an id, and let join be called again.',
  ),
  failing(
    'register-results',
    'register is answered with a result that is no pair of id and hash',
    'register',
    [
      bad('null', null),
      bad('an empty list', []),
      bad('an id alone', [1]),
      bad('an id that is no number', ['1', 'hash']),
      bad('an id with a fraction', [1.5, 'hash']),
      bad('an id below 0', [-1, 'hash']),
      bad('true as id', [true, 'hash']),
      bad('a hash that is no text', [1, 5]),
      bad('an empty hash', [1, '']),
      bad('three values', [1, 'hash', 2]),
      bad('an object', { id: 1, hash: 'hash' }),
      bad('a text', '1,hash'),
    ],
    'Check the types of what comes before you keep it.',
  ),
  failing(
    'require-all',
    'require_all fails after register has succeeded: the peer unregisters again',
    'require_all',
    common,
    'You have an id by then: call unregister with it before join fails, or the name service lists a peer that nobody knows.',
  ),
  failing(
    'require-all-results',
    'require_all is answered with a result that is no list of ids and addresses',
    'require_all',
    [
      bad('null', null),
      bad('a text', 'nobody'),
      bad('an object', { '10': ['127.0.0.1', 7000] }),
      bad('a list of ids', [10]),
      bad('an entry without address', [[10]]),
      bad('an entry with an id that is a text', [['10', ['127.0.0.1', 7000]]]),
      bad('an entry with a text for an address', [[10, '127.0.0.1:7000']]),
      bad('an entry with a port that is a text', [[10, ['127.0.0.1', '7000']]]),
      bad('an entry with port 0', [[10, ['127.0.0.1', 0]]]),
      bad('a right entry and a wrong one', [[10, ['127.0.0.1', 7000]], null]),
    ],
    'Check the whole answer before you call the first peer.',
  ),
  peersCase({
    id: 'peers.join.refused/unreachable',
    role: 'peers.peer',
    title: 'a name service that refuses connections: join fails with unreachable, and works when it is back',
    also: ['peers.call.survive', 'peers.join.order'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'unreachable twice, the state as before, then a join that succeeds',
    hint: 'Catch the error of connect().',
    async run(bench: PeersBench) {
      const scene = await outside(bench, { lower: 1 })
      scene.nameService.listening = false
      for (let i = 0; i < 2; i += 1)
        await requireFailed(bench, scene, { what: 'nobody listens there', code: 'unreachable' })
      await requireRetry(bench, scene)
    },
  }),
  peersCase({
    id: 'peers.join.refused/id-is-given-back',
    role: 'peers.peer',
    title: 'a join that fails after a later peer has come here leaves in order: the later peer is told',
    also: ['peers.leave.order', 'peers.leave.dead'],
    stage: stage.leave,
    observes: ['wire', 'control'],
    evidence: 'unregister, then unregister_peer at the peer that had come meanwhile, then the error of join',
    hint: 'A join that fails with an id leaves as stop does, but keeps the socket.',
    async run(bench: PeersBench) {
      const scene = await outside(bench, { lower: 1 })
      const { peer, nameService, stranger } = scene
      stranger.id = 12
      nameService.on('register', () => ({ result: [11, 'a hash'] }))
      nameService.on('unregister', () => nothing)
      nameService.on('require_all', async () => {
        await stranger.callFor(peer, 'register_peer', [12, stranger.addressFor(peer)], 'peers.join.order')
        return failure('Exception', 'no')
      })
      await requireFailure(bench, join(peer), ['refused'], REFUSED, 'when require_all is refused')
      const unregister = await requireCall(bench, nameService, 'unregister', {
        requirement: REFUSED,
        expected: 'unregister',
        args: [11, bench.type, 'a hash'],
      })
      const farewell = await requireCall(bench, stranger, 'unregister_peer', {
        requirement: REFUSED,
        expected: 'unregister_peer at the later peer, in whose list this one may be',
        args: [11],
      })
      bench.require(unregister.n < farewell.n, {
        requirement: 'peers.leave.order',
        expected: 'unregister before unregister_peer',
        actual: 'the other way round',
        exhibits: [{ frame: farewell.n }, { frame: unregister.n }],
      })
      const { id } = await peer.state()
      bench.require(id === -1 && callsOf(bench, peer, 'register_peer').length === 0, {
        requirement: REFUSED,
        expected: 'a peer without id that has introduced itself to nobody',
        actual: JSON.stringify(await peer.state()),
      })
      bench.evidence('told the later peer', farewell)
    },
  }),
]
