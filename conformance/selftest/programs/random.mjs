// Answers each command with one of many replies, drawn at random: success with a random result, a random error, two
// replies, a reply with a wrong `seq`, nothing. The draw is seeded, so that a run can be repeated.
import { hello, onCommand, refuse, succeed } from './channel.mjs'

let state = 20_19
/** A whole number below `limit` (Lehmer's generator, the MINSTD constants). */
const draw = (limit) => {
  state = (state * 48_271) % 2_147_483_647
  return state % limit
}
const pick = (list) => list[draw(list.length)]
const id = () => draw(256)

const results = [
  () => ({}),
  () => ({ owner: id(), route: [id(), id()] }),
  () => ({ successors: [id(), id()], route: [id()] }),
  () => ({
    id: id(),
    inRing: draw(2) === 0,
    successors: [id(), id()],
    predecessors: [id(), null],
    files: [],
  }),
]
const codes = ['unsupported', 'bad-argument', 'bad-config', 'not-in-ring', 'not-found', 'timeout', 'internal']

hello('random')
onCommand(({ seq }) => {
  const replies = [
    () => succeed(seq, pick(results)()),
    () => succeed(seq, pick(results)()),
    () => refuse(seq, pick(codes)),
    () => {
      succeed(seq)
      refuse(seq, pick(codes))
    },
    () => succeed(seq + 1),
    () => {},
  ]
  pick(replies)()
})
