// A name service as the server of calls: how requests come, and how they are answered. peers.md section 1.
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import type { ProbeConnection } from '../../wire/probe.ts'
import { stage } from './define.ts'
import { nameServiceCase } from './name-service-case.ts'
import { requireError, requireResult } from './procedures/answers.ts'
import { callText } from './procedures/call-results.ts'
import { answersOn, ask, paddedLine, requestLine, requestText } from './procedures/lines.ts'
import {
  type Call,
  farAddress,
  nameServiceAndCaller,
  type Registration,
  register,
  registerAll,
  registrationOf,
  requireUnchanged,
} from './procedures/registrations.ts'

/** Answers to so many requests that are on their way on this connection. The server may close after one of them. */
async function answersUntilClosed(
  bench: PeersBench,
  connection: ProbeConnection,
  count: number,
): Promise<readonly Frame[]> {
  const answers: Frame[] = []
  while (answers.length < count) {
    const answer = await connection.receive()
    if (answer === undefined) break
    answers.push(answer)
  }
  const closed = answers.length < count && (await connection.closedByNode(0))
  bench.require(answers.length === count || (answers.length > 0 && closed), {
    // Without any answer a MUST is broken; to leave the others open is against a SHOULD.
    requirement: answers.length === 0 ? 'peers.call.answer' : 'peers.call.several',
    expected: `${count} answers on the connection, or its end after an answer`,
    actual: `${answers.length} answers, and the connection ${closed ? 'closed' : 'open'}`,
  })
  return answers
}

/** The call that finds one of these again, and the answer that only its own request gets. */
const finding = ({ type, id }: Registration): Call => ['require_object', [type, id]]

const requireFound = (
  bench: PeersBench,
  answer: Frame | undefined,
  registration: Registration,
  requirement: string,
): Frame =>
  requireResult(bench, answer, registration.address, {
    requirement,
    to: callText(...finding(registration)),
  })

