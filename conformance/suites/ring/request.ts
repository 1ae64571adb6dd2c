// Requesting files over TCP, with the node as owner: ring.md section 9, `ring.request.*`.

import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { requireFailure, requireSuccess } from '../outcome.ts'
import { ringCase } from './define.ts'
import { anyTcp, requireFields, requireNone, requireSent, sent, sentTo } from './frames.ts'
import {
  FAR,
  FIRST,
  NEAR,
  OTHER,
  OWN_NAME,
  OWN_NAME_LOW,
  OWN_NAME_SAME_KEY,
  SELF,
  settle,
  settleAlone,
} from './neighbourhood.ts'
import {
  contentOf,
  everyByte,
  largestFileBytes,
  randomContent,
  requireReceivedFile,
  requireSameBytes,
} from './procedures/content.ts'
import {
  ask,
  fetchFile,
  freshNumber,
  putFile,
  requestMessage,
  requireNotFound,
  storeOwn,
  tell,
} from './procedures/lookup.ts'
import { begin } from './procedures/outcome.ts'
import { fence } from './procedures/standstill.ts'

export const requestCases: readonly Case[] = [
  ringCase({
    id: 'ring.request.found/to-the-origin',
    title: 'the owner sends the file to the origin on a connection of its own',
    stage: 3,
    observes: ['wire'],
    evidence: 'file with number, digest, length and extended route at the origin, and the content after it',
    hint: 'Open a connection to the peer in origin, not to the peer in from.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const content = everyByte()
      await storeOwn(bench, node, OWN_NAME, content)
      const request = freshNumber(bench)
      const route = [OTHER, FAR, NEAR]
      const asking = await tell(
        near,
        node,
        requestMessage({ from: NEAR, origin: OTHER, name: OWN_NAME, request, route }),
      )
      const file = bench.requireFrame(await other.receive(sentTo(OTHER, 'ring.file', { request })), {
        requirement: 'ring.request.found',
        expected: `file at the origin ${OTHER}`,
      })
      requireFields(bench, file, 'ring.request.found', {
        from: SELF,
        name: OWN_NAME,
        digest: content.digest,
        route: [...route, SELF],
        bodyLength: content.bytes.length,
      })
      const body = other.connectionOf(file).body(file)
      requireSameBytes(bench, body ?? new Uint8Array(), content, 'ring.request.found', 'in the body of file')
      bench.require(file.connection !== asking.number, {
        requirement: 'ring.request.found',
        expected: 'a connection opened to the origin',
        actual: 'the connection on which the request came',
      })
      requireNone(bench, sent('ring.request'), {
        requirement: 'ring.route.owner',
        expected: 'the owner does not send the request on',
      })
      bench.evidence('file at the origin', file)
    },
  }),
  ringCase({
    id: 'ring.request.found/again',
    title: 'a file can be requested again and again, by everyone',
    stage: 3,
    observes: ['wire'],
    evidence: 'the same content to three origins, twice each, also with numbers 0 and 2^53-1',
    hint: 'Open the stored file anew for each request, and close it.',
    async run(bench: RingBench) {
      const { node, near, far, first, other } = await settle(bench)
      const content = randomContent(bench, 2000)
      await storeOwn(bench, node, OWN_NAME, content)
      for (const origin of [far, first, other]) {
        for (let i = 0; i < 2; i += 1) {
          const file = await fetchFile(bench, node, { via: near, origin, name: OWN_NAME, content })
          bench.evidence(`file at ${origin.id}`, file)
        }
      }
      for (const request of [0, Number.MAX_SAFE_INTEGER]) {
        await ask(bench, node, { via: near, origin: other, name: OWN_NAME, request })
        const file = await requireSent(bench, sentTo(OTHER, 'ring.file', { request }), {
          requirement: 'ring.request.found',
          expected: `file for request ${request}`,
        })
        bench.evidence(`file for request ${request}`, file)
      }
    },
  }),
  ringCase({
    id: 'ring.request.found/straight-from-origin',
    title: 'an origin that is the predecessor itself is served as well',
    stage: 3,
    observes: ['wire'],
    evidence: 'file at the first predecessor, which was from and origin in one',
    hint: 'route holds one peer only when the origin is your predecessor.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const content = randomContent(bench, 64)
      await storeOwn(bench, node, OWN_NAME, content)
      const file = await fetchFile(bench, node, { via: near, origin: near, name: OWN_NAME, content })
      requireFields(bench, file, 'ring.request.found', { route: [NEAR, SELF] })
      bench.evidence('file at the predecessor', file)
    },
  }),
  ringCase({
    id: 'ring.request.found/many-at-once',
    title: '40 requests at once from three origins',
    stage: 3,
    observes: ['wire'],
    evidence: '40 files with the right content and number',
    hint: 'Serve each request by itself; share nothing between them but the stored file.',
    async run(bench: RingBench) {
      const { node, near, far, first, other } = await settle(bench)
      const contents = [randomContent(bench, 3000), randomContent(bench, 10)] as const
      await storeOwn(bench, node, OWN_NAME, contents[0])
      await storeOwn(bench, node, OWN_NAME_SAME_KEY, contents[1])
      const files = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          fetchFile(bench, node, {
            via: near,
            origin: [far, first, other][i % 3] ?? other,
            ...(i % 2 === 0
              ? { name: OWN_NAME, content: contents[0] }
              : { name: OWN_NAME_SAME_KEY, content: contents[1] }),
          }),
        ),
      )
      bench.evidence(`${files.length} files`, files[39])
    },
  }),
  ringCase({
    id: 'ring.request.found/unreachable-origin',
    also: ['ring.request.not-found'],
    title: 'an origin that refuses connections or resets them does not disturb the others',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'files at one origin while another one is unreachable',
    hint: 'An error on one connection concerns that connection only.',
    async run(bench: RingBench) {
      const { node, near, first, other } = await settle(bench)
      const content = randomContent(bench, 1000)
      await storeOwn(bench, node, OWN_NAME, content)
      first.listening = false
      for (const transport of ['tcp', 'udp'] as const) {
        await ask(bench, node, { via: near, origin: first, name: OWN_NAME, transport })
        await ask(bench, node, { via: near, origin: first, name: OWN_NAME_LOW, transport })
      }
      const file = await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content })
      other.connectionOf(file).reset()
      await fence(bench, node, near)
      bench.evidence(
        'served beside an unreachable origin',
        await fetchFile(bench, node, { via: near, origin: other, name: OWN_NAME, content }),
      )
    },
  }),
  ringCase({
    id: 'ring.request.name/same-key',
    also: ['ring.request.not-found', 'ring.request.found', 'ring.store.place'],
    title: 'two names with the same key are two files',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'not-found for the second name while only the first is stored; then each with its own content',
    hint: 'Look files up by name. 0100 and 0356 have the same key and nothing else in common.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const contents = [randomContent(bench, 100), randomContent(bench, 100)] as const
      await putFile(bench, node, { via: near, origin: other, name: OWN_NAME, content: contents[0] })
      const missing = await requireNotFound(bench, node, {
        via: near,
        origin: other,
        name: OWN_NAME_SAME_KEY,
        requirement: 'ring.request.name',
      })
      bench.evidence('0356 is not there yet', missing)
      await putFile(bench, node, { via: near, origin: other, name: OWN_NAME_SAME_KEY, content: contents[1] })
      const requirement = 'ring.request.name'
      const both = { via: near, origin: other, requirement }
      await fetchFile(bench, node, { ...both, name: OWN_NAME, content: contents[0] })
      const file = await fetchFile(bench, node, { ...both, name: OWN_NAME_SAME_KEY, content: contents[1] })
      bench.evidence('two files with one key', file)
    },
  }),
  ringCase({
    id: 'ring.request.name/edges',
    also: ['ring.circle.name', 'ring.request.self'],
    title: 'the names 0000, 0159, 0256 and 9999',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'each stored, listed and got back under exactly this name',
    hint: 'Names keep their leading zeros and are not numbers.',
    async run(bench: RingBench) {
      const { node } = await settleAlone(bench, FIRST)
      const names = ['9999', '0256', '0159', '0000']
      for (const name of names) {
        const content = contentOf(Buffer.from(`content of ${name}`))
        await storeOwn(bench, node, name, content)
      }
      const { files } = await node.state()
      bench.require(JSON.stringify(files) === JSON.stringify(names.toSorted()), {
        requirement: 'ring.circle.name',
        expected: `files ${JSON.stringify(names.toSorted())}`,
        actual: JSON.stringify(files),
      })
      for (const name of names) {
        const result = await requireSuccess(
          bench,
          begin(node, 'request', { name, transport: 'tcp' }),
          'ring.request.self',
          `the request of ${name}`,
        )
        const content = contentOf(Buffer.from(`content of ${name}`))
        await requireReceivedFile(bench, node, result, content, 'ring.request.name')
        bench.evidence(`${name} at ${result.path}`)
      }
    },
  }),
  ringCase({
    id: 'ring.request.not-found/at-once',
    title: 'the owner without the file answers at once, whatever the transport, and sends nothing on',
    stage: 2,
    observes: ['wire'],
    evidence: 'not-found with the extended route at the origin, for tcp and udp',
    hint: 'The owner is the end of the road: if the file is not here, it is nowhere.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const route = [OTHER, FAR, NEAR]
      for (const transport of ['tcp', 'udp'] as const) {
        const request = await ask(bench, node, { via: near, origin: other, name: OWN_NAME, transport, route })
        const answer = await requireSent(bench, sentTo(OTHER, 'ring.not-found', { request }), {
          requirement: 'ring.request.not-found',
          expected: `not-found at the origin for transport ${transport}`,
        })
        requireFields(bench, answer, 'ring.request.not-found', {
          from: SELF,
          name: OWN_NAME,
          route: [...route, SELF],
        })
        bench.evidence(`not-found for ${transport}`, answer)
      }
      await fence(bench, node, near)
      requireNone(bench, (frame) => sent('ring.request')(frame) || sent('ring.offer')(frame), {
        requirement: 'ring.request.not-found',
        expected: 'the request ends at the owner',
      })
    },
  }),
  ringCase({
    id: 'ring.request.self/from-own-folder',
    also: ['ring.store.self'],
    title: 'the origin that owns the key answers itself from what it stored',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'for tcp and udp the stored bytes in a file of the folder, without any message',
    hint: 'Do not send the request round the ring to yourself.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      for (const content of [everyByte(), contentOf(new Uint8Array())]) {
        await storeOwn(bench, node, OWN_NAME, content)
        for (const transport of ['tcp', 'udp'] as const) {
          const result = await requireSuccess(
            bench,
            begin(node, 'request', { name: OWN_NAME, transport }),
            'ring.request.self',
            `the request of an own file by ${transport}`,
          )
          bench.require(result.owner === SELF && JSON.stringify(result.route) === `[${SELF}]`, {
            requirement: 'ring.request.self',
            expected: `owner ${SELF} and route [${SELF}]`,
            actual: JSON.stringify(result),
          })
          await requireReceivedFile(bench, node, result, content, 'ring.request.self')
          bench.evidence(`${result.size} bytes at ${result.path} by ${transport}`)
        }
      }
      await fence(bench, node, near)
      requireNone(bench, (frame) => anyTcp(frame) || sent('ring.offer')(frame), {
        requirement: 'ring.request.self',
        expected: 'no message for a request to itself',
      })
    },
  }),
  ringCase({
    id: 'ring.request.self/not-found',
    title: 'the origin that owns the key and does not have the file says not-found',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'not-found for both transports, without any message',
    hint: 'Nobody else can have the file: end the command.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      await storeOwn(bench, node, OWN_NAME_SAME_KEY, randomContent(bench, 5))
      for (const transport of ['tcp', 'udp'] as const) {
        await requireFailure(
          bench,
          begin(node, 'request', { name: OWN_NAME, transport }),
          ['not-found'],
          'ring.request.self',
          `for an own key without file, by ${transport}`,
        )
      }
      await fence(bench, node, near)
      requireNone(bench, anyTcp, { requirement: 'ring.request.self', expected: 'no message over TCP' })
      bench.evidence('not-found twice, and no message')
    },
  }),
  ringCase({
    id: 'ring.request.self/stored-by-others',
    also: ['ring.store.place'],
    title: 'what others stored here the node can request itself',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'the bytes that a probe put, in a file of the folder',
    hint: 'There is one place for stored files, whoever stored them.',
    async run(bench: RingBench) {
      const { node, near, first } = await settle(bench)
      const content = randomContent(bench, 777)
      const { stored } = await putFile(bench, node, { via: near, origin: first, name: OWN_NAME_LOW, content })
      const result = await requireSuccess(
        bench,
        begin(node, 'request', { name: OWN_NAME_LOW, transport: 'tcp' }),
        'ring.request.self',
        'the request of a file that peer 140 stored here',
      )
      await requireReceivedFile(bench, node, result, content, 'ring.request.self')
      bench.evidence(`put by ${FIRST}, requested by ${SELF}`, stored)
    },
  }),
  ringCase({
    id: 'ring.request.stream/bodies-go-to-disk',
    also: ['ring.store.place'],
    title: 'the first half of a large body is on disk before the second half is sent',
    stage: 3,
    observes: ['wire', 'control'],
    evidence: 'bytes of the first half in the folder of the node while the put is under way',
    hint: 'Write each piece to a temporary file as it arrives, and rename it when the digest is right.',
    async run(bench: RingBench) {
      const { node, near, other } = await settle(bench)
      const content = randomContent(bench, 4 * 1_048_576)
      const request = freshNumber(bench)
      const half = content.bytes.length / 2
      await tell(near, node, {
        type: 'ring.store',
        from: NEAR,
        origin: OTHER,
        name: OWN_NAME,
        request,
        size: content.bytes.length,
        route: [OTHER, NEAR],
      })
      await requireSent(bench, sentTo(OTHER, 'ring.store-accept', { request }), {
        requirement: 'ring.store.place',
        expected: 'store-accept',
      })
      const connection = await other.connect(node)
      const put = {
        type: 'ring.put',
        from: OTHER,
        name: OWN_NAME,
        request,
        digest: content.digest,
        bodyLength: content.bytes.length,
      }
      await connection.sendBytes(`${JSON.stringify(put)}\n`)
      await connection.sendBytes(content.bytes.subarray(0, half))
      const onDiskBytes = () => largestFileBytes(node.folder)
      await bench.until(async () => (await onDiskBytes()) >= half / 2)
      const found = await onDiskBytes()
      bench.require(found >= half / 2, {
        requirement: 'ring.request.stream',
        expected: `at least half of the ${half} bytes that were sent so far in a file of the folder`,
        actual: `the largest file has ${found} bytes`,
      })
      await connection.sendBytes(content.bytes.subarray(half))
      const stored = bench.requireFrame(await connection.receive(sent('ring.stored')), {
        requirement: 'ring.store.place',
        expected: 'stored after the second half',
      })
      bench.evidence(`${found} bytes on disk half way`, stored)
    },
  }),
]
