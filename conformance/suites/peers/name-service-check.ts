// The checks after an unregister: who is asked, who stays, and that nobody waits for them. peers.md section 4.
//
// The name service is of the program, all peers are played. A case that wants to see a round of checks under way keeps one peer
// from answering; the longest timeout that the configuration allows sees to it that the round does not end by itself.
import type { Case } from '../../verdict/case.ts'
import { type Answer, argsOf, type NameServiceNode, type PeersBench } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import { stage } from './define.ts'
import { nameServiceCase } from './name-service-case.ts'
import { failure, gate } from './procedures/answers.ts'
import { requireCall } from './procedures/calls.ts'
import {
  type Enlisted,
  enlist,
  farAddress,
  register,
  requireGone,
  requireInTheEnd,
  requireRegistered,
  unregister,
} from './procedures/registrations.ts'

/** A timeout that does not end within a case. */
const patient = { checkTimeoutMs: 600_000 }

/** A timeout that cases wait for, and within which the harness itself answers many checks at once. */
const hasty = (bench: PeersBench) => ({ checkTimeoutMs: 3 * bench.timing.callTimeoutMs })

const line = (message: unknown): string => `${JSON.stringify(message)}\n`

/** Enlists one peer that leaves later, and those that remain then. */
async function enlistWithLeaver(
  bench: PeersBench,
  node: NameServiceNode,
  count: number,
): Promise<readonly [Enlisted, ...Enlisted[]]> {
  const [leaver, ...remaining] = await enlist(bench, node, count + 1)
  if (leaver === undefined) throw new Error('somebody is enlisted')
  return [leaver, ...remaining]
}

const requireCheck = (bench: PeersBench, { peer, id }: Enlisted, when: string): Promise<Frame> =>
  requireCall(bench, peer, 'check', {
    requirement: 'peers.unregister.check',
    expected: `check at the peer with id ${id} ${when}`,
    args: [],
  })

/** So many calls of `check` have come to this peer, and no more. */
function requireChecks(
  bench: PeersBench,
  { peer, id }: Enlisted,
  count: number,
  requirement: string,
  when: string,
): void {
  const checks = peer.received('check')
  bench.require(checks.length === count, {
    requirement,
    expected: `${count} checks of the peer with id ${id} ${when}`,
    actual: `${checks.length}`,
    exhibits: checks.slice(-1).map((frame) => ({ frame: frame.n })),
  })
}

/** Ways to fail a check, and what the peer does in each. */
const wrongAnswers: readonly (readonly [what: string, fail: (own: Enlisted) => Answer])[] = [
  ['nothing', () => 'silent'],
  ['the end of the connection', () => 'close'],
  ['a reset', () => 'reset'],
  ['an error', () => failure('AttributeError', 'check')],
  ['null', () => ({ result: null })],
  ['false', () => ({ result: false })],
  ['an empty list', () => ({ result: [] })],
  ['its id alone', ({ id }) => ({ result: [id] })],
  ['its id without a list', ({ id }) => ({ result: id })],
  ['its type alone', ({ type }) => ({ result: [type] })],
  ['type and id', ({ id, type }) => ({ result: [type, id] })],
  ['another id', ({ id, type }) => ({ result: [id + 1000, type] })],
  ['the id -2', ({ type }) => ({ result: [-2, type] })],
  ['its id as a text', ({ id, type }) => ({ result: [String(id), type] })],
  ['another type', ({ id, type }) => ({ result: [id, `${type}-other`] })],
  ['its type in capitals', ({ id, type }) => ({ result: [id, type.toUpperCase()] })],
  ['a third element', ({ id, type }) => ({ result: [id, type, null] })],
  ['a list in a list', ({ id, type }) => ({ result: [[id, type]] })],
  ['an object', ({ id, type }) => ({ result: { id, type, 0: id, 1: type } })],
  ['a text', ({ id, type }) => ({ result: JSON.stringify([id, type]) })],
  ['a list without result', ({ id, type }) => ({ raw: line([id, type]) })],
  ['an object without result', ({ id, type }) => ({ raw: line({ id, type }) })],
  ['an empty object', () => ({ raw: '{}\n' })],
  ['an empty line', () => ({ raw: '\n' })],
  ['a word', () => ({ raw: 'alive\n' })],
  ['a call', () => ({ raw: line({ method: 'check', args: [] }) })],
  ['an answer cut short', ({ id, type }) => ({ raw: `${line({ result: [id, type] }).slice(0, -3)}\n` })],
  ['an answer without LF', ({ id, type }) => ({ raw: JSON.stringify({ result: [id, type] }) })],
  [
    'an answer without LF, and the end of the connection',
    ({ id, type }) => ({ raw: JSON.stringify({ result: [id, type] }), close: true }),
  ],
  [
    'bytes that are no UTF-8',
    ({ id, type }) => ({
      raw: Buffer.concat([
        Buffer.from(`{"result":[${id},${JSON.stringify(type)}],"note":"`),
        Buffer.from([0xff]),
        Buffer.from('"}\n'),
      ]),
    }),
  ],
]

