// The chat as a person meets it on a terminal, and a script over a pipe: real processes, real sockets, a real terminal.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { exchange } from '../runtime/test-cluster.ts'
import { menu } from './course-lines.ts'
import { hasTerminals, PATIENCE_MS, programs, TestPrograms } from './test-program.ts'

vi.setConfig({ testTimeout: 2 * PATIENCE_MS })

let world = new TestPrograms()
beforeEach(() => {
  world = new TestPrograms()
})
afterEach(() => world.end())

const ENTER = '\r'
const CTRL_C = '\x03'
const CTRL_D = '\x04'
const LEFT = '\x1b[D'

/** The port at which somebody listens, as the name service tells. */
const portOf = (output: string, who: string): number =>
  Number(
    output
      .split('\n')
      .find((line) => line.includes(`registered   ${who} `))
      ?.split(':')
      .at(-1),
  )

describe.runIf(hasTerminals)('the transcript of the handout', () => {
  const commands = ['l', '2 : Can anybody hear me?']
  const transcript = `\
${menu}
ivan(1)> l
List of peers of type 'ivan':
ivan(1)> 2 : Can anybody hear me?
Cannot send messages to 2. Make sure it is in the list of peers.
`

  test('on a terminal', async () => {
    await world.nameService()
    await world.chat('olga')
    const ivan = await world.chat()
    for (const command of commands) {
      ivan.type(command + ENTER)
      await ivan.sees(new RegExp(`${command.replace('?', '\\?')}\\n[^>]*\\nivan\\(1\\)>$`))
    }
    expect(ivan.screen?.text).toBe(`${transcript}ivan(1)>`)
  })

  test('over a pipe', async () => {
    await world.nameService()
    await world.chat('olga')
    const ivan = world.start([...programs.chat, ...world.chatOptions()])
    ivan.type(`${commands.join('\n')}\n`)
    ivan.endInput()
    expect(await ivan.exit).toBe(0)
    expect(ivan.output).toBe(transcript)
  })
})

describe.runIf(hasTerminals)('two terminals', () => {
  test('list, messages both ways, help, and leaving by q', async () => {
    const nameService = await world.nameService()
    const first = await world.chat()
    const second = await world.chat()
    await first.sees('\nPeer 1 has joined the system.\nivan(0)>')
    second.type(`l${ENTER}`)
    await second.sees(`id:  0, address: ('127.0.0.1', ${portOf(nameService.output, 'ivan(0)')})\nivan(1)>`)
    second.type(`0:at 12:30 \u00e9\u{1f600}?${ENTER}`)
    await first.sees('\nReceived a message from 1: at 12:30 \u00e9\u{1f600}?\nivan(0)>')
    // The blank behind the colon belongs to the message, as in the course.
    first.type(`1 : yes${ENTER}`)
    await second.sees('\nReceived a message from 0:  yes\nivan(1)>')
    second.type(`hm${ENTER}`)
    await second.sees(/prints the menu\.\nivan\(1\)>$/)
    second.type(`h${ENTER}`)
    await second.sees(`There is no command hm; h prints the menu.\nivan(1)> h\n${menu}\nivan(1)>`)
    second.type(`q${ENTER}`)
    await first.sees('\nPeer 1 has left the system.\nivan(0)>')
    expect(await second.exit).toBe(0)
    first.type(`1 : still there?${ENTER}`)
    await first.sees('Cannot send messages to 1. Make sure it is in the list of peers.')
  })

  test.each([
    ['Ctrl-C', `half a line${CTRL_C}`],
    ['Ctrl-D', CTRL_D],
  ])('%s leaves as q does, also by way of peerspec', async (_, keys) => {
    await world.nameService()
    const first = await world.chat()
    const second = world.onTerminal([...programs.peerspec, 'chat', ...world.chatOptions()])
    await second.sees('ivan(1)>')
    second.type(keys)
    await first.sees('Peer 1 has left the system.')
    expect(await second.exit).toBe(0)
    expect(second.errors).toBe('')
  })
})

