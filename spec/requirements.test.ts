import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { root } from './example-files.ts'
import { derivedFiles, leftOverFiles } from './generate/derived-files.ts'
import { extendLedger, ledgerProblems } from './generate/ledger.ts'
import { type Page, parseRequirements, renderRequirements } from './generate/requirements.ts'
import { featureOf, findRequirement, requirements, requirementsFor, systems } from './registry.ts'

describe('the requirements', () => {
  test('have unique ids', () => {
    const ids = requirements.map((requirement) => requirement.id)
    expect(ids.length).toBeGreaterThan(50)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test.each(requirements)('$id leads to its sentence in the prose', (requirement) => {
    const prose = readFileSync(`${root}/${requirement.file}`, 'utf8')
    expect(prose).toContain(`\`${requirement.id}\`** ${requirement.level} (`)
    expect(prose).toContain(`## ${requirement.section.number}. ${requirement.section.heading}\n`)
    expect(requirement.anchor).toMatch(/^\d+(-[a-z0-9]+)+$/)
  })

  test.each(requirements)('$id has a level that its sentences bear out', ({ level, text, id }) => {
    const stronger = { MUST: [], SHOULD: ['MUST'], MAY: ['MUST', 'SHOULD'] }[level] as string[]
    expect(
      stronger.filter((word) => text.includes(word)),
      id,
    ).toEqual([])
  })

  test.each(Object.values(systems))(
    'of $name use each of its features',
    ({ requirements: own, features }) => {
      for (const feature of features)
        expect(
          own.some((requirement) => featureOf(requirement) === feature),
          feature,
        ).toBe(true)
    },
  )

  test('of a system come with those of the shared pages', () => {
    const ids = requirementsFor('ring').map((requirement) => requirement.id)
    expect(ids).toContain('common.tcp.framing')
    expect(ids).toContain('control.eof')
    expect(ids).toContain('ring.udp.log')
    expect(findRequirement('ring.udp.log')?.feature).toBe('ring.transfer.udp')
    expect(findRequirement('ring.udp.nothing')).toBeUndefined()
  })

  // The page names the common rules that hold, because it replaces the others.
  test('of the common page bind peers where peers.md says so', () => {
    const [, sentence = ''] =
      /These do: ([\s\S]*?)\. Sections/.exec(readFileSync(`${root}/spec/peers/peers.md`, 'utf8')) ?? []
    const named = [...sentence.matchAll(/`([^`]+)`/g)].map((match) => match[1])
    const binding = systems.peers.commonRequirements.map(({ id }) => id)
    expect(named.length).toBeGreaterThan(0)
    expect(binding).toEqual(named)
    expect(systems.ring.commonRequirements.map(({ id }) => id)).toEqual(expect.arrayContaining(binding))
  })

  test('of peers bind the roles that their tags name', () => {
    const idsFor = (role: string) => new Set(requirementsFor('peers', [role]).map(({ id }) => id))
    const [nameService, peer] = [idsFor('peers.name-service'), idsFor('peers.peer')]
    expect(
      [...nameService].filter((id) => /^peers\.(join|list|leave|message|lock|database)\./.test(id)),
    ).toEqual([])
    expect([...peer].filter((id) => /^peers\.(register|require|name-service)\./.test(id))).toEqual([])
    for (const shared of ['common.tcp.slow', 'control.eof', 'peers.call.answer']) {
      expect(nameService, shared).toContain(shared)
      expect(peer, shared).toContain(shared)
    }
    expect(new Set([...nameService, ...peer]).size).toBe(requirementsFor('peers').length)
  })

  test('of peers are extended where only that profile requires their feature', () => {
    const extended = systems.peers.requirements.filter(({ profile }) => profile === 'extended')
    expect(new Set(extended.map(({ feature }) => feature))).toEqual(new Set(['peers.lock', 'peers.database']))
    expect(findRequirement('peers.list.self')?.profile).toBe('baseline')
  })
})

describe('generated files', () => {
  const derived = derivedFiles(root)

  test.each([...derived.keys()])('%s is fresh', (file) => {
    expect(readFileSync(`${root}/${file}`, 'utf8')).toBe(derived.get(file))
  })

  test('are all accounted for', () => {
    expect(leftOverFiles(root, derived)).toEqual([])
  })

  test('the ledger has every id', () => {
    const ledger = readFileSync(`${root}/spec/requirement-ids.txt`, 'utf8')
    expect(
      ledgerProblems(
        ledger,
        requirements.map((requirement) => requirement.id),
      ),
    ).toEqual([])
  })

  test('hold standard keywords only', () => {
    const standard = new Set(
      [
        '$schema $id title description type const enum anyOf not default',
        'required properties additionalProperties items prefixItems minItems maxItems',
        'minimum maximum minLength maxLength pattern',
      ].flatMap((keywords) => keywords.split(' ')),
    )
    const visit = (schema: Record<string, unknown>, file: string): void => {
      for (const [key, value] of Object.entries(schema)) {
        expect(standard.has(key), `${key} in ${file}`).toBe(true)
        const inner =
          key === 'properties' ? Object.values(value as object) : Array.isArray(value) ? value : [value]
        if (!['const', 'enum', 'required', 'default'].includes(key))
          for (const one of inner) if (typeof one === 'object' && one !== null) visit(one, file)
      }
    }
    for (const [file, content] of derived)
      if (file.endsWith('.json') && !file.endsWith('index.json')) visit(JSON.parse(content), file)
  })
})

describe('reading requirements out of prose', () => {
  const page: Page = {
    part: 'ring',
    file: 'spec/ring/ring.md',
    tags: new Map([
      ['ring', { profile: 'baseline' }],
      ['ring.join', { profile: 'baseline' }],
      ['ring.lead', { profile: 'extended', role: 'ring.leader' }],
    ]),
  }
  const parse = (...lines: string[]) => parseRequirements(page, ['## 7. Join a ring', ...lines].join('\n'))

  test('takes id, level, feature, source, section and text', () => {
    expect(
      parse('', '> **`ring.join.place`** MUST (ring.join, RFC 9293 section 3): The peer p (say 4) accepts.'),
    ).toEqual([
      {
        id: 'ring.join.place',
        level: 'MUST',
        profile: 'baseline',
        feature: 'ring.join',
        source: 'RFC 9293 section 3',
        section: { number: 7, heading: 'Join a ring' },
        text: 'The peer p (say 4) accepts.',
        file: 'spec/ring/ring.md',
        anchor: '7-join-a-ring',
      },
    ])
  })

  test('joins the lines of one paragraph', () => {
    const [requirement] = parse('> **`ring.a.b`** MAY (ring, U19): One', '> two.')
    expect(requirement?.text).toBe('One two.')
  })

  test.each([
    ['> A quotation.', 'ring.md:2: block quote is no requirement'],
    ['> **ring.a.b** MUST (ring, U19): No code marks.', 'block quote is no requirement'],
    ['> **`ring.a.b`** MUST (ring): No source.', 'block quote is no requirement'],
    ['> **`chord.a.b`** MUST (ring, U19): Wrong page.', 'begin with ring.'],
    ['> **`ring.A.b`** MUST (ring, U19): Capital.', 'lower-case words'],
    ['> **`ring.a.b`** SHALL (ring, U19): Level.', 'level SHALL of ring.a.b'],
    ['> **`ring.a.b`** MUST (ring.fly, U19): Feature.', 'feature ring.fly of ring.a.b'],
  ])('refuses %s', (line, message) => {
    expect(() => parse(line)).toThrow(message)
  })

  test('refuses an id that is used twice, and one before any section', () => {
    const line = '> **`ring.a.b`** MUST (ring, U19): Text.'
    expect(() => parse(line, '', line)).toThrow('ring.md:4: id ring.a.b is used twice')
    expect(() => parseRequirements(page, line)).toThrow('before the first')
  })

  test('writes quotes as the formatter does', () => {
    const requirements = parse(
      "> **`ring.a.b`** MUST (ring, U19): The peer's name.",
      '',
      '> **`ring.a.c`** MUST (ring, U19): A "b" \\n.',
    )
    const source = renderRequirements(page, requirements)
    expect(source).toContain('text: "The peer\'s name."')
    expect(source).toContain('text: \'A "b" \\\\n.\'')
  })
})

describe('the ledger of ids', () => {
  const ledger = '# comment\nring.a.b\nring.a.c retired: now ring.a.d\nring.a.d\n'

  test('agrees with the prose', () => {
    expect(ledgerProblems(ledger, ['ring.a.b', 'ring.a.d'])).toEqual([])
  })

  test('notices an id that vanished, one that came back and one that is new', () => {
    expect(ledgerProblems(ledger, ['ring.a.b']).join()).toContain('ring.a.d is in no prose any more')
    expect(ledgerProblems(ledger, ['ring.a.b', 'ring.a.c', 'ring.a.d']).join()).toContain(
      'ring.a.c is retired',
    )
    expect(ledgerProblems(ledger, ['ring.a.b', 'ring.a.d', 'ring.a.e']).join()).toContain(
      'ring.a.e is missing',
    )
  })

  test('only ever grows', () => {
    expect(extendLedger(ledger, ['ring.a.e'])).toBe(`${ledger}ring.a.e\n`)
    expect(extendLedger(ledger, ['ring.a.b'])).toBe(ledger)
  })
})
