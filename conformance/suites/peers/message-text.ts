// Messages that a peer gets, and texts that must arrive as they were sent. peers.md section 6.
import type { Case } from '../../verdict/case.ts'
import type { PeerNode, PeersBench } from '../../verdict/peers-bench.ts'
import { begun, requireSuccess } from '../outcome.ts'
import { peersCase, stage } from './define.ts'
import { requireResult } from './procedures/answers.ts'
import { requireCall } from './procedures/calls.ts'
import { ask } from './procedures/lines.ts'
import { outside } from './procedures/scene.ts'
import { eventsOf, requireSameState } from './procedures/standstill.ts'

const RECEIVE = 'peers.message.receive'
const TEXT = 'peers.message.text'

interface Received {
  readonly from: number
  readonly text: string
}

/** The node has reported exactly these messages, in this order. */
async function requireMessages(
  bench: PeersBench,
  peer: PeerNode,
  expected: readonly Received[],
  requirement: string,
): Promise<void> {
  await bench.until(() => eventsOf(peer, 'message').length >= expected.length)
  await peer.state()
  const messages = eventsOf(peer, 'message').map(({ from, text }) => ({ from, text }))
  const wrong = expected.findIndex((message, i) => JSON.stringify(message) !== JSON.stringify(messages[i]))
  bench.require(wrong === -1 && messages.length === expected.length, {
    requirement,
    expected:
      wrong === -1
        ? `${expected.length} messages`
        : `message ${wrong + 1} to be ${JSON.stringify(expected[wrong]).slice(0, 200)}`,
    actual:
      wrong === -1 ? `${messages.length}` : (JSON.stringify(messages[wrong]) ?? 'no message').slice(0, 200),
  })
}

/** Texts that a careless line of code changes. */
const texts: readonly string[] = [
  '',
  ' ',
  '  blanks at both ends\t ',
  '\n',
  'two\nlines',
  'CR LF\r\n',
  '\r',
  'tab\tand backslash \\ and \\n',
  '"double" and \'single\' quotes',
  '{"method":"check","args":[]}',
  '5 : hello',
  '%s %d {0} $x `y` $(z)',
  'null',
  '0',
  '<b>&amp;</b>',
  'é is one character here',
  'e\u0301 is two',
  '€ ß ø ł 漢字 עברית العربية',
  '😀👩‍👩‍👧‍👦🏳️‍🌈',
  '\u{10ffff}\u{10000}',
  '\u0000 NUL and \u0001 and \u001f and \u007f',
  '\u0085 next line, \u2028 line and \u2029 paragraph separators',
  '\ufeff begins with a byte order mark',
  '\ufffd replacement character',
  '\u200b\u200e\u202e invisible ones',
  'K and Å, which normal forms replace: \u212a \u212b \ufb01',
]

const long = 'x'.repeat(50_000)

export const messageTextCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.message.receive/listed-or-not',
    role: 'peers.peer',
    title: 'print_message reports the id and the text of the call, also of an id that is not in the list',
    also: ['peers.list.self'],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'null and the event message for each sender; the list unchanged',
    hint: 'Report the id in the call: do not look it up, and do not take the sender into the list.',
    async run(bench: PeersBench) {
      const { peer, id, lower } = await bench.peerAmongPlayed(1, 0)
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      const stranger = await bench.playPeer()
      const before = await peer.state()
      const expected: Received[] = []
      for (const [sender, from] of [
        [first, first.id],
        [stranger, 12],
        [stranger, 0],
        [stranger, first.id],
        [first, id],
        [stranger, Number.MAX_SAFE_INTEGER],
      ] as const) {
        const text = `message ${expected.length}`
        const { answer } = await sender.call(peer, 'print_message', [from, text])
        const frame = requireResult(bench, answer, null, {
          requirement: RECEIVE,
          to: `print_message of ${from}`,
        })
        expected.push({ from, text })
        bench.evidence(`of ${from}`, frame)
      }
      await requireMessages(bench, peer, expected, RECEIVE)
      await requireSameState(bench, peer, before, RECEIVE, 'messages')
    },
  }),
  peersCase({
    id: 'peers.message.receive/same-text-again',
    role: 'peers.peer',
    title: 'the same message twice is two messages, in the order in which they were called',
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'thirty events for thirty calls, in order',
    hint: 'Report every call: equal texts are no repetition.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const expected: Received[] = []
      for (let i = 0; i < 30; i += 1) {
        const message = { from: 3, text: i % 3 === 2 ? `message ${i}` : 'again' }
        await stranger.callFor(peer, 'print_message', [message.from, message.text], RECEIVE)
        expected.push(message)
      }
      await requireMessages(bench, peer, expected, RECEIVE)
      bench.evidence('thirty messages', bench.frames.at(-1))
    },
  }),
  peersCase({
    id: 'peers.message.text/received',
    role: 'peers.peer',
    title:
      'texts of all kinds, as they come: blanks, line ends, quotes, all planes of Unicode, nothing, 50,000 characters',
    also: [RECEIVE],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'the events with the same texts, character by character',
    hint: 'Do not trim, split, normalise or format the text. The empty text is a text.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const all = [...texts, long, `${'ä'.repeat(25_000)}.`, '😀'.repeat(12_500)]
      for (const text of all) await stranger.callFor(peer, 'print_message', [3, text], TEXT)
      await requireMessages(
        bench,
        peer,
        all.map((text) => ({ from: 3, text })),
        TEXT,
      )
      bench.evidence(`${all.length} texts`, bench.frames.at(-1))
    },
  }),
  peersCase({
    id: 'peers.message.text/escaped',
    role: 'peers.peer',
    title: 'texts in which every character is escaped, the two halves of a surrogate pair too',
    also: [RECEIVE, 'peers.call.request'],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'the events with the same texts',
    hint: 'Python writes JSON like this when nobody says otherwise. A JSON parser undoes it.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const escaped = (text: string) =>
        Array.from(
          { length: text.length },
          (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`,
        ).join('')
      for (const text of texts) {
        const { answer, connection } = await ask(
          stranger,
          peer,
          `{"method":"print_message","args":[3,"${escaped(text)}"]}\n`,
        )
        requireResult(bench, answer, null, { requirement: TEXT, to: `print_message of ${escaped(text)}` })
        connection.close()
      }
      await requireMessages(
        bench,
        peer,
        texts.map((text) => ({ from: 3, text })),
        TEXT,
      )
      bench.evidence(`${texts.length} texts`, bench.frames.at(-1))
    },
  }),
  peersCase({
    id: 'peers.message.text/sent',
    role: 'peers.peer',
    title: 'texts of all kinds, as the peer sends them',
    also: ['peers.message.send'],
    stage: stage.message,
    observes: ['wire', 'control'],
    evidence: 'print_message with the same texts, character by character',
    hint: 'Write the request with a JSON library, in UTF-8; let the library escape what must be escaped.',
    async run(bench: PeersBench) {
      const { peer, id, lower } = await bench.peerAmongPlayed(1, 0)
      const [first] = lower
      if (first === undefined) throw new Error('no lower peer')
      for (const text of [...texts, long]) {
        const sent = begun(peer.command('send', { to: first.id, text }))
        const request = await requireCall(bench, first, 'print_message', {
          requirement: TEXT,
          expected: 'print_message',
          args: [id, text],
        })
        await requireSuccess(bench, sent, TEXT, 'send to succeed')
        bench.evidence(JSON.stringify(text).slice(0, 40), request)
      }
    },
  }),
]
