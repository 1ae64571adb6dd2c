// Lines, bodies and connections: common.md section 3. The messages are lookups, and puts where a body is needed.

import type { Case } from '../../verdict/case.ts'
import type { RingBench, RingNode } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import type { Probe, ProbeConnection } from '../../wire/probe.ts'
import { ringCase } from './define.ts'
import { requireNone, requireSent, sent, sentTo } from './frames.ts'
import {
  FIRST,
  FOREIGN_NAME,
  NEAR,
  OTHER,
  OWN_NAME,
  OWN_NAME_LOW,
  OWN_NAME_SAME_KEY,
  settle,
} from './neighbourhood.ts'
import { type Content, contentOf, everyByte, randomContent } from './procedures/content.ts'
import {
  fetchFile,
  freshNumber,
  putFile,
  putMessage,
  requestMessage,
  requireNotFound,
  storeMessage,
  tell,
} from './procedures/lookup.ts'
import { malformedLines } from './procedures/malformed.ts'
import { fence, requireDiscarded, requireNever, requireSameState } from './procedures/standstill.ts'

const LINE_BYTES_MAX = 65_536

/** A request for a key that the node owns: answered with not-found to peer 220. */
const ownRequest = (request: number) => requestMessage({ from: NEAR, origin: OTHER, name: OWN_NAME, request })

const line = (message: object): string => `${JSON.stringify(message)}\n`

/** A request line of exactly `size` bytes, the LF not counted, with its request number at the very end. */
function paddedLine(request: number, size: number): string {
  const { request: _, ...rest } = ownRequest(request)
  const bare = JSON.stringify({ ...rest, padding: '', request })
  return `${bare.replace('"padding":""', `"padding":"${'p'.repeat(size - bare.length)}"`)}\n`
}

async function requireAnswered(
  bench: RingBench,
  request: number,
  requirement: string,
  what: string,
): Promise<Frame> {
  return requireSent(bench, sentTo(OTHER, 'ring.not-found', { request }), {
    requirement,
    expected: `not-found for request ${request}: ${what}`,
  })
}

/** The next frame on a connection is an error with one of these codes. */
async function requireError(
  bench: RingBench,
  connection: ProbeConnection,
  codes: readonly string[],
  requirement: string,
  what: string,
): Promise<Frame> {
  const answer = bench.requireFrame(await connection.receive(), {
    requirement,
    expected: `an error with code ${codes.join(' or ')} on the same connection for ${what}`,
  })
  bench.require(answer.message?.type === 'error' && codes.includes(String(answer.message.code)), {
    requirement,
    expected: `an error with code ${codes.join(' or ')} for ${what}`,
    actual: JSON.stringify(answer.message),
    exhibits: [{ frame: answer.n, at: '/code' }],
  })
  return answer
}

/** store and store-accept for a put that the case then sends in its own way; gives the put's line. */
async function agreedPut(
  bench: RingBench,
  node: RingNode,
  near: Probe,
  origin: Probe,
  name: string,
  content: Content,
): Promise<string> {
  const request = freshNumber(bench)
  const lookup = { from: near.id, origin: origin.id, name, request, size: content.bytes.length }
  const asking = await tell(near, node, storeMessage(lookup))
  asking.end()
  await requireSent(bench, sentTo(origin.id, 'ring.store-accept', { request }), {
    requirement: 'ring.store.place',
    expected: `store-accept for ${name}`,
  })
  return line(putMessage({ from: origin.id, name, request, content }))
}

async function requireStored(
  bench: RingBench,
  connection: ProbeConnection,
  name: string,
  requirement: string,
): Promise<Frame> {
  return bench.requireFrame(await connection.receive(sent('ring.stored', { name })), {
    requirement,
    expected: `stored for ${name} on the connection of its put`,
  })
}

