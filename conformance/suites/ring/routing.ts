// How store and request travel: ring.md section 9, `ring.route.*`.

import { lookupRoute, ownerOf } from '../../oracle/ring.ts'
import type { Case } from '../../verdict/case.ts'
import type { RingBench } from '../../verdict/ring-bench.ts'
import { requireFailure, requireSuccess, requireWaiting } from '../outcome.ts'
import { ringCase } from './define.ts'
import { anyTcp, requireFields, requireNone, requireSent, sent, sentTo } from './frames.ts'
import {
  FAR,
  FIRST,
  FOREIGN_NAME,
  livelyPings,
  NEAR,
  OTHER,
  quietConfig,
  SECOND,
  SELF,
  settle,
} from './neighbourhood.ts'
import { randomContent, writeContent } from './procedures/content.ts'
import { freshNumber, requestMessage, storeMessage, tell } from './procedures/lookup.ts'
import { begin } from './procedures/outcome.ts'
import { requireNever } from './procedures/standstill.ts'

const NUMBER_MAX = Number.MAX_SAFE_INTEGER

export const routingCases: readonly Case[] = [
  ringCase({
    id: 'ring.route.forward/request',
    title: 'a request is sent on with only from and route changed',
    stage: 2,
    observes: ['wire'],
    evidence:
      'the request at the first successor, every field as it was, itself in from and at the end of route',
    hint: 'Copy the message, set from to your id, append your id to route, and send it to your first successor.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      for (const request of [0, freshNumber(bench), NUMBER_MAX]) {
        for (const transport of ['tcp', 'udp'] as const) {
          const route = [OTHER, FAR, NEAR]
          const name = transport === 'tcp' ? FOREIGN_NAME : '0000'
          const message = requestMessage({ from: NEAR, origin: OTHER, name, request, transport, route })
          const connection = await tell(near, node, message)
          connection.end()
          const forwarded = await requireSent(bench, sentTo(FIRST, 'ring.request', { request, name }), {
            requirement: 'ring.route.forward',
            expected: `the request ${request} for ${name} at the first successor ${FIRST}`,
          })
          requireFields(bench, forwarded, 'ring.route.forward', {
            from: SELF,
            origin: OTHER,
            transport,
            route: [...route, SELF],
          })
          bench.evidence(`request ${request} for ${name} by ${transport} sent on`, forwarded)
        }
      }
      requireNone(bench, (frame) => anyTcp(frame) && frame.to !== FIRST, {
        requirement: 'ring.route.forward',
        expected: 'lookups go to the first successor only',
      })
    },
  }),
  ringCase({
    id: 'ring.route.forward/store',
    title: 'a store is sent on with only from and route changed',
    stage: 2,
    observes: ['wire'],
    evidence: 'the store at the first successor, size included, also for size 0 and the largest',
    hint: 'A size of 0 is a size; do not leave it out.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      for (const size of [0, 1, 70_000, NUMBER_MAX]) {
        const request = freshNumber(bench)
        const message = storeMessage({ from: NEAR, origin: FAR, name: FOREIGN_NAME, request, size })
        const connection = await tell(near, node, message)
        connection.end()
        const forwarded = await requireSent(bench, sentTo(FIRST, 'ring.store', { request }), {
          requirement: 'ring.route.forward',
          expected: `the store of ${size} bytes at the first successor ${FIRST}`,
        })
        requireFields(bench, forwarded, 'ring.route.forward', {
          from: SELF,
          origin: FAR,
          name: FOREIGN_NAME,
          size,
          route: [FAR, NEAR, SELF],
        })
        bench.evidence(`store of ${size} bytes sent on`, forwarded)
      }
    },
  }),
  ringCase({
    id: 'ring.route.forward/long-route',
    title: 'a route of 200 peers grows to 201',
    stage: 2,
    observes: ['wire'],
    evidence: 'the whole route and its new end at the first successor',
    hint: 'Do not cut the route, and do not read a message with one recv of 1,024 bytes.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const route = Array.from({ length: 200 }, (_, i) => (SELF + 1 + i) % 256)
      const request = freshNumber(bench)
      await tell(
        near,
        node,
        requestMessage({ from: NEAR, origin: OTHER, name: FOREIGN_NAME, request, route }),
      )
      const forwarded = await requireSent(bench, sentTo(FIRST, 'ring.request', { request }), {
        requirement: 'ring.route.forward',
        expected: 'the request with its long route at the first successor',
      })
      requireFields(bench, forwarded, 'ring.route.forward', { route: [...route, SELF] })
      bench.evidence('201 peers in route', forwarded)
    },
  }),
  ringCase({
    id: 'ring.route.forward/own-command',
    title: 'a command sends the lookup with the node as origin, hop and whole route',
    stage: 2,
    observes: ['wire', 'control'],
    evidence: 'store and request of own commands at the first successor, with numbers of their own',
    hint: 'Choose a fresh request number for each command: a counter, not the clock.',
    async run(bench: RingBench) {
      const { node } = await settle(bench)
      const content = randomContent(bench, 33)
      const path = await writeContent(bench, 'content', content)
      begin(node, 'store', { name: FOREIGN_NAME, path })
      begin(node, 'request', { name: FOREIGN_NAME, transport: 'tcp' })
      begin(node, 'request', { name: FOREIGN_NAME, transport: 'udp' })
      const own = { from: SELF, origin: SELF, route: [SELF], name: FOREIGN_NAME }
      const frames = [
        await requireSent(bench, sentTo(FIRST, 'ring.store', { ...own, size: 33 }), {
          requirement: 'ring.route.forward',
          expected: `store of 33 bytes with from and origin ${SELF} and route [${SELF}]`,
        }),
        await requireSent(bench, sentTo(FIRST, 'ring.request', { ...own, transport: 'tcp' }), {
          requirement: 'ring.route.forward',
          expected: `request by tcp with from and origin ${SELF} and route [${SELF}]`,
        }),
        await requireSent(bench, sentTo(FIRST, 'ring.request', { ...own, transport: 'udp' }), {
          requirement: 'ring.route.forward',
          expected: `request by udp with from and origin ${SELF} and route [${SELF}]`,
        }),
      ]
      const numbers = frames.map((frame) => frame.message?.request)
      bench.require(new Set(numbers).size === 3, {
        requirement: 'ring.route.forward',
        expected: 'three different request numbers',
        actual: JSON.stringify(numbers),
      })
      bench.evidence(`request numbers ${numbers.join(', ')}`, frames[0])
    },
  }),
  ringCase({
    id: 'ring.route.forward/whole-ring',
    also: ['ring.store.place', 'ring.request.found', 'ring.circle.owner'],
    title: 'lookups in a real ring pass the peers clockwise to the owner',
    stage: 3,
    observes: ['wire', 'control'],
    cluster: true,
    evidence: 'owner and route of each store and request as the ids demand',
    hint: 'Compare the route with the circle: where it leaves the circle, or goes once round, a peer misjudged its keys.',
    async run(bench: RingBench) {
      const members = [7, 64, 130, 200, 251]
      const nodes = await bench.cluster(members, { config: quietConfig(bench) })
      const content = randomContent(bench, 300)
      const path = await writeContent(bench, 'content', content)
      const lookups = [
        { origin: 7, name: '0200' },
        { origin: 200, name: '0065' },
        { origin: 251, name: '0252' },
        { origin: 64, name: '0009' },
      ]
      for (const { origin, name } of lookups) {
        const node = nodes.get(origin)
        const asking = nodes.get(members[(members.indexOf(origin) + 2) % members.length] ?? origin)
        if (node === undefined || asking === undefined) throw new Error('the bench gave no such node')
        const stored = await requireSuccess(
          bench,
          begin(node, 'store', { name, path }),
          'ring.store.place',
          `a store of ${name} from ${origin}`,
        )
        const found = await requireSuccess(
          bench,
          begin(asking, 'request', { name, transport: 'tcp' }),
          'ring.request.found',
          `a request of ${name} from ${asking.id}`,
        )
        for (const [result, from] of [
          [stored, origin],
          [found, asking.id],
        ] as const) {
          const expected = { owner: ownerOf(members, name), route: lookupRoute(members, from, name) }
          bench.require(
            result.owner === expected.owner &&
              JSON.stringify(result.route) === JSON.stringify(expected.route),
            {
              requirement: 'ring.route.forward',
              expected: `${name} from ${from}: ${JSON.stringify(expected)}`,
              actual: JSON.stringify({ owner: result.owner, route: result.route }),
            },
          )
        }
        bench.require(found.digest === content.digest, {
          requirement: 'ring.request.found',
          expected: `digest ${content.digest}`,
          actual: found.digest,
        })
        bench.evidence(`${name}: ${JSON.stringify(stored.route)} and ${JSON.stringify(found.route)}`)
      }
    },
  }),
  ringCase({
    id: 'ring.route.loop/not-again',
    title: 'a lookup that comes by a second time is not sent on',
    stage: 2,
    observes: ['wire'],
    evidence: 'the lookup without the own id in route sent on, the one with it not',
    hint: 'Look for your own id in route before you forward.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const looped = [freshNumber(bench), freshNumber(bench)]
      const route = [OTHER, SELF, FIRST, SECOND, NEAR]
      const lookup = { from: NEAR, origin: OTHER, name: FOREIGN_NAME, route }
      await tell(near, node, requestMessage({ ...lookup, request: looped[0] ?? 0 }))
      await tell(near, node, storeMessage({ ...lookup, request: looped[1] ?? 0, size: 1 }))
      const fresh = freshNumber(bench)
      await requireNever(
        bench,
        (frame) =>
          looped.some(
            (request) => sent('ring.request', { request })(frame) || sent('ring.store', { request })(frame),
          ),
        { requirement: 'ring.route.loop', expected: `no lookup sent on that has ${SELF} in route` },
        async () => {
          await tell(near, node, requestMessage({ ...lookup, route: [OTHER, NEAR], request: fresh }))
          const forwarded = await requireSent(bench, sentTo(FIRST, 'ring.request', { request: fresh }), {
            requirement: 'ring.route.forward',
            expected: 'the same lookup sent on when the own id is not in route',
          })
          bench.evidence('sent on without the own id in route', forwarded)
        },
      )
    },
  }),
  ringCase({
    id: 'ring.route.loop/no-owner',
    also: ['ring.request.ends'],
    title: 'the origin whose lookup comes back fails its command with no-owner',
    stage: 2,
    observes: ['wire', 'control'],
    evidence:
      'no-owner for store and request after their messages came back, and a third command still waiting',
    hint: 'You are the origin and in route: find the waiting command by the request number and end it.',
    async run(bench: RingBench) {
      const { node, near } = await settle(bench)
      const path = await writeContent(bench, 'content', randomContent(bench, 4))
      const request = begin(node, 'request', { name: FOREIGN_NAME, transport: 'tcp' })
      const store = begin(node, 'store', { name: FOREIGN_NAME, path })
      const bystander = begin(node, 'request', { name: '0160', transport: 'tcp' })
      const waiting = [
        ['ring.request', FOREIGN_NAME],
        ['ring.store', FOREIGN_NAME],
        ['ring.request', '0160'],
      ] as const
      const sentOut = await Promise.all(
        waiting.map(([type, name]) =>
          requireSent(bench, sentTo(FIRST, type, { name, origin: SELF }), {
            requirement: 'ring.route.forward',
            expected: `${type} for ${name} at the first successor`,
          }),
        ),
      )
      for (const frame of sentOut.slice(0, 2)) {
        const { message, type } = frame
        if (message === undefined || type === undefined) throw new Error('a frame without message')
        const route = [SELF, FIRST, SECOND, OTHER, FAR, NEAR]
        await tell(near, node, { ...message, type, from: NEAR, route })
      }
      await requireFailure(bench, request, ['no-owner'], 'ring.route.loop', 'when the request comes back')
      await requireFailure(bench, store, ['no-owner'], 'ring.route.loop', 'when the store comes back')
      requireWaiting(bench, bystander, 'ring.route.loop', 'the other request to wait on')
      bench.evidence('two commands failed with no-owner, the third waits', sentOut[0])
    },
  }),
  ringCase({
    id: 'ring.route.retry/successor-back',
    title: 'a lookup that finds the first successor unreachable is tried again',
    stage: 7,
    observes: ['wire', 'control'],
    evidence: 'own and forwarded lookups at the first successor after it accepts connections again',
    hint: 'Keep the message and send it again at every ping interval, until requestTimeoutMs is over.',
    async run(bench: RingBench) {
      const { node, near, first } = await settle(bench, { ...livelyPings(bench), requestTimeoutMs: 600_000 })
      first.listening = false
      const own = begin(node, 'request', { name: FOREIGN_NAME, transport: 'tcp' })
      const request = freshNumber(bench)
      await tell(near, node, requestMessage({ from: NEAR, origin: OTHER, name: FOREIGN_NAME, request }))
      await bench.quiet(sent('ring.request'), bench.timing.pingIntervalMs)
      first.listening = true
      const forwarded = await requireSent(bench, sentTo(FIRST, 'ring.request', { request }), {
        requirement: 'ring.route.retry',
        expected: 'the held request of peer 220 at the first successor',
        actual: `none; the own request ${JSON.stringify(own.settled() ?? 'waits')}`,
      })
      const ownFrame = await requireSent(bench, sentTo(FIRST, 'ring.request', { origin: SELF }), {
        requirement: 'ring.route.retry',
        expected: 'the held request of the own command at the first successor',
        actual: `none; the command ${JSON.stringify(own.settled() ?? 'waits')}`,
      })
      bench.evidence('the forwarded request was tried again', forwarded)
      bench.evidence('the own request was tried again', ownFrame)
    },
  }),
  ringCase({
    id: 'ring.route.retry/next-successor',
    also: ['ring.dead.first'],
    title: 'a lookup survives the death of the first successor',
    stage: 7,
    observes: ['wire', 'control'],
    evidence: 'the held lookup at the peer that has become the first successor',
    hint: 'Look up the first successor at each attempt, not once when the message arrives.',
    async run(bench: RingBench) {
      const { node, near, first } = await settle(bench, { ...livelyPings(bench), requestTimeoutMs: 600_000 })
      first.die()
      const request = freshNumber(bench)
      await tell(near, node, requestMessage({ from: NEAR, origin: OTHER, name: '0190', request }))
      const forwarded = await requireSent(bench, sentTo(SECOND, 'ring.request', { request }), {
        requirement: 'ring.route.retry',
        expected: `the request at ${SECOND} after ${FIRST} died`,
      })
      requireFields(bench, forwarded, 'ring.route.forward', { name: '0190', origin: OTHER, from: SELF })
      bench.evidence('sent to the new first successor', forwarded)
    },
  }),
]