export const nameServiceCheckCases: readonly Case<'peers'>[] = [
  nameServiceCase({
    id: 'peers.unregister.check/all-who-remain',
    also: ['peers.unregister.removes', 'peers.address.given', 'peers.require.types'],
    title: 'after an unregister every remaining peer of the type is checked at its address, and stays',
    stage: stage.unregister,
    observes: ['wire'],
    evidence: 'one check at each of four remaining peers; none at the one that left, nor at another type',
    hint: 'Call check on all who remain, at the address that they registered, whoever made the registration.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient })
      // Somebody else registers them: the address of the connection tells nothing.
      const clerk = await bench.playPeer()
      const enlisted: Enlisted[] = []
      for (let i = 0; i < 5; i += 1) {
        const peer = await bench.playPeer()
        const registration = await register(bench, node, clerk, peer.addressFor(node))
        peer.id = registration.id
        enlisted.push({ ...registration, peer })
      }
      const [stranger] = await enlist(bench, node, 1, `${bench.type}-other`)
      const [first, second, leaver, ...others] = enlisted
      if (!stranger || !first || !second || !leaver) throw new Error('six are enlisted')
      await unregister(bench, node, clerk, leaver)
      const remaining = [first, second, ...others]
      for (const one of remaining)
        bench.evidence(`check at id ${one.id}`, await requireCheck(bench, one, 'after another one has left'))
      await bench.quiet(() => false, bench.timing.quietMs / 3)
      await requireRegistered(bench, node, clerk, remaining, {
        requirement: 'peers.unregister.check',
        when: 'after all who remain have answered their check',
      })
      for (const one of [leaver, stranger])
        requireChecks(bench, one, 0, 'peers.unregister.check', 'that has left, or has another type')
      for (const one of remaining) requireChecks(bench, one, 1, 'peers.unregister.rounds', 'after one left')
    },
  }),
  nameServiceCase({
    id: 'peers.address.given/name-service-as-registered',
    also: ['peers.unregister.check', 'peers.require.address'],
    title: 'peers that register each other: the check goes to the address that was given, not to who gave it',
    stage: stage.unregister,
    observes: ['wire'],
    evidence:
      'a check with the right answer at each of three peers, whose address another one had registered',
    hint: 'The source of a connection says nothing about where somebody listens, nor who it is.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient })
      const peers = [await bench.playPeer(), await bench.playPeer(), await bench.playPeer()]
      const registered: Enlisted[] = []
      for (const [i, peer] of peers.entries()) {
        const neighbour = peers[(i + 1) % peers.length] ?? peer
        const registration = await register(bench, node, neighbour, peer.addressFor(node))
        peer.id = registration.id
        registered.push({ ...registration, peer })
      }
      const [leaver] = await enlist(bench, node, 1)
      if (leaver === undefined) throw new Error('one more is enlisted')
      const requirement = 'peers.address.given'
      await requireRegistered(bench, node, leaver.peer, [...registered, leaver], {
        requirement,
        when: 'after three have registered each other',
      })
      // Whoever is asked for another one's id answers with its own, and would be dropped.
      await unregister(bench, node, leaver.peer, leaver)
      for (const one of registered)
        bench.evidence(`check at id ${one.id}`, await requireCheck(bench, one, 'at the address given for it'))
      await bench.quiet(() => false, bench.timing.quietMs / 3)
      await requireRegistered(bench, node, leaver.peer, registered, {
        requirement,
        when: 'after all three have answered their check',
      })
    },
  }),
  nameServiceCase({
    id: 'peers.unregister.check/wrong-answers',
    also: ['peers.call.survive', 'peers.unregister.removes'],
    title: 'peers that are dead, silent, or answer check wrongly are dropped; the right ones among them stay',
    stage: stage.unregister,
    observes: ['wire'],
    evidence: `a check at each, and in the end the three right ones alone of ${wrongAnswers.length + 5}`,
    hint: 'An answer is right when it is [id, type] with the very id and type of the registration. Whatever goes wrong with one check must not end the loop over the others.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: hasty(bench), seats: wrongAnswers.length + 8 })
      const [leaver, ...remaining] = await enlistWithLeaver(bench, node, wrongAnswers.length + 5)
      const right = [remaining[0], remaining[15], remaining.at(-1)].filter((one) => one !== undefined)
      const wrong = remaining.filter((one) => !right.includes(one))
      const [refusing, vanished, ...answering] = wrong
      if (refusing === undefined || vanished === undefined) throw new Error('there are two more than answers')
      refusing.peer.listening = false
      vanished.peer.die()
      for (const [i, [, fail]] of wrongAnswers.entries()) {
        const own = answering[i]
        own?.peer.on('check', () => fail(own))
      }
      await unregister(bench, node, leaver.peer, leaver)
      for (const one of [...right, ...answering]) await requireCheck(bench, one, 'after another one has left')
      const asker = await bench.playPeer()
      const kinds = wrongAnswers.map(([what], i) => `${what}: id ${answering[i]?.id}`).join('; ')
      const frame = await requireInTheEnd(bench, node, asker, right, {
        requirement: 'peers.unregister.check',
        when: `when the checks are over (refused: id ${refusing.id} and ${vanished.id}; ${kinds})`,
      })
      for (const one of wrong.slice(0, 5))
        await requireGone(bench, node, asker, one, 'peers.unregister.check')
      bench.evidence(`${wrong.length} dropped, ${right.length} stay`, frame)
    },
  }),
  nameServiceCase({
    id: 'peers.unregister.check/right-answers',
    also: ['peers.call.split'],
    title:
      'right answers of all forms: blanks, escapes, CR, other keys, in pieces, late, with the id -1, and what follows the LF',
    stage: stage.unregister,
    observes: ['wire'],
    evidence:
      'a check at each, a silent peer dropped when its time was over, and all others still registered',
    hint: 'Parse the line as JSON and compare values; read up to the LF, however many pieces that takes; close yourself.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: { checkTimeoutMs: 4 * bench.timing.callTimeoutMs } })
      const [leaver, ...remaining] = await enlistWithLeaver(bench, node, 10)
      const [silent, ...others] = remaining
      if (silent === undefined) throw new Error('ten remain')
      silent.peer.on('check', () => 'silent')
      const forms: readonly ((own: Enlisted) => Answer | Promise<Answer>)[] = [
        ({ id, type }) => ({ raw: ` { "result" : [ ${id} ,\t${JSON.stringify(type)} ] } \n` }),
        ({ id, type }) => ({
          raw: `{"r\\u0065sult":[${id},"\\u${type.charCodeAt(0).toString(16).padStart(4, '0')}${type.slice(1)}"]}\n`,
        }),
        ({ id, type }) => ({ raw: line({ result: [id, type] }).replace('\n', '\r\n') }),
        ({ id, type }) => ({ raw: line({ id: 1, result: [id, type], jsonrpc: '2.0' }) }),
        ({ id, type }) => ({ raw: line({ result: [id, type] }), close: true }),
        // It has registered, and not yet read the answer.
        ({ type }) => ({ result: [-1, type] }),
        ({ id, type }) => ({ raw: `${line({ result: [id, type] })}{"more":` }),
        async ({ id, type }) => {
          await bench.quiet(() => false, bench.timing.callTimeoutMs)
          return { result: [id, type] }
        },
      ]
      for (const [i, answer] of forms.entries()) {
        const own = others[i]
        own?.peer.on('check', () => answer(own))
      }
      const pieces = others.at(-1)
      pieces?.peer.on('check', async (_, request): Promise<Answer> => {
        const connection = pieces.peer.connectionOf(request)
        const bytes = Buffer.from(line({ result: [pieces.id, pieces.type] }))
        for (let start = 0; start < bytes.length; start += 4) {
          await connection.sendBytes(bytes.subarray(start, start + 4))
          await bench.quiet(() => false, 1)
        }
        return 'silent'
      })
      await unregister(bench, node, leaver.peer, leaver)
      for (const one of remaining) await requireCheck(bench, one, 'after another one has left')
      const frame = await requireInTheEnd(bench, node, leaver.peer, others, {
        requirement: 'peers.unregister.check',
        when: `when the checks are over: id ${silent.id} was silent, all others answered rightly`,
      })
      bench.evidence('the silent one dropped, the others not', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.unregister.check/too-late',
    also: ['common.time.config'],
    title: 'a right answer that comes after checkTimeoutMs is too late',
    stage: stage.unregister,
    observes: ['wire'],
    evidence:
      'a right answer after four times the time: its peer is dropped, and stays so; a quick one stays',
    hint: 'The time comes from the configuration, and a late answer changes nothing any more.',
    async run(bench: PeersBench) {
      const checkTimeoutMs = Math.ceil(bench.timing.callTimeoutMs / 2)
      const node = await bench.nameService({ config: { checkTimeoutMs } })
      const [leaver, slow, quick] = await enlistWithLeaver(bench, node, 2)
      if (slow === undefined || quick === undefined) throw new Error('two remain')
      let answered = false
      slow.peer.on('check', async () => {
        await bench.quiet(() => false, 4 * checkTimeoutMs)
        answered = true
        return { result: [slow.id, slow.type] }
      })
      await unregister(bench, node, leaver.peer, leaver)
      await requireCheck(bench, slow, 'after another one has left')
      await bench.until(() => answered)
      // What a late answer does, it has done after this.
      await bench.quiet(() => false, bench.timing.quietMs / 6)
      const frame = await requireRegistered(bench, node, leaver.peer, [quick], {
        requirement: 'peers.unregister.check',
        when: `with checkTimeoutMs ${checkTimeoutMs}, after id ${slow.id} has answered in ${4 * checkTimeoutMs} ms`,
      })
      bench.evidence('too late', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.unregister.prompt/nobody-waits',
    also: ['peers.unregister.check', 'peers.call.dispatch', 'peers.call.survive', 'peers.register.id'],
    title: 'while no check is answered: unregister is, every check is under way, and other calls are served',
    stage: stage.unregister,
    observes: ['wire', 'control'],
    evidence:
      'null before any answer to check, a check at each of four peers, and four kinds of calls answered',
    hint: 'Answer first. Make the checks beside each other, and not in the thread that serves the calls.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient })
      const [leaver, ...remaining] = await enlistWithLeaver(bench, node, 4)
      const requirement = 'peers.unregister.prompt'
      for (const { peer } of remaining) peer.on('check', () => 'silent')
      const answer = await unregister(bench, node, leaver.peer, leaver, requirement)
      for (const { peer, id } of remaining) {
        const check = await requireCall(bench, peer, 'check', {
          requirement,
          expected: `check at the peer with id ${id}, while the others have not answered theirs`,
        })
        bench.evidence(`check at id ${id}`, check)
      }
      const asker = await bench.playPeer()
      await requireRegistered(bench, node, asker, remaining, {
        requirement,
        when: 'while checks are under way',
      })
      await asker.callFor(node, 'require_any', [bench.type], requirement)
      const elsewhere = await register(bench, node, asker, farAddress(1), `${bench.type}-other`, requirement)
      await unregister(bench, node, asker, elsewhere, requirement)
      const [second] = remaining
      if (second === undefined) throw new Error('four remain')
      await unregister(bench, node, second.peer, second, requirement)
      await requireRegistered(bench, node, asker, remaining.slice(1), {
        requirement,
        when: 'after a second one has left while checks are under way',
      })
      bench.evidence('answered while nobody had answered a check', answer)
      for (const { peer } of remaining) peer.die()
    },
  }),
  nameServiceCase({
    id: 'peers.call.dispatch/name-service-asked-back',
    also: ['peers.unregister.check', 'peers.unregister.prompt', 'peers.require.all'],
    title: 'peers that ask the name service before they answer its check',
    stage: stage.unregister,
    observes: ['wire'],
    evidence: 'require_all and a registration answered while the check waits for them; all peers stay',
    hint: 'Hold no lock while you wait for an answer: the one who is to give it may need it.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient })
      const [leaver, ...remaining] = await enlistWithLeaver(bench, node, 3)
      const requirement = 'peers.call.dispatch'
      const asked: Frame[] = []
      const failed: unknown[] = []
      for (const own of remaining)
        own.peer.on('check', async () => {
          try {
            asked.push(
              await requireRegistered(bench, node, own.peer, remaining, {
                requirement,
                when: `asked by id ${own.id}, which has not answered its check yet`,
              }),
            )
            await register(bench, node, own.peer, farAddress(own.id), `${bench.type}-other`, requirement)
          } catch (error) {
            // A handler that throws would be a fault of the harness: the case itself reports it below.
            failed.push(error)
          }
          return { result: [own.id, own.type] }
        })
      await unregister(bench, node, leaver.peer, leaver)
      await bench.until(() => asked.length + failed.length === remaining.length)
      if (failed.length > 0) throw failed[0]
      bench.require(asked.length === remaining.length, {
        requirement: 'peers.unregister.check',
        expected: 'a check at each of three peers',
        actual: `${asked.length}`,
      })
      const frame = await requireInTheEnd(bench, node, leaver.peer, remaining, {
        requirement,
        when: 'after peers that asked back have answered',
      })
      bench.evidence('asked back three times, and all stay', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.unregister.prompt/newcomers-are-not-checked',
    also: ['peers.unregister.check', 'peers.register.id'],
    title:
      'who registers while the checks are under way is not checked in this round nor the next, and stays',
    stage: stage.unregister,
    observes: ['wire'],
    evidence:
      'no check at the newcomer; it stays, although it would not have answered, and a silent one is dropped',
    hint: 'Who is to be checked is known when somebody unregisters, also if the round has to wait for the one before.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient })
      const [leaver, held, doomed, second] = await enlistWithLeaver(bench, node, 3)
      if (held === undefined || doomed === undefined || second === undefined) throw new Error('three remain')
      const waiting = gate({ result: [held.id, held.type] })
      held.peer.on('check', waiting.handler)
      const dying = gate('close')
      doomed.peer.on('check', dying.handler)
      await unregister(bench, node, leaver.peer, leaver)
      await requireCheck(bench, held, 'after another one has left')
      await requireCheck(bench, doomed, 'after another one has left')
      await unregister(bench, node, second.peer, second)
      const [newcomer] = await enlist(bench, node, 1)
      if (newcomer === undefined) throw new Error('one more is enlisted')
      newcomer.peer.on('check', () => 'close')
      waiting.open()
      dying.open()
      const frame = await requireInTheEnd(bench, node, leaver.peer, [held, newcomer], {
        requirement: 'peers.unregister.prompt',
        when: 'when the checks are over, of which the newcomer was none',
      })
      await requireCheck(bench, held, 'after a second one has left during the checks')
      await bench.quiet(() => false, bench.timing.quietMs / 3)
      requireChecks(bench, newcomer, 0, 'peers.unregister.prompt', 'that came while checks were under way')
      await requireRegistered(bench, node, leaver.peer, [held, newcomer], {
        requirement: 'peers.unregister.prompt',
        when: 'a while after the checks',
      })
      bench.evidence('dropped one, and the newcomer stays', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.register.again/while-it-is-checked',
    also: ['peers.unregister.check'],
    title: 'a peer that comes back while its older registration is checked stays',
    stage: stage.unregister,
    observes: ['wire'],
    evidence: 'the check of the older registration fails, a silent one is dropped, and the newer one stays',
    hint: 'Drop the id that you have checked, not whoever has its address now.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient })
      const [leaver, returning, doomed] = await enlistWithLeaver(bench, node, 2)
      if (returning === undefined || doomed === undefined) throw new Error('two remain')
      const failing = gate('close')
      returning.peer.on('check', failing.handler)
      const dying = gate('close')
      doomed.peer.on('check', dying.handler)
      await unregister(bench, node, leaver.peer, leaver)
      await requireCheck(bench, returning, 'after another one has left')
      await requireCheck(bench, doomed, 'after another one has left')
      const back = await register(bench, node, returning.peer, returning.address)
      returning.peer.id = back.id
      failing.open()
      // The checks end in this order, so that the older one has failed when the other is dropped.
      await bench.quiet(() => false, bench.timing.quietMs / 6)
      dying.open()
      const requirement = 'peers.register.again'
      const frame = await requireInTheEnd(bench, node, leaver.peer, [back], {
        requirement,
        when: `after the check of id ${returning.id} has failed, which id ${back.id} had replaced`,
      })
      await bench.quiet(() => false, bench.timing.quietMs / 6)
      await requireRegistered(bench, node, leaver.peer, [back], { requirement, when: 'a while after it' })
      bench.evidence('the newer registration stays', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.unregister.removes/while-it-is-checked',
    also: ['peers.unregister.check', 'peers.call.survive'],
    title: 'peers that leave while they are checked, and then answer rightly, wrongly or not at all',
    stage: stage.unregister,
    observes: ['wire'],
    evidence:
      'three leave during their check and do not come back; the one that remains answers the next check',
    hint: 'When a check ends, its peer may be gone already. That is no error, and no reason to put it back.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient })
      const [leaver, ...remaining] = await enlistWithLeaver(bench, node, 4)
      const [stays, ...leaving] = remaining
      if (stays === undefined) throw new Error('four remain')
      const gates = leaving.map((own, i) => {
        const answer: Answer = i === 0 ? { result: [own.id, own.type] } : i === 1 ? { result: null } : 'reset'
        const held = gate(answer)
        own.peer.on('check', held.handler)
        return held
      })
      await unregister(bench, node, leaver.peer, leaver)
      for (const one of remaining) await requireCheck(bench, one, 'after another one has left')
      for (const one of leaving) await unregister(bench, node, one.peer, one)
      for (const held of gates) held.open()
      const again = await requireCheck(bench, stays, 'a second time, since others have left during the first')
      await bench.quiet(() => false, bench.timing.quietMs / 6)
      const requirement = 'peers.unregister.removes'
      await requireRegistered(bench, node, stays.peer, [stays], {
        requirement,
        when: 'after the checks of those who had left meanwhile',
      })
      for (const one of leaving) await requireGone(bench, node, stays.peer, one, requirement)
      bench.evidence('one remains, and was checked again', again)
    },
  }),
  nameServiceCase({
    id: 'peers.unregister.check/after-a-round-under-way',
    title: 'an unregister during a round of checks is followed by checks too',
    stage: stage.unregister,
    observes: ['wire'],
    evidence:
      'a peer that answered in the first round and then died is dropped after an unregister during that round',
    hint: 'Remember that somebody has left while checks were under way, and begin again when they are over.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient })
      const [leaver, held, dying, second] = await enlistWithLeaver(bench, node, 3)
      if (held === undefined || dying === undefined || second === undefined) throw new Error('three remain')
      const waiting = gate({ result: [held.id, held.type] })
      held.peer.on('check', waiting.handler)
      await unregister(bench, node, leaver.peer, leaver)
      for (const one of [held, dying, second]) await requireCheck(bench, one, 'after another one has left')
      await bench.until(() =>
        bench.frames.some(({ from, message }) => from === dying.peer.seat && message?.result),
      )
      await unregister(bench, node, second.peer, second)
      dying.peer.die()
      waiting.open()
      const frame = await requireInTheEnd(bench, node, leaver.peer, [held], {
        requirement: 'peers.unregister.check',
        when: `after an unregister during the first round, since when id ${dying.id} is dead`,
      })
      bench.evidence('dropped by the second round', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.unregister.rounds/one-more-is-enough',
    also: ['peers.unregister.check'],
    title: 'twenty peers leave during a round of checks, and one more round follows',
    stage: stage.unregister,
    observes: ['wire'],
    evidence:
      'one check at each of two remaining peers while a third holds up the round, and one more after it',
    hint: 'A flag for each type is enough: somebody has left since the round began.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient, seats: 32 })
      const [leaver, held, one, other, ...leaving] = await enlistWithLeaver(bench, node, 23)
      if (held === undefined || one === undefined || other === undefined) throw new Error('three remain')
      const waiting = gate({ result: [held.id, held.type] })
      held.peer.on('check', waiting.handler)
      await unregister(bench, node, leaver.peer, leaver)
      for (const remaining of [held, one, other]) await requireCheck(bench, remaining, 'after one has left')
      for (const next of leaving) await unregister(bench, node, next.peer, next)
      await bench.quiet(() => false, bench.timing.quietMs / 3)
      const requirement = 'peers.unregister.rounds'
      for (const remaining of [held, one, other])
        requireChecks(bench, remaining, 1, requirement, 'while the first round is under way')
      held.peer.on('check', () => ({ result: [held.id, held.type] }))
      waiting.open()
      let last: Frame | undefined
      for (const remaining of [held, one, other])
        last = await requireCheck(bench, remaining, 'when the first round is over')
      await bench.quiet(() => false, bench.timing.quietMs / 3)
      for (const remaining of [held, one, other])
        requireChecks(bench, remaining, 2, requirement, 'in all, although twenty left during the first round')
      await requireRegistered(bench, node, leaver.peer, [held, one, other], {
        requirement: 'peers.unregister.check',
        when: 'after two rounds of right answers',
      })
      bench.evidence('two rounds for twenty-one who left', last)
    },
  }),
  nameServiceCase({
    id: 'peers.unregister.prompt/other-types',
    also: ['peers.unregister.check', 'peers.require.types'],
    title: 'a round that does not end holds up no check of another type',
    stage: stage.unregister,
    observes: ['wire'],
    evidence: 'checks at the peers of a second type, one of them dropped, while a check of the first waits',
    hint: 'Each type has its own rounds.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient })
      const [leaver, silent] = await enlistWithLeaver(bench, node, 1)
      const other = `${bench.type}-other`
      const [second, dead, alive] = await enlist(bench, node, 3, other)
      if (!silent || !second || !dead || !alive) throw new Error('five are enlisted')
      silent.peer.on('check', () => 'silent')
      await unregister(bench, node, leaver.peer, leaver)
      await requireCheck(bench, silent, 'after another one has left')
      dead.peer.on('check', () => 'close')
      await unregister(bench, node, second.peer, second)
      const requirement = 'peers.unregister.prompt'
      const check = await requireCheck(bench, alive, 'while a check of another type waits')
      await requireInTheEnd(bench, node, leaver.peer, [alive], {
        requirement,
        when: 'of the other type, while a check of the first type waits',
        type: other,
      })
      await requireRegistered(bench, node, leaver.peer, [silent], {
        requirement: 'peers.require.types',
        when: 'of the first type, whose check still waits',
      })
      bench.evidence('checked and dropped beside a round that waits', check)
      silent.peer.die()
    },
  }),
  nameServiceCase({
    id: 'peers.call.one/name-service-check',
    also: ['peers.call.request', 'peers.unregister.check'],
    title: 'the check is a call as any other: a connection of its own, one request, closed after the answer',
    stage: stage.unregister,
    observes: ['wire'],
    evidence:
      'two checks of one peer on two connections, each with the keys method and args alone, and closed',
    hint: 'Close the connection when the answer is there; do not wait for the other side to do so.',
    async run(bench: PeersBench) {
      const node = await bench.nameService({ config: patient })
      const [leaver, second, stays] = await enlistWithLeaver(bench, node, 2)
      if (second === undefined || stays === undefined) throw new Error('two remain')
      const checks: Frame[] = []
      for (const one of [leaver, second]) {
        await unregister(bench, node, one.peer, one)
        const check = await requireCheck(bench, stays, `after id ${one.id} has left`)
        checks.push(check)
        bench.require(
          Object.keys(check.message ?? {})
            .toSorted()
            .join() === 'args,method',
          {
            requirement: 'peers.call.request',
            expected: 'the keys method and args and no others',
            actual: Object.keys(check.message ?? {}).join(', '),
            exhibits: [{ frame: check.n }],
          },
        )
        bench.require(argsOf(check).length === 0, {
          requirement: 'peers.call.request',
          expected: 'no arguments of check',
          actual: JSON.stringify(argsOf(check)),
          exhibits: [{ frame: check.n, at: '/args' }],
        })
        bench.require(await stays.peer.connectionOf(check).closedByNode(), {
          requirement: 'peers.call.one',
          expected: 'the name service to close the connection after the answer to check',
          actual: 'it stays open',
          exhibits: [{ frame: check.n }],
        })
        bench.evidence('asked, answered, closed', check)
      }
      bench.require(checks[0]?.connection !== checks[1]?.connection, {
        requirement: 'peers.call.one',
        expected: 'a connection for each check',
        actual: 'both on one connection',
        exhibits: checks.map((frame) => ({ frame: frame.n })),
      })
    },
  }),
]
