// How a peer begins: start, register, require_all, and what it answers meanwhile. peers.md sections 2 and 5.
import type { Case } from '../../verdict/case.ts'
import type { PeersBench, Played } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { requireSuccess, requireWaiting } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { gate, requireResult } from './procedures/answers.ts'
import { callBy, callsOf, requireArgs, requireCall, requireNone } from './procedures/calls.ts'
import { ownAddress, requireIntroduction, requireJoined, script } from './procedures/joining.ts'
import { join, outside } from './procedures/scene.ts'
import { entriesFor, requireIds, requireServes } from './procedures/standstill.ts'

const ORDER = 'peers.join.order'

const expectCheck = async (
  bench: PeersBench,
  asking: Promise<{ readonly answer: Frame | undefined }>,
  result: readonly [number, string],
  when: string,
): Promise<Frame> => {
  const { answer } = await asking
  bench.requireFrame(answer, { requirement: ORDER, expected: `an answer to check ${when}` })
  const frame = requireResult(bench, answer, result, {
    requirement: 'peers.check.answer',
    to: `check ${when}`,
  })
  bench.evidence(`check ${when}`, frame)
  return frame
}

export const joinOrderCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.join.order/start-calls-nobody',
    role: 'peers.peer',
    title: 'start opens the socket and calls nobody, not even a name service that is there',
    also: ['peers.check.answer', 'peers.control.state'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'check answered with the id -1, no call until join, then register',
    hint: 'Registering belongs to join. Until then you have no id: -1.',
    async run(bench: PeersBench) {
      const { peer, nameService, stranger } = await outside(bench)
      await bench.quiet(callBy(peer), bench.timing.quietMs / 3)
      await expectCheck(bench, stranger.call(peer, 'check', []), [-1, bench.type], 'before join')
      requireNone(bench, callBy(peer), { requirement: ORDER, expected: 'no call before join' })
      const state = await peer.state()
      bench.require(state.id === -1 && state.type === bench.type && state.peers.length === 0, {
        requirement: 'peers.control.state',
        expected: `the id -1, the type ${bench.type} and no peers before join`,
        actual: JSON.stringify(state),
      })
      await requireSuccess(bench, join(peer), ORDER, 'join to succeed')
      bench.evidence(
        'registers at join',
        await requireCall(bench, nameService, 'register', { requirement: ORDER, expected: 'register' }),
      )
    },
  }),
  peersCase({
    id: 'peers.join.order/register-then-require-all',
    role: 'peers.peer',
    title: 'join calls register with type and address, waits for the answer, then calls require_all',
    also: ['peers.address.own', 'peers.call.one'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'one register, no require_all before its answer, one require_all after it',
    hint: 'First register, read the id, then ask who else is there.',
    async run(bench: PeersBench) {
      const { peer, nameService } = await outside(bench)
      const registering = gate({ result: [10, 'a hash'] })
      nameService.on('register', registering.handler)
      nameService.on('require_all', () => ({ result: [[10, ownAddress(peer)]] }))
      const joining = join(peer)
      const register = await requireCall(bench, nameService, 'register', {
        requirement: ORDER,
        expected: 'register',
        args: [bench.type, ownAddress(peer)],
      })
      await bench.quiet(callBy(peer, 'require_all'), bench.timing.quietMs / 3)
      requireNone(bench, callBy(peer, 'require_all'), {
        requirement: ORDER,
        expected: 'no require_all before register is answered',
      })
      requireWaiting(bench, joining, 'peers.join.done', 'join to wait for the answer to register')
      registering.open()
      const requireAll = await requireCall(bench, nameService, 'require_all', {
        requirement: ORDER,
        expected: 'require_all after register',
        args: [bench.type],
      })
      await requireJoined(bench, peer, joining, { id: 10, peers: [] }, 'peers.join.done')
      const calls = callsOf(bench, peer)
      bench.require(calls.length === 2, {
        requirement: ORDER,
        expected: 'one register and one require_all and no other call of a peer that is the first',
        actual: JSON.stringify(calls.map(({ message }) => message?.method)),
        exhibits: calls.map(({ n }) => ({ frame: n })),
      })
      bench.require(register.connection !== requireAll.connection, {
        requirement: 'peers.call.one',
        expected: 'a connection for each call',
        actual: 'register and require_all on one',
      })
      bench.evidence('register', register)
      bench.evidence('require_all after its answer', requireAll)
    },
  }),
  peersCase({
    id: 'peers.join.order/answers-meanwhile',
    role: 'peers.peer',
    title:
      'while register, require_all and register_peer are under way, the peer answers check and register_peer',
    also: ['peers.check.answer', 'peers.call.dispatch', 'peers.join.done', 'peers.list.register'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence:
      'three checks answered during the join, the last two with the own id; a later peer taken into the list',
    hint: 'The name service calls check while you wait for it. Your socket must be served before you register and all the while.',
    async run(bench: PeersBench) {
      const { peer, nameService, lower, stranger } = await outside(bench, { lower: 1 })
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const check = (by: Played, id: number, when: string) =>
        expectCheck(bench, by.call(peer, 'check', []), [id, bench.type], when)
      stranger.id = 12
      const registering = gate({ result: [11, 'a hash'] })
      const listing = gate({
        result: [
          [10, first.addressFor(peer)],
          [11, ownAddress(peer)],
          [12, stranger.addressFor(peer)],
        ],
      })
      const taking = gate()
      nameService.on('register', registering.handler)
      nameService.on('require_all', listing.handler)
      first.on('register_peer', taking.handler)
      const joining = join(peer)
      await requireCall(bench, nameService, 'register', { requirement: ORDER, expected: 'register' })
      await check(nameService, -1, 'while register is under way')
      registering.open()
      await requireCall(bench, nameService, 'require_all', { requirement: ORDER, expected: 'require_all' })
      await check(nameService, 11, 'while require_all is under way')
      await stranger.callFor(peer, 'register_peer', [12, stranger.addressFor(peer)], ORDER)
      listing.open()
      await requireIntroduction(bench, peer, first, 11)
      await check(first, 11, 'while register_peer is under way')
      taking.open()
      await requireJoined(
        bench,
        peer,
        joining,
        { id: 11, peers: entriesFor(peer, [first, stranger]) },
        'peers.join.done',
      )
      await requireIds(bench, peer, 'joined', [12], 'peers.list.register')
      requireNone(bench, (frame) => frame.to === stranger.seat && callBy(peer)(frame), {
        requirement: 'peers.join.lower',
        expected: 'no call at the higher peer 12, which has called here',
      })
    },
  }),
  peersCase({
    id: 'peers.join.order/any-type',
    role: 'peers.peer',
    title: 'the type is any text of up to 100 characters, and travels unchanged',
    also: ['peers.check.answer'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'register, require_all and check with the type of the configuration',
    hint: 'The type is a text. Do not trim it, fold it or use it as the key of a plain object.',
    async run(bench: PeersBench) {
      const nameService = await bench.playNameService()
      for (const type of ['0', '__proto__', ' Zitate: Ä€😀 "x" ', 't'.repeat(100)]) {
        const peer = await bench.peer({ config: { type } })
        const joining = join(peer)
        const register = await requireCall(bench, nameService, 'register', {
          requirement: ORDER,
          expected: 'register',
          args: [type, ownAddress(peer)],
        })
        await requireCall(bench, nameService, 'require_all', {
          requirement: ORDER,
          expected: 'require_all',
          args: [type],
        })
        const { id } = await requireSuccess(bench, joining, ORDER, 'join to succeed')
        await expectCheck(bench, nameService.call(peer, 'check', []), [id, type], `of the type ${type}`)
        bench.evidence(`registers as ${type}`, register)
      }
    },
  }),
  peersCase({
    id: 'peers.check.answer/ids',
    role: 'peers.peer',
    title: 'check gives the id of the name service, 0 included, and the type, before and after join',
    also: ['peers.join.order', 'peers.control.state'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'the pair before join and after it, for the ids 0, 7 and 2^53-1',
    hint: '0 is an id like any other: do not test ids for truth. -1 stands for none.',
    async run(bench: PeersBench) {
      const { nameService, stranger } = await outside(bench)
      for (const id of [0, 7, Number.MAX_SAFE_INTEGER]) {
        const peer = await bench.peer()
        script(nameService, { id, all: [[id, ownAddress(peer)]] })
        await expectCheck(bench, stranger.call(peer, 'check', []), [-1, bench.type], 'before join')
        await requireJoined(bench, peer, join(peer), { id, peers: [] }, 'peers.join.done')
        await expectCheck(bench, stranger.call(peer, 'check', []), [id, bench.type], `as peer ${id}`)
      }
    },
  }),
  peersCase({
    id: 'peers.address.own/default',
    role: 'peers.peer',
    title: 'without advertise a peer gives the host and the port on which it listens',
    also: ['peers.join.order', 'peers.join.lower'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'register and register_peer with host and listenPort of the configuration',
    hint: 'The default of advertise is [host, listenPort], not what the socket says of itself.',
    async run(bench: PeersBench) {
      const { peer, nameService, lower } = await outside(bench, {
        lower: 1,
        config: { advertise: undefined },
      })
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const listening = ['127.0.0.1', peer.listenPort]
      const joining = join(peer)
      const register = await requireCall(bench, nameService, 'register', {
        requirement: 'peers.address.own',
        expected: 'register',
        args: [bench.type, listening],
      })
      await requireCall(bench, first, 'register_peer', {
        requirement: 'peers.address.own',
        expected: 'register_peer at the lower peer',
        args: [11, listening],
      })
      await requireSuccess(bench, joining, ORDER, 'join to succeed')
      bench.evidence('registers where it listens', register)
    },
  }),
  peersCase({
    id: 'peers.address.own/advertised',
    role: 'peers.peer',
    title: 'what a peer gives as its address is advertise of its configuration, to the letter',
    also: ['peers.join.order', 'peers.join.lower', 'peers.address.given'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'register and register_peer with the advertised host and port',
    hint: 'Pass advertise on as it is: no look-up of the name, no port of your own socket.',
    async run(bench: PeersBench) {
      const nameService = await bench.playNameService()
      const lower = await bench.playPeer()
      nameService.nextId = 10
      nameService.enter(lower)
      for (const advertise of [
        ['peer.example', 7],
        ['localhost', 65_535],
        ['203.0.113.9', 40_001],
        ['::1', 40_002],
        ['UPPER.example.', 40_003],
      ] as const) {
        const peer = await bench.peer({ config: { advertise } })
        script(nameService, {
          id: 11,
          all: [
            [10, lower.addressFor(peer)],
            [11, [...advertise]],
          ],
        })
        const joining = join(peer)
        const register = await requireCall(bench, nameService, 'register', {
          requirement: 'peers.address.own',
          expected: 'register',
          args: [bench.type, advertise],
        })
        const introduction = await requireCall(bench, lower, 'register_peer', {
          requirement: 'peers.address.own',
          expected: 'register_peer at the lower peer',
          args: [11, advertise],
        })
        await requireJoined(
          bench,
          peer,
          joining,
          { id: 11, peers: entriesFor(peer, [lower]) },
          'peers.join.lower',
        )
        bench.evidence(`registers at ${advertise.join(':')}`, register)
        bench.evidence(`introduces itself as ${advertise.join(':')}`, introduction)
      }
    },
  }),
  peersCase({
    id: 'common.address.config/peer',
    role: 'peers.peer',
    title: 'the name service is where the configuration says, by name too',
    also: ['peers.address.given', 'peers.join.order', 'peers.address.own'],
    stage: stage.join,
    observes: ['wire', 'control'],
    evidence: 'register at the configured address, although it is given as localhost',
    hint: 'Take host and port of the name service from the configuration; a host may be a name.',
    async run(bench: PeersBench) {
      const nameService = await bench.playNameService()
      const peer = await bench.peer()
      // The same seat again, whose view of the addresses stays: only the host is written in another way.
      const [, port] = peer.addressFor(nameService.seat)
      await peer.stop()
      const again = await bench.peer({ seat: peer.seat, config: { nameService: ['localhost', port] } })
      const joining = join(again)
      const register = await requireCall(bench, nameService, 'register', {
        requirement: 'common.address.config',
        expected: 'register at the name service of the configuration',
      })
      requireArgs(bench, register, [bench.type, ownAddress(again)], {
        requirement: 'peers.address.own',
        expected: 'register with the own type and address',
      })
      await requireSuccess(bench, joining, ORDER, 'join to succeed')
      bench.evidence('registers at localhost', register)
      await requireServes(bench, nameService, again, 'common.address.config')
    },
  }),
]
