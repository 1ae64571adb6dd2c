// A peer as the server of calls: how requests come, and how they are answered. peers.md section 1.
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import { peersCase, stage } from './define.ts'
import { requireError, requireResult } from './procedures/answers.ts'
import { answersOn, ask, paddedLine, requestLine, requestText } from './procedures/lines.ts'
import { outside } from './procedures/scene.ts'
import { eventsOf, requireListNow, requireServes } from './procedures/standstill.ts'

/** Texts of the messages that the node has reported so far. */
const textsOf = (node: Parameters<typeof eventsOf>[0]): readonly string[] =>
  eventsOf(node, 'message').map(({ text }) => text)

export const callRequestCases: readonly Case<'peers'>[] = [
  peersCase({
    id: 'peers.call.answer/peer-one-line',
    role: 'peers.peer',
    title: 'each call, whether it succeeds or fails, gets one line on its connection',
    also: ['common.tcp.half-close'],
    stage: stage.call,
    observes: ['wire'],
    evidence: 'exactly one answer for each of nine calls before the peer closes its side',
    hint: 'Answer also when the method fails or does not exist: catch what it throws and send the error. Write one line, once.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const calls: readonly [string, readonly unknown[]][] = [
        ['check', []],
        ['register_peer', [3, stranger.addressFor(peer)]],
        ['display_peers', []],
        ['print_message', [3, 'hello']],
        ['unregister_peer', [3]],
        ['unregister_peer', [3]],
        ['register_peer', [3]],
        ['print_message', []],
        ['dance', [1]],
      ]
      for (const [method, args] of calls) {
        const connection = await stranger.connect(peer)
        await connection.sendBytes(requestLine(method, args))
        connection.end()
        const closed = await connection.closedByNode()
        const answers = answersOn(bench.frames, connection, peer)
        bench.require(answers.length === 1, {
          requirement: 'peers.call.answer',
          expected: `one answer to ${method} with ${JSON.stringify(args)}`,
          actual: `${answers.length}`,
          exhibits: answers.map((frame) => ({ frame: frame.n })),
        })
        bench.require(closed, {
          requirement: 'common.tcp.half-close',
          expected: 'the peer to close its side when the caller has and nothing more is due',
          actual: 'it stays open',
        })
        bench.evidence(`one answer to ${method}`, answers[0])
      }
    },
  }),
  peersCase({
    id: 'peers.call.request/peer-any-json',
    role: 'peers.peer',
    title:
      'a request may be written in any way that JSON allows: blanks, order of keys, escapes, CR before LF',
    stage: stage.call,
    observes: ['wire'],
    evidence: 'the same result for each spelling',
    hint: 'Use a JSON parser, and strip a CR before the LF.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      for (const spelling of [
        '{"method":"check","args":[]}\n',
        '{"args":[],"method":"check"}\n',
        ' { "method" : "check" , "args" : [ ] } \t\n',
        '{"m\\u0065thod":"\\u0063heck","args":[]}\n',
        '{"method":"check","args":[]}\r\n',
        '{"args":[\t],\t"method":"check"} \r\n',
      ]) {
        const { answer, connection } = await ask(stranger, peer, spelling)
        const frame = requireResult(bench, answer, [-1, bench.type], {
          requirement: 'peers.call.request',
          to: JSON.stringify(spelling),
        })
        connection.close()
        bench.evidence(JSON.stringify(spelling), frame)
      }
    },
  }),
  peersCase({
    id: 'peers.call.request/peer-other-keys',
    role: 'peers.peer',
    title: 'other keys of a request are ignored, params beside args too',
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'the result of the method, with the arguments of args',
    hint: 'Read method and args and nothing else.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      for (const others of [
        '"id":1,"jsonrpc":"2.0"',
        '"type":"object","from":"me"',
        '"result":null',
        '"error":{"name":"Exception","args":[]}',
        '"params":[9,"by params"]',
        '"__proto__":{"args":[9,"by prototype"]},"constructor":1',
      ]) {
        const text = `{${others},"method":"print_message","args":[4,"by args"]}\n`
        const { answer, connection } = await ask(stranger, peer, text)
        const frame = requireResult(bench, answer, null, { requirement: 'peers.call.request', to: text })
        connection.close()
        bench.evidence(others, frame)
      }
      await peer.state()
      const texts = textsOf(peer)
      bench.require(texts.length === 6 && texts.every((text) => text === 'by args'), {
        requirement: 'peers.call.request',
        expected: 'six messages with the text in args',
        actual: JSON.stringify(texts),
      })
    },
  }),
  peersCase({
    id: 'peers.call.split/peer-byte-by-byte',
    role: 'peers.peer',
    title: 'a request that comes byte by byte, with characters of up to four bytes',
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'the result, and the text whole',
    hint: 'Collect bytes until the LF and decode the line as a whole; one read is not one line, nor one character.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const text = 'é€😀 ende'
      const connection = await stranger.connect(peer)
      const bytes = Buffer.from(requestLine('print_message', [4, text]).replace('\n', '\r\n'))
      for (const byte of bytes) {
        await connection.sendBytes(Uint8Array.of(byte))
        await bench.quiet(() => false, 1)
      }
      const answer = requireResult(bench, await connection.receive(), null, {
        requirement: 'peers.call.split',
        to: 'print_message, byte by byte',
      })
      await peer.state()
      bench.require(textsOf(peer).join() === text, {
        requirement: 'peers.call.split',
        expected: `the message ${text}`,
        actual: JSON.stringify(textsOf(peer)),
      })
      bench.evidence('whole again', answer)
    },
  }),
  peersCase({
    id: 'peers.call.split/peer-one-piece',
    role: 'peers.peer',
    title: 'ten requests in one piece',
    stage: stage.call,
    observes: ['wire'],
    evidence: 'ten answers in their order; or the first, if the peer closes after an answer',
    hint: 'What follows the LF belongs to the next request. Keep it.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const names = Array.from({ length: 10 }, (_, i) => `dance_${i}_of_10`)
      const connection = await stranger.connect(peer)
      await connection.sendBytes(names.map((name) => requestLine(name, [])).join(''))
      for (const [i, name] of names.entries()) {
        const answer = await connection.receive()
        if (answer === undefined && i > 0 && (await connection.closedByNode())) break
        const frame = requireError(bench, answer, {
          requirement: 'peers.call.split',
          name: 'AttributeError',
          about: name,
          to: `${name}, request ${i + 1} of ten in one piece`,
        })
        bench.evidence(`answer ${i + 1}`, frame)
      }
    },
  }),
  peersCase({
    id: 'peers.call.several/peer-in-order',
    role: 'peers.peer',
    title: 'further requests on the same connection are answered in their order',
    stage: stage.call,
    observes: ['wire'],
    evidence: 'twenty answers on one connection, each to its request',
    hint: 'Go on reading after the answer. You may close instead, as the skeleton of the course does; a warning says no more than that.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const connection = await stranger.connect(peer)
      for (let i = 0; i < 20; i += 1) {
        await connection.sendBytes(requestLine(`dance_${i}`, []))
        const frame = requireError(bench, await connection.receive(), {
          requirement: 'peers.call.several',
          name: 'AttributeError',
          about: `dance_${i}`,
          to: `request ${i + 1} on one connection`,
        })
        bench.evidence(`answer ${i + 1}`, frame)
      }
      await connection.sendBytes(['slow', 'quick', 'last'].map((name) => requestLine(name, [])).join(''))
      for (const name of ['slow', 'quick', 'last'])
        requireError(bench, await connection.receive(), {
          requirement: 'peers.call.several',
          name: 'AttributeError',
          about: name,
          to: `${name}, one of three sent at once`,
        })
    },
  }),
  peersCase({
    id: 'peers.call.close/peer-half-close',
    role: 'peers.peer',
    title: 'a caller that shuts down its sending side after the request gets its answer',
    also: ['common.tcp.half-close'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'the answer, then the end of the connection',
    hint: 'The end of input is not the end of the connection: answer first, then close.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const connection = await stranger.connect(peer)
      await connection.sendBytes(requestLine('print_message', [1, 'last words']))
      connection.end()
      const answer = requireResult(bench, await connection.receive(), null, {
        requirement: 'peers.call.close',
        to: 'print_message of a caller that has shut down its sending side',
      })
      bench.require(await connection.closedByNode(), {
        requirement: 'common.tcp.half-close',
        expected: 'the peer to close its side after the answer',
        actual: 'it stays open',
        exhibits: [{ frame: answer.n }],
      })
      bench.evidence('answered after the half-close', answer)
    },
  }),
  peersCase({
    id: 'peers.call.close/peer-early-close',
    role: 'peers.peer',
    title: 'calls of callers that close right after the request are carried out',
    also: ['peers.message.receive', 'peers.call.survive', 'peers.list.register'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'a message or a new peer in the list for each of twenty calls, and an answer to check',
    hint: 'That nobody waits for the answer is no reason to drop the call; handle the error of the socket that you write it to.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      for (let i = 0; i < 20; i += 1) {
        const connection = await stranger.connect(peer)
        await connection.sendBytes(
          i % 2 === 0
            ? requestLine('print_message', [1, `call ${i}`])
            : requestLine('register_peer', [i, ['127.9.9.9', 1000 + i]]),
        )
        connection.close()
      }
      const done = await bench.until(
        () => textsOf(peer).length >= 10 && eventsOf(peer, 'joined').length >= 10,
      )
      bench.require(done, {
        requirement: 'peers.call.close',
        expected: 'ten messages and ten peers in the list, although their callers closed at once',
        actual: `${textsOf(peer).length} messages and ${eventsOf(peer, 'joined').length} peers`,
      })
      bench.evidence(
        'twenty calls carried out',
        await requireServes(bench, stranger, peer, 'peers.call.survive'),
      )
    },
  }),
  peersCase({
    id: 'common.tcp.cut/peer-half-a-line',
    role: 'peers.peer',
    title: 'a request without its LF is not carried out when the connection ends',
    also: ['peers.list.register'],
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'no peer in the list from the cut request, one from the same request with its LF',
    hint: 'A line is one when its LF has come. readline() of many languages also gives the rest before the end of the stream.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const address = stranger.addressFor(peer)
      const whole = requestText('register_peer', [3, address])
      for (const cut of [whole, whole.slice(0, -1), whole.slice(0, 20)]) {
        const connection = await stranger.connect(peer)
        await connection.sendBytes(cut)
        connection.end()
        await connection.closedByNode()
        const answers = answersOn(bench.frames, connection, peer)
        bench.require(!answers.some((frame) => frame.message !== undefined && 'result' in frame.message), {
          requirement: 'common.tcp.cut',
          expected: 'no success of a request whose LF never came',
          actual: JSON.stringify(answers.map(({ message }) => message)),
          exhibits: answers.map((frame) => ({ frame: frame.n })),
        })
      }
      await requireListNow(bench, peer, [], 'common.tcp.cut', 'after three requests without LF')
      const { answer } = await ask(stranger, peer, `${whole}\n`)
      const frame = requireResult(bench, answer, null, { requirement: 'common.tcp.cut', to: whole })
      await requireListNow(
        bench,
        peer,
        [{ id: 3, address }],
        'peers.list.register',
        'after the whole request',
      )
      bench.evidence('carried out with its LF', frame)
    },
  }),
  peersCase({
    id: 'common.tcp.slow/peer-half-requests',
    role: 'peers.peer',
    title: '64 connections with half a request each hold up nobody, and are answered when the rest comes',
    also: ['peers.call.split', 'peers.call.survive'],
    stage: stage.call,
    observes: ['wire'],
    evidence: 'an answer to check beside them, then an answer on each of the 64',
    hint: 'Read all connections beside each other: a thread each, or events.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const line = requestLine('check', [])
      const connections = await Promise.all(Array.from({ length: 64 }, () => stranger.connect(peer)))
      for (const [i, connection] of connections.entries())
        await connection.sendBytes(line.slice(0, i % line.length))
      bench.evidence('served beside them', await requireServes(bench, stranger, peer, 'common.tcp.slow'))
      for (const [i, connection] of connections.entries())
        await connection.sendBytes(line.slice(i % line.length))
      for (const [i, connection] of connections.entries()) {
        const answer = requireResult(bench, await connection.receive(), [-1, bench.type], {
          requirement: 'common.tcp.slow',
          to: `the request in two pieces on connection ${i + 1} of 64`,
        })
        connection.close()
        if (i === 63) bench.evidence('64 connections answered', answer)
      }
    },
  }),
  peersCase({
    id: 'peers.call.length/peer-longest-request',
    role: 'peers.peer',
    title: 'requests of up to 65,536 bytes are accepted',
    stage: stage.call,
    observes: ['wire'],
    evidence: 'results for requests of 1,025, 8,193, 65,535 and 65,536 bytes',
    hint: 'Collect bytes until the LF, however many reads that takes, up to 65,536.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      for (const size of [1025, 8193, 65_535, 65_536]) {
        const { answer, connection } = await ask(stranger, peer, paddedLine('check', [], size))
        const frame = requireResult(bench, answer, [-1, bench.type], {
          requirement: 'peers.call.length',
          to: `a request of ${size} bytes`,
        })
        connection.close()
        bench.evidence(`${size} bytes`, frame)
      }
    },
  }),
  peersCase({
    id: 'peers.call.length/peer-too-long',
    role: 'peers.peer',
    title: 'a request of 65,537 bytes is answered with a ProtocolError, closed, and not carried out',
    stage: stage.call,
    observes: ['wire', 'control'],
    evidence: 'the ProtocolError, the closed connection, no message; the same request one byte shorter works',
    hint: 'Count while you collect; stop at the limit, answer and close.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const { answer, connection } = await ask(
        stranger,
        peer,
        paddedLine('print_message', [1, 'too long'], 65_537),
      )
      const error = requireError(bench, answer, {
        requirement: 'peers.call.length',
        name: 'ProtocolError',
        to: 'a request of 65,537 bytes',
      })
      bench.require(await connection.closedByNode(), {
        requirement: 'peers.call.length',
        expected: 'a closed connection after a request that is too long',
        actual: 'it stays open',
        exhibits: [{ frame: error.n }],
      })
      const second = await ask(stranger, peer, paddedLine('print_message', [1, 'just fits'], 65_536))
      requireResult(bench, second.answer, null, {
        requirement: 'peers.call.length',
        to: 'the request one byte shorter',
      })
      await peer.state()
      bench.require(textsOf(peer).join() === 'just fits', {
        requirement: 'peers.call.length',
        expected: 'one message, of the request that fits',
        actual: JSON.stringify(textsOf(peer)),
      })
      bench.evidence('refused at 65,537, answered at 65,536', error)
    },
  }),
  peersCase({
    id: 'peers.call.length/peer-endless',
    role: 'peers.peer',
    title: 'a request that never ends is not collected for ever',
    also: ['common.robust.bounds', 'peers.call.survive'],
    stage: stage.faults,
    observes: ['wire'],
    evidence: 'a ProtocolError or the end of the connection before any LF, and an answer to check after it',
    hint: 'Do not wait for the LF of a line that is already too long.',
    async run(bench: PeersBench) {
      const { peer, stranger } = await outside(bench)
      const connection = await stranger.connect(peer)
      const piece = '{"method":"check",'.padEnd(65_536, ' ')
      let over = false
      const ending = Promise.race([connection.receive(), connection.closedByNode()]).then(() => {
        over = true
      })
      for (let i = 0; i < 32 && !over; i += 1)
        // A peer that has stopped to read would hold up the writer for ever.
        await Promise.race([connection.sendBytes(piece), ending])
      await ending
      const [answer] = answersOn(bench.frames, connection, peer)
      const closed = await connection.closedByNode()
      bench.require(closed, {
        requirement: 'peers.call.length',
        expected: 'the connection closed when the request is longer than 65,536 bytes',
        actual: 'it stays open',
      })
      if (answer !== undefined)
        requireError(bench, answer, {
          requirement: 'peers.call.length',
          name: 'ProtocolError',
          to: 'a request without an end',
        })
      connection.reset()
      bench.evidence('serves after it', await requireServes(bench, stranger, peer, 'peers.call.survive'))
    },
  }),
]