export const framingCases: readonly Case[] = [
  ringCase({
    id: 'common.tcp.lines/longest',
    also: ['common.encoding.unknown-fields', 'ring.request.not-found'],
    title: 'a line of exactly 65,536 bytes is accepted',
    stage: 2,
    observes: ['wire'],
    evidence: 'answers to lines of 1,025, 8,193, 65,535 and 65,536 bytes',
    hint: 'Collect bytes until the LF, however many reads that takes, up to 65,536.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      for (const size of [1025, 8193, 65_535, LINE_BYTES_MAX]) {
        const request = freshNumber(bench)
        const connection = await near.connect(node)
        await connection.sendBytes(paddedLine(request, size))
        const answer = await requireAnswered(bench, request, 'common.tcp.lines', `a line of ${size} bytes`)
        connection.close()
        bench.evidence(`${size} bytes`, answer)
      }
      // Neither LF nor CR counts.
      const request = freshNumber(bench)
      const connection = await near.connect(node)
      await connection.sendBytes(paddedLine(request, LINE_BYTES_MAX).replace('\n', '\r\n'))
      await requireAnswered(bench, request, 'common.tcp.lines', 'a line of 65,536 bytes and CR LF')
    },
  }),
  ringCase({
    id: 'common.tcp.lines/too-long',
    also: ['common.tcp.malformed', 'ring.request.not-found'],
    title: 'a line of 65,537 bytes is refused with too-long and the connection closed',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'too-long, a closed connection and no other answer; the same line one byte shorter is answered',
    hint: 'Count while you collect; stop at the limit, answer and close.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const before = await node.state()
      const refused = freshNumber(bench)
      const connection = await near.connect(node)
      await connection.sendBytes(paddedLine(refused, LINE_BYTES_MAX + 1))
      const error = await requireError(
        bench,
        connection,
        ['too-long'],
        'common.tcp.lines',
        'a line of 65,537 bytes',
      )
      bench.require(await connection.closedByNode(), {
        requirement: 'common.tcp.malformed',
        expected: 'a closed connection after a line that is too long',
        actual: 'it stays open',
        exhibits: [{ frame: error.n }],
      })
      const accepted = freshNumber(bench)
      const second = await near.connect(node)
      await second.sendBytes(paddedLine(accepted, LINE_BYTES_MAX))
      await requireAnswered(bench, accepted, 'common.tcp.lines', 'the line one byte shorter')
      requireNone(bench, sent('ring.not-found', { request: refused }), {
        requirement: 'common.tcp.malformed',
        expected: 'no answer to the line that is too long',
      })
      await requireSameState(bench, node, before, 'common.tcp.malformed', 'a line that is too long')
      bench.evidence('refused at 65,537, answered at 65,536', error)
    },
  }),
  ringCase({
    id: 'common.tcp.lines/endless',
    also: ['common.tcp.malformed', 'common.robust.bounds'],
    title: 'a line that never ends is not collected for ever',
    stage: 8,
    observes: ['wire'],
    evidence: 'too-long or a closed connection before any LF came, and a pong after it',
    hint: 'Do not wait for the LF of a line that is already too long.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const connection = await near.connect(node)
      const piece = '{"type":"ring.request",'.padEnd(65_536, ' ')
      let refused: Frame | undefined
      let closed = false
      const wanted = bench.until(() => refused !== undefined || closed)
      void connection.receive().then((frame) => {
        refused = frame
      })
      void connection.closedByNode().then((byNode) => {
        closed = byNode
      })
      for (let i = 0; i < 32 && refused === undefined && !closed; i += 1) {
        // A node that has stopped to read would hold up the writer for ever.
        await Promise.race([connection.sendBytes(piece), wanted])
      }
      bench.require(await wanted, {
        requirement: 'common.tcp.lines',
        expected: 'the error too-long, or a closed connection, after 2 MiB without an LF',
        actual: 'the connection stays open without an answer',
      })
      await fence(bench, node, near)
      bench.evidence('refused without waiting for the LF', refused)
    },
  }),
  ringCase({
    id: 'common.tcp.lines/crlf',
    also: ['ring.request.not-found'],
    title: 'a CR before the LF is ignored',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'answers to lines ended by CR LF, also before a body, whose CR and LF bytes stay',
    hint: 'Strip one CR at the end of a line; touch no byte of a body.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const requests = [freshNumber(bench), freshNumber(bench)]
      const connection = await near.connect(node)
      for (const request of requests) {
        await connection.sendBytes(`${JSON.stringify(ownRequest(request))}\r\n`)
      }
      for (const request of requests) {
        const answer = await requireAnswered(bench, request, 'common.tcp.lines', 'a line ended by CR LF')
        bench.evidence('CR LF', answer)
      }
      const content = contentOf(Buffer.from('\r\nlines\r\n\r\n'))
      const put = await agreedPut(bench, node, near, other, OWN_NAME, content)
      const putting = await other.connect(node)
      await putting.sendBytes(Buffer.concat([Buffer.from(put.replace('\n', '\r\n')), content.bytes]))
      await requireStored(bench, putting, OWN_NAME, 'common.tcp.lines')
      await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
    },
  }),
  ringCase({
    id: 'common.tcp.framing/byte-by-byte',
    also: ['ring.request.not-found', 'common.tcp.body'],
    title: 'a message, letters beyond ASCII and a body that arrive byte by byte',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'the message answered and the body stored intact',
    hint: 'One read is not one message. Decode UTF-8 when the line is complete, not for each piece.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const request = freshNumber(bench)
      const text = Buffer.from(line({ note: 'é☃😀', ...ownRequest(request) }))
      const connection = await near.connect(node)
      for (const byte of text) await connection.sendBytes(Uint8Array.of(byte))
      bench.evidence(
        'a line byte by byte',
        await requireAnswered(bench, request, 'common.tcp.framing', 'a message byte by byte'),
      )
      const content = contentOf(everyByte().bytes.subarray(0, 40))
      const put = await agreedPut(bench, node, near, other, OWN_NAME, content)
      const putting = await other.connect(node)
      for (const byte of Buffer.concat([Buffer.from(put), content.bytes])) {
        await putting.sendBytes(Uint8Array.of(byte))
      }
      await requireStored(bench, putting, OWN_NAME, 'common.tcp.framing')
      await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
    },
  }),
  ringCase({
    id: 'common.tcp.framing/every-split',
    also: ['ring.request.not-found'],
    title: 'a message in two pieces, cut at each of its bytes',
    stage: 2,
    observes: ['wire'],
    evidence: 'one answer to each message, wherever it was cut',
    hint: 'Keep what comes after the last LF until the next piece arrives.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const connection = await near.connect(node)
      const requests: number[] = []
      const length = line(ownRequest(6999)).length
      let held = ''
      for (let cut = 1; cut < length; cut += 1) {
        const request = freshNumber(bench)
        requests.push(request)
        const text = line(ownRequest(request))
        // The end of one message and the beginning of the next make one piece, so that the cuts fall everywhere.
        await connection.sendBytes(held + text.slice(0, cut))
        held = text.slice(cut)
      }
      await connection.sendBytes(held)
      let last: Frame | undefined
      for (const [i, request] of requests.entries()) {
        last = await requireAnswered(bench, request, 'common.tcp.framing', `message cut at byte ${i + 1}`)
      }
      bench.evidence(`${requests.length} messages, each cut elsewhere`, last)
    },
  }),
  ringCase({
    id: 'common.tcp.framing/glued',
    also: ['common.tcp.body', 'ring.store.place', 'ring.request.not-found', 'ring.route.forward'],
    title: 'messages and bodies that arrive in one piece',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'every message answered, three puts stored in order on their connection',
    hint: 'After a message look at what is left of the piece; after a body too.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const requests = Array.from({ length: 12 }, () => freshNumber(bench))
      const glued = await near.connect(node)
      await glued.sendBytes(requests.map((request) => line(ownRequest(request))).join(''))
      for (const request of requests) {
        bench.evidence(
          'glued',
          await requireAnswered(bench, request, 'common.tcp.framing', 'one of 12 in a piece'),
        )
      }
      const names = [OWN_NAME, OWN_NAME_SAME_KEY, OWN_NAME_LOW]
      const contents = [everyByte(), contentOf(new Uint8Array()), contentOf(Buffer.from('\n{"type":'))]
      const pieces: Uint8Array[] = []
      for (const [i, name] of names.entries()) {
        const content = contents[i] ?? everyByte()
        pieces.push(Buffer.from(await agreedPut(bench, node, near, other, name, content)), content.bytes)
      }
      const trailing = freshNumber(bench)
      const foreign = requestMessage({ from: NEAR, origin: OTHER, name: FOREIGN_NAME, request: trailing })
      pieces.push(Buffer.from(line(foreign)))
      const connection = await other.connect(node)
      await connection.sendBytes(Buffer.concat(pieces))
      const order: string[] = []
      for (const _ of names) {
        const stored = bench.requireFrame(await connection.receive(sent('ring.stored')), {
          requirement: 'common.tcp.framing',
          expected: `three times stored; so far for ${order.join(', ') || 'nothing'}`,
        })
        order.push(String(stored.message?.name))
      }
      bench.require(order.join() === names.join(), {
        requirement: 'common.tcp.framing',
        expected: `stored for ${names.join(', ')} in this order`,
        actual: order.join(', '),
      })
      await requireSent(bench, sentTo(FIRST, 'ring.request', { request: trailing }), {
        requirement: 'common.tcp.framing',
        expected: 'the request behind the last body sent on',
      })
      for (const [i, name] of names.entries()) {
        const content = contents[i] ?? everyByte()
        await fetchFile(bench, node, { via: near, origin: other, name, content })
      }
    },
  }),
  ringCase({
    id: 'common.tcp.framing/one-or-many-connections',
    also: ['ring.request.not-found'],
    title: 'thirty messages on one connection, and thirty connections with one message',
    stage: 2,
    observes: ['wire'],
    evidence: 'sixty answers',
    hint: 'Do not close the connection after the first message; do not wait for the first connection to end either.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const kept = await near.connect(node)
      let answer: Frame | undefined
      for (let i = 0; i < 30; i += 1) {
        const request = freshNumber(bench)
        await kept.send(ownRequest(request))
        answer = await requireAnswered(
          bench,
          request,
          'common.tcp.framing',
          `message ${i + 1} on one connection`,
        )
      }
      bench.evidence('30 on one connection', answer)
      for (let i = 0; i < 30; i += 1) {
        const request = freshNumber(bench)
        const connection = await tell(near, node, ownRequest(request))
        answer = await requireAnswered(bench, request, 'common.tcp.framing', `message on connection ${i + 1}`)
        connection.close()
      }
      bench.evidence('30 connections', answer)
    },
  }),
  ringCase({
    id: 'common.tcp.body/raw-bytes',
    also: ['ring.store.place', 'ring.request.found'],
    title: 'a body of letters is stored, and so is one of every byte value',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'both bodies stored and sent back byte for byte',
    hint: 'If the letters arrive and the other bytes do not, something decodes the body as text: keep it as bytes.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const letters = contentOf(Buffer.from('plain letters and nothing else'))
      const whole = { via: near, origin: other, name: OWN_NAME }
      await putFile(bench, node, { ...whole, content: letters })
      await fetchFile(bench, node, { ...whole, content: letters })
      const requirement = 'common.tcp.body'
      const { stored } = await putFile(bench, node, { ...whole, content: everyByte(), requirement })
      await fetchFile(bench, node, { ...whole, content: everyByte(), requirement })
      bench.evidence('every byte value there and back', stored)
    },
  }),
  ringCase({
    id: 'common.tcp.body/unknown-type',
    also: ['common.tcp.malformed', 'ring.request.not-found'],
    title: 'what follows a bodyLength of an unknown type is not read as messages',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'the error unknown-type and no answer to a request inside the body; an answer to the request by itself',
    hint: 'Skip bodyLength bytes, or close the connection.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const hidden = freshNumber(bench)
      const inner = line(ownRequest(hidden))
      const connection = await near.connect(node)
      await connection.sendBytes(
        `${line({ type: 'ring.dance', from: NEAR, bodyLength: inner.length })}${inner}`,
      )
      const error = await requireError(
        bench,
        connection,
        ['unknown-type'],
        'common.tcp.malformed',
        'an unknown type with a body',
      )
      const open = freshNumber(bench)
      await requireNever(
        bench,
        sent('ring.not-found', { request: hidden }),
        { requirement: 'common.tcp.body', expected: 'no answer to a request inside a body' },
        async () => {
          await tell(near, node, ownRequest(open))
          await requireAnswered(bench, open, 'common.tcp.body', 'the request by itself')
        },
      )
      bench.evidence('the body was skipped', error)
    },
  }),
  ringCase({
    id: 'common.tcp.body/looks-like-messages',
    also: ['ring.store.place', 'ring.request.found'],
    title: 'a body that reads like messages is not read as messages',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'the body stored intact and the same successors, although the body holds a depart',
    hint: 'After the LF of a header with bodyLength the next bytes are content, whatever they look like.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const before = await node.state()
      const inner = [
        { type: 'ring.depart', from: FIRST, successors: [OTHER, NEAR] },
        ownRequest(424_242),
        { type: 'ring.successor-change', from: FIRST, successors: [FIRST, OTHER] },
      ]
      const content = contentOf(Buffer.from(`\n${inner.map(line).join('')}`))
      const { stored } = await putFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      requireNone(bench, sent('ring.not-found', { request: 424_242 }), {
        requirement: 'common.tcp.body',
        expected: 'no answer to a request inside a body',
      })
      await requireSameState(
        bench,
        node,
        { ...before, files: [OWN_NAME] },
        'common.tcp.body',
        'a body that holds messages',
      )
      bench.evidence('the body is content', stored)
    },
  }),
  ringCase({
    id: 'common.tcp.malformed/codes',
    also: ['ring.request.not-found'],
    title: 'each kind of broken line is answered with its error and changes nothing',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'an error with the right code for each, the same state, and an answer to the line without a fault',
    hint: 'malformed: no JSON object. unknown-type: no such message on TCP. schema: a field is missing, of the wrong type or out of range.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const before = await node.state()
      const request = freshNumber(bench)
      const store = storeMessage({ from: NEAR, origin: OTHER, name: OWN_NAME, request, size: 4 })
      const lines = malformedLines(ownRequest(request), store)
      for (const { what, bytes, codes } of lines) {
        const connection = await near.connect(node)
        await connection.sendBytes(Buffer.concat([Buffer.from(bytes), Buffer.from('\n')]))
        await requireError(bench, connection, codes, 'common.tcp.malformed', what)
        connection.close()
      }
      await fence(bench, node, near)
      requireNone(bench, (frame) => frame.sender === 'program' && frame.message?.request === request, {
        requirement: 'common.tcp.malformed',
        expected: 'no reaction to broken lines but errors',
      })
      await requireSameState(bench, node, before, 'common.tcp.malformed', 'broken lines')
      await tell(near, node, ownRequest(request))
      const answer = await requireAnswered(bench, request, 'common.tcp.malformed', 'the line without a fault')
      bench.evidence(`${lines.length} broken lines refused, the good one answered`, answer)
    },
  }),
  ringCase({
    id: 'common.tcp.malformed/with-a-body',
    also: ['ring.store.place'],
    title: 'after a refused message with a body the connection is closed',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'an error, a closed connection and nothing stored; the put without the fault is stored',
    hint: 'Do not read the body of a refused message as lines: answer and close.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const before = await node.state()
      const content = contentOf(Buffer.from(line(ownRequest(515_151))))
      const put = putMessage({ from: OTHER, name: OWN_NAME, request: 3, content })
      for (const broken of [
        { ...put, digest: content.digest.toUpperCase() },
        { ...put, digest: content.digest.slice(1) },
        { ...put, name: '33' },
      ]) {
        const connection = await other.connect(node)
        await connection.sendBytes(Buffer.concat([Buffer.from(line(broken)), content.bytes]))
        const error = await requireError(
          bench,
          connection,
          ['schema'],
          'common.tcp.malformed',
          'a put that breaks the schema',
        )
        bench.require(await connection.closedByNode(), {
          requirement: 'common.tcp.malformed',
          expected: 'a closed connection after a refused message with a body',
          actual: 'it stays open',
          exhibits: [{ frame: error.n }],
        })
      }
      await fence(bench, node, near)
      requireNone(bench, sent('ring.not-found', { request: 515_151 }), {
        requirement: 'common.tcp.malformed',
        expected: 'no answer to a request inside a refused body',
      })
      await requireSameState(bench, node, before, 'common.tcp.malformed', 'refused puts')
      const { stored } = await putFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      bench.evidence('the good put is stored', stored)
    },
  }),
  ringCase({
    id: 'common.tcp.malformed/error-is-not-answered',
    also: ['ring.request.not-found'],
    title: 'an error message is never answered',
    stage: 2,
    observes: ['wire'],
    evidence: 'nothing on the connection after errors, and an answer to a request after them',
    hint: 'Two peers that answer errors with errors never stop.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const connection = await near.connect(node)
      for (const code of ['internal', 'unexpected', 'malformed']) {
        await connection.send({ type: 'error', code, message: 'a test' })
      }
      const request = freshNumber(bench)
      await requireNever(
        bench,
        (frame) => frame.connection === connection.number && frame.sender === 'program',
        { requirement: 'common.tcp.malformed', expected: 'no answer to an error message' },
        async () => {
          await tell(near, node, ownRequest(request))
          await requireAnswered(bench, request, 'common.tcp.malformed', 'a request after error messages')
        },
      )
      const answer = bench.frames.find(sent('ring.not-found', { request }))
      bench.evidence('silent to errors, alive after them', answer)
    },
  }),
  ringCase({
    id: 'common.tcp.half-close/answers-still-come',
    also: ['ring.store.place', 'ring.request.not-found'],
    title: 'messages before a half-close are handled, and answers due on the connection still come',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'stored after the sending side was shut down, a closed connection, and answers to three requests',
    hint: 'End of input is not end of connection: handle what came before, write your answers, then close.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const requests = [freshNumber(bench), freshNumber(bench), freshNumber(bench)]
      const asking = await near.connect(node)
      await asking.sendBytes(requests.map((request) => line(ownRequest(request))).join(''))
      asking.end()
      for (const request of requests) {
        await requireAnswered(bench, request, 'common.tcp.half-close', 'a request before the half-close')
      }
      const content = randomContent(bench, 3000)
      const put = await agreedPut(bench, node, near, other, OWN_NAME, content)
      const connection = await other.connect(node)
      await connection.sendBytes(Buffer.concat([Buffer.from(put), content.bytes]))
      connection.end()
      const stored = await requireStored(bench, connection, OWN_NAME, 'common.tcp.half-close')
      bench.require(await connection.closedByNode(), {
        requirement: 'common.tcp.half-close',
        expected: 'a connection that the node closes when nothing is due any more',
        actual: 'it stays open',
        exhibits: [{ frame: stored.n }],
      })
      const refusing = await near.connect(node)
      await refusing.sendBytes('hello\n')
      refusing.end()
      await requireError(bench, refusing, ['malformed'], 'common.tcp.half-close', 'a word and a half-close')
      bench.evidence('stored after the half-close', stored)
    },
  }),
  ringCase({
    id: 'common.tcp.half-close/query',
    also: ['ring.dead.query'],
    title: 'a query is answered on its connection after a half-close',
    stage: 7,
    observes: ['wire'],
    evidence: 'successor-answer after the sending side was shut down',
    hint: 'A peer that closes its sending side may still be waiting for your answer.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const connection = await tell(near, node, { type: 'ring.successor-query', from: NEAR })
      connection.end()
      const answer = bench.requireFrame(await connection.receive(sent('ring.successor-answer')), {
        requirement: 'common.tcp.half-close',
        expected: 'successor-answer on the connection that was half closed',
      })
      bench.evidence('answered', answer)
    },
  }),
  ringCase({
    id: 'common.tcp.cut/line',
    also: ['ring.request.not-found', 'ring.route.forward'],
    title: 'a message without its LF is not handled when the connection ends',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'no reaction to whole and half objects without LF; an answer with the LF',
    hint: 'The LF ends a message, the end of the connection does not.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const cut = [freshNumber(bench), freshNumber(bench), freshNumber(bench)] as const
      const texts = [
        JSON.stringify(ownRequest(cut[0])),
        JSON.stringify(requestMessage({ from: NEAR, origin: OTHER, name: FOREIGN_NAME, request: cut[1] })),
        JSON.stringify(ownRequest(cut[2])),
      ]
      for (const [i, text] of texts.entries()) {
        const connection = await near.connect(node)
        await connection.sendBytes(text)
        if (i === 2) connection.reset()
        else connection.end()
      }
      const whole = freshNumber(bench)
      await requireNever(
        bench,
        (frame) => frame.sender === 'program' && cut.includes(Number(frame.message?.request)),
        { requirement: 'common.tcp.cut', expected: 'no reaction to a message without LF' },
        async () => {
          const connection = await near.connect(node)
          await connection.sendBytes(`${JSON.stringify(ownRequest(whole))}\n{"type":`)
          connection.end()
          bench.evidence(
            'the line with LF is answered',
            await requireAnswered(bench, whole, 'common.tcp.cut', 'the line with LF before the cut one'),
          )
        },
      )
    },
  }),
  ringCase({
    id: 'common.tcp.cut/body',
    also: ['ring.request.not-found', 'ring.store.place'],
    title: 'a put whose body ends early stores nothing and replaces nothing',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'no stored and not-found after each cut, the older file unharmed, and the whole put stored',
    hint: 'Give the file its name when the last byte has arrived, not before.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const older = randomContent(bench, 50)
      const whole = { via: near, origin: other, name: OWN_NAME, content: older }
      const { stored: complete } = await putFile(bench, node, whole)
      const content = randomContent(bench, 2000)
      for (const [name, sentBytes] of [
        [OWN_NAME, 1999],
        [OWN_NAME_LOW, 1],
        [OWN_NAME_LOW, 0],
      ] as const) {
        const put = await agreedPut(bench, node, near, other, name, content)
        const connection = await other.connect(node)
        await connection.sendBytes(put)
        await connection.sendBytes(content.bytes.subarray(0, sentBytes))
        if (sentBytes === 1) connection.reset()
        else connection.end()
      }
      await requireDiscarded(bench, node, content.bytes, 'common.tcp.cut', 'the cut put')
      await fence(bench, node, near)
      requireNone(bench, (frame) => frame.n > complete.n && sent('ring.stored')(frame), {
        requirement: 'common.tcp.cut',
        expected: 'no stored for a cut put',
      })
      const file = await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content: older })
      await requireNotFound(bench, node, { via: near, origin: other, name: OWN_NAME_LOW })
      await putFile(bench, node, { via: near, origin: other, name: OWN_NAME_LOW, content })
      bench.evidence('the older file is unharmed', file)
    },
  }),
  ringCase({
    id: 'common.tcp.slow/60-silent-connections',
    also: ['ring.request.not-found', 'ring.ping.answer', 'ring.store.place'],
    title: '60 connections with nothing or half a message do not keep the node from its work',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'pong, not-found and a stored file beside 60 silent connections, which are served when they go on',
    hint: 'One thread per connection, or an event loop; but never a blocking read in the loop that serves everyone.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const slow: { connection: ProbeConnection; request: number; rest: string }[] = []
      for (let i = 0; i < 60; i += 1) {
        const request = freshNumber(bench)
        const text = line(ownRequest(request))
        const connection = await near.connect(node)
        const cut = i % 3 === 0 ? 0 : (i * 2) % text.length
        await connection.sendBytes(text.slice(0, cut))
        slow.push({ connection, request, rest: text.slice(cut) })
      }
      await fence(bench, node, near, 'common.tcp.slow')
      const answer = await requireNotFound(bench, node, { via: near, origin: other, name: OWN_NAME_LOW })
      const content = randomContent(bench, 300)
      await putFile(bench, node, { via: near, origin: other, name: OWN_NAME_LOW, content })
      for (const { connection, rest } of slow) await connection.sendBytes(rest)
      for (const { request } of slow) {
        await requireAnswered(bench, request, 'common.tcp.slow', 'a request on a connection that was silent')
      }
      bench.evidence('answered beside 60 silent connections', answer)
    },
  }),
  ringCase({
    id: 'common.tcp.slow/half-a-body',
    also: ['ring.request.not-found', 'ring.ping.answer', 'ring.store.place'],
    title: 'a body that stops half way holds up nobody else',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'pong, not-found and another stored file meanwhile, and the first one stored when it goes on',
    hint: 'Read bodies piece by piece beside everything else.',
    async run(bench: RingBench) {
      const { node, near, other, far } = await settle(bench)
      const content = randomContent(bench, 1000)
      const put = await agreedPut(bench, node, near, other, OWN_NAME, content)
      const connection = await other.connect(node)
      await connection.sendBytes(put)
      await connection.sendBytes(content.bytes.subarray(0, 500))
      await fence(bench, node, near, 'common.tcp.slow')
      await requireNotFound(bench, node, { via: near, origin: other, name: OWN_NAME })
      await putFile(bench, node, { via: near, origin: far, name: OWN_NAME_LOW, content: everyByte() })
      await connection.sendBytes(content.bytes.subarray(500))
      const stored = await requireStored(bench, connection, OWN_NAME, 'common.tcp.slow')
      await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      bench.evidence('stored in two halves', stored)
    },
  }),
]
