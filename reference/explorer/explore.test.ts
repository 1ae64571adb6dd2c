// The small worlds, walked through whole; and the wrong peers, each of which has to be found.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { endless, explore, shortestViolation } from './explore.ts'
import { peersConfiguration, smallSketches } from './peers/configurations.ts'
import { wrongConfiguration, wrongRules } from './peers/wrong-rules.ts'
import { rowStart } from './table.ts'
import { linesOf, replay, tell } from './trace.ts'

const statesMax = 50_000
const written = readFileSync(new URL('results.md', import.meta.url), 'utf8')

describe('peers', () => {
  test.each(Object.values(smallSketches))('$name', (sketch) => {
    const configuration = peersConfiguration(sketch)
    const exploration = explore(configuration, { statesMax })
    const { violation, isComplete } = exploration
    expect(violation && tell(configuration, violation)).toBeUndefined()
    expect(isComplete).toBe(true)
    const row = rowStart({ name: sketch.name, exploration })
    expect(written, 'run `npm run explore -- --write`').toContain(row)
  })
})

describe('a peer that is wrong is found', () => {
  test.each(wrongRules)('$name', (wrong) => {
    const configuration = wrongConfiguration(wrong)
    const exploration = explore(configuration, { statesMax })
    const { violation } = exploration
    expect(violation?.problem).toMatch(wrong.problem)
    if (violation === undefined) return
    expect(written, 'run `npm run explore -- --write`').toContain(rowStart({ name: wrong.name, exploration }))
    // The lines that a person reads lead to the same error again. What goes on for ever shows only as a whole.
    const moves = linesOf(configuration, violation.moves).map(({ move }) => move)
    const again = replay(configuration, moves)
    expect(again).toBe(violation.problem === endless ? undefined : violation.problem)
  })

  test('by a short trace, if that is asked for', () => {
    const [wrong] = wrongRules
    if (wrong === undefined) throw new Error('there are no wrong peers')
    const configuration = wrongConfiguration(wrong)
    const violation = shortestViolation(configuration, { statesMax })
    expect(violation && tell(configuration, violation)).toMatchInlineSnapshot(`
      "   1  a: join
         2  b: join
         3  b -> name service: {"method":"register","args":["t",["b",1]]} [1]  (name service {"event":"registered","type":"t","id":0,"address":["b",1]})
         4  a -> name service: {"method":"register","args":["t",["a",1]]} [1]  (name service {"event":"registered","type":"t","id":1,"address":["a",1]})
         5  name service -> a: {"result":[1,"#1"]} to {"method":"register","args":["t",["a",1]]} [1]
         6  a -> name service: {"method":"require_all","args":["t"]} [2]
         7  name service -> a: {"result":[[0,["b",1]],[1,["a",1]]]} to {"method":"require_all","args":["t"]} [2]
         8  a -> b: {"method":"register_peer","args":[1,["a",1]]} [1]  (b {"event":"joined","id":1})
         9  b -> a: {"result":null} to {"method":"register_peer","args":[1,["a",1]]} [1]  (a join is done)
        10  name service -> b: {"result":[0,"#0"]} to {"method":"register","args":["t",["b",1]]} [1]
        11  b -> name service: {"method":"require_all","args":["t"]} [2]
        12  a: acquire
        13  a -> b: {"method":"request_token","args":[1,1]} [1]
        14  name service -> b: {"result":[[0,["b",1]],[1,["a",1]]]} to {"method":"require_all","args":["t"]} [2]  (b {"event":"token","token":"present"}, b join is done)
            => a waits for the token, which rests at b"
    `)
  })
})

test('what lies beyond the limit is not called complete', () => {
  const { isComplete, violation } = explore(peersConfiguration(smallSketches.inOrder), { statesMax: 1000 })
  expect({ isComplete, violation }).toEqual({ isComplete: false, violation: undefined })
})
