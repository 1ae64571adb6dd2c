// The transcript in the README is a real one: it is played again, and must come out the same but for the ports and the time.
import { readFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { hasTerminals, PATIENCE_MS, programs, TestPrograms } from './test-program.ts'

vi.setConfig({ testTimeout: 2 * PATIENCE_MS })

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const section = /## Try the chat in two terminals\n(.*?)\n## /s.exec(readme)?.[1] ?? ''
/** Blocks of console text, each without its first line, the command. */
const [nameServiceBlock, firstBlock, secondBlock] = [
  ...section.matchAll(/```console\n\$ .*?\n(.*?)```/gs),
].map((match) => match[1]?.trimEnd())
const withoutPorts = (text: string | undefined): string | undefined =>
  text
    ?.replace(/(127\.0\.0\.1(?:', |:))\d+/g, '$1...')
    .replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/gm, 'date and time')

const world = new TestPrograms()
afterEach(() => world.end())

test.runIf(hasTerminals)('try the chat in two terminals', async () => {
  const nameService = await world.nameService([], [...programs.peerspec, 'name-service'])
  const chat = () => world.onTerminal([...programs.peerspec, 'chat', ...world.chatOptions()])
  const first = chat()
  await first.sees(/\)>$/)
  first.type('l\r')
  await first.sees(/'ivan':\nivan\(0\)>$/)
  const second = chat()
  await first.sees(/joined the system\.\nivan\(0\)>$/)
  await second.sees(/\)>$/)
  second.type('l\r')
  await second.sees(/id: .*\nivan\(1\)>$/)
  first.type('1 : Can anybody hear me?\r')
  await second.sees(/hear me\?\nivan\(1\)>$/)
  second.type('0 : Yes, I can.\r')
  await first.sees(/Yes, I can\.\nivan\(0\)>$/)
  first.type('q\r')
  expect(await first.exit).toBe(0)
  await second.sees(/left the system\.\nivan\(1\)>$/)
  second.type('0 : Still there?\r')
  await second.sees(/list of peers\.\nivan\(1\)>$/)
  second.type('q\r')
  expect(await second.exit).toBe(0)
  nameService.signal('SIGINT')
  expect(await nameService.exit).toBe(0)

  expect(withoutPorts(first.screen?.text)).toBe(withoutPorts(firstBlock))
  expect(withoutPorts(second.screen?.text)).toBe(withoutPorts(secondBlock))
  expect(withoutPorts(nameService.output.trimEnd())).toBe(withoutPorts(nameServiceBlock))
})
