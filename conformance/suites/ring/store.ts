// Storing files: ring.md section 9, `ring.store.*`. In the first cases the node is the owner and probes store; then the
// node is the origin and a probe is the owner.

import type { RingResult } from '../../../spec/ring/control.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench, RingNode } from '../../verdict/ring-bench.ts'
import type { Frame } from '../../wire/capture.ts'
import type { Message, Probe } from '../../wire/probe.ts'
import { type Begun, requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { ringCase } from './define.ts'
import { anyTcp, requireFields, requireNone, requireSent, sent, sentTo } from './frames.ts'
import {
  FAR,
  FIRST,
  FOREIGN_NAME,
  NEAR,
  OTHER,
  OWN_NAME,
  OWN_NAME_LOW,
  OWN_NAME_SAME_KEY,
  SECOND,
  SELF,
  settle,
  shortTimeout,
} from './neighbourhood.ts'
import {
  type Content,
  contentOf,
  digestOf,
  everyByte,
  randomContent,
  requireSameBytes,
  writeContent,
} from './procedures/content.ts'
import {
  fetchFile,
  freshNumber,
  putFile,
  putMessage,
  requireNotFound,
  storeMessage,
  storeOwn,
  tell,
} from './procedures/lookup.ts'
import { begin } from './procedures/outcome.ts'
import { fence, requireDiscarded, requireSameState } from './procedures/standstill.ts'

/** The node has agreed to store a file of this size for `origin`: store sent, store-accept seen. */
async function agree(
  bench: RingBench,
  node: RingNode,
  options: { via: Probe; origin: Probe; name: string; size: number; request?: number },
): Promise<number> {
  const { via, origin, name, size, request = freshNumber(bench) } = options
  const lookup = await tell(via, node, storeMessage({ from: via.id, origin: origin.id, name, request, size }))
  lookup.end()
  await requireSent(bench, sentTo(origin.id, 'ring.store-accept', { request, name }), {
    requirement: 'ring.store.place',
    expected: `store-accept for ${name} at the origin ${origin.id}`,
  })
  return request
}

/** A put is refused: `unexpected` on its connection, which is closed, and nothing is stored. */
async function requireRefused(
  bench: RingBench,
  node: RingNode,
  from: Probe,
  message: Message,
  content: Content,
  what: string,
): Promise<Frame> {
  const connection = await tell(from, node, message, content.bytes)
  const answer = bench.requireFrame(await connection.receive(), {
    requirement: 'ring.store.unasked',
    expected: `the error unexpected for ${what}`,
  })
  requireFields(bench, answer, 'ring.store.unasked', { type: 'error', code: 'unexpected' })
  bench.require(await connection.closedByNode(), {
    requirement: 'ring.store.unasked',
    expected: `a closed connection after ${what}`,
    actual: 'it stays open',
    exhibits: [{ frame: answer.n }],
  })
  return answer
}

/** The node as origin of a store: the lookup that it sent to its first successor. */
async function beginStore(
  bench: RingBench,
  node: RingNode,
  name: string,
  content: Content,
): Promise<{ begun: Begun<RingResult<'store'>>; request: number }> {
  const path = await writeContent(bench, `store-${name}-${freshNumber(bench)}`, content)
  const known = bench.frames.length
  const begun = begin(node, 'store', { name, path })
  const lookup = await requireSent(
    bench,
    (frame) => frame.n >= known && sentTo(FIRST, 'ring.store', { name, size: content.bytes.length })(frame),
    {
      requirement: 'ring.store.place',
      expected: `a store of ${content.bytes.length} bytes for ${name} at ${FIRST}`,
    },
  )
  return { begun, request: Number(lookup.message?.request) }
}

/** The probe, as owner, asks for the content and takes the put. */
async function acceptPut(
  bench: RingBench,
  node: RingNode,
  owner: Probe,
  options: { name: string; request: number; content: Content; route: readonly number[] },
): Promise<Frame> {
  const { name, request, content, route } = options
  await tell(owner, node, { type: 'ring.store-accept', from: owner.id, name, request, route })
  const put = bench.requireFrame(await owner.receive(sentTo(owner.id, 'ring.put', { request })), {
    requirement: 'ring.store.place',
    expected: `put of ${name} at the owner ${owner.id}`,
  })
  requireFields(bench, put, 'ring.store.place', {
    from: node.id,
    name,
    digest: content.digest,
    bodyLength: content.bytes.length,
  })
  const body = owner.connectionOf(put).body(put)
  requireSameBytes(bench, body ?? new Uint8Array(), content, 'ring.store.place', 'in the body of put')
  return put
}

/** Stores, lists and fetches contents of several sizes. */
async function storeAndFetch(bench: RingBench, contents: readonly Content[]): Promise<void> {
  const { node, near, other, far } = await settle(bench)
  for (const [i, content] of contents.entries()) {
    const name = String(61 + i).padStart(4, '0')
    const { stored } = await putFile(bench, node, { via: near, origin: other, name, content })
    const event = await bench.until(() =>
      node.events.find((candidate) => candidate.event === 'stored' && candidate.name === name),
    )
    bench.require(
      event?.event === 'stored' && event.size === content.bytes.length && event.digest === content.digest,
      {
        requirement: 'ring.store.place',
        expected: `the event stored for ${name} with size ${content.bytes.length} and digest ${content.digest}`,
        actual: JSON.stringify(event) ?? 'no such event',
      },
    )
    await fetchFile(bench, node, { via: near, origin: far, name, content })
    bench.evidence(`${content.bytes.length} bytes stored and sent back`, stored)
  }
}

export const storeCases: readonly Case[] = [
  ringCase({
    id: 'ring.store.place/steps',
    title: 'store, store-accept, put, stored: the owner asks first and stores then',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'store-accept with the extended route at the origin, nothing stored before put, stored after it',
    hint: 'store carries no content: the owner answers the origin with store-accept and waits for put.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const content = randomContent(bench, 200)
      const request = freshNumber(bench)
      const route = [OTHER, FAR, NEAR]
      const lookup = { from: NEAR, origin: OTHER, name: OWN_NAME, request, size: 200, route }
      await tell(near, node, storeMessage(lookup))
      const accept = await requireSent(bench, sentTo(OTHER, 'ring.store-accept', { request }), {
        requirement: 'ring.store.place',
        expected: `store-accept at the origin ${OTHER}`,
      })
      requireFields(bench, accept, 'ring.store.place', {
        from: SELF,
        name: OWN_NAME,
        route: [...route, SELF],
      })
      requireNone(bench, sent('ring.store'), {
        requirement: 'ring.route.owner',
        expected: 'the owner does not send the store on',
      })
      bench.require((await node.state()).files.length === 0, {
        requirement: 'ring.store.place',
        expected: 'no file before put',
        actual: JSON.stringify((await node.state()).files),
      })
      const connection = await tell(
        other,
        node,
        putMessage({ from: OTHER, name: OWN_NAME, request, content }),
        content.bytes,
      )
      const stored = bench.requireFrame(await connection.receive(sent('ring.stored')), {
        requirement: 'ring.store.place',
        expected: 'stored on the connection of the put',
      })
      requireFields(bench, stored, 'ring.store.place', { from: SELF, name: OWN_NAME, request })
      bench.require(JSON.stringify((await node.state()).files) === JSON.stringify([OWN_NAME]), {
        requirement: 'ring.store.place',
        expected: `files ["${OWN_NAME}"] once stored is sent`,
        actual: JSON.stringify((await node.state()).files),
      })
      bench.evidence('stored after put', stored)
    },
  }),
  ringCase({
    id: 'ring.store.place/sizes',
    also: ['ring.request.found', 'common.tcp.body'],
    title: 'files of 0, 1, 4,096, 65,535, 65,536 and 65,537 bytes',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'each stored, reported with size and digest, and sent back byte for byte',
    hint: 'Read exactly bodyLength bytes, in as many reads as it takes; 0 is a length as well.',
    run: (bench) =>
      storeAndFetch(
        bench,
        [0, 1, 4096, 65_535, 65_536, 65_537].map((size) => randomContent(bench, size)),
      ),
  }),
  ringCase({
    id: 'ring.store.place/every-byte',
    also: ['ring.request.found', 'common.tcp.body'],
    title: 'content with every byte value, line ends and text that looks like messages',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'each content stored and sent back byte for byte',
    hint: 'Treat the body as bytes: no decoding, no search for line ends or separators.',
    run: (bench) =>
      storeAndFetch(bench, [
        everyByte(),
        contentOf(Buffer.from('\n'.repeat(300))),
        contentOf(Buffer.from('\r\n\r\n\0\0|,;:"\\')),
        contentOf(
          Buffer.from(
            `x\n{"type":"ring.depart","from":${FIRST},"successors":[${OTHER},${FAR}]}\n{"type":"error"`,
          ),
        ),
      ]),
  }),
  ringCase({
    id: 'ring.store.place/mebibyte',
    also: ['ring.request.found', 'common.tcp.body'],
    title: 'a file of one mebibyte and one byte',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'stored, reported with size and digest, and sent back with the same digest',
    hint: 'A body may come in hundreds of pieces.',
    async run(bench: RingBench) {
      const { node, near, other, far } = await settle(bench)
      const content = randomContent(bench, 1_048_576)
      const { stored } = await putFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      await fetchFile(bench, node, { via: near, origin: far, name: OWN_NAME, content })
      bench.evidence('a mebibyte there and back', stored)
    },
  }),
  ringCase({
    id: 'ring.store.place/replaces',
    also: ['ring.request.found'],
    title: 'a newer file of the same name replaces the older one as a whole',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'the short new content sent back, and the name listed once',
    hint: 'Truncate when you overwrite: a shorter file must not keep the tail of the longer one.',
    async run(bench: RingBench) {
      const { node, near, other, far } = await settle(bench)
      for (const size of [5000, 70, 0, 3000]) {
        const content = randomContent(bench, size)
        await putFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
        const requirement = 'ring.store.place'
        const file = await fetchFile(bench, node, {
          via: near,
          origin: far,
          name: OWN_NAME,
          content,
          requirement,
        })
        bench.evidence(`the ${size} bytes of the latest put`, file)
      }
      const { files } = await node.state()
      bench.require(JSON.stringify(files) === JSON.stringify([OWN_NAME]), {
        requirement: 'ring.store.place',
        expected: `${OWN_NAME} listed once`,
        actual: JSON.stringify(files),
      })
    },
  }),
  ringCase({
    id: 'ring.store.place/same-number',
    also: ['ring.request.found'],
    title: 'two origins that use the same request number do not get into each other',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'two stores with the same number under way at once, both stored with their own content',
    hint: 'A request number is unique for one origin only: the key of your table is origin and number.',
    async run(bench: RingBench) {
      const { node, near, other, far } = await settle(bench)
      const request = 1
      const parts = [
        { origin: other, name: OWN_NAME, content: randomContent(bench, 40) },
        { origin: far, name: OWN_NAME_LOW, content: randomContent(bench, 50) },
      ]
      for (const { origin, name, content } of parts) {
        await agree(bench, node, { via: near, origin, name, size: content.bytes.length, request })
      }
      for (const { origin, name, content } of parts) {
        const message = putMessage({ from: origin.id, name, request, content })
        const connection = await tell(origin, node, message, content.bytes)
        const stored = bench.requireFrame(await connection.receive(), {
          requirement: 'ring.store.place',
          expected: `stored for ${name} of origin ${origin.id}`,
        })
        requireFields(bench, stored, 'ring.store.place', { type: 'ring.stored', name, request })
        bench.evidence(`stored ${name} for ${origin.id}`, stored)
      }
      for (const { name, content } of parts) {
        await fetchFile(bench, node, { via: near, origin: other, name, content })
      }
    },
  }),
  ringCase({
    id: 'ring.store.place/side-by-side',
    also: ['ring.request.found', 'common.tcp.framing'],
    title: 'two puts whose bodies arrive in turns, piece by piece',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'both contents stored intact',
    hint: 'Each connection has a buffer and a body of its own.',
    async run(bench: RingBench) {
      const { node, near, other, far } = await settle(bench)
      const parts = await Promise.all(
        [
          { origin: other, name: OWN_NAME, content: randomContent(bench, 4000) },
          { origin: far, name: OWN_NAME_SAME_KEY, content: randomContent(bench, 4000) },
        ].map(async ({ origin, name, content }) => {
          const request = await agree(bench, node, { via: near, origin, name, size: 4000 })
          const connection = await origin.connect(node)
          await connection.sendBytes(
            `${JSON.stringify(putMessage({ from: origin.id, name, request, content }))}\n`,
          )
          return { origin, name, content, connection }
        }),
      )
      for (let at = 0; at < 4000; at += 500) {
        for (const { connection, content } of parts) {
          await connection.sendBytes(content.bytes.subarray(at, at + 500))
        }
      }
      for (const { connection, name, content } of parts) {
        const stored = bench.requireFrame(await connection.receive(sent('ring.stored', { name })), {
          requirement: 'ring.store.place',
          expected: `stored for ${name}`,
        })
        await fetchFile(bench, node, { via: near, origin: other, name, content })
        bench.evidence(`${name} intact`, stored)
      }
    },
  }),
  ringCase({
    id: 'ring.store.place/as-origin',
    title: 'the node as origin sends the content to the owner and succeeds only after stored',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'put with digest and content at the owner, no reply before stored, then owner and route in the result',
    hint: 'Keep the command waiting until stored arrives on the connection of your put.',
    async run(bench: RingBench) {
      const { node, near, second } = await settle(bench)
      for (const content of [everyByte(), contentOf(new Uint8Array()), randomContent(bench, 70_000)]) {
        const { begun, request } = await beginStore(bench, node, FOREIGN_NAME, content)
        requireNone(bench, sent('ring.put', { request }), {
          requirement: 'ring.store.place',
          expected: 'no content before store-accept',
        })
        const route = [SELF, FIRST, SECOND]
        const put = await acceptPut(bench, node, second, { name: FOREIGN_NAME, request, content, route })
        await bench.quiet(() => false, bench.timing.quietMs / 5)
        await fence(bench, node, near)
        requireWaiting(bench, begun, 'ring.store.place', 'no reply before stored')
        const connection = second.connectionOf(put)
        await connection.send({ type: 'ring.stored', from: SECOND, name: FOREIGN_NAME, request })
        const result = await requireSuccess(bench, begun, 'ring.store.place', 'success after stored')
        bench.require(result.owner === SECOND && JSON.stringify(result.route) === JSON.stringify(route), {
          requirement: 'ring.store.place',
          expected: `owner ${SECOND} and route ${JSON.stringify(route)}`,
          actual: JSON.stringify(result),
        })
        bench.evidence(`${content.bytes.length} bytes put at the owner`, put)
      }
      bench.require((await node.state()).files.length === 0, {
        requirement: 'ring.control.state',
        expected: 'no file stored at the origin',
        actual: JSON.stringify((await node.state()).files),
      })
    },
  }),
  ringCase({
    id: 'ring.store.place/refused-put',
    also: ['ring.request.ends'],
    title: 'a store whose put is refused or cut off fails, and is not reported as stored',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'a definite error after an error message, after a cut connection and after a reset; success without',
    hint: 'Anything but stored on the connection of your put is a failure of the command.',
    async run(bench: RingBench) {
      const { node, second } = await settle(bench)
      const content = randomContent(bench, 60)
      const route = [SELF, FIRST, SECOND]
      const faults = [
        [
          'an error message',
          (probe: Probe, put: Frame) =>
            probe.connectionOf(put).send({ type: 'error', code: 'internal', message: 'no space left' }),
        ],
        ['a closed connection', async (probe: Probe, put: Frame) => probe.connectionOf(put).close()],
        ['a reset connection', async (probe: Probe, put: Frame) => probe.connectionOf(put).reset()],
      ] as const
      for (const [what, fault] of faults) {
        const { begun, request } = await beginStore(bench, node, FOREIGN_NAME, content)
        const put = await acceptPut(bench, node, second, { name: FOREIGN_NAME, request, content, route })
        await fault(second, put)
        const codes = ['transfer-failed', 'unreachable', 'timeout']
        await requireFailure(bench, begun, codes, 'ring.store.place', `after ${what}`)
        bench.evidence(`the store failed after ${what}`, put)
      }
      const { begun, request } = await beginStore(bench, node, FOREIGN_NAME, content)
      const put = await acceptPut(bench, node, second, { name: FOREIGN_NAME, request, content, route })
      await second.connectionOf(put).send({ type: 'ring.stored', from: SECOND, name: FOREIGN_NAME, request })
      await requireSuccess(bench, begun, 'ring.store.place', 'success without the fault')
    },
  }),
  ringCase({
    id: 'ring.store.self/without-a-message',
    also: ['ring.request.found'],
    title: 'a file whose key the origin owns is stored without any message',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'owner and route are the node, no frame over TCP, and the file comes back on request',
    hint: 'Ask first whether you own the key yourself, before anything goes out.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const content = everyByte()
      const path = await writeContent(bench, 'own', content)
      const result = await node.command('store', { name: OWN_NAME, path })
      bench.require(result.owner === SELF && JSON.stringify(result.route) === `[${SELF}]`, {
        requirement: 'ring.store.self',
        expected: `owner ${SELF} and route [${SELF}]`,
        actual: JSON.stringify(result),
      })
      await bench.quiet(anyTcp, bench.timing.quietMs / 3)
      await fence(bench, node, near)
      requireNone(bench, anyTcp, { requirement: 'ring.store.self', expected: 'no message over TCP' })
      const event = node.events.find((candidate) => candidate.event === 'stored')
      bench.require(event?.event === 'stored' && event.digest === content.digest, {
        requirement: 'ring.store.self',
        expected: `the event stored for ${OWN_NAME}`,
        actual: JSON.stringify(event) ?? 'no such event',
      })
      const file = await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      bench.evidence('stored without a message, and there', file)
    },
  }),
  ringCase({
    id: 'ring.store.self/copy',
    also: ['ring.request.found'],
    title: 'what is stored is the content at that time, not a reference to the file of the user',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'the old content comes back after the original file was overwritten',
    hint: 'Copy the content into your folder; the user may change or delete the original.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const content = randomContent(bench, 500)
      const path = await writeContent(bench, 'original', content)
      await node.command('store', { name: OWN_NAME, path })
      await writeContent(bench, 'original', randomContent(bench, 10))
      const file = await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      bench.evidence('the content of the time of the store', file)
    },
  }),
  ringCase({
    id: 'ring.store.unasked/never-asked',
    also: ['ring.request.not-found'],
    title: 'a put that nobody asked for is refused and not stored',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'unexpected, a closed connection and not-found afterwards; the same put is stored when it was asked for',
    hint: 'Keep a table of the puts that you allowed, and look there before you store anything.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const before = await node.state()
      const content = randomContent(bench, 300)
      const message = putMessage({ from: OTHER, name: OWN_NAME, request: freshNumber(bench), content })
      const refusal = await requireRefused(bench, node, other, message, content, 'a put without store')
      await requireSameState(bench, node, before, 'ring.store.unasked', 'a refused put')
      await requireDiscarded(bench, node, content.bytes, 'ring.store.unasked', 'the refused put')
      await requireNotFound(bench, node, { via: near, origin: other, name: OWN_NAME })
      await putFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      bench.evidence('refused when unasked, stored when asked for', refusal)
    },
  }),
  ringCase({
    id: 'ring.store.unasked/other-than-agreed',
    title: 'a put from another peer, of another name, number or size than agreed is refused',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'unexpected for each, nothing stored, and the agreed put stored at the end',
    hint: 'Compare origin, name, request and size of the put with what you accepted: all four.',
    async run(bench: RingBench) {
      const { node, near, other, far } = await settle(bench)
      const before = await node.state()
      const content = randomContent(bench, 120)
      const longer = randomContent(bench, 121)
      const shorter = randomContent(bench, 119)
      const wrongs = [
        ['a put of another size (more)', other, {}, longer],
        ['a put of another size (less)', other, {}, shorter],
        ['a put of another name', other, { name: OWN_NAME_SAME_KEY }, content],
        ['a put with another request number', other, { request: 99_999 }, content],
        ['a put from another peer', far, { from: FAR }, content],
      ] as const
      for (const [what, sender, change, body] of wrongs) {
        // A fresh agreement each time: a refused put may have used up the one before.
        const request = await agree(bench, node, { via: near, origin: other, name: OWN_NAME, size: 120 })
        const agreed = putMessage({ from: OTHER, name: OWN_NAME, request, content: body })
        const refusal = await requireRefused(bench, node, sender, { ...agreed, ...change }, body, what)
        bench.evidence(`${what} refused`, refusal)
        await requireDiscarded(bench, node, body.bytes, 'ring.store.unasked', what)
      }
      await requireSameState(bench, node, before, 'ring.store.unasked', 'refused puts')
      await putFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
    },
  }),
  ringCase({
    id: 'ring.store.unasked/once-only',
    title: 'one store-accept allows one put',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'stored for the first put, unexpected for the same put again',
    hint: 'Take the entry out of the table when the put has arrived.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const content = randomContent(bench, 80)
      const request = freshNumber(bench)
      const { stored } = await putFile(bench, node, {
        via: near,
        origin: other,
        name: OWN_NAME,
        content,
        request,
      })
      const again = putMessage({ from: OTHER, name: OWN_NAME, request, content })
      await requireRefused(bench, node, other, again, content, 'the same put again')
      await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      bench.evidence('stored once', stored)
    },
  }),
  ringCase({
    id: 'ring.store.unasked/lapsed',
    also: ['ring.request.not-found'],
    title: 'the allowance of a store-accept lapses after requestTimeoutMs',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'unexpected for a put long after its store-accept, stored for one in time',
    hint: 'Take the entry out of the table when its time is over.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench, shortTimeout(bench))
      const content = randomContent(bench, 60)
      const request = await agree(bench, node, { via: near, origin: other, name: OWN_NAME, size: 60 })
      await bench.quiet(() => false, 1.5 * shortTimeout(bench).requestTimeoutMs)
      const late = putMessage({ from: OTHER, name: OWN_NAME, request, content })
      const refusal = await requireRefused(bench, node, other, late, content, 'a put after its time')
      await requireNotFound(bench, node, { via: near, origin: other, name: OWN_NAME })
      await putFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      bench.evidence('refused when late, stored in time', refusal)
    },
  }),
  ringCase({
    id: 'ring.store.unasked/wrong-digest',
    also: ['ring.request.not-found', 'ring.request.found'],
    title: 'a put whose body does not match its digest is not stored and replaces nothing',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'unexpected, an unchanged older file, and the same put stored with the right digest',
    hint: 'Compute SHA-256 over what arrived and compare before you give the file its name.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const older = randomContent(bench, 90)
      await putFile(bench, node, { via: near, origin: other, name: OWN_NAME, content: older })
      for (const name of [OWN_NAME, OWN_NAME_LOW]) {
        const content = randomContent(bench, 100)
        const request = await agree(bench, node, { via: near, origin: other, name, size: 100 })
        const wrong = {
          ...putMessage({ from: OTHER, name, request, content }),
          digest: digestOf(older.bytes),
        }
        const connection = await tell(other, node, wrong, content.bytes)
        const answer = bench.requireFrame(await connection.receive(), {
          requirement: 'ring.store.unasked',
          expected: `the error unexpected for a put of ${name} with a wrong digest`,
        })
        requireFields(bench, answer, 'ring.store.unasked', { type: 'error', code: 'unexpected' })
        await requireDiscarded(
          bench,
          node,
          content.bytes,
          'ring.store.unasked',
          'the put with a wrong digest',
        )
      }
      const file = await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content: older })
      await requireNotFound(bench, node, { via: near, origin: other, name: OWN_NAME_LOW })
      const content = randomContent(bench, 100)
      await putFile(bench, node, { via: near, origin: other, name: OWN_NAME_LOW, content })
      bench.evidence('the older file is still there', file)
    },
  }),
  ringCase({
    id: 'ring.store.unasked/foreign-key',
    also: ['ring.route.owner'],
    title: 'a put for a key of another peer is refused, whatever the lookup said',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'unexpected for a put after a store that the node sent on',
    hint: 'A store that you forward gives nobody the right to put.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const content = randomContent(bench, 70)
      const request = freshNumber(bench)
      const lookup = { from: NEAR, origin: OTHER, name: FOREIGN_NAME, request, size: 70 }
      await tell(near, node, storeMessage(lookup))
      await requireSent(bench, sentTo(FIRST, 'ring.store', { request }), {
        requirement: 'ring.route.forward',
        expected: 'the store at the first successor',
      })
      const message = putMessage({ from: OTHER, name: FOREIGN_NAME, request, content })
      const refusal = await requireRefused(bench, node, other, message, content, 'a put for a foreign key')
      const { files } = await node.state()
      bench.require(files.length === 0, {
        requirement: 'ring.store.unasked',
        expected: 'no file',
        actual: JSON.stringify(files),
      })
      await storeOwn(bench, node, OWN_NAME, content)
      bench.evidence('refused', refusal)
    },
  }),
]