describe.runIf(hasTerminals)('what happens while a line is being typed leaves the line as it is', () => {
  test.each([
    ['on a wide screen', 40, 100],
    ['over several rows', 40, 24],
    ['over several rows at the lower edge of the screen', 9, 24],
  ])('%s', async (_, rows, columns) => {
    const nameService = await world.nameService()
    const chat = await world.chat('ivan', rows, columns)
    const port = portOf(nameService.output, 'ivan(0)')
    const say = (text: string) =>
      exchange(port, [`${JSON.stringify({ method: 'print_message', args: [7, text] })}\n`])
    chat.type('0 : a line that is not yet complte')
    await chat.sees(/plte$/)
    chat.type(LEFT.repeat(2))
    await say('hello')
    await chat.sees(/7: ?\n?hello/)
    await say('this text is longer than a narrow terminal is wide')
    await chat.sees(/wi\n?de/)
    // The cursor is where it was, too.
    chat.type('e')
    await chat.sees(/ple\n?te$/)
    const rowsOf = (text: string) => text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []
    const all = [
      ...menu.split('\n'),
      'Received a message from 7: hello',
      'Received a message from 7: this text is longer than a narrow terminal is wide',
      'ivan(0)> 0 : a line that is not yet complete',
    ].flatMap(rowsOf)
    expect(chat.screen?.text).toBe(
      all
        .slice(-rows)
        .map((row) => row.trimEnd())
        .join('\n'),
    )
    chat.type(ENTER)
    await chat.sees(/Cannot send/)
  })

  test.each([
    ['pasted', ['0 : a line that']],
    ['typed', [...'0 : a line that']],
  ])('also when it just fills the row (%s)', async (_, keys) => {
    const nameService = await world.nameService()
    const chat = await world.chat('ivan', 40, 24)
    for (const [index, key] of keys.entries()) {
      chat.type(key)
      const typed = `ivan(0)> ${keys.slice(0, index + 1).join('')}`.trimEnd()
      await vi.waitUntil(() => chat.screen?.text.endsWith(typed), { timeout: PATIENCE_MS, interval: 5 })
    }
    const message = `${JSON.stringify({ method: 'print_message', args: [7, 'hello'] })}\n`
    await exchange(portOf(nameService.output, 'ivan(0)'), [message])
    await chat.sees(/hello\nivan\(0\)> 0 : a line that$/)
    chat.type(' is complete')
    await chat.sees(/exit\.\nReceived a message from\n7: hello\nivan\(0\)> 0 : a line that\n is complete$/)
  })

  test('a message cannot clear the screen or forge a line', async () => {
    const nameService = await world.nameService()
    const chat = await world.chat()
    const text = '\x1b[2Jx\nPeer 9 has joined the system.\r\u202eabc'
    const line = `${JSON.stringify({ method: 'print_message', args: [7, text] })}\n`
    await exchange(portOf(nameService.output, 'ivan(0)'), [line])
    await chat.sees(
      'Received a message from 7: \\u001b[2Jx\\nPeer 9 has joined the system.\\r\\u202eabc\nivan(0)>',
    )
  })
})

describe('over pipes', () => {
  test('events are lines, and commands are carried out one after the other', async () => {
    await world.nameService()
    const first = world.start([...programs.chat, ...world.chatOptions()])
    await first.sees(menu)
    const second = world.start([...programs.chat, ...world.chatOptions()])
    const numbers = Array.from({ length: 50 }, (_, index) => index)
    second.type(numbers.map((number) => `0 : ${number}\n`).join(''))
    second.endInput()
    expect(await second.exit).toBe(0)
    await first.sees('Peer 1 has left the system.')
    expect(first.output).toBe(
      [
        menu,
        'Peer 1 has joined the system.',
        ...numbers.map((number) => `Received a message from 1:  ${number}`),
        'Peer 1 has left the system.\n',
      ].join('\n'),
    )
  })

  test('ids beyond all numbers, ids with zeros before them, and lines that are none', async () => {
    await world.nameService()
    const chat = world.start([...programs.chat, ...world.chatOptions()])
    chat.type('007 : x\n99999999999999999999 : x\n-1 : x\n1.5 : x\n\n : x\nq\nl\n')
    expect(await chat.exit).toBe(0)
    const answers = chat.output
      .slice(menu.length + 1)
      .split('\n')
      .filter((line) => !line.startsWith('ivan(0)>'))
    expect(answers).toEqual([
      'Cannot send messages to 7. Make sure it is in the list of peers.',
      'Cannot send messages to 99999999999999999999. Make sure it is in the list of peers.',
      'There is no command -1 : x; h prints the menu.',
      'There is no command 1.5 : x; h prints the menu.',
      'There is no command  : x; h prints the menu.',
      '',
    ])
    expect(chat.output).toMatch(/\nivan\(0\)> q\n$/)
  })

  test('a text that does not fit into a request is refused with the reason', async () => {
    await world.nameService()
    const first = world.start([...programs.chat, ...world.chatOptions()])
    await first.sees(menu)
    const second = world.start([...programs.chat, ...world.chatOptions()])
    second.type(`0 : ${'x'.repeat(70_000)}\nq\n`)
    expect(await second.exit).toBe(0)
    expect(second.output).toMatch(/Cannot send messages to 0\..*\n {4}.*65536/)
  })
})