export const nameServiceCallCases: readonly Case<'peers'>[] = [
  nameServiceCase({
    id: 'peers.call.answer/name-service-one-line',
    also: ['common.tcp.half-close'],
    title: 'each call of each method, whether it succeeds or fails, gets one line on its connection',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'exactly one answer for each of twelve calls before the name service closes its side',
    hint: 'Answer also when the method fails or does not exist: catch what it throws and send the error. Write one line, once.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      const calls: readonly Call[] = [
        ['register', [bench.type, farAddress(2)]],
        ['require_all', [bench.type]],
        ['require_any', [bench.type]],
        ['require_object', [bench.type, known.id]],
        ['require_all', [`${bench.type}-of-nobody`]],
        ['require_any', [`${bench.type}-of-nobody`]],
        ['require_object', [bench.type, known.id + 1000]],
        ['unregister', [known.id, bench.type, `${known.hash}-wrong`]],
        ['register', [bench.type]],
        ['require_all', []],
        ['dance', [1]],
        ['', []],
      ]
      for (const [method, args] of calls) {
        const connection = await caller.connect(node)
        await connection.sendBytes(requestLine(method, args))
        connection.end()
        const closed = await connection.closedByNode()
        const answers = answersOn(bench.frames, connection, node)
        bench.require(answers.length === 1, {
          requirement: 'peers.call.answer',
          expected: `one answer to ${callText(method, args)}`,
          actual: `${answers.length}`,
          exhibits: answers.map((frame) => ({ frame: frame.n })),
        })
        bench.require(closed, {
          requirement: 'common.tcp.half-close',
          expected: 'the name service to close its side when the caller has and nothing more is due',
          actual: 'it stays open',
        })
        bench.evidence(`one answer to ${callText(method, args)}`, answers[0])
      }
    },
  }),
  nameServiceCase({
    id: 'peers.call.request/name-service-any-json',
    title:
      'a request may be written in any way that JSON allows: blanks, order of keys, escapes, CR before LF',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'the same address for each spelling',
    hint: 'Use a JSON parser, and strip a CR before the LF.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      const type = JSON.stringify(bench.type)
      const { id } = known
      for (const spelling of [
        `{"method":"require_object","args":[${type},${id}]}\n`,
        `{"args":[${type},${id}],"method":"require_object"}\n`,
        ` { "method" : "require_object" ,\t"args" : [ ${type} , ${id} ] } \n`,
        `{"m\\u0065thod":"require\\u005fobject","args":[${type},${id}]}\n`,
        `{"method":"require_object","args":[${type},${id}]}\r\n`,
        `{"method":"require_object","args":["\\u${type.charCodeAt(1).toString(16).padStart(4, '0')}${type.slice(2)},${id}]}\r\n`,
      ]) {
        const { answer, connection } = await ask(caller, node, spelling)
        const frame = requireResult(bench, answer, known.address, {
          requirement: 'peers.call.request',
          to: JSON.stringify(spelling),
        })
        connection.close()
        bench.evidence(JSON.stringify(spelling), frame)
      }
    },
  }),
  nameServiceCase({
    id: 'peers.call.request/name-service-other-keys',
    title: 'other keys of a request are ignored, params beside args too',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'a registration by args for each request with other keys',
    hint: 'Read method and args and nothing else.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const others = [
        '"id":1,"jsonrpc":"2.0"',
        '"type":"other","address":["other.example",1]',
        '"result":null',
        '"error":{"name":"Exception","args":[]}',
        '"params":["by params",["other.example",1]]',
        '"__proto__":{"args":["by prototype",["other.example",1]]},"constructor":1',
      ]
      const registered: Registration[] = []
      for (const [i, keys] of others.entries()) {
        const address = farAddress(i)
        const { method, args } = { method: 'register', args: [bench.type, address] }
        const text = `{${keys},"method":"${method}","args":${JSON.stringify(args)}}\n`
        const { answer, connection } = await ask(caller, node, text)
        registered.push(registrationOf(bench, answer, bench.type, address, 'peers.call.request'))
        connection.close()
      }
      const frame = await requireUnchanged(
        bench,
        node,
        caller,
        registered,
        'peers.call.request',
        'registrations with other keys beside args',
      )
      bench.evidence(`${others.length} registrations, each as args said`, frame)
    },
  }),
  nameServiceCase({
    id: 'peers.call.split/name-service-every-cut',
    title: 'a request in two pieces, cut at each of its bytes',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'the answer to each request, wherever it was cut, within a character too',
    hint: 'One read is not one line. Collect bytes until the LF, and decode the line as a whole.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const type = `${bench.type} é☃😀`
      const known = await register(bench, node, caller, farAddress(1), type)
      const bytes = Buffer.from(requestLine(...finding(known)))
      const cuts = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1)
      let last: Frame | undefined
      while (cuts.length > 0) {
        // No more at once than every server has to bear.
        const batch = await Promise.all(
          cuts.splice(0, 32).map(async (cut) => ({ cut, connection: await caller.connect(node) })),
        )
        for (const { cut, connection } of batch) await connection.sendBytes(bytes.subarray(0, cut))
        // Whoever answers this has had the time to read the first halves alone.
        await caller.callFor(node, 'require_all', [type], 'peers.call.split')
        for (const { cut, connection } of batch) await connection.sendBytes(bytes.subarray(cut))
        for (const { cut, connection } of batch) {
          last = requireResult(bench, await connection.receive(), known.address, {
            requirement: 'peers.call.split',
            to: `a request cut after byte ${cut}`,
          })
          connection.close()
        }
      }
      bench.evidence(`${bytes.length - 1} cuts`, last)
    },
  }),
  nameServiceCase({
    id: 'peers.call.split/name-service-byte-by-byte',
    also: ['peers.require.types'],
    title: 'a registration that comes byte by byte, with characters of up to four bytes',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'the registration, and type and address whole',
    hint: 'Decode UTF-8 when the line is complete, not for each piece.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const type = `é€😀 ${bench.type}`
      const address = ['zürich-☃.example', 40_001] as const
      const connection = await caller.connect(node)
      for (const byte of Buffer.from(requestLine('register', [type, address]).replace('\n', '\r\n'))) {
        await connection.sendBytes(Uint8Array.of(byte))
        // Gives the other side the time to read it alone.
        await bench.quiet(() => false, 1)
      }
      const registered = registrationOf(
        bench,
        await connection.receive(),
        type,
        [...address],
        'peers.call.split',
      )
      connection.close()
      const { answer } = await caller.call(node, 'require_all', [type])
      const frame = requireResult(bench, answer, [[registered.id, address]], {
        requirement: 'peers.call.split',
        to: `require_all of the type ${type}, which was registered byte by byte`,
      })
      bench.evidence('whole again', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.call.split/name-service-one-piece',
    also: ['peers.call.answer', 'peers.call.several'],
    title: 'ten requests in one piece',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'ten answers in their order; or the first, if the name service closes after an answer',
    hint: 'What follows the LF belongs to the next request. Keep it.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await registerAll(
        bench,
        node,
        caller,
        Array.from({ length: 10 }, (_, i) => farAddress(i)),
      )
      const connection = await caller.connect(node)
      await connection.sendBytes(known.map((one) => requestLine(...finding(one))).join(''))
      const answers = await answersUntilClosed(bench, connection, known.length)
      for (const [i, answer] of answers.entries())
        requireFound(bench, answer, known[i] as Registration, 'peers.call.split')
      connection.close()
      bench.evidence(`${answers.length} answers to ten requests in one piece`, answers.at(-1))
    },
  }),
  nameServiceCase({
    id: 'peers.call.several/name-service-in-order',
    title: 'further requests on the same connection are answered in their order',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'thirty answers on one connection; or its end after the first',
    hint: 'Go on reading after the answer, or close, as the skeleton of the course does; do not leave the caller waiting.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await registerAll(
        bench,
        node,
        caller,
        Array.from({ length: 30 }, (_, i) => farAddress(i)),
      )
      const connection = await caller.connect(node)
      let answered = 0
      for (const one of known) {
        await connection.sendBytes(requestLine(...finding(one)))
        const answer = await connection.receive()
        if (answer === undefined) break
        const frame = requireFound(bench, answer, one, 'peers.call.several')
        answered += 1
        if (answered === 1 || answered === known.length)
          bench.evidence(`answer ${answered} on one connection`, frame)
      }
      const closed = answered < known.length && (await connection.closedByNode(0))
      bench.require(answered === known.length || (answered > 0 && closed), {
        requirement: 'peers.call.several',
        expected: 'thirty answers on one connection, or its end after an answer',
        actual: `${answered} answers, and the connection ${closed ? 'closed' : 'open'}`,
      })
      connection.close()
    },
  }),
  nameServiceCase({
    id: 'peers.call.close/name-service-half-close',
    also: ['common.tcp.half-close'],
    title: 'a caller that shuts down its sending side after the request gets its answer',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'ten registrations, each followed by the end of its connection',
    hint: 'The end of input is not the end of the connection: answer first, then close.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      // Several, because chance decides whether the request or the end of input is read first.
      for (let n = 0; n < 10; n += 1) {
        const connection = await caller.connect(node)
        const address = farAddress(n)
        await connection.sendBytes(requestLine('register', [bench.type, address]))
        connection.end()
        const answer = await connection.receive()
        const registered = registrationOf(bench, answer, bench.type, address, 'peers.call.close')
        bench.require(await connection.closedByNode(), {
          requirement: 'common.tcp.half-close',
          expected: 'the name service to close its side after the answer',
          actual: 'it stays open',
          exhibits: [{ frame: registered.frame.n }],
        })
        bench.evidence('answered after the half-close', registered.frame)
      }
    },
  }),
  nameServiceCase({
    id: 'peers.call.close/name-service-without-reading',
    also: ['peers.call.survive'],
    title: 'callers that close right after the request: it is carried out all the same',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'all twenty registrations whose callers did not wait for the answer, and an unregister',
    hint: 'Some solutions of the course do not wait for the answer. Carry the call out, and ignore that the answer can not be written.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const addresses = Array.from({ length: 20 }, (_, i) => farAddress(i))
      for (const address of addresses) {
        const connection = await caller.connect(node)
        await connection.sendBytes(requestLine('register', [bench.type, address]))
        connection.close()
      }
      // Where these came before the others or after, their ids tell; who is there is what counts.
      const registered = async () => (await node.state()).types[bench.type] ?? []
      await bench.until(async () => (await registered()).length === addresses.length)
      const found = (await registered()).map(({ address }) => JSON.stringify(address)).toSorted()
      bench.require(
        found.join() ===
          addresses
            .map((address) => JSON.stringify(address))
            .toSorted()
            .join(),
        {
          requirement: 'peers.call.close',
          expected: 'twenty registrations whose callers closed at once',
          actual: `${found.length}: ${found.join(', ').slice(0, 200)}`,
        },
      )
      const leaver = await register(bench, node, caller, caller.addressFor(node), `${bench.type}-leaver`)
      const connection = await caller.connect(node)
      await connection.sendBytes(requestLine('unregister', [leaver.id, leaver.type, leaver.hash]))
      connection.close()
      const left = await bench.until(async () => !(leaver.type in (await node.state()).types))
      bench.require(left, {
        requirement: 'peers.call.close',
        expected: 'an unregister carried out although its caller closed at once',
        actual: 'it is still registered',
      })
      const { answer } = await caller.call(node, 'require_all', [leaver.type])
      const frame = requireResult(bench, answer, [], {
        requirement: 'peers.call.survive',
        to: 'require_all after callers that closed early',
      })
      bench.evidence('registered and unregistered without waiting', frame)
    },
  }),
  nameServiceCase({
    id: 'peers.call.survive/name-service-failing-calls',
    also: ['peers.call.answer', 'peers.require.any', 'peers.require.object', 'peers.unregister.removes'],
    title: 'calls that fail, connections that are cut, and answers that nobody takes',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'each of the five methods served after them, on the wire and in state',
    hint: 'Catch what goes wrong with one call or one connection where it goes wrong; the others know nothing of it.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const requirement = 'peers.call.survive'
      const failing = [
        requestLine('require_any', [bench.type]),
        requestLine('unregister', [7, bench.type, 'hash']),
        requestLine('register', [bench.type, ['', 0]]),
        requestLine('dance', [1]),
        '{"method":',
        'no call at all\n',
      ]
      for (const bytes of failing.flatMap((line) => [line, line, line])) {
        const connection = await caller.connect(node)
        await connection.sendBytes(bytes)
        if (bench.random() < 0.5) connection.reset()
        else connection.close()
      }
      const registered = await register(bench, node, caller, farAddress(1), bench.type, requirement)
      await requireUnchanged(
        bench,
        node,
        caller,
        [registered],
        requirement,
        'calls that fail and connections that are cut',
      )
      for (const [method, args] of [
        ['require_any', [bench.type]],
        ['require_object', [bench.type, registered.id]],
      ] as const) {
        const { answer } = await caller.call(node, method, args)
        const frame = requireResult(bench, answer, registered.address, {
          requirement,
          to: callText(method, args),
        })
        bench.evidence(`${method} served`, frame)
      }
      const { id, type, hash } = registered
      const { answer } = await caller.call(node, 'unregister', [id, type, hash])
      const frame = requireResult(bench, answer, null, { requirement, to: 'unregister' })
      await requireUnchanged(bench, node, caller, [], requirement, 'the only one has left')
      bench.evidence('unregister served', frame)
    },
  }),
  nameServiceCase({
    id: 'common.tcp.cut/name-service-half-a-line',
    title: 'a request without its LF is not carried out when the connection ends',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence: 'no registration from the cut requests, one from the same request with its LF',
    hint: 'A line is one when its LF has come. readline() of many languages also gives the rest before the end of the stream.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const address = farAddress(1)
      const whole = requestText('register', [bench.type, address])
      for (const cut of [whole, whole.slice(0, -1), whole.slice(0, 20)]) {
        const connection = await caller.connect(node)
        await connection.sendBytes(cut)
        connection.end()
        await connection.closedByNode()
        const answers = answersOn(bench.frames, connection, node)
        bench.require(!answers.some(({ message }) => message !== undefined && 'result' in message), {
          requirement: 'common.tcp.cut',
          expected: 'no success of a request whose LF never came',
          actual: JSON.stringify(answers.map(({ message }) => message)),
          exhibits: answers.map((frame) => ({ frame: frame.n })),
        })
      }
      await requireUnchanged(bench, node, caller, [], 'common.tcp.cut', 'three requests without LF')
      const { answer, connection } = await ask(caller, node, `${whole}\n`)
      const registered = registrationOf(bench, answer, bench.type, address, 'common.tcp.cut')
      connection.close()
      bench.evidence('carried out with its LF', registered.frame)
    },
  }),
  nameServiceCase({
    id: 'peers.call.length/name-service-longest-request',
    title: 'requests of up to 65,536 bytes are accepted',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'results for requests of 1,025, 8,193, 65,535 and 65,536 bytes',
    hint: 'Collect bytes until the LF, however many reads that takes, up to 65,536.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      for (const size of [1025, 8193, 65_535, 65_536]) {
        const { answer, connection } = await ask(caller, node, paddedLine(...finding(known), size))
        const frame = requireResult(bench, answer, known.address, {
          requirement: 'peers.call.length',
          to: `a request of ${size} bytes`,
        })
        connection.close()
        bench.evidence(`${size} bytes`, frame)
      }
    },
  }),
  nameServiceCase({
    id: 'peers.call.length/name-service-too-long',
    title: 'a request of 65,537 bytes is answered with a ProtocolError, closed, and not carried out',
    stage: stage.register,
    observes: ['wire', 'control'],
    evidence:
      'the ProtocolError, the closed connection, nobody registered; the same request one byte shorter works',
    hint: 'Count while you collect; stop at the limit, answer and close.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const args = [bench.type, farAddress(1)] as const
      const { answer, connection } = await ask(caller, node, paddedLine('register', args, 65_537))
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
      await requireUnchanged(bench, node, caller, [], 'peers.call.length', 'a request that is too long')
      const second = await ask(caller, node, paddedLine('register', args, 65_536))
      const registered = registrationOf(bench, second.answer, ...args, 'peers.call.length')
      second.connection.close()
      await requireUnchanged(
        bench,
        node,
        caller,
        [registered],
        'peers.call.length',
        'the request one byte shorter',
      )
      bench.evidence('refused at 65,537, answered at 65,536', error)
    },
  }),
  nameServiceCase({
    id: 'common.tcp.slow/name-service-half-requests',
    also: ['peers.call.split', 'peers.call.survive'],
    title: '63 connections with half a request each hold up nobody, and are answered when the rest comes',
    stage: stage.register,
    observes: ['wire'],
    evidence: 'a registration beside them, then an answer on each of the 63',
    hint: 'Read all connections beside each other: a thread each, or events.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const known = await register(bench, node, caller, farAddress(1))
      const line = requestLine(...finding(known))
      const connections = await Promise.all(Array.from({ length: 63 }, () => caller.connect(node)))
      for (const [i, connection] of connections.entries())
        await connection.sendBytes(line.slice(0, i % line.length))
      const beside = await register(
        bench,
        node,
        caller,
        farAddress(2),
        `${bench.type}-beside`,
        'common.tcp.slow',
      )
      bench.evidence('served beside them', beside.frame)
      for (const [i, connection] of connections.entries())
        await connection.sendBytes(line.slice(i % line.length))
      const answers = await Promise.all(connections.map((connection) => connection.receive()))
      for (const [i, answer] of answers.entries())
        requireResult(bench, answer, known.address, {
          requirement: 'common.tcp.slow',
          to: `the request in two pieces on connection ${i + 1} of 63`,
        })
      for (const connection of connections) connection.close()
      bench.evidence('63 connections answered', answers.at(-1))
    },
  }),
]
