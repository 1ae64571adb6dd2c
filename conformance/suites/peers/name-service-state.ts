// What the name service says on the control channel, beside what it says on the wire. peers.md section 4.
import { isDeepStrictEqual } from 'node:util'
import type { Case } from '../../verdict/case.ts'
import type { PeersBench } from '../../verdict/peers-bench.ts'
import { stage } from './define.ts'
import { nameServiceCase } from './name-service-case.ts'
import { requireResult } from './procedures/answers.ts'
import {
  farAddress,
  listed,
  nameServiceAndCaller,
  type Registration,
  register,
  unregister,
} from './procedures/registrations.ts'

export const nameServiceStateCases: readonly Case<'peers'>[] = [
  nameServiceCase({
    id: 'peers.name-service.state/agrees-with-the-wire',
    also: ['peers.require.all', 'peers.register.again', 'peers.unregister.removes'],
    title: 'state after each of sixty random steps: peers of four types come, come back and go',
    stage: stage.unregister,
    observes: ['wire', 'control'],
    evidence:
      'after each step the same registrations in state, in require_all and in the history of the answers',
    hint: 'Make state from the registrations themselves, not from something kept beside them. A type without peers is not in it.',
    async run(bench: PeersBench) {
      const { node, caller } = await nameServiceAndCaller(bench)
      const requirement = 'peers.name-service.state'
      const present: Registration[] = []
      const types = Array.from({ length: 4 }, (_, i) => `${bench.type}-${i}`)
      for (let step = 0; step < 60; step += 1) {
        const type = types[Math.floor(bench.random() * types.length)] ?? bench.type
        const here = present.filter((one) => one.type === type)
        const [alone] = here
        // Only the last of a type leaves: nobody remains to be checked at an address of nobody.
        if (alone !== undefined && here.length === 1 && bench.random() < 0.5) {
          await unregister(bench, node, caller, alone)
          present.splice(present.indexOf(alone), 1)
        } else {
          const address = farAddress(Math.floor(bench.random() * 3))
          const next = await register(bench, node, caller, address, type)
          const replaced = here.find((one) => isDeepStrictEqual(one.address, address))
          if (replaced !== undefined) present.splice(present.indexOf(replaced), 1)
          present.push(next)
        }
        const expected = Object.fromEntries(
          types
            .map((name) => [name, present.filter((one) => one.type === name)] as const)
            .filter(([, peers]) => peers.length > 0)
            .map(([name, peers]) => [name, listed(peers).map(([id, address]) => ({ id, address }))] as const),
        )
        const { types: shown } = await node.state()
        bench.require(isDeepStrictEqual({ ...shown }, expected), {
          requirement,
          expected: `${JSON.stringify(expected)} after step ${step + 1}`,
          actual: JSON.stringify(shown),
        })
        const { answer } = await caller.call(node, 'require_all', [type])
        const now = present.filter((one) => one.type === type)
        const frame = requireResult(bench, answer, listed(now), {
          requirement: 'peers.require.all',
          to: `require_all of ${type} after step ${step + 1}`,
        })
        if (step === 59) bench.evidence(`${present.length} registered after sixty steps`, frame)
      }
    },
  }),
]