describe.runIf(hasTerminals)('others that fail', () => {
  test('a peer that is dead leaves the list when somebody writes to it', async () => {
    await world.nameService()
    const first = await world.chat()
    const second = world.start([...programs.chat, ...world.chatOptions()])
    await first.sees('Peer 1 has joined')
    second.signal('SIGKILL')
    expect(await second.exit).toBe('SIGKILL')
    first.type(`1 : hello${ENTER}`)
    await first.sees(
      'Peer 1 has left the system.\nCannot send messages to 1. Make sure it is in the list of peers.\nivan(0)>',
    )
  })

  test('a lost name service: the chat goes on, and says so at its end', async () => {
    const nameService = await world.nameService()
    const first = await world.chat()
    const second = await world.chat()
    nameService.signal('SIGKILL')
    await nameService.exit
    second.type(`0 : alone${ENTER}`)
    await first.sees('Received a message from 1:  alone')
    second.type(`q${ENTER}`)
    await first.sees('Peer 1 has left the system.')
    expect(await second.exit).toBe(4)
    // On a terminal errors are where the rest is.
    expect(second.screen?.text).toContain(`the name service at 127.0.0.1:${world.port} is lost`)
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s to peerspec: the chat leaves in order',
    async (signal) => {
      const nameService = await world.nameService()
      const chat = world.start([...programs.peerspec, 'chat', ...world.chatOptions()])
      await chat.sees(menu)
      chat.signal(signal)
      await nameService.sees('unregistered ivan(0)')
      expect(await chat.exit).toBe(0)
    },
  )

  test('if peerspec is killed, the chat leaves in order', async () => {
    const nameService = await world.nameService()
    const chat = world.start([...programs.peerspec, 'chat', ...world.chatOptions()])
    await chat.sees(menu)
    chat.signal('SIGKILL')
    await nameService.sees('unregistered ivan(0)')
  })
})

describe('wrong use', () => {
  const somewhere = ['--name-service', '127.0.0.1:1']
  test.each([
    [['-t', 'ivan'], 2, /required option '--name-service <host:port>' not specified/],
    [somewhere, 2, /required option '-t, --type <type>' not specified/],
    [[...somewhere, '-t', 'object'], 2, /--type: object is the default that every user has to replace/],
    [[...somewhere, '-t', ''], 2, /--type: ""/],
    [['--name-service', 'here', '-t', 'ivan'], 2, /argument 'here' is invalid.*127\.0\.0\.1:4242/],
    [['--name-service', '127.0.0.1:70000', '-t', 'ivan'], 2, /argument '127\.0\.0\.1:70000' is invalid/],
    [[...somewhere, '-t', 'ivan', '--port', '0'], 2, /argument '0' is invalid.*1 to 65535/],
    [[...somewhere, '-t', 'ivan', '--prot', '1'], 2, /unknown option '--prot'\s+\(Did you mean --port\?\)/],
    [[...somewhere, '-t', 'ivan', '--host', '0.0.0.0'], 2, /--host 0\.0\.0\.0 .*--advertise/],
    [[...somewhere, '-t', 'ivan'], 4, /cannot join by the name service at 127\.0\.0\.1:1: /],
  ])('%j ends with %i', async (options, code, message) => {
    const chat = world.start([...programs.chat, ...options])
    expect(await chat.exit).toBe(code)
    expect(chat.errors).toMatch(message)
    expect(chat.errors).not.toMatch(/^\s+at /m)
    expect(chat.output).toBe('')
  })

  test('a port that is taken', async () => {
    await world.nameService()
    const chat = world.start([...programs.chat, ...world.chatOptions(), '--port', `${world.port}`])
    expect(await chat.exit).toBe(4)
    expect(chat.errors).toContain(`cannot listen on 127.0.0.1, port ${world.port}: the port is taken`)
  })

  test('--help has an example and the exit codes', async () => {
    const chat = world.start([...programs.peerspec, 'chat', '--help'])
    expect(await chat.exit).toBe(0)
    expect(chat.output).toMatch(/Usage: peerspec chat.*Examples:.*Exit codes:/s)
  })
})
