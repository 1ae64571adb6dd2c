// The control channel with programs that break its rules: what each of them is told, and who is told.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import type { EventLine } from './control.ts'
import type { Incident } from './host.ts'
import { IncidentError } from './incident.ts'
import { SpawnedProgram } from './program.ts'
import { Session, type Tenant } from './session.ts'

const oddProgram = join(dirname(fileURLToPath(import.meta.url)), 'testdata', 'odd-program.mjs')
const DEADLINE_MS = 10_000

const programs: SpawnedProgram[] = []
afterEach(async () => {
  for (const program of programs.splice(0)) await program.kill()
})

function begin(mode: string, helloDeadlineMs = DEADLINE_MS): Promise<Session> {
  const argv = ['node', oddProgram, mode] as const
  const program = new SpawnedProgram({ argv, cwd: '/', cookie: 'test' })
  programs.push(program)
  return Session.begin(program, {
    program: { kind: 'command', argv },
    cwd: '/',
    helloDeadlineMs,
    onGone: () => {},
  })
}

interface Diary extends Tenant {
  readonly events: EventLine[]
  readonly incidents: Incident[]
  hasEnded: boolean
}

function diary(): Diary {
  const events: EventLine[] = []
  const incidents: Incident[] = []
  return {
    role: 'ring.peer',
    events,
    incidents,
    hasEnded: false,
    onEvent: (event) => events.push(event),
    onIncident: (incident) => incidents.push(incident),
    onEnd() {
      this.hasEnded = true
    },
  }
}

const exchange = (session: Session, node: number, command: string, withinMs = DEADLINE_MS) =>
  session.control.exchange(command, node, {}, { withinMs, role: 'ring.peer' })

async function incidentOf(promise: Promise<unknown>): Promise<Incident> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof IncidentError) return error.incident
  throw new Error('no incident')
}

test('a slow hello is a hello', async () => {
  const session = await begin('slow-hello')
  expect(session.hello.name).toBe('slow-hello')
  expect(session.hostsSeveral).toBe(true)
})

test.each([
  ['silent', 'printed nothing within 0.3 seconds'],
  ['echo', 'printed nothing within 0.3 seconds'],
  ['unfinished-hello', 'not ended by'],
])('a program that waits for ever (%s) is not ready', async (mode, text) => {
  await expect(begin(mode, 300)).rejects.toThrow(text)
})

test.each([
  ['exits-at-once', /exit code 7 before it said hello[\s\S]*cannot open the configuration/],
  ['garbage', /Listening on port 12000/],
  ['wrong-hello', /no valid hello/],
  ['not-utf-8', /not UTF-8/],
  ['endless-line', /longer than 1048576 bytes/],
])('a program without a valid hello (%s) is not ready, at once', async (mode, text) => {
  await expect(begin(mode, 600_000)).rejects.toThrow(text)
})

test('replies may come in any order', async () => {
  const session = await begin('reversed-replies')
  const node = session.enter(diary())
  const order: string[] = []
  const commands = ['init', 'stop', 'init'].map((command, i) =>
    exchange(session, node, command).then(({ seq }) => order.push(`${i}:${seq}`)),
  )
  await Promise.all(commands)
  expect(order).toEqual(['2:2', '1:1', '0:0'])
})

test.each([
  ['crash-after-hello', 'crash', "ended with exit code 3 while it had not replied to 'init'"],
  ['killed-after-hello', 'crash', "was ended by SIGSEGV while it had not replied to 'init'"],
  ['garbage-after-hello', 'broken', 'no JSON object: "done!"'],
  ['wrong-seq', 'broken', 'a reply to a seq that was never sent: "{\\"seq\\":1000'],
  ['echo-after-hello', 'broken', "the field 'ok' is missing"],
  ['wrong-event', 'broken', "the event 'peer-dead' breaks its schema ('peer' must be integer)"],
])('%s is an incident, %s', async (mode, kind, text) => {
  const session = await begin(mode)
  const tenant = diary()
  const incident = await incidentOf(exchange(session, session.enter(tenant), 'init'))
  expect(incident.kind).toBe(kind)
  expect(incident.message).toContain(text)
  expect(tenant.incidents).toContainEqual(incident)
  // The process belonged to this node alone.
  expect(incident.shared).toBeUndefined()
})

test('a flood is an incident within seconds, though every line is right', async () => {
  const session = await begin('flood')
  const incident = await incidentOf(exchange(session, session.enter(diary()), 'init'))
  expect(incident).toMatchObject({ kind: 'broken', message: expect.stringContaining('floods') })
})

test('a second reply is an incident of the node that asked', async () => {
  const session = await begin('double-reply')
  const [mine, other] = [diary(), diary()]
  const node = session.enter(mine)
  session.enter(other)
  await exchange(session, node, 'init')
  await expect.poll(() => mine.incidents).toHaveLength(1)
  expect(mine.incidents[0]?.message).toContain('a second reply to one command')
  expect(other.incidents).toEqual([])
})

test('a wrong result is an incident of the node that asked; the others go on', async () => {
  const session = await begin('wrong-result')
  const [mine, other] = [diary(), diary()]
  const [a, b] = [session.enter(mine), session.enter(other)]
  const incident = await incidentOf(exchange(session, a, 'state'))
  expect(incident.message).toContain("the result of 'state' breaks its schema")
  expect((await exchange(session, b, 'init')).ok).toBe(true)
  expect(other.incidents).toEqual([])
})

test('the death of a process concerns everyone in it, and is marked as possibly the doing of others', async () => {
  const session = await begin('crash-after-hello')
  const tenants = [diary(), diary()]
  const [a = 0] = tenants.map((tenant) => session.enter(tenant))
  const incident = await incidentOf(exchange(session, a, 'init'))
  expect(incident.shared).toBe(true)
  for (const tenant of tenants) {
    expect(tenant.incidents).toEqual([incident])
    expect(tenant.hasEnded).toBe(true)
  }
  expect(session.exitCode).toBe(3)
  expect(session.isUsable).toBe(false)
})

test('no reply in time is a hang; the late reply is no second mistake', async () => {
  const session = await begin('late-reply')
  const tenant = diary()
  const node = session.enter(tenant)
  const incident = await incidentOf(exchange(session, node, 'init', 20))
  expect(incident).toMatchObject({ kind: 'hang', message: "no reply to 'init' within 20 ms" })
  await exchange(session, node, 'init')
  expect(tenant.incidents).toEqual([incident])
  // Nobody new should come to a program in which something hangs.
  expect(session.isUsable).toBe(false)
})

test('events that nobody specified are ignored', async () => {
  const session = await begin('unknown-event')
  const tenant = diary()
  await exchange(session, session.enter(tenant), 'init')
  expect(tenant.events).toEqual([])
  expect(tenant.incidents).toEqual([])
})

test('an event may leave out its node while there is one, and may not with several', async () => {
  const session = await begin('event-without-node')
  const [first, second] = [diary(), diary()]
  const node = session.enter(first)
  await exchange(session, node, 'init')
  expect(first.events).toMatchObject([{ event: 'peer-dead', peer: 9 }])
  session.enter(second)
  const incident = await incidentOf(exchange(session, node, 'init'))
  expect(incident.message).toContain("an event without 'node'")
})

test('an end that was asked for is no incident', async () => {
  const session = await begin('silent-after-hello')
  const tenant = diary()
  session.enter(tenant)
  await session.end()
  expect(tenant).toMatchObject({ incidents: [], hasEnded: true })
  expect(session.exitCode).toBe(137)
})
