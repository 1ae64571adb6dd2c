import { describe, expect, test } from 'vitest'
import { bothVerdicts } from './both-validators.ts'
import { examples, invalidExamples } from './example-files.ts'
import { peers, ring } from './index.ts'
import { publishedSchemas } from './published.ts'
import { findRequirement } from './registry.ts'

const methods = Object.keys(peers.methods) as peers.PeersMethod[]

describe('valid examples', () => {
  test.each(examples)(
    '$file is accepted by the schema in code and by the published one',
    ({ schema, value }) => {
      const verdicts = bothVerdicts(schema, value)
      expect(verdicts.codeErrors).toEqual([])
      expect(verdicts.fileErrors ?? []).toEqual([])
    },
  )

  test.each(publishedSchemas.filter((published) => published.channel !== 'control'))(
    '$name has at least two',
    ({ name }) => {
      const files = examples.filter((example) => example.schema.name === name).map((example) => example.file)
      expect(files.length).toBeGreaterThanOrEqual(2)
      expect(files.some((file) => file.endsWith('/plain.json'))).toBe(true)
    },
  )

  test('survive the public ring.validate', () => {
    for (const { schema, value } of examples.filter(({ schema: { name } }) =>
      Object.hasOwn(ring.messages, name),
    ))
      expect(ring.validate(value), schema.name).toEqual({ ok: true, message: value })
  })

  test('survive the public validators of peers', () => {
    for (const method of methods) {
      for (const { value } of examples.filter(({ schema }) => schema.name === `peers.${method}`))
        expect(peers.validateRequest(value)).toEqual({ ok: true, message: value })
      for (const { value } of examples.filter(({ schema }) => schema.name === `peers.${method}.result`))
        expect(peers.validateAnswer(method, value)).toEqual({ ok: true, message: value })
      for (const { value } of examples.filter(({ schema }) => schema.name === 'peers.error'))
        expect(peers.validateAnswer(method, value)).toEqual({ ok: true, message: value })
    }
  })
})

const parse = (text: string): { value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

describe('invalid examples', () => {
  test('are refused by the public validators of peers', () => {
    for (const { schema, file, text } of invalidExamples.filter(
      ({ schema: { channel } }) => channel !== 'control',
    )) {
      const value = parse(text)?.value
      const [system, method = '', answer] = schema.name.split('.')
      if (system !== 'peers' || schema.name === 'peers.error') continue
      const verdict = answer
        ? peers.validateAnswer(method as peers.PeersMethod, value)
        : peers.validateRequest(value)
      expect(verdict.ok, file).toBe(false)
    }
    for (const method of methods)
      for (const { file, text } of invalidExamples.filter(({ schema }) => schema.name === 'peers.error'))
        expect(peers.validateAnswer(method, parse(text)?.value).ok, `${method}: ${file}`).toBe(false)
  })

  test.each(invalidExamples)('$file is refused by both', ({ schema, text }) => {
    const parsed = parse(text)
    if (!parsed) return
    const verdicts = bothVerdicts(schema, parsed.value)
    expect(verdicts).toMatchObject({ codeAccepts: false, fileAccepts: false })
  })

  test.each(invalidExamples)('$file breaks a requirement that exists and says why', ({ breaks, why }) => {
    expect(findRequirement(breaks)?.id).toBe(breaks)
    expect(why).toMatch(/^\S.*\.$/)
  })

  test.each(publishedSchemas.filter((published) => published.channel !== 'control'))(
    '$name has at least three',
    ({ name }) => {
      expect(invalidExamples.filter((example) => example.schema.name === name).length).toBeGreaterThanOrEqual(
        3,
      )
    },
  )

  // Each breaks one thing: an example that is wrong in two ways would still be refused if one check were lost.
  // Two are exempt, because their two forms are told apart by all their fields together.
  const ofTwoForms = ['control.reply', 'control.peers.peer.result.call']
  test.each(invalidExamples.filter((example) => !ofTwoForms.includes(example.schema.name)))(
    '$file is refused for one field only',
    ({ schema, text }) => {
      const parsed = parse(text)
      if (!parsed || typeof parsed.value !== 'object' || Array.isArray(parsed.value)) return
      const { codeErrors } = bothVerdicts(schema, parsed.value)
      expect(new Set(codeErrors.map((error) => error.path.split('/')[1])).size).toBe(1)
    },
  )
})
